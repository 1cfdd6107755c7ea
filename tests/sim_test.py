#!/usr/bin/python3 -E
"""nlrmt_sim as its users run it: on 1 to 64 ranks, with good and bad input, stopped and resumed."""
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

CONFIG = """\
[experiment]
name = small
trials = 3
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


def eigenvalues(path):
    with h5py.File(path, "r") as f:
        return {q.name: q["eigenvalues"][...] for p in f.values() for n, q in p.items() if n != "index"}


def distance(a, b):
    return max(np.abs(a[k] - b[k]).max() / np.abs(a[k]).max() for k in a) if a.keys() == b.keys() else np.inf


def good_runs(tmp, config):
    first = None
    for ranks in (1, 2, 3, 4):
        out = f"{tmp}/n{ranks}.h5"
        rc, _, err, _ = sim(ranks, config, "-o", out)
        check(rc == 0, f"{ranks} ranks: status {rc}: {err}")
        for line in departures(out):
            check(False, line)
        with h5py.File(out, "r") as f:
            check(f.attrs["ranks"] == ranks, f"asked for {ranks} ranks, file says {f.attrs['ranks']}")
            check(f["wide/index"].shape == (2, 5), "index of the sweep")
        spectrum = eigenvalues(out)
        first = first or spectrum
        check(distance(first, spectrum) < 150 * 2.3e-16 * 4, f"{ranks} ranks: {distance(first, spectrum)}")
    out = f"{tmp}/seed.h5"
    sim(2, config, "-o", out, "--set", "experiment.seed=2")
    check(distance(first, eigenvalues(out)) > 1e-3, "another seed gives the same eigenvalues")
    for solver, ranks in (("lapack", 1), ("scalapack", 4), ("elpa2", 4), ("band", 1), ("band", 4)):
        out = f"{tmp}/{solver}{ranks}.h5"
        rc, _, err, _ = sim(ranks, config, "-o", out, "-q", "-s", f"parallel.eigensolver={solver}",
                            "-s", "parallel.block=16")
        if solver == "elpa2" and "not built" in err:
            continue
        check(rc == 0 and not [l for l in err.splitlines() if "nlrmt" in l], f"{solver}: {rc} {err}")
        check(rc == 0 and distance(first, eigenvalues(out)) < 150 * 2.3e-16 * 4, f"{solver} differs")
    out = f"{tmp}/n64.h5"
    rc, _, err, _ = sim(64, config, "-o", out, "-p", "gaussian", "-s", "experiment.trials=1")
    check(rc == 0, f"64 ranks: {rc} {err[-2000:]}")
    few = eigenvalues(out)
    check(distance({k: first[k][:1] for k in few}, few) < 1e-13, "64 ranks differ")


def physics(tmp, config):
    """At m = 600 the right law given the biases is several times nearer than the averaged one."""
    out = f"{tmp}/physics.h5"
    rc, _, err, _ = sim(2, config, "-o", out, "-p", "gaussian", "-s", "model.m=600", "-s", "spectrum.matrix=M")
    with h5py.File(out, "r") as f:
        q = f["gaussian/p0000"]
        w1 = {law: d["wasserstein1"].attrs["mean"] for law, d in q["distance"].items()}
        outlier = q["distance/alp_b/outlier_measured"][...] / q["distance/alp_b/outlier_predicted"][...]
    check(w1["alp_b"] < 0.01 and w1["ps_b"] > 5 * w1["alp_b"], f"W1 {w1}")
    check(np.abs(outlier - 1).max() < 0.02, f"outlier measured/predicted {outlier}")


def bad_input(tmp, config):
    text = open(config).read()

    def variant(name, old, new):
        path = f"{tmp}/{name}.ini"
        open(path, "w").write(text.replace(old, new))
        return path

    taken, other = f"{tmp}/taken.h5", f"{tmp}/notes.h5"
    sim(1, config, "-q", "-o", taken, "-p", "gaussian", "-s", "experiment.trials=1")
    open(other, "w").write("these are notes, not HDF5\n" * 40)
    o = ["-o", f"{tmp}/never.h5"]
    cases = [
        (2, "cannot open", ["/nonexistent/x.ini"]),
        (2, "no configuration", []),
        (2, "unknown option", ["--frist", config]),
        (2, r"unknown\.ini:5: model\.sigmaw: unknown key.*model\.sigma_w",
         [variant("unknown", "m = 150\n", "sigmaw = 1\nm = 150\n"), *o]),
        (2, r"zero\.ini:5: model\.m: ", [variant("zero", "m = 150", "m = 0"), *o]),
        (2, r"negative\.ini:6: model\.phi: must be > 0, got -1", [variant("negative", "phi = 1.5", "phi = -1"), *o]),
        (2, r"junk\.ini:7: model\.psi: ", [variant("junk", "psi = 0.8", "psi = 0.8x"), *o]),
        (2, "model.psi: must be > 0", [config, "-s", "model.psi=0", *o]),
        (2, "nopanel", [config, "-p", "nopanel", *o]),
        (2, "--resume and --fresh", [config, "--resume", "--fresh", *o]),
        (2, "--time-limit", [config, "--time-limit", "soon", *o]),
        (2, "exists already: --resume continues it, --fresh", [config, "-o", taken]),
        (2, "another configuration", [config, "--resume", "-o", taken]),
        (4, "not an HDF5 file", [config, "--resume", "-o", other]),
        (4, r"gaussian/p0000: m = 4194304 needs .* use more nodes, or model\.m up to", [config, "-s", "model.m=2^22", *o]),
        (4, "notes.h5", [config, "-o", f"{other}/x.h5"]),
        (4, "cannot", [config, "-o", "/proc/nlrmt/x.h5"]),
    ]
    for ranks in (1, 4):
        start = sim(ranks, "--version")[3]  # what MPI itself takes: a slow name server costs seconds
        for status, words, args in cases:
            rc, out, err, seconds = sim(ranks, *args)
            lines = [l for l in err.splitlines() if l.startswith("nlrmt_sim: ")]
            label = f"{ranks} ranks {args[-3:]}: "
            check(rc == status, f"{label}status {rc}, expected {status}: {err}")
            check(len(lines) == 1 and re.search(words, lines[0]), f"{label}{words!r} in {lines}")
            check(seconds < start + 8 * PATIENCE, f"{label}took {seconds:.1f} s, --version {start:.1f} s")
        check(not os.path.exists(f"{tmp}/never.h5"), "a refused run made an output")
    check(distance(eigenvalues(taken), eigenvalues(taken)) == 0, "the existing output was harmed")


def modest_runs(tmp, config):
    rc, out, _, _ = sim(2, config, "--plan")
    check(rc == 0 and "GiB" in out and "wide" in out and "p0001" in out, f"--plan: {out}")
    rc, out, _, _ = sim(2, config, "--check")
    check(rc == 0 and out.startswith(config), f"--check: {out}")
    rc, out, _, _ = sim(2, "--help")
    check(rc == 0 and out.count("Exit status") == 1 and "model" in out, f"--help: {out[:300]}")
    rc, out, _, _ = sim(2, "--version")
    check(rc == 0 and "OpenBLAS" in out and "HDF5" in out, f"--version: {out}")
    rc, out, err, _ = sim(2, config, "-q", "-o", f"{tmp}/quiet.h5", "-p", "gaussian")
    check(rc == 0 and out == "" and err == "", f"-q says {out} {err}")
    rc, _, err, _ = sim(2, config, "--fresh", "-o", f"{tmp}/quiet.h5", "-p", "gaussian")
    check(rc == 0 and os.path.exists(f"{tmp}/quiet.h5.1"), "--fresh does not move the old file aside")


def failing_trials(tmp, config):
    """Features that are not finite: every trial is recorded as failed, status 5, one line, no hang."""
    out = f"{tmp}/nan.h5"
    for ranks in (1, 4):
        rc, _, err, _ = sim(ranks, config, "--fresh", "-p", "gaussian", "-s", 'activation.f="sqrt(x)"', "-o", out)
        lines = [l for l in err.splitlines() if l.startswith("nlrmt_sim: ")]
        check(rc == 5 and len(lines) == 1 and "3 trials, laws or data spectra failed" in lines[0], f"{ranks} ranks: {rc} {err}")
        with h5py.File(out, "r") as f:
            q = f["gaussian/p0000"]
            check(q.attrs["trials_done"] == 0 and q.attrs["trials_failed"] == 3, "failed trials are not counted")
            check(b"not finite" in q["failures/reason"][0] and list(q["failures/trial"]) == [0, 1, 2], "no reason")


def stop_and_resume(tmp, config):
    whole, cut = f"{tmp}/whole.h5", f"{tmp}/cut.h5"
    args = [config, "-p", "gaussian", "-s", "experiment.trials=200", "-s", "model.m=400"]
    sim(2, *args, "-q", "-o", whole)
    rc, _, err, _ = sim(2, *args, "-o", cut, "--time-limit", 0.01)
    check(rc == 75 and "--resume" in err, f"time limit: {rc} {err}")
    env = dict(os.environ)
    for number in (signal.SIGUSR1, signal.SIGUSR1):
        p = subprocess.Popen(command(2, *args, "-o", cut, "--resume"), stderr=subprocess.PIPE, env=env, text=True)
        time.sleep(2 * PATIENCE)
        p.send_signal(number)
        err = p.communicate(timeout=60 * PATIENCE)[1]
        check(p.returncode in (0, 75), f"signal {number}: {p.returncode} {err}")
        with h5py.File(cut, "r") as f:
            check(f["gaussian/p0000"].attrs["trials_done"] > 0, "nothing was kept at the signal")
    rc, _, err, _ = sim(3, *args, "-o", cut, "--resume")
    check(rc == 0, f"resume on 3 ranks: {rc} {err}")
    check(distance(eigenvalues(whole), eigenvalues(cut)) < 1e-13, "cut and resumed differs from whole")
    with h5py.File(whole, "r") as f, h5py.File(cut, "r") as g:
        a, b = (x["gaussian/p0000/distance/alp_b/wasserstein1"][...] for x in (f, g))
        check(np.abs(a - b).max() < 1e-10, "distances of the resumed run differ")
    rc, _, err, _ = sim(2, *args, "-o", cut, "--resume")
    check(rc == 0, f"resuming a complete output: {rc} {err}")


def disk_full(tmp, config):
    """A disk that fills up while writing: status 4, one line, the previous file whole."""
    disk = f"{tmp}/disk"
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], capture_output=True).returncode:
        print("sim_test: disk_full skipped: no right to mount a small disk here")
        return
    try:
        out = f"{disk}/full.h5"
        for ranks in (1, 4):
            rc, _, err, seconds = sim(ranks, config, "--fresh", "-p", "gaussian", "-s", "spectrum.bins=60000", "-o", out)
            lines = [l for l in err.splitlines() if l.startswith("nlrmt_sim: ")]
            check(rc == 4 and len(lines) == 1 and "No space left" in lines[0], f"full disk: {rc} {err}")
            with h5py.File(out, "r") as f:
                check(f.attrs["complete"] == 0, "the kept file claims to be complete")
            check(not [x for x in os.listdir(disk) if ".tmp." in x], "a temporary file was left behind")
    finally:
        subprocess.run(["umount", disk], check=True)


def main():
    with tempfile.TemporaryDirectory() as tmp:
        config = f"{tmp}/small.ini"
        open(config, "w").write(CONFIG)
        for part in (good_runs, physics, bad_input, modest_runs, failing_trials, stop_and_resume, disk_full):
            part(tmp, config)
    finish()


if __name__ == "__main__":
    main()
