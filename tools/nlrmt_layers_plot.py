"""nlrmt_layers_plot: the spectra of a network's layers, a row of cells for each point, a column for
each layer; and W1 against the width, a cell for each panel and law, a curve for each layer."""
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nlrmt_read import np
from nlrmt_scaling import exponent_text, groups, leading, power
from nlrmt_style import FILL, OUTLINE, law_style, matplotlib, plt, safe


def _level(points):
    """A height that shows all histograms of one row, the tallest bins of the steepest cut."""
    tallest = [p.empirical.max() for p in points if p.empirical is not None]
    tallest += [r.max() for p in points if p.empirical is None for r in p.predicted.values()]
    return min(max(tallest), 4 * float(np.median(tallest)))


def _bulk(point):
    """The eigenvalues that the laws are about."""
    excluded = max((law.excluded for law in point.laws.values()), default=0)
    return point.eigenvalues[:, :point.eigenvalues.shape[1] - excluded]


def _span(points):
    """From 0 to where the laws end, and nearly all of the measured eigenvalues."""
    ends = [law.edges.max() for p in points for law in p.laws.values() if law.edges is not None]
    ends += [np.quantile(_bulk(p), 0.995) for p in points if p.eigenvalues is not None]
    return 1.06 * max(ends)


def _draw_cell(ax, point, laws, span):
    if point.empirical is not None:
        ax.stairs(point.empirical, point.edges, fill=True, facecolor=FILL, edgecolor=OUTLINE,
                  linewidth=0.4)
    lines = []
    for name in laws:
        law = point.laws.get(name)
        if law is None or law.lam is None:
            continue
        label, color, dashes = law_style(name)
        ax.plot(law.lam, np.where(np.isfinite(law.density), law.density, np.nan), color=color,
                linestyle=dashes, linewidth=1.1)
        if law.w1 is not None:
            lines.append((label, color, law.w1_mean))
    for k, (label, color, w1) in enumerate([("", "black", None)] * bool(lines) + lines):
        text = f"{label} {w1:.4f}" if label else "$W_1$"
        ax.text(0.98, 0.96 - 0.1 * k, text, color=color, transform=ax.transAxes, ha="right", va="top",
                fontsize=7)
    if point.eigenvalues is None:
        return
    beyond = _bulk(point)[_bulk(point) > span]
    if len(beyond):
        ax.text(0.98, 0.96 - 0.1 * len(lines), f"{len(beyond)} beyond, to {beyond.max():.3g} " +
                r"$\rightarrow$", transform=ax.transAxes, ha="right", va="top", fontsize=7)


def draw_layers(points):
    """One figure: points are those of one name in each panel, with all their layers."""
    rows = {}
    for p in points:
        rows.setdefault((p.panel, p.name.split("/")[0]), []).append(p)
    depth = sorted({p.layer for p in points})
    laws = list(dict.fromkeys(k for p in points for k in p.laws))
    fig, axes = plt.subplots(len(rows), len(depth), squeeze=False, sharey="row", sharex="row",
                             figsize=(1.2 + 2.0 * len(depth), 0.9 + 1.6 * len(rows)))
    for row, members in zip(axes, rows.values()):
        for ax in row:
            ax.set_visible(False)
        for p in members:
            ax = row[depth.index(p.layer)]
            ax.set_visible(True)
            _draw_cell(ax, p, laws, _span(members))
        row[0].set_xlim(0, _span(members))
        row[0].set_ylim(0, 1.05 * _level(members))
        row[0].set_ylabel(safe(members[0].title) + "\ndensity")
    for ax, layer in zip(axes[0], depth):
        ax.set_title(f"layer {layer}")
    for ax in axes[-1]:
        matrix = r"$M_\ell = Y_\ell Y_\ell^{\top}\!/m$" if points[0].matrix == "M" else \
            r"$K_\ell = Y_\ell^{\top} Y_\ell/n_\ell$"
        ax.set_xlabel(r"eigenvalue of " + matrix, fontsize=8)
    fig.align_ylabels(axes[:, 0])
    first = points[0]
    size = f"n_1 = {first.attrs['n1']}" if first.matrix == "M" else f"m = {first.attrs['m']}"
    draws = f"{first.trials} draw" + ("s" if first.trials != 1 else "")
    handles = [Patch(facecolor=FILL, edgecolor=OUTLINE, label=f"simulation, ${size}$, {draws}")]
    for name in laws:
        label, color, dashes = law_style(name)
        handles.append(Line2D([], [], color=color, linestyle=dashes, linewidth=1.1, label=label))
    fig.legend(handles=handles, loc="upper center", ncol=len(handles), handlelength=2.4)
    height = fig.get_size_inches()[1]
    fig.get_layout_engine().set(rect=(0, 0, 1, 1 - 0.3 / height))  # the legend's line stays free
    return fig


def _curves(points, panel):
    """law -> [(layer, Series)]"""
    found = {}
    for g in groups([p for p in points if p.panel == panel], 3):
        for s in g.series():
            found.setdefault(s.law, []).append((g.members[0][0].layer, s))
    return found


def draw_depths(points):
    """W1 against the width, as Piccolo and Schroeder's figure 2: the leading power of every layer."""
    panels = [k for k in dict.fromkeys(p.panel for p in points) if _curves(points, k)]
    curves = {k: _curves(points, k) for k in panels}
    laws = list(dict.fromkeys(law for k in panels for law in curves[k]))
    deepest = max(p.layer for p in points)
    colors = matplotlib.colormaps["viridis"](np.linspace(0, 0.85, deepest))
    fig, axes = plt.subplots(len(panels), len(laws), squeeze=False, sharex=True, sharey=True,
                             figsize=(1.0 + 2.1 * len(laws), 0.6 + 2.6 * len(panels)))
    for row, panel in zip(axes, panels):
        for ax, law in zip(row, laws):
            for layer, s in curves[panel].get(law, []):
                p, color = leading(s) or power(s), colors[layer - 1]
                x = np.geomspace(s.width[0], s.width[-1], 60)
                ax.errorbar(s.width, s.w1, s.se, color=color, marker="o", markersize=2.8, capsize=1.2,
                            linestyle="none", linewidth=0.8,
                            label=f"{layer}:  {exponent_text(p)}".replace("-", "\u2212"))
                ax.plot(x, p.at(x), color=color, linewidth=0.9)
            ax.set_xscale("log")
            ax.set_yscale("log")
            ax.legend(loc="lower left", fontsize=6.5, handlelength=0.8, labelspacing=0.2,
                      borderaxespad=0.1, title="layer:  exponent", title_fontsize=6.5)
        title = next(p.title for p in points if p.panel == panel)
        row[0].set_ylabel(safe(title) + "\n$W_1$")
    for ax, law in zip(axes[0], laws):
        ax.set_title(law_style(law)[0])
    for ax in axes[-1]:
        shown = sorted({int(p.attrs["n1"]) for p in points})
        ax.set_xticks(shown, [str(w) for w in shown])
        ax.minorticks_off()
        ax.set_xlabel("width $n_1$")
    low, high = axes[0][0].get_ylim()
    axes[0][0].set_ylim(low / (high / low)**0.6, high)  # room for the legends
    return fig
