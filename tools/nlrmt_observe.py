"""nlrmt_observe: what the claims of the ledger are measured by: functions that make, of a file's points,
the Number that a claim is about, or None where the file has nothing of the kind. Each takes names
of panels, laws and so on and returns such a function."""
import math

import numpy as np

from nlrmt_contest import COINCIDE, contests
from nlrmt_outlier import outliers
from nlrmt_pairs import families
from nlrmt_read import contest, mean_se, size_groups
from nlrmt_ridge_report import size_data
from nlrmt_scaling import Group, Series, power, series
from nlrmt_stats import deviation
from nlrmt_stieltjes_report import complex_text, fluctuations, mean_predicted, parts
from nlrmt_verdict import Number, limit, power_number

LEAST = 4  # trials of a point that counts
_known = {}  # what several claims ask for


def once(function, points):
    """function(points), computed once for these points."""
    key = function.__name__, tuple(map(id, points))
    if key not in _known:
        _known[key] = points, function(points)  # the points too: their ids must stay theirs
    return _known[key][1]


def of_panel(points, panel, layer=None, **attrs):
    """Points of the panel that have trials, ascending in m; attrs: as text."""
    found = [p for p in points if p.panel == panel and p.trials >= LEAST and
             (layer is None or p.layer == layer) and
             all(str(p.attrs.get(k)) == v for k, v in attrs.items())]
    return sorted(found, key=lambda p: p.attrs["m"])


def groups_of(points, panel, layer=None, **attrs):
    """Lists of points that differ in size only, of two sizes or more."""
    return [g for g in size_groups(of_panel(points, panel, layer, **attrs)) if len(g) > 1]


# ---- distances ----

def _powers(found, law, w1, names, unit, size):
    """The Number of W1 ~ n^p, one component for each group of `found`; every point must have it."""
    fits, sizes, used = [], [], []
    for group in found:
        s = series(law, [(int(p.attrs[size]), w1(p)) for p in group if w1(p) is not None])
        if len(s.width) < 2 or not (s.se > 0).all():
            return None
        fits.append(power(s))
        sizes.append(s)
        used += group
    if not fits or any(not np.array_equal(s.width, sizes[0].width) for s in sizes):
        return None
    rows = [(n, np.array([s.w1[i] for s in sizes]), np.array([s.se[i] for s in sizes]))
            for i, n in enumerate(sizes[0].width)]
    nu = min(p.trials for p in used) - 1
    allowance = 1 / (2 * np.log(sizes[0].width).mean())
    return power_number(fits, nu, allowance, names, rows, used, unit)


def w1_power(panel, law, layers=(None,), **attrs):
    """Exponent of W1 to the law along the width; one component for each layer."""
    def observe(points):
        found = [g[0] for g in (groups_of(points, panel, layer, **attrs) for layer in layers) if g]
        if len(found) < len(layers):
            return None
        names = [f"layer {layer}" for layer in layers] if layers != (None,) else None
        of = lambda p: p.laws[law].w1 if law in p.laws else None
        return _powers(found, law, of, names, "n1", "n1")
    return observe


def bulk_power(panels, law):
    """Exponent in m of the distance on the bulk, for data from files, one panel a size."""
    def observe(points):
        group = [p for panel in panels for p in of_panel(points, panel)]
        of = lambda p: p.laws[law].w1_bulk if law in p.laws else None
        return _powers([group], law, of, None, "m", "m") if len(group) > 1 else None
    return observe


def contest_limit(panel, first, second, layer=None):
    """Where the data lie between two laws: the limit of s, 0 at the first, 1 at the second."""
    def observe(points):
        mine = of_panel(points, panel, layer)
        for group, found in once(contests, mine):
            for c in found:
                turned = (c.first, c.second) == (second, first)  # s is then 1 - s
                if turned or (c.first, c.second) == (first, second) and c.word != COINCIDE:
                    used = (c.trials > 1) & (c.se > 0)
                    s = 1 - c.s if turned else c.s
                    return limit(list(zip(c.width[used], s[used], c.se[used])), c.trials[used],
                                 points=[p for p, _ in group.members]) if used.any() else None
        return None
    return observe


def separation(panel, first, second):
    """W1 between two laws, relative to the mean eigenvalue, the largest of all sizes."""
    def observe(points):
        found = [(p, p.parts[""].projections.get(f"{first}-{second}"))
                 for p in of_panel(points, panel) if "" in p.parts]
        found = [(p, q) for p, q in found if q is not None]
        if not found:
            return None
        away = max(float(q.separation.max()) / p.mean_eigenvalue(p.laws[first]) for p, q in found)
        return Number([away], [0.0], math.inf, "none: the laws themselves", 1e-8,
                      points=[p for p, _ in found])
    return observe


# ---- gaps of many components, relative to what is predicted ----

def _gap_limit(rows, names, used, unit="n1"):
    """rows [(n, measured [t, k], predicted [k] or [t, k], unit [k])]: relative gaps, extrapolated."""
    sizes = []
    for n, measured, predicted, size in rows:
        mean, se, _, _ = deviation(measured, predicted)
        sizes.append((n, mean / size, se / size))
    return limit(sizes, [p.trials for p in used], names, used, unit)


def transform_gap(panel, what, law):
    """Relative gap of m or mtilde, real and imaginary parts, at every z of the panel."""
    def observe(points):
        for g in groups_of(points, panel):
            if not all(p.transforms and what in p.transforms.measured and
                       law in p.transforms.predicted[what] for p in g):
                continue
            rows = [(p.attrs["n1"], parts(p.transforms.measured[what]),
                     parts(p.transforms.predicted[what][law]),
                     np.tile(np.abs(mean_predicted(p.transforms.predicted[what][law])), 2)) for p in g]
            z = g[0].transforms.z
            varies = np.r_[np.ones(len(z), bool), z.imag != 0]  # m is real at real z
            rows = [(n, a[:, varies], b[..., varies], c[varies]) for n, a, b, c in rows]
            names = [f"{part} at z = {complex_text(x)}" for part in ("Re", "Im") for x in z]
            return _gap_limit(rows, [k for k, v in zip(names, varies) if v], g)
        return None
    return observe


def moment_gap(panel, predicted, **attrs):
    """Relative gap of (1/m) tr K^j; predicted: a law's name, or a function (point, order) -> moment."""
    def moments(p):
        if callable(predicted):
            return np.array([predicted(p, int(j)) for j in p.moments.order])
        return p.moments.predicted[predicted]

    def observe(points):
        for g in groups_of(points, panel, **attrs):
            if all(p.moments and p.moments.measured is not None and
                   (callable(predicted) or predicted in p.moments.predicted) for p in g):
                rows = [(p.attrs["n1"], p.moments.measured, moments(p), mean_predicted(moments(p)))
                        for p in g]
                return _gap_limit(rows, [f"j = {j}" for j in g[0].moments.order], g)
        return None
    return observe


def moment_ratio(panel, law, **attrs):
    """Measured/predicted of the first moment."""
    gap = moment_gap(panel, law, **attrs)

    def observe(points):
        q = gap(points)
        if q is None:
            return None
        return Number(q.value[:1] + 1, q.se[:1], q.nu[:1], q.model, q.allowance, None,
                      [(n, v[:1] + 1, s[:1]) for n, v, s in q.sizes], q.points, q.kind)
    return observe


def marchenko_pastur(p, j):
    """(1/m) tr K^j of Marchenko-Pastur of ratio m/n1, scaled by eta."""
    c = p.attrs["m"] / p.attrs["n1"]
    return p.attrs["eta"]**j * sum(math.comb(j, k) * math.comb(j, k - 1) / j * c**(k - 1)
                                   for k in range(1, j + 1))


def product_wishart(p, j):
    """The first three moments of the product of two Wishart matrices, of ratios m/n1 and m/n0."""
    a, b = p.attrs["m"] / p.attrs["n1"], p.attrs["m"] / p.attrs["n0"]
    return p.attrs["eta"]**j * (1, 1 + a + b, 1 + 3 * (a + b) + a * a + b * b + 3 * a * b)[j - 1]


def ridge_gap(panel, law, sign=1.0):
    """Relative gap of the training error at every gamma, without the outlier's known part; sign:
    that of the prediction."""
    def observe(points):
        for g in groups_of(points, panel):
            if not all(p.ridge and p.ridge.measured and law in p.ridge.predicted for p in g):
                continue
            data = size_data(g, law)
            if data is None or len(data[0]) < 2:
                continue
            m, gap, se, predicted, trials, _ = data
            gap = (gap + (1 - sign) * predicted) / predicted
            names = [f"gamma = {x:.3g}" for x in g[0].ridge.gamma]
            return limit(list(zip(m, gap, se / predicted)), trials, names, g, "m")
        return None
    return observe


def overlap_gap(panels, law):
    """Relative gap of the overlaps, every block; one panel with several m, or one panel a size."""
    def observe(points):
        g = [p for panel in panels for p in of_panel(points, panel)
             if p.overlaps and law in p.overlaps.predicted]
        if len(g) < 2:
            return None
        flat = lambda o: o.reshape(*o.shape[:-2], -1)
        rows = [(p.attrs["m"], flat(p.overlaps.measured), flat(p.overlaps.predicted[law]),
                 flat(p.overlaps.mean_predicted(law))) for p in g]
        r, c = g[0].overlaps.measured.shape[1:]
        return _gap_limit(rows, [f"block {i + 1}, {j + 1}" for i in range(r) for j in range(c)], g, "m")
    return observe


def cumulant_ratio(panel, which):
    """kappa/predicted, extrapolated in n0; which: 0, 1, 2 for cycles of length 2, 4, 6, 3 along a row."""
    def observe(points):
        g = sorted((p for p in of_panel(points, panel) if p.cumulants and "kappa_se" in p.cumulants),
                   key=lambda p: p.attrs["n0"])
        if len(g) < 2:
            return None
        row = lambda p: (p.attrs["n0"], p.cumulants["kappa"][which] / p.cumulants["predicted"][which],
                         p.cumulants["kappa_se"][which] / abs(p.cumulants["predicted"][which]))
        return limit([row(p) for p in g], [p.trials for p in g], None, g, "n0")
    return observe


# ---- polynomials that the transform must satisfy ----

def derived_quartic(z, m, a):
    """Terms of the quartic for m(z) of one activation that follows from A's Theorem 1."""
    phi, psi, eta, zeta = a
    return (z**2 * psi**2 * zeta * (zeta - eta) * m**4,
            z * psi * zeta * (2 * (zeta - eta) * (psi - phi) - phi * z) * m**3,
            (z * eta * phi**2 * psi - eta * phi**2 * zeta + 2 * eta * phi * psi * zeta -
             eta * psi**2 * zeta + z * phi**2 * zeta + phi**2 * zeta**2 - 2 * z * phi * psi * zeta -
             2 * phi * psi * zeta**2 + psi**2 * zeta**2) * m**2,
            phi * (eta * phi * (psi - phi) + phi**2 * z + zeta * (phi - psi)) * m, phi**3 + 0 * m)


def printed_quartic(z, m, a):
    """Terms of A's eq. 15 as it is printed in the copy at hand."""
    phi, psi, eta, zeta = a
    return (z**2 * zeta**2 * psi**2 * m**4, 2 * z * zeta**2 * psi * (psi - phi) * m**3,
            (zeta**2 * (psi - phi)**2 + z * zeta * phi * psi + z * eta * phi**2 * psi) * m**2,
            (zeta * phi * (psi - phi) + phi**2 * (z * phi + eta * (psi - phi))) * m, phi**3 + 0 * m)


def ps_quartic(z, m, a):
    """Terms of B's eq. 6 for g at z n1/m, g from m(z)."""
    phi, psi, theta1, theta2 = a
    r = phi / psi
    g = (m / r + (1 - r) / (r * z)) / r
    u = 1 + r * z * g
    v = g * (1 - r * u)
    return u, -theta1 * v, theta2 / psi * u * v, -theta2 * (theta1 - theta2) / psi * v**2


def residual(panel, terms):
    """The polynomial at the measured m(z), relative to the sum of its terms' moduli; the mean of m over
    the trials is put in, s.e. by a jackknife."""
    def at(z, m, p):
        a = (p.attrs["n0"] / p.attrs["m"], p.attrs["n0"] / p.attrs["n1"], p.attrs["eta"], p.attrs["zeta"])
        t = np.array(terms(z, m, a))
        return parts(t.sum(axis=0) / np.abs(t).sum(axis=0))

    def observe(points):
        for g in groups_of(points, panel):
            if not all(p.transforms and "m" in p.transforms.measured and "eta" in p.attrs for p in g):
                continue
            sizes = []
            for p in g:
                m, t = p.transforms.measured["m"], p.trials
                left = np.array([at(p.transforms.z, x, p) for x in (m.sum(axis=0) - m) / (t - 1)])
                se = np.sqrt((t - 1) * left.var(axis=0))
                sizes.append((p.attrs["n1"], at(p.transforms.z, m.mean(axis=0), p), se))
            z = g[0].transforms.z
            names = [f"{part} at z = {complex_text(x)}" for part in ("Re", "Im") for x in z]
            return limit(sizes, [p.trials for p in g], names, g)
        return None
    return observe


# ---- outliers, atoms, fluctuations ----

def outlier_power(panel, law):
    """Exponent of the rms of measured/predicted - 1 of the largest eigenvalue."""
    def observe(points):
        for g in groups_of(points, panel):
            for name, rows in outliers(Group(panel, "", "", [(p, None) for p in g])):
                if name == law:
                    width, trials = np.array([(w, len(x)) for w, x in rows], dtype=float).T
                    rms = np.array([np.mean(x**2)**.5 for _, x in rows])
                    se = np.array([mean_se(x**2)[1] for _, x in rows]) / (2 * rms)
                    fit = power(Series(law, width, rms, se, trials))
                    sizes = [(w, *np.array([[v], [s]])) for w, v, s in zip(width, rms, se)]
                    return power_number([fit], trials.min() - 1, 0.0, None, sizes, g)
        return None
    return observe


def outlier_gap(panel, law):
    """measured/predicted - 1 of the largest eigenvalue."""
    def observe(points):
        for g in groups_of(points, panel):
            for name, rows in outliers(Group(panel, "", "", [(p, None) for p in g])):
                if name == law:
                    return limit([(w, *mean_se(x)) for w, x in rows], [len(x) for _, x in rows], None, g)
        return None
    return observe


def atom(panel):
    """Share of zero eigenvalues of K in the largest matrix, structural and rounding-level ones."""
    def observe(points):
        g = of_panel(points, panel)
        g = [p for p in g if p.eigenvalues is not None and p.matrix == "K"]
        if not g:
            return None
        p = g[-1]
        small = np.abs(p.eigenvalues) < p.attrs["m"] * np.finfo(float).eps * \
            np.abs(p.eigenvalues).max(axis=1, keepdims=True)
        share = (small.sum(axis=1) + p.zeros) / p.attrs["m"]
        return Number([share.mean()], [mean_se(share)[1]], p.trials - 1,
                      f"counted at m = {p.attrs['m']}, to one eigenvalue", 1 / p.attrs["m"], points=[p])
    return observe


def atom_of(generic):
    """What A says of the atom at 0: of generic features, or of affine ones, whose rank n0 bounds too."""
    def expected(number):
        a = number.points[-1].attrs
        rank = min(a["m"], a["n1"]) if generic else min(a["m"], a["n1"], a["n0"])
        return 1 - rank / a["m"]
    return expected


def fluctuation_power(panel, of="n1"):
    """Exponent of E|g - Eg|^4 in n1, or in Im z where that is smallest."""
    def observe(points):
        for g in groups_of(points, panel):
            if not all(p.transforms and "m" in p.transforms.measured for p in g):
                continue
            f = once(fluctuations, g)
            if f is None or (of == "Im z" and not len(f.local)):
                continue
            value = f.pooled if of == "n1" else (f.local[0], f.local_se[0])
            words = "over {} widths, all Im z together".format(len(f.n1)) if of == "n1" else \
                f"from Im z = {f.im[0]:.2g} to {f.im[1]:.2g} (of M), mean over the widths"
            sizes = [(n, f.fourth[i].mean(keepdims=True), f.fourth_se[i].mean(keepdims=True))
                     for i, n in enumerate(f.n1)] if of == "n1" else []
            return Number([value[0]], [value[1]], min(f.trials) - 1, f"{of}^p {words}", 0.0, None,
                          sizes, g, "power" if sizes else "")
        return None
    return observe


# ---- points against each other ----

def pair_limit(panel, label):
    """Squared W1 distance between the spectra of two points of one size, noise taken off, relative to
    the squared mean eigenvalue, at infinite size."""
    def observe(points):
        mine = of_panel(points, panel)
        curve = next((c for f in once(families, mine) for c in f.curves if c.label == label), None)
        if curve is None:
            return None
        p = mine[-1]
        scale = p.mean_eigenvalue(next(iter(p.laws.values())))**2
        return limit([(q.m, q.square / scale, q.square_se / scale) for q in curve.pairs],
                     [q.trials for q in curve.pairs], None, mine, "m")
    return observe


def pair_power(panel, label):
    """Exponent in m of that distance, over the sizes where it is seen."""
    def observe(points):
        mine = of_panel(points, panel)
        curve = next((c for f in once(families, mine) for c in f.curves if c.label == label), None)
        if curve is None or curve.exponent is None:
            return None
        seen = [q for q in curve.pairs if q.seen]
        return Number([curve.exponent[0]], [curve.exponent[1]], min(q.trials for q in seen) - 1,
                      f"m^p over {len(seen)} sizes where it is seen", 0.0, None,
                      [(q.m, np.array([q.distance]), np.array([q.distance_se])) for q in seen], mine,
                      "power")
    return observe


def same_error(panel):
    """Relative difference of the training errors of two f with one zeta, the same W and X."""
    def observe(points):
        g = [p for p in of_panel(points, panel) if p.ridge and p.ridge.measured]
        names = list(dict.fromkeys(p.swept.get("activation.f") for p in g))
        if len(names) != 2:
            return None
        of = {(p.swept["activation.f"], p.attrs["m"]): p for p in g}
        rows = []
        for m in sorted({m for _, m in of}):
            a, b = of.get((names[0], m)), of.get((names[1], m))
            if a and b and np.array_equal(a.trial, b.trial):
                e = a.ridge.measured[a.ridge.sharpest], b.ridge.measured[b.ridge.sharpest]
                rows.append((m, e[0] - e[1], np.zeros(e[0].shape[1]), a.ridge.mean_predicted(a.ridge.law)))
        words = [f"gamma = {x:.3g}" for x in g[0].ridge.gamma]
        return _gap_limit(rows, words, g, "m") if len(rows) > 1 else None
    return observe


def mixture_gain(panels):
    """Training error of the best single f less that of the best mixture, in units of the predicted
    difference; the same W, X and targets."""
    def observe(points):
        c = contest([p for panel in panels for p in of_panel(points, panel)])
        if c is None or not c.paired:
            return None
        known = [g for g in range(len(c.gamma)) if np.isfinite(c.difference[:, g]).all() and
                 (c.se[:, g] > 0).all()]
        if not known:
            return None
        sizes = [(m, c.difference[s, known] / c.predicted[known], c.se[s, known] / c.predicted[known])
                 for s, m in enumerate(c.m)]
        return limit(sizes, c.trials[:, known].min(axis=1), [f"gamma = {c.gamma[g]:.3g}" for g in known],
                     [p for p in points if p.panel in panels], "m")
    return observe


def mixture_inside(best, ends):
    """Training error of the components alone less that of the mixture, in units of the predicted
    difference."""
    def observe(points):
        middle = {p.attrs["m"]: p for p in of_panel(points, best) if p.ridge and p.ridge.measured}
        rows, used, names = {}, [], []
        for p in (p for p in of_panel(points, ends) if p.ridge and p.ridge.measured):
            q = middle.get(p.attrs["m"])
            if q is None or not np.array_equal(q.ridge.gamma, p.ridge.gamma):
                continue
            names.append(f"p = {p.swept.get('mixture.probabilities')}")
            _, i, j = np.intersect1d(p.trial, q.trial, return_indices=True)
            d = p.ridge.measured[p.ridge.sharpest][i, 0] - q.ridge.measured[q.ridge.sharpest][j, 0]
            predicted = p.ridge.predicted[p.ridge.law][0] - q.ridge.predicted["alp"][0]
            mean, se = mean_se(d)
            rows.setdefault(p.attrs["m"], []).append((mean / predicted, se / abs(predicted)))
            used.append(p)
        names = list(dict.fromkeys(names))
        if len(rows) < 2 or any(len(r) != len(names) for r in rows.values()):
            return None
        sizes = [(m, *np.array(r).T) for m, r in rows.items()]
        return limit(sizes, [p.trials for p in used], names, used, "m")
    return observe
