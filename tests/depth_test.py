#!/usr/bin/python3 -E
"""The law depth of nlrmt_theory against layers drawn with numpy, which shares nothing with the program: spectra and
outliers of three layers with biases, with and without batch norm; the file's layout."""
import csv
import io
import os
import subprocess
import tempfile

import h5py
import numpy as np

from contract import departures
from harness import PATIENCE, THEORY, check, finish

SHOW = ["-s", "spectrum.layers=1,2,3"]

CONFIG = """\
[model]
m = {m}
n0 = {n0}
layers = 3
widths = {widths}
sigma_w = {sigma_w}
batch_norm = {batch_norm}
[activation]
f = {f}
[bias]
law = {bias}
sigma = {sigma}
[theory]
laws = {laws}
[data]
source = {data}
"""


def theory(*args):
    """(exit status, stdout, stderr)"""
    r = subprocess.run([THEORY, *map(str, args)], text=True, capture_output=True, timeout=100 * PATIENCE, stdin=subprocess.DEVNULL)
    return r.returncode, r.stdout, r.stderr


def layers(rng, f, m, n0, widths, sigma_w, draw_bias, batch_norm):
    """Per layer: eigenvalues of K without its rows' means, n of them beside the zeros; the largest with them."""
    y, out = rng.standard_normal((n0, m)), []
    for n in widths:
        w = rng.standard_normal((n, len(y))) * (sigma_w / np.sqrt(len(y)))
        y = f(w @ y + draw_bias(rng, n)[:, None])
        if batch_norm:
            y /= y.std()
        c = y - y.mean(axis=1, keepdims=True)
        small = c @ c.T if n < m else c.T @ c
        whole = y @ y.T if n < m else y.T @ y
        out.append((np.linalg.eigvalsh(small) / n, np.linalg.eigvalsh(whole)[-1] / n))
    return out


def wasserstein(samples, m, lam, cdf):
    """W1 of eigenvalues, m of them with their zeros, against a law's table."""
    x = np.sort(np.concatenate([np.pad(s, (m - len(s), 0)) for s in samples]))
    grid = np.linspace(0, 1.05 * max(x[-1], lam[-1]), 200001)
    fn = np.searchsorted(x, grid, side="right") / len(x)
    return np.abs(fn - np.interp(grid, lam, cdf, left=cdf[0], right=1)).sum() * (grid[1] - grid[0])


def predicted(path, law):
    """[(lambda, cdf, outlier)] of layers 1, 2, 3."""
    with h5py.File(path) as f:
        q = f["main/p0000"]
        groups = [q["layers/1"], q["layers/2"], q]
        check([int(g.attrs["layer"]) for g in groups] == [1, 2, 3], "layers of the groups")
        t = [g["theory/" + law] for g in groups]
        return [(x["lambda"][...], x["cdf"][...], float(x.attrs["outlier"])) for x in t]


def compare(folder, what, function, gain, trials, outlier=None, **keys):
    """Drawn layers: at least `gain` times nearer to depth than to ps beyond the first layer, and near."""
    config, out = os.path.join(folder, "c.ini"), os.path.join(folder, what + ".h5")
    with open(config, "w") as g:
        g.write(CONFIG.format(laws="ps, depth", data="gaussian", **keys))
    rc, _, err = theory(config, *SHOW, "-o", out, "-q")
    check(rc == 0, f"{what}: {err}")
    for line in departures(out, theory=True):
        check(False, f"{what}: {line}")
    m, sigma, widths = keys["m"], keys["sigma"], [int(n) for n in keys["widths"].split(",")]
    draw = {"none": lambda rng, n: np.zeros(n), "gaussian": lambda rng, n: sigma * rng.standard_normal(n),
            "bernoulli": lambda rng, n: sigma * (rng.random(n) < 0.5)}[keys["bias"]]
    rng = np.random.default_rng(7)
    drawn = [layers(rng, function, m, keys["n0"], widths, keys["sigma_w"], draw, keys["batch_norm"] == "yes") for _ in range(trials)]
    for l, (depth, ps) in enumerate(zip(predicted(out, "depth"), predicted(out, "ps"))):
        samples = [d[l][0] for d in drawn]
        mean = sum(s.sum() for s in samples) / m / trials
        w = [wasserstein(samples, m, *law[:2]) / mean for law in (depth, ps)]
        top = np.array([d[l][1] for d in drawn])
        check(w[0] < 0.04, f"{what}, layer {l + 1}: W1/mean {w[0]:.4f} to depth")
        check(l == 0 or w[0] * gain < w[1], f"{what}, layer {l + 1}: {w[0]:.4f} to depth, {w[1]:.4f} to ps")
        if outlier:
            check(abs(top.mean() / depth[2] - 1) < outlier, f"{what}, layer {l + 1}: largest {top.mean():.4g}, {depth[2]:.4g}")


def draws(folder):
    c1 = 1 / np.sqrt(1.25 * (1 - 2 / np.pi))
    c2 = c1 * np.sqrt(1.25 * 2 / np.pi)
    compare(folder, "abs_centred", lambda x: c1 * np.abs(x) - c2, 3, 8, outlier=0.2, f="abs_centred", m=600, n0=600,
            widths="300,300,300", sigma_w=1, bias="gaussian", sigma=0.5, batch_norm="no")
    compare(folder, "relu_norm", lambda x: np.maximum(x, 0), 8, 6, outlier=0.1, f="relu", m=300, n0=450,
            widths="360,240,400", sigma_w=1.5, bias="gaussian", sigma=1, batch_norm="yes")
    compare(folder, "tanh_coin", np.tanh, 8, 6, f="tanh", m=300, n0=240, widths="300,200,300", sigma_w=1.2,
            bias="bernoulli", sigma=1, batch_norm="no")


def told(folder):
    """The table names the layers, the CSV their paths; what cannot be is told in one line."""
    config = os.path.join(folder, "t.ini")
    keys = dict(m=100, n0=100, widths="80,90,70", sigma_w=1, bias="none", sigma=1, batch_norm="no", f="tanh")
    with open(config, "w") as g:
        g.write(CONFIG.format(laws="depth", data="gaussian", **keys))
    rc, out, err = theory(config, *SHOW, "-o", os.path.join(folder, "t.h5"))
    check(rc == 0 and all(f"layer {l} of 3" in out for l in (1, 2, 3)), f"{rc} {out} {err}")
    rc, out, err = theory(config, "-s", "spectrum.layers=2", "--csv")
    check({r["point"] for r in csv.DictReader(io.StringIO(out))} == {"p0000/layers/2", "p0000"}, f"{rc} {out[:200]} {err}")
    for key, words in (("theory.laws=depth_b", ("depth_b", "nlrmt_sim")), ("activation.f=\"x^300\"", ("x^300",))):
        rc, out, err = theory(config, "-s", key, "--csv")
        check(rc == 2 and err.count("\n") == 1 and all(w in err for w in words), f"{key}: {rc} {err}")


with tempfile.TemporaryDirectory() as scratch:
    draws(scratch)
    told(scratch)
finish()
