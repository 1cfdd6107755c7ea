#!/usr/bin/python3 -E
"""Several layers in nlrmt_sim: the same on any ranks, layer 1 that of a shallow network, batch norm a scale, ridge at
every layer, the laws depth and depth_b nearer than ps, stopped and resumed, and what is refused."""
import tempfile

import h5py
import numpy as np

from contract import departures
from harness import check, finish, sim

CONFIG = """\
[experiment]
name = net
trials = 4
[model]
m = 240
phi = 1
psi = 2
layers = 3
[activation]
f = abs_centred
[bias]
law = gaussian
sigma = 0.5
[spectrum]
matrix = M
layers = 1, 2
[theory]
laws = ps, depth, depth_b
points = 300
[ridge]
gamma = 0.1, 1
"""


def layers(path):
    """Eigenvalues of every layer that is there, ridge errors, measured rows."""
    with h5py.File(path) as f:
        q, found = f["main/p0000"], {}
        for n, g in [*q["layers"].items(), (str(q.attrs["layer"]), q)] if "layers" in q else [(str(q.attrs["layer"]), q)]:
            found[f"eigenvalues {n}"] = g["eigenvalues"][...]
            if "ridge" in g:
                found[f"ridge {n}"] = g["ridge/train_error"][...]
        if "network" in q:
            found["mean"] = q["network/mean_preactivation"][...]
            found["variance"] = q["network/input_variance"][...]
    return found


def far(a, b, tolerance):
    if a.keys() != b.keys():
        return "other datasets"
    worst = max(np.abs(a[k] - b[k]).max() / np.abs(a[k]).max() for k in a)
    return worst if worst > tolerance else 0


def set_keys(*keys):
    return [x for k in keys for x in ("-s", k)]


def same_on_ranks(tmp, config):
    first = None
    for ranks in (1, 2, 3, 4):
        out = f"{tmp}/n{ranks}.h5"
        rc, _, err, _ = sim(ranks, config, "-o", out)
        check(rc == 0, f"{ranks} ranks: status {rc}: {err}")
        for line in departures(out):
            check(False, line)
        found = layers(out)
        first = first or found
        check(not far(first, found, 1e-10), f"{ranks} ranks: differ from 1 rank by {far(first, found, 1e-10)}")
        check(len(found) == 8 and found["mean"].shape == (4, 360), f"{ranks} ranks: {list(found)}")
    return first


def oracles(tmp, config, whole):
    out = f"{tmp}/shallow.h5"
    rc, _, err, _ = sim(2, config, "-o", out, *set_keys("model.layers=1", "spectrum.layers=1", "theory.laws=ps"))
    shallow = layers(out)
    check(rc == 0 and not far({"a": whole["eigenvalues 1"], "b": whole["ridge 1"]},
                              {"a": shallow["eigenvalues 1"], "b": shallow["ridge 1"]}, 1e-10), "layer 1 is not the shallow network's: " + err)
    check(far({"a": whole["eigenvalues 2"]}, {"a": whole["eigenvalues 1"]}, 1e-3), "layers 1 and 2 are the same")
    # Batch norm scales layer 1; what follows has other inputs.
    out = f"{tmp}/bn.h5"
    rc, _, err, _ = sim(2, config, "-o", out, *set_keys("model.batch_norm=yes"))
    norm = layers(out)
    ratio = norm["eigenvalues 1"] / whole["eigenvalues 1"]
    check(rc == 0 and np.ptp(ratio, axis=1).max() < 1e-9 and np.ptp(ratio) > 1e-4, f"batch norm is no scale: {np.ptp(ratio, axis=1)} {err}")
    trace = norm["eigenvalues 3"].sum(axis=1) / 120  # mean square of an entry = variance + square of the mean
    check(np.abs(trace - 1).max() < 0.02, f"batch norm: tr M/n1 = {trace}")
    # Widths: more samples than units and fewer, in one network.
    out = f"{tmp}/widths.h5"
    rc, _, err, _ = sim(3, config, "-o", out, *set_keys("model.widths=120, 300, 100", "spectrum.matrix=K"))
    check(rc == 0, f"widths: {rc} {err}")
    for line in departures(out):
        check(False, line)
    mixed = layers(out)
    shapes = [mixed[f"eigenvalues {n}"].shape[1] for n in (1, 2, 3)]
    check(shapes == [120, 240, 100] and (mixed["eigenvalues 3"] > 1e-6).all(), f"widths: {shapes}")
    check(np.allclose(mixed["eigenvalues 1"], whole["eigenvalues 1"] * 2, rtol=1e-9), "widths: layer 1 of K is not that of M")


def laws(path):
    """At every layer: mean W1 by law; the laws' training errors against the measured ones."""
    with h5py.File(path) as f:
        q = f["main/p0000"]
        for n, g in [*q["layers"].items(), ("3", q)]:
            w = {law: g[f"distance/{law}/wasserstein1"].attrs["mean"] for law in g["theory"]}
            check(w["depth"] < 0.8 * w["ps"] and w["depth_b"] < 0.7 * w["ps"], f"layer {n}: {w}")
            off = {law: np.abs(g[f"ridge/predicted_{law}"][...].reshape(-1, 2).mean(0) / g["ridge/expected"][...].mean(0) - 1).max()
                   for law in g["theory"]}
            check(off["depth_b"] < 0.02 and off["depth_b"] < off["ps"], f"layer {n}: training errors off {off}")


def resumed(tmp, config, whole):
    out = f"{tmp}/stop.h5"
    rc, _, err, _ = sim(2, config, "-o", out, "--time-limit", "0.00001")
    check(rc == 75, f"time limit 0: {rc} {err}")
    rc, _, err, _ = sim(3, config, "-o", out, "--resume")
    check(rc == 0 and not far(whole, layers(out), 1e-10), f"resumed: {rc} {err}")
    with h5py.File(out, "r+") as f:  # as if stopped after two trials
        q = f["main/p0000"]
        for g in (q, q["layers/1"], q["layers/2"]):
            g.attrs["complete"] = 0
            g.visititems(lambda n, d: isinstance(d, h5py.Dataset) and d.maxshape[:1] == (None,) and d.resize(2, axis=0))
        f.attrs["complete"] = 0
    rc, _, err, _ = sim(2, config, "-o", out, "--resume")
    check(rc == 0 and not far(whole, layers(out), 1e-10), f"resumed after two trials: {rc} {err}")


def refused(tmp, config):
    bad = {"model.layers=0": "model.layers", "model.widths=100, 200": "model.widths", "model.widths=1.5, 2, 3": "model.widths",
           "model.widths=60, 60, 60": "model.widths", "spectrum.layers=2, 1": "spectrum.layers", "spectrum.layers=4": "spectrum.layers",
           "spectrum.vectors=blocks": "model.layers", "ridge.sigma_a=1": "model.layers", "model.psi=1 -s model.widths=9, 9, 9": "model.widths"}
    for setting, key in bad.items():
        for ranks in (1, 4):
            out = f"{tmp}/bad.h5"
            rc, _, err, _ = sim(ranks, config, "-o", out, "--check", "-s", *setting.split(" -s ", 1)[:1],
                                *(["-s", setting.split(" -s ", 1)[1]] if " -s " in setting else []))
            lines = [x for x in err.splitlines() if x.startswith("nlrmt_sim:")]
            check(rc == 2 and len(lines) == 1 and f"{key}: " in lines[0], f"{setting}, {ranks} ranks: {rc} {err}")
    for ranks in (1, 4):  # a layer without variance, seen in the run at the latest
        out = f"{tmp}/constant{ranks}.h5"
        rc, _, err, _ = sim(ranks, config, "-o", out, *set_keys(
            "activation.f=step", "bias.law=discrete", "bias.values=1000", "bias.weights=1",
            "model.batch_norm=yes", "theory.laws=ps"))
        check(rc == 2 and "model.batch_norm: " in err and "layer 1" in err, f"constant layer, {ranks} ranks: {rc} {err}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as tmp:
        config = f"{tmp}/net.ini"
        with open(config, "w") as f:
            f.write(CONFIG)
        whole = same_on_ranks(tmp, config)
        laws(f"{tmp}/n2.h5")
        oracles(tmp, config, whole)
        resumed(tmp, config, whole)
        refused(tmp, config)
    finish()
