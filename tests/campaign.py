"""What the tests of interrupted runs share: starting nlrmt_sim, and comparing what outputs hold."""
import os
import re
import subprocess
import time

import h5py
import numpy as np

from harness import PATIENCE, SIM, command

# Every rank tells its own status, and mpirun ends no other because of it.
EACH = ["sh", "-c", '"$@"; echo "status $?" >&2', "sh", SIM]

# What a run may do otherwise without holding other content.
OF_THE_RUN = {"started", "finished", "ranks", "hosts", "groups", "utilisation", "ranks_per_trial", "grid", "block",
              "memory_peak_bytes", "memory_plan_bytes", "eigensolver", "DIMENSION_LIST", "REFERENCE_LIST"}


def sim(ranks, *args, fault=None, each=False, timeout=60):
    """(exit status, or with `each` the sorted statuses of all ranks; stderr; seconds)"""
    env = dict(os.environ, **({"NLRMT_FAULT": fault} if fault else {}))
    start = time.time()
    r = subprocess.run(command(ranks, *args, program=EACH if each else [SIM]), text=True, capture_output=True,
                       timeout=timeout * PATIENCE, env=env, stdin=subprocess.DEVNULL)
    status = sorted(map(int, re.findall(r"^status (\d+)$", r.stderr, re.M))) if each else r.returncode
    return status, r.stderr, time.time() - start


def lines(err):
    """What nlrmt_sim itself says there."""
    return [l for l in err.splitlines() if l.startswith("nlrmt_sim: ")]


def _value(x):
    return np.asarray(x.asstr()[...] if isinstance(x, h5py.Dataset) and x.dtype.kind == "O" else x)


def content(path):
    """{name: array} of all datasets and attributes but timings and what OF_THE_RUN names."""
    found = {}

    def take(name, obj):
        if "timing" in name.split("/"):
            return
        if isinstance(obj, h5py.Dataset):
            found[name] = _value(obj if obj.dtype.kind == "O" else obj[...])
        for key, value in obj.attrs.items():
            if key not in OF_THE_RUN:
                found[f"{name}@{key}"] = np.asarray(value)

    with h5py.File(path, "r") as f:
        take("", f)
        f.visititems(take)
    return found


def differences(a, b, tolerance=0.0):
    """Names under which two contents differ, numbers by more than tolerance times the largest of the array."""
    names = sorted(a.keys() ^ b.keys())
    for k in a.keys() & b.keys():
        x, y = a[k], b[k]
        if x.shape != y.shape or x.dtype.kind != y.dtype.kind:
            names.append(k)
        elif x.dtype.kind == "f":
            if np.abs(x - y).max(initial=0) > tolerance * max(np.abs(x).max(initial=0), 1):
                names.append(k)
        elif (x != y).any():
            names.append(k)
    return names


def trials(path):
    """{point: numbers of the trials that the file holds}"""
    found = {}

    def take(name, obj):
        if name.endswith("/trial") and "eigenvalues" in obj.parent:
            found[obj.parent.name] = [int(t) for t in obj[...]]

    with h5py.File(path, "r") as f:
        f.visititems(take)
    return found
