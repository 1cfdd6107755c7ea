"""nlrmt_stats: the statistics behind nlrmt_report's words on ridge regression.

Student's and Fisher's laws in the tails, weighted fits in powers of 1/m, and the verdict on what a
gap between measured and predicted is: noise, finite size, or a wrong theory. numpy alone; reads no
file.
"""
import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

NORMAL = NormalDist()
LEVEL = 0.01     # of a decision, divided by the number of gamma that were looked at
THEORY = 1e-10   # relative accuracy that a prediction is trusted to: a floor for every s.e.


def beta_lower(x, a, b):
    """Regularised incomplete beta function I_x(a, b), with full relative accuracy for small x: the
    continued fraction by Lentz's method (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_lower(1 - x, b, a)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) -
                     math.lgamma(b)) / a
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value = d
    for k in range(1, 1000):
        for term in (k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k)),
                     -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1))):
            c, d = 1 + term / c, 1 / (1 + term * d)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * value


def t_tail(t, nu):
    """P(T > t), t >= 0, of Student's law with nu degrees of freedom (not an integer: fine)."""
    return beta_lower(nu / (nu + t * t), nu / 2, 0.5) / 2


def f_tail(f, k, nu):
    """P(F > f) of Fisher's law with k and nu degrees of freedom: of a chi^2/k whose s.e. are each
    estimated with nu degrees of freedom."""
    return beta_lower(nu / (nu + k * f), nu / 2, k / 2) if f > 0 else 1.0


def to_normal(t, nu):
    """Student's t (any shape) as the normal z that is exceeded equally often; NaN stays NaN, and
    |z| stops at 37, where double precision ends. nu: one number, or of t's shape."""
    def one(value, degrees):
        if math.isnan(value) or degrees < 0.5:
            return math.nan
        tail = t_tail(min(abs(value), 1e150), degrees)
        return math.copysign(-NORMAL.inv_cdf(max(tail, 1e-300)) if tail < 0.5 else 0.0, value)
    with np.errstate(invalid="ignore"):
        z = np.vectorize(one, otypes=[float])(t, nu)
    return z if z.ndim else float(z)


def kolmogorov(z):
    """Kolmogorov distance of the sample z from N(0, 1)."""
    z = np.sort(z)
    cdf = np.array([NORMAL.cdf(v) for v in z])
    steps = np.arange(len(z) + 1) / len(z)
    return float(max(np.abs(cdf - steps[:-1]).max(), np.abs(cdf - steps[1:]).max()))


def silverman(x):
    """Bandwidth of a Gaussian kernel for the sample x by Silverman's rule,
    0.9 min(sd, interquartile range/1.34) n^(-1/5); 0 if x has no spread."""
    quarter, three_quarters = np.percentile(x, (25, 75))
    spreads = [v for v in (x.std(ddof=1), (three_quarters - quarter) / 1.34) if v > 0]
    return 0.9 * min(spreads, default=0.0) * len(x)**-0.2


def smoothed(x, bandwidth, high, cells=20):
    """Gaussian kernel density of the sample x > 0, reflected at 0, mass 1: places from 0 to `high`
    and density there. x is first counted in cells of bandwidth/20 (2e6 cells at most), whose width
    the kernel dwarfs."""
    width = max(bandwidth / cells, high / 2e6)
    reach = int(math.ceil(6 * bandwidth / width))
    count = int(math.ceil(high / width)) + reach
    bins = np.bincount(np.minimum(x / width, count).astype(int), minlength=count + 1)[:count]
    both = np.r_[bins[reach - 1::-1], bins]  # from -reach cells on
    offset = np.arange(-reach, reach + 1) * width / bandwidth
    kernel = np.exp(-offset**2 / 2)
    density = np.convolve(both, kernel / kernel.sum(), mode="same")[reach:] / (len(x) * width)
    place = (np.arange(count) + 0.5) * width
    return place[place <= high], density[place <= high]


def deviation(measured, predicted):
    """Mean over the trials of measured [t, g] - predicted ([g], or [t, g] where the law is given
    each trial's biases), its s.e., and t = mean/s.e., each [g], and the number of trials used.
    Differences are taken trial by trial; a trial without a prediction is left out. One trial: s.e.
    and t are NaN."""
    d = measured - predicted
    d = d[np.isfinite(d).all(axis=1)]
    trials, nothing = len(d), np.full(measured.shape[1], np.nan)
    if not trials:
        return nothing, nothing, nothing, 0
    mean = d.mean(axis=0)
    if trials < 2:
        return mean, nothing, nothing, trials
    floor = THEORY * np.abs(measured).mean(axis=0)
    se = np.maximum(d.std(axis=0, ddof=1) / trials**.5, floor)
    return mean, se, np.divide(mean, se, out=np.zeros_like(mean), where=se > 0), trials


@dataclass
class Fit:
    """gap = sum over p in powers of coefficient_p / m^p, one weighted fit for each gamma."""
    powers: tuple
    value: np.ndarray     # [p, g] the coefficients; power 0: the limit c
    se: np.ndarray        # [p, g]
    nu: np.ndarray        # [g] degrees of freedom of se[0] (Welch, Satterthwaite)
    chi2: np.ndarray      # [g]
    dof: int              # sizes - coefficients
    residual: np.ndarray  # [s, g] in its own s.e. (NaN where the fit is exact there)

    @property
    def reduced(self):
        """chi^2 per degree of freedom: the mean over gamma and the median; NaN for an exact fit."""
        if not self.dof:
            return math.nan, math.nan
        return float(self.chi2.mean() / self.dof), float(np.median(self.chi2) / self.dof)

    def adequate(self, nu):
        """True if chi^2 refutes the fit neither by its mean over gamma (taken as if all gamma were
        one, which they nearly are) nor by its largest value. nu: degrees of freedom of the s.e."""
        if not self.dof:
            return True
        tails = [f_tail(c / self.dof, self.dof, nu) for c in (self.chi2.mean(), self.chi2.max())]
        return tails[0] > LEVEL and tails[1] > LEVEL / len(self.chi2)

    def significant(self, level, among=slice(None)):
        """True if the first coefficient differs from 0 among these gamma, judged in the same two
        ways."""
        t = (self.value[0] / self.se[0])[among]
        if not len(t):
            return False
        z = np.abs(to_normal(t, self.nu[among]))
        return (z.max() > NORMAL.inv_cdf(1 - level / self.value.shape[1] / 2) or
                f_tail(np.mean(t**2), 1, self.nu.min()) < level)


def fit_sizes(m, gap, se, nu, powers):
    """Weighted least squares at each gamma: m [s], gap and se [s, g], nu [s] degrees of freedom of
    se. Powers (): the gap itself against 0."""
    scaled = m.min() / m
    basis = scaled[:, None]**np.array(powers, dtype=float)
    unit = m.min()**np.array(powers, dtype=float)
    count = gap.shape[1]
    value, error = (np.empty((len(powers), count)) for _ in range(2))
    residual, degrees = np.empty_like(gap), np.full(count, np.nan)
    for g in range(count):
        weighted = basis / se[:, g, None]
        cov = np.linalg.inv(weighted.T @ weighted)
        solve = cov @ weighted.T / se[:, g]  # [p, s]: coefficients from gaps
        value[:, g] = unit * (solve @ gap[:, g])
        error[:, g] = unit * np.sqrt(np.diag(cov))
        if len(powers):
            share = (solve[0] * se[:, g])**2
            degrees[g] = share.sum()**2 / np.sum(share**2 / nu)
        left = (gap[:, g] - basis @ (solve @ gap[:, g])) / se[:, g]
        free = 1 - np.sum(weighted @ cov * weighted, axis=1)
        residual[:, g] = np.where(free > 1e-9, left / np.sqrt(np.maximum(free, 1e-9)), np.nan)
    fitted = sum(value[i] / m[:, None]**p for i, p in enumerate(powers)) if len(powers) else 0.0
    return Fit(powers, value, error, degrees, np.sum(((gap - fitted) / se)**2, axis=0),
               len(m) - len(powers), residual)


@dataclass
class SizeVerdict:
    """What the gap between measured and predicted is."""
    word: str            # noise | finite size | theory wrong | undecided | one size
    sentence: str
    fit: Fit = None      # the fit without limit that is reported: a/m, or a/m + b/m^2
    limit: Fit = None    # c + a/m
    worst: int = 0       # the gamma at which |c| is largest in s.e. (one size: the gap)
    z: float = 0.0       # that |c| in s.e., as normal z


def judge_sizes(m, gap, se, predicted, trials, share=0.0, gamma=None, groups=1):
    """How a gap is judged, for points that differ in size only.

    gap(m) = measured - predicted is fitted at each gamma by a/m, by c + a/m and, from 3 sizes on,
    by a/m + b/m^2 (weighted least squares); points are counted with the latter where a/m is refuted
    or there are 4 sizes or more. chi^2 refutes a fit at level 1 %, by its mean over
    gamma (the gamma of one trial are correlated, so the mean counts like one) or by its largest
    value, at 1 % over the number of gamma; a = 0 and c = 0 are refuted likewise, then they are
    called significant. Student's and Fisher's laws account for s.e. from few trials.

    noise          no gap beyond s.e. at any size, a in a/m not significant.
    finite size    a gap that a/m describes, with c not significant; or that a/m + b/m^2 describes,
                   while c + a/m does not, or does with |c| under a quarter of the gap at the
                   largest m.
    theory wrong   c is significant, at 1 % for all groups of the file together and where it exceeds
                   the share of one direction at the largest m (see below), and a/m + b/m^2 is
                   refuted with |c| at least a quarter of the gap at the largest m; or |c| is at
                   least 0.8 of that gap: the gap does not fall.
    undecided      c is significant, but a term b/m^2 can stand for it (a heavy-tailed f and small
                   m make such terms large); or no fit describes the gap.
    one size       a gap at a single m.

    One seed gives the entries of a small matrix to a larger one too, so sizes are correlated, as a
    rule positively; they are taken as independent, which makes the s.e. of c too large.

    A single isolated eigenvalue changes the error by up to the share of one direction,
    (sigma_eps^2 + sigma_a^2 sigma_x^2)/m, and does so without falling like 1/m while its place,
    which grows like m, is below gamma. The outlier that a law predicts is taken off the gap
    beforehand; a limit c no larger than that share at the largest m still accuses nobody.
    """
    # The text above is for users, in nlrmt_report --help. m, trials [s] ascending in m; gap, se [s, g];
    # predicted [g] and share at the largest m; gamma [g] for the sentence; groups: how many are judged
    # by this law.
    nu = np.array(trials) - 1.0
    least = float(nu.min())
    none, plain = (fit_sizes(m, gap, se, nu, p) for p in ((), (1,)))
    if none.adequate(least) and not plain.significant(LEVEL):
        return SizeVerdict("noise", noise_sentence(m, gap, se, predicted, nu),
                           plain if len(m) > 1 else none)
    if len(m) < 2:
        return one_size(m[0], gap[0], predicted, to_normal(gap[0] / se[0], nu[0]), gamma)
    limit = fit_sizes(m, gap, se, nu, (0, 1))
    square = fit_sizes(m, gap, se, nu, (1, 2)) if len(m) > 2 else None
    z = np.abs(to_normal(limit.value[0] / limit.se[0], limit.nu))
    large = np.abs(limit.value[0]) > share
    worst = int(np.argmax(np.where(large | ~large.any(), z, -1)))
    significant = limit.significant(LEVEL)
    part = abs(limit.value[0, worst] / gap[-1, worst])
    fits, fits_limit = plain.adequate(least), limit.adequate(least)
    fits_square = square is not None and square.adequate(least)
    told = limit_words(limit, worst, predicted, z[worst], gamma)
    best = square if fits_square and (not fits or len(m) > 3) else plain
    found = dict(limit=limit, worst=worst, z=float(z[worst]))
    if fits and not significant:
        return SizeVerdict("finite size", f"the gap falls like a/m; {told}", best, **found)
    if fits_square and (not fits_limit or not significant or part < 0.25):
        return SizeVerdict("finite size", "the gap falls like a/m + b/m^2, a/m alone is refuted; "
                           f"in c + a/m, {'' if fits_limit else 'refuted too, '}{told}", square,
                           **found)
    told += f", {part:.0%} of the gap at m = {m[-1]:.0f}"
    if limit.significant(LEVEL / groups, large) and \
            (part >= 0.8 or part >= 0.25 and square is not None and not fits_square):
        return SizeVerdict("theory wrong", f"the gap does not fall to 0; {told}", plain, **found)
    if significant and not limit.significant(LEVEL, large):
        return SizeVerdict("undecided", f"{told}; nowhere significant and above {share:.1e}, the "
                           "share of one direction", best, **found)
    if significant:
        return SizeVerdict("undecided", f"{told}; a term b/m^2 can stand for it, a larger m "
                           "decides", best, **found)
    return SizeVerdict("undecided", f"no fit describes the gap at every gamma; {told}", plain,
                       **found)


def limit_words(limit, worst, predicted, z, gamma):
    """The limit c at the gamma where it is largest in s.e."""
    c, place = limit.value[0, worst], f" at gamma = {gamma[worst]:.3g}" if gamma is not None else ""
    return (f"limit c = {c:.1e} ± {limit.se[0, worst]:.1e}, c/E = {c / predicted[worst]:.1e}, "
            f"|z| = {z:.1f}{place}, the worst of {limit.value.shape[1]} gamma")


def noise_sentence(m, gap, se, predicted, nu):
    z = np.abs(to_normal(gap / se, np.broadcast_to(nu[:, None], gap.shape)))
    seen = np.median(2 * se[-1] / np.abs(predicted))
    return (f"no gap beyond s.e. at any size (largest |z| {z.max():.1f} of {z.size}); at "
            f"m = {m[-1]:.0f} two s.e. are {seen:.1e} of E: a smaller gap would not be seen")


def one_size(m, gap, predicted, z, gamma):
    """A gap beyond s.e. at a single size: what that means, and what would tell more."""
    worst = int(np.argmax(np.abs(z)))
    place = f"at gamma = {gamma[worst]:.3g}, " if gamma is not None else ""
    need = float(f"{m * max(1.0, abs(z[worst]) / 2):.2g}")
    part = gap[worst] / predicted[worst]
    sentence = (f"a gap, |z| = {abs(z[worst]):.1f} ({part:+.1e} of E) {place}the worst of {len(z)} "
                f"gamma; if it falls like 1/m, it is within 2 of these s.e. from m = {need:.0f} on. "
                "Several m (sweep.model.m) separate noise, finite size and theory")
    return SizeVerdict("one size", sentence, worst=worst, z=float(abs(z[worst])))
