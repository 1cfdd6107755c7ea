"""bench_figure: the benchmark's figure: whole trials by phase, eigensolvers, ridge paths, the predicted large machine."""
import bench_base as base
import bench_comm
import bench_trial
from bench_base import median, ordered
from nlrmt_style import STYLE, plt

COLOURS = {"generate": "#56B4E9", "gram": "#009E73", "eigen": "#E69F00"}
LINES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00"]
DASHES = ["-", (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5))]


def trials(ax, ctx):
    rows = base.read_csv(ctx.path("R1.csv"))
    if not rows:
        return False
    names = []
    for k, (key, mine) in enumerate(ordered(rows, "who", "mode", "ranks", "threads").items()):
        left = 0
        for phase in bench_trial.PHASES:
            seconds = median([r[phase] for r in mine])
            ax.barh(k, seconds, left=left, color=COLOURS[phase], label=phase if k == 0 else None, height=0.7)
            left += seconds
        names.append(bench_trial.name_of(*key))
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xlabel(f"seconds, m = {rows[0]['m']}, medians")
    ax.set_title("one trial of figure A1")
    ax.set_xlim(0, ax.get_xlim()[1] * 1.25)
    ax.legend(loc="center right")
    return True


def ticks(ax, values):
    """These values on the logarithmic axis below."""
    ax.set_xticks(values, [str(v) for v in values])
    ax.minorticks_off()


def solvers(ax, ctx):
    rows = [r for r in base.read_csv(ctx.path("R3.csv")) if isinstance(r.get("seconds"), (int, float))]
    if not rows:
        return False
    tell = [k for k in ("precision", "type") if k in rows[0]]
    groups = ordered(rows, "backend", *tell, "ranks", "threads")
    kinds, layouts = (list(dict.fromkeys(key[part] for key in groups)) for part in (slice(-2), slice(-2, None)))
    for key, mine in groups.items():
        kind, layout = kinds.index(key[:-2]), layouts.index(key[-2:])
        sizes = sorted({r["n"] for r in mine})
        ax.loglog(sizes, [median([r["seconds"] for r in mine if r["n"] == n]) for n in sizes], marker="o", ms=3, lw=1,
                  color=LINES[kind % len(LINES)], ls=DASHES[layout % len(DASHES)],
                  label=f"{', '.join(map(str, key[:-2]))}, {key[-2]} × {key[-1]}")
    sizes = sorted({r["n"] for r in rows})
    rates = [r["flops_per_second"] for r in base.read_csv(ctx.path("gemm.csv")) if
             r["shape"] == "wx" and r["type"] == "double"]
    if rates:
        ax.loglog(sizes, [4 / 3 * n**3 / median(rates) for n in sizes], color="#8C8C8C", lw=1, label="4/3 n³ at dgemm")
    ticks(ax, sizes)
    ax.set_xlabel("n")
    ax.set_ylabel("seconds")
    ax.set_title("all eigenvalues")
    ax.legend(fontsize="x-small", loc="upper left", handlelength=3)
    return True


def ridge(ax, ctx):
    rows = base.read_csv(ctx.path("R5.csv"))
    if not rows:
        return False
    for k, ((n, rhs), mine) in enumerate(ordered(rows, "n", "right_hand_sides").items()):
        gammas = [r["gammas"] for r in mine]
        ax.loglog(gammas, [r["path_s"] for r in mine], marker="o", ms=3, lw=1, color=LINES[k], label=f"path, {rhs} rows")
        ax.loglog(gammas, [r["cholesky_s"] for r in mine], marker="s", ms=3, lw=1, color=LINES[k], ls=DASHES[1],
                  label=f"Cholesky each, {rhs} rows")
    ax.set_xlabel("ridge parameters")
    ax.set_ylabel("seconds")
    ax.set_title(f"ridge path, n = {rows[0]['n']}")
    ax.legend()
    return True


def predicted(ax, ctx):
    rows = bench_comm.predict(ctx, bench_comm.fit(base.read_csv(ctx.path("R7.csv"))))
    if not rows:
        return False
    for k, ((m,), mine) in enumerate(ordered(rows, "m").items()):
        for d, line in enumerate(ordered(mine, "eigensolver").values()):
            ax.loglog([r["ranks"] for r in line], [r["total"] for r in line], marker="o", ms=3, lw=1, color=LINES[k],
                      ls=DASHES[d % len(DASHES)], label=f"$m = 2^{{{m.bit_length() - 1}}}$" if d == 0 else None)
    for d, (solver,) in enumerate(ordered(rows, "eigensolver")):
        ax.plot([], [], color="#8C8C8C", lw=1, ls=DASHES[d % len(DASHES)], label=solver)
    ticks(ax, sorted({r["ranks"] for r in rows}))
    ax.set_ylim(top=ax.get_ylim()[1] * 5)
    ax.set_xlabel("ranks")
    ax.set_ylabel("seconds a trial")
    ax.set_title("PREDICTED from counted messages")
    ax.legend(ncol=2)
    return True


def draw(ctx, path):
    """Whether there was anything to draw."""
    plt.rcParams.update(STYLE)
    parts = [trials, solvers, ridge, predicted]
    fig, axes = plt.subplots(2, 2, figsize=(10, 7))
    drawn = [part(ax, ctx) for part, ax in zip(parts, axes.flat)]
    for ax, some in zip(axes.flat, drawn):
        ax.set_visible(some)
    if any(drawn):
        fig.savefig(path, dpi=130)
    plt.close(fig)
    return any(drawn)
