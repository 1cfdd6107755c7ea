"""nlrmt_contest_plot: W1 against the width with its powers, and the contest of two laws: s against
1/width, extrapolated."""
import math
import textwrap

from nlrmt_contest import contests
from nlrmt_read import np
from nlrmt_scaling import exponent_text, groups, power
from nlrmt_style import OUTLINE, law_style, plt, safe, symbols

LEAST = 3  # widths that are worth a figure of their own
MARKS = {"alp": "o", "alp_b": "s", "ps": "^", "ps_b": "D"}


def with_widths(points):
    """[Group] that the figure shows."""
    return [g for g in groups(points, LEAST) if g.series()]


def _tex(text):
    return text.replace(" ± ", r" \pm ").replace("-", "{-}")


def draw_w1(ax, group):
    for s in group.series():
        label, color, dashes = law_style(s.law)
        p = power(s)
        ax.errorbar(s.width, s.w1, s.se, color=color, marker=MARKS.get(s.law, "v"), markersize=3.5,
                    linestyle="none", linewidth=0.8, capsize=1.5,
                    label=rf"{label}: $n_1^{{{_tex(exponent_text(p))}}}$")
        ax.plot(s.width, p.at(s.width), color=color, linestyle=dashes, linewidth=0.9)
    ax.set_xscale("log")
    ax.set_yscale("log")
    _log_ticks(ax, group.widths)
    ax.set_xlabel("width $n_1$")
    ax.set_ylabel("$W_1$")
    low, high = ax.get_ylim()
    ax.set_ylim(low / (high / low)**0.55, high)  # room for the legend
    ax.legend(loc="lower left", handlelength=1.2, borderaxespad=0.2, labelspacing=0.25, fontsize=7)


def _log_ticks(ax, widths):
    """The widths themselves; the decades of the other axis are matplotlib's."""
    shown = sorted(set(int(w) for w in widths))
    ax.set_xticks(shown, [str(w) for w in shown])
    ax.minorticks_off()


def draw_contest(ax, group, cs):
    """s and its extrapolation for every pair; the lines are the laws."""
    ax.axhline(0, color=OUTLINE, linewidth=0.7)
    ax.axhline(1, color=OUTLINE, linewidth=0.7)
    decided = [c for c in cs if c.limit is not None]
    for c in decided:
        _, color, dashes = law_style(c.second)
        known = np.isfinite(c.se)
        ax.errorbar(1 / c.width[known], c.s[known], c.se[known], color=color, markersize=3.5,
                    marker=MARKS.get(c.second, "v"), linestyle="none", linewidth=0.8, capsize=1.5)
        x = np.linspace(0, 1 / c.width.min(), 200)
        with np.errstate(divide="ignore"):
            y = np.r_[c.limit.a, c.limit.at(1 / x[1:])]
        ax.plot(x, y, color=color, linestyle=dashes, linewidth=0.9)
        ax.errorbar([0], [c.limit.a], [c.limit.se], color=color, marker=MARKS.get(c.second, "v"),
                    markersize=5, markerfacecolor="white", linewidth=1.4, capsize=3, zorder=4,
                    clip_on=False, label=_verdict(c))
    for c in cs:
        if c.limit is None:
            ax.plot([], [], linestyle="none", label=_verdict(c))
    ax.set_xlim(0, 1.05 / group.widths.min())
    _laws_named(ax, cs)
    ax.set_xlabel("$1/n_1$")
    ax.set_ylabel("$s$")
    ax.ticklabel_format(axis="x", style="sci", scilimits=(-2, 2), useMathText=True)
    low, high = ax.get_ylim()
    low, high = min(low, -0.3), max(high, 1.3)
    ax.set_ylim(low, high + 0.12 * (high - low) * (1 + len(cs)))
    ax.legend(loc="upper left", handlelength=1.0, borderaxespad=0.2, labelspacing=0.25, fontsize=7)


def _verdict(c):
    words = f"{law_style(c.first)[0]} : {law_style(c.second)[0]}"
    if c.first.endswith("_b"):
        words = "given biases" if {c.first, c.second} == {"alp_b", "ps_b"} else words
    elif {c.first, c.second} == {"alp", "ps"}:
        words = "limit laws"
    if c.limit is None:
        return f"{words}: {c.word}"
    digits = max(2, 1 - math.floor(math.log10(c.limit.se))) if c.limit.se > 0 else 2
    limit = rf"$a = {c.limit.a:.{min(4, digits)}f} \pm {c.limit.se:.{min(4, digits)}f}$"
    return f"{words}: {limit}, {c.word.replace('_b', '')}"


def _laws_named(ax, cs):
    """Names of the laws at the right end of the lines 0 and 1."""
    for y, names in ((0, [c.first for c in cs]), (1, [c.second for c in cs])):
        text = ", ".join(dict.fromkeys(law_style(k)[0].split(",")[0] for k in names))
        ax.annotate(text, (1, y), xycoords=("axes fraction", "data"), xytext=(-2, 2), fontsize=7.5,
                    textcoords="offset points", color="#606060", ha="right", va="bottom")


def title(group, letter):
    lines = textwrap.wrap(group.title, 72 if "$" in group.title else 48) or [""]  # marks take no room
    if group.label:
        lines += [symbols(group.label)]
    lines[0] = (f"({letter})  " if letter else "") + lines[0]
    return "\n".join(safe(line) for line in lines)


def draw_widths(points):
    """One cell for every group of widths: W1, and beside it the contest if there is one."""
    shown = with_widths(points)
    pairs = [(g, next((cs for h, cs in contests(points) if (h.panel, h.label) == (g.panel, g.label)),
                      [])) for g in shown]
    wide = 2 if any(cs for _, cs in pairs) else 1
    columns = 1 if len(pairs) == 1 else 2 if wide == 2 or len(pairs) < 5 else 3
    rows = -(-len(pairs) // columns)
    fig = plt.figure(figsize=(3.3 * columns * wide, 2.9 * rows))
    fig.set_constrained_layout_pads(w_pad=0.05, h_pad=0.05, hspace=0.02, wspace=0.02)
    grid = fig.add_gridspec(rows, columns * wide)
    for i, (g, cs) in enumerate(pairs):
        row, column = i // columns, i % columns * wide
        ax = fig.add_subplot(grid[row, column])
        draw_w1(ax, g)
        ax.set_title(title(g, chr(ord("a") + i) if 1 < len(pairs) <= 26 else ""), loc="left")
        if cs:
            draw_contest(fig.add_subplot(grid[row, column + 1]), g, cs)
    return fig
