"""nlrmt_ridge_plot: figures of training errors, for nlrmt_plot.

Against gamma, one cell for each panel (figures 3 and 6 of Adlam, Levinson and Pennington); where a
panel stores optima, against zeta or p with the best single f and the best mixture (figure 4)."""
import re

import numpy as np

from nlrmt_read import USAGE, contest, fail, family, labels, size_groups
from nlrmt_stats import deviation
from nlrmt_style import OUTLINE, law_style, plt, safe, symbols

from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

COLORS = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"
FAMILIES = {"single": ("best single $f$", COLORS[0], "-"),
            "mixture": ("best mixture $f_p$", COLORS[1], (0, (4, 2)))}
WIDTHS = {1: 4.4, 2: 7.2, 3: 10.2}
LOG_RANGE = 30  # a training error that spans more is drawn on a logarithmic axis
CURVES = 6      # of figure 4, unless --gamma says which


def ridge_figures(points, wanted=None):
    """[(figure, suffix of its file name)] for the points with training errors; wanted: gammas of
    the curves against zeta or p."""
    points = [p for p in points if p.ridge and p.ridge.predicted]
    panels = [[p for p in points if p.panel == k] for k in dict.fromkeys(p.panel for p in points)]
    optimal = [q for q in panels if any(p.ridge.optima for p in q)]
    plain = [q for q in panels if q not in optimal]
    figures = [(draw_optima(optimal, wanted), "")] if optimal else []
    return figures + ([(draw_errors(plain), "-gamma" if optimal else "")] if plain else [])


def largest(points):
    """Of points that differ in size only the largest."""
    keep = [group[-1] for group in size_groups(points)]
    return [p for p in points if p in keep]


def limit_laws(ridge):
    """The laws drawn: limit laws; those given the biases only if there is no other."""
    return [k for k in ridge.predicted if not k.endswith("_b")] or list(ridge.predicted)[:1]


def smooth(x, y, log, fine=16):
    """A monotone cubic (Fritsch, Butland) through y at x > 0, in log x and, if log, log y: no value
    above or below its two neighbours, none invented at the x themselves."""
    if len(x) < 4 or (log and not (y > 0).all()):
        return x, y
    u, v = np.log(x), np.log(y) if log else y
    h, secant = np.diff(u), np.diff(v) / np.diff(u)
    same = secant[1:] * secant[:-1] > 0
    w = (2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = np.where(same, (w[0] + w[1]) / (w[0] / secant[:-1] + w[1] / secant[1:]), 0.0)
    slope = np.r_[secant[0], inner, secant[-1]]
    t = np.arange(fine)[:, None] / fine
    line = ((1 + 2 * t) * (1 - t)**2 * v[:-1] + t * (1 - t)**2 * h * slope[:-1] +
            t * t * (3 - 2 * t) * v[1:] - t * t * (1 - t) * h * slope[1:])
    fill = lambda a, last: np.r_[a.T.reshape(-1), last]
    values = fill(line, v[-1])
    return np.exp(fill(u[:-1] + t * h, u[-1])), np.exp(values) if log else values


def error_bars(ax, x, y, se, color, size=3.2, filled=True, **more):
    """One s.e. up and down; no bars where it is not known (one trial)."""
    bars = se if se is not None and np.isfinite(se).any() else None
    ax.errorbar(x, y, bars, linestyle="none", marker="o" if filled else "D", markersize=size,
                color=color, markerfacecolor=color if filled else "none", markeredgewidth=0.6,
                elinewidth=0.8, capsize=1.6, capthick=0.6, **more)


def measured(point, kind):
    """Mean over the trials and s.e. (None with one trial), [g]."""
    e = point.ridge.measured[kind]
    return e.mean(axis=0), e.std(axis=0, ddof=1) / len(e)**.5 if len(e) > 1 else None


def scale_errors(ax, values):
    """Logarithmic if the errors drawn span more than LOG_RANGE."""
    values = np.concatenate([np.ravel(v) for v in values])
    if (values > 0).all() and values.max() > LOG_RANGE * values.min():
        ax.set_yscale("log")
    else:
        ax.set_ylim(0, 1.06 * values.max())


def gamma_axis(ax):
    """Decades labelled as far as there is room, each ticked."""
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(numticks=8))
    ax.xaxis.set_minor_locator(LogLocator(numticks=99, subs=(1.0,)))
    ax.xaxis.set_minor_formatter(NullFormatter())


def legend_columns(handles, width):
    """How many columns of entries fit into `width` inches, at about 0.056 inch a letter of 8 points
    (mathtext markup not counted) and 0.5 for the sample; matplotlib fills column after column."""
    plain = [re.sub(r"\\[a-z]+|[\\${}^_]", lambda k: "x" if len(k[0]) > 1 else "", h.get_label())
             for h in handles]
    inches = [0.056 * len(text) + 0.5 for text in plain]
    for columns in range(len(handles), 1, -1):
        parts = np.array_split(inches, columns)
        if sum(part.max() for part in parts) < width:
            return columns
    return 1


def legend_row(fig, place, handles, columns):
    """The legend of all cells, below them; the layout leaves it the height that `place` has."""
    ax = fig.add_subplot(place)
    ax.axis("off")
    legend = ax.legend(handles=handles, loc="center", ncol=columns, handlelength=2.0,
                       columnspacing=1.4, labelspacing=0.3, borderaxespad=0)
    legend.set_in_layout(False)


def new_figure(rows, columns, height, handles):
    """A figure of rows x columns cells and a last row for the legend, and its grid."""
    beside = legend_columns(handles, WIDTHS[columns])
    below = 0.08 + 0.19 * -(-len(handles) // beside)
    fig = plt.figure(figsize=(WIDTHS[columns], height * rows + below))
    fig.set_constrained_layout_pads(w_pad=0.06, h_pad=0.03, hspace=0.02, wspace=0.03)
    grid = fig.add_gridspec(rows + 1, columns, height_ratios=[height] * rows + [below])
    legend_row(fig, grid[rows, :], handles, beside)
    return fig, grid


def sample(label, color="#404040", filled=True, size=3.2):
    """A legend entry for simulated points."""
    return Line2D([], [], linestyle="none", marker="o" if filled else "D", markersize=size,
                  color=color, markerfacecolor=color if filled else "none", markeredgewidth=0.6,
                  label=label)


def title(ax, letter, several, text):
    ax.set_title(safe((f"({letter})  " if several else "") + text), loc="left")


def grid_of(count):
    columns = count if count <= 3 else 2 if count == 4 else 3
    return -(-count // columns), columns


def draw_errors(panels):
    """Figures 3 and 6: E_train against gamma, one cell for each panel; below it the relative
    deviation from the prediction."""
    rows, columns = grid_of(len(panels))
    simulated = any(p.ridge.measured for q in panels for p in q)
    fig, grid = new_figure(rows, columns, 3.7 if simulated else 2.9,
                           entries([p for q in panels for p in largest(q)]))
    for r in range(rows):
        first = shown_names = None
        row = panels[r * columns:(r + 1) * columns]
        for i, points in enumerate(row):
            inner = grid[r, i].subgridspec(2 if simulated else 1, 1,
                                           height_ratios=[3, 1.1] if simulated else [1])
            axes = [fig.add_subplot(inner[k], sharey=first[k] if first else None)
                    for k in range(2 if simulated else 1)]
            letter = chr(ord("a") + (r * columns + i) % 26)
            title(axes[0], letter, len(panels) > 1, points[0].title)
            names = draw_panel(axes, largest(points))
            if any(names) and names != shown_names:  # the same colours again need no second legend
                axes[0].legend(handlelength=1.6, labelspacing=0.3, loc="best")
            shown_names = names
            for ax in axes if first else []:
                ax.tick_params(labelleft=False)
            first = first or axes
        finish_row(fig, first, row)
    return fig


def finish_row(fig, axes, panels):
    """Labels and scales of the row's first cell, which the others share."""
    shown = [p for q in panels for p in largest(q)]
    scale_errors(axes[0], [p.ridge.mean_predicted(k) for p in shown for k in limit_laws(p.ridge)] +
                 [e.mean(axis=0) for p in shown for e in p.ridge.measured.values()])
    axes[0].set_ylabel(r"$E_{\mathrm{train}}$")
    if len(axes) > 1:
        axes[1].set_ylabel(r"deviation (%)")
        axes[1].locator_params(axis="y", nbins=4)
        fig.align_ylabels(axes)


def draw_panel(axes, points):
    """One cell: theory, simulation, and their deviation with the points of one gamma side by side.
    Returns the points' labels."""
    names = labels(points)
    colors = COLORS if len(points) <= len(COLORS) else \
        [plt.cm.viridis(x) for x in np.linspace(0, 0.92, len(points))]
    for i, p in enumerate(points):
        ridge = p.ridge
        for k in limit_laws(ridge):
            named = names[i] and k == limit_laws(ridge)[0]
            axes[0].plot(*smooth(ridge.gamma, ridge.mean_predicted(k), True), color=colors[i],
                         linestyle="-" if k == ridge.law else law_style(k)[2], linewidth=1.1,
                         marker="." if len(ridge.gamma) < 3 else None,
                         label=safe(symbols(names[i])) if named else None)
        small = 0.75 if len(ridge.gamma) > 16 else 1.0
        for kind in ridge.measured:
            filled = kind == ridge.sharpest
            error_bars(axes[0], ridge.gamma, *measured(p, kind), colors[i], filled=filled,
                       size=small * (3.0 if filled else 4.4), zorder=2.6 if filled else 2.4)
        if ridge.measured:
            dodge = (i - (len(points) - 1) / 2) / max(len(points), 3)
            draw_deviation(axes[1], ridge, colors[i], dodge)
    gamma_axis(axes[0])
    if len(axes) > 1:
        axes[0].tick_params(labelbottom=False)
        axes[1].axhline(0, color=OUTLINE, linewidth=0.5, zorder=0.8)
        gamma_axis(axes[1])
        axes[1].set_xlim(axes[0].get_xlim())
    axes[-1].set_xlabel(r"regularization $\gamma$")
    return names


def draw_deviation(ax, ridge, color, dodge):
    """(measured - predicted)/predicted in percent, differences taken trial by trial."""
    law = limit_laws(ridge)[0]
    mean, se, _, _ = deviation(ridge.measured[ridge.sharpest], ridge.predicted[law])
    step = np.diff(np.log(ridge.gamma)).min() if len(ridge.gamma) > 1 else 0.1
    predicted = ridge.mean_predicted(law)
    x = ridge.gamma * np.exp(0.6 * dodge * step)
    error_bars(ax, x, 100 * mean / predicted, 100 * se / predicted, color, size=2.2)


def entries(points):
    """What lines and markers mean, once for all cells."""
    laws = dict.fromkeys(k for p in points for k in limit_laws(p.ridge))
    first = points[0].ridge.law
    handles = [Line2D([], [], color="#404040", linewidth=1.1, label="theory" if len(laws) == 1 else
                      "theory, " + law_style(k)[0],
                      linestyle="-" if k == first else law_style(k)[2]) for k in laws]
    kinds = {k for p in points for k in p.ridge.measured}
    trials = sorted({p.trials for p in points if p.ridge.measured})
    sizes = sorted({p.attrs["m"] for p in points})
    if not kinds:
        return handles
    draws = f"{trials[0]}" + (f" to {trials[-1]}" if len(trials) > 1 else "")
    size = f"$m = {sizes[0]}$" + (f" to ${sizes[-1]}$" if len(sizes) > 1 else "")
    about = f"{size}, {draws} draw" + ("s, bars: 1 s.e." if trials[-1] > 1 else "")
    if "expected" in kinds:
        handles.append(sample(f"simulation, expected over targets ({about})"))
    if "train_error" in kinds:
        filled = "expected" not in kinds
        n2 = {p.ridge.n2 for p in points if p.ridge.n2}
        rows = f"$n_2 = {n2.pop()}$" if len(n2) == 1 else ""
        text = "simulation, drawn targets" if filled else "drawn targets"
        inside = ", ".join(x for x in (about if filled else "", rows) if x)
        handles.append(sample(text + (f" ({inside})" if inside else ""), filled=filled,
                              size=3.2 if filled else 4.6))
    return handles


def choose_gammas(gamma, wanted):
    """Indices of at most CURVES gammas, spread over the decades, or of those wanted."""
    if wanted:
        near = [int(np.argmin(np.abs(np.log(gamma / w)))) for w in wanted]
        for w, k in zip(wanted, near):
            if abs(np.log(gamma[k] / w)) > 0.01:
                fail(USAGE, f"--gamma {w:g}: not in the file; the nearest is {gamma[k]:.6g}")
        return sorted(set(near))
    if len(gamma) <= CURVES:
        return list(range(len(gamma)))
    places = np.linspace(np.log(gamma[0]), np.log(gamma[-1]), CURVES)
    return sorted({int(np.argmin(np.abs(np.log(gamma) - x))) for x in places})


def gamma_text(gamma):
    """10^-2 if it is a power of ten, else three digits."""
    exponent = np.log10(gamma)
    if abs(exponent - round(exponent)) < 1e-9 and abs(exponent) >= 2:
        return rf"$\gamma = 10^{{{round(exponent)}}}$"
    return rf"$\gamma = {gamma:.3g}$"


def optimum_of(points, kind):
    """The stored curves of a family, and their gamma."""
    ridge = next(p.ridge for p in points if kind in p.ridge.optima)
    return ridge.optima[kind], ridge.gamma


def spread(points):
    """How much of zeta or p the points of a panel cover."""
    zeta = [p.attrs["zeta"] for p in points if "zeta" in p.attrs]
    return max(zeta) - min(zeta) if zeta else 0.0


def family_cells(panels):
    """[(points, family)], single first: for each family the panel whose points cover most of the
    axis (others have theirs in the difference); where none has points, the first that stores it."""
    cells = []
    for kind in FAMILIES:
        stored = [q for q in panels if any(kind in p.ridge.optima for p in q)]
        own = [q for q in stored if any(family(p, q) == kind for p in q)]
        cells += [(q, kind) for q in ([max(own, key=spread)] if own else stored[:1])]
    return cells


def draw_optima(panels, wanted):
    """Figure 4: (a) E_train against zeta or p, curves of a few gamma with their minima; (b) both
    families at their optima and the difference."""
    cells = family_cells(panels)
    rivals = contest([p for q in panels for p in q])
    rows, columns = grid_of(len(cells) + (rivals is not None))
    gamma = optimum_of(*cells[0])[1]
    chosen = choose_gammas(gamma, wanted)
    colors = [plt.cm.viridis(x) for x in np.linspace(0, 0.85, len(chosen))]
    simulated = [p for q, _ in cells for p in q if p.ridge.measured]
    fig, grid = new_figure(rows, columns, 3.7, curve_entries(gamma[chosen], colors, simulated))
    first = None
    for i, (points, kind) in enumerate(cells):
        ax = fig.add_subplot(grid[i // columns, i % columns], sharey=first)
        title(ax, chr(ord("a") + i), len(cells) > 1 or rivals is not None, points[0].title)
        draw_family(ax, points, kind, gamma[chosen], colors)
        if i % columns == 0:
            ax.set_ylabel(r"$E_{\mathrm{train}}$")
        else:
            ax.tick_params(labelleft=False)
        first = first or ax
    scale_errors(first, [line.get_ydata() for ax in fig.axes for line in ax.lines
                         if len(line.get_ydata())])
    if rivals is not None:
        i = len(cells)
        inner = grid[i // columns, i % columns].subgridspec(2, 1, height_ratios=[3, 2])
        draw_contest(fig, inner, rivals, chr(ord("a") + i))
    return fig


def curve_entries(gammas, colors, simulated):
    """Legend of figure 4 (a), the largest gamma first as in the figure."""
    handles = [Line2D([], [], color=color, linewidth=1.3, label=gamma_text(gamma))
               for gamma, color in list(zip(gammas, colors))[::-1]]
    handles.append(Line2D([], [], linestyle="none", marker="*", markersize=8, color="#404040",
                          markeredgewidth=0.4, label="minimum"))
    if simulated:
        sizes, trials = ({x(p) for p in simulated} for x in (lambda p: p.attrs["m"],
                                                             lambda p: p.trials))
        bars = ", bars: 1 s.e." if max(trials) > 1 else ""
        handles.append(sample(f"simulation, $m = {max(sizes)}$" + bars))
        if len(sizes) > 1:
            smaller = ", ".join(str(m) for m in sorted(sizes)[:-1])
            handles.append(sample(f"$m = {smaller}$", filled=False, size=2.4))
    return handles


def draw_family(ax, points, kind, gammas, colors):
    """One cell of (a): curves, minima, and simulated points at their zeta."""
    best, gamma = optimum_of(points, kind)
    for wanted, color in zip(gammas, colors):
        g = int(np.argmin(np.abs(np.log(gamma / wanted))))
        if abs(np.log(gamma[g] / wanted)) > 1e-6:  # a panel with other gamma than the first
            continue
        ax.plot(best.curve_x, best.curve[g], color=color, linewidth=1.1)
        ax.plot(best.x[g], best.error[g], marker="*", markersize=8, color=color,
                markeredgecolor="black", markeredgewidth=0.4, zorder=3, clip_on=False)
        biggest = largest(points)
        for p in points:
            if p.ridge.measured and family(p, points) == kind and "zeta" in p.attrs and \
                    np.array_equal(p.ridge.gamma, gamma):
                mean, se = measured(p, p.ridge.sharpest)
                filled = p in biggest
                error_bars(ax, p.attrs["zeta"], mean[g], None if se is None else se[g:g + 1], color,
                           size=3.0 if filled else 2.2, filled=filled, zorder=2.6 if filled else 2.4,
                           clip_on=False)
    ax.set_xlim(0, 1)
    ax.set_xlabel(r"$\zeta$ of a single $f$" if kind == "single" else
                  r"$p$, share of linear rows in the mixture $f_p$")


def draw_contest(fig, inner, rivals, letter):
    """(b): E_train at each family's optimum against gamma; below it single - mixture."""
    top, bottom = fig.add_subplot(inner[0]), fig.add_subplot(inner[1])
    title(top, letter, True, "Best single $f$ and best mixture")
    for kind, (label, color, dashes) in FAMILIES.items():
        top.plot(*smooth(rivals.gamma, rivals.optima[kind].error, True), color=color,
                 linestyle=dashes, linewidth=1.1, label=label)
        if len(rivals.m) and np.isfinite(rivals.error[kind][-1]).any():
            error_bars(top, rivals.gamma, rivals.error[kind][-1], rivals.error_se[kind][-1], color,
                       size=3.0, filled=kind == "single")
    scale_errors(top, [o.error for o in rivals.optima.values()])
    top.set_ylabel(r"$E_{\mathrm{train}}$ at the optimum")
    top.legend(handlelength=2.2, loc="upper left")
    bottom.axhline(0, color=OUTLINE, linewidth=0.5, zorder=0.8)
    bottom.plot(*smooth(rivals.gamma, rivals.predicted, False), color="#404040", linewidth=1.1,
                label="theory")
    draw_differences(bottom, rivals)
    low, high = bottom.get_ylim()
    bottom.set_ylim(low, low + 1.25 * (high - low))  # room for the legend
    bottom.ticklabel_format(axis="y", style="sci", scilimits=(-3, 3), useMathText=True)
    bottom.yaxis.get_offset_text().set_fontsize(7.5)
    bottom.set_ylabel("single $-$ mixture")
    bottom.set_xlabel(r"regularization $\gamma$")
    for ax in (top, bottom):
        gamma_axis(ax)
    top.tick_params(labelbottom=False)
    fig.align_ylabels([top, bottom])


def draw_differences(ax, rivals, most=3):
    """The simulated differences of the largest `most` sizes, side by side, larger sizes darker."""
    seen = [s for s in range(len(rivals.m)) if np.isfinite(rivals.difference[s]).any()][-most:]
    step = np.diff(np.log(rivals.gamma)).min() if len(rivals.gamma) > 1 else 0.1
    for i, s in enumerate(seen):
        x = rivals.gamma * np.exp(0.3 * step * (i - (len(seen) - 1) / 2))
        gray = 0.62 * (len(seen) - 1 - i) / max(1, len(seen) - 1)
        error_bars(ax, x, rivals.difference[s], rivals.se[s], plt.cm.gray(gray), size=3.0,
                   label=f"$m = {rivals.m[s]:.0f}$")
    ax.legend(handlelength=1.1, ncol=len(seen) + 1, columnspacing=0.8, handletextpad=0.3,
              borderaxespad=0.1, fontsize=7.5, loc="upper right")
