#!/usr/bin/python3 -E
"""Overlaps of the singular vectors of X and F through nlrmt_sim: same on every grid, against the prediction, bad input."""
import os
import tempfile

import h5py
import numpy as np

from contract import departures
from harness import check, finish, sim

CONFIG = """\
[experiment]
name = vectors
trials = 3
[model]
m = 130
phi = 1.5
psi = 0.8
[bias]
law = gaussian
[spectrum]
vectors = full
vector_blocks = 6
[theory]
laws = alp
[panel main]
[panel null]
model.phi = 0.5
model.psi = 0.25
spectrum.vectors = blocks
"""


def maps(path, panel="main"):
    with h5py.File(path, "r") as f:
        q = f[panel]["p0000/vectors"]
        return {k: q[k][...] for k in q}


def good_runs(tmp, config):
    first = None
    for ranks, more in ((1, []), (2, []), (3, []), (4, []), (2, ["-s", "parallel.eigensolver=elpa2"]),
                        (4, ["-s", "parallel.block=8"])):
        out = f"{tmp}/n{ranks}.h5"
        rc, _, err, _ = sim(ranks, config, "--fresh", "-o", out, *more)
        if more and "not in this program" in err:
            continue
        check(rc == 0, f"{ranks} ranks {more}: status {rc}: {err}")
        for line in departures(out):
            check(False, line)
        now = maps(out)
        first = first or now
        check(np.allclose(first["overlap"], now["overlap"], rtol=1e-8, atol=1e-10), f"{ranks} ranks {more}: other overlaps")
        check(np.allclose(first["full"], now["full"], atol=1e-8), f"{ranks} ranks {more}: other vectors or signs")
        null = maps(out, "null")
        sums = null["overlap"].mean(axis=1)  # blocks of 21 or 22 of 130
        check(np.allclose(sums, 1, atol=0.03), f"{ranks} ranks: null space, columns {sums}")
    m, full = 130, first["full"]
    check(np.allclose(full @ full.T, np.eye(m), atol=1e-10), "the matrix of overlaps is not orthogonal")
    full = full[:, :-1]  # without the outlier's
    place, place2 = np.arange(m) * 6 // m, np.arange(m - 1) * 6 // (m - 1)
    means = np.array([[m * (full[place == r][:, place2 == c]**2).mean() for c in range(6)] for r in range(6)])
    check(np.allclose(means, first["overlap"][0], rtol=1e-10), "block means are not those of the matrix")


def prediction(tmp, config):
    out = f"{tmp}/many.h5"
    rc, _, err, _ = sim(2, config, "-q", "-o", out, "-s", "model.m=360", "-s", "experiment.trials=24", "-s",
                        "spectrum.vectors=blocks")
    check(rc == 0, f"{rc} {err}")
    for panel in ("main", "null"):
        q = maps(out, panel)
        measured, predicted = q["overlap"].mean(axis=0), q["predicted_alp"]
        check(np.allclose(predicted.mean(axis=0), 1, atol=1e-3), f"{panel}: predicted columns {predicted.mean(axis=0)}")
        off = np.abs(measured / predicted - 1)
        check(off.max() < 0.12 and np.sqrt((off**2).mean()) < 0.05, f"{panel}: off by {off.max()}\n{measured}\n{predicted}")
        wrong = np.abs(measured / predicted[::-1] - 1).max()
        check(wrong > 0.3, f"{panel}: upside down fits as well: {wrong}")
        d = q["overlap"] - predicted
        z = d.mean(axis=0) / d.std(axis=0, ddof=1) * 24**.5
        check(np.allclose(q["z_score_alp"], z, rtol=1e-8), f"{panel}: z_score")


def resume(tmp, config):
    whole, cut = f"{tmp}/whole.h5", f"{tmp}/cut.h5"
    args = [config, "-p", "main", "-s", "experiment.trials=60", "-s", "model.m=260"]
    sim(2, *args, "-q", "-o", whole)
    rc, _, err, _ = sim(2, *args, "-o", cut, "--time-limit", 0.005)
    check(rc == 75, f"time limit: {rc} {err}")
    rc, _, err, _ = sim(2, *args, "-o", cut, "--resume")
    a, b = maps(whole), maps(cut)
    check(rc == 0 and all(np.allclose(a[k], b[k], rtol=1e-7, atol=1e-9) for k in a), f"cut and resumed differs: {rc} {err}")


def bad_input(tmp, config):
    for ranks in (1, 4):
        for words, more in (("needs m <= n1", ["-s", "model.psi=3"]), ("ridge.gamma", ["-s", "ridge.gamma=1"]),
                            ("vector_blocks", ["-s", "spectrum.vector_blocks=131"]),
                            ("must be one of no, blocks, full", ["-s", "spectrum.vectors=all"])):
            rc, _, err, _ = sim(ranks, config, "-p", "main", "-o", f"{tmp}/never.h5", *more)
            lines = [l for l in err.splitlines() if l.startswith("nlrmt_sim: ")]
            check(rc == 2 and len(lines) == 1 and words in lines[0], f"{ranks} ranks {more}: {rc} {lines}")
    check(not os.path.exists(f"{tmp}/never.h5"), "a refused run made an output")


def skipped_panel(tmp, config):
    """A panel whose file is absent is skipped, recorded, and told by the exit status; alone it is an error."""
    path, out = f"{tmp}/skip.ini", f"{tmp}/skip.h5"
    open(path, "w").write(open(config).read() + f"""[panel absent]
data.source = idx
data.path = {tmp}/nothing-here.gz
model.m = 100
""".replace("model.m = 100", "model.phi = 1"))
    for ranks in (1, 4):
        rc, _, err, _ = sim(ranks, path, "--fresh", "-o", out)
        check(rc == 3 and "panel absent was skipped" in err and "tools/get_data" in err, f"{ranks} ranks: {rc} {err}")
        with h5py.File(out) as f:
            check("nothing-here.gz" in str(f["absent"].attrs["skipped"]) and f.attrs["complete"] == 1, "not recorded")
            check("p0000" not in f["absent"] and f["main/p0000"].attrs["trials_done"] == 3, "the other panels are not done")
        rc, _, err, _ = sim(ranks, path, "-p", "absent", "-o", f"{tmp}/never.h5")
        check(rc == 3 and "cannot open" in err, f"{ranks} ranks, alone: {rc} {err}")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        config = f"{tmp}/vectors.ini"
        open(config, "w").write(CONFIG)
        for part in (good_runs, prediction, resume, bad_input, skipped_panel):
            part(tmp, config)
    finish()


if __name__ == "__main__":
    main()
