#!/usr/bin/python3 -E
"""Laws of the entries, the linear surrogate and the cycle correlations, as nlrmt_sim and the tools show
them; the comparison of points on samples made here."""
import os
import re
import subprocess
import tempfile

import h5py
import numpy as np

from contract import departures
from harness import PATIENCE, TOOLS, check, finish, sim

import nlrmt_pairs
import nlrmt_read

CONFIG = """\
[experiment]
name = small
trials = 8
[model]
psi = 0.8
phi = 1.5
m = 96
[bias]
law = gaussian
[theory]
laws = alp, alp_b
points = 300
"""


def tool(name, *args):
    r = subprocess.run([os.path.join(TOOLS, name), *args], text=True, capture_output=True, timeout=120 * PATIENCE)
    return r.returncode, r.stdout + r.stderr


def write(tmp, text):
    path = os.path.join(tmp, "c.ini")
    with open(path, "w") as f:
        f.write(text)
    return path


def wishart(rng, trials, n=60, scale=1.0, outlier=0.0):
    """A point with eigenvalues of Wishart matrices."""
    rows = []
    for _ in range(trials):
        f = rng.standard_normal((2 * n, n)) + outlier
        rows.append(scale * np.linalg.eigvalsh(f.T @ f / (2 * n)))
    law = nlrmt_read.Law("alp")
    law.excluded = 1 if outlier else 0
    p = nlrmt_read.Point("main", "p0000", "", {"m": n}, trials, np.array(rows))
    p.laws = {"alp": law}
    return p


def exact(a, b):
    """W1 of the pooled samples, of equal size: mean difference of the sorted values."""
    return np.abs(np.sort(a.eigenvalues.ravel()) - np.sort(b.eigenvalues.ravel())).mean()


def pooled(a, b):
    """The same as nlrmt_pairs integrates it."""
    cdf, width = nlrmt_pairs.distribution_functions(a, b)
    half = len(cdf) // 2
    return np.abs(cdf[:half].mean(axis=0) - cdf[half:].mean(axis=0)) @ width


def comparison():
    """A difference that is there is found and measured; none is found where there is none."""
    rng = np.random.default_rng(11)
    p = []
    for _ in range(20):
        q = nlrmt_pairs.compare(wishart(rng, 12), wishart(rng, 12))
        p.append(q.p)
        check(q.distance < 0.025, f"same law: distance {q.distance}")
    check(min(p) >= 0.005 and 0.3 < np.mean(p) < 0.7, f"p of equal laws: {sorted(p)}")
    check(np.mean(np.array(p) < 0.05) <= 0.2, f"equal laws are told apart too often: {sorted(p)}")
    q = nlrmt_pairs.compare(wishart(rng, 40, scale=1.03), wishart(rng, 40))
    # W1 of a law and its multiple is the difference of the means
    check(q.seen and q.p < 0.01 and abs(q.distance - 0.03) < 4 * q.distance_se + 2e-3,
          f"3 % wider: {q}")
    a, b = wishart(rng, 40, scale=1.03), wishart(rng, 40)
    a.eigenvalues[0, -1] = 60.0  # far away, it alone adds 60/(40 n) to W1
    check(abs(exact(a, b) - pooled(a, b)) < 2e-3 * exact(a, b), f"W1 {pooled(a, b)}, {exact(a, b)}")
    q = nlrmt_pairs.compare(wishart(rng, 12, outlier=1.0), wishart(rng, 12))
    check(q.distance < 0.05, f"an outlier, which alone would give 1, is not left out: {q}")
    check(nlrmt_pairs.compare(wishart(rng, 5), wishart(rng, 5)) is None, "5 trials are compared")
    pairs = [nlrmt_pairs.Pair(m, 10, 1, 1, (2 / m)**2, (2 / m)**2 / 20, 0.005)
             for m in (64, 128, 256, 512)]
    slope, se = nlrmt_pairs.Curve("x", pairs).exponent
    check(abs(slope + 1) < 1e-9 and 0 < se < 0.1, f"exponent {slope} ± {se}")
    check(nlrmt_pairs.Curve("x", pairs[:2]).exponent is None, "an exponent from two sizes")


def entries(tmp):
    """All laws run; X may have one of its own; the draws do not depend on the grid."""
    config = write(tmp, CONFIG.replace("trials = 8", "trials = 6") + "[sweep]\nmodel.entries = gaussian, "
                   "lattice, exponential, student_t\nmodel.dof = 3\n")
    found = []
    for ranks in (1, 3):
        out = f"{tmp}/e{ranks}.h5"
        rc, _, err, _ = sim(ranks, config, "-o", out, "-q")
        check(rc == 0, f"entries on {ranks} ranks: {err}")
        found.append([h5py.File(out)[f"main/p{k:04d}/eigenvalues"][...] for k in range(4)])
        for line in departures(out):
            check(False, line)
    for a, b in zip(*found):
        check(np.abs(a - b).max() < 1e-12 * a.max(), "entries depend on the grid")
    for k in range(3):
        check(np.abs(found[0][k] - found[0][3]).max() > 1e-3, f"point {k} is that of student_t")
    with h5py.File(f"{tmp}/e1.h5") as f:
        check(f["main/p0003"].attrs["entries"] == "student_t(3)", f["main/p0003"].attrs["entries"])
    rc, text = tool("nlrmt_report", f"{tmp}/e1.h5")
    check(rc == 0 and "reference gaussian, dof 3" in text and "entries exponential" in text, text)
    for key, words in (("model.dof=2", "model.dof: must be > 2"), ("data.entries=cauchy",
                       "data.entries: must be one of model, gaussian")):
        for ranks in (1, 4):
            rc, _, err, _ = sim(ranks, write(tmp, CONFIG), "-s", key)
            check(rc == 2 and words in err and err.count("nlrmt_sim:") == 1, f"{key} on {ranks}: {rc} {err}")


def surrogate(tmp):
    """The surrogate has F's bulk law and no outlier, tall or wide, on any grid."""
    config = write(tmp, CONFIG + "[sweep]\nmodel.surrogate = no, linear\nmodel.m = 96, 384\n")
    out = f"{tmp}/s.h5"
    rc, _, err, _ = sim(2, config, "-o", out, "-q")
    check(rc == 0, f"surrogate: {err}")
    for line in departures(out):
        check(False, line)
    with h5py.File(out) as f:
        w1 = [f[f"main/p{k:04d}/distance/alp_b/wasserstein1"][...] for k in range(4)]
        predicted = [f[f"main/p{k:04d}/theory/alp_b"].attrs["outlier"] for k in range(4)]
        excluded = [f[f"main/p{k:04d}/distance/alp_b"].attrs["outliers_excluded"] for k in range(4)]
        right = f["main/p0003/theory/alp"].attrs["edges"][-1].max()
        largest = f["main/p0003/eigenvalues"][:, -1].max()
    check(list(excluded) == [1, 1, 0, 0] and predicted[2] == 0 and predicted[0] > 10,
          f"outliers {excluded} {predicted}")
    check(largest < 1.3 * right, f"an outlier at {largest}, edge {right}")
    check(all(w.mean() < x for w, x in zip(w1, (0.03, 0.01, 0.03, 0.01))), f"W1 {[w.mean() for w in w1]}")
    check(w1[3].mean() < 0.5 * w1[2].mean(), "W1 of the surrogate does not fall")
    run = nlrmt_read.read(out)
    (family,) = nlrmt_pairs.families(run.points)
    check(family.reference == "F" and [q.m for q in family.curves[0].pairs] == [96, 384], f"{family}")
    small = family.curves[0].pairs
    check(small[1].laws < 0.02 and small[1].distance < 0.01, f"F and surrogate: {small}")
    rc, text = tool("nlrmt_plot", out, "-o", f"{tmp}/s.png")
    check(rc == 0 and os.path.getsize(f"{tmp}/s.png") > 5000, text)
    rc, text = tool("nlrmt_plot", out, "--spectrum")
    check(rc == 0 and os.path.exists(f"{tmp}/s-spectrum.png"), text)
    for ranks in (1, 4):
        rc, _, err, _ = sim(ranks, write(tmp, CONFIG), "-s", "model.surrogate=linear", "-s",
                            "spectrum.cumulants=yes")
        check(rc == 2 and "spectrum.cumulants: is about f itself" in err, f"{ranks}: {rc} {err}")


def cumulants(tmp):
    """Stored, scored, told; the same on every grid and after a stop and --resume."""
    config = write(tmp, CONFIG + "[spectrum]\ncumulants = yes\n")
    whole = f"{tmp}/c.h5"
    rc, _, err, _ = sim(1, config, "-o", whole, "-q")
    check(rc == 0, f"cumulants: {err}")
    for line in departures(whole):
        check(False, line)
    with h5py.File(whole) as f:
        products = f["main/p0000/cumulants/products"][...]
        c = {k: d[...] for k, d in f["main/p0000/cumulants"].items()}
    check(products.shape == (8, 7) and len(np.unique(products[:, 1])) == 8, "one row a trial")
    z = (c["kappa"] - c["predicted"]) / c["kappa_se"]
    check(np.allclose(z, c["z_score"]) and np.abs(z).max() < 6, f"z {c['z_score']} {z}")
    other = f"{tmp}/c4.h5"
    rc, _, err, _ = sim(4, config, "-o", other, "-q", "--time-limit", "0.0001")
    check(rc == 75, f"stopped: {rc} {err}")
    rc, _, err, _ = sim(4, config, "-o", other, "-q", "--resume")
    check(rc == 0, f"resumed: {err}")
    with h5py.File(other) as f:
        check(np.array_equal(f["main/p0000/cumulants/products"][...], products), "resumed: other products")
        check(np.array_equal(f["main/p0000/cumulants/kappa"][...], c["kappa"]), "resumed: other kappa")
    rc, text = tool("nlrmt_report", whole)
    check(rc == 0 and "cycle correlations on 96 rows" not in text and
          re.search(r"cycle 6\s+\S+e-\d+\s", text) and "theta1b" in text, text)


def main():
    comparison()
    for part in (entries, surrogate, cumulants):
        with tempfile.TemporaryDirectory() as tmp:
            part(tmp)
    finish()


if __name__ == "__main__":
    main()
