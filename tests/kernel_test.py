#!/usr/bin/python3 -E
"""The law kernel in nlrmt_sim: real images (Fashion-MNIST, if its package is there), where it must be far nearer than
alp, and made samples: several biases and components, more samples than hidden units, what it refuses."""
import os
import subprocess
import tempfile

import h5py
import numpy as np

from contract import departures
from harness import THEORY, check, finish, sim

FASHION = "/usr/share/datasets/fashion-mnist"


def config(path, data, m, trials, more=""):
    with open(path, "w") as f:
        f.write(f"[experiment]\ntrials = {trials}\n[model]\nm = {m}\npsi = 0.8\n[theory]\nlaws = alp, kernel, kernel_b\npoints = 2000\n"
                f"[ridge]\ngamma = 0.03, 1\nsigma_a = 1\nsigma_eps = 0.5\n{data}{more}")
    return path


def set_keys(*keys):
    return [x for k in keys for x in ("-s", k)]


def read(path):
    """All that a point says of the law kernel, by path; and its means and parameters."""
    with h5py.File(path) as f:
        q, found = f["main/p0000"], {}
        q.visititems(lambda name, d: found.update({name: d[...]}) if isinstance(d, h5py.Dataset) else None)
        found.update({"attrs": dict(q.attrs), "kernel": dict(q["theory/kernel"].attrs),
                      "cut": q["distance/kernel/wasserstein1_bulk"].attrs["cut"],
                      "w1": {k: q[f"distance/{k}/wasserstein1_bulk"].attrs["mean"] / q.attrs["eta"] for k in q["theory"]}})
        check(q["distance/kernel"].attrs["outliers_excluded"] == len(found.get("theory/kernel/spikes", ())), "outliers_excluded")
        check(q["distance/alp/wasserstein1_bulk"].attrs["cut"] == found["cut"], "cut differs between the laws")
    return found


def area(x, lam, cdf, zeros, cut, mass):
    """Integral of |F_n - mass F| over [0, cut]; F by its points."""
    grid = np.linspace(0, cut, 400001)
    middle = (grid[1:] + grid[:-1]) / 2
    fn = (np.searchsorted(x, middle, side="right") + zeros) / (len(x) + zeros)
    f = np.interp(middle, lam, cdf, left=cdf[0], right=1)
    return np.abs(fn - mass * f).sum() * (grid[1] - grid[0])


def check_run(path, what):
    """The numbers of the file against each other."""
    for line in departures(path):
        check(False, f"{what}: {line}")
    r = read(path)
    lam, zeros = r["eigenvalues"], int(r["attrs"]["m"]) - r["eigenvalues"].shape[1]
    spikes = r.get("theory/kernel/spikes", np.zeros(0))
    check((np.diff(spikes) < 0).all() and (spikes > r["kernel"]["edges"].max()).all(), f"{what}: spikes {spikes}")
    if len(spikes):  # few trials: the draw of the biases and components moves the largest one
        top = lam[:, ::-1][:, :len(spikes)]
        check(np.abs(top - r["distance/kernel/spikes_measured"]).max() < 1e-12 * top.max(), f"{what}: spikes_measured")
        check(abs(spikes[0] / top[:, 0].mean() - 1) < (0.04 if r["kernel"]["kernels"] == 1 else 0.12), f"{what}: largest eigenvalue {top[:, 0].mean()}, predicted {spikes[0]}")
        check(np.isclose(r["cut"], (r["kernel"]["edges"].max() + spikes[-1]) / 2, rtol=1e-12), f"{what}: cut {r['cut']}")
    for law, mass in (("alp", 1), ("kernel", 1 - len(spikes) / r["attrs"]["m"])):
        x, cdf = r[f"theory/{law}/lambda"], r[f"theory/{law}/cdf"]
        for t in range(len(lam)):
            own, told = area(np.maximum(lam[t], 0), x, cdf, zeros, r["cut"], mass), r[f"distance/{law}/wasserstein1_bulk"][t]
            check(abs(own - told) < 2e-4 * r["attrs"]["eta"], f"{what}: {law}: wasserstein1_bulk {told}, by its points {own}")
    off = r["ridge/predicted_kernel"] / r["ridge/expected"].mean(0) - 1
    check(np.abs(off).max() < 0.05, f"{what}: training error off by {off}")
    check_given(r, what)
    check(r["kernel"]["cdf_error"] < 0.02 and r["kernel"]["kernel_error"] < 1e-7, f"{what}: {r['kernel']}")
    check(abs(r["kernel"]["atom_at_zero"] * (1 - len(spikes) / r["attrs"]["m"]) - zeros / r["attrs"]["m"]) < 1e-12,
          f"{what}: atom {r['kernel']['atom_at_zero']}")
    check(r["timing/theory"][0] > 0, f"{what}: no time for the laws")
    print(f"kernel_test: {what}: {len(spikes)} spikes; W1 over the mean up to the cut: alp {r['w1']['alp']:.4f}, "
          f"kernel {r['w1']['kernel']:.4f}; training error off by {off}", flush=True)
    return r


def check_given(r, what):
    """kernel_b: each trial's own law. Without random rows it is kernel; with them it is nearer, and has the trial's own
    largest eigenvalue."""
    w1 = {k: r[f"distance/{k}/wasserstein1_bulk"] for k in ("kernel", "kernel_b")}
    if r["kernel"]["kernels"] == 1:
        check((w1["kernel"] == w1["kernel_b"]).all(), f"{what}: kernel_b is not kernel: {w1}")
        return
    check(w1["kernel_b"].mean() < w1["kernel"].mean(), f"{what}: given the biases W1 is {w1['kernel_b']}, else {w1['kernel']}")
    top = r["eigenvalues"][:, -1]
    off = {k: np.abs(r[f"distance/{k}/outlier_predicted"] / top - 1).mean() for k in w1}
    check(off["kernel_b"] < max(0.75 * off["kernel"], 0.01), f"{what}: largest eigenvalue off by {off}")
    print(f"kernel_test: {what}: W1 {w1}, largest eigenvalue off by {off}")


def same(a, b, what):
    """Two runs on different ranks."""
    for name in a:
        if name.startswith(("theory/kernel", "distance/kernel", "ridge/predicted", "histogram/predicted")):
            scale = np.abs(a[name]).max()
            off = np.abs(a[name] - b[name]).max() / scale if a[name].shape == b[name].shape and scale > 0 else float("inf")
            check(off <= 1e-6, f"{what}: {name} differs by {off}")


def fashion(tmp):
    if not os.path.exists(FASHION):
        print("kernel_test: fashion skipped: package dataset-fashion-mnist is not there")
        return
    data = (f"[data]\nsource = idx\npath = {FASHION}/t10k-images-idx3-ubyte.gz\n"
            f"label_path = {FASHION}/t10k-labels-idx1-ubyte.gz\nclasses = 0, 8\nmean_subtract = yes\n")
    one, biased = [], []
    for ranks in (1, 3):
        path = config(f"{tmp}/f.ini", data, 200, 10)
        rc, _, err, _ = sim(ranks, path, "-q", "--fresh", "-o", f"{tmp}/f.h5")
        check(rc == 0, f"fashion, {ranks} ranks: {rc} {err}")
        one.append(check_run(f"{tmp}/f.h5", f"Fashion-MNIST 0, 8, {ranks} ranks"))
        w1 = one[-1]["w1"]
        check(w1["alp"] > 5 * w1["kernel"] and w1["kernel"] < 0.01, f"{ranks} ranks: W1 {w1}")
        rc, _, err, _ = sim(ranks, path, "-q", "--fresh", "-o", f"{tmp}/b.h5",
                            *set_keys("model.m=120", "experiment.trials=4", "bias.law=gaussian"))
        check(rc == 0, f"fashion, biases, {ranks} ranks: {rc} {err}")
        biased.append(check_run(f"{tmp}/b.h5", f"with Gaussian biases, {ranks} ranks"))
        w1 = biased[-1]["w1"]
        check(biased[-1]["kernel"]["kernels"] == 12 and w1["alp"] > 3 * w1["kernel"], f"biases, {ranks} ranks: W1 {w1}")
    same(*one, "one kernel")
    same(*biased, "several kernels")


def samples(path, m, n0):
    """Clusters of very different sizes and norms, far from i.i.d. columns."""
    r = np.random.default_rng(3)
    x = r.normal(size=(m, n0)) * np.linspace(1.7, 0.3, n0) * np.exp(0.3 * r.normal(size=(m, 1)))
    with h5py.File(path, "w") as f:
        f["x"] = x + 0.3 * r.normal(size=(4, n0))[r.integers(0, 4, m)]
    return f"[data]\nsource = hdf5\npath = {path}:/x\n"


def made(tmp):
    """Zeros of K; discrete biases and components with normalize; resume after the trials' end."""
    path = config(f"{tmp}/m.ini", samples(f"{tmp}/x.h5", 150, 130), 150, 4)
    mixed = ["mixture.components=relu, tanh", "mixture.probabilities=0.3, 0.7", "bias.law=bernoulli", "activation.normalize=yes"]
    for what, kernels, keys in (("fewer hidden units", 1, ["model.psi=1.5"]), ("components and biases", 4, mixed),
                                ("both", 4, [*mixed, "model.psi=1.5"]),
                                ("uniform biases", 12, ["bias.law=uniform", "bias.sigma=0.7"])):
        rc, _, err, _ = sim(2, path, "-q", "--fresh", "-o", f"{tmp}/m.h5", *set_keys(*keys))
        check(rc == 0, f"{what}: {rc} {err}")
        r = check_run(f"{tmp}/m.h5", what)
        check(r["kernel"]["kernels"] == kernels, f"{what}: {r['kernel']['kernels']} kernels")
        check(r["w1"]["alp"] > 1.5 * r["w1"]["kernel"], f"{what}: W1 {r['w1']}")


def vectors(tmp):
    """Overlaps of singular vectors: one kernel and several, with spikes; far nearer than alp, the same on every grid."""
    path = f"{tmp}/v.ini"
    with open(path, "w") as f:
        f.write("[experiment]\ntrials = 24\n[model]\nm = 150\npsi = 0.8\n[theory]\nlaws = alp, kernel, kernel_b\n"
                "[spectrum]\nvectors = blocks\nvector_blocks = 6\n" + samples(f"{tmp}/v.h5", 150, 180))
    for what, keys in (("one kernel", []), ("two kernels", ["bias.law=bernoulli"])):
        first = None
        for ranks in (1, 3):
            rc, _, err, _ = sim(ranks, path, "-q", "--fresh", "-o", f"{tmp}/o.h5", *set_keys(*keys))
            check(rc == 0, f"overlaps, {what}, {ranks} ranks: {rc} {err}")
            for line in departures(f"{tmp}/o.h5"):
                check(False, f"overlaps, {what}: {line}")
            with h5py.File(f"{tmp}/o.h5") as f:
                v = f["main/p0000/vectors"]
                found = {k: v[k][...] for k in v}
                balance = v["predicted_kernel"].attrs["balance"]
            first = first or found
            check(np.allclose(first["predicted_kernel"], found["predicted_kernel"], rtol=1e-5), f"{what}: {ranks} ranks differ")
        check(set(found) == {"overlap", "predicted_alp", "predicted_kernel", "z_score_alp", "z_score_kernel"}, f"{what}: {set(found)}")
        mean = found["overlap"].mean(axis=0)
        off = {k: np.sqrt(np.mean((mean / found[f"predicted_{k}"] - 1)**2)) for k in ("alp", "kernel")}
        check(off["kernel"] < 0.08 and off["alp"] > 3 * off["kernel"], f"{what}: off by {off}")
        check(np.allclose(found["predicted_kernel"].mean(axis=0), 1, atol=1e-6), f"{what}: columns do not have mean 1")
        check(balance < 0.02, f"{what}: balance {balance}")
        wrong = np.sqrt(np.mean((mean / found["predicted_kernel"][::-1] - 1)**2))
        check(wrong > 0.3, f"{what}: upside down fits as well: {wrong}")
        print(f"kernel_test: overlaps, {what}: off by {off}, balance {balance:.4f}", flush=True)


def errors(tmp):
    path = config(f"{tmp}/e.ini", samples(f"{tmp}/e.h5", 40, 30), 40, 1)
    weights = "bias.weights=" + ", ".join(["0.03125"] * 32)
    values = "bias.values=" + ", ".join(map(str, range(32)))
    cases = [
        (["--check"], ["spectrum.matrix=M"], "theory.laws: kernel is a law of K: spectrum.matrix must be K"),
        (["--check"], ["data.source=gaussian", "model.phi=1"],
         "theory.laws: kernel needs samples that stay over the trials: data.source must be one of idx"),
        (["--check"], ["bias.law=discrete", values, weights, "mixture.components=relu, tanh, erf", "mixture.probabilities=0.3, 0.3"],
         "theory.laws: kernel takes at most 64 pairs of a component and a bias, got 96: use fewer"),
    ]
    for ranks in (1, 3):
        for args, keys, words in cases:
            rc, _, err, _ = sim(ranks, path, "-o", f"{tmp}/never.h5", *args, *set_keys(*keys))
            lines = [l for l in err.splitlines() if l.startswith("nlrmt_sim: ")]
            check(rc == 2 and len(lines) == 1 and words in lines[0], f"{ranks} ranks: {words}: {rc} {err}")
    with h5py.File(f"{tmp}/long.h5", "w") as f:
        f["x"] = np.random.default_rng(1).normal(size=(33000, 2))
    rc, _, err, _ = sim(2, path, "-o", f"{tmp}/never.h5", *set_keys(f"data.path={tmp}/long.h5:/x", "model.m=33000"))
    check(rc == 4 and "theory.laws: kernel: m = 33000 with 1 kernel needs" in err and "model.m up to" in err, f"memory: {rc} {err}")
    for keys, words in ((["data.source=gaussian", "model.phi=1"], "theory.laws: kernel needs samples that stay"), ([], "nlrmt_sim measures them")):
        r = subprocess.run([THEORY, path, "-o", f"{tmp}/never.h5", *set_keys(*keys)], text=True, capture_output=True)
        check(r.returncode == 2 and words in r.stderr, f"nlrmt_theory: {r.stderr}")
    check(not os.path.exists(f"{tmp}/never.h5"), "an output although nothing ran")
    rc, out, _, _ = sim(2, path, "--plan", *set_keys("model.m=40"))
    once = [float(l.split("+")[1].split()[0]) for l in out.splitlines() if "s once: law kernel" in l]
    check(rc == 0 and len(once) == 1 and 0 < once[0] < 5, f"--plan: {rc} {out}")
    rc, _, err, _ = sim(2, path, "-o", f"{tmp}/cut.h5", "--time-limit", "0.0001")
    check(rc == 75 and "law kernel" not in err, f"time limit: {rc} {err}")
    rc, _, err, _ = sim(2, path, "-q", "-o", f"{tmp}/cut.h5", "--resume")
    check(rc == 0, f"resume: {rc} {err}")


with tempfile.TemporaryDirectory() as tmp:
    for part in (fashion, made, vectors, errors):
        part(tmp)
finish()
