#!/usr/bin/python3 -E
"""nlrmt_theory as its users run it: against closed form, against nlrmt_sim's theory, with bad input."""
import csv
import io
import os
import re
import subprocess
import tempfile
import time

import h5py
import numpy as np

from contract import departures
from harness import PATIENCE, SIM, THEORY, TOOLS, TOP, check, command, finish

CONFIG = """\
[experiment]
name = small
[model]
m = 150
phi = 1.5
psi = 0.8
[theory]
laws = alp, alp_b, ps, ps_b
points = 300
[spectrum]
bins = 40
[panel gaussian]
title = Gaussian biases
bias.law = gaussian
[panel wide]
bias.law = bernoulli
sweep.model.psi = 2.5, 1.6
spectrum.matrix = M
"""
WISHART = "[model]\nm = 100\nphi = 1\npsi = 0.5\n[activation]\nf = identity\n[theory]\nlaws = alp\n"


def theory(*args, cwd=None):
    """(exit status, stdout, stderr, seconds)"""
    start = time.time()
    r = subprocess.run([THEORY, *map(str, args)], text=True, capture_output=True, timeout=60 * PATIENCE, cwd=cwd,
                       stdin=subprocess.DEVNULL)
    return r.returncode, r.stdout, r.stderr, time.time() - start


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


def curves(text):
    """CSV -> {(panel, point, law): [3, k] of lambda, density, cdf}"""
    rows = {}
    for r in csv.DictReader(io.StringIO(text)):
        rows.setdefault((r["panel"], r["point"], r["law"]), []).append(
            [float(r[k]) for k in ("lambda", "density", "cdf")])
    return {k: np.array(v).T for k, v in rows.items()}


def no_mpi():
    libraries = subprocess.run(["ldd", THEORY], capture_output=True, text=True).stdout
    check("libm.so" in libraries and not re.search("libmpi|scalapack|openblas|elpa", libraries), libraries)


def good_runs(tmp, config):
    rc, out, err, seconds = theory(config, cwd=tmp)
    path = f"{tmp}/results/small-theory.h5"
    check(rc == 0 and err == "" and seconds < 5 * PATIENCE, f"{rc} {err} {seconds:.1f} s")
    check(out.count("alp_b ") == 3 and "results/small-theory.h5" in out, f"table: {out}")
    check(max(map(len, out.splitlines())) <= 100, "table wider than 100 columns")
    for line in departures(path, theory=True):
        check(False, line)
    with h5py.File(path) as f:
        check(f.attrs["ranks"] == 1 and f.attrs["program"] == "nlrmt_theory", "provenance")
        check(f["wide/index"].shape == (2, 5), "index of the sweep")
        check(f["wide/p0001"].attrs["matrix"] == "M", "matrix")
    rc, out, err, _ = theory(config, "-q", "-o", f"{tmp}/quiet.h5", "-p", "gaussian")
    check((rc, out, err) == (0, "", ""), f"-q: {rc} {out} {err}")
    rc, _, err, _ = theory(config, "-q", "-o", f"{tmp}/quiet.h5", "-p", "gaussian", "--fresh")
    check(rc == 0 and os.path.exists(f"{tmp}/quiet.h5.1"), f"--fresh: {err}")
    for tool, name in (("nlrmt_plot", "png"), ("nlrmt_report", None)):
        r = subprocess.run([f"{TOOLS}/{tool}", path], capture_output=True, text=True)
        check(r.returncode == 0, f"{tool}: {r.stderr}")
        check(os.path.exists(f"{path[:-3]}.{name}") if name else r.stdout.count("alp_b ") == 3
              and "NOT COMPLETE" not in r.stdout, f"{tool}: {r.stdout}")
    rc, out, _, _ = theory("--help")
    check(rc == 0 and "--lambda a:b:n" in out and "[theory]" in out and "path" in out, f"--help: {out[:300]}")
    rc, out, _, _ = theory("--version")
    check(rc == 0 and out.startswith("nlrmt_theory ") and "HDF5" in out, f"--version: {out}")
    rc, out, _, _ = theory(config, "--check")
    check(rc == 0 and out == f"{config}: good: 2 panels\n", f"--check: {out}")


def closed_form(tmp):
    """f = identity with psi -> 0: K is X'X/n0, Marchenko-Pastur on [0, 4] for phi = 1."""
    rc, out, err, _ = theory(write(f"{tmp}/mp.ini", WISHART), "--csv", "--lambda", "0.5:3.5:7",
                             "-s", "model.m=1000", "-s", "model.psi=1e-6")
    check(rc == 0, f"MP: {err}")
    x, rho, _ = curves(out)["main", "p0000", "alp"]
    check(np.allclose(x, np.linspace(0.5, 3.5, 7), rtol=0, atol=1e-15), f"grid {x}")
    exact = np.sqrt(x * (4 - x)) / (2 * np.pi * x)
    check(np.abs(rho - exact).max() < 1e-4, f"Marchenko-Pastur: {np.abs(rho - exact).max()}")
    # the data's eigenvalues all 1: K is a Wishart matrix with ratio m/n1 = psi/phi
    rc, out, err, _ = theory(f"{tmp}/mp.ini", "--csv", "--lambda", "0.1:2.9:29", "-s", "data.source=discrete",
                             "-s", "data.values=1")
    x, rho, cdf = curves(out)["main", "p0000", "alp"]
    low, high = (1 - 0.5**0.5)**2, (1 + 0.5**0.5)**2
    exact = np.sqrt(np.maximum(0, (high - x) * (x - low))) / (2 * np.pi * 0.5 * x)
    check(rc == 0 and np.abs(rho - exact).max() < 1e-10, f"all 1: {np.abs(rho - exact).max()}")
    check(cdf[0] >= 0 and abs(cdf[-1] - 1) < 1e-3 and (np.diff(cdf) > 0).all(), f"cdf {cdf}")


def data_sources(tmp):
    """The same data told in several ways gives the same curves."""
    base = [write(f"{tmp}/data.ini", "[model]\nm = 100\nphi = 1.5\npsi = 0.8\n[theory]\nlaws = alp\npoints = 50\n"), "--csv"]
    listed = ["-s", "data.source=discrete"]
    file = ["-s", "data.source=spectrum", "-s", f"data.path={tmp}/e.txt"]

    def curve(*args):
        rc, out, err, _ = theory(*base, *args)
        check(rc == 0, f"{args}: {rc} {err}")
        return curves(out).get(("main", "p0000", "alp"), np.zeros((3, 50)))

    a = curve(*listed, "-s", "data.values=1,4", "-s", "data.weights=0.75,0.25")
    write(f"{tmp}/e.txt", "# four eigenvalues\n1\n4\n1  # a comment\n\n1e0\n")
    check(np.allclose(a, curve(*file), rtol=1e-10), "a file and a list differ")
    b = curve(*listed, "-s", "data.values=2,8", "-s", "data.weights=0.75,0.25", "-s", f"data.sigma_x={0.5**0.5!r}")
    check(np.allclose(a, b, rtol=1e-10), "eigenvalues are not in units of sigma_x^2")
    population = ["-s", "data.of=population"]
    iid = curve()
    one = curve(*listed, *population, "-s", "data.values=1")
    check(np.allclose(iid, one, rtol=1e-8, atol=1e-10), f"population 1 is not i.i.d.: {np.abs(iid - one).max()}")
    many = write(f"{tmp}/many.txt", "".join(f"{x!r}\n" for x in np.random.default_rng(1).gamma(2, size=3000)))
    rc, out, err, seconds = theory(*base, "-s", "data.source=spectrum", "-s", f"data.path={many}")
    check(rc == 0 and seconds < 10 * PATIENCE, f"3000 eigenvalues: {rc} {err} {seconds:.1f} s")


def ridge(tmp, config):
    """Training errors against the closed form of independent features, sum rules and rescalings."""
    def errors(*args, laws="alp", rc_expected=0):
        out = f"{tmp}/ridge.h5"
        rc, _, err, _ = theory(*args, "--law", laws, "--fresh", "-q", "-o", out)
        check(rc == rc_expected, f"{args}: {rc} {err}")
        with h5py.File(out) as f:
            g = f["main/p0000/ridge"]
            check(list(g["predicted"].dims[0].keys()) == ["gamma"], "no dimension scale")
            check((g["predicted"][...] == g[f"predicted_{laws}"][...]).all(), "predicted is not the first law's")
            return g["gamma"][...], g["predicted"][...]

    # zeta = 0: K is Wishart of ratio c = m/n1 with entries of variance eta; m(-g) in closed form
    base = write(f"{tmp}/ridge.ini", "[model]\nm = 100\nphi = 1\npsi = 0.5\n[theory]\npoints = 50\n")
    pure = [base, "-s", "activation.f=hermite(2)", "-s", "ridge.gamma=1e3,logspace(-3,2,6)"]
    gamma, e = errors(*pure, "-s", "ridge.sigma_eps=2")
    c = 0.5
    m = lambda g: (-(g + 1 - c) + np.sqrt((g + 1 - c)**2 + 4 * c * g)) / (2 * c * g)
    root = np.sqrt((gamma + 1 - c)**2 + 4 * c * gamma)
    dm = -m(gamma) / gamma + (-1 + (gamma + 1 + c) / root) / (2 * c * gamma)  # d/dgamma
    check(gamma[0] == 1e3 and np.allclose(e, -4 * gamma**2 * dm, rtol=1e-8), f"Wishart: {e} {-4 * gamma**2 * dm}")
    # the signal's error then is the same: X'X/n0 is independent of K and has mean 1
    _, e2 = errors(*pure, "-s", "ridge.sigma_a=2", "-s", "ridge.sigma_eps=0")
    check(np.allclose(e, e2, rtol=1e-10), "pure noise features tell signal from noise")
    # gamma to infinity: nothing is learnt
    _, e = errors(base, "-s", "ridge.gamma=1e9", "-s", "ridge.sigma_a=3", "-s", "data.sigma_x=0.5")
    check(np.allclose(e, 1 + 9 * 0.25, rtol=1e-7), f"gamma = 1e9: {e}")
    # the spectrum of M or of K: the error is F's; data told as eigenvalues or by sigma_x
    more = [base, "-s", "ridge.gamma=logspace(-2,1,5)", "-s", "ridge.sigma_a=1", "-s", "bias.law=bernoulli"]
    _, e = errors(*more)
    _, e2 = errors(*more, "-s", "spectrum.matrix=M")
    check((e == e2).all(), "the error depends on spectrum.matrix")
    _, e = errors(*more, "-s", "data.source=discrete", "-s", "data.values=2")
    _, e2 = errors(*more, "-s", "data.source=discrete", "-s", "data.values=1", "-s", f"data.sigma_x={2**0.5!r}")
    check(np.allclose(e, e2, rtol=1e-10), "eigenvalues of the data are not in units of sigma_x^2")
    # normalised: f's factor no longer matters, for the realised biases too; without, gamma takes its square
    for law in ("alp", "alp_b", "ps_b"):
        _, e = errors(*more, "-s", "activation.normalize=yes", laws=law)
        _, e2 = errors(*more, "-s", "activation.normalize=yes", "-s", 'activation.f="3*max(x,0)"', laws=law)
        check(np.allclose(e, e2, rtol=1e-9), f"{law}: normalize = yes depends on a factor of f")
    _, e = errors(*more, "-s", f"ridge.gamma={','.join(repr(9 * g) for g in np.logspace(-2, 1, 5))}", "-s",
                  'activation.f="3*max(x,0)"', laws="ps_b")
    _, e2 = errors(*more, laws="ps_b")
    check(np.allclose(e, e2, rtol=1e-9), "f -> 3 f is not gamma -> 9 gamma")
    # E eta = 1 is the mean of mu_B's law, and the scale is its, not the realised biases'
    rc, out, err, _ = theory(*more, "-s", "activation.normalize=yes", "--law", "alp", "--law", "alp_b", "-o",
                             f"{tmp}/ridge.h5", "--fresh")
    means = dict(re.findall(r"^  (alp|alp_b) +\[.*?\] +\S+ +(\S+)", out, re.M))
    check(rc == 0 and means.get("alp") == "1" and means.get("alp_b") not in (None, "1"), f"means {means} {err}")
    density, Phi = np.exp(-0.5) / np.sqrt(2 * np.pi), 0.8413447460685429  # Var relu(N), Var relu(N + 1)
    expected = ((0.5 - 1 / (2 * np.pi) + 2 * Phi + density - (Phi + density)**2) / 2)**-0.5
    with h5py.File(f"{tmp}/ridge.h5") as f:
        q = f["main/p0000"]
        g = q["ridge"]
        check(q.attrs["normalize"] == "yes" and np.isclose(q.attrs["f_scale"], expected, rtol=1e-10),
              f"f_scale {q.attrs['f_scale']}, expected {expected}")
        check((g.attrs["sigma_a"], g.attrs["sigma_eps"]) == (1, 1), "attributes of ridge")
        check(set(g) == {"gamma", "predicted", "predicted_alp", "predicted_alp_b"}, f"ridge holds {list(g)}")
    # the table, shortened; the tools
    out = f"{tmp}/many.h5"
    rc, text, err, _ = theory(config, "-s", "ridge.gamma=logspace(-3,3,100)", "-o", out)
    check(rc == 0 and "(12 of 100 gamma)" in text and text.count("\n  0.001 ") == text.count("\n  1000 ") == 3,
          f"table: {text}{err}")
    check(max(map(len, text.splitlines())) <= 100, "ridge table wider than 100 columns")
    for line in departures(out, theory=True):
        check(False, line)
    r = subprocess.run([f"{TOOLS}/nlrmt_report", out], capture_output=True, text=True)
    check(r.returncode == 0 and r.stdout.count("training error predicted") == 3 and "(12 of 100 gamma)" in r.stdout,
          f"nlrmt_report: {r.stdout}{r.stderr}")
    r = subprocess.run([f"{TOOLS}/nlrmt_plot", out], capture_output=True, text=True)
    check(r.returncode == 0 and r.stdout.strip() == f"{tmp}/many.png", f"nlrmt_plot: {r.stdout}{r.stderr}")
    r = subprocess.run([f"{TOOLS}/nlrmt_plot", out, "--spectrum"], capture_output=True, text=True)
    check(r.returncode == 0 and r.stdout.strip() == f"{tmp}/many-spectrum.png", f"--spectrum: {r.stdout}{r.stderr}")
    with h5py.File(f"{tmp}/results/small-theory.h5") as f:
        check("ridge" not in f["gaussian/p0000"], "ridge without being asked")


def documented_optimum():
    """Figure A4's table in docs/ridge.md: rows of gamma, zeta*, error, p*, error, difference."""
    with open(f"{TOP}/docs/ridge.md") as f:
        rows = [line.strip(" |\n").split("|") for line in f if re.match(r"\| [0-9.]+ \|", line)]
    return np.array([[float(x) for x in r] for r in rows if len(r) == 6]).T


def optimum(tmp):
    """The best of both families: figure A4's table; curves that hold no less; what --set may ask for."""
    config = write(f"{tmp}/a4.ini", "[model]\nm = 384\nphi = 0.5\npsi = 0.5\n[ridge]\nsigma_a = 1\ngamma = "
                   "logspace(-4,1,11)\noptimum = single, mixture\n[theory]\npoints = 50\n")
    rc, text, err, _ = theory(config, "-o", f"{tmp}/a4.h5")
    check(rc == 0 and err == "", f"optimum: {rc} {err}")
    check(re.search(r"\n  gamma +zeta\* +single +p\* +mixture\n", text) and "0.2811163769    0.08345438932" in text,
          f"table: {text}")
    check(max(map(len, text.splitlines())) <= 100, "table of the optimum wider than 100 columns")
    for line in departures(f"{tmp}/a4.h5", theory=True):
        check(False, line)
    gamma, zeta, single, p, mixture, difference = documented_optimum()
    check(len(gamma) == 11, f"docs/ridge.md: {len(gamma)} rows")
    with h5py.File(f"{tmp}/a4.h5") as f:
        g = f["main/p0000/ridge"]
        check(np.allclose(g["gamma"], gamma, rtol=1e-3) and set(g["optimum"]) == {"single", "mixture"}, "gamma")
        for family, x, error in (("single", zeta, single), ("mixture", p, mixture)):
            o = g[f"optimum/{family}"]
            check(set(o) == {"x", "train_error", "slope", "interior", "curve_x", "curve"}, f"{family}: {list(o)}")
            for name in ("x", "train_error", "slope", "interior", "curve"):
                check(o[name].dims[0][0] == g["gamma"], f"{family}/{name}: no dimension scale")
            check(o["curve"].dims[1][0] == o["curve_x"] and o["curve"].shape == (11, 101), f"{family}: curve")
            check(np.abs(o["x"] - x).max() < 1e-8, f"{family}: x off by {np.abs(o['x'] - x).max()}")
            off = np.abs(o["train_error"] - error).max()
            check(off < 1e-8, f"{family}: train_error off by {off}")
            check((o["interior"][...] == (x < 1)).all() and o["interior"].dtype.kind == "i", f"{family}: interior")
            inside = o["interior"][...] == 1
            check(np.abs(o["slope"][...][inside]).max() < 1e-12 and (o["slope"][...][~inside] < 0).all(),
                  f"{family}: slope")
            check((o["curve"][...].min(1) >= o["train_error"][...] * (1 - 1e-13)).all(), f"{family}: not the least")
            check((o["curve_x"][...] == np.arange(101) / 100).all(), f"{family}: curve_x")
        ends = [g[f"optimum/{family}/curve"][:, -1] for family in ("single", "mixture")]
        check(np.allclose(*ends, rtol=1e-13), "at x = 1 both families are linear")
        d = g["optimum/single/train_error"][...] - g["optimum/mixture/train_error"][...]
        check(np.abs(d - difference).max() < 1e-8, f"difference off by {np.abs(d - difference).max()}")
        # the same members as features: a single f of any zeta, a mixture with any p
        curves_at = {family: g[f"optimum/{family}/curve"][...] for family in ("single", "mixture")}
    pairs = [("single", 40, ["-s", "activation.f=blend(0.4)"]), ("single", 75, ["-s", "activation.f=random(0.75, 3)"]),
             ("mixture", 40, ["-s", "mixture.components=identity,hermite(3)", "-s", "mixture.probabilities=0.4"])]
    for family, k, args in pairs:
        out = f"{tmp}/member.h5"
        rc, _, err, _ = theory(config, *args, "--law", "alp", "-q", "--fresh", "-o", out)
        check(rc == 0, f"{args}: {err}")
        with h5py.File(out) as f:
            q = f["main/p0000"]
            check(np.allclose(q["ridge/predicted"], curves_at[family][:, k], rtol=1e-10), f"{args}: not in the family")
            check(np.isclose(q.attrs["eta"], 1, rtol=1e-12) and np.isclose(q.attrs["zeta"], k / 100, rtol=1e-12),
                  f"{args}: eta {q.attrs['eta']} zeta {q.attrs['zeta']}")


def mixtures(tmp):
    """A mixture's laws: names, moments, what the realised components change; two ways to say one law."""
    config = write(f"{tmp}/mix.ini", """\
[model]
m = 200
phi = 1.5
psi = 0.8
[activation]
normalize = yes
[mixture]
components = relu, "max(x, 0) - 0.5*min(x, 0)"
[theory]
laws = alp, alp_b, ps, ps_b
points = 100
[sweep]
mixture.probabilities = 0, 0.4, 1
""")
    rc, text, err, _ = theory(config, "-o", f"{tmp}/mix.h5")
    check(rc == 0 and err == "" and 'rows with f = 0.4 relu, 0.6 "max(x, 0) - 0.5*min(x, 0)"' in text, f"{rc} {err}{text}")
    check(max(map(len, text.splitlines())) <= 100, "table of a mixture wider than 100 columns")
    for line in departures(f"{tmp}/mix.h5", theory=True):
        check(False, line)
    with h5py.File(f"{tmp}/mix.h5") as f:
        q = f["main/p0001"]
        check((q.attrs["activation"], q.attrs["mixture"]) == ("mixture", '0.4 relu, 0.6 "max(x, 0) - 0.5*min(x, 0)"'),
              f"{q.attrs['activation']} {q.attrs['mixture']}")
        # Var and (E N f)^2 of max(x,0) + a max(-x,0): (1 + a^2)/2 - (1 + a)^2/(2 pi), (1 - a)^2/4
        variance = lambda a: (1 + a * a) / 2 - (1 + a)**2 / (2 * np.pi)
        eta = 0.4 * variance(0) + 0.6 * variance(0.5)
        check(np.isclose(q.attrs["f_scale"], eta**-0.5, rtol=1e-12) and np.isclose(q.attrs["eta"], 1, rtol=1e-14),
              f"f_scale {q.attrs['f_scale']}")
        check(np.isclose(q.attrs["zeta"], (0.4 / 4 + 0.6 / 16) / eta, rtol=1e-12), f"zeta {q.attrs['zeta']}")
        density = lambda point, law: f[f"main/{point}/theory/{law}/density"][...]
        for point in ("p0000", "p0002"):  # all rows alike: nothing to average, nothing to be given
            for law in ("alp_b", "ps", "ps_b"):
                check(np.allclose(density(point, "alp"), density(point, law), rtol=1e-9, atol=1e-12), f"{point} {law}")
        laws = [density("p0001", law) for law in ("alp", "alp_b", "ps", "ps_b")]
        far = min(np.abs(a - b).max() for i, a in enumerate(laws) for b in laws[:i])
        check(far > 1e-6, f"two laws of a mixture are the same: {far}")
    # A coin's bias is a mixture too: f(x) and f(x + 1)
    at = ["--csv", "--lambda", "0.05:4:50", "--law", "alp"]
    base = write(f"{tmp}/coin.ini", "[model]\nm = 100\nphi = 1.5\npsi = 0.8\n")
    _, a, _, _ = theory(base, "-s", "bias.law=bernoulli", "-s", "bias.p=0.3", *at)
    rc, b, err, _ = theory(base, "-s", 'mixture.components="relu(x+1)",relu', "-s", "mixture.probabilities=0.3", *at)
    a, b = (curves(x)["main", "p0000", "alp"] for x in (a, b))
    check(rc == 0 and np.allclose(a, b, rtol=1e-9, atol=1e-12), f"a coin is no mixture: {np.abs(a - b).max()} {err}")


def methods(tmp, config):
    """--method: agreement is told law by law; a method that does not apply says so."""
    row = re.compile(r"^  (alp|alp_b|ps|ps_b) +([0-9.e+-]+) +(\d+) of (\d+) ", re.M)
    for panel, points in (("gaussian", 1), ("wide", 2)):  # wide: M
        rc, out, err, _ = theory(config, "-p", panel, "--method", "alp13", "-s", "theory.points=40", "--fresh", "-o",
                                 f"{tmp}/m.h5")
        rows = row.findall(out)
        check(rc == 0 and len(rows) == 4 * points, f"alp13: {rc} {err} {out}")
        check(all(float(d) < 1e-8 and done == total == "40" for _, d, done, total in rows), f"alp13: {rows}")
    rc, out, err, _ = theory(config, "-p", "gaussian", "--method", "quartic", "--epsilon", "1e-3", "-s",
                             "theory.points=40", "--fresh", "-o", f"{tmp}/m.h5")
    rows = row.findall(out)
    check(rc == 0 and [r[0] for r in rows] == ["ps", "ps_b"] and all(float(r[1]) < 1e-8 for r in rows), f"{rows}")
    check(out.count("quartic does not apply") == 2 and "0.001i" in out, f"quartic: {out}{err}")
    # an iteration that runs out says so, and is no contradiction
    rc, out, _, _ = theory(config, "-p", "gaussian", "--method", "half_averaged", "--epsilon", "1e-12", "--lambda",
                           "1e-10:1e-9:3", "--law", "ps", "-s", "model.psi=1.5", "--fresh", "-o", f"{tmp}/m.h5")
    check(rc == 0 and re.search(r"  ps +- +0 of 3 ", out), f"at a hard edge: half_averaged: {rc} {out}")


def like_the_simulation(tmp, config):
    """nlrmt_sim's theory groups; at an edge the density multiplies rounding by its infinite slope."""
    tolerance = {"lambda": 1e-12, "density": 1e-6, "cdf": 1e-10}
    sim, alone = f"{tmp}/sim.h5", f"{tmp}/alone.h5"
    r = subprocess.run(command(1, config, "-q", "-o", sim), capture_output=True, text=True, timeout=120 * PATIENCE)
    check(r.returncode == 0 and theory(config, "-q", "-o", alone)[0] == 0, f"runs: {r.stderr}")
    with h5py.File(sim) as f, h5py.File(alone) as g:
        check(f.attrs["config"] == g.attrs["config"], "effective configuration")
        for point in ("gaussian/p0000", "wide/p0000", "wide/p0001"):
            a, b = f[point], g[point]
            check(np.allclose(a["histogram/edges"], b["histogram/edges"], rtol=1e-12), f"{point}: bins")
            for law in ("alp", "alp_b", "ps", "ps_b"):
                x, y = a["theory"][law], b["theory"][law]
                same = all(np.allclose(x[k], y[k], rtol=t, atol=t) for k, t in tolerance.items())
                check(same and set(x.attrs) == set(y.attrs), f"{point}/theory/{law} differs")
                check(np.isclose(x.attrs["outlier"], y.attrs["outlier"], rtol=1e-9), f"{point} {law}: outlier")
                name = f"histogram/predicted_{law}"
                check(np.allclose(a[name], b[name], rtol=1e-9, atol=1e-12), f"{point}/{name} differs")
    rc, out, _, _ = theory(config, "--csv", "--law", "ps", "-p", "wide", "-s", "theory.laws=alp")
    rows = curves(out)
    check(rc == 0 and list(rows) == [("wide", "p0000", "ps"), ("wide", "p0001", "ps")], f"--law: {list(rows)}")
    with h5py.File(alone) as g:
        stored = [g["wide/p0001/theory/ps"][k][...] for k in ("lambda", "density", "cdf")]
        check((rows["wide", "p0001", "ps"] == np.array(stored)).all(), "CSV and HDF5 differ")


def bad_input(tmp, config):
    taken = f"{tmp}/taken.h5"
    theory(config, "-q", "-o", taken, "-p", "gaussian")
    o, spectrum = ["-o", f"{tmp}/never.h5"], ["-s", "data.source=spectrum", "-s", f"data.path={tmp}/bad.txt"]
    cases = [
        (2, "cannot open", ["/nonexistent/x.ini"], None),
        (2, "no configuration", [], None),
        (2, "unknown option", ["--frist", config], None),
        (2, "one configuration only", [config, config], None),
        (2, "needs a value", [config, "--law"], None),
        (2, "must be one of alp", [config, "--law", "alpb"], None),
        (2, "--lambda: must be a:b:n", [config, "--lambda", "1:0:5", *o], None),
        (2, "--lambda: must be a:b:n", [config, "--lambda", "0:1", *o], None),
        (2, "--lambda: must be a:b:n", [config, "--lambda", "0:1:5x", *o], None),
        (2, "--lambda: must be a:b:n", [config, "--lambda", "0:nan:5", *o], None),
        (2, "--csv", [config, "--csv", *o], None),
        (2, "--csv: .*leave out --method", [config, "--csv", "--method", "alp13"], None),
        (2, "--method: must be one of newton, .*, nearest is quartic$", [config, "--method", "quartik", *o], None),
        (2, "--method: must be one of newton", [config, "--method", "", *o], None),
        (2, "--epsilon: must be a number > 0", [config, "--method", "newton", "--epsilon", "0", *o], None),
        (2, "--epsilon: must be a number > 0", [config, "--method", "newton", "--epsilon", "nan", *o], None),
        (2, "--epsilon: must be a number > 0", [config, "--method", "newton", "--epsilon", "1e-6x", *o], None),
        (2, "--epsilon: belongs to --method", [config, "--epsilon", "1e-3", *o], None),
        (2, "do not converge: choose another activation", [config, "-s", 'activation.f="exp(x*x)"', *o], None),
        (2, "f is constant", [config, "-s", 'activation.f="0*x"', *o], None),
        (3, "missing.txt: cannot open", [config, "-s", "data.source=spectrum", "-s", f"data.path={tmp}/missing.txt", *o], None),
        (2, "ridge.gamma: must be > 0, got 0", [config, "-s", "ridge.gamma=1,0", *o], None),
        (2, "ridge.gamma: must be > 0, got -1", [config, "-s", "ridge.gamma=-1", *o], None),
        (2, "ridge.sigma_eps: must be >= 0, got -1", [config, "-s", "ridge.sigma_eps=-1", *o], None),
        (2, "ridge.sigma_a, ridge.sigma_eps: .*overflows", [config, "-s", "ridge.gamma=1", "-s",
                                                             "ridge.sigma_a=1e200", *o], None),
        (2, "ridge.optimum: needs ridge.gamma", [config, "-s", "ridge.optimum=single", *o], None),
        (2, "ridge.sigma_a, ridge.sigma_eps: .*overflows", [config, "-s", "ridge.gamma=1", "-s", "ridge.optimum=single",
                                                             "-s", "ridge.sigma_eps=1e200", *o], None),
        (2, "mixture.components: \"relo\" is unknown, did you mean relu", [config, "-s", "mixture.components=relo", *o], None),
        (2, "mixture.probabilities: missing: mixture.components needs it$",
         [config, "-s", "mixture.components=relu,tanh", *o], None),
        (2, "unknown key, nearest is ridge.gamma", [config, "-s", "ridge.gama=1", *o], None),
        (2, "activation.normalize: must be one of no, yes", [config, "-s", "activation.normalize=1", *o], None),
        (2, "model.psi: must be > 0", [config, "-s", "model.psi=0", *o], None),
        (2, "exists already: --fresh moves it aside", [config, "-o", taken], None),
        (2, r"gaussian/p0000: alp: .*eta = 0", [config, "-s", "activation.f=hermite(0)", *o], None),
        (2, r"data.weights: must sum to 1", [config, "-s", "data.source=discrete", "-s", "data.values=1,2",
                                              "-s", "data.weights=1,1", *o], None),
        (3, "no/such", [config, "-s", "data.source=spectrum", "-s", "data.path=no/such", *o], None),
        (3, "bad.txt.*no values", [config, *spectrum, *o], "# nothing\n"),
        (3, "bad.txt.*line 2", [config, *spectrum, *o], "1\nnan\n"),
        (3, "bad.txt.*negative", [config, *spectrum, *o], "1\n-2\n"),
        (3, "bad.txt.*line 2", [config, *spectrum, *o], "1\ntwo\n"),
        (3, "bad.txt.*mean", [config, *spectrum, *o], "0\n0\n"),
        (4, "cannot", [config, "-o", "/proc/nlrmt/x.h5"], None),
        (4, "taken.h5", [config, "-o", f"{taken}/x.h5"], None),
    ]
    for status, words, args, text in cases:
        write(f"{tmp}/bad.txt", text or "")
        rc, _, err, seconds = theory(*args)
        check(rc == status, f"{args[-3:]}: status {rc}, expected {status}: {err}")
        check(err.count("\n") == 1 and err.startswith("nlrmt_theory: ") and re.search(words, err),
              f"{args[-3:]}: {words!r} in {err!r}")
        check(not os.path.exists(f"{tmp}/never.h5"), f"{args[-3:]} made an output")
    with open("/dev/full", "w") as full:
        r = subprocess.run([THEORY, config, "--csv"], stdout=full, stderr=subprocess.PIPE, text=True)
    check(r.returncode == 4 and "No space left" in r.stderr, f"full: {r.returncode} {r.stderr}")
    check(h5py.File(taken).attrs["complete"] == 1, "the existing output was harmed")
    r = subprocess.run([SIM, config, "--check", "-s", "data.source=discrete", "-s", "data.values=1"],
                       capture_output=True, text=True)
    check(r.returncode == 2 and "eigenvalues of a sample are no data" in r.stderr, f"nlrmt_sim: {r.returncode} {r.stderr}")


def hard_laws(tmp):
    """At the ends of the allowed range a law is certified, or told in one line; never silently wrong."""
    config = write(f"{tmp}/hard.ini", "[model]\nm = 1\nn0 = 1\nn1 = 1\n[theory]\nlaws = alp, ps\npoints = 50\n")
    big, out = 2**31 - 1, f"{tmp}/hard.h5"
    for m, n0, n1 in ((big, 1, 1), (1, big, 1), (1, 1, big), (big, big, 1), (big, 1, big), (1, big, big)):
        sizes = ["-s", f"model.m={m}", "-s", f"model.n0={n0}", "-s", f"model.n1={n1}"]
        more = ["-s", "activation.f=cubic", "-s", "bias.law=gaussian", "-s", "bias.sigma=20", "--fresh", "-q", "-o", out]
        rc, _, err, _ = theory(config, *sizes, *more)
        lines = err.splitlines()
        check(rc == (5 if lines else 0) and len(lines) <= 2, f"{sizes}: {rc} {err}")
        check(all(re.match(r"nlrmt_theory: main/p0000: (alp|ps): law: phi=", l) for l in lines), err)
        with h5py.File(out) as f:
            q = f["main/p0000"]
            failures = [a for a in q.attrs if a.startswith("law_failure_")]
            check(len(failures) == len(lines) and len(q.get("theory", ())) == 2 - len(lines), f"{sizes}: recorded")
            check(all(t.attrs["mass_error"] < 1e-6 for t in q.get("theory", {}).values()), f"{sizes}: mass")
        r = subprocess.run([f"{TOOLS}/nlrmt_report", out], capture_output=True, text=True)
        check(r.returncode == 0 and r.stdout.count("FAILED") == len(lines), f"report: {r.stdout}{r.stderr}")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        config = write(f"{tmp}/small.ini", CONFIG)
        no_mpi()
        closed_form(tmp)
        data_sources(tmp)
        hard_laws(tmp)
        mixtures(tmp)
        optimum(tmp)
        for part in (good_runs, ridge, methods, like_the_simulation, bad_input):
            part(tmp, config)
    finish()


if __name__ == "__main__":
    main()
