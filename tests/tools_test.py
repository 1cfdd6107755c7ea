#!/usr/bin/python3 -E
"""tools/nlrmt_plot and tools/nlrmt_report on small files made here: Marchenko-Pastur samples from
numpy against laws in closed form, one right, one wrong; training errors scattered about the theory
with gaps that are known. No simulation needed."""
import csv
import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

import h5py
import numpy as np

from harness import TOOLS, check, finish

import nlrmt_read
import nlrmt_stats


class MarchenkoPastur:
    """Law of scale x Wishart of ratio c = m/n1, with the atom 1 - 1/c if c > 1."""

    def __init__(self, c, scale=1.0, k=400):
        self.atom = max(0.0, 1 - 1 / c)
        self.left, self.right = scale * (1 - c**.5)**2, scale * (1 + c**.5)**2
        t = np.linspace(0, np.pi, k)
        self.lam = (self.left + self.right) / 2 - (self.right - self.left) / 2 * np.cos(t)
        self.density = np.zeros(k)
        x = self.lam[1:-1]
        root = np.sqrt((self.right - x) * (x - self.left))
        self.density[1:-1] = root / (2 * np.pi * c * scale * x)
        fine = np.linspace(0, np.pi, 40001)
        x = (self.left + self.right) / 2 - (self.right - self.left) / 2 * np.cos(fine)
        d = ((self.right - self.left) / 2 * np.sin(fine))**2 / (2 * np.pi * c * scale *
                                                               np.maximum(x, 1e-300))
        mass = np.r_[0, np.cumsum((d[1:] + d[:-1]) / 2) * fine[1]]
        self.x, self.F = x, self.atom + (1 - self.atom) * mass / mass[-1]
        self.cdf = np.interp(self.lam, self.x, self.F)

    def distances(self, eigenvalues, zeros):
        """W1 and Kolmogorov by a fine grid, both sides of every jump."""
        g = np.sort(np.r_[eigenvalues, self.x, 0.0])
        F = np.where(g < 0, 0, np.maximum(np.interp(g, self.x, self.F), self.atom))
        n = zeros + len(eigenvalues)
        right = (np.searchsorted(eigenvalues, g, side="right") + zeros * (g >= 0)) / n
        w1 = np.sum(np.abs(right - (F + np.r_[F[1:], 1]) / 2)[:-1] * np.diff(g))
        return w1, np.abs(right - F).max()


def describe(dataset):
    dataset.attrs["description"], dataset.attrs["unit"] = "made by tools_test", "1"


def make_point(panel, name, m, n1, trials, laws, offset=0.0, noise=None, seed=1, **attrs):
    """laws: name -> MarchenkoPastur; offset: a common mean that makes one outlier; noise: a factor
    per trial on the whole spectrum. Returns the [trials, n] eigenvalues."""
    rng = np.random.default_rng(seed)
    n, zeros = min(m, n1), max(0, m - n1)
    eig = np.empty((trials, n))
    for t in range(trials):
        f = rng.standard_normal((n1, m)) * (1 if noise is None else noise[t])**.5 + offset
        eig[t] = np.sort(np.linalg.svd(f, compute_uv=False)**2 / n1)
    g = panel.create_group(name)
    g.attrs.update(dict(m=m, n0=m, n1=n1, phi=1.0, psi=m / n1, sigma_w=1.0, sigma_x=1.0,
                        activation="erf", bias="none", entries="gaussian", seed=seed,
                        trials=trials, trials_done=trials, eigensolver="lapack",
                        memory_peak_bytes=3 << 20, memory_plan_bytes=2 << 20) | attrs)
    e = g.create_dataset("eigenvalues", data=eig)
    e.attrs["matrix"], e.attrs["structural_zeros"] = "K", zeros
    out = 1 if offset else 0
    first = next(iter(laws.values()))
    h = g.create_group("histogram")
    edges = np.linspace(max(0, first.left - 0.1), first.right + 0.1, 41)
    rows = np.stack([np.histogram(r[:n - out], edges)[0] for r in eig]) / \
        (n + zeros - out) / np.diff(edges) if trials else np.zeros((1, 40))
    h["edges"], h["empirical"] = edges, rows.mean(axis=0)
    h["empirical_se"] = rows.std(axis=0, ddof=1) / trials**.5 if trials > 1 else 0 * rows[0]
    for law, mp in laws.items():
        F = np.interp(edges, mp.x, mp.F)
        h[f"predicted_{law}"] = np.diff(F) / np.diff(edges)
        t = g.create_group(f"theory/{law}")
        t["lambda"], t["density"], t["cdf"] = mp.lam, mp.density, mp.cdf
        t.attrs.update(dict(atom_at_zero=mp.atom, residual_max=1e-13, mass_error=1e-9, outlier=0.0,
                            edges=np.array([[mp.left], [mp.right]])))
        d = g.create_group(f"distance/{law}")
        d.attrs["outliers_excluded"] = out
        both = [mp.distances(r[:n - out], zeros) for r in eig]
        for i, x in enumerate(("wasserstein1", "kolmogorov")):
            d[x] = np.array([b[i] for b in both])
            d[x].attrs["mean"], d[x].attrs["se"] = np.mean(d[x]) if trials else 0, 0.0
        if out:
            place = t.attrs["outlier"] = m * offset**2
            d["outlier_measured"], d["outlier_predicted"] = eig[:, -1], np.full(trials, place)
    for phase, s in (("generate", .5), ("gram", 1.0), ("eigen", 2.5)):
        g[f"timing/{phase}"] = np.full(trials, s)
    g.visititems(lambda _, o: describe(o) if isinstance(o, h5py.Dataset) else None)
    return eig


def make_file(path, complete=1):
    f = h5py.File(path, "w")
    f.attrs.update(dict(schema="nlrmt/1", version="0.1.0", git_commit="abc123", seed=7, ranks=2,
                        complete=complete, started="2026-01-01T00:00:00Z", openblas_core="Zen",
                        finished="2026-01-01T00:01:00Z", hosts="h",
                        config="[experiment]\nname = made\ntitle = A test\n"
                               "[panel right]\n[panel b]\n"))
    return f


def run(tool, *args, python=(), env=None):
    command = [*python, os.path.join(TOOLS, tool), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


def refuses(r, status, word, what):
    check(r.returncode == status, f"{what}: status {r.returncode}, expected {status}: {r.stderr}")
    lines = r.stderr.strip().splitlines()
    check(len(lines) >= 1 and word in lines[-1], f"{what}: '{word}' not in {r.stderr!r}")
    check("usage" in lines[0] or len(lines) == 1, f"{what}: {len(lines)} lines: {r.stderr!r}")
    check("Traceback" not in r.stderr, f"{what}: traceback")


def by_law(text):
    """(point, law) -> csv row."""
    return {(f"{r['panel']}/{r['point']}", r["law"]): r for r in csv.DictReader(io.StringIO(text))}


def test_report(path):
    right, wrong = MarchenkoPastur(.5), MarchenkoPastur(.5, scale=1.2)
    near = MarchenkoPastur(.5, scale=1.0005)
    with make_file(path) as f:
        p = f.create_group("right")
        p.attrs["title"] = "Six draws"
        eig = make_point(p, "p0000", 120, 240, 6, dict(alp=right, ps=wrong), offset=1.0)
        make_point(p, "p0001", 100, 200, 1, dict(alp=right, alp_b=right, ps=wrong, ps_b=near))
        wobble = make_point(f.create_group("b"), "p0000", 150, 300, 2,
                            dict(alp=right, ps=right, alp_b=right), noise=[1.15, 0.85])
        for where in ("right/p0000", "b/p0000"):
            f[where + "/distance/alp"].attrs["fluctuation_scale"] = 0.15
        make_point(f.create_group("c"), "p0000", 120, 60, 5, dict(alp=MarchenkoPastur(2.0)))
        g = f.create_group("d")
        make_point(g, "p0000", 150, 300, 2, dict(alp=wrong))
        make_point(g, "p0001", 20, 40, 5, dict(alp=right))
        g["p0001/theory/alp"].attrs["mass_error"] = 0.02
        make_point(g, "p0002", 60, 120, 4, dict(alp=right, ps=MarchenkoPastur(.5, scale=1.1)))
        g["p0001"].attrs["law_failure_0"] = "ps: cannot be certified"
        g["p0001/failures/trial"], g["p0001/failures/reason"] = [4], ["dsyevd: INFO = 3"]
        w1 = {k: f[f"right/p0000/distance/{k}/wasserstein1"][...] for k in ("alp", "ps")}
    check(wobble.shape == (2, 150), "made as meant")

    r = run("nlrmt_report", path)
    text = r.stdout
    check(r.returncode == 0 and not r.stderr, f"report: {r.returncode} {r.stderr}")
    check(max(map(len, text.splitlines())) <= 100, "report fits 100 columns")
    for word in ("made: A test", "0.1.0 (abc123)", "2 rank(s)", "Zen", "Six draws", "m=120",
                 "6 of 6", "time per trial 4 s: eigen 2.5 s (62%)", "peak 3 MiB",
                 f"120 / {eig[:, -1].mean():.5g}", "1e-09", "FAILED ps: cannot be certified",
                 "FAILED trial 4: dsyevd: INFO = 3"):
        check(word in " ".join(text.split()), f"report has '{word}'")
    check("NOT COMPLETE" not in text, "a complete run is not called incomplete")
    check(text.index("[right]") < text.index("[b]") < text.index("[c]"), "panels in config's order")

    rows = by_law(run("nlrmt_report", path, "--csv").stdout)
    check(len(rows) == 14, f"csv rows {len(rows)}")
    alp, ps = rows["right/p0000", "alp"], rows["right/p0000", "ps"]
    check(abs(float(alp["w1_mean"]) - w1["alp"].mean()) < 1e-12, "csv W1 mean")
    check(abs(float(alp["w1_se"]) - w1["alp"].std(ddof=1) / 6**.5) < 1e-12, "csv W1 s.e.")
    d = w1["ps"] - w1["alp"]
    check(abs(float(ps["paired_t"]) - d.mean() / d.std(ddof=1) * 6**.5) < 1e-6, "paired t")
    mean = eig[:, :-1].sum() / 6 / 119
    check(abs(float(ps["w1_relative"]) / (w1["ps"].mean() / mean) - 1) < 1e-9, "relative W1")
    check(abs(float(alp["reference"]) - 3 * (right.right - right.left) / 120) < 1e-9, "reference")
    for where, law, verdict in (
            ("right/p0000", "alp", "agrees"), ("right/p0000", "ps", "refuted: "),
            ("right/p0001", "alp", "agrees"), ("right/p0001", "ps", "refuted: "),
            ("right/p0001", "alp_b", "agrees"), ("right/p0001", "ps_b", "agrees"),
            ("b/p0000", "alp", "agrees (bias fluctuation)"), ("b/p0000", "ps", "agrees (bias"),
            ("b/p0000", "alp_b", "off: "),
            ("c/p0000", "alp", "agrees"), ("d/p0000", "alp", "off: "),
            ("d/p0001", "alp", "not judged"), ("d/p0002", "ps", "agrees, yet ")):
        check(rows[where, law]["verdict"].startswith(verdict),
              f"verdict of {law} at {where}: {rows[where, law]['verdict']}")
    check("x reference" in rows["d/p0000", "alp"]["verdict"], "a lone wrong law: x reference")
    only = run("nlrmt_report", path, "--csv", "-p", "c").stdout
    check(len(by_law(only)) == 1, "--panel")
    check("W1 < r = 3 width/n" in run("nlrmt_report", "--help").stdout, "rule in --help")


def test_difference(path):
    """The plotted F_n - F integrates to the stored W1: the reader's cdf and steps are exact."""
    for p in nlrmt_read.read(path).points:
        law = p.laws["alp"]
        if p.trials == 1:
            x, d, _ = nlrmt_read.difference(p, law)
            area = np.sum(np.abs(d[1:] + d[:-1]) / 2 * np.diff(x))
            check(abs(area / law.w1_mean - 1) < 0.02, f"W1 from the curve {area} {law.w1_mean}")
        if p.panel == "c":
            x, d, _ = nlrmt_read.difference(p, law)
            check(p.zeros == 60 and law.atom == 0.5, "atom as meant")
            check(np.abs(d).max() < 0.03, f"atom at zero in F_n - F: {np.abs(d).max()}")


def png_size(name):
    with open(name, "rb") as f:
        head = f.read(24)
    return struct.unpack(">II", head[16:]) if head[:8] == b"\x89PNG\r\n\x1a\n" else (0, 0)


def test_plot(path, scratch):
    r = run("nlrmt_plot", path, "-p", "right")
    default = path[:-3] + ".png"
    check(r.returncode == 0 and not r.stderr, f"plot: {r.returncode} {r.stderr}")
    check(r.stdout.strip() == default and min(png_size(default)) > 500, "PNG beside the file")
    out = os.path.join(scratch, "figure")
    r = run("nlrmt_plot", path, "-o", out, "--format", "png", "--format", "svg", "--format", "pdf",
            "--panel", "right", "--point", "0", "--dpi", 80)
    check(r.returncode == 0, f"three formats: {r.stderr}")
    check(0 < png_size(out + ".png")[0] < png_size(default)[0], "one cell is narrower")
    with open(out + ".svg", encoding="utf-8") as f:
        check("<svg" in f.read(2000), "SVG")
    with open(out + ".pdf", "rb") as f:
        pdf = f.read()
    check(pdf[:5] == b"%PDF-" and b"/Type0" in pdf and b"/Type3" not in pdf, "PDF, TrueType fonts")
    r = run("nlrmt_plot", path, "-o", out + ".svg", "--logy", "-p", "c")
    check(r.returncode == 0 and r.stdout.strip() == out + ".svg", f"format from -o: {r.stderr}")
    refuses(run("nlrmt_plot", path, "-p", "nothing"), 2, "no panel nothing", "unknown panel")
    refuses(run("nlrmt_plot", path, "--point", "77"), 2, "no point 77", "unknown point")
    refuses(run("nlrmt_plot", path, "-o", "x.jpg"), 2, ".jpg", "unknown format")
    refuses(run("nlrmt_plot", path, "-p", "c", "-o", scratch + "/no/where.png"), 4, "where.png",
            "no directory")


def ridge_theory(gamma, nodes, phi=.5, psi=.5, sigma_a=1.0, sigma_eps=1.0):
    """E_train [g] of Adlam, Levinson and Pennington for Gaussian data; nodes: (weight, eta, zeta). A
    plain fixed point and a difference in gamma: good to 1e-3 or better, and what the files made here call
    theory is the truth that their trials are made from."""
    def transforms(g):
        c, m, t = 1 / phi, 0 * g, 0 * g
        for _ in range(150):
            d = [1 + psi / phi * (z * t + (e - z) * m) for _, e, z in nodes]
            c0 = g + sum(w * (e - z) / x for (w, e, z), x in zip(nodes, d))
            c1 = sum(w * z / x for (w, _, z), x in zip(nodes, d)) + 1e-12
            u = c0 / c1
            s = 2 / (u + 1 - c + np.sqrt((u + 1 - c)**2 + 4 * c * u))
            m, t = s / c1, s / c1 / (1 + c * s)
        return m, t
    (m1, t1), (m2, t2) = transforms(gamma * (1 - 1e-4)), transforms(gamma * (1 + 1e-4))
    return gamma * (sigma_eps**2 * (m1 - m2) + sigma_a**2 * (t1 - t2)) / 2e-4


def make_errors(point, gamma, predicted, trials, seed, gap=0.0, noise=0.02, given=False, **attrs):
    """Adds ridge/ and the attributes to a point: errors around (1 + gap/m) predicted, with correlated
    gamma, scatter noise/m of predicted for `expected` and ten times that for `train_error`. predicted:
    law -> [g]; gap: a number, or m -> relative gap. Returns the errors [trials, g]."""
    m = attrs["m"]
    rng, own = np.random.default_rng([seed, m]), np.random.default_rng([seed, m, zlib.crc32(point.name.encode())])
    point.attrs.update(dict(n0=m // 2, n1=m, phi=.5, psi=.5, sigma_w=1.0, sigma_x=1.0, activation="relu",
                            normalize="yes", bias="none", mixture="none", entries="gaussian", seed=seed,
                            trials=trials, trials_done=trials, eta=1.0, matrix="K") | attrs)
    g = point.create_group("ridge")
    g.attrs.update(dict(sigma_a=1.0, sigma_eps=1.0, n2=m))
    truth = predicted["alp"] * (1 + (gap(m) if callable(gap) else gap / m))
    common, slope = rng.standard_normal((2, trials, 1))
    shape = common + slope * np.linspace(-1, 1, len(gamma)) / 2
    shape = shape + 0.05 * own.standard_normal((trials, len(gamma)))
    expected = truth * (1 + noise / m * shape)
    g["gamma"], g["predicted"] = gamma, predicted["alp"]
    for law, e in predicted.items():
        g[f"predicted_{law}"] = e
    if given:  # the biases explain the common part of the scatter
        g["predicted_alp_b"] = predicted["alp"] * (1 + noise / m * common)
    if trials:
        g["expected"] = expected
        g["train_error"] = expected + truth * 10 * noise / m * rng.standard_normal(expected.shape)
        point["trial"] = np.arange(trials)
    return expected


def test_statistics():
    """Tails against tables and closed forms; fits against numbers put in."""
    check(abs(nlrmt_stats.t_tail(2.0, 1) - (0.5 - np.arctan(2) / np.pi)) < 1e-14, "t, 1 degree")
    check(abs(nlrmt_stats.t_tail(2.2281388519649385, 10) - 0.025) < 1e-12, "t, 10 degrees")
    check(abs(nlrmt_stats.t_tail(1e6, 3) / (2 * 3**.5 / np.pi / 1e18) - 1) < 1e-9, "t, far tail")
    check(abs(nlrmt_stats.f_tail(3.0, 4, 1e6) / (7 * np.exp(-6.0)) - 1) < 1e-4, "F to chi^2")
    check(abs(nlrmt_stats.f_tail(2.2281388519649385**2, 1, 10) - 0.05) < 1e-11, "F to t")
    rng = np.random.default_rng(5)
    x = rng.standard_normal((20000, 4))
    t = x.mean(axis=1) / x.std(axis=1, ddof=1) * 2
    z = nlrmt_stats.to_normal(t, 3)
    check(abs(z.std() - 1) < 0.02 and nlrmt_stats.kolmogorov(z) < 0.012, "t of 4 draws made normal")
    check(nlrmt_stats.kolmogorov(t) > 0.03, "t of 4 draws is not normal by itself")
    check(nlrmt_stats.kolmogorov(z + 0.5) > 0.18, "Kolmogorov sees a shift")
    check(np.isnan(nlrmt_stats.to_normal(np.array([np.nan]), 3)).all(), "NaN stays NaN")
    m, se = np.array([100., 200, 400, 800]), np.full((4, 500), 1e-3)
    gap = 3 / m[:, None] + 200 / m[:, None]**2 + se * rng.standard_normal(se.shape)
    fit = nlrmt_stats.fit_sizes(m, gap, se, np.full(4, 9.0), (1, 2))
    for p, right in enumerate((3, 200)):
        pull = (fit.value[p] - right) / fit.se[p]
        check(abs(pull.mean()) < 0.15 and abs(pull.std() - 1) < 0.1, f"fit: pull {pull.mean()} {pull.std()}")
    check(abs(fit.reduced[0] - 1) < 0.15 and abs(np.nanstd(fit.residual) - 1) < 0.05, "fit: chi^2")
    e = rng.standard_normal((6, 3)) + np.array([[0.], [1], [2], [3], [4], [5]])
    mean, se, t, count = nlrmt_stats.deviation(e, e - 0.25 + np.r_[np.nan, np.zeros(5)][:, None])
    check(count == 5 and np.allclose(mean, 0.25) and (se <= 1e-9).all(), "differences by trial")


def test_size_verdicts():
    """Noise, finite size and a wrong theory are told apart, and seldom mistaken for each other."""
    rng = np.random.default_rng(11)
    m, trials = np.array([200., 400, 800, 1600]), [8] * 4

    def words(gap, count=100, sizes=slice(0, 4)):
        found = {}
        for _ in range(count):
            common = rng.standard_normal((4, 8, 1)) + 0.3 * rng.standard_normal((4, 8, 10))
            e = (1 + gap(m)[:, None, None] + common * 2 / m[:, None, None])[sizes]
            se = e.std(axis=1, ddof=1) / 8**.5
            v = nlrmt_stats.judge_sizes(m[sizes], e.mean(axis=1) - 1, se, np.ones(10), trials[sizes])
            found[v.word] = found.get(v.word, 0) + 1
        return found
    for what, gap, word, least in (
            ("no gap", lambda m: 0 * m, "noise", 90),
            ("12/m", lambda m: 12 / m, "finite size", 90),
            ("12/m + 4000/m^2", lambda m: 12 / m + 4000 / m**2, "finite size", 90),
            ("2%", lambda m: 0 * m + 0.02, "theory wrong", 95),
            ("2% + 4/m", lambda m: 0.02 + 4 / m, "theory wrong", 90)):
        found = words(gap)
        check(found.get(word, 0) >= least, f"gap {what}: {found}")
        wrong = found.get("theory wrong", 0)
        check(word == "theory wrong" or wrong <= 2, f"gap {what} called a wrong theory: {found}")
    # one isolated eigenvalue at m/100, gamma 1 to 1e4: at large gamma its share does not fall at all
    gamma = np.logspace(0, 4, 10)
    gap = -(1 - (gamma / (gamma + m[:, None] / 100))**2) / m[:, None]
    args = m, gap, np.full_like(gap, 1e-7), np.ones(10), trials
    v = nlrmt_stats.judge_sizes(*args, 1 / m[-1])
    check(v.word == "undecided", f"an isolated eigenvalue: {v.word}, {v.sentence}")
    check(nlrmt_stats.judge_sizes(*args).word == "theory wrong", "the share of one direction matters")
    found = words(lambda m: 12 / m, sizes=slice(1, 3))
    check(found.get("finite size", 0) >= 90, f"two sizes: {found}")
    found = words(lambda m: 12 / m, sizes=slice(0, 1))
    check(found.get("one size", 0) >= 90, f"one size: {found}")
    found = words(lambda m: 0 * m + 0.02, sizes=slice(2, 4))
    check(found.get("theory wrong", 0) >= 90, f"two sizes, wrong theory: {found}")


def make_ridge(path):
    """Three tasks of figure 3 at three sizes; in the last panel the law ps is wrong by 3%."""
    gamma, truth = np.logspace(-2, 3, 11), {}
    with make_file(path) as f:
        for name, title, sa, se in (("labels", "Random labels", 0., 1.), ("auto", "Autoencoder", 1., 0.),
                                    ("noisy", "Noisy autoencoder", 1., .2)):
            panel = f.create_group(name)
            panel.attrs["title"], q = title, 0
            rows = []
            for phi in (.5, 1., 2.):
                e = dict(alp=ridge_theory(gamma, [(.5, .6, .3), (.5, 1.4, 1.)], phi, 1., sa, se))
                if name == "noisy":
                    e["ps"] = 1.03 * e["alp"]
                for m in (256, 512, 1024):
                    p = panel.create_group(f"p{q:04d}")
                    gap = {"labels": 0.0, "auto": 1.5}.get(name, 3.0)
                    truth[name, q] = make_errors(p, gamma[::-1], {k: v[::-1] for k, v in e.items()}, 12, q,
                                                 gap, noise=1.0, given=name == "labels", m=m, n0=int(phi * m),
                                                 phi=phi, psi=1., bias="gaussian(0, 1)")
                    p["ridge"].attrs["sigma_a"], p["ridge"].attrs["sigma_eps"] = sa, se
                    rows.append([f"p{q:04d}", str(m), str(int(phi * m)), str(m), str(phi), str(m)])
                    q += 1
            panel.create_dataset("index", data=np.array(rows, dtype=object), dtype=h5py.string_dtype())
            panel["index"].attrs["columns"] = "point,m,n0,n1,model.phi,model.m"
    return gamma, truth


def test_ridge(path, scratch):
    gamma, truth = make_ridge(path)
    run_ = nlrmt_read.read(path)
    p = run_.points[0]
    check(np.allclose(p.ridge.gamma, gamma) and np.allclose(
        p.ridge.measured["expected"], truth[p.panel, 0][:, ::-1]), "gamma ascending, errors with it")
    check([g[0].label for g in nlrmt_read.size_groups(run_.points[:9])] ==
          [f"phi = {x}, m = 256" for x in ("0.5", "1", "2")], "groups of sizes, labels")
    r = run("nlrmt_report", path)
    text = " ".join(r.stdout.split())
    check(r.returncode == 0 and not r.stderr, f"report: {r.stderr}")
    check(max(map(len, r.stdout.splitlines())) <= 100, "ridge report fits 100 columns")
    for word in ("random labels, sigma_a = 0, sigma_eps = 1, n2 = 256; predicted by alp, 11 gamma",
                 "noisy autoencoder, sigma_a = 1, sigma_eps = 0.2", "N(0, 1) 95.4%",
                 "alp, m = 256, 512, 1024 (12 trials)"):
        check(word in text, f"report has '{word}'")
    for panel, law, word, least in (("labels", "alp", "noise", 2), ("labels", "alp_b", "noise", 2),
                                    ("auto", "alp", "finite size", 2), ("noisy", "alp", "finite size", 3),
                                    ("noisy", "ps", "theory wrong", 3)):
        found = [line for line in r.stdout.splitlines() if line.startswith(f"  [{panel}]") and
                 f", {law}, " in line and line.endswith(": " + word)]
        check(len(found) >= least, f"{panel}, {law}: {word} {len(found)} times of 3")
    short = run("nlrmt_report", "--summary", path).stdout
    check(short.splitlines()[-8:] == r.stdout.splitlines()[-8:] and "p0000: m=" not in short, "--summary")
    rows = list(csv.DictReader(io.StringIO(run("nlrmt_report", path, "--csv").stdout)))
    check(len(rows) == 2 * 11 * 9 * (2 + 1 + 2), f"csv rows {len(rows)}")
    row = next(r for r in rows if (r["panel"], r["point"], r["law"], r["measure"]) == (
        "auto", "p0004", "alp", "expected") and abs(float(r["gamma"]) - gamma[2]) < 1e-9)
    e = truth["auto", 4][:, ::-1][:, 2]
    check(abs(float(row["error_mean"]) / e.mean() - 1) < 1e-12, "csv mean")
    check(abs(float(row["error_deviation_se"]) * 12**.5 / e.std(ddof=1) - 1) < 1e-9, "csv s.e.")
    t = (e.mean() - float(row["error_predicted"])) / e.std(ddof=1) * 12**.5
    check(abs(float(row["z"]) - nlrmt_stats.to_normal(t, 11)) < 1e-6, "csv z")
    out = os.path.join(scratch, "ridge-figure.png")
    r = run("nlrmt_plot", path, "-o", out)
    check(r.returncode == 0 and r.stdout.strip() == out and min(png_size(out)) > 500, f"plot: {r.stderr}")
    r = run("nlrmt_plot", path, "-o", out[:-3] + "svg", "-p", "auto", "--point", "1")
    check(r.returncode == 0, f"plot of one point: {r.stderr}")
    refuses(run("nlrmt_plot", path, "--spectrum"), 3, "nothing to draw", "no spectrum in the file")


def make_optima(path, sizes=(192, 384), gap=2.0, advantage=0.0):
    """Figure 4: both families, points at a few zeta and at two optima; advantage: a relative error
    of the mixture's theory that the trials show."""
    gamma, x = np.logspace(-3, 1, 9), np.linspace(0, 1, 101)
    nodes = dict(single=lambda z: [(1., 1., z)], mixture=lambda p: [(p, 1., 1.), (1 - p, 1., 0.)])
    best, points = {}, {}
    for kind, of in nodes.items():
        curve = np.stack([ridge_theory(gamma, of(v)) for v in x], axis=1)
        low = np.argmin(curve, axis=1)
        best[kind] = x[low], curve[np.arange(len(gamma)), low], curve
        points[kind] = [0.1, 0.9, *np.unique(x[low[[3, 4, 6]]])]
    with make_file(path) as f:
        for kind, of in nodes.items():
            panel, q = f.create_group(kind), 0
            panel.attrs["title"] = "A " + kind
            for m in sizes:
                for value in points[kind]:
                    p = panel.create_group(f"p{q:04d}")
                    shift = advantage if kind == "mixture" else 0.0
                    make_errors(p, gamma, dict(alp=ridge_theory(gamma, of(value))), 10, 3,
                                lambda m, s=shift: gap / m + s, noise=0.5, m=m, zeta=value, activation=f"f{value}",
                                mixture="none" if kind == "single" else f"{value} x")
                    q += 1
                    for other in best:  # both families in both panels, as ridge.optimum asks
                        o = p.create_group(f"ridge/optimum/{other}")
                        o["x"], o["train_error"], o["curve"] = best[other]
                        o["curve_x"] = x
    return gamma, best


def test_optima(path, scratch):
    gamma, best = make_optima(path)
    c = nlrmt_read.contest(nlrmt_read.read(path).points)
    check(c is not None and c.paired and list(c.m) == [192, 384], "the contest is found")
    seen = np.isfinite(c.difference).all(axis=0)
    check(seen[[3, 4, 6]].all() and not seen.all(), f"points near both optima at {seen}")
    check(np.allclose(c.predicted, best["single"][1] - best["mixture"][1]), "predicted difference")
    away = np.abs(c.difference - c.predicted * (1 + 2 / c.m[:, None])) / c.se
    check(np.nanmax(away) < 6, f"paired differences {away}")
    unpaired = np.hypot(c.error_se["single"], c.error_se["mixture"])
    check(np.nanmax(c.se / unpaired) < 0.5, "pairing makes the difference sharper")
    r = run("nlrmt_report", path)
    check(r.returncode == 0 and max(map(len, r.stdout.splitlines())) <= 100, f"report: {r.stderr}")
    for word in ("Best single f - best mixture", "gamma = 0.1: zeta* =", "c + a/m:", " from 0, "):
        check(word in r.stdout, f"report has '{word}'")
    out = os.path.join(scratch, "optima.png")
    r = run("nlrmt_plot", path, "-o", out, "--gamma", "0.1,1")
    check(r.returncode == 0 and 1900 < png_size(out)[0] < 2200, f"figure 4: {r.stderr}")
    refuses(run("nlrmt_plot", path, "-o", out, "--gamma", "0.123"), 2, "nearest is 0.1", "unknown gamma")
    refuses(run("nlrmt_plot", path, "-o", out, "--gamma", "x"), 2, "--gamma", "no number")
    r = run("nlrmt_plot", path, "-o", out)
    check(r.returncode == 0, f"figure 4: {r.stderr}")


def test_outlier(path):
    """Uncentred features: the outlier takes its share of the error, which the report takes off."""
    gamma = np.logspace(0, 4, 9)
    e = dict(alp=ridge_theory(gamma, [(1., 1., .5)]))
    with make_file(path) as f:
        for q, m in enumerate((128, 256, 512)):
            g = f.create_group(f"main/p{q:04d}")
            part = -2 / m * (1 - (gamma / (gamma + 0.3 * m))**2)
            make_errors(g, gamma, e, 10, q, lambda m, x=part / e["alp"]: x + 1 / m, noise=0.01, m=m)
            mp = MarchenkoPastur(.5)
            t = g.create_group("theory/alp")
            t["lambda"], t["density"], t["cdf"] = mp.lam, mp.density, mp.cdf
            t.attrs["outlier"] = 0.3 * m
    verdict = lambda: [line for line in run("nlrmt_report", path).stdout.splitlines()
                       if line.startswith("  [main] p0000 to p0002, alp,")]
    check(verdict()[0].endswith(": finite size"), f"outlier taken off: {verdict()}")
    with h5py.File(path, "a") as f:
        for q in range(3):
            f[f"main/p{q:04d}/theory/alp"].attrs["outlier"] = 0.0
    check(verdict()[0].endswith(": undecided"), f"outlier not known: {verdict()}")


def test_mixed(path, scratch):
    """Eigenvalues and errors in one file; one trial; errors predicted only."""
    gamma = np.logspace(-1, 2, 5)
    e = dict(alp=ridge_theory(gamma, [(1., 1., .5)]))
    with make_file(path) as f:
        g = f.create_group("one")
        make_point(g, "p0000", 60, 120, 1, dict(alp=MarchenkoPastur(.5)))
        make_errors(g["p0000"], gamma, e, 1, 1, m=60)
        make_errors(f.create_group("none/p0000"), gamma, e, 0, 1, m=60)
    r = run("nlrmt_report", path)
    check(r.returncode == 0 and "W1" in r.stdout and "training error predicted" in r.stdout and
          "predicted by alp" in r.stdout, f"both kinds reported: {r.stdout}{r.stderr}")
    check("nan" not in r.stdout.lower(), "one trial: no number that is none")
    rows = list(csv.DictReader(io.StringIO(run("nlrmt_report", path, "--csv").stdout)))
    check(len(rows) == 1 + 10 + 5 and rows[1]["z"] == "" and rows[0]["gamma"] == "", "csv of one trial")
    r = run("nlrmt_plot", path)
    check(r.returncode == 0 and r.stdout.strip() == path[:-3] + ".png", f"errors by default: {r.stderr}")
    r = run("nlrmt_plot", path, "--spectrum")
    check(r.returncode == 0 and r.stdout.strip() == path[:-3] + "-spectrum.png", f"spectrum: {r.stderr}")


def make_overlaps(path, trials=8, shift=0.01, m=240, blocks=12, full=True):
    """X, F = X + noise in the same space: overlaps of two known singular bases. alp is the mean
    of 60 other draws, ps is off by 20% everywhere; shift: relative error of alp in the block (2, 3).
    The second point has eigenvalues too. Returns overlaps [trials, R, C], alp's truth, v_i.u_j."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((m, m // 2 * 3)).T / m**.5
    v = np.linalg.svd(x)[2][::-1]

    def draw():
        u = np.linalg.svd(x + 0.5 * rng.standard_normal(x.shape) / m**.5)[2][::-1]
        return v @ u.T
    def averaged(dots):
        return m * (dots**2).reshape(blocks, m // blocks, blocks, m // blocks).mean(axis=(1, 3))
    dots = [draw() for _ in range(trials)]
    truth = np.mean([averaged(draw()) for _ in range(60)], axis=0)
    with make_file(path) as f:
        p = f.create_group("main/p0000")
        f["main"].attrs["title"] = "Overlaps of singular vectors"
        make_point(f["main"], "p0001", m, 2 * m, trials, dict(alp=MarchenkoPastur(.5)))
        for q, name in enumerate(("p0000", "p0001")):
            p = f["main"].require_group(name)
            p.attrs.update(dict(m=m, n0=m, n1=2 * m, phi=1.0, psi=.5, activation=f"f{q}", bias="none",
                                matrix="K", trials=trials, trials_done=trials))
            g = p.create_group("vectors")
            g.attrs["rows"] = g.attrs["cols"] = blocks
            g["overlap"] = np.array([averaged(d) for d in dots])
            g["predicted_ps"] = 1.2 * truth
            g["predicted_alp"] = truth
            g["predicted_alp"][2, 3] *= 1 + shift
            g["z_score_alp"] = 0 * truth
        if full:
            f["main/p0000/vectors/full"] = dots[0]
    return np.array([averaged(d) for d in dots]), truth, dots


def test_overlaps(path, scratch):
    measured, truth, dots = make_overlaps(path, shift=0.5)
    o = nlrmt_read.read(path).points[0].overlaps
    check(list(o.predicted) == ["alp", "ps"], "alp is the first law")
    check(np.allclose(o.relative("ps"), measured.mean(axis=0) / truth / 1.2 - 1), "relative deviation")
    check(np.unravel_index(np.argmax(np.abs(o.relative("alp"))), (12, 12)) == (2, 3), "the wrong block")
    image, k = nlrmt_read.read_full(path, nlrmt_read.read(path).points[0])
    check(k == 1 and np.allclose(image, np.abs(dots[0])), "single entries as stored")
    image, k = nlrmt_read.read_full(path, nlrmt_read.read(path).points[0], cells=100)
    check(k == 3 and np.allclose(image[79, 0], np.abs(dots[0][237:, :3]).max()), "largest of 3 x 3")
    r = run("nlrmt_report", path)
    text = " ".join(r.stdout.split())
    check(r.returncode == 0 and not r.stderr, f"report: {r.stderr}")
    check(max(map(len, r.stdout.splitlines())) <= 100, "overlap report fits 100 columns")
    check("12 x 12 blocks, 8 trials" in text and text.count("N(0, 1) 95.4%") == 2, "overlaps reported")
    rows = list(csv.DictReader(io.StringIO(run("nlrmt_report", path, "--csv").stdout)))
    check(len(rows) == 1 + 2 * 2, f"csv rows {len(rows)}")
    row = {r["law"]: r for r in rows if r["point"] == "p0000"}
    d = measured.mean(axis=0) / truth - 1
    d[2, 3] = (1 + d[2, 3]) / 1.5 - 1
    check(abs(float(row["alp"]["overlap_deviation_rms"]) / np.mean(d**2)**.5 - 1) < 1e-9, "csv rms")
    check(abs(float(row["alp"]["overlap_within_5_percent"]) - np.mean(np.abs(d) <= .05)) < 1e-9, "csv 5 %")
    within = {k: float(row[k]["overlap_within_2_se"]) for k in row}
    check(within["alp"] > 0.85 and within["ps"] < 0.4, f"within 2 s.e. {within}")
    r = run("nlrmt_plot", path)
    check(r.returncode == 0 and r.stdout.split() == [path[:-3] + ".png"], f"two points: {r.stdout}{r.stderr}")
    check(png_size(path[:-3] + ".png")[0] > 1800, "three maps side by side")
    r = run("nlrmt_plot", path, "--point", "0")
    check(r.stdout.split() == [path[:-3] + ".png", path[:-3] + "-vectors.png"], f"one point: {r.stdout}{r.stderr}")
    r = run("nlrmt_plot", path, "--spectrum")
    check(r.returncode == 0 and r.stdout.strip() == path[:-3] + "-spectrum.png", f"spectrum: {r.stderr}")
    with h5py.File(path, "a") as f:  # one trial, a prediction that is missing in a block, a law less
        del f["main/p0001"]
        f["main/p0000"].attrs["trials_done"] = 1
        f["main/p0000/vectors/predicted_alp"][0, 0] = np.nan
        f["main/p0000/vectors/overlap"][0, 0, 1] = 0.0
        del f["main/p0000/vectors/predicted_ps"]
    r = run("nlrmt_report", path)
    check("one trial: no standard error" in r.stdout and "nan" not in r.stdout, f"one trial: {r.stdout}")
    r = run("nlrmt_plot", path, "-o", path[:-3] + "-one.png")
    check(r.returncode == 0 and not r.stderr, f"one trial: {r.stderr}")
    with h5py.File(path, "a") as f:
        del f["main/p0000/vectors/predicted_alp"]
        make_errors(f["main/p0000"], np.logspace(-1, 1, 5), dict(alp=np.ones(5)), 1, 1, m=240)
    check("no law predicts them" in run("nlrmt_report", path).stdout, "no law")
    r = run("nlrmt_plot", path, "-o", path[:-3] + "-both.png")
    check([os.path.basename(n) for n in r.stdout.split()] == ["overlaps-both.png", "overlaps-both-overlaps.png",
          "overlaps-both-vectors.png"], f"errors and overlaps: {r.stdout}{r.stderr}")


def test_smoothing():
    rng = np.random.default_rng(3)
    x = rng.standard_gamma(1.5, 4000)
    h = nlrmt_stats.silverman(x)
    quarter = np.subtract(*np.percentile(x, (75, 25)))
    check(abs(h / (0.9 * min(x.std(ddof=1), quarter / 1.34) * 4000**-.2) - 1) < 1e-12, "Silverman's rule")
    lam, density = nlrmt_stats.smoothed(x, h, 30.0)
    direct = sum(np.exp(-(lam[::7, None] - s * x)**2 / (2 * h * h)).sum(axis=1) for s in (1, -1))
    direct /= len(x) * h * (2 * np.pi)**.5
    check(np.abs(density[::7] - direct).max() < 2e-3 * direct.max(), "the sum of kernels, reflected at 0")
    check(abs(density.sum() * (lam[1] - lam[0]) - 1) < 1e-3, "mass 1")
    short = nlrmt_stats.smoothed(x, h, 2.0)
    check(short[0][-1] <= 2 and np.allclose(short[1], density[:len(short[1])], rtol=1e-9, atol=1e-12),
          "cut at the right, the same below")


def make_data(path):
    """Samples from a file: two laws, spikes, outliers far out, a panel that was skipped."""
    near, wrong = MarchenkoPastur(.5), MarchenkoPastur(.5, scale=1.3)
    with make_file(path) as f:
        for name, stored in (("images", False), ("stored", True)):
            panel = f.create_group(name)
            panel.attrs["title"] = name
            make_point(panel, "p0000", 300, 600, 5, dict(alp=wrong, mp=wrong, kernel=near), offset=1.0)
            p = panel["p0000"]
            p["theory/kernel/spikes"] = [300.0, 2.6, 41.0, 2.95]
            d = p.create_group("data")
            d["eigenvalues"] = np.linspace(0, 2, 300)
            d.attrs.update(dict(source="idx", path="images-idx3-ubyte", images_available=12000,
                                mean_square=.3, diagonal_sd=.37, diagonal_sd_gaussian=.05,
                                off_diagonal_rms=.36, off_diagonal_rms_gaussian=.04))
            if stored:
                k = p.create_group("histogram/kde")
                k["lambda"], k["density"] = near.lam, near.density
                k.attrs["bandwidth"] = 0.0123
        gone = f.create_group("cifar")
        gone.attrs["title"], gone.attrs["skipped"] = "CIFAR-10", "data.path: no such file"


def test_data(path, scratch):
    make_data(path)
    p = nlrmt_read.read(path).points[0]
    check(list(p.laws) == ["alp", "mp", "kernel"], f"laws in order: {list(p.laws)}")
    check(list(p.laws["kernel"].spikes) == [2.6, 2.95, 41, 300], "spikes ascending")
    check(nlrmt_read.read(path).points[1].kde.bandwidth == 0.0123, "stored density")
    r = run("nlrmt_report", path)
    text = " ".join(r.stdout.split())
    check(r.returncode == 0 and max(map(len, r.stdout.splitlines())) <= 100, f"report: {r.stderr}")
    for word in ("data idx images-idx3-ubyte, 12000 images available", "spreads by 0.37 (Gaussian 0.05: 7.4 x)",
                 "off-diagonal rms 0.36 (Gaussian 0.04: 9 x)", "SKIPPED: data.path: no such file"):
        check(word in text, f"report has '{word}'")
    rows = by_law(run("nlrmt_report", path, "--csv").stdout)
    check(float(rows["images/p0000", "mp"]["ratio_to_best"]) > 5, "x best of mp")
    check(rows["images/p0000", "kernel"]["verdict"] == "agrees", "kernel agrees")
    r = run("nlrmt_plot", path, "-o", path[:-3] + ".svg", "-f", "svg", "-f", "png")
    check(r.returncode == 0 and "cifar was skipped" in r.stderr, f"plot: {r.stderr}")
    with open(path[:-3] + ".svg", encoding="utf-8") as f:
        svg = f.read()
    for word in ("Silverman", "bandwidth 0.012", "4 isolated, 2 beyond, the largest at 300", "MP data"):
        check(word in svg, f"figure has '{word}'")
    refuses(run("nlrmt_plot", path, "-p", "cifar"), 3, "was skipped: data.path", "a skipped panel")
    with h5py.File(path, "a") as f:
        del f["images"], f["stored"]
    refuses(run("nlrmt_report", path), 3, "cifar was skipped: data.path", "only a skipped panel")


def test_unfinished(path, scratch):
    with make_file(path, complete=0) as f:
        make_point(f.create_group("main"), "p0000", 60, 120, 0, dict(alp=MarchenkoPastur(.5)))
    r = run("nlrmt_report", path)
    check(r.returncode == 0 and "NOT COMPLETE" in r.stdout, f"incomplete is said: {r.stderr}")
    check("no trial to judge it by" in r.stdout, "no verdict without a trial")
    r = run("nlrmt_plot", path, "-o", scratch + "/theory.png")
    check(r.returncode == 0 and png_size(scratch + "/theory.png")[0] > 0, f"theory: {r.stderr}")


def test_errors(path, scratch):
    refused = os.path.join(scratch, "refused.h5")
    for tool in ("nlrmt_plot", "nlrmt_report"):
        refuses(run(tool, path, python=(sys.executable, "-S", "-E")), 2, "python3-h5py",
                f"{tool}: module missing")
        refuses(run(tool), 2, "FILE.h5", f"{tool} without a file")
        refuses(run(tool, scratch + "/none.h5"), 3, "none.h5", f"{tool}: missing file")
        if tool == "nlrmt_plot":
            continue  # the rest is the same reader
        refuses(run(tool, path, "--nonsense"), 2, "--nonsense", f"{tool} --nonsense")
        refuses(run(tool, scratch), 3, "directory", f"{tool}: a directory")
        with open(refused, "w", encoding="utf-8") as f:
            f.write("not HDF5")
        refuses(run(tool, refused), 3, "not an HDF5 file", f"{tool}: text file")
        with open(path, "rb") as f, open(refused, "wb") as g:
            g.write(f.read()[:9000])
        refuses(run(tool, refused), 3, "refused.h5", f"{tool}: cut file")
        with h5py.File(refused, "w") as f:
            f["x"] = 1
        refuses(run(tool, refused), 3, "no schema", f"{tool}: foreign HDF5")
        with make_file(refused) as f:
            f.attrs["schema"] = "nlrmt/2"
        refuses(run(tool, refused), 3, "nlrmt/2", f"{tool}: other schema")
        with make_file(refused) as f:
            make_point(f.create_group("main"), "p0000", 20, 40, 1, dict(alp=MarchenkoPastur(.5)))
            del f["main/p0000/theory/alp/cdf"]
        refuses(run(tool, refused), 3, "damaged", f"{tool}: dataset missing")


def test_environment(path, scratch):
    """Another Python first on PATH, its PYTHONPATH and PYTHONHOME: the tools do not see them."""
    os.mkdir(scratch + "/other")
    for name in ("numpy.py", "h5py.py"):
        with open(f"{scratch}/other/{name}", "w", encoding="utf-8") as f:
            f.write("raise ImportError('the wrong Python')\n")
    os.symlink("/bin/false", scratch + "/other/python3")
    env = dict(os.environ, PYTHONPATH=scratch + "/other", PYTHONHOME=scratch + "/other",
               PATH=scratch + "/other:" + os.environ["PATH"])
    r = run("nlrmt_report", path, env=env)
    check(r.returncode == 0, f"foreign Python on PATH: {r.stderr}")
    r = run("nlrmt_report", path, env=dict(os.environ, LC_ALL="POSIX", PYTHONUTF8="0"))
    check(r.returncode == 0, f"POSIX locale: {r.stderr}")


def main():
    scratch = tempfile.mkdtemp(prefix="nlrmt_tools_")
    try:
        path = os.path.join(scratch, "made.h5")
        test_report(path)
        test_difference(path)
        test_plot(path, scratch)
        test_errors(path, scratch)
        test_environment(path, scratch)
        test_statistics()
        test_size_verdicts()
        test_ridge(os.path.join(scratch, "ridge.h5"), scratch)
        test_optima(os.path.join(scratch, "optima.h5"), scratch)
        test_outlier(os.path.join(scratch, "outlier.h5"))
        test_mixed(os.path.join(scratch, "mixed.h5"), scratch)
        test_overlaps(os.path.join(scratch, "overlaps.h5"), scratch)
        test_smoothing()
        test_data(os.path.join(scratch, "data.h5"), scratch)
        test_unfinished(os.path.join(scratch, "unfinished.h5"), scratch)
        if len(sys.argv) > 1:  # keep what was drawn
            shutil.copytree(scratch, sys.argv[1], dirs_exist_ok=True)
    finally:
        shutil.rmtree(scratch)
    finish()


if __name__ == "__main__":
    main()
