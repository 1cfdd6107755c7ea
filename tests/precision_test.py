#!/usr/bin/python3 -E
"""The modes of parallel.precision through nlrmt_sim: eigenvalues next to double's, what auto chooses
and says, resuming, what is refused."""
import tempfile

import h5py
import numpy as np

from contract import departures
from harness import check, finish, sim

CONFIG = """[experiment]
seed = 3
trials = 3
[model]
m = 300
phi = 1.5
psi = 0.8
[activation]
f = relu
[bias]
law = gaussian
sigma = 0.5
[theory]
laws = alp_b
[panel tall]
[panel wide]
model.psi = 3
activation.f = tanh
"""


def spectra(path):
    with h5py.File(path, "r") as f:
        return {name: p["p0000/eigenvalues"][...] for name, p in f.items()}


def off(a, b):
    """Largest difference over the largest eigenvalue."""
    return max(np.abs(a[k] - b[k]).max() / np.abs(a[k]).max() for k in a)


def modes(tmp, config):
    """The same matrices as double's, to single precision; on every number of ranks."""
    for mode, entries in (("single", "gaussian"), ("fast", "lattice")):
        reference = f"{tmp}/{mode}_double.h5"
        sim(2, config, "-o", reference, "-q", "-s", f"model.entries={entries}")
        for ranks in (1, 2, 3, 4):
            out = f"{tmp}/{mode}{ranks}.h5"
            rc, _, err, _ = sim(ranks, config, "-o", out, "-s", f"parallel.precision={mode}",
                                "-s", f"parallel.ranks_per_trial={ranks}")
            check(rc == 0, f"{mode}, {ranks} ranks: status {rc}: {err}")
            if rc:
                continue
            distance = off(spectra(reference), spectra(out))
            check(1e-12 < distance < 1e-6, f"{mode}, {ranks} ranks: off by {distance}")
            check(err.count(f"precision {mode}") == 2, f"{mode} says nothing: {err}")
            for line in departures(out):
                check(False, line)
            with h5py.File(out, "r") as f:
                a = f["tall/p0000"].attrs
                check(a["precision"] == mode and a["entries"] == entries and a["entries_x"] == entries,
                      f"{mode}: {a['precision']}, {a['entries']}")
                check(a["precision_probe_m"] == 300 and 0 < a["precision_error_mean"] < 1e-5 < a["precision_probe_spread"]
                      and a["precision_error_mean"] <= a["precision_error_max"], "what the probe measured")
    rc, _, err, _ = sim(1, config, "-o", f"{tmp}/quiet.h5", "-q", "-s", "parallel.precision=fast")
    check(rc == 0 and "precision" not in err, f"-q: {err}")


def auto(tmp, config):
    """Double where nothing is to be gained or nothing else possible, else fast, never silently."""
    large = ["-p", "tall", "-s", "model.m=1100", "-s", "model.phi=0.3", "-s", "parallel.precision=auto"]
    for name, args, mode, text in (
            ("small", ["-p", "tall", "-s", "parallel.precision=auto"], "double", "m below 1024"),
            ("large", large, "fast", "on a lattice"),
            ("laws", [*large, "-s", "model.entries=rademacher"], "single", "neither gaussian nor lattice"),
            ("ridge", [*large, "-s", "ridge.gamma=0.1"], "double", "ridge.gamma"),
            ("many", [*large, "-s", "experiment.trials=1000000", "-s", "model.m=30000"], "double", "a tenth of the Monte Carlo error")):
        out = f"{tmp}/auto_{name}.h5"
        rc, _, err, _ = sim(2, config, *args,
                            *(["--plan"] if name == "many" else ["-o", out, "-s", "experiment.trials=1"]))
        check(rc == 0 and f"precision {mode}" in err and text in err, f"auto, {name}: {rc} {err}")
        if name == "many":
            continue
        with h5py.File(out, "r") as f:
            check(f["tall/p0000"].attrs["precision"] == mode, f"auto, {name}: {f['tall/p0000'].attrs['precision']}")
            check("auto" in f.attrs["config"], "the configuration is not the one that was given")


def resume(tmp, config):
    whole, cut = f"{tmp}/whole.h5", f"{tmp}/cut.h5"
    args = [config, "-s", "parallel.precision=fast", "-s", "experiment.trials=200"]
    sim(2, *args, "-q", "-o", whole)
    rc, _, err, _ = sim(2, *args, "-o", cut, "--time-limit", 0.01)
    check(rc == 75, f"time limit: {rc} {err}")
    rc, _, err, _ = sim(4, *args, "-o", cut, "--resume")
    check(rc == 0 and off(spectra(whole), spectra(cut)) < 1e-6, f"resumed: {rc} {err}")
    args = [config, "-p", "tall", "-s", "parallel.precision=auto", "-s", "experiment.trials=3000"]
    sim(2, *args, "-o", cut, "--fresh", "--time-limit", 0.01)
    with h5py.File(cut, "r+") as f:
        if "tall/p0000" in f:
            f["tall/p0000"].attrs["precision"] = "fast"
            begun = True
        else:
            begun = False
    for ranks in (1, 4) if begun else (2,):
        rc, _, err, _ = sim(ranks, *args, "-o", cut, "--resume")
        check(rc == (2 if begun else 0) and (not begun or "another precision" in err), f"other mode: {rc} {err}")


def refused(tmp, config):
    for mode, extra, reason in (("single", "ridge.gamma=1", "ridge.gamma"), ("fast", "model.field=complex", "complex"),
                                ("fast", "model.entries=uniform", "gaussian nor lattice"),
                                ("single", "model.layers=2", "several layers"),
                                ("fast", "spectrum.vectors=blocks", "spectrum.vectors"),
                                ("quick", "model.m=3", "must be one of")):
        for ranks in (1, 4):
            rc, _, err, _ = sim(ranks, config, "-o", f"{tmp}/no.h5", "-s", f"parallel.precision={mode}", "-s", extra)
            lines = [l for l in err.splitlines() if l.startswith("nlrmt_sim: ")]
            check(rc == 2 and len(lines) == 1 and "parallel.precision" in lines[0] and reason in lines[0],
                  f"{mode} with {extra}, {ranks} ranks: {rc} {err}")
    rc, _, err, _ = sim(2, config, "-o", f"{tmp}/nan.h5", "-s", "parallel.precision=fast",
                        "-s", 'activation.f="sqrt(x)"', "-p", "tall")
    check(rc == 5 and "not measured" in err, f"features that are not finite: {rc} {err}")
    with h5py.File(f"{tmp}/nan.h5", "r") as f:
        check(f["tall/p0000"].attrs["trials_failed"] == 3, "failed trials are not recorded")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        config = f"{tmp}/small.ini"
        open(config, "w").write(CONFIG)
        for part in (modes, auto, resume, refused):
            part(tmp, config)
    finish()


if __name__ == "__main__":
    main()
