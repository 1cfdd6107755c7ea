#!/usr/bin/python3 -E
"""Ridge regression and mixtures through nlrmt_sim: same numbers on every grid, against the theory, with bad input."""
import os
import re
import subprocess
import tempfile

import h5py
import numpy as np

from contract import departures
from harness import TOP, check, finish, sim
from sim_test import distance, eigenvalues

CONFIG = """\
[experiment]
name = ridge
trials = 4
[model]
m = 130
phi = 0.75
psi = 0.5
[activation]
f = relu
normalize = yes
[bias]
law = gaussian
[ridge]
gamma = 1e-8, logspace(-3,3,4), 1e8
sigma_a = 1
sigma_eps = 0.5
n2 = 9
[theory]
laws = alp, alp_b
[panel tall]
[panel wide]
model.psi = 2
ridge.sigma_a = 0
[panel mixed]
bias.law = none
mixture.components = identity, "abs(x) - 0.7978845608", random(0.2,3)
mixture.probabilities = 0.5, 0.3
model.psi = 2
spectrum.matrix = M
ridge.optimum = single, mixture
"""


def errors(path):
    with h5py.File(path, "r") as f:
        return {f"{p}/{k}": f[p]["p0000/ridge"][k][...] for p in ("tall", "wide", "mixed")
                for k in ("train_error", "expected", "expected_signal", "predicted", "predicted_alp_b")}


def worst(a, b):
    """Largest difference, relative to the mean square of the targets and to the error itself."""
    return max(np.abs(a[k] - b[k]).max() / max(np.abs(a[k]).max(), 1e-3) for k in a)


def good_runs(tmp, config):
    first = None
    for ranks in (1, 2, 3, 4):
        out = f"{tmp}/n{ranks}.h5"
        rc, _, err, _ = sim(ranks, config, "-o", out)
        check(rc == 0, f"{ranks} ranks: status {rc}: {err}")
        for line in departures(out):
            check(False, line)
        now = errors(out)
        first = first or now
        check(worst(first, now) < 1e-11, f"{ranks} ranks: training errors differ by {worst(first, now)}")
    plain = f"{tmp}/plain.h5"
    text = re.sub(r"ridge\..*\n", "", re.sub(r"\[ridge\][^[]*", "", open(config).read()))
    open(f"{tmp}/plain.ini", "w").write(text)
    rc, _, err, _ = sim(2, f"{tmp}/plain.ini", "-o", plain)
    check(rc == 0 and distance(eigenvalues(f"{tmp}/n2.h5"), eigenvalues(plain)) < 1e-13,
          f"targets change the eigenvalues: {rc} {err}")
    with h5py.File(f"{tmp}/n1.h5") as f:
        for panel in ("tall", "wide", "mixed"):
            noise_of_eigenvalues(f[panel]["p0000"])
        check(f["wide/p0000/ridge/expected_signal"][...].max() == 0, "a signal without sigma_a")
        for family in ("single", "mixture"):
            check(f["mixed/p0000/ridge/optimum"][family]["x"].shape == (6,), f"no optimum of {family}")
        for panel in ("tall", "mixed"):  # without the outlier of the row means, E eta = 1 in the mean; M has n1/m less
            lam, unit = f[panel]["p0000/eigenvalues"][:, :-1], 1 if panel == "tall" else 130 / 49
            mean = lam.sum(axis=1).mean() * unit / 130
            check(0.85 < mean < 1.15, f"{panel}: normalised eigenvalues have mean {mean}")


def noise_of_eigenvalues(q):
    """expected - expected_signal is what the stored eigenvalues say."""
    r, m, n1 = q["ridge"], q.attrs["m"], q.attrs["n1"]
    lam = q["eigenvalues"][...] * (m / n1 if q["eigenvalues"].attrs["matrix"] == b"M" or
                                   q["eigenvalues"].attrs["matrix"] == "M" else 1)
    for g, gamma in enumerate(r["gamma"]):
        share = (gamma / (np.maximum(lam, 0) + gamma))**2
        noise = r.attrs["sigma_eps"]**2 * (share.sum(axis=1) + m - lam.shape[1]) / m
        got = r["expected"][:, g] - r["expected_signal"][:, g]
        check(np.allclose(got, noise, rtol=1e-9, atol=1e-15), f"{q.name} gamma {gamma}: {got} {noise}")


def resume(tmp, config):
    whole, cut = f"{tmp}/whole.h5", f"{tmp}/cut.h5"
    args = [config, "-s", "experiment.trials=48", "-s", "model.m=260"]
    sim(2, *args, "-q", "-o", whole)
    rc, _, err, _ = sim(2, *args, "-o", cut, "--time-limit", 0.005)
    check(rc == 75, f"time limit: {rc} {err}")
    rc, _, err, _ = sim(3, *args, "-o", cut, "--resume")
    check(rc == 0 and worst(errors(whole), errors(cut)) < 1e-10, f"cut and resumed differs: {rc} {err}")


def statistics(tmp, config):
    """Measured against predicted; the same with a wrong theory must fail."""
    out, alone = f"{tmp}/many.h5", f"{tmp}/alone.h5"
    rc, _, err, _ = sim(2, config, "-q", "-o", out, "-s", "experiment.trials=40", "-s", "model.m=400")
    r = subprocess.run([f"{TOP}/nlrmt_theory", config, "-q", "-o", alone, "-s", "model.m=400", "-s",
                        "experiment.trials=40"], capture_output=True, text=True)
    check(rc == 0 and r.returncode == 0, f"runs: {rc} {err} {r.stderr}")
    with h5py.File(out) as f, h5py.File(alone) as g:
        for panel in ("tall", "wide", "mixed"):
            q, theory = f[panel]["p0000/ridge"], g[panel]["p0000/ridge"]
            check(np.allclose(q["predicted"], theory["predicted"], rtol=1e-12), f"{panel}: nlrmt_theory predicts otherwise")
            check(np.allclose(q["predicted_alp_b"][0], theory["predicted_alp_b"], rtol=1e-10), f"{panel}: alp_b")
            expected, drawn = q["expected"][...], q["train_error"][...]
            z = (drawn - expected).mean(axis=0) / (drawn - expected).std(axis=0, ddof=1) * 40**.5
            check(np.abs(z).max() < 4.5, f"{panel}: drawn targets against their expectation: {z} s.e.")
            off = np.abs(expected.mean(axis=0) / q["predicted"] - 1)[2:]  # below, single small eigenvalues decide
            check(off.max() < 0.03, f"{panel}: off by {off}")
            given = q["predicted_alp_b"][...]
            spread = [(expected - p).std(axis=0)[2] for p in (q["predicted"][...], given)]
            check(panel != "tall" or spread[1] < 0.5 * spread[0], f"{panel}: given the biases no sharper: {spread}")
            se = expected.std(axis=0, ddof=1) / 40**.5
            wrong = np.abs(expected.mean(axis=0) - 1.06 * q["predicted"][...]) / se
            check(wrong[2] > 5, f"{panel}: a theory that is 6 % too high passes, {wrong[2]} s.e.")
            score = (drawn.mean(axis=0) - q["predicted"]) / drawn.std(axis=0, ddof=1) * 40**.5
            check(np.allclose(q["z_score"], score, rtol=1e-9), f"{panel}: z_score")
    sim(1, config, "-q", "-p", "tall", "-o", f"{tmp}/n2.rows.h5", "-s", "ridge.n2=3000", "-s", "experiment.trials=1")
    with h5py.File(f"{tmp}/n2.rows.h5") as f:
        q = f["tall/p0000/ridge"]
        off = np.abs(q["train_error"][0] / q["expected"][0] - 1)
        check(0 < off.max() < 0.05 and "z_score" not in q, f"3000 rows: drawn against expected {off}")


def bad_input(tmp, config):
    text = open(config).read()

    def variant(name, old, new):
        path = f"{tmp}/{name}.ini"
        open(path, "w").write(text.replace(old, new))
        return path

    cases = [
        (2, r"zero\.ini:14: ridge\.gamma: must be > 0, got 0", variant("zero", "gamma = 1e-8", "gamma = 0")),
        (2, r"negative\.ini:14: ridge\.gamma: must be > 0", variant("negative", "gamma = 1e-8", "gamma = -1")),
        (2, r"norows\.ini:17: ridge\.n2: .*got 0", variant("norows", "n2 = 9", "n2 = 0")),
        (2, r"sum\.ini:27: mixture\.probabilities: .*sum", variant("sum", "0.5, 0.3\n", "0.5, 0.3, 0.3\n")),
        (2, r"unknown\.ini:26: mixture\.components: .*identty.*identity", variant("unknown", "identity", "identty")),
        (2, r"eps\.ini:16: ridge\.sigma_eps: ", variant("eps", "sigma_eps = 0.5", "sigma_eps = -0.5")),
    ]
    for ranks in (1, 4):
        for status, words, path in cases:
            rc, _, err, _ = sim(ranks, path, "-o", f"{tmp}/never.h5")
            lines = [l for l in err.splitlines() if l.startswith("nlrmt_sim: ")]
            check(rc == status and len(lines) == 1 and re.search(words, lines[0]),
                  f"{ranks} ranks: status {rc}, {words!r} in {lines}")
        check(not os.path.exists(f"{tmp}/never.h5"), "a refused run made an output")
        rc, _, err, _ = sim(ranks, config, "--fresh", "-p", "tall", "-o", f"{tmp}/tiny.h5", "-s", "activation.f=identity",
                            "-s", "ridge.gamma=1e-300", "-s", "bias.law=none", "-s", "activation.normalize=no")
        check(rc in (0, 5), f"{ranks} ranks, gamma below rounding: {rc} {err}")
        with h5py.File(f"{tmp}/tiny.h5") as f:
            q = f["tall/p0000"]
            done, failed = q.attrs["trials_done"], q.attrs["trials_failed"]
            check(done + failed == 4, f"{done} + {failed} trials")
            check(failed == 0 or b"use a larger one" in q["failures/reason"][0], "no reason")
    rc, out, _, _ = sim(2, config, "--plan")
    check(rc == 0 and "ridge" in out, f"--plan: {out}")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        config = f"{tmp}/ridge.ini"
        open(config, "w").write(CONFIG)
        for part in (good_runs, resume, statistics, bad_input):
            part(tmp, config)
    finish()


if __name__ == "__main__":
    main()
