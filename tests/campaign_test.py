#!/usr/bin/python3 -E
"""Groups of ranks that share the trials: whatever the split, the same file; stopped, failing and broken runs."""
import os
import re
import signal
import subprocess
import tempfile
import time

import h5py
import numpy as np

from contract import departures
from harness import PATIENCE, check, command, finish, sim
from sim_test import distance, eigenvalues

CONFIG = """\
[experiment]
name = campaign
trials = 7
[model]
m = 60
phi = 1.5
psi = 0.8
[bias]
law = gaussian
[theory]
laws = alp, alp_b
points = 200
[spectrum]
bins = 20
[panel sizes]
sweep.model.m = 40, 90
[panel wide]
model.psi = 2.5
spectrum.matrix = M
experiment.trials = 3
[panel much]
ridge.gamma = 0.1, 1
ridge.sigma_a = 1
ridge.n2 = 4
spectrum.stieltjes_z = 0.5+0.1i, -1
spectrum.stieltjes_mtilde = yes
spectrum.moments = 3
spectrum.cumulants = yes
[panel vectors]
spectrum.vectors = full
spectrum.vector_blocks = 5
[panel deep]
model.layers = 2
model.psi = 1.5
spectrum.layers = 1, 2
theory.laws = depth, depth_b
experiment.trials = 4
[panel bimodal]
data.source = bimodal
data.of = population
"""

# What depends on who computed, when and where; all else may differ by rounding only.
PROVENANCE = {"config", "started", "finished", "ranks", "hosts", "groups", "utilisation", "eigensolver", "grid", "block",
              "ranks_per_trial", "memory_plan_bytes", "memory_peak_bytes", "REFERENCE_LIST", "DIMENSION_LIST"}


def content(path):
    """Every number and text of a file but timings and provenance."""
    found = {}

    def add(name, obj):
        for k, v in obj.attrs.items():
            if k not in PROVENANCE:
                found[f"{name}@{k}"] = v
        if isinstance(obj, h5py.Dataset) and "timing/" not in name:
            found[name] = obj[...]

    with h5py.File(path, "r") as f:
        add("", f)
        f.visititems(add)
    return found


def scores(name):
    return "z_score" in name or "z_expected" in name  # differences of near equals, in their own noise


def differences(path, other):
    a, b = content(path), content(other)
    if a.keys() != b.keys():
        return [f"{other}: {sorted(a.keys() ^ b.keys())[:5]} in one only"]
    wrong = []
    for k in a:
        x, y = np.asarray(a[k]), np.asarray(b[k])
        if x.dtype.kind not in "fi":
            same = x.shape == y.shape and (x == y).all()
        elif x.shape != y.shape:
            same = False
        else:  # errors of certificates are rounding themselves
            tol = 1e-6 if scores(k) or "@" in k else 1e-9
            same = np.abs(x - y).max(initial=0) <= tol * max(np.abs(x).max(initial=0), 1)
        if not same:
            wrong.append(f"{other}:{k}: {x.ravel()[:4]} {y.ravel()[:4]}")
    return wrong


def one_file(tmp, config):
    """1, 2, 4, 6 ranks in groups of 1, 2, auto: the eigenvalues to rounding, the rest of the file too."""
    whole = f"{tmp}/one.h5"
    rc, _, err, _ = sim(1, config, "-o", whole)
    check(rc == 0, f"1 rank: {rc} {err}")
    for line in departures(whole):
        check(False, line)
    groups = {}
    for ranks, size in ((2, "1"), (2, "auto"), (4, "1"), (4, "2"), (4, "3"), (6, "2"), (6, "auto"), (6, "100")):
        out = f"{tmp}/n{ranks}of{size}.h5"
        rc, _, err, _ = sim(ranks, config, "-o", out, "-s", f"parallel.ranks_per_trial={size}")
        check(rc == 0, f"{ranks} ranks by {size}: {rc} {err}")
        for line in departures(out):
            check(False, line)
        for line in differences(whole, out):
            check(False, line)
        with h5py.File(out, "r") as f:
            groups[ranks, size] = f.attrs["groups"], f["sizes/p0000"].attrs["ranks_per_trial"]
            trial = f["sizes/p0001/trial"][...]
            check((trial == np.arange(7)).all(), f"trials in the order {trial}")
            check(0 < f.attrs["utilisation"] <= 1.01, f"utilisation {f.attrs['utilisation']}")
            n = {k: v for k, v in eigenvalues(out).items()}
        check(distance(eigenvalues(whole), n) < 1e-13, f"{ranks} by {size}: eigenvalues")
    check(groups[4, "1"] == (4, 1) and groups[4, "2"] == (2, 2) and groups[4, "3"] == (1, 4) and
          groups[6, "2"] == (3, 2) and groups[6, "100"] == (1, 6), f"groups {groups}")
    out = f"{tmp}/seed.h5"
    sim(2, config, "-o", out, "-s", "experiment.seed=2", "-s", "parallel.ranks_per_trial=1", "-p", "sizes")
    a, b = (h5py.File(x, "r")["sizes/p0000/eigenvalues"][...] for x in (whole, out))
    check(np.abs(a - b).max() > 1e-3, "another seed gives the same eigenvalues")


def images(tmp):
    """Samples from files: every group has its own copy, the law kernel is that of all ranks."""
    x = np.random.default_rng(1).standard_normal((80, 30))
    with h5py.File(f"{tmp}/data.h5", "w") as f:
        f["x"] = x
    config = f"{tmp}/images.ini"
    open(config, "w").write(f"[experiment]\ntrials = 5\n[model]\nm = 40\nn1 = 50\n[data]\nsource = hdf5\n"
                            f"path = {tmp}/data.h5:/x\n[theory]\nlaws = alp, kernel\npoints = 100\n"
                            "[panel a]\n[panel b]\nmodel.n1 = 60\n")
    files = [f"{tmp}/images{i}.h5" for i in range(3)]
    for out, ranks, size in zip(files, (1, 4, 4), ("auto", "1", "2")):
        rc, _, err, _ = sim(ranks, config, "-o", out, "-s", f"parallel.ranks_per_trial={size}")
        check(rc == 0, f"images on {ranks} by {size}: {rc} {err}")
    for out in files[1:]:
        for line in differences(files[0], out):
            check(False, line)


def stop_and_resume(tmp, config):
    """Stopped in one split, resumed in another: as if never stopped."""
    whole, cut = f"{tmp}/whole.h5", f"{tmp}/cut.h5"
    args = [config, "-p", "wide", "-s", "experiment.trials=600", "-s", "theory.laws=alp", "-s", "model.m=400"]
    rc, _, err, _ = sim(2, *args, "-o", whole, "-s", "parallel.ranks_per_trial=2")
    check(rc == 0, f"whole: {rc} {err}")
    rc, _, err, _ = sim(4, *args, "-o", cut, "-s", "parallel.ranks_per_trial=1", "--time-limit", 0.01)
    check(rc == 75 and len(re.findall("nlrmt_sim: ", err)) == 1, f"time limit: {rc} {err}")
    p = subprocess.Popen(command(3, *args, "-o", cut, "--resume", "-s", "parallel.ranks_per_trial=1"),
                         stderr=subprocess.PIPE, text=True)
    for line in p.stderr:
        if re.search(r"features|eigenvalues", line):  # the first trial has begun
            break
    time.sleep(1)
    p.send_signal(signal.SIGUSR1)
    err = p.communicate(timeout=60 * PATIENCE)[1]
    check(p.returncode in (0, 75), f"signal: {p.returncode} {err}")
    with h5py.File(cut, "r") as f:
        done = f["wide/p0000/trial"][...]
        check(len(set(done)) == len(done) > 0, "trials twice, or none")
    rc, _, err, _ = sim(4, *args, "-o", cut, "--resume", "-s", "parallel.ranks_per_trial=2")
    check(rc == 0, f"resume by 2: {rc} {err}")
    for line in differences(whole, cut):
        check(False, line)
    rc, _, err, _ = sim(2, *args, "-o", cut, "--resume", "-s", "model.sigma_w=2")
    check(rc == 2 and "another configuration" in err, f"another configuration: {rc} {err}")


def failing_trials(tmp, config):
    """Features that are not finite, in every group: recorded in order, status 5; other points are whole."""
    text = open(config).read() + '[panel bad]\nactivation.f = "sqrt(x)"\n'
    path = f"{tmp}/bad.ini"
    open(path, "w").write(text)
    for ranks, size in ((4, 1), (3, 2)):
        out = f"{tmp}/nan{ranks}.h5"
        rc, _, err, _ = sim(ranks, path, "-p", "bad", "-p", "wide", "-o", out, "-s", f"parallel.ranks_per_trial={size}")
        lines = [l for l in err.splitlines() if l.startswith("nlrmt_sim: ")]
        check(rc == 5 and len(lines) == 1 and "7 trials, laws or data spectra failed" in lines[0], f"{ranks} by {size}: {rc} {err}")
        with h5py.File(out, "r") as f:
            q = f["bad/p0000"]
            check(q.attrs["trials_done"] == 0 and q.attrs["trials_failed"] == 7, "failed trials are not counted")
            check(list(q["failures/trial"]) == list(range(7)) and b"not finite" in q["failures/reason"][0], "no reason")
            check(f["wide/p0000"].attrs["trials_done"] == 3, "the other point")


def lost_group(tmp):
    """A data file that goes away: the group that meets it ends the run, status 3, one line, what was done is kept."""
    for name, n in (("a", 50), ("b", 60)):
        open(f"{tmp}/{name}.txt", "w").write("\n".join(str(0.5 + i / n) for i in range(n)))
    path, out = f"{tmp}/lost.ini", f"{tmp}/lost.h5"
    open(path, "w").write("[experiment]\ntrials = 150\n[model]\nm = 200\nphi = 1.5\npsi = 0.8\n[data]\nsource = spectrum\n"
                          f"of = population\npath = {tmp}/a.txt\n[theory]\nlaws = alp\n[parallel]\nranks_per_trial = 1\n"
                          f"[panel a]\n[panel b]\ndata.path = {tmp}/b.txt\n")
    start = time.time()
    p = subprocess.Popen(command(3, path, "-o", out), stderr=subprocess.PIPE, text=True)
    for line in p.stderr:
        if "features" in line:
            break
    os.remove(f"{tmp}/b.txt")
    lines = [l for l in p.communicate(timeout=120 * PATIENCE)[1].splitlines() if l.startswith("nlrmt_sim: ")]
    check(p.returncode == 3 and len(lines) == 1 and "b.txt" in lines[0], f"lost group: {p.returncode} {lines}")
    check(time.time() - start < 100 * PATIENCE, "lost group: did not end at once")
    with h5py.File(out, "r") as f:
        check(f.attrs["complete"] == 0 and f["a/p0000"].attrs["trials_done"] > 100, "what was done is not kept")


def disk_full(tmp, config):
    """Rank 0 cannot save while the others compute: all end, status 4, one line, within seconds."""
    disk = f"{tmp}/disk"
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], capture_output=True).returncode:
        print("campaign_test: disk_full skipped: no right to mount a small disk here")
        return
    try:
        rc, _, err, seconds = sim(4, config, "-o", f"{disk}/full.h5", "-s", "parallel.ranks_per_trial=1", "-s", "spectrum.bins=60000")
        lines = [l for l in err.splitlines() if l.startswith("nlrmt_sim: ")]
        check(rc == 4 and len(lines) == 1 and "No space left" in lines[0], f"full disk: {rc} {err}")
        check(seconds < 60 * PATIENCE, f"full disk: ended after {seconds:.0f} s")
    finally:
        subprocess.run(["umount", disk], check=True)


def utilisation(tmp, config):
    """200 small trials on 4 ranks; --plan knows the groups."""
    args = [config, "-p", "bimodal", "-s", "experiment.trials=200", "-s", "theory.laws=alp", "-s",
            "parallel.ranks_per_trial=1"]
    out = f"{tmp}/many.h5"
    rc, _, err, _ = sim(4, *args, "-o", out)
    said = re.search(r"4 ranks in up to 4 groups: (\d+) % of the time in use", err)
    check(rc == 0 and said, f"200 trials: {rc} {err}")
    with h5py.File(out, "r") as f:
        check(said and abs(100 * f.attrs["utilisation"] - int(said[1])) <= 0.5 + 1e-9, f"{f.attrs['utilisation']} {said}")
        check(f.attrs["groups"] == 4 and f["bimodal/p0000"].attrs["ranks_per_trial"] == 1, "groups, ranks_per_trial")
        check((f["bimodal/p0000/trial"][...] == np.arange(200)).all(), "not every trial once, in order")
    rc, out, _, _ = sim(4, *args, "--plan")
    check(rc == 0 and re.search(r" 4x1 ", out), f"--plan: {out}")
    rc, _, err, _ = sim(2, config, "-s", "parallel.ranks_per_trial=0", "--plan")
    check(rc == 2 and "parallel.ranks_per_trial: must be" in err, f"0 ranks: {rc} {err}")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        config = f"{tmp}/campaign.ini"
        open(config, "w").write(CONFIG)
        for part in (one_file, stop_and_resume, failing_trials, disk_full, utilisation):
            part(tmp, config)
        images(tmp)
        lost_group(tmp)
    finish()


if __name__ == "__main__":
    main()
