"""nlrmt_cumulants_report: what nlrmt_report says about cycle correlations of the features."""
import math

NAMES = ("cycle 2", "cycle 4", "cycle 6", "row")
NOTES = """cycle 2k: joint cumulant of F's entries around a cycle of k distinct rows and columns, each row without its
mean h(b): predicted E eta, theta2^2/n0, theta2^3/n0^2. row: of two entries of a row, with its mean: theta1b.
The theorem holds up to a factor 1 + O(n0^-1/2): ratio - 1 is that, and z grows with the trials."""


def print_cumulants(point):
    """kappa, s.e., predicted, ratio and z of one point."""
    c = point.cumulants
    print(f"  cycle correlations on {c['rows']} rows and {c['columns']} columns: theta1 = "
          f"{c['theta1']:.6g}, theta1b = {c['theta1b']:.6g}, theta2 = {c['theta2']:.6g}")
    row = "  {:<10}{:>14}{:>12}{:>14}{:>20}{:>9}".format
    print(row("kappa", "measured", "s.e.", "predicted", "ratio ± s.e.", "z"))
    for i, name in enumerate(NAMES):
        kappa, predicted = c["kappa"][i], c["predicted"][i]
        se = c["kappa_se"][i] if "kappa_se" in c else math.nan
        zero = abs(predicted) <= 1e-12 * c["theta1"]**(i + 1 if i < 3 else 1)
        print(row(name, f"{kappa:.4e}", f"{se:.1e}", "0" if zero else f"{predicted:.4e}",
                  "-" if zero else f"{kappa / predicted:.4f} ± {se / abs(predicted):.4f}",
                  f"{c['z_score'][i]:.1f}" if "z_score" in c else "-"))
