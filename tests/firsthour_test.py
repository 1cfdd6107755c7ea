#!/usr/bin/python3 -E
"""What goes wrong in the first hour on a new machine: each is one line with its remedy, from one process."""
import fcntl
import os
import subprocess
import tempfile

import h5py
import numpy as np

from harness import SIM, TOP, check, command, finish

LAUNCHERS = ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "PMI_SIZE", "PMI_RANK", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID")
CLEAN = {k: v for k, v in os.environ.items() if k not in LAUNCHERS and k != "OPENBLAS_CORETYPE"}


def run(*command, **env):
    return subprocess.run([str(c) for c in command], env={**CLEAN, **env}, text=True, capture_output=True, timeout=120,
                          stdin=subprocess.DEVNULL, cwd=TOP)


def refused(r, status, words, what):
    lines = [line for line in r.stderr.splitlines() if not line.startswith("OpenBLAS took")]
    check(r.returncode == status and len(lines) == 1 and all(w in lines[0] for w in words), f"{what}: {r.returncode} {r.stderr}")


def foreign_launcher():
    """Rank 0 of several that are each alone speaks, the others end with the same status, silent."""
    for size, rank, words in (("PMI_SIZE", "PMI_RANK", ("Hydra started 3", "mpirun of that MPI")),
                              ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID", ("srun started 3", "--mpi=pmix"))):
        refused(run(SIM, "configs/fig1.ini", "--check", **{size: "3", rank: "0"}), 2, words, size)
        r = run(SIM, "configs/fig1.ini", "--check", **{size: "3", rank: "2"})
        check(r.returncode == 2 and r.stderr + r.stdout == "", f"{rank} = 2 speaks: {r.stdout} {r.stderr}")
        r = run(SIM, "configs/fig1.ini", "--check", **{size: "1", rank: "0"})
        check(r.returncode == 0, f"{size} = 1, one process: {r.stderr}")
    # The launcher that did start the ranks speaks first: mpirun inside a step of Slurm or a job of PMI.
    alone = {"PMI_SIZE": "4", "PMI_RANK": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "0"}
    for ranks in (1, 2):
        r = run(*command(ranks, "configs/fig1.ini", "--check"), **alone)
        check(r.returncode == 0 and "good" in r.stdout, f"mpirun -n {ranks} inside others: {r.stderr}")


def locked_data(scratch):
    path, config = f"{scratch}/d.h5", f"{scratch}/d.ini"
    with h5py.File(path, "w") as f:
        f["x"] = np.random.default_rng(1).standard_normal((60, 20))
    with open(config, "w") as f:
        f.write(f"[model]\nm = 30\npsi = 1\n[data]\nsource = hdf5\npath = {path}:/x\n")
    with open(path, "r+b") as f:
        fcntl.flock(f, fcntl.LOCK_EX)  # as HDF5 does while it writes
        refused(run(SIM, config, "--plan"), 3, ("d.h5", "cannot lock", "HDF5_USE_FILE_LOCKING=FALSE"), "a locked file")
        r = run(SIM, config, "--plan", HDF5_USE_FILE_LOCKING="FALSE")
        check(r.returncode == 0, f"the remedy for a locked file: {r.stderr}")
    check(run(SIM, config, "--plan").returncode == 0, "the file without the lock")
    with open(path, "w") as f:
        f.write("x")
    refused(run(SIM, config, "--plan"), 3, ("not an HDF5 file",), "no HDF5 file")


def small_machine(scratch):
    refused(run(SIM, "configs/fig1.ini", "-q", "-s", "model.m=64", "-o", f"{scratch}/d.h5/x.h5"), 4, ("d.h5", "--output"),
            "no folder there")
    r = run(SIM, "configs/fig1.ini", "-q", "-s", "model.m=2000000", "-o", f"{scratch}/x.h5")
    refused(r, 4, ("GiB", "use more nodes", "model.m up to about"), "too little memory")
    refused(run(SIM, "configs/fig1.ini", "-s", "parallel.eigensolver=elpa3", "--check"), 2, ("elpa2", "one of"), "no such eigensolver")


with tempfile.TemporaryDirectory(prefix="nlrmt-first-") as scratch:
    foreign_launcher()
    locked_data(scratch)
    small_machine(scratch)
finish()
