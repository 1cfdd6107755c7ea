"""nlrmt_verdict: the one rule by which every claim of the ledger is judged. Reads no file."""
import math
from dataclasses import dataclass, field

import numpy as np

from nlrmt_stats import fit_sizes, t_tail

LEVEL = 0.01  # of all decisions of a ledger together
WORDS = ("supported", "refuted", "not resolved", "not measured")

RULE = """A claim states a number v0, at infinite width or as a power of the width, and each row names v1, the
value nearest to it that would make the claim wrong. What is measured is extrapolated over the
widths n by a + b/n + c/n^2 (weighted least squares; two widths: a + b/n), or fitted as a power n^p.
Its standard error comes from the trials, times sqrt(chi^2/dof) where that exceeds 1. The
finite-size allowance is what the widths leave open: |b/n|/2 at the larger of two widths; 1/(2 ln n)
at the middle width for a power of W1, since E|F_n - F| is of order sqrt(log n)/n. A value is
refuted if the measured number is farther from it than the allowance by more standard errors than
Student's law allows with probability 1 %, divided by the number of claims in the file and of the
components (gamma, z, blocks, layers) that a claim looks at.

supported      v0 is not refuted, and v1 is; of several components, v1 at the typical (median) one.
refuted        v0 is refuted, at one component or more.
not resolved   neither is: more trials, or larger widths.
not measured   the file lacks what the claim needs.

At most, at least: only what lies beyond v0 counts against the claim. p: probability of a number at
least so far off if that value were true, all components together for v0. Rows of one panel, and
widths with one seed, share their draws: they are not independent evidence."""


@dataclass
class Number:
    """One measured number, or several of one claim: each with its s.e. [k] and what is left open."""
    value: np.ndarray
    se: np.ndarray
    nu: np.ndarray        # degrees of freedom of se
    model: str            # how finite size was taken off
    allowance: float = 0.0
    names: list = None    # of the components
    sizes: list = field(default_factory=list)  # (n, value [k], se [k]) behind the fit
    points: list = field(default_factory=list)  # of the file, that the number is made of
    kind: str = ""        # limit, power, or neither

    def __post_init__(self):
        self.value, self.se = (np.atleast_1d(np.asarray(x, dtype=float)) for x in (self.value, self.se))
        self.nu = np.broadcast_to(np.asarray(self.nu, dtype=float), self.value.shape)

    def p(self, truth, side=0):
        """[k] probability of a value at least so far from `truth` beyond the allowance; side +1:
        only values above it count, -1: only below. Two-sided also then: levels stay comparable."""
        away = self.value - truth
        beyond = np.maximum(np.abs(away) - self.allowance, 0.0)
        if side:
            beyond = np.where(away * side > 0, beyond, 0.0)
        return np.array([tail(d, s, n) for d, s, n in zip(beyond, self.se, self.nu)])


def tail(distance, se, nu):
    """Two-sided Student probability; without an s.e. any distance is certain."""
    if distance <= 0:
        return 1.0
    if not se > 0:
        return 0.0 if se == 0 else 1.0
    return min(1.0, 2 * t_tail(min(distance / se, 1e150), max(nu, 1.0)))


@dataclass(frozen=True)
class Claim:
    """One row of the ledger. observe(points of the file) gives the Number, or None if the file has
    nothing of the kind; expected may be a function of the Number's points."""
    name: str
    text: str
    source: str
    panel: str            # first panel that shows it
    observe: object
    expected: object      # v0: a number, or a function of the Number
    rivals: tuple         # v1: one number; or two, either side of v0
    rival_words: str
    what: str             # the number, in words
    relation: str = "="   # "at most", "at least"
    corrected_by: str = ""  # name of the claim that puts it right, where a formula is misprinted
    note: str = ""


@dataclass
class Row:
    """A claim with its verdict."""
    claim: Claim
    number: Number = None
    word: str = "not measured"
    expected: float = math.nan
    worst: int = 0        # the component that decides
    p0: float = math.nan  # probability of the data under v0, all components together
    p1: float = math.nan  # under the nearest v1

    @property
    def value(self):
        return float(self.number.value[self.worst])

    @property
    def se(self):
        return float(self.number.se[self.worst])


def judge_claim(claim, number, level):
    """The Row of a claim by RULE; level: of this claim."""
    if number is None or not np.isfinite(number.value).all():
        return Row(claim)
    v0 = claim.expected(number) if callable(claim.expected) else claim.expected
    side = {"=": 0, "at most": 1, "at least": -1}[claim.relation]
    p = number.p(v0, side)
    p0 = min(1.0, float(p.min()) * len(p))
    # Where one value is the rival, being on its far side from v0 excuses nothing.
    one = len(claim.rivals) == 1
    against = [number.p(v1, int(np.sign(v0 - v1)) if one else 0) for v1 in claim.rivals]
    p1 = float(np.median(np.maximum.reduce(against)))
    if np.allclose(p, p[0]):  # all alike: the farthest from v0
        worst = int(np.argmax(np.abs(number.value - v0)))
    else:
        worst = int(np.argmin(p))
    word = "refuted" if p0 < level else "supported" if p1 < level else "not resolved"
    return Row(claim, number, word, float(v0), worst, p0, p1)


def ledger(claims, points):
    """[Row] of all claims: the level is shared by those that the file can decide."""
    found = [(c, c.observe(points)) for c in claims]
    count = max(1, sum(n is not None for _, n in found))
    return [judge_claim(c, n, LEVEL / count) for c, n in found]


def limit(sizes, trials, names=None, points=(), unit="n1"):
    """The Number at infinite size of values [k] at sizes [(n, value, se)]: a + b/n + c/n^2, or
    a + b/n with two sizes; None with fewer."""
    sizes = sorted(((float(n), np.atleast_1d(v), np.atleast_1d(s)) for n, v, s in sizes),
                   key=lambda row: row[0])
    if len({n for n, _, _ in sizes}) < 2:
        return None
    n = np.array([row[0] for row in sizes])
    value, se = (np.array([row[i] for row in sizes]) for i in (1, 2))
    if not np.isfinite(value).all() or not (se > 0).all():
        return None
    powers = (0, 1, 2) if len(n) > 2 else (0, 1)
    nu = np.full(len(n), np.min(trials) - 1.0)
    fit = fit_sizes(n, value, se, nu, powers)
    stretch = np.sqrt(np.maximum(1.0, fit.chi2 / fit.dof)) if fit.dof else 1.0
    worst = int(np.argmax(np.abs(fit.value[0] / fit.se[0])))
    term = fit.value[1, worst] / n[-1]
    chi2 = f", chi2/dof {fit.chi2.mean() / fit.dof:.2g}" if fit.dof else ""
    words = " + ".join(("a", f"b/{unit}", f"c/{unit}^2")[p] for p in powers)
    model = f"{words}, {unit} = {n[0]:.0f} to {n[-1]:.0f}; b/{unit} = {term:+.1e} at the last{chi2}"
    allowance = 0.0 if len(n) > 2 else float(np.abs(fit.value[1] / n[-1]).max() / 2)
    return Number(fit.value[0], fit.se[0] * stretch, fit.nu, model, allowance, names,
                  list(zip(n, value, se)), list(points), "limit")


def power_number(fits, nu, allowance, names=None, sizes=(), points=(), unit="n1"):
    """The Number of exponents: fits [Power]."""
    chi2 = max((f.chi2 for f in fits if math.isfinite(f.chi2)), default=math.nan)
    model = f"{unit}^p over {fits[0].widths} widths" + \
        (f", chi2/dof {chi2:.2g}" if math.isfinite(chi2) else "")
    return Number([f.exponent for f in fits], [f.se for f in fits], nu, model, allowance, names,
                  list(sizes), list(points), "power")
