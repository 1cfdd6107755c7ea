"""nlrmt_stieltjes_plot: figures of Stieltjes transforms, for nlrmt_plot: real and imaginary part along
a line in the upper half plane, measured and predicted; and how their fluctuations fall with the width."""
import numpy as np

from nlrmt_stieltjes_report import fluctuations, groups_of, mean_predicted
from nlrmt_style import OUTLINE, cell_title, law_style, plt

NAMES = {"m": "$m(z)$", "mtilde": r"$\tilde m(z)$"}
LINE = 5  # so many z of one Im z make a line
REAL, IMAG = "#0072B2", "#D55E00"


def longest_line(z):
    """Numbers of the z on the line of constant Im z > 0 that has most of them, Re z ascending."""
    best = np.array([], dtype=int)
    for y in np.unique(z.imag[z.imag > 0]):
        line = np.flatnonzero(z.imag == y)
        if len(line) > len(best):
            best = line
    return best[np.argsort(z.real[best])]


def has_line(point):
    return len(longest_line(point.transforms.z)) >= LINE


def draw_lines(points):
    """For each point the transforms, side by side, and below each the gap to its limits."""
    points = [p for p in points if has_line(p)]
    columns = max(len(shown(p)) for p in points)
    fig = plt.figure(figsize=(4.6 * columns, 4.3 * len(points)))
    fig.set_constrained_layout_pads(w_pad=0.05, h_pad=0.04, hspace=0.02, wspace=0.03)
    grid = fig.add_gridspec(2 * len(points), columns, height_ratios=[3, 1.2] * len(points))
    panels = [p.panel for p in points]
    for i, p in enumerate(points):
        for c, what in enumerate(shown(p)):
            letter = chr(ord("a") + i * columns + c) if len(points) * columns <= 26 else ""
            top = fig.add_subplot(grid[2 * i, c])
            below = fig.add_subplot(grid[2 * i + 1, c], sharex=top)
            draw_transform(top, p, what)
            draw_gap(below, p, what)
            top.tick_params(labelbottom=False)
            title = cell_title(p, letter, panels.count(p.panel) > 1)
            top.set_title(f"{title}\n{NAMES[what]}, $m = {p.attrs['m']}$, {draws(p)}", loc="left")
    return fig


def shown(point):
    return [k for k in ("m", "mtilde") if point.transforms.predicted[k] and
            (k in point.transforms.measured or point.theory_alone)]


def draws(point):
    return "theory alone" if point.theory_alone else \
        f"{point.trials} draw" + ("s" if point.trials != 1 else "")


def draw_transform(ax, point, what):
    """Points: mean over the trials; curves: the limit laws and those given the biases."""
    t, k = point.transforms, longest_line(point.transforms.z)
    x = t.z.real[k]
    for part, color, name in ((np.real, REAL, "Re"), (np.imag, IMAG, "Im")):
        for law, predicted in t.predicted[what].items():
            label, _, dashes = law_style(law)
            ax.plot(x, part(mean_predicted(predicted))[k], color=color, linestyle=dashes,
                    linewidth=1.1, label=f"{name}, {label}")
        if what in t.measured:
            ax.plot(x, part(t.measured[what]).mean(axis=0)[k], color=color, linestyle="none",
                    marker="o", markersize=3, markerfacecolor="white", markeredgewidth=0.8,
                    label=f"{name}, measured")
    ax.axhline(0, color=OUTLINE, linewidth=0.5, zorder=0.5)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.3 * (high - low))  # room for the legend
    ax.set_ylabel(NAMES[what])
    ax.legend(ncol=2, columnspacing=1.0, handlelength=2.4, loc="upper right")


def draw_gap(ax, point, what):
    """|mean measured - predicted| of every law; grey: one standard error of the first."""
    t, k = point.transforms, longest_line(point.transforms.z)
    x = t.z.real[k]
    for i, (law, predicted) in enumerate(t.predicted[what].items()):
        label, color, dashes = law_style(law)
        if what not in t.measured:
            continue
        d = (t.measured[what] - predicted)[:, k]
        if i == 0 and len(d) > 1:
            se = np.sqrt((d.real.var(axis=0, ddof=1) + d.imag.var(axis=0, ddof=1)) / len(d))
            ax.fill_between(x, 0, se, color="#DCDCDC", linewidth=0, label="one s.e.")
        ax.plot(x, np.abs(d.mean(axis=0)), color=color, linestyle=dashes, linewidth=1, label=label)
    if what in t.measured:
        ax.set_yscale("log")
        low, high = ax.get_ylim()
        ax.set_ylim(low, high * (high / low)**0.35)
        ax.legend(ncol=4, fontsize=7, columnspacing=1.0, loc="upper right")
    ax.set_ylabel("|gap|")
    ax.set_xlabel(rf"Re $z$, Im $z = {t.z.imag[k[0]]:.3g}$")


def fluctuation_groups(points):
    """[(group, Fluctuations)] with several sizes."""
    return [(g, f) for g in groups_of(points) if len(g) > 1 and (f := fluctuations(g))
            and len(f.im) > 1]


def draw_fluctuations(found):
    """E|g - Eg|^4 times (Im z)^4 against n1, a curve for each Im z, beside n1^-2 and n1^-4."""
    fig = plt.figure(figsize=(5.2 * len(found), 3.6))
    top = None
    for c, (group, f) in enumerate(found):
        ax = fig.add_subplot(1, len(found), c + 1, sharey=top)
        top = top or ax
        colors = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(f.im)))
        for i, y in enumerate(f.im):
            ax.errorbar(f.n1, f.fourth[:, i] * y**4, f.fourth_se[:, i] * y**4, color=colors[i],
                        marker="o", markersize=3, linewidth=0.9, capsize=2,
                        label=rf"Im $z = {y:.3g}$: $n_1^{{{f.width[i]:.2f}}}$")
        for power, dashes in ((-2, (0, (5, 2))), (-4, (0, (1, 1.5)))):
            start = np.exp(np.log(f.fourth[0] * f.im**4).mean())
            ax.plot(f.n1, start * (f.n1 / f.n1[0])**power, color=OUTLINE, linestyle=dashes,
                    linewidth=0.9, label=rf"$n_1^{{{power}}}$")
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xticks(f.n1, [f"{n:.0f}" for n in f.n1])
        ax.minorticks_off()
        ax.set_xlabel("$n_1$")
        ax.set_title(cell_title(group[0], chr(ord("a") + c), False), loc="left")
        ax.legend(fontsize=7.5, loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.8)
    top.set_ylabel(r"$E|g - Eg|^4\,(\mathrm{Im}\,z)^4$")
    return fig
