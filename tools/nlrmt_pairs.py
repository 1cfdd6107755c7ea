"""nlrmt_pairs: points of one panel that should have the same limiting spectrum, compared with each other:
other laws of the entries, or the linear surrogate in place of the features."""
import math
import textwrap
from dataclasses import dataclass

from nlrmt_read import np

KEYS = ("model.entries", "data.entries", "model.dof", "data.dof", "model.surrogate")
SIZES = ("model.m", "model.n0", "model.n1")
SPLITS, SWAPS, GRID, GROUPS = 12, 199, 1000, 10
TRIALS = 6  # of a point that is compared, at least
NOTES = """between points: W1 of pooled spectra, outliers left out. Trials are split into halves: `seeds` is W1
between two halves of one point, `laws` between a half of the point and the other half of the reference
(root mean squares over the splits). distance^2 = laws^2 - seeds^2 takes the noise off; its s.e. is a
jackknife's. p: share of 199 exchanges of point and reference, trial by trial at random, that give as
large a distance; 0.005 is the smallest. exponent: of m in the distances above 2 s.e."""


@dataclass
class Pair:
    """One point against its reference of the same size."""
    m: int
    trials: int
    laws: float      # W1 between half of the one and the other half of the other
    seeds: float     # W1 between two halves of the same
    square: float    # laws^2 - seeds^2
    square_se: float
    p: float

    @property
    def distance(self):
        return math.sqrt(max(self.square, 0.0))

    @property
    def distance_se(self):
        """By the square's, as far as that is linear."""
        return self.square_se / (2 * self.distance) if self.seen else math.sqrt(self.square_se)

    @property
    def seen(self):
        return self.square > 2 * self.square_se


@dataclass
class Curve:
    label: str
    pairs: list  # ascending in m

    @property
    def exponent(self):
        """(p, s.e.) of distance ~ m^p over the sizes where it is seen, or None for fewer than 3."""
        seen = [q for q in self.pairs if q.seen]
        if len(seen) < 3:
            return None
        x = np.log([q.m for q in seen])
        y = np.log([q.distance for q in seen])
        w = np.array([q.distance / q.distance_se for q in seen])**2
        mean = np.sum(w * x) / np.sum(w)
        spread = np.sum(w * (x - mean)**2)
        slope = np.sum(w * (x - mean) * y) / spread
        return float(slope), float(spread**-0.5)


@dataclass
class Family:
    panel: str
    title: str
    reference: str
    others: str      # what is swept besides, "" if nothing
    curves: list


def spectra(point):
    """[trials, n] eigenvalues without the outliers that a law predicts, and the zeros' number."""
    drop = max((law.excluded or 0 for law in point.laws.values()), default=0)
    return point.eigenvalues[:, :point.eigenvalues.shape[1] - drop], point.zeros


def distribution_functions(a, b):
    """[2 trials, g] of the points' trials on a common grid, and the widths of its cells. The grid has
    quantiles of all eigenvalues, and at both ends every single one: far ones count by their place."""
    rows = [spectra(p) for p in (a, b)]
    trials = min(len(e) for e, _ in rows)
    both = np.sort(np.concatenate([e[:trials].ravel() for e, _ in rows]))
    end = min(len(both), len(both) // GRID + GRID // 10)
    inner = both[np.linspace(0, len(both) - 1, GRID).astype(int)]
    grid = np.unique(np.r_[both[:end], inner, both[-end:]])
    cdf = np.array([(np.searchsorted(r, grid, side="right") + zeros * (grid >= 0)) /
                    (len(r) + zeros) for e, zeros in rows for r in e[:trials]])
    width = np.r_[np.diff(grid), 0.0]  # F is constant up to the next eigenvalue
    return cdf, width


def contrasts(trials, keep=None):
    """Weights [4 SPLITS, 2 trials]: the two halves of each point, then a half of the one and the
    other half of the other; the same splits each time, in which trials not kept have no weight."""
    rng, half, rows = np.random.default_rng(0), trials // 2, [[], [], [], []]
    for _ in range(SPLITS):
        order = rng.permutation(trials)
        s, t = (part if keep is None else part[keep[part]]
                for part in (order[:half], order[half:2 * half]))
        for row, (plus, minus) in zip(rows, ((s, t), (trials + s, trials + t), (s, trials + t),
                                             (t, trials + s))):
            w = np.zeros(2 * trials)
            w[plus], w[minus] = 1 / len(plus), -1 / len(minus)
            row.append(w)
    return np.concatenate(rows)


def squares(weights, cdf, width):
    """(laws^2, seeds^2): mean squares of W1 over the splits."""
    w1 = np.abs(weights @ cdf) @ width
    seeds, laws = np.split(w1**2, 2)
    return laws.mean(), seeds.mean()


def compare(a, reference):
    """The Pair, or None with fewer than TRIALS trials."""
    cdf, width = distribution_functions(a, reference)
    trials = len(cdf) // 2
    if trials < TRIALS:
        return None
    weights = contrasts(trials)
    laws, seeds = squares(weights, cdf, width)
    groups = min(GROUPS, trials // 2)
    left = []
    for g in range(groups):
        rest = squares(contrasts(trials, np.arange(trials) % groups != g), cdf, width)
        left.append(rest[0] - rest[1])
    se = math.sqrt((groups - 1) * np.var(left))
    rng, above = np.random.default_rng(1), 0
    for _ in range(SWAPS):
        flip = rng.random(trials) < 0.5
        order = np.r_[np.where(flip, trials, 0), np.where(flip, 0, trials)] + np.tile(
            np.arange(trials), 2)
        other = squares(weights, cdf[order], width)
        above += other[0] - other[1] >= laws - seeds
    return Pair(int(a.attrs["m"]), trials, math.sqrt(laws), math.sqrt(seeds), laws - seeds, se,
                (1 + above) / (1 + SWAPS))


def label(point):
    """What tells the point from those it is compared with: "student_t, dof 3", "F_lin"."""
    words = []
    for key, value in point.swept.items():
        if key == "model.surrogate":
            words.append("F" if value == "no" else "F_lin")
        elif key in KEYS:
            words.append(f"dof {value}" if key.endswith(".dof") else str(value))
    return ", ".join(words)


def comparable(points):
    """Those of them that are compared with each other, most often none."""
    panels = {}
    for p in points:
        if p.eigenvalues is not None and p.trials >= TRIALS and any(k in KEYS for k in p.swept):
            panels.setdefault((p.panel, _others(p)), []).append(p)
    return [p for members in panels.values() if len({label(q) for q in members}) > 1
            for p in members]


def _others(point):
    return tuple((k, v) for k, v in point.swept.items() if k not in KEYS + SIZES)


def families(points):
    """One Family for each set of points that the KEYS alone tell apart, sizes aside."""
    found = {}
    for p in comparable(points):
        found.setdefault((p.panel, p.title, _others(p)), []).append(p)
    result = []
    for (panel, title, others), members in found.items():
        labels = list(dict.fromkeys(label(p) for p in members))
        of = {(label(p), p.attrs["m"]): p for p in members}
        sizes = sorted({m for _, m in of})
        curves = []
        for name in labels[1:]:
            pairs = [compare(of[name, m], of[labels[0], m]) for m in sizes
                     if (name, m) in of and (labels[0], m) in of]
            if any(pairs):
                curves.append(Curve(name, [q for q in pairs if q]))
        if curves:
            result.append(Family(panel, title, labels[0],
                                 ", ".join(f"{k} = {v}" for k, v in others), curves))
    return result


def print_pairs(points):
    """The section "between points" of a report; nothing if there are none."""
    found = families(points)
    row = "  {:<16}{:>7}{:>8}{:>12}{:>12}{:>24}{:>8}".format
    for f in found:
        print(f"\n[{f.panel}] between points, reference {f.reference}"
              + (f", {f.others}" if f.others else ""))
        print(row("point", "m", "trials", "W1 laws", "W1 seeds", "distance ± s.e.", "p"))
        for c in f.curves:
            for q in c.pairs:
                value = f"{q.distance:.2e} ± {q.distance_se:.1e}" if q.seen else \
                    f"< {math.sqrt(max(q.square, 0) + 2 * q.square_se):.1e}"
                print(row(c.label, q.m, q.trials, f"{q.laws:.2e}", f"{q.seeds:.2e}", value,
                          f"{q.p:.3f}"))
            if c.exponent:
                print(f"  {c.label}: distance ~ m^p, p = {c.exponent[0]:.2f} ± {c.exponent[1]:.2f}")
    if found:
        print("\n" + NOTES)


def draw_pairs(found):
    """Distances against m, one cell a family."""
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator
    from nlrmt_style import plt, safe
    columns = min(2, len(found))
    rows = -(-len(found) // columns)
    fig, grid = plt.subplots(rows, columns, squeeze=False, figsize=(3.6 * columns, 2.9 * rows))
    colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
    for ax, f in zip(grid.flat, found):
        for i, c in enumerate(f.curves):
            color, seen = colors[i % len(colors)], [q for q in c.pairs if q.seen]
            exponent = f", $m^{{{c.exponent[0]:.2f} \\pm {c.exponent[1]:.2f}}}$" if c.exponent \
                else ""
            ax.errorbar([q.m for q in seen], [q.distance for q in seen],
                        [q.distance_se for q in seen], color=color, marker="o", ms=3.5, lw=1,
                        capsize=2, label=safe(c.label) + exponent)
            hidden = [q for q in c.pairs if not q.seen]
            ax.plot([q.m for q in hidden],
                    [math.sqrt(max(q.square, 0) + 2 * q.square_se) for q in hidden], ls="",
                    marker="v", ms=4, mfc="none", color=color)
        noise = f.curves[0].pairs
        ax.plot([q.m for q in noise], [q.seeds for q in noise], color="#8C8C8C", lw=1,
                ls=(0, (2, 1.5)), label="$W_1$ between seeds")
        ax.set(xscale="log", yscale="log", xlabel="$m$",
               ylabel=safe(f"$W_1$ distance to {f.reference}"))
        bottom, top = ax.get_ylim()
        ax.set_ylim(bottom, top * (top / bottom)**(0.14 + 0.07 * ((len(f.curves) + 2) // 2)))
        sizes = sorted({q.m for c in f.curves for q in c.pairs})
        ax.set_xticks(sizes, [str(m) for m in sizes])
        ax.minorticks_off()
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        ax.yaxis.set_major_formatter(LogFormatterSciNotation(minor_thresholds=(np.inf, np.inf)))
        title = textwrap.fill(f.title or f.panel, 46) + (f"\n{f.others}" if f.others else "")
        ax.set_title(safe(title))
        ax.legend(fontsize=6.5, loc="upper right", ncols=2, columnspacing=1, handlelength=1.6)
    for ax in list(grid.flat)[len(found):]:
        ax.set_axis_off()
    return fig
