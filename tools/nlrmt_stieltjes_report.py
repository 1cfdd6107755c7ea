"""nlrmt_stieltjes_report: what nlrmt_report says about Stieltjes transforms and moments of K."""
import math
from dataclasses import dataclass

import numpy as np

from nlrmt_read import size_groups
from nlrmt_ridge_report import with_error, wrap
from nlrmt_stats import deviation, judge_sizes, to_normal

ROWS = 6          # of the table of z at most
REPLICATES = 400  # of the bootstrap
NOTES = """transforms: m(z) = (1/m) tr (K - z)^-1 without the predicted outliers, mtilde(z) = (1/m)
tr(X'X/(n0 sigma_x^2) (K - z)^-1). Each z has two numbers, real and imaginary part; s.e. and z from the
trials, z as Student's t turned into the normal value of the same probability. The trials' fluctuations
are of the order 1/m, as the gap to the limit is: with many trials it shows at any size, as large z; over
several sizes it must fall like 1/m."""


def parts(values):
    """[..., k] complex -> [..., 2k] real: real parts, then imaginary parts."""
    return np.concatenate([values.real, values.imag], axis=-1)


def scores(measured, predicted):
    """Mean, s.e. and normal z of measured - predicted, [2k]; NaN where nothing varies."""
    mean, se, t, trials = deviation(parts(measured), parts(predicted))
    varies = np.abs(parts(measured)).max(axis=0) > 0
    return mean, se, np.where(varies, to_normal(t, trials - 1), np.nan)


def mean_predicted(values):
    """[k]: for a law given the biases the mean over the trials."""
    return values if values.ndim == 1 else values.mean(axis=0)


def relative(measured, predicted):
    """|mean measured - predicted|/|predicted|, [k]."""
    return np.abs((measured - predicted).mean(axis=0)) / np.abs(mean_predicted(predicted))


def pick(count, rows=ROWS):
    return range(count) if count <= rows else [r * (count - 1) // (rows - 1) for r in range(rows)]


def complex_text(z):
    return f"{z.real:.4g}{z.imag:+.4g}i" if z.imag else f"{z.real:.4g}"


def print_transforms(point):
    """A line for each transform and law, then some z of the first law."""
    t = point.transforms
    for what in ("m", "mtilde"):
        if what not in t.measured or not t.predicted[what]:
            continue
        left = f", {t.excluded} outlier(s) left out" if what == "m" and t.excluded else ""
        print(f"  {what}(z) at {len(t.z)} z, {point.trials} trial"
              + ("s" if point.trials != 1 else "") + left)
        row = "    {:<9}{:>13}{:>11}{:>15}{:>9}{:>8}{:>13}".format
        print(row("law", "largest rel.", "rms rel.", "within 2 s.e.", "mean z", "sd z",
                  "largest |z|"))
        for law, predicted in t.predicted[what].items():
            print(row(law, *summary(t.measured[what], predicted)))
        print_some(t.z, t.measured[what], *next(iter(t.predicted[what].items())))


def summary(measured, predicted):
    """The cells of one law, as text."""
    rel, (_, _, z) = relative(measured, predicted), scores(measured, predicted)
    z = z[np.isfinite(z)]
    words = (f"{rel.max():.2%}", f"{np.sqrt(np.mean(rel**2)):.2%}")
    if len(z) < 2:
        return (*words, "-", "-", "-", "-")
    return (*words, f"{np.mean(np.abs(z) <= 2):.0%}", f"{z.mean():.2f}", f"{z.std(ddof=1):.2f}",
            f"{np.abs(z).max():.1f}")


def print_some(zs, measured, law, predicted):
    """Predicted, measured ± s.e. and z, both parts, at a few z."""
    mean, se, z = scores(measured, predicted)
    limit, k = mean_predicted(predicted), len(zs)
    row = "    {:<14}{:>12}  {:<22}{:>6}{:>12}  {:<22}{:>6}".format
    print(row("z", f"Re {law}", "measured", "z", f"Im {law}", "measured", "z"))
    score = lambda x: f"{x:.1f}" if math.isfinite(x) else "-"
    for i in pick(k):
        cells = []
        for j, value in ((i, limit[i].real), (i + k, limit[i].imag)):
            cells += [f"{value:.6g}", with_error(value + mean[j], se[j]), score(z[j])]
        print(row(complex_text(zs[i]), *cells))


def print_moments(point):
    q = point.moments
    if q.measured is None or not q.predicted:
        return
    left = f", {q.excluded} outlier(s) left out" if q.excluded else ""
    print(f"  moments (1/m) tr K^j{left}")
    _, se, _, _ = deviation(q.measured, np.zeros(len(q.order)))
    columns = [(mean_predicted(p), *deviation(q.measured, p)) for p in q.predicted.values()]
    print(f"    {'j':<3}{'measured':<22}" + "".join(f"{law:>13}{'z':>7}" for law in q.predicted))
    for i, j in enumerate(q.order):
        line = f"    {j:<3}{with_error(q.measured[:, i].mean(), se[i]):<22}"
        for limit, _, _, t, trials in columns:
            z = f"{to_normal(t[i], trials - 1):.1f}" if trials > 1 else "-"
            line += f"{limit[i]:>13.7g}{z:>7}"
        print(line)


def print_theory(point):
    """The predictions of a file without a simulation: a few z, all moments, the laws side by side."""
    t, q = point.transforms, point.moments
    for what in ("m", "mtilde") if t else ():
        laws = t.predicted[what]
        print(f"  {what + '(z)':<14}" + "".join(f" {law:>28}" for law in laws))
        for i in pick(len(t.z)):
            print(f"  {complex_text(t.z[i]):<14}"
                  + "".join(f" {p[i].real:>14.7g} {p[i].imag:>+12.7g}i" for p in laws.values()))
    if q and q.predicted:
        print("  tr K^j/m      " + "".join(f" {law:>16}" for law in q.predicted))
        for i, j in enumerate(q.order):
            print(f"  {j:<14}" + "".join(f" {p[i]:>16.10g}" for p in q.predicted.values()))


# ---- over sizes ----

def groups_of(points):
    """Lists of points with the same z, measured, that differ in size only; panel by panel."""
    for panel in dict.fromkeys(p.panel for p in points):
        found = [p for p in points if p.panel == panel and p.transforms and
                 "m" in p.transforms.measured and p.trials > 1]
        for group in size_groups(found):
            if all(np.array_equal(p.transforms.z, group[0].transforms.z) for p in group):
                yield group


def size_verdict(group, what, law):
    """(SizeVerdict, rms relative gap at each size, its exponent in m); numbers are relative to
    |predicted| at the largest size."""
    m = np.array([p.attrs["m"] for p in group], dtype=float)
    size = np.abs(mean_predicted(group[-1].transforms.predicted[what][law]))
    unit, gap, se = np.r_[size, size], [], []
    for p in group:
        mean, error, _ = scores(p.transforms.measured[what], p.transforms.predicted[what][law])
        gap.append(mean / unit)
        se.append(error / unit)
    gap, se = np.array(gap), np.array(se)
    used = (se > 0).all(axis=0)
    verdict = judge_sizes(m, gap[:, used], se[:, used], np.ones(used.sum()),
                          [p.trials for p in group])
    rms = np.sqrt((gap**2).sum(axis=1) / len(size))
    return verdict, rms, np.polyfit(np.log(m), np.log(rms), 1)[0]


def print_sizes(points):
    """How the gap falls with m, and what judge_sizes calls it."""
    found = [g for g in groups_of(points) if len(g) > 1 and g[0].transforms.predicted["m"]]
    if not found:
        return
    print("\nGap of the transforms to their limits over sizes: rms of |measured - predicted|/|predicted|")
    for group in found:
        sizes = " ".join(f"{p.attrs['m']:>9}" for p in group)
        print(f"  {group[0].panel + ', m =':<28}{sizes}   exponent  verdict")
        for what in group[0].transforms.measured:
            for law in group[0].transforms.predicted[what]:
                verdict, rms, power = size_verdict(group, what, law)
                c = verdict.limit
                limit = (f", limit {c.value[0, verdict.worst]:+.1e} ± {c.se[0, verdict.worst]:.1e} at "
                         "the worst" if c is not None else "")
                print(f"    {what + ' ' + law:<26}" + " ".join(f"{x:>9.2e}" for x in rms)
                      + f"   {power:>8.2f}  {verdict.word}{limit}")


# ---- fluctuations ----

@dataclass
class Fluctuations:
    """E|g - Eg|^4 of g(z) = (1/n1) tr (M - z)^-1, the mean over the Re z that share an Im z."""
    n1: np.ndarray       # [s] ascending
    trials: list         # [s]
    im: np.ndarray       # [i] Im z of M, ascending
    fourth: np.ndarray   # [s, i]
    fourth_se: np.ndarray
    width: np.ndarray    # [i] exponent in n1 at this Im z; NaN with one size
    width_se: np.ndarray
    local: np.ndarray    # [i - 1] exponent in Im z between neighbours, mean over the sizes
    local_se: np.ndarray
    pooled: tuple        # exponent in n1 of all Im z together, its s.e.


def fourth_moments(deltas, where):
    """[i] from deltas [trials, k], centred here: means over the z of each group of `where`."""
    power = np.abs(deltas - deltas.mean(axis=0))**4
    return np.array([power[:, k].mean() for k in where])


def exponents(n1, im, fourth):
    """Slopes of log fourth [s, i]: in log n1 for each Im z, in log Im z between neighbours."""
    logs = np.log(fourth)
    x = np.log(n1) - np.log(n1).mean()
    width = x @ logs / (x @ x) if len(n1) > 1 else np.full(len(im), np.nan)
    local = (np.diff(logs, axis=1) / np.diff(np.log(im))).mean(axis=0)
    return width, local


def fluctuations(group, law=None):
    """The Fluctuations of points that differ in size only, None if there is nothing to compare; with
    a law given the biases those around each trial's own prediction. s.e. by a bootstrap over the
    trials: the z of one trial fluctuate together."""
    z = group[0].transforms.z
    ims = np.unique(z.imag[z.imag > 0])
    where = [np.flatnonzero(z.imag == y) for y in ims]
    alike = all(np.array_equal(z.real[k], z.real[where[0]]) for k in where)
    if not len(ims) or not alike or (len(group) < 2 and len(ims) < 2) or \
            min(p.trials for p in group) < 8:
        return None
    a = [p.attrs for p in group]
    n1, ratio = np.array([float(q["n1"]) for q in a]), [q["n1"] / q["m"] for q in a]
    kept = [1 - p.transforms.excluded / p.attrs["m"] for p in group]
    own = [p.transforms.predicted["m"][law] if law else 0 for p in group]
    g = [k * (p.transforms.measured["m"] - o) / r**2
         for p, o, r, k in zip(group, own, ratio, kept)]
    rng, draws = np.random.default_rng(1), []
    fourth = np.array([fourth_moments(d, where) for d in g])
    for _ in range(REPLICATES):
        again = np.array([fourth_moments(d[rng.integers(len(d), size=len(d))], where) for d in g])
        draws.append((again, *exponents(n1, ims, again)))
    spread = lambda i: np.std([d[i] for d in draws], axis=0, ddof=1)
    width, local = exponents(n1, ims, fourth)
    pooled = (float(width.mean()), float(np.std([d[1].mean() for d in draws], ddof=1)))
    return Fluctuations(n1, [p.trials for p in group], ims * ratio[-1], fourth, spread(0), width,
                        spread(1), local, spread(2), pooled)


def compare_with_bound(power, se):
    """What an exponent in n1 says of the bound n1^-2 of Lemma 3.4."""
    if se > 0.3:
        return "too uncertain to compare: more trials (experiment.trials) or sizes tell more"
    if power > -2 + 3 * se:
        return "slower than the bound n1^-2"
    if abs(power + 2) <= 3 * se:
        return "the bound's own power n1^-2: it is sharp"
    if abs(power + 4) <= 3 * se:
        return "n1^-4, as of a linear statistic: far below the bound n1^-2"
    return "within the bound n1^-2, faster than it"


def around(group):
    """None: around the mean; and, with random biases, a law that is given them."""
    laws = [k for k, p in group[0].transforms.predicted["m"].items() if p.ndim > 1]
    return [None] + (laws[:1] if group[0].random_biases else [])


def width_words(f):
    """The exponent in n1 of all Im z together; where it depends on Im z, the slowest."""
    apart = np.abs(f.width - f.pooled[0]) > 4 * np.hypot(f.width_se, f.pooled[1])
    if not apart.any():
        return (f"all Im z together: n1^({f.pooled[0]:.2f} ± {f.pooled[1]:.2f}), "
                + compare_with_bound(*f.pooled))
    slow = int(np.argmax(f.width))
    return (f"the power of n1 depends on Im z; the slowest, n1^({f.width[slow]:.2f} ± "
            f"{f.width_se[slow]:.2f}) at Im z = {f.im[slow]:.3g}: "
            + compare_with_bound(f.width[slow], f.width_se[slow]))


def print_fluctuations(points):
    found = [(g, law, f) for g in groups_of(points) for law in around(g)
             if (f := fluctuations(g, law))]
    if not found:
        return
    print("\nFluctuations of g(z) = (1/n1) tr (M - z)^-1 against the bound E|g - Eg|^4 <~ 1/(n1^2 (Im z)^4)")
    for group, law, f in found:
        sizes = ", ".join(f"{n:.0f}" for n in f.n1)
        given = f", around each trial's {law} (biases given)" if law else ""
        wrap(f"{group[0].panel}{given}: n1 = {sizes}, {f.trials[0]} trials, s.e. by bootstrap", 2, 4)
        row = "    {:<10}{:>22}{:>15}{:>15}{:>18}   {}".format
        print(row("Im z (M)", f"E|g-Eg|^4, n1={f.n1[-1]:.0f}", "x n1^2 Im^4", "x n1^4 Im^4",
                  "power of n1", "power of Im z to the next"))
        for i, y in enumerate(f.im):
            value = f.fourth[-1, i]
            power = f"{f.width[i]:.2f} ± {f.width_se[i]:.2f}" if len(f.n1) > 1 else "-"
            local = f"{f.local[i]:.2f} ± {f.local_se[i]:.2f}" if i < len(f.local) else ""
            print(row(f"{y:.4g}", f"{value:.2e} ± {f.fourth_se[-1, i]:.0e}",
                      f"{value * f.n1[-1]**2 * y**4:.2e}", f"{value * f.n1[-1]**4 * y**4:.3g}", power,
                      local))
        if len(f.n1) > 1:
            wrap(width_words(f), 4, 6)


def print_summary(points):
    print_sizes(points)
    print_fluctuations(points)


CSV = ("transform", "transform_deviation_max", "transform_deviation_rms", "transform_within_2_se",
       "transform_z_mean", "transform_z_sd")


def csv_rows(run):
    """(point, law, values of the columns CSV), one row for each transform and law."""
    for p in (p for p in run.points if p.transforms):
        for what, measured in p.transforms.measured.items():
            for law, predicted in p.transforms.predicted[what].items():
                rel, (_, _, z) = relative(measured, predicted), scores(measured, predicted)
                z = z[np.isfinite(z)]
                yield p, law, [what, rel.max(), np.mean(rel**2)**.5,
                               *([np.mean(np.abs(z) <= 2), z.mean(), z.std(ddof=1)] if len(z) > 1
                                 else [None] * 3)]
