"""nlrmt_read: an nlrmt output file (HDF5, schema nlrmt/1) as plain Python objects.

The one place that knows the file's layout for tools/. Everything is read at once and the file is
closed again; eigenvalues are [trials, n] as stored, cut to the trials that are done.
"""
import os
import re
import sys
from dataclasses import dataclass, field

os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")  # reads beside a running simulation, on NFS

USAGE, DATA, DISK = 2, 3, 4  # exit statuses, the same as nlrmt_sim's


def fail(status, text):
    """One line on stderr, then exit."""
    print(f"{os.path.basename(sys.argv[0])}: {' '.join(str(text).split())}", file=sys.stderr)
    sys.exit(status)


def missing(error):
    """A Python module cannot be imported: says which packages have it."""
    fail(USAGE, f"{sys.executable}: {error}: install it with 'apt install python3-h5py "
                "python3-matplotlib', or 'python3 -m pip install h5py matplotlib' and run this "
                "file with that python3")


try:
    import h5py
    import numpy as np
except ImportError as import_error:
    missing(import_error)


@dataclass
class Law:
    """One law at one point: the theory (None or empty where not stored) and its distances."""
    name: str
    lam: np.ndarray = None      # [k] ascending
    density: np.ndarray = None  # [k] continuous part
    cdf: np.ndarray = None      # [k] atom at zero included
    atom: float = 0.0
    edges: np.ndarray = None    # [2, bulks]
    outlier: float = 0.0        # predicted place, 0 if none
    residual_max: float = None
    mass_error: float = None
    moment_error: float = None
    w1: np.ndarray = None       # [trials]
    ks: np.ndarray = None       # [trials]
    w1_bulk: np.ndarray = None  # [trials] on the bulk, all eigenvalues counted (data from files)
    w1_mean: float = None
    w1_se: float = 0.0
    ks_mean: float = None
    ks_se: float = 0.0
    excluded: int = 0           # largest eigenvalues left out of the distances
    outlier_measured: np.ndarray = None   # [trials]
    outlier_predicted: np.ndarray = None  # [trials]
    fluctuation_scale: float = None       # sd(eta(b))/sqrt(n1), limit laws with random biases
    spikes: np.ndarray = None             # [k] predicted places of isolated eigenvalues

    @property
    def given_biases(self):
        """True for alp_b, ps_b, ...: the theory group then is that of trial 0's biases."""
        return self.name.endswith("_b")

    @property
    def resolved(self):
        """True if the stored grid is fine enough to interpolate F (an explicit [theory] lambda list
        may not be)."""
        return self.lam is not None and len(self.lam) > 1 and np.diff(self.cdf).max() < 0.1

    def cdf_at(self, x):
        """The law's distribution function at x [k]: monotone cubic through the stored grid, whose
        slopes are the stored density; NaN where the grid does not reach and F is not yet 0 or 1."""
        lam, cdf = self.lam, self.cdf
        secant = np.diff(cdf) / np.diff(lam)
        cap = 3 * np.minimum(np.r_[secant, np.inf], np.r_[np.inf, secant])  # Fritsch-Carlson
        slope = np.clip(np.nan_to_num(self.density, posinf=np.inf), 0, cap)
        i = np.clip(np.searchsorted(lam, x, side="right") - 1, 0, len(lam) - 2)
        h = lam[i + 1] - lam[i]
        t = np.clip((x - lam[i]) / h, 0, 1)
        y = ((1 + 2 * t) * (1 - t)**2 * cdf[i] + t * (1 - t)**2 * h * slope[i] +
             t * t * (3 - 2 * t) * cdf[i + 1] - t * t * (1 - t) * h * slope[i + 1])
        below = np.where(x < 0, 0.0, self.atom)
        if cdf[0] > self.atom + 1e-3:
            below = np.nan
        y = np.where(x < lam[0], below, y)
        return np.where(x > lam[-1], 1.0 if cdf[-1] > 1 - 1e-3 else np.nan, y)


@dataclass
class Optimum:
    """The best activation of one family at each gamma, and the whole curve it is the minimum of."""
    x: np.ndarray        # [g] zeta of the best single f, or p of the best mixture
    error: np.ndarray    # [g] training error there
    curve_x: np.ndarray  # [k]
    curve: np.ndarray    # [g, k]


@dataclass
class Ridge:
    """Training errors of one point, gamma ascending; measured ones only where simulated."""
    gamma: np.ndarray                     # [g]
    predicted: dict                       # law -> [g], or [trials, g] given each trial's biases
    law: str = ""                         # the law that the configuration names first
    measured: dict = field(default_factory=dict)  # expected, train_error -> [trials, g]
    optima: dict = field(default_factory=dict)    # single, mixture -> Optimum
    n2: int = None
    sigma_a: float = None
    sigma_eps: float = None

    @property
    def task(self):
        if self.sigma_a == 0:
            return "random labels"
        return "autoencoder" if self.sigma_eps == 0 else "noisy autoencoder"

    @property
    def sharpest(self):
        """The measured error with the least noise: expected, else train_error, else None."""
        return next((k for k in MEASURED if k in self.measured), None)

    def mean_predicted(self, law):
        """[g]: for a law given the biases the mean over the trials."""
        e = self.predicted[law]
        return e if e.ndim == 1 else np.nanmean(e, axis=0)


@dataclass
class Overlaps:
    """m (v_i.u_j)^2, averaged over blocks of neighbours: v_i right singular vectors of the data (s
    ascending), u_j of the features (lambda ascending)."""
    measured: np.ndarray  # [trials, R, C]
    predicted: dict       # law -> [R, C], or [trials, R, C] given each trial's biases
    has_full: bool        # read_full() gives the first trial's v_i.u_j

    def mean_predicted(self, law):
        """[R, C]: for a law given the biases the mean over the trials."""
        o = self.predicted[law]
        return o if o.ndim == 2 else o.mean(axis=0)

    def relative(self, law):
        """Mean over the trials of measured/predicted - 1, [R, C]; NaN where nothing is predicted."""
        o = self.mean_predicted(law)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(o > 0, self.measured.mean(axis=0) / o - 1, np.nan)


@dataclass
class Transforms:
    """Stieltjes transforms of K at z, complex: m (predicted outliers left out) and mtilde. Measured
    ones only where simulated."""
    z: np.ndarray                                 # [k]
    predicted: dict                               # m, mtilde -> law -> [k], or [trials, k]
    measured: dict = field(default_factory=dict)  # m, mtilde -> [trials, k]
    excluded: int = 0                             # eigenvalues left out of m


@dataclass
class Moments:
    """(1/m) tr K^j, predicted outliers left out."""
    order: np.ndarray            # [p]
    predicted: dict              # law -> [p], or [trials, p] given each trial's biases
    measured: np.ndarray = None  # [trials, p]
    excluded: int = 0


@dataclass
class Kde:
    """A smoothed density of the eigenvalues that the histogram shows."""
    lam: np.ndarray      # [k]
    density: np.ndarray  # [k]
    bandwidth: float
    rule: str = ""       # how the bandwidth was chosen, "" if the file does not say


@dataclass
class Projection:
    """Two laws of one kind: where each trial lies between them (nlrmt_contest)."""
    first: str
    second: str
    statistic: np.ndarray   # [trials] 0 at the first law, 1 at the second
    separation: np.ndarray  # [trials] W1 between the laws
    weight: np.ndarray      # [trials] integral of (F_second - F_first)^2; 0: they coincide


@dataclass
class Part:
    """What a spectrum has of distances, by law: of a point itself, or of one of its layers."""
    w1: dict           # law -> [trials]
    projections: dict  # "first-second" -> Projection


MEASURED = {"expected": "expected over targets", "train_error": "drawn targets"}
SIZES = "m", "n0", "n1"


@dataclass
class Point:
    """One point of one panel."""
    panel: str
    name: str
    title: str
    attrs: dict
    trials: int                       # done
    eigenvalues: np.ndarray = None    # [trials, n] ascending
    matrix: str = "K"
    zeros: int = 0                    # structural zeros beside the n eigenvalues
    edges: np.ndarray = None          # histogram, [bins+1]
    empirical: np.ndarray = None      # [bins] density
    empirical_se: np.ndarray = None   # [bins]
    predicted: dict = field(default_factory=dict)  # law -> [bins]
    laws: dict = field(default_factory=dict)       # name -> Law
    timing: dict = field(default_factory=dict)     # phase -> [trials] seconds
    trial: np.ndarray = None          # [trials] their numbers
    ridge: Ridge = None
    overlaps: Overlaps = None
    transforms: Transforms = None
    moments: Moments = None
    cumulants: dict = None            # datasets and attributes of the group
    data: dict = None                 # attributes of data/, where samples come from files
    kde: Kde = None                   # as stored
    parts: dict = field(default_factory=dict)      # "" (the point itself), "layer 1", ... -> Part
    swept: dict = field(default_factory=dict)      # swept key -> value as text
    failures: list = field(default_factory=list)   # what failed, in words
    theory_alone: bool = False        # nothing is simulated here
    label: str = ""                   # the parameters in which the panel's points differ

    @property
    def layer(self):
        """The layer that this is about: a point of several layers is read as one Point for each."""
        return int(self.attrs.get("layer", 1))

    @property
    def random_biases(self):
        return self.attrs.get("bias") != "none"

    @property
    def dimension(self):
        """Size of the matrix, structural zeros included; from the parameters if nothing is done."""
        if self.eigenvalues is not None:
            return self.zeros + self.eigenvalues.shape[1]
        return int(self.attrs.get("m", 0) if self.matrix == "K" else self.attrs.get("n1", 0))

    def bulk(self, law, trials=None):
        """Eigenvalues [trials, n - excluded] that the law's distances are about; rounding-level
        values (rank deficiency) count as 0."""
        rows = self.eigenvalues[:trials]
        rows = rows[:, :rows.shape[1] - law.excluded]
        return np.where(np.abs(rows) < 1e-10 * np.abs(rows).max(initial=0), 0.0, rows)

    def mean_eigenvalue(self, law):
        """Mean over the trials and the law's bulk, structural zeros included."""
        rows = self.bulk(law)
        return rows.sum(axis=1).mean() / (self.zeros + rows.shape[1])


@dataclass
class Run:
    """One file."""
    path: str
    attrs: dict
    points: list  # of Point, panels in the order of the configuration
    skipped: list = field(default_factory=list)  # (panel, title, why it was not computed)

    @property
    def theory_alone(self):
        return all(p.theory_alone for p in self.points)

    @property
    def complete(self):
        return bool(self.attrs.get("complete", 0))


def plain(value):
    """An HDF5 attribute as str, int, float or array."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return plain(value.reshape(-1)[0]) if value.size == 1 else value
    return value.item() if isinstance(value, np.generic) else value


def attributes(node):
    return {k: plain(v) for k, v in node.attrs.items()
            if k not in ("DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME")}


def mean_se(x):
    """Mean and standard error (0 for one value)."""
    return float(np.mean(x)), float(np.std(x, ddof=1) / len(x)**.5) if len(x) > 1 else 0.0


def difference(point, law, limit=3000):
    """F_n - F on the law's bulk: x, d (both sides of every jump) and the standard error of F_n.

    F_n is the mean over the trials; for a law given random biases it is the first trial's, whose
    law is the one stored. Exact in F_n at every x drawn; at most about `limit` jumps are kept."""
    rows = point.bulk(law, 1 if law.given_biases and point.random_biases else None)
    total = point.zeros + rows.shape[1]
    jumps = np.sort(rows, axis=None)
    jumps = jumps[::max(1, len(jumps) // limit)]
    x = np.unique(np.concatenate([[0.0] if point.zeros or law.atom else [], jumps, law.lam]))
    right = np.stack([np.searchsorted(r, x, side="right") + point.zeros * (x >= 0) for r in rows])
    left = np.stack([np.searchsorted(r, x, side="left") + point.zeros * (x > 0) for r in rows])
    cdf = law.cdf_at(x)
    before = np.where(x <= 0, 0.0, cdf)
    d = np.stack([left.mean(axis=0) / total - before, right.mean(axis=0) / total - cdf], axis=1)
    spread = right.std(axis=0, ddof=1) / total / len(rows)**.5 if len(rows) > 1 else 0 * x
    return np.repeat(x, 2), d.reshape(-1), np.repeat(spread, 2)


def _read_law(point_group, name, trials):
    law = Law(name)
    theory = point_group.get(f"theory/{name}")
    if theory is not None:
        a = attributes(theory)
        law.lam, first = np.unique(theory["lambda"][...], return_index=True)
        law.density, law.cdf = theory["density"][...][first], theory["cdf"][...][first]
        law.atom, law.outlier = a.get("atom_at_zero", 0.0), a.get("outlier", 0.0)
        if law.atom < 1e-9:  # rounding of the solver
            law.atom = 0.0
        law.residual_max, law.mass_error = a.get("residual_max"), a.get("mass_error")
        law.moment_error = a.get("moment_error")
        if "spikes" in theory:
            law.spikes = np.sort(theory["spikes"][...])
        if "edges" in theory.attrs and np.size(theory.attrs["edges"]):
            law.edges = np.reshape(theory.attrs["edges"], (2, -1))
    distance = point_group.get(f"distance/{name}")
    if distance is not None and trials:
        a = attributes(distance)
        law.w1, law.ks = (distance[k][:trials] for k in ("wasserstein1", "kolmogorov"))
        (law.w1_mean, law.w1_se), (law.ks_mean, law.ks_se) = mean_se(law.w1), mean_se(law.ks)
        if "wasserstein1_bulk" in distance:
            law.w1_bulk = distance["wasserstein1_bulk"][:trials]
        law.excluded = int(np.max(a.get("outliers_excluded", 0)))
        law.fluctuation_scale = a.get("fluctuation_scale") or None
        for key in ("outlier_measured", "outlier_predicted"):
            if key in distance:
                setattr(law, key, distance[key][:trials])
    return law


def _read_point(panel, title, name, group):
    attrs = attributes(group)
    point = Point(panel, name, title, attrs, int(attrs.get("trials_done", 0)),
                  matrix=str(attrs.get("matrix", "K")))
    point.trial = group["trial"][:point.trials] if "trial" in group else np.arange(point.trials)
    if "eigenvalues" in group and point.trials:
        e = group["eigenvalues"]
        point.eigenvalues = e[:point.trials]
        point.matrix = str(plain(e.attrs.get("matrix", "K")))
        point.zeros = int(plain(e.attrs.get("structural_zeros", 0)))
    h = group.get("histogram", {})
    if "edges" in h and (point.trials or "empirical" not in h):
        point.edges = h["edges"][...]
        point.empirical, point.empirical_se = (h[k][...] if k in h else None
                                               for k in ("empirical", "empirical_se"))
        point.predicted = {k[len("predicted_"):]: d[...] for k, d in h.items()
                           if k.startswith("predicted_")}
    if "kde" in h and point.trials:
        k = h["kde"]
        point.kde = Kde(k["lambda"][...], k["density"][...], float(plain(k.attrs["bandwidth"])))
    point.data = attributes(group["data"]) if "data" in group else None
    names = {**dict.fromkeys(group.get("theory", {})), **dict.fromkeys(group.get("distance", {}))}
    point.laws = {k: _read_law(group, k, point.trials) for k in sorted(names, key=_law_order)}
    _share_fluctuation(point)
    if point.trials:
        point.parts[""] = _read_part(group, point.trials)
    point.timing = {k: d[:point.trials] for k, d in group.get("timing", {}).items()}
    if "ridge" in group:
        point.ridge = _read_ridge(group["ridge"], point.trials)
    if "overlap" in group.get("vectors", {}) and point.trials:
        point.overlaps = _read_overlaps(group["vectors"], point.trials)
    if "z" in group.get("stieltjes", {}):
        point.transforms = _read_transforms(group["stieltjes"], point.trials)
    if "order" in group.get("moments", {}):
        point.moments = _read_moments(group["moments"], point.trials)
    if "kappa" in group.get("cumulants", {}):
        c = group["cumulants"]
        point.cumulants = attributes(c) | {k: d[...] for k, d in c.items()}
    point.theory_alone = "eigenvalues" not in group and point.overlaps is None and \
        not (point.ridge and point.ridge.measured)
    point.failures = [str(v) for k, v in attrs.items() if k.startswith("law_failure")]
    if "failures" in group:
        point.failures += [f"trial {t}: {plain(why)}" for t, why in
                           zip(group["failures/trial"][...], group["failures/reason"][...])]
    return point


def _read_part(group, trials):
    """A point's group, or one of layers/ with the same layout."""
    w1 = {k: group[f"distance/{k}/wasserstein1"][:trials]
          for k in sorted(group.get("distance", {}), key=_law_order)}
    projections = {}
    for k, g in group.get("contest", {}).items():
        a = attributes(g)
        projections[k] = Projection(str(a["first"]), str(a["second"]), *(
            g[d][:trials] for d in ("statistic", "separation", "weight")))
    return Part(w1, projections)


def _read_ridge(group, trials):
    a, order = attributes(group), np.argsort(group["gamma"][...])
    names = sorted((k[len("predicted_"):] for k in group if k.startswith("predicted_")),
                   key=_law_order)
    cut = lambda d: d[...][order] if d.ndim == 1 else d[:trials][:, order]
    predicted = {k: cut(group[f"predicted_{k}"]) for k in names}
    first = cut(group["predicted"]) if "predicted" in group else None
    same = [k for k in names if first is not None and np.array_equal(predicted[k], first)]
    if first is not None and not same:
        predicted["predicted"] = first
    ridge = Ridge(group["gamma"][...][order], predicted, (same or list(predicted) or [""])[0],
                  sigma_a=a.get("sigma_a"), sigma_eps=a.get("sigma_eps"), n2=a.get("n2"))
    ridge.measured = {k: cut(group[k]) for k in MEASURED if k in group and trials}
    for k, g in group.get("optimum", {}).items():
        ridge.optima[k] = Optimum(g["x"][...][order], g["train_error"][...][order],
                                  g["curve_x"][...], g["curve"][...][order])
    return ridge


def _read_overlaps(group, trials):
    names = sorted((k[len("predicted_"):] for k in group if k.startswith("predicted_")),
                   key=_law_order)
    predicted = {k: group[f"predicted_{k}"][...] for k in names}
    return Overlaps(group["overlap"][:trials],
                    {k: o if o.ndim == 2 else o[:trials] for k, o in predicted.items()},
                    "full" in group)


def _read_transforms(group, trials):
    """mtilde grows with the trials; m and the predictions come when the point is done."""
    number = lambda d: d[..., 0] + 1j * d[..., 1]
    t = Transforms(number(group["z"][...]), {},
                   excluded=int(attributes(group).get("outliers_excluded", 0)))
    for what in ("m", "mtilde"):
        key = re.compile(f"predicted_(.+)_{what}")
        names = sorted((k[1] for k in map(key.fullmatch, group) if k), key=_law_order)
        t.predicted[what] = {k: number(group[f"predicted_{k}_{what}"][...]) for k in names}
        if f"empirical_{what}" in group and trials:
            t.measured[what] = number(group[f"empirical_{what}"][:trials])
    return t


def _read_moments(group, trials):
    names = sorted((k[len("predicted_"):] for k in group if k.startswith("predicted_")),
                   key=_law_order)
    measured = group["empirical"][:trials] if "empirical" in group and trials else None
    return Moments(group["order"][...], {k: group[f"predicted_{k}"][...] for k in names}, measured,
                   int(attributes(group).get("outliers_excluded", 0)))


def read_full(path, point, cells=800):
    """|v_i.u_j| of the point's first trial as an image of at most `cells` squared, and its cells'
    side k: the largest of k x k neighbours, so that no isolated entry is lost."""
    with h5py.File(path, "r") as f:
        full = f[f"{point.panel}/{point.name}/vectors/full"]
        k = -(-full.shape[0] // cells)
        starts = range(0, full.shape[0], k)
        rows = [np.abs(full[i:i + k]).max(axis=0) for i in starts]
    return np.maximum.reduceat(np.array(rows), np.array(starts), axis=1), k


def _share_fluctuation(point):
    """Biases fluctuate alike whichever limit law is asked: each gets the largest scale."""
    limits = [law for law in point.laws.values() if not law.given_biases]
    scale = max((law.fluctuation_scale or 0.0 for law in limits), default=0.0)
    for law in limits:
        law.fluctuation_scale = scale or None


def _law_order(name):
    known = ["alp", "alp_b", "ps", "ps_b", "mp", "kernel", "kernel_b", "depth", "depth_b"]
    return (known.index(name) if name in known else len(known), name)


def labels(points):
    """For each of these points of one panel the parameters that tell it from the others."""
    keys = ("phi", "psi", "m", "n0", "n1", "sigma_w", "sigma_x", "activation", "mixture", "bias",
            "entries", "entries_x", "surrogate", "layer")
    differ = [k for k in keys if len({str(p.attrs.get(k)) for p in points}) > 1]
    if "entries_x" in differ and all(p.attrs.get("entries_x") == p.attrs.get("entries")
                                     for p in points):
        differ.remove("entries_x")
    if {"phi", "psi", "m"} & set(differ):  # n0, n1 follow from phi, psi and m
        differ = [k for k in differ if k not in ("n0", "n1")]
    if "layer" in differ:  # each has its own shape
        differ = [k for k in differ if k not in SIZES + ("phi", "psi") or k == "m"]
    if "m" in differ and not {"phi", "psi"} & {k.split(".")[-1] for p in points for k in p.swept}:
        differ = [k for k in differ if k not in ("phi", "psi") or not _close(points, k)]
    swept = [k for k in dict.fromkeys(k for p in points for k in p.swept)
             if k.split(".")[-1] not in differ and len({p.swept.get(k) for p in points}) > 1]
    if len({tuple(str(p.attrs.get(k)) for k in differ) for p in points}) == len(points):
        swept = []
    return [", ".join([f"{k} = {p.attrs[k]:.3g}" if isinstance(p.attrs[k], float)
                       else f"{k} = {p.attrs[k]}" for k in differ if k in p.attrs] +
                      [f"{k} = {p.swept.get(k)}" for k in swept]) for p in points]


def _close(points, key):
    """The points' phi, or psi, differ by the rounding of n0 and n1 only."""
    values = [float(p.attrs.get(key, 0)) for p in points]
    least = min(int(p.attrs.get(k, 1)) for p in points for k in SIZES)
    return max(values) - min(values) <= 2 * max(values) / least


def size_groups(points):
    """Points of one panel that differ in size only (m, and n0, n1 with it), each list ascending in
    m. phi and psi may differ by the rounding of n0 and n1."""
    groups = []
    for p in points:
        texts = tuple(str(p.attrs.get(k)) for k in (
            "layer", "sigma_w", "sigma_x", "activation", "mixture", "normalize", "bias", "data", "entries",
            "entries_x", "surrogate"))
        swept = tuple((k, v) for k, v in p.swept.items() if k.split(".")[-1] not in SIZES)
        gamma = None if p.ridge is None else (tuple(p.ridge.gamma), p.ridge.sigma_a,
                                              p.ridge.sigma_eps)
        for key, members in groups:
            if key == (texts, swept, gamma) and all(_close([members[0], p], k)
                                                    for k in ("phi", "psi")):
                members.append(p)
                break
        else:
            groups.append(((texts, swept, gamma), [p]))
    return [sorted(members, key=lambda p: p.attrs["m"]) for _, members in groups]


def family(point, panel_points):
    """single or mixture: the family of activations that a point of figure 4 belongs to."""
    asked = {k for p in panel_points if p.ridge for k in p.ridge.optima}
    if len(asked) == 1:
        return asked.pop()
    return "single" if str(point.attrs.get("mixture", "none")) in ("", "none", "no") else "mixture"


@dataclass
class Contest:
    """The best single f against the best mixture. Measured [s, g] at sizes m [s], NaN where no
    point lies within 1e-3 of both optima; the difference is single - mixture."""
    gamma: np.ndarray
    optima: dict        # family -> Optimum
    m: np.ndarray       # [s] ascending
    error: dict         # family -> [s, g] mean over the trials
    error_se: dict      # family -> [s, g]
    difference: np.ndarray
    se: np.ndarray      # NaN with one trial
    trials: np.ndarray  # [s, g]
    paired: bool        # trial by trial, the same W and X; else two independent samples

    @property
    def predicted(self):
        return self.optima["single"].error - self.optima["mixture"].error


def contest(points):
    """The Contest among these points, or None if not both families' optima are stored."""
    ridges = [p for p in points if p.ridge]
    optima = {k: (o, p.ridge.gamma) for p in reversed(ridges) for k, o in p.ridge.optima.items()}
    if set(optima) != {"single", "mixture"}:
        return None
    gamma = optima["single"][1]
    if not np.array_equal(gamma, optima["mixture"][1]):
        return None
    optima = {k: o for k, (o, _) in optima.items()}
    of = {k: [p for p in ridges if p.ridge.measured and np.array_equal(p.ridge.gamma, gamma) and
              family(p, [q for q in points if q.panel == p.panel]) == k] for k in optima}
    sizes = sorted({p.attrs["m"] for k in of for p in of[k]})
    empty = lambda: np.full((len(sizes), len(gamma)), np.nan)
    c = Contest(gamma, optima, np.array(sizes, dtype=float), {k: empty() for k in of},
                {k: empty() for k in of}, empty(), empty(), empty(), True)
    for s, m in enumerate(sizes):
        for g in range(len(gamma)):
            near = {k: _nearest([p for p in of[k] if p.attrs["m"] == m], optima[k].x[g])
                    for k in of}
            for k, p in near.items():
                if p:
                    c.error[k][s, g], c.error_se[k][s, g] = mean_se(_column(p, g))
            if all(near.values()):
                _compare(c, s, g, near["single"], near["mixture"])
    return c


def _nearest(points, x):
    """The point whose zeta is nearest to x, if within 1e-3."""
    away = lambda p: abs(p.attrs.get("zeta", np.inf) - x)
    best = min(points, key=away, default=None)
    return best if best is not None and away(best) < 1e-3 else None


def _column(point, g):
    return point.ridge.measured[point.ridge.sharpest][:, g]


def _compare(c, s, g, single, mixture):
    """Fills the difference at size s and gamma g: trial by trial if both have the same seed."""
    a, b = _column(single, g), _column(mixture, g)
    if single.attrs.get("seed") == mixture.attrs.get("seed"):
        _, i, j = np.intersect1d(single.trial, mixture.trial, return_indices=True)
        d = a[i] - b[j]
        if len(d):
            c.difference[s, g], c.se[s, g] = mean_se(d)
        c.trials[s, g] = len(d)
    else:
        c.paired = False
        c.difference[s, g] = a.mean() - b.mean()
        c.se[s, g] = np.hypot(mean_se(a)[1], mean_se(b)[1])
        c.trials[s, g] = min(len(a), len(b))
    if c.trials[s, g] < 2:
        c.se[s, g] = np.nan


def _layers(point):
    """The groups of a point's layers with their names below it; its own is the last one's."""
    below = point.get("layers", {})
    return [(f"/layers/{k}", below[k]) for k in sorted(below, key=int)] + [("", point)]


def _read_swept(panel, points):
    """The swept keys and their values from the panel's index."""
    if "index" not in panel or "columns" not in panel["index"].attrs:
        return
    columns = str(plain(panel["index"].attrs["columns"])).split(",")
    for row in panel["index"][...]:
        cells = dict(zip(columns, (plain(np.asarray(c)[()]) for c in row)))
        for p in points:
            if p.name.split("/")[0] == str(cells.get("point")):
                p.swept = {k: str(v) for k, v in cells.items() if "." in k}


def _read(path, panels):
    with h5py.File(path, "r") as f:
        attrs = attributes(f)
        schema = attrs.get("schema")
        if schema is None:
            fail(DATA, f"{path}: not an nlrmt output file (no schema attribute)")
        if schema != "nlrmt/1":
            fail(DATA, f"{path}: schema {schema}, but this tool reads nlrmt/1")
        found = [k for k, g in f.items() if isinstance(g, h5py.Group) and any(
            isinstance(p, h5py.Group) and "m" in p.attrs for p in g.values())]
        order = re.findall(r"^\s*\[panel\s+([^\]\s]+)\s*\]", str(attrs.get("config", "")), re.M)
        found.sort(key=lambda k: (order.index(k) if k in order else len(order), k))
        skipped = [(k, str(plain(g.attrs.get("title", "")) or k), str(plain(g.attrs["skipped"])))
                   for k, g in f.items() if "skipped" in g.attrs and k not in found]
        for k, _, why in skipped:
            if k in panels:
                fail(DATA, f"{path}: panel {k} was skipped: {why}")
        for k in panels:
            if k not in found:
                fail(USAGE, f"{path}: no panel {k}; it has {', '.join(found) or 'none'}")
        points = []
        for k in (k for k in found if not panels or k in panels):
            title = str(plain(f[k].attrs.get("title", "")) or k)
            of_panel = [_read_point(k, title, n + below, layer) for n, g in sorted(f[k].items())
                        if isinstance(g, h5py.Group) and "m" in g.attrs
                        for below, layer in _layers(g)]
            _read_swept(f[k], of_panel)
            for p, label in zip(of_panel, labels(of_panel)):
                p.label = label
            points += of_panel
        if not points:
            fail(DATA, f"{path}: holds no panel with a point" +
                 "".join(f"; {k} was skipped: {why}" for k, _, why in skipped))
    return Run(path, attrs, points, [] if panels else skipped)


def read(path, panels=()):
    """The file as a Run, only the named panels if any. Ends the program with status 3 (USAGE for an
    unknown panel) and one line if the file is missing, unreadable or no nlrmt output."""
    try:
        with open(path, "rb"):
            pass
        if not h5py.is_hdf5(path):
            fail(DATA, f"{path}: not an HDF5 file")
        return _read(path, panels)
    except OSError as e:
        fail(DATA, f"{path}: {e.strerror or f'cannot be read: {e}'}")
    except (KeyError, ValueError, TypeError, IndexError, RuntimeError) as e:
        fail(DATA, f"{path}: damaged, or not laid out as nlrmt/1: {e}")
