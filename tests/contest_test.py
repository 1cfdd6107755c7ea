#!/usr/bin/python3 -E
"""The contest of two laws and the powers of W1: verdicts on made-up projections whose truth is known, on
eigenvalues that follow one law or the other by construction, and through nlrmt_sim, whose projections are
computed here a second time from the stored laws."""
import os
import subprocess
import tempfile

import h5py
import numpy as np

from contract import departures
from harness import TOP, finish, sim
from tools_test import MarchenkoPastur, check, make_file, make_point, png_size, run

import nlrmt_contest
import nlrmt_outlier
import nlrmt_read
import nlrmt_scaling
from nlrmt_contest import Contest, judge_contest, rehearse

CONFIG = """\
[experiment]
name = contest
trials = 40
[model]
m = 48
phi = 1.5
psi = 0.8
[activation]
f = relu
[theory]
laws = alp, alp_b, ps, ps_b
[panel biased]
bias.law = gaussian
sweep.model.m = 48, 96, 192, 288
[panel control]
experiment.trials = 3
bias.law = none
sweep.model.m = 48, 96, 144
"""


def projected(rows, zeros, a, b):
    """s of every row of eigenvalues, from two stored laws: 200000 cells on the grid of both."""
    x = np.unique(np.r_[0.0, np.linspace(0, max(a.lam[-1], b.lam[-1]), 200001), a.lam, b.lam])
    fa, fb = a.cdf_at(x), b.cdf_at(x)
    middle = lambda f: (f[1:] + f[:-1]) / 2
    h, fa, d = np.diff(x), middle(fa), middle(fb - fa)
    beyond = np.r_[np.cumsum((d * h)[::-1])[::-1], 0.0]  # integral of D from x on
    values = np.interp(rows, x, beyond)
    mean = (values.sum(axis=1) + zeros * beyond[0]) / (zeros + rows.shape[1])
    return (mean - np.sum(fa * d * h)) / np.sum(d * d * h)


def simulated(tmp):
    """A biased network: the file's s, the verdict of its report, the control."""
    config, path = f"{tmp}/contest.ini", f"{tmp}/contest.h5"
    open(config, "w").write(CONFIG)
    rc, _, err, _ = sim(2, config, "-o", path, "-q")
    check(rc == 0, f"nlrmt_sim: {rc} {err}")
    check(departures(path) == [], f"layout: {departures(path)}")
    points = [p for p in nlrmt_read.read(path).points if p.panel == "biased"]
    p, laws = points[-1], points[-1].laws
    for first, second, rows in (("alp", "ps", p.trials), ("alp_b", "ps_b", 1)):
        stored = p.parts[""].projections[f"{first}-{second}"].statistic[:rows]
        again = projected(p.eigenvalues[:rows, :-1], p.zeros, laws[first], laws[second])
        check(np.abs(stored - again).max() < 2e-3, f"s of {first}, {second}: {stored[:3]}, {again[:3]}")
    separation = p.parts[""].projections["alp-ps"].separation
    check(np.ptp(separation) == 0 and abs(separation[0] - 0.0396) < 2e-4, f"W1 between the laws {separation[:2]}")
    r = run("nlrmt_report", path, "--summary")
    check(r.returncode == 0 and max(map(len, r.stdout.splitlines())) <= 100, f"report: {r.stderr}")
    for word in ("[biased] alp_b against ps_b: SUPPORTS ALP_B", "[biased] alp against ps: SUPPORTS ALP",
                 "[control] alp against ps: LAWS COINCIDE", "[control] alp_b against ps_b: LAWS COINCIDE"):
        check(word in r.stdout, f"report has '{word}': {r.stdout}")
    powers = {s.law: nlrmt_scaling.power(s) for s in nlrmt_scaling.groups(points)[0].series()}
    check(-1.1 < powers["alp_b"].exponent < -0.8, f"W1 to alp_b: {powers['alp_b']}")
    check(-0.25 < powers["ps_b"].exponent < 0, f"W1 to ps_b: {powers['ps_b']}")
    for args, name in (((), "contest.png"), (("--spectrum",), "contest-spectrum.png")):
        r = run("nlrmt_plot", path, *args)
        check(r.returncode == 0 and r.stdout.split() == [f"{tmp}/{name}"], f"plot {args}: {r.stdout}{r.stderr}")
    check(png_size(f"{tmp}/contest.png")[0] > 1200, "W1 and s beside each other")
    r = subprocess.run([os.path.join(TOP, "tools", "nlrmt_contest.py"), path, "--repeats", "50"],
                       capture_output=True, text=True, check=False)
    check(r.returncode == 0 and r.stdout.count("were true") == 4, f"rehearsal: {r.stdout}{r.stderr}")
    return path


def replaced(path, made, first, second, rows_of):
    """A copy of the biased panel's limit laws with other eigenvalues: rows_of(point) [trials, n]."""
    with h5py.File(path, "r") as f, make_file(made) as g:
        for q in (q for q in f["biased"] if q != "index"):
            p = g.require_group("biased").create_group(q)
            p.attrs.update({k: v for k, v in f["biased"][q].attrs.items()})
            p.attrs["trials_done"] = 0  # what nlrmt_read needs not know
    for point in nlrmt_read.read(path).points:
        if point.panel != "biased":
            continue
        rows = rows_of(point)
        s = projected(rows, max(0, int(point.attrs["m"]) - rows.shape[1]), point.laws[first], point.laws[second])
        with h5py.File(made, "a") as g:
            p = g[f"biased/{point.name}"]
            p.attrs["trials_done"] = len(rows)
            c = p.create_group(f"contest/{first}-{second}")
            c.attrs["first"], c.attrs["second"] = first, second
            c["statistic"], c["separation"] = s, np.ones(len(s))
            c["weight"] = np.ones(len(s))
    (_, (found,)), = nlrmt_contest.contests(nlrmt_read.read(made).points)
    return found


def true_by_construction(path, tmp):
    """The verdict where ps is true: quantiles of ps with noise, and networks without biases whose one
    f has the averaged eta and zeta, so that their law is ps."""
    rng = np.random.default_rng(3)

    def drawn(share):
        """Quantiles of the laws, each from a cell of its own, `share` of them from ps, and an error of
        size 1/n as of finite size."""
        def rows(point):
            n, trials = point.eigenvalues.shape[1], 30
            of_ps = int(round(share * n))
            both = []
            for law, k in ((point.laws["ps"], of_ps), (point.laws["alp"], n - of_ps)):
                u = (np.arange(k) + rng.random((trials, k))) / max(k, 1)
                both.append(np.interp(u, law.cdf, law.lam))
            return np.sort(np.concatenate(both, axis=1) * (1 + 1 / n), axis=1)
        return rows
    for share, word in ((0, "supports alp"), (1, "supports ps"), (.5, "neither")):
        c = replaced(path, f"{tmp}/made{share}.h5", "alp", "ps", drawn(share))
        check(c.word == word and abs(c.limit.a - share) < 0.1, f"share {share} of ps: {c.word}, {c.limit}")

    with h5py.File(path, "r") as f:
        eta, zeta = (float(f["biased/p0000"].attrs[k]) for k in ("eta", "zeta"))
    even = ((eta - zeta) / (1 - 2 / np.pi))**.5
    twin = f"{tmp}/twin.h5"
    rc, _, err, _ = sim(2, f"{tmp}/contest.ini", "-o", twin, "-q", "-p", "biased", "-s", "bias.law=none", "-s",
                        f'activation.f="{zeta**.5:.15g}*x + {even:.15g}*(abs(x) - {(2 / np.pi)**.5:.15g})"',
                        "-s", "theory.laws=alp")
    check(rc == 0, f"twin: {rc} {err}")
    if rc == 0:
        rows = {p.name: p.eigenvalues for p in nlrmt_read.read(twin).points}
        c = replaced(path, f"{tmp}/made_twin.h5", "alp", "ps", lambda point: rows[point.name])
        check(c.word == "supports ps" and abs(c.limit.a - 1) < 0.1, f"networks whose law is ps: {c.word}, {c.limit}")


def made_contest(rng, truth, se, b=0.0, c=0.0, width=(144, 288, 576, 1152), trials=100):
    """s = truth + b/width + c/width^2 + noise; se at the largest width, growing as 1/width."""
    width = np.array(width, dtype=float)
    noise = se * width[-1] / width
    s = truth + b / width + c / width**2 + noise * rng.standard_normal(len(width))
    return Contest("alp_b", "ps_b", width, s, noise * rng.chisquare(trials - 1, len(width))**.5 / (trials - 1)**.5,
                   np.full(len(width), float(trials)), np.full(len(width), 1e-3))


def verdicts():
    """Words, and how often they are wrong: a level of 5 % must be 5 %, finite size or not."""
    rng = np.random.default_rng(7)
    repeats = 400
    for truth, wrong in ((0, "supports ps_b"), (1, "supports alp_b")):
        words = [judge_contest(made_contest(rng, truth, 0.03, 400, -4e4 * (1 + truth)), 0.05).word
                 for _ in range(repeats)]
        other = {0: "supports alp_b", 1: "supports ps_b"}[truth]
        right, neither = words.count(other) / repeats, words.count("neither") / repeats
        check(words.count(wrong) == 0, f"{truth}: {words.count(wrong)} wrong verdicts")
        check(right > 0.9 and neither < 0.08, f"{truth}: right {right}, neither {neither}")
    words = [judge_contest(made_contest(rng, 0, 0.3, 400), 0.05).word for _ in range(repeats)]
    check(words.count("not resolved") / repeats > 0.8, "little data: mostly not resolved")
    check(words.count("supports ps_b") / repeats < 0.06, f"little data: {words.count('supports ps_b')} wrong")
    words = [judge_contest(made_contest(rng, 0.5, 0.02, 400), 0.01).word for _ in range(repeats)]
    check(words.count("neither") / repeats > 0.9, "halfway: neither")

    c = judge_contest(made_contest(rng, 0, 0.03, 400))
    check(c.favoured == "alp_b" and c.error == c.limit.p(1) < 1e-4, f"probability of error {c.error}")
    shares = rehearse(c, 0.01, rng, 100)
    check(shares[0].get("supports alp_b", 0) > 0.9 and shares[1].get("supports ps_b", 0) > 0.9, f"rehearsed {shares}")
    flat = nlrmt_scaling.series("alp_b", [(w, 2e-3 + 1e-5 * rng.standard_normal(20)) for w in c.width])
    c = judge_contest(c, w1={"alp_b": flat})
    check(c.word == "neither" and "does not fall" in c.reason, f"W1 stays: {c.word}, {c.reason}")
    for width in ((300,), (300, 600)):
        c = judge_contest(made_contest(rng, 0, 0.01, width=width))
        check(c.word == "not resolved" and c.limit is None, f"{len(width)} width(s): {c.word}")
    c = made_contest(rng, 0, 0.01)
    c.trials[:], c.s[:], c.se[:] = 0, np.nan, np.nan
    check(judge_contest(c).word == "laws coincide", "one law twice")


def averages():
    """Weighted by the squared separation; trials whose laws coincide are left out."""
    p = nlrmt_read.Projection("a", "b", np.array([1.0, 3.0, 0.0]), np.ones(3), np.array([3.0, 1.0, 0.0]))
    mean, se, trials = nlrmt_contest.average(p)
    check(mean == 1.5 and trials == 2 and abs(se - (2 * (1.5**2 + 1.5**2))**.5 / 4) < 1e-12, f"{mean} {se} {trials}")
    p.weight[:] = 0
    check(nlrmt_contest.average(p)[2] == 0, "no trial")


def powers(tmp):
    """Exponents that are known; layers; one trial a width."""
    rng = np.random.default_rng(5)
    width = np.array([100, 200, 400, 800])
    z = []
    for _ in range(200):
        s = nlrmt_scaling.series("alp", [(w, 3 / w**.7 * (1 + .1 * rng.standard_normal(20))) for w in width])
        p = nlrmt_scaling.power(s)
        z.append((p.exponent + .7) / p.se)
    check(abs(np.mean(z)) < 0.25 and 0.7 < np.std(z) < 1.2, f"z of the exponents: {np.mean(z)} ± {np.std(z)}")
    p = nlrmt_scaling.power(nlrmt_scaling.series("alp", [(w, [2 / w]) for w in width]))
    check(abs(p.exponent + 1) < 1e-12 and p.se < 1e-7 and abs(p.at(50) - .04) < 1e-12, f"one trial each: {p}")
    p = nlrmt_scaling.power(nlrmt_scaling.series("alp", [(w, [2 / w]) for w in width[:2]]))
    check(np.isnan(p.se) and nlrmt_scaling.exponent_text(p) == "-1.00", "two widths of one trial: no s.e.")

    path = f"{tmp}/layers.h5"
    right, wrong = MarchenkoPastur(.5), MarchenkoPastur(.5, scale=1.3)
    with make_file(path) as f:
        for q, m in enumerate((40, 80, 160)):
            make_point(f.require_group("deep"), f"p{q:04d}", m, 2 * m, 6, dict(alp=right, ps=wrong), seed=q)
            for l, law in ((1, right), (3, wrong)):
                g = make_point(f["deep"].require_group(f"p{q:04d}/layers"), str(l), m, 2 * m, 6, dict(depth=law),
                               seed=9 + q)
                check(g.shape == (6, m), "made as meant")
                f[f"deep/p{q:04d}/layers/{l}"].attrs.update(layer=l, layers=4)
            f[f"deep/p{q:04d}"].attrs.update(layer=4, layers=4)
    found = nlrmt_scaling.groups(nlrmt_read.read(path).points)
    check([g.label for g in found] == ["layer 1", "layer 3", "layer 4"], f"layers: {[g.label for g in found]}")
    p = [nlrmt_scaling.power(s).exponent for g in found for s in g.series()]
    check(p[0] < -.85 and p[1] > -.2 and p[2] < -.85 and p[3] > -.2, f"right, wrong, right, wrong: {p}")
    lead = [nlrmt_scaling.leading(nlrmt_scaling.series("alp", [(w, 2 / w * np.exp(20 / w) * (1 + .01 * rng.standard_normal(20)))
                                                               for w in width])) for _ in range(100)]
    z = [(p.exponent + 1) / p.se for p in lead]
    check(abs(np.mean(z)) < 0.6 and np.std(z) < 1.4, f"leading exponents: {np.mean(z)} ± {np.std(z)}")
    check(nlrmt_scaling.leading(nlrmt_scaling.series("alp", [(w, [2 / w, 2.1 / w]) for w in width[:3]])) is None, "three widths")
    r = run("nlrmt_report", path, "--summary")
    check(r.returncode == 0 and "[deep] layer 3 n1 = 80 to 320, 3 widths" in r.stdout, f"{r.stdout}{r.stderr}")
    check("contest:" not in r.stdout, "no projections, no contest")
    r = run("nlrmt_plot", path, "-o", f"{tmp}/layers.svg")
    check(r.returncode == 0 and "layer:" in open(f"{tmp}/layers.svg", encoding="utf-8").read(), f"plot: {r.stderr}")


def made_outliers(path):
    """Outliers that are off by 1/sqrt(n1) under alp, by 1/n1 under alp_b."""
    rng, law = np.random.default_rng(11), MarchenkoPastur(.5)
    with make_file(path) as f:
        for q, m in enumerate((40, 80, 160, 320)):
            make_point(f.require_group("one"), f"p{q:04d}", m, 2 * m, 40, dict(alp=law, alp_b=law), seed=q)
            for name, power in (("alp", .5), ("alp_b", 1)):
                d = f[f"one/p{q:04d}/distance/{name}"]
                for k in ("outlier_predicted", "outlier_measured"):
                    d.pop(k, None)
                d["outlier_predicted"] = np.full(40, 3. * m)
                d["outlier_measured"] = 3. * m * (1 + rng.standard_normal(40) / (2 * m)**power)


def outliers(tmp):
    path = f"{tmp}/outliers.h5"
    made_outliers(path)
    g, = nlrmt_scaling.groups(nlrmt_read.read(path).points)
    rows = dict(nlrmt_outlier.outliers(g))
    check({k: [w for w, _ in v] for k, v in rows.items()} == dict.fromkeys(("alp", "alp_b"), [80, 160, 320, 640]), f"{rows}")
    rng = np.random.default_rng(3)
    for power in (.5, 1):
        p = nlrmt_outlier.rms_power("made", [(w, rng.standard_normal(4000) / w**power) for w in (80, 160, 320, 640)])
        check(abs(p.exponent + power) < 4 * p.se < .4, f"rms ~ n1^-{power}: {p}")
    r = run("nlrmt_report", path, "--summary")
    check("outlier: largest eigenvalue" in r.stdout and max(map(len, r.stdout.splitlines())) <= 100, r.stdout + r.stderr)


def main():
    averages()
    verdicts()
    with tempfile.TemporaryDirectory() as tmp:
        powers(tmp)
        outliers(tmp)
        true_by_construction(simulated(tmp), tmp)
    finish()


if __name__ == "__main__":
    main()
