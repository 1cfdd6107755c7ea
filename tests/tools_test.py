#!/usr/bin/python3 -E
"""tools/nlrmt_plot and tools/nlrmt_report on small files made here: Marchenko-Pastur samples from
numpy against laws in closed form, one right, one wrong. No simulation needed."""
import csv
import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile

import h5py
import numpy as np

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools")
sys.path.insert(0, TOOLS)
sys.dont_write_bytecode = True
import nlrmt_read  # noqa: E402

passed = failed = 0


def check(condition, what):
    global passed, failed
    if condition:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {what}", flush=True)


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
    check("3 (right edge - left edge)/n" in run("nlrmt_report", "--help").stdout, "rule in --help")


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
        test_unfinished(os.path.join(scratch, "unfinished.h5"), scratch)
        if len(sys.argv) > 1:  # keep what was drawn
            shutil.copytree(scratch, sys.argv[1], dirs_exist_ok=True)
    finally:
        shutil.rmtree(scratch)
    print(f"tools_test: {passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
