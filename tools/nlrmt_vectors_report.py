"""nlrmt_vectors_report: what nlrmt_report says about overlaps of singular vectors."""
import numpy as np

from nlrmt_stats import deviation, kolmogorov, to_normal

NEAR = 0.05  # a block is near its prediction within this relative deviation
NOTES = """overlaps: m (v_i.u_j)^2, means over blocks of neighbours; s.e. and z from the trials, z
as Student's t (trials - 1 degrees of freedom) turned into the normal value of the same probability.
The squares of one row or column of single entries add up to 1: the z of blocks are not independent."""


def z_values(overlaps, law):
    """[R C]; NaN with one trial or where nothing is predicted."""
    flat = lambda o: o.reshape(*o.shape[:-2], -1)
    measured, predicted = flat(overlaps.measured), flat(overlaps.predicted[law])
    known = np.isfinite(predicted).all(axis=0) if predicted.ndim > 1 else np.isfinite(predicted)
    z = np.full(len(known), np.nan)
    _, _, t, trials = deviation(measured[:, known], predicted[..., known])
    z[known] = to_normal(t, trials - 1)
    return z


def print_overlaps(point):
    """For each law: relative deviations of the block means and the distribution of z."""
    o = point.overlaps
    rows, columns = o.measured.shape[1:]
    draws = f"{len(o.measured)} trial" + ("s" if len(o.measured) != 1 else "")
    print(f"  overlaps of singular vectors of data and features, {rows} x {columns} blocks, {draws}"
          + ("" if o.predicted else "; no law predicts them"))
    if not o.predicted:
        return
    row = "  {:<11}{:>9}{:>9}{:>13}{:>16}{:>9}{:>8}{:>12}{:>11}".format
    print(row("law", "largest", "rms", f"within {NEAR:.0%}", "within 2 s.e.", "mean z", "sd z",
              "largest |z|", "Kolmogorov"))
    for law in o.predicted:
        print(row(law, *deviations(o, law), *z_words(z_values(o, law))))
    if len(o.measured) > 1:
        print(row("N(0, 1)", "", "", "", "95.4%", "0.00", "1.00", "", "0.000"))
    else:
        print("  one trial: no standard error, no z (experiment.trials = 2 or more gives both)")


def deviations(overlaps, law):
    """Largest, rms, share within NEAR, as text."""
    d = overlaps.relative(law)
    d = d[np.isfinite(d)]
    if not len(d):
        return "-", "-", "-"
    return (f"{np.abs(d).max():.2%}", f"{np.sqrt(np.mean(d**2)):.2%}",
            f"{np.mean(np.abs(d) <= NEAR):.1%}")


def z_words(z):
    """Share within 2 s.e., mean, sd, largest, Kolmogorov distance from N(0, 1), as text."""
    z = z[np.isfinite(z)]
    if len(z) < 2:
        return ("-",) * 5
    return (f"{np.mean(np.abs(z) <= 2):.1%}", f"{z.mean():.2f}", f"{z.std(ddof=1):.2f}",
            f"{np.abs(z).max():.1f}", f"{kolmogorov(z):.3f}")


CSV = ("overlap_rows", "overlap_columns", "overlap_deviation_max", "overlap_deviation_rms",
       "overlap_within_5_percent", "overlap_within_2_se", "overlap_z_mean", "overlap_z_sd")


def csv_rows(run):
    """(point, law, values of the columns CSV), one row for each law; None where not known."""
    for p in (p for p in run.points if p.overlaps):
        for law in p.overlaps.predicted:
            d, z = p.overlaps.relative(law), z_values(p.overlaps, law)
            d, z = d[np.isfinite(d)], z[np.isfinite(z)]
            yield p, law, [*p.overlaps.measured.shape[1:],
                           *([np.abs(d).max(), np.mean(d**2)**.5, np.mean(np.abs(d) <= NEAR)]
                             if len(d) else [None] * 3),
                           *([np.mean(np.abs(z) <= 2), z.mean(), z.std(ddof=1)]
                             if len(z) > 1 else [None] * 3)]
