#!/usr/bin/python3 -E
"""nlrmt_merge and nlrmt_watch: outputs of several tasks against that of one run; outputs being written."""
import os
import subprocess
import tempfile
import time

import h5py
import numpy as np

from contract import departures
from harness import PATIENCE, SIM, THEORY, TOOLS, check, finish

MERGE, WATCH = f"{TOOLS}/nlrmt_merge", f"{TOOLS}/nlrmt_watch"
CONFIG = """[experiment]
name = whole
trials = 6
[model]
phi = 1.5
psi = 0.8
m = 32
[activation]
f = relu
[bias]
law = gaussian
[spectrum]
stieltjes_z = 1+0.1i, -1
moments = 3
[theory]
laws = alp, alp_b, ps
points = 100
[panel sizes]
title = Two sizes
sweep.model.m = 24, 2^5
ridge.gamma = 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100
spectrum.stieltjes_mtilde = yes
[panel vectors]
spectrum.vectors = full
spectrum.vector_blocks = 8
[panel deep]
model.layers = 2
spectrum.layers = 1, 2
theory.laws = alp, depth, depth_b
ridge.gamma = 1
"""
SETS = {"low": ["experiment.trials=2"], "high": ["experiment.trials=4", "experiment.first_trial=2"],
        "seed": ["experiment.seed=2", "experiment.first_trial=10"], "other": ["model.psi=1", "experiment.first_trial=10"],
        "overlap": ["experiment.first_trial=1"]}


def run(*command, cwd=None):
    r = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120 * PATIENCE, cwd=cwd)
    return r.returncode, r.stdout, r.stderr


def sim(tmp, name, *options):
    """Single process; options as they are."""
    out = f"{tmp}/{name}.h5"
    rc, _, err = run(SIM, f"{tmp}/whole.ini", "-q", "-o", out, *options)
    check(rc in (0, 75), f"{name}: {rc} {err}")
    return out


def contents(path):
    """{path: (attributes, type, shape, maxshape, scales, values)} of everything that is no timing."""
    found, run_only = {}, {"started", "finished", "utilisation", "groups", "memory_peak_bytes", "merged_from", "DIMENSION_LIST",
                           "REFERENCE_LIST"}

    def take(name, node):
        a = {k: np.array(v).tolist() for k, v in node.attrs.items() if k not in run_only}
        if isinstance(node, h5py.Dataset):
            values = None if "/timing/" in name else node[...].tolist()
            found[name] = a, node.dtype, node.shape, node.maxshape, [[s.name for s in d.values()] for d in node.dims], values
        else:
            found[name] = (a,)
    with h5py.File(path, "r") as f:
        take("/", f)
        f.visititems(take)
    return found


def same(a, b, what):
    one, two = contents(a), contents(b)
    differ = [n for n in sorted(one.keys() | two.keys()) if str(one.get(n)) != str(two.get(n))]
    check(not differ, f"{what}: {len(differ)} of {len(one)} differ: {[(n, one.get(n), two.get(n)) for n in differ[:1]]}")


def merges(tmp, whole):
    """By panels, by trials, by both, in any order: to the bit what one run writes."""
    low, high = (sim(tmp, n, *(w for s in SETS[n] for w in ("-s", s))) for n in ("low", "high"))
    panels = [sim(tmp, p, "-p", p) for p in ("sizes", "vectors", "deep")]
    both = [sim(tmp, f"{n}_{p}", "-p", p, *(w for s in SETS[n] for w in ("-s", s))) for n in ("low", "high") for p in ("deep", "vectors")]
    for name, parts in (("by_panels", panels), ("by_trials", [high, low]), ("mixed", [panels[0], both[3], both[1], both[2], both[0]])):
        out = f"{tmp}/{name}.h5"
        rc, text, err = run(MERGE, out, *parts)
        check(rc == 0 and "wrote" in text and not err and not os.path.exists(f"{tmp}/{name}.ini"), f"{name}: {rc} {text} {err}")
        same(whole, out, name)
        check(not departures(out), f"{name}: {departures(out)[:3]}")
        rc, text, err = run(f"{TOOLS}/nlrmt_report", "--summary", out)
        check(rc == 0, f"{name}: report {rc} {err}")
    with h5py.File(f"{tmp}/by_trials.h5", "r") as f:
        check("high.h5" in str(f.attrs["merged_from"]) and "low.h5" in str(f.attrs["merged_from"]), "merged_from")
    uneven = f"{tmp}/uneven.h5"
    rc, _, err = run(MERGE, uneven, panels[0], both[0], both[1])
    check(rc == 0, f"a panel with more trials than the other: {rc} {err}")
    with h5py.File(uneven, "r") as f:
        done = [int(f[f"{p}/p0000"].attrs["trials_done"]) for p in ("sizes", "deep", "vectors")]
        check(done == [6, 2, 2] and f.attrs["complete"] == 1, f"uneven: {done}")
    rc, _, err = run(SIM, f"{tmp}/whole.ini", "-q", "--resume", "-o", f"{tmp}/by_trials.h5")
    check(rc == 0, f"a merged output is the whole's: {rc} {err}")


def incomplete(tmp, whole):
    """A hole, and a task that was stopped: status 75, and --resume makes the rest."""
    first = sim(tmp, "first", "-s", "experiment.trials=1")
    last = sim(tmp, "last", "-s", "experiment.trials=2", "-s", "experiment.first_trial=4")
    out, ini = f"{tmp}/holes.h5", f"{tmp}/holes.ini"
    rc, _, err = run(MERGE, out, last, first)
    check(rc == 75 and "trial 1 and 2 more" in err and len(err.splitlines()) == 1, f"hole: {rc} {err}")
    with h5py.File(out, "r") as f:
        check(f.attrs["complete"] == 0 and list(f["sizes/p0001/trial"]) == [0, 4, 5], "the hole is not in the file")
    rc, _, _ = run(WATCH, "--once", out)
    check(rc == 75, "nlrmt_watch takes a file with holes for complete")
    rc, _, err = run(SIM, ini, "-q", "--resume", "-o", out)
    check(rc == 0, f"the hole is not filled: {rc} {err}")
    with h5py.File(whole, "r") as f, h5py.File(out, "r") as g:
        a, b = f["sizes/p0000/eigenvalues"][...], g["sizes/p0000/eigenvalues"][...][np.argsort(g["sizes/p0000/trial"][...])]
        check(np.array_equal(a, b), "the hole is filled with other trials")
        check(g.attrs["complete"] == 1, "filled, but not complete")
    stopped = sim(tmp, "stopped", "-p", "deep", "--time-limit", "1e-6")
    rc, _, err = run(MERGE, f"{tmp}/half.h5", stopped, f"{tmp}/sizes.h5")
    check(rc == 75 and "deep/p0000" in err, f"an unfinished task: {rc} {err}")


def refusals(tmp):
    """One line that names files, key and remedy; nothing is written."""
    low = f"{tmp}/low.h5"
    for name, words in (("seed", ["seed: 1 and 2", "first_trial"]), ("other", ["[model] psi: 0.8 and 1"]),
                        ("overlap", ["trial 1 of panel sizes", "overlap"])):
        path = sim(tmp, f"bad_{name}", "-p", "sizes", *(w for s in SETS[name] for w in ("-s", s)))
        rc, _, err = run(MERGE, f"{tmp}/bad.h5", low, path)
        check(rc == 2 and len(err.splitlines()) == 1 and all(w in err for w in [low, path, *words]), f"{name}: {rc} {err}")
    open(f"{tmp}/text.h5", "w").write("no HDF5")
    run(THEORY, f"{tmp}/whole.ini", "-p", "sizes", "-o", f"{tmp}/theory.h5")
    for part, status, word in (("text", 3, "cannot read"), ("theory", 3, "not an output of nlrmt_sim"), ("absent", 3, "cannot read")):
        rc, _, err = run(MERGE, f"{tmp}/bad.h5", low, f"{tmp}/{part}.h5")
        check(rc == status and word in err and len(err.splitlines()) == 1, f"{part}: {rc} {err}")
    rc, _, err = run(MERGE, low, f"{tmp}/high.h5")
    check(rc == 2 and "exists already" in err, f"an existing output: {rc} {err}")
    check(not [x for x in os.listdir(tmp) if x.startswith("bad.h5") or ".tmp." in x], "something was left behind")


def watching(tmp, whole):
    rc, out, err = run(WATCH, "--once", whole)
    check(rc == 0 and "complete, 24 of 24 trials" in out and out.count("6/6") == 4 and not err, f"complete: {rc} {out} {err}")
    rc, out, err = run(WATCH, whole)
    check(rc == 0 and "100 %" in out, f"a finished one is not waited for: {rc} {out} {err}")
    rc, _, err = run(WATCH, "--once", f"{tmp}/absent.h5")
    check(rc == 3 and len(err.splitlines()) == 1, f"absent: {rc} {err}")
    path = f"{tmp}/live.h5"
    watcher = subprocess.Popen([WATCH, "-i", "0.2", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    runner = subprocess.Popen([SIM, f"{tmp}/whole.ini", "-q", "-p", "sizes", "-s", "experiment.trials=150", "-s",
                               "spectrum.stieltjes_mtilde=no", "-s", "ridge.gamma=1", "-o", path])
    looks = []
    while runner.poll() is None:
        if os.path.exists(path):
            looks.append(run(WATCH, "--once", path))
        time.sleep(0.1)
    rc, out, err = run(WATCH, "--once", path)
    said = watcher.communicate(timeout=60 * PATIENCE)[0]
    check(runner.returncode == 0 and rc == 0 and "300 of 300" in out, f"after the run: {rc} {out} {err}")
    check(looks and all(r in (0, 75) and not e for r, _, e in looks) and looks[0][0] == 75, f"while it runs: {looks[:2]}")
    check(watcher.returncode == 0 and "100 %" in said.splitlines()[-1], f"the watcher ends with the run: {said}")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        with open(f"{tmp}/whole.ini", "w") as f:
            f.write(CONFIG)
        whole = sim(tmp, "whole")
        merges(tmp, whole)
        incomplete(tmp, whole)
        refusals(tmp)
        watching(tmp, whole)
    finish()


if __name__ == "__main__":
    main()
