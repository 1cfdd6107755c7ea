"""nlrmt_outlier: where the row means of F put the largest eigenvalue, over the widths.

measured/predicted - 1 for each law that predicts an outlier, at every width: its mean and the root
mean square over the trials, and the power of the width with which the latter falls."""
from nlrmt_read import mean_se, np
from nlrmt_scaling import Series, exponent_text, groups, leading, power

NOTES = """m./p.: measured/predicted; rms over the trials ~ n1^p, the leading power where four widths tell it.
A limit law does not know the biases drawn: p near -1/2 once the outlier is far from the bulk. Given
them what is left is mostly the draw of W, and smaller."""


def _gaps(law):
    """[trials] measured/predicted - 1, None without an outlier in every trial."""
    if law.outlier_measured is None or law.outlier_predicted is None:
        return None
    both = (law.outlier_predicted > 0) & (law.outlier_measured > 0)
    return law.outlier_measured / law.outlier_predicted - 1 if both.all() and len(both) else None


def _rms(gap):
    """Root mean square and its standard error, by the spread of the squares."""
    mean, se = mean_se(gap**2)
    return mean**.5, se / (2 * mean**.5) if mean > 0 else 0.0


def outliers(group):
    """[(law, [(width, gaps)] ascending)] of a Group of points that differ in size only."""
    found = {}
    for point, _ in group.members:
        for name, law in point.laws.items():
            gap = _gaps(law)
            if gap is not None:
                found.setdefault(name, []).append((int(point.attrs["n1"]), gap))
    return [(name, rows) for name, rows in found.items() if len({w for w, _ in rows}) > 1]


def rms_power(name, rows):
    """The Power of the root mean squares along the widths."""
    rms = [_rms(gap) for _, gap in rows]
    s = Series(name, np.array([w for w, _ in rows], dtype=float), np.array([r for r, _ in rms]),
               np.array([e for _, e in rms]), np.array([len(gap) for _, gap in rows]))
    return leading(s) or power(s)


def print_outliers(points):
    """The section of nlrmt_report; nothing where no outlier is predicted over two widths."""
    found = [(g, laws) for g in groups(points) for laws in [outliers(g)] if laws]
    if not found:
        return
    print("\noutlier: largest eigenvalue against its prediction, over the width n1")
    row = "  {:<10}{:<10}{:<24}{:<12}{}".format
    for g, laws in found:
        print(g.name)
        print(row("law", "n1", "mean of m./p. - 1", "rms", "rms ~ n1^p"))
        for name, rows in laws:
            for k, (width, gap) in enumerate(rows):
                mean, se = mean_se(gap)
                p = exponent_text(rms_power(name, rows)) if k == 0 else ""
                print(row(name if k == 0 else "", width, f"{mean:+.2e} ± {se:.1e}",
                          f"{_rms(gap)[0]:.2e}", p))
    print(NOTES)
