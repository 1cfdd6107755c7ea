"""nlrmt_scaling: how W1 falls with the width, for points that differ in size only.

W1(width) ~ width^p for every law, p by weighted least squares in log-log. Works on any spectra whose
distances have the layout of a point: the points themselves, the layers of deep networks.
"""
import math
from dataclasses import dataclass

from nlrmt_read import mean_se, np, size_groups

NOTES = """W1 ~ width^p: least squares of log W1 against log width, weights from the trials' s.e.; ±: its
s.e., times sqrt(chi2/dof) where that exceeds 1, for a pure power is not the whole law. leading: p
of W1 ~ width^p exp(d/width), which lets small widths differ; from four widths on. Right, given
the biases or without any: p near -1. Right in the limit, with random biases: p towards -1/2, what
their draw does. Wrong: p towards 0 once W1 is down to the distance between the laws."""


@dataclass
class Series:
    """One law along the widths."""
    law: str
    width: np.ndarray   # [s] ascending: n1
    w1: np.ndarray      # [s] mean over the trials
    se: np.ndarray      # [s] 0 with one trial
    trials: np.ndarray  # [s]


@dataclass
class Power:
    """W1 = scale width^exponent."""
    exponent: float
    se: float      # NaN where nothing tells it
    scale: float
    chi2: float    # per degree of freedom; NaN for two widths, or without s.e.
    widths: int
    correction: float = 0.0  # d of leading()

    def at(self, width):
        width = np.asarray(width, dtype=float)
        return self.scale * width**self.exponent * np.exp(self.correction / width)


@dataclass
class Group:
    """Points that differ in size only, or one layer of each."""
    panel: str
    title: str
    label: str      # what tells it from the other groups of the panel, "" if nothing need
    members: list   # [(point, Part)] ascending in width

    @property
    def widths(self):
        return np.array([int(p.attrs["n1"]) for p, _ in self.members])

    @property
    def name(self):
        return f"[{self.panel}]" + (f" {self.label}" if self.label else "")

    def series(self):
        """[Series] of every law that two widths or more have."""
        return [s for s in (series(law, [(int(p.attrs["n1"]), part.w1[law])
                                         for p, part in self.members if law in part.w1])
                            for law in dict.fromkeys(k for _, part in self.members for k in part.w1))
                if len(s.width) > 1]


def series(law, pairs):
    """A law's Series from [(width, W1 of every trial)]."""
    pairs = sorted(((w, x) for w, x in pairs if len(x)), key=lambda pair: pair[0])
    moments = [mean_se(x) for _, x in pairs]
    return Series(law, np.array([w for w, _ in pairs], dtype=float),
                  np.array([m for m, _ in moments]), np.array([e for _, e in moments]),
                  np.array([len(x) for _, x in pairs]))


def groups(points, least=2):
    """[Group] with `least` different widths or more, panels in the order of the file."""
    found = []
    for panel in dict.fromkeys(p.panel for p in points):
        sized = size_groups([p for p in points if p.panel == panel and p.parts])
        sized = [g for g in sized if len({p.attrs["n1"] for p in g}) >= least]
        for members in sized:
            for part in dict.fromkeys(k for p in members for k in p.parts):
                having = [(p, p.parts[part]) for p in members if part in p.parts]
                if len(having) >= least:
                    found.append(Group(panel, members[0].title,
                                       _label(members[0], part, len(sized) > 1), having))
    return found


def _label(point, part, several):
    """The swept keys other than the size, and the layer."""
    swept = [f"{k.split('.')[-1]} = {v}" for k, v in point.swept.items()
             if k.split(".")[-1] not in ("m", "n0", "n1")] if several else []
    layer = [f"layer {point.layer}"] if point.attrs.get("layers", 1) > 1 else []
    return ", ".join(swept + layer + ([part] if part else []))


def power(s):
    """The Power of a Series of two widths or more. Where a width has one trial only there are no
    s.e.: all widths then count the same, and the scatter about the line is the s.e."""
    weighted = bool((s.se > 0).all())
    x, y = np.log(s.width), np.log(s.w1)
    sigma = s.se / s.w1 if weighted else np.ones_like(y)
    basis = np.stack([x - x.mean(), np.ones_like(x)], axis=1) / sigma[:, None]
    cov = np.linalg.inv(basis.T @ basis)
    slope, height = cov @ basis.T @ (y / sigma)
    dof = len(x) - 2
    chi2 = float(np.sum(((y - height) / sigma - slope * basis[:, 0])**2)) / dof if dof else math.nan
    se = math.sqrt(cov[0, 0])
    if weighted:
        se *= math.sqrt(max(1.0, chi2)) if dof else 1.0
    else:
        se *= math.sqrt(chi2)  # NaN for two widths
    return Power(float(slope), float(se), float(np.exp(height - slope * x.mean())),
                 chi2 if weighted else math.nan, len(x))


def leading(s):
    """The Power with the next order beside it, W1 = scale width^p exp(d/width): None for less than
    four widths, or without s.e."""
    if len(s.width) < 4 or not (s.se > 0).all():
        return None
    x, y, sigma = np.log(s.width), np.log(s.w1), s.se / s.w1
    near = 1 / s.width
    basis = np.stack([x - x.mean(), np.ones_like(x), near - near.mean()], axis=1) / sigma[:, None]
    cov = np.linalg.inv(basis.T @ basis)
    slope, height, d = cov @ basis.T @ (y / sigma)
    dof = len(x) - 3
    chi2 = float(np.sum((y / sigma - basis @ [slope, height, d])**2)) / dof
    se = math.sqrt(cov[0, 0] * max(1.0, chi2))
    scale = np.exp(height - slope * x.mean() - d * near.mean())
    return Power(float(slope), se, float(scale), chi2, len(x), float(d))


def exponent_text(p):
    """-0.98 ± 0.02"""
    if not (math.isfinite(p.se) and p.se > 0):
        return f"{p.exponent:.2f}"
    digits = min(4, max(2, 1 - math.floor(math.log10(p.se))))
    return f"{p.exponent:.{digits}f} ± {p.se:.{digits}f}"


def print_scaling(points):
    """The section of nlrmt_report; nothing without a panel of several widths."""
    found = [g for g in groups(points) if g.series()]
    if not found:
        return
    print("\nscaling: W1 ~ width^p, width n1")
    row = "  {:<10}{:<12}{:<12}{:<20}{:<10}{}".format
    for g in found:
        w = g.widths
        print(f"{g.name} n1 = {w.min()} to {w.max()}, {len(set(w))} widths")
        print(row("law", f"W1({w.min()})", f"W1({w.max()})", "p", "chi2/dof", "leading p"))
        for s in g.series():
            p = power(s)
            chi2 = f"{p.chi2:.2g}" if math.isfinite(p.chi2) else "-"
            print(row(s.law, f"{s.w1[0]:.3g}", f"{s.w1[-1]:.3g}", exponent_text(p), chi2,
                      exponent_text(leading(s)) if leading(s) else "-"))
    print(NOTES)
