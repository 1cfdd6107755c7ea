#!/usr/bin/python3 -E
"""nlrmt_contest: which of two laws the data support, from the projections of the trials.

nlrmt_report and nlrmt_plot use it. As a command, nlrmt_contest.py FILE.h5 rehearses the verdicts of
a file: how often each word would be said if the first law were true, and if the second were."""
import argparse
import math
import signal
import sys
import textwrap
from dataclasses import dataclass

from nlrmt_read import np, read
from nlrmt_scaling import Series, exponent_text, groups, power
from nlrmt_stats import fit_sizes, t_tail

LEVEL = 0.01     # of all decisions of a file together
WIDTHS = 3       # that a verdict needs
FALLS = -0.25    # exponent of W1 between the two largest widths: above it, W1 does not fall

COINCIDE = "laws coincide"

NOTES = """s is 0 if the eigenvalues follow the first law, 1 if the second, up to finite size; its limit
a is told from both. p: probability of an a at least so far off if that law were true. More:
nlrmt_report --help, docs/contest.md."""


@dataclass
class Limit:
    """s = a + b/width (+ c/width^2), extrapolated to infinite width."""
    a: float
    se: float        # inflated by sqrt(chi2/dof) where that exceeds 1
    nu: float        # degrees of freedom of se
    powers: tuple
    value: np.ndarray  # coefficients of width^-power
    chi2: float      # per degree of freedom; NaN for an exact fit

    def at(self, width):
        return sum(v * np.asarray(width, dtype=float)**-p for v, p in zip(self.value, self.powers))

    def p(self, truth):
        """Two-sided probability of an a at least so far from `truth`."""
        return min(1.0, 2 * t_tail(min(abs(self.a - truth) / self.se, 1e150), self.nu))


@dataclass
class Contest:
    """Two laws along the widths of one group."""
    first: str
    second: str
    width: np.ndarray       # [s] ascending: n1
    s: np.ndarray           # [s]
    se: np.ndarray          # [s]
    trials: np.ndarray      # [s]
    separation: np.ndarray  # [s] mean W1 between the laws
    word: str = ""          # supports <law> | neither | not resolved | laws coincide
    reason: str = ""
    limit: Limit = None     # by a + b/width + c/width^2: what is judged
    line: Limit = None      # by a + b/width
    favoured: str = ""      # the law that is supported
    error: float = None     # probability of the data under the best of the refuted laws


def average(p):
    """Mean of s over the trials of one Projection and its s.e., trials weighted by the squared
    separation of their laws: s has a variance of constant/weight. (NaN, NaN, 0) where the laws
    coincide; one trial has no s.e."""
    known = p.weight > 0
    s, w = p.statistic[known], p.weight[known]
    if not len(s):
        return math.nan, math.nan, 0
    mean = float(np.sum(w * s) / np.sum(w))
    if len(s) < 2:
        return mean, math.nan, 1
    se = math.sqrt(np.sum((w * (s - mean))**2) * len(s) / (len(s) - 1)) / np.sum(w)
    return mean, float(se), len(s)


def fits(width, s, se, trials):
    """The Limits by a + b/width + c/width^2 and, to compare, by a + b/width. The former is judged,
    however large its s.e.: a curvature that chi^2 does not see yet moves the limit of the latter by
    several of its s.e."""
    return _limit(width, s, se, trials, (0, 1, 2)), _limit(width, s, se, trials, (0, 1))


def _limit(width, s, se, trials, powers):
    f = fit_sizes(width, s[:, None], se[:, None], trials - 1.0, powers)
    chi2 = float(f.chi2[0]) / f.dof if f.dof else math.nan
    stretch = math.sqrt(max(1.0, chi2)) if f.dof else 1.0
    return Limit(float(f.value[0, 0]), float(f.se[0, 0]) * stretch, float(f.nu[0]), powers,
                 f.value[:, 0], chi2)


def judge_contest(c, level=LEVEL, w1=None):
    """How a contest between two laws is judged.

    For laws a and b, D = F_b - F_a: s = integral of (F_n - F_a) D / integral of D^2, trial by trial,
    for laws given the biases with that trial's own: 0 in expectation under a, 1 under b, up to
    finite size; a linear statistic, so both its fluctuation and its bias fall like 1/width. The
    mean over the trials (weights: integral of D^2) is fitted over the widths n1, three or more, by
    a + b/width + c/width^2. The s.e. of a is multiplied by sqrt(chi^2/dof) where that exceeds 1. A
    law is refuted if a is farther from its 0 or 1 than its s.e. explains: Student's law, two-sided,
    1 % divided by the number of contests in the file.

    laws coincide  integral of |D| < 1e-8 of the right edge, in every trial: nothing to decide.
    supports LAW   the other one is refuted, this one is not.
    neither        both are refuted; or one is not, but W1 to it does not fall between the two
                   largest widths (exponent above -0.25 by 3 s.e.): s sees the line between the
                   laws only.
    not resolved   none is refuted: more trials, or larger widths; or fewer than three widths.

    Saying "supports a" while b is true has a probability of less than half of that level, and the
    p of the refuted law tells what it was here.
    """
    # The text above is for users, in nlrmt_report --help. Fills and returns the Contest c; w1: law ->
    # Series of its W1.
    known = c.trials > 0
    if not known.any():
        c.word, c.reason = COINCIDE, "one law under two names here: nothing to decide"
        return c
    usable = known & (c.trials > 1) & (c.se > 0)
    if len(set(c.width[usable])) < WIDTHS:
        c.word, c.reason = "not resolved", (f"finite size is told apart with {WIDTHS} widths of two "
                                            "trials or more (sweep.model.m)")
        return c
    c.limit, c.line = fits(c.width[usable], c.s[usable], c.se[usable], c.trials[usable])
    p = [c.limit.p(0), c.limit.p(1)]
    refuted = [value < level for value in p]
    name = c.first, c.second
    told = f"p({c.first}) {probability(p[0])}, p({c.second}) {probability(p[1])}"
    if all(refuted):
        c.word, c.error = "neither", max(p)
        c.reason = f"the limit is neither 0 nor 1: {told}"
    elif not any(refuted):
        c.word, c.reason = "not resolved", f"{told}: more trials or larger widths would tell"
    else:
        right = 0 if refuted[1] else 1
        c.word, c.favoured, c.error = f"supports {name[right]}", name[right], p[1 - right]
        c.reason = told
        stays = stagnant(w1.get(name[right])) if w1 else None
        if stays:
            c.word, c.favoured, c.error = "neither", "", None
            c.reason = f"s favours {name[right]}, but {stays}"
    return c


def stagnant(s):
    """Why a law whose W1 does not fall is not right, or None."""
    if s is None or len(s.width) < 2 or not (s.se[-2:] > 0).all():
        return None
    end = power(Series(s.law, s.width[-2:], s.w1[-2:], s.se[-2:], s.trials[-2:]))
    if end.exponent - 3 * end.se <= FALLS:
        return None
    return (f"W1 to it does not fall: width^({exponent_text(end)}) from n1 = {s.width[-2]:.0f} to "
            f"{s.width[-1]:.0f}")


def probability(p):
    if p < 1e-99:
        return "< 1e-99"
    return f"= {p:.2g}" if p >= 1e-3 else f"= {p:.0e}"


def of_group(group):
    """[Contest] of one group, not yet judged: every pair of laws that two widths have."""
    found = []
    for key in dict.fromkeys(k for _, part in group.members for k in part.projections):
        having = [(int(p.attrs["n1"]), part.projections[key]) for p, part in group.members
                  if key in part.projections]
        if len(having) > 1:
            rows = np.array([average(p) for _, p in having])
            found.append(Contest(having[0][1].first, having[0][1].second,
                                 np.array([w for w, _ in having], dtype=float), *rows.T,
                                 np.array([p.separation.mean() for _, p in having])))
    return found


def contests(points):
    """[(Group, [Contest])] of a file, judged together: the level is shared by all of them that
    have something to decide."""
    found = [(g, of_group(g)) for g in groups(points)]
    count = max(1, sum(bool((c.trials > 0).any()) for _, cs in found for c in cs))
    for g, cs in found:
        w1 = {s.law: s for s in g.series()}
        for c in cs:
            judge_contest(c, LEVEL / count, w1)
    return [(g, cs) for g, cs in found if cs]


def fit_text(limit):
    """a + b/n1 + c/n1^2"""
    return " + ".join(("a", "b/n1", "c/n1^2")[p] for p in limit.powers)


def signed(x, se):
    """-0.304 ± 0.052: two digits of the error."""
    if not (math.isfinite(se) and se > 0):
        return f"{x:.3g}"
    digits = min(6, max(0, 1 - math.floor(math.log10(se))))
    return f"{x:.{digits}f} ± {se:.{digits}f}"


def print_contest(points):
    """The section of nlrmt_report; nothing without two laws over two widths."""
    found = contests(points)
    if not found:
        return
    print("\ncontest: which law do the data support?")
    same = [(g, c) for g, cs in found for c in cs if c.word == COINCIDE]
    for g, cs in found:
        for c in cs:
            if c.word == COINCIDE and len(same) > 3:
                continue
            print(f"{g.name} {c.first} against {c.second}: {c.word.upper()}")
            print("\n".join(textwrap.wrap(c.reason, 100, initial_indent="    ",
                                          subsequent_indent="    ")))
            if c.limit is None:
                continue
            for words, f in (("limit a =", c.limit), ("to compare", c.line)):
                chi2 = f", chi2/dof {f.chi2:.2g}" if math.isfinite(f.chi2) else ""
                print(f"    {words} {signed(f.a, f.se)} by {fit_text(f)}{chi2}")
            print("    " + "{:<9}{:<9}{:<22}{}".format("n1", "trials", "s ± s.e.",
                                                       f"W1({c.first}, {c.second})"))
            for w, t, s, se, d in zip(c.width, c.trials, c.s, c.se, c.separation):
                print("    " + "{:<9.0f}{:<9.0f}{:<22}{:.3g}".format(w, t, signed(s, se), d))
    if len(same) > 3:
        names = ", ".join(f"{g.name} {c.first} and {c.second}" for g, c in same)
        print("\n".join(textwrap.wrap(f"LAWS COINCIDE, nothing to decide: {names}", 100,
                                      subsequent_indent="    ")))
    print(NOTES)


def rehearse(c, level, rng, repeats=1000):
    """{truth: {word: share}}: verdicts on made-up s, with the widths, trials, s.e. and finite-size
    terms of the contest c, if the first law (0) or the second (1) were true. Normal means, s.e. with
    the scatter that so few trials leave them."""
    usable = (c.trials > 1) & (c.se > 0)
    width, se, trials = c.width[usable], c.se[usable], c.trials[usable]
    shape = c.limit.at(width) - c.limit.a
    found = {}
    for truth in (0, 1):
        words = {}
        for _ in range(repeats):
            s = truth + shape + se * rng.standard_normal(len(se))
            e = se * np.sqrt(rng.chisquare(trials - 1) / (trials - 1))
            made = judge_contest(Contest(c.first, c.second, width, s, e, trials, c.separation), level)
            words[made.word] = words.get(made.word, 0) + 1 / repeats
        found[truth] = words
    return found


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    parser = argparse.ArgumentParser(prog="nlrmt_contest.py", description=__doc__)
    parser.add_argument("file", metavar="FILE.h5", help="output of nlrmt_sim with several widths")
    parser.add_argument("--repeats", type=int, default=1000, help="of each rehearsal (default 1000)")
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    found = [(g, c) for g, cs in contests(read(args.file).points) for c in cs]
    count = sum(c.limit is not None for _, c in found)
    for g, c in found:
        print(f"{g.name} {c.first} against {c.second}: {c.word}")
        if c.limit is None:
            continue
        for truth, words in rehearse(c, LEVEL / count, rng, args.repeats).items():
            shares = ", ".join(f"{w} {100 * v:.3g} %" for w, v in
                               sorted(words.items(), key=lambda kv: -kv[1]))
            print(f"    if {(c.first, c.second)[truth]} were true: {shares}")


if __name__ == "__main__":
    sys.exit(main())
