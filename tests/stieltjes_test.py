#!/usr/bin/python3 -E
"""Stieltjes transforms and moments through nlrmt_sim: same on every grid, against the eigenvalues and the theory, bad input."""
import os
import re
import subprocess
import tempfile

import h5py
import numpy as np

from contract import departures
from harness import TOP, check, finish, sim

CONFIG = """\
[experiment]
name = stieltjes
trials = 4
[model]
m = 130
phi = 0.75
psi = 0.5
sigma_w = 1.2
[data]
sigma_x = 0.8
[bias]
law = gaussian
[spectrum]
stieltjes_z = linspace(0.2,2,3)+0.3i, 1+0.05i, -0.5
stieltjes_mtilde = yes
moments = 4
[theory]
laws = alp, alp_b, ps
[panel tall]
[panel wide]
model.psi = 2
[panel mixed]
activation.normalize = yes
mixture.components = identity, abs_centred
mixture.probabilities = 0.5
bias.law = none
model.psi = 2
spectrum.matrix = M
ridge.gamma = 0.1, 1
"""
PANELS = "tall", "wide", "mixed"


def numbers(values):
    """[..., 2] as complex."""
    return values[..., 0] + 1j * values[..., 1]


def read(path):
    with h5py.File(path, "r") as f:
        return {f"{p}/{g}/{k}": d[...] for p in PANELS if p in f for g in ("stieltjes", "moments")
                for k, d in f[p]["p0000"][g].items()}


def same(a, b, tolerance):
    """Keys whose values differ by more than the tolerance, relative to the largest."""
    return [k for k in a if not np.allclose(a[k], b[k], rtol=0, atol=tolerance * max(1, np.abs(a[k]).max()))
            and "z_score" not in k]


def good_runs(tmp, config):
    first = None
    for ranks, more in ((1, []), (2, []), (3, []), (4, []), (4, ["-s", "parallel.block=8"]),
                        (2, ["-s", "parallel.eigensolver=elpa2"])):
        out = f"{tmp}/n{ranks}.h5"
        rc, _, err, _ = sim(ranks, config, "--fresh", "-o", out, *more)
        if more and "not in this program" in err:
            continue
        check(rc == 0, f"{ranks} ranks {more}: status {rc}: {err}")
        for line in departures(out):
            check(False, line)
        now = read(out)
        first = first or now
        check(not same(first, now, 1e-11), f"{ranks} ranks {more}: others: {same(first, now, 1e-11)}")
    with h5py.File(f"{tmp}/n1.h5") as f:
        for panel in PANELS:
            by_eigenvalues(f[panel]["p0000"])
    check("mixed/stieltjes/predicted_alp_b_mtilde" in first, "no mtilde beside ridge regression")
    rc, _, err, _ = sim(2, config, "-p", "tall", "-o", f"{tmp}/plain.h5", "-s", "spectrum.stieltjes_mtilde=no", "-s",
                        "spectrum.moments=0", "-s", "spectrum.vectors=blocks")
    with h5py.File(f"{tmp}/plain.h5") as f:
        q = f["tall/p0000"]
        check(rc == 0 and "moments" not in q and "empirical_mtilde" not in q["stieltjes"], f"without mtilde: {rc} {err}")
        check(np.allclose(q["stieltjes/empirical_m"], first["tall/stieltjes/empirical_m"], rtol=1e-9),
              "m beside singular vectors")


def by_eigenvalues(q):
    """m and the moments are what the stored eigenvalues say, without the outliers."""
    m, n1, r, k = q.attrs["m"], q.attrs["n1"], q["stieltjes"], int(q["stieltjes"].attrs["outliers_excluded"])
    lam = q["eigenvalues"][...] * (m / n1 if q.attrs["matrix"] == "M" else 1)
    check(k == (0 if "mixed" in q.name else 1), f"{q.name}: {k} outliers")
    lam = np.concatenate([np.zeros((len(lam), m - lam.shape[1])), lam[:, :lam.shape[1] - k]], axis=1)
    z, got = numbers(r["z"][...]), numbers(r["empirical_m"][...])
    want = np.array([[(1 / (row - w)).mean() for w in z] for row in lam])
    check(np.allclose(got, want, rtol=1e-10), f"{q.name}: m(z) {got[0]} {want[0]}")
    for j, moment in zip(q["moments/order"], q["moments/empirical"][...].T):
        check(np.allclose(moment, (lam**j).mean(axis=1), rtol=1e-10), f"{q.name}: moment {j}")


def resume(tmp, config):
    whole, cut = f"{tmp}/whole.h5", f"{tmp}/cut.h5"
    args = [config, "-s", "experiment.trials=48", "-s", "model.m=260"]
    sim(2, *args, "-q", "-o", whole)
    rc, _, err, _ = sim(2, *args, "-o", cut, "--time-limit", 0.005)
    check(rc == 75, f"time limit: {rc} {err}")
    rc, _, err, _ = sim(3, *args, "-o", cut, "--resume")
    a, b = read(whole), read(cut)
    check(rc == 0 and a.keys() == b.keys() and not same(a, b, 1e-10), f"cut and resumed differs: {rc} {err} {same(a, b, 1e-10)}")


def statistics(tmp, config):
    """Measured against predicted; nlrmt_theory's predictions are the same; a wrong theory must fail."""
    out, alone, trials = f"{tmp}/many.h5", f"{tmp}/alone.h5", 40
    more = ["-s", "model.m=400", "-s", f"experiment.trials={trials}"]
    rc, _, err, _ = sim(2, config, "-q", "-o", out, *more)
    r = subprocess.run([f"{TOP}/nlrmt_theory", config, "-q", "-o", alone, *more], capture_output=True, text=True)
    check(rc == 0 and r.returncode == 0, f"runs: {rc} {err} {r.stderr}")
    for line in departures(alone, theory=True):
        check(False, line)
    a, t = read(out), read(alone)
    check(all(np.allclose(t[k], a[k][0] if "_b" in k and a[k].ndim > t[k].ndim else a[k], rtol=1e-9) for k in t),
          "nlrmt_theory predicts otherwise")
    check(not any("empirical" in k or "z_score" in k for k in t), "nlrmt_theory has trials")
    for panel in PANELS:
        for what in ("m", "mtilde"):
            path = f"{panel}/stieltjes/"
            measured = numbers(a[f"{path}empirical_{what}"])
            for law in ("alp", "alp_b"):
                predicted = numbers(a[f"{path}predicted_{law}_{what}"])
                off = np.abs((measured - predicted).mean(axis=0)) / np.abs(predicted).reshape(-1, 5).mean(axis=0)
                check(off.max() < 0.02, f"{panel} {what} {law}: off by {off}")
                gap = a[f"{path}empirical_{what}"] - a[f"{path}predicted_{law}_{what}"]
                se = gap.std(axis=0, ddof=1) / trials**.5
                score = np.divide(gap.mean(axis=0), se, out=np.zeros_like(se), where=se > 0)
                check(np.allclose(score, a[f"{path}z_score_{law}_{what}"], rtol=1e-7), f"{panel} {what} {law}: z_score")
            if panel == "tall":  # biases averaged first: another law
                wrong = np.abs(numbers(a[f"{path}z_score_ps_{what}"])).max()
                good = np.abs(numbers(a[f"{path}z_score_alp_{what}"])).max()
                check(wrong > 8 > good, f"{what}: ps {wrong} s.e., alp {good} s.e.")
        m = a[f"{panel}/moments/empirical"].mean(axis=0) / a[f"{panel}/moments/predicted_alp_b"].mean(axis=0)
        check(np.abs(m - 1).max() < 0.05, f"{panel}: moments off by {m - 1}")
        check(np.abs(numbers(a[f"{panel}/stieltjes/predicted_alp_m"])[-1].imag) == 0, f"{panel}: m(-0.5) is not real")


def tools(tmp, config):
    """Report and figures of simulated and theoretical files; the fluctuations' exponents on numbers whose
    exponents are known."""
    run = lambda tool, *args: subprocess.run([f"{TOP}/tools/{tool}", *args], capture_output=True, text=True)
    for name, words in (("many", ("m(z) at 5 z, 40 trials, 1 outlier(s) left out", "mtilde(z) at 5 z",
                                  "moments (1/m) tr K^j", "0.2+0.3i", "-0.5 ")),
                        ("alone", ("theory alone", "m(z)", "mtilde(z)", "tr K^j/m"))):
        r = run("nlrmt_report", f"{tmp}/{name}.h5")
        check(r.returncode == 0 and not r.stderr, f"report of {name}: {r.stderr}")
        for w in words:
            check(w in r.stdout, f"report of {name}: no {w!r}")
        r = run("nlrmt_report", "--csv", f"{tmp}/{name}.h5")
        widths = {len(l.split(",")) for l in r.stdout.splitlines() if '"' not in l}
        check(r.returncode == 0 and len(widths) == 1, f"csv of {name}: {r.stderr} {widths}")
    out = f"{tmp}/sizes.h5"
    path = f"{tmp}/sizes.ini"
    open(path, "w").write(open(config).read().replace("[panel tall]", "[panel tall]\nsweep.model.m = 60, 120"))
    rc, _, err, _ = sim(1, path, "-q", "-p", "tall", "-o", out, "-s", "experiment.trials=30", "-s", "bias.law=none",
                        "-s", "spectrum.stieltjes_z=linspace(0.2,1,5)+logspace(-1,0,2)i")
    check(rc == 0, f"sizes: {err}")
    r = run("nlrmt_report", "--summary", out)
    check(r.returncode == 0 and "Gap of the transforms" in r.stdout and "power of n1" in r.stdout, f"sizes: {r.stdout} {r.stderr}")
    r = run("nlrmt_plot", out, "-o", f"{tmp}/figure.png")
    made = [f for f in ("figure.png", "figure-fluctuations.png") if os.path.exists(f"{tmp}/{f}")]
    check(r.returncode == 0 and len(made) == 2, f"plot: {made} {r.stderr}")
    known_exponents()


def known_exponents():
    from types import SimpleNamespace
    from nlrmt_stieltjes_report import compare_with_bound, fluctuations
    rng, z = np.random.default_rng(5), np.array([0.5, 1])[:, None] + 1j * np.array([0.1, 0.2, 0.4])
    z = z.reshape(-1)
    for power in (-2, -4):  # sd of m(z): n1^(power/4)/Im z
        group = []
        for m in (100, 200, 400, 800):
            noise = rng.normal(size=(400, len(z), 2)) @ [1, 1j]
            own = 1 / z + 10 * rng.normal(size=(400, 1)) / m**.25  # what the biases do, known trial by trial
            t = SimpleNamespace(z=z, measured={"m": own + (2 * m)**(power / 4) * noise / z.imag}, excluded=0,
                                predicted={"m": {"alp_b": own}})
            group.append(SimpleNamespace(attrs={"m": m, "n1": 2 * m}, transforms=t, trials=400))
        check(fluctuations(group).pooled[0] > -1.5, "the biases do not show")
        f = fluctuations(group, "alp_b")
        check(abs(f.pooled[0] - power) < 4 * f.pooled[1] < 0.6, f"power {power}: {f.pooled}")
        check(np.all(np.abs(f.local + 4) < 4 * f.local_se), f"power of Im z: {f.local} {f.local_se}")
        check(("sharp" if power == -2 else "n1^-4") in compare_with_bound(*f.pooled), compare_with_bound(*f.pooled))
        check(np.allclose(f.im, [0.2, 0.4, 0.8]), f"Im z of M: {f.im}")
        want = 2**-8 * 8 * (1600**(power / 4) / 0.1)**4  # E|noise|^4 = 8; (m/n1)^2 = 1/4
        check(abs(f.fourth[-1, 0] / want - 1) < 0.3, f"E|g-Eg|^4: {f.fourth[-1, 0]}, should be {want}")


def bad_input(tmp, config):
    text = open(config).read()

    def variant(name, old, new):
        path = f"{tmp}/{name}.ini"
        open(path, "w").write(text.replace(old, new))
        return path

    cases = [
        (r"lower\.ini:14: spectrum\.stieltjes_z: must have Im z > 0.*\"1-0\.05i\"", variant("lower", "1+0.05i", "1-0.05i")),
        (r"axis\.ini:14: spectrum\.stieltjes_z: must have Im z > 0", variant("axis", "-0.5\n", "0.5\n")),
        (r"form\.ini:14: spectrum\.stieltjes_z: must be complex numbers", variant("form", "0.05i", "0.05j")),
        (r"alone\.ini:14: spectrum\.stieltjes_mtilde: needs spectrum\.stieltjes_z",
         variant("alone", "stieltjes_z = linspace(0.2,2,3)+0.3i, 1+0.05i, -0.5\n", "")),
        (r"both\.ini:15: spectrum\.stieltjes_mtilde: not together", variant("both", "moments = 4", "vectors = blocks")),
        (r"nine\.ini:16: spectrum\.moments: must be an integer from 0 to 8", variant("nine", "moments = 4", "moments = 9")),
    ]
    for ranks in (1, 4):
        for words, path in cases:
            rc, _, err, _ = sim(ranks, path, "-o", f"{tmp}/never.h5")
            lines = [l for l in err.splitlines() if l.startswith("nlrmt_sim: ")]
            check(rc == 2 and len(lines) == 1 and re.search(words, lines[0]), f"{ranks} ranks: {rc}, {words!r} in {lines}")
    check(not os.path.exists(f"{tmp}/never.h5"), "a refused run made an output")
    rc, _, err, _ = sim(2, config, "--fresh", "-p", "tall", "-o", f"{tmp}/tiny.h5", "-s", "spectrum.stieltjes_z=-1e-300",
                        "-s", "activation.f=identity", "-s", "bias.law=none", "-s", "model.phi=0.3", "-s", "model.psi=0.2")
    check(rc in (0, 5), f"z below rounding: {rc} {err}")
    with h5py.File(f"{tmp}/tiny.h5") as f:
        q = f["tall/p0000"]
        check(q.attrs["trials_done"] + q.attrs["trials_failed"] == 4, "trials do not add up")
        check(q.attrs["trials_failed"] == 0 or b"further from 0" in q["failures/reason"][0], "no reason")
    rc, out, _, _ = sim(2, config, "--plan")
    check(rc == 0 and "ridge" in out, f"--plan: {out}")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        config = f"{tmp}/stieltjes.ini"
        open(config, "w").write(CONFIG)
        for part in (good_runs, resume, statistics, tools, bad_input):
            part(tmp, config)
    finish()


if __name__ == "__main__":
    main()
