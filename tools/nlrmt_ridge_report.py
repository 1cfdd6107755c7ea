"""nlrmt_ridge_report: what nlrmt_report says about training errors."""
import math
import textwrap

from nlrmt_read import MEASURED, contest, mean_se, np, size_groups
from nlrmt_stats import SizeVerdict, deviation, fit_sizes, judge_sizes, kolmogorov, to_normal

WIDTH = 100
NOTES = """z: mean over the trials of measured - predicted, differences trial by trial, over its
standard error, and that Student's t (trials - 1 degrees of freedom) turned into the normal value of
the same probability. The gamma of one trial, and sizes with the same seed, are correlated: the z of
a file are fewer independent numbers than they seem, so mean, sd and distance scatter more."""


def wrap(text, first, rest):
    print("\n".join(textwrap.wrap(text, WIDTH, initial_indent=" " * first,
                                  subsequent_indent=" " * rest)))


def with_error(mean, se):
    """0.01234 ± 0.00056: two digits of the error; the mean alone if there is no s.e."""
    if not (math.isfinite(se) and se > 0):
        return f"{mean:.6g}"
    digits = 1 - math.floor(math.log10(se))
    if digits <= 9 and 1e-4 <= abs(mean) < 1e4:
        return f"{mean:.{max(0, digits)}f} ± {se:.{max(0, digits)}f}"
    digits = min(9, max(0, digits + math.floor(math.log10(abs(mean))))) if mean else 1
    return f"{mean:.{digits}e} ± {se:.1e}"


def z_values(point, kind, law):
    """[g]; NaN with one trial."""
    _, _, t, trials = deviation(point.ridge.measured[kind], point.ridge.predicted[law])
    return to_normal(t, trials - 1)


def print_theory_errors(point, rows=12):
    """The predicted training errors; `rows` of them, evenly picked, if there are more."""
    ridge = point.ridge
    count = len(ridge.gamma)
    shown = range(count) if count <= rows else [r * (count - 1) // (rows - 1) for r in range(rows)]
    short = f" ({rows} of {count} gamma)" if count > rows else ""
    laws = [k for k in ridge.predicted if k != "predicted"] or list(ridge.predicted)
    print("  training error predicted, " + sigmas(ridge) + short)
    print(f"  {'gamma':<13}" + "".join(f" {name:>16}" for name in laws))
    for k in shown:
        print(f"  {ridge.gamma[k]:<13.6g}"
              + "".join(f" {ridge.mean_predicted(law)[k]:>16.10g}" for law in laws))


def sigmas(ridge):
    return ", ".join(f"{k} = {v:.6g}" for k, v in (("sigma_a", ridge.sigma_a),
                                                   ("sigma_eps", ridge.sigma_eps)) if v is not None)


def print_errors(point):
    """Measured against predicted at the first, middle, last and worst gamma."""
    ridge, law, kind = point.ridge, point.ridge.law, point.ridge.sharpest
    z = {k: z_values(point, k, law) for k in ridge.measured}
    known = np.isfinite(z[kind]).any()
    away = np.abs(z[kind]) if known else np.abs(np.mean(
        ridge.measured[kind] - ridge.predicted[law], axis=0)) / ridge.mean_predicted(law)
    worst, count = int(np.nanargmax(away)), len(ridge.gamma)
    rows = f", n2 = {ridge.n2}" if ridge.n2 else ""
    print(f"  {ridge.task}, {sigmas(ridge)}{rows}; predicted by {law}, {count} gamma")
    head = "".join(f"{MEASURED[k]:<24}{'z':>6}   " for k in ridge.measured)
    print(f"  {'gamma':<11}{'predicted':<13}{head}".rstrip())
    for g in sorted({0, count // 2, count - 1, worst}):
        line = f"  {ridge.gamma[g]:<11.4g}{ridge.mean_predicted(law)[g]:<13.6g}"
        for k, e in ridge.measured.items():
            mean, se = mean_se(e[:, g])
            line += f"{with_error(mean, se):<24}{number(z[k][g]):>6}   "
        print(line.rstrip() + ("   worst" if g == worst else ""))
    text = "; ".join(f"{law} {MEASURED[k]} {largest(point, k, law)}" for law in ridge.predicted
                     for k in ridge.measured)
    if known:
        wrap(f"largest |z|: {text}", 2, 4)


def largest(point, kind, law):
    z = np.abs(z_values(point, kind, law))
    if not np.isfinite(z).any():
        return "-"
    return f"{np.nanmax(z):.1f} at gamma = {point.ridge.gamma[np.nanargmax(z)]:.3g}"


def number(z):
    return "-" if not math.isfinite(z) else f"{z:+.1f}" if abs(z) < 99 else f"{z:+.0f}"


def all_z(points, kind, law):
    """Every (gamma, point) of a law, as one array."""
    z = [z_values(p, kind, law) for p in points if law in p.ridge.predicted
         and kind in p.ridge.measured]
    z = np.concatenate(z) if z else np.zeros(0)
    return z[np.isfinite(z)]


def print_summary(points):
    """The distribution of z over all gamma and points."""
    laws = dict.fromkeys(law for p in points for law in p.ridge.predicted)
    print("\nTraining errors, all gamma and points")
    row = "  {:<11}{:<23}{:>6}{:>16}{:>9}{:>9}{:>12}".format
    found = {(law, kind): all_z(points, kind, law) for law in laws for kind in MEASURED}
    if not any(len(z) > 1 for z in found.values()):
        print_relative(points)
        return
    print(row("law", "measured", "z", "within 2 s.e.", "mean", "sd", "Kolmogorov"))
    for (law, kind), z in found.items():
        if len(z) > 1:
            print(row(law, MEASURED[kind], len(z), f"{np.mean(np.abs(z) <= 2):.1%}",
                      f"{z.mean():.2f}", f"{z.std(ddof=1):.2f}", f"{kolmogorov(z):.3f}"))
    print(row("N(0, 1)", "", "", "95.4%", "0.00", "1.00", "0.000"))


def print_relative(points):
    """One trial each: no standard error, the relative deviations alone."""
    print("  one trial: no standard error, no z (experiment.trials = 2 or more gives both)")
    for kind in MEASURED:
        d = [p.ridge.measured[kind].mean(axis=0) / p.ridge.mean_predicted(p.ridge.law) - 1
             for p in points if kind in p.ridge.measured]
        if d:
            d = np.concatenate(d)
            print(f"  {MEASURED[kind]:<23}(measured - predicted)/predicted: rms "
                  f"{np.sqrt(np.mean(d**2)):.2%}, largest {np.abs(d).max():.2%} of {len(d)}")


def spike(point, law):
    """[g]: what the one isolated eigenvalue of K, made by the features' mean, takes off the training
    error of a finite matrix: one direction of m keeps (gamma/(gamma + its place))^2 of its targets
    instead of the average share, the predicted error. Its place grows like m: for gamma above it
    this does not fall like 1/m yet."""
    ridge, theory = point.ridge, point.laws.get(law)
    place = theory.outlier if theory is not None else 0.0
    if theory is not None and theory.outlier_predicted is not None:
        place = float(np.mean(theory.outlier_predicted))
    m = point.attrs["m"]
    if not place > 0:
        return np.zeros(len(ridge.gamma))
    if point.matrix == "M":
        place *= m / point.attrs["n1"]
    kept = one_share(point) * (ridge.gamma / (ridge.gamma + place))**2
    return kept - ridge.mean_predicted(law) / m


def one_share(point):
    """The share of one direction of the samples in the error before anything is learnt."""
    ridge, sigma_x = point.ridge, point.attrs.get("sigma_x", 1.0)
    return ((ridge.sigma_eps or 0.0)**2 +
            ((ridge.sigma_a or 0.0) * sigma_x)**2) / point.attrs["m"]


def size_data(group, law):
    """One group's points that can be judged: m, gap less the outlier's known part, se, predicted at
    the largest m, trials, and the share of one direction there."""
    m, gap, se, trials = [], [], [], []
    for p in group:
        kind = p.ridge.sharpest
        mean, error, _, count = deviation(p.ridge.measured[kind], p.ridge.predicted[law])
        if count > 1 and (error > 0).all():
            m.append(float(p.attrs["m"]))
            gap.append(mean - spike(p, law))
            se.append(error)
            trials.append(count)
            predicted, share = p.ridge.mean_predicted(law), one_share(p)
    return (np.array(m), np.array(gap), np.array(se), predicted, trials, share) if m else None


def size_verdicts(points):
    """[(panel, group, law, data, verdict)], a group being points that differ in size only."""
    found = []
    for panel in dict.fromkeys(p.panel for p in points):
        for group in size_groups([p for p in points if p.panel == panel and p.ridge.measured]):
            for law in group[0].ridge.predicted:
                data = size_data([p for p in group if law in p.ridge.predicted], law)
                if data:
                    found.append((panel, group, law, data))
    count = {law: sum(f[2] == law for f in found) for law in {f[2] for f in found}}
    return [(panel, group, law, data, judge_sizes(*data, gamma=group[0].ridge.gamma,
                                                  groups=count[law]))
            for panel, group, law, data in found]


def within(data, fit):
    """How many of the (gamma, size) lie within 2 s.e. of the prediction, and of the prediction plus
    the fitted term (None if nothing is left to judge the fit by): two (hits, all)."""
    _, gap, se, _, trials, _ = data
    nu = np.broadcast_to(np.array(trials)[:, None] - 1.0, gap.shape)
    hits = lambda z: (int(np.sum(np.abs(z[np.isfinite(z)]) <= 2)), int(np.isfinite(z).sum()))
    fitted = fit is not None and fit.powers and fit.dof
    return hits(to_normal(gap / se, nu)), hits(to_normal(fit.residual, nu)) if fitted else None


def print_sizes(points):
    """Noise, finite size, or a wrong theory: totals by law, a paragraph for each group and law."""
    verdicts = size_verdicts(points)
    if not verdicts:
        return
    words = ["noise", "finite size", "theory wrong", "undecided", "one size"]
    print("\nGap between measured and predicted, groups of points that differ in size only")
    if any(spike(p, law).any() for _, group, law, *_ in verdicts for p in group):
        wrap("the outlier's part in it, known at every size from its predicted place, is taken off",
             2, 2)
    row = "  {:<11}" + "{:>14}" * len(words)
    print(row.format("law", *words))
    for law in dict.fromkeys(v[2] for v in verdicts):
        of_law = [v[4].word for v in verdicts if v[2] == law]
        print(row.format(law, *(of_law.count(w) for w in words)))
    for law in dict.fromkeys(v[2] for v in verdicts):
        print_within(law, [within(data, v.fit) for _, _, k, data, v in verdicts if k == law])
    for verdict in verdicts:
        print_verdict(*verdict)


def print_within(law, counts):
    """Within 2 s.e., all groups: of the prediction, and of the prediction plus the fitted term."""
    def share(pairs):
        hits, total = (sum(x) for x in zip(*pairs))
        return f"{hits / total:.1%} of {total}"
    text = f"{law}: within 2 s.e. of the prediction {share([before for before, _ in counts])}"
    fitted = [after for _, after in counts if after]
    if fitted:
        text += f", of the prediction + fitted finite-size term {share(fitted)}"
    wrap(text, 2, 4)


def print_verdict(panel, group, law, data, v: SizeVerdict):
    m, trials = data[0], data[4]
    where = group[0].name if len(group) == 1 else f"{group[0].name} to {group[-1].name}"
    sizes = ", ".join(f"{x:.0f}" for x in m)
    draws = ", ".join(map(str, dict.fromkeys(trials)))
    print(f"  [{panel}] {where}, {law}, m = {sizes} ({draws} trials): {v.word}")
    wrap(v.sentence[0].upper() + v.sentence[1:] + ".", 4, 4)
    if v.fit is None or not v.fit.powers or not v.fit.dof:
        return
    before, after = within(data, v.fit)
    name = "a/m" if v.fit.powers == (1,) else "a/m + b/m^2"
    text = "chi^2 per degree of freedom, mean and median over gamma: {}: {:.2g}, {:.2g}".format(
        name, *v.fit.reduced)
    if v.limit is not None and v.limit.dof:
        text += "; c + a/m: {:.2g}, {:.2g}".format(*v.limit.reduced)
    text += f"; within 2 s.e. {before[0]} of {before[1]}, with {name} {after[0]} of {after[1]}"
    wrap(text, 4, 4)


def print_contest(rivals, rows=9):
    """The best single f against the best mixture: predicted and simulated difference."""
    print("\nBest single f - best mixture (training error at each optimum)")
    measured = [g for g in range(len(rivals.gamma)) if np.isfinite(rivals.difference[:, g]).any()]
    if not measured:
        wrap("no two simulated points lie within 1e-3 of both optima at any gamma: add points with "
             "zeta and p at the optima stored here", 2, 2)
    count = len(rivals.gamma)
    shown = measured or list(range(count))
    if len(shown) > rows:
        shown = [shown[r * (len(shown) - 1) // (rows - 1)] for r in range(rows)]
    for g in shown:
        o = {k: v.x[g] for k, v in rivals.optima.items()}
        print(f"  gamma = {rivals.gamma[g]:.4g}: zeta* = {o['single']:.4f}, "
              f"p* = {o['mixture']:.4f}, predicted {rivals.predicted[g]:.4e}")
        for line in contest_lines(rivals, g):
            print("    " + line)
    if measured and not rivals.paired:
        print("  the two families have different seeds: differences are not paired")


def contest_lines(rivals, g):
    """One line for each size, and the extrapolation."""
    d, se, trials = rivals.difference[:, g], rivals.se[:, g], rivals.trials[:, g]
    for s in np.flatnonzero(np.isfinite(d)):
        z = to_normal(d[s] / se[s], trials[s] - 1) if se[s] > 0 else math.nan
        from_theory = to_normal((d[s] - rivals.predicted[g]) / se[s], trials[s] - 1) \
            if se[s] > 0 else math.nan
        yield (f"m = {rivals.m[s]:<7.0f} simulated {with_error(d[s], se[s])}   (z = {number(z)} "
               f"from 0, {number(from_theory)} from predicted, {trials[s]:.0f} trials)")
    use = np.isfinite(d) & (se > 0)
    if use.sum() > 1:
        fit = fit_sizes(rivals.m[use], d[use, None], se[use, None], trials[use] - 1, (0, 1))
        c, error, nu = fit.value[0, 0], fit.se[0, 0], fit.nu[0]
        z, from_theory = (to_normal((c - x) / error, nu) for x in (0.0, rivals.predicted[g]))
        chi2 = f", chi^2/dof {fit.chi2[0] / fit.dof:.2g}" if fit.dof else ""
        yield (f"c + a/m:    limit     {with_error(c, error)}   (z = {number(z)} from 0, "
               f"{number(from_theory)} from predicted{chi2})")


def print_ridge(run):
    """Everything that concerns all points together; the tables of single points come before."""
    points = [p for p in run.points if p.ridge and p.ridge.measured and p.ridge.predicted]
    if points:
        print_summary(points)
        print_sizes(points)
    rivals = contest(run.points)
    if rivals is not None:
        print_contest(rivals)
    if any(p.trials > 1 for p in points):
        print("\n" + NOTES)


CSV = ("gamma", "measure", "error_mean", "error_se", "error_predicted", "error_deviation",
       "error_deviation_se", "z", "size_verdict")


def csv_rows(run):
    """(point, law, values of the columns CSV), one row for each gamma, law and measured error."""
    words = {}
    for panel, group, law, _, verdict in size_verdicts([p for p in run.points if p.ridge]):
        words.update({(panel, p.name, law): verdict.word for p in group})
    for p in (p for p in run.points if p.ridge):
        for law in p.ridge.predicted:
            predicted = p.ridge.mean_predicted(law)
            if not p.ridge.measured:
                yield from ((p, law, [gamma, None, None, None, e] + [None] * 4)
                            for gamma, e in zip(p.ridge.gamma, predicted))
            for kind, e in p.ridge.measured.items():
                mean, se, _, _ = deviation(e, p.ridge.predicted[law])
                z, error = z_values(p, kind, law), [mean_se(x) for x in e.T]
                word = words.get((p.panel, p.name, law)) if kind == p.ridge.sharpest else None
                for g, gamma in enumerate(p.ridge.gamma):
                    row = [gamma, kind, error[g][0], error[g][1] if len(e) > 1 else None,
                           predicted[g], mean[g], se[g], z[g], word]
                    yield p, law, [None if isinstance(x, float) and math.isnan(x) else x
                                   for x in row]
