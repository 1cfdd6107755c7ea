"""nlrmt_vectors_plot: figures of overlaps of singular vectors, for nlrmt_plot.

Data's against features' right singular vectors (figure 5 of Adlam, Levinson and Pennington):
measured and predicted means over blocks, their deviation, and single entries as the paper draws
them."""
import numpy as np

from nlrmt_read import read_full
from nlrmt_style import cell_title, law_style, plt

from matplotlib.colors import LogNorm, PowerNorm
from matplotlib.ticker import MaxNLocator

MAP, DIVERGING = "viridis", "RdBu_r"
DECADES = 6   # of the logarithmic colour scale at most
CUT = 4       # the deviation's colours end at so many times its rms: one block hides no other
X_AXIS = r"right singular vectors of $F$ ($\lambda$ ascending)"
Y_AXIS = "right singular vectors\nof $X$ ($s$ ascending)"


def draw_overlaps(points):
    """A row of three maps for each point: measured, predicted, deviation; another row, without what
    was measured, for each further law; a point without a prediction has the first map alone."""
    panels = [p.panel for p in points]
    letters = [chr(ord("a") + i) if 1 < len(points) <= 26 else "" for i in range(len(points))]
    heads = [f"{cell_title(p, letter, panels.count(p.panel) > 1)}\nsimulation, "
             f"$m = {p.attrs['m']}$, {p.trials} draw" + ("s" if p.trials != 1 else "")
             for p, letter in zip(points, letters)]
    rows = [(p, law, head if k == 0 else "") for p, head in zip(points, heads)
            for k, law in enumerate(list(p.overlaps.predicted) or [""])]
    heights = [3.1 + 0.16 * (head or "\n").count("\n") for _, _, head in rows]
    fig = plt.figure(figsize=(10.2, sum(heights)))
    fig.set_constrained_layout_pads(w_pad=0.05, h_pad=0.05, hspace=0.02, wspace=0.02)
    grid = fig.add_gridspec(len(rows), 5, width_ratios=[1, 1, 0.05, 1, 0.05],
                            height_ratios=heights)
    for i, row in enumerate(rows):
        draw_row([fig.add_subplot(grid[i, k]) for k in range(5)], *row)
    return fig


def draw_row(axes, point, law, head):
    """One law of a point, axes: measured, predicted, their common colours, deviation, its colours.
    Without a head what was measured stands above."""
    o, m = point.overlaps, point.attrs["m"]
    maps = [o.measured.mean(axis=0)] + [o.mean_predicted(k) for k in o.predicted]
    norm = log_scale(maps)
    shown = [(axes[0], maps[0], head)] if head else []
    if law:
        shown.append((axes[1], o.mean_predicted(law), f"predicted, {law_style(law)[0]}"))
    for ax, values, text in shown:
        image = heat_map(ax, np.maximum(values, norm.vmin), m, MAP, norm=norm)
        ax.set_title(text, loc="left")
    shown[0][0].set_ylabel(Y_AXIS)
    axes[2].figure.colorbar(image, cax=axes[2], label=r"$m\,(v_i\cdot u_j)^2$, block mean")
    if law:
        draw_deviation(axes[3], axes[4], point, law)
    for ax in (axes[1], axes[3]):
        ax.tick_params(labelleft=not head and ax is axes[1])
        ax.set_visible(bool(law))
    axes[0].set_visible(bool(head))
    axes[4].set_visible(bool(law))


def draw_deviation(ax, beside, point, law):
    """measured/predicted - 1 in percent, white at 0."""
    o = point.overlaps
    d = 100 * o.relative(law)
    largest, rms = np.nanmax(np.abs(d), initial=0), np.sqrt(np.nanmean(d**2))
    limit = min(largest, CUT * rms) or 1.0
    image = heat_map(ax, d, point.attrs["m"], DIVERGING, vmin=-limit, vmax=limit)
    text = f"deviation: largest {largest:.3g} %"
    if point.trials > 1:
        se = o.measured.std(axis=0, ddof=1) / point.trials**.5
        with np.errstate(divide="ignore", invalid="ignore"):
            share = se / o.mean_predicted(law)
        text += f",\nmedian s.e. of a block {100 * np.nanmedian(share):.2g} %"
    ax.set_title(text, loc="left")
    ax.figure.colorbar(image, cax=beside, label=r"measured/predicted $-$ 1 (%)",
                       extend="both" if limit < largest else "neither")


def log_scale(maps):
    """Common to measured and predicted; what is smaller than its lower end, zeros included, has the
    lowest colour."""
    values = np.concatenate([v[np.isfinite(v) & (v > 0)] for v in maps])
    if not len(values):
        return LogNorm(0.1, 10)
    high = values.max()
    low = max(values.min(), high / 10**DECADES)
    return LogNorm(low, high) if low < high else LogNorm(low / 2, 2 * high)


def heat_map(ax, values, m, colors, **scale):
    """Row 0 at the bottom; axes in numbers of singular vectors, 1 to m."""
    image = ax.imshow(values, origin="lower", extent=(0.5, m + 0.5, 0.5, m + 0.5), cmap=colors,
                      interpolation="nearest", aspect="auto", **scale)
    ax.set_xlabel(X_AXIS)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True))
    for side in ("top", "right"):
        ax.spines[side].set_visible(True)
    return image


def draw_full(path, point):
    """|v_i.u_j| of the first draw, as the paper's figure; square-root colours show the bulk, where
    it is about 1/sqrt(m), beside the few that stay 1."""
    values, k = read_full(path, point)
    fig = plt.figure(figsize=(4.9, 4.3))
    ax = fig.add_subplot()
    image = heat_map(ax, values, point.attrs["m"], MAP,
                     norm=PowerNorm(0.5, vmin=0, vmax=values.max() or 1.0))
    ax.set_ylabel(Y_AXIS.replace("\n", " "))
    ax.set_title(cell_title(point, "", False) + f"\n$m = {point.attrs['m']}$, one draw", loc="left")
    each = rf", largest of ${k} \times {k}$ neighbours" if k > 1 else ""
    fig.colorbar(image, ax=ax, label=r"$|v_i\cdot u_j|$" + each)
    return fig
