"""bench_trial: whole trials of figure A1 next to the same in NumPy, against the floor, in every precision mode; their
eigenvalues and distances against double precision; their memory (R1, R2, R4, R8)."""
import json
import math
import os

import bench_base as base
from bench_base import Failed, digits, median, ordered, spread, table, warn

PANEL = "gaussian"
PHASES = ("generate", "gram", "eigen")
W1_SIZE, W1_TRIALS, IDLE_SIZE = 1024, 40, 64


def simulate(ctx, ranks, settings, path, m=None):
    """One run of nlrmt_sim into `path`, which it replaces: wall seconds."""
    if os.path.exists(path):
        os.remove(path)
    words = [w for s in settings for w in ("-s", s)]
    if ranks > 1:  # else the plan may give each rank a trial of its own
        words += ["-s", f"parallel.ranks_per_trial={ranks}"]
    return ctx.run([*ctx.launch(ranks), base.SIM, "configs/fig1.ini", "-p", PANEL, "-q", "-o", path, "-s",
                    f"model.m={m or ctx.size}", *words])[1]


def read_run(path):
    """What the tables need of an output."""
    import h5py
    with h5py.File(path, "r") as f:
        p = f[PANEL]["p0000"]
        told = {k: p.attrs[k] for k in ("m", "n0", "n1", "eigensolver", "memory_peak_bytes", "memory_plan_bytes")}
        told["openblas_core"] = f.attrs["openblas_core"]
        told["precision"] = p.attrs.get("precision", "")
        seconds = {k: p["timing"][k][...] for k in p["timing"]}
        w1 = p["distance/alp_b/wasserstein1"][...] if "distance/alp_b" in p else None
        told = {k: v.decode() if isinstance(v, bytes) else v for k, v in told.items()}
        return told, seconds, p["eigenvalues"][...], w1


def _row(repeat, who, mode, ranks, threads, told, seconds, process):
    trial = seconds["generate"] + seconds["gram"] + seconds["eigen"]
    return {"repeat": repeat, "who": who, "mode": mode, "ranks": ranks, "threads": threads, **told,
            **{k: round(seconds[k], 4) for k in PHASES}, "theory": round(seconds.get("theory", 0), 4),
            "trial": round(trial, 4), "process": round(process, 4)}


def run_peer(ctx, repeat, precision):
    """A row of R1: the NumPy peer with all cores and the core type of nlrmt_sim."""
    env = {"OPENBLAS_CORETYPE": ctx.blas_core} if ctx.blas_core else {}
    out, process = ctx.run(["tools/numpy_peer.py", "--m", ctx.size, "--seed", repeat + 1, "--precision", precision,
                            "--threads", ctx.cores], env=env)
    r = json.loads(out)
    told = {"m": ctx.size, "n0": ctx.n0, "n1": ctx.n1, "eigensolver": "numpy.linalg.eigvalsh", "core": r["core"],
            "blas": r["blas"], "peak_bytes": r["peak_bytes"], "plan_bytes": 0}
    return _row(repeat, "NumPy", precision, 1, r["threads"], told, r, process)


def run_sim(ctx, repeat, mode, ranks, threads):
    """A row of R1: one trial of nlrmt_sim, seed repeat + 1."""
    path = ctx.path("trial.h5")
    process = simulate(ctx, ranks, [f"experiment.seed={repeat + 1}"] + _mode(mode), path)
    told, seconds, _, _ = read_run(path)
    s = {k: float(v[0]) for k, v in seconds.items()}
    s["eigen"] += s["reduce"]
    told = {"m": told["m"], "n0": told["n0"], "n1": told["n1"], "eigensolver": told["eigensolver"],
            "core": told["openblas_core"], "blas": "OpenBLAS", "peak_bytes": int(told["memory_peak_bytes"]),
            "plan_bytes": int(told["memory_plan_bytes"])}
    os.remove(path)
    return _row(repeat, "nlrmt", mode, ranks, threads, told, s, process)


def _mode(mode):
    return [] if mode == "double" else [f"parallel.precision={mode}"]


def idle_bytes(ctx, what):
    """Peak memory of a contestant with next to nothing to do: its program and libraries."""
    small = base.Context(IDLE_SIZE, 1, ctx.out, say=ctx.say)
    small.env, small.blas_core = ctx.env, ctx.blas_core
    row = run_peer(small, 0, what[1]) if what[0] == "peer" else run_sim(small, 0, *what[1:])
    return row["peak_bytes"]


def gemm_rows(ctx, repeat):
    """The bare products on the local shapes of each layout, timed next to the trials."""
    rows = []
    for ranks, _ in ctx.layouts():
        nprow = max(p for p in range(1, int(math.sqrt(ranks)) + 1) if ranks % p == 0)
        piece = max(1, min(2048, ctx.size * nprow // ranks // 2, ctx.n0 // (4 * nprow)))  # as the plan takes it
        seconds = min(4, max(0.3, (ctx.size / 4096)**3))
        out, _ = ctx.run([*ctx.launch(ranks), base.program("bench_gemm"), ctx.size, ctx.n0, ctx.n1, piece, seconds])
        rows += [{"repeat": repeat, **r} for r in base.parse_csv(out)]
    return rows


def measure(ctx):
    """R1.csv and gemm.csv: the contestants in turn, the order rotated from repeat to repeat."""
    sims = [(mode, *layout) for mode in base.modes(ctx) for layout in ctx.layouts()]
    runs = [("peer", "double"), ("peer", "single"), ("gemm",)] + [("sim", *s) for s in sims]
    rows, gemm, broken, idle = [], [], set(), {}
    for repeat in range(ctx.repeats):
        turn = repeat % len(runs)
        for what in runs[turn:] + runs[:turn]:
            if what in broken:
                continue
            try:
                if what[0] == "gemm":
                    gemm += gemm_rows(ctx, repeat)
                    continue
                if what not in idle:
                    idle[what] = idle_bytes(ctx, what)
                row = run_peer(ctx, repeat, what[1]) if what[0] == "peer" else run_sim(ctx, repeat, *what[1:])
                row["idle_bytes"] = idle[what]
            except Failed as error:
                warn(f"left out, {' '.join(map(str, what))}: {error}")
                broken.add(what)
                continue
            rows.append(row)
            ctx.say(f"R1 {repeat + 1}/{ctx.repeats} {row['who']:6} {row['mode']:7} {row['ranks']} x {row['threads']}"
                    f"  trial {row['trial']:8.3f} s", flush=True)
        base.write_csv(ctx.path("R1.csv"), rows)
        base.write_csv(ctx.path("gemm.csv"), gemm)


def name_of(who, mode, ranks, threads):
    where = f"{ranks} rank{'s' if ranks > 1 else ''} × {threads}"
    return f"{who}, {mode}" + (f", {where}" if who == "nlrmt" else "")


def speedups(rows, mine, precision):
    """Seconds of NumPy's trial over mine, repeat by repeat."""
    peer = {r["repeat"]: r["trial"] for r in rows if r["who"] == "NumPy" and r["mode"] == precision}
    return [peer[r["repeat"]] / r["trial"] for r in mine if r["repeat"] in peer]


def table_r1(ctx):
    rows = base.read_csv(ctx.path("R1.csv"))
    lines = []
    for key, mine in ordered(rows, "who", "mode", "ranks", "threads").items():
        gains = [speedups(rows, mine, p) for p in ("double", "single")]
        lines.append([name_of(*key), *(digits(median([r[p] for r in mine])) for p in PHASES),
                      f"**{spread([r['trial'] for r in mine], '{:.3g}')}**", digits(median([r["process"] for r in mine])),
                      *(spread(g) if g else "" for g in gains), mine[0]["eigensolver"]])
    peer = next((r for r in rows if r["who"] == "NumPy"), None)
    told = f"m = {rows[0]['m']}, n0 = {rows[0]['n0']}, n1 = {rows[0]['n1']}; {max(r['repeat'] for r in rows) + 1} repeats, " \
        "seconds, medians [smallest – largest]."
    if peer:
        told += f" NumPy's BLAS: `{os.path.basename(str(peer['blas']))}`, core {peer['core']}, {peer['threads']} threads; " \
            f"nlrmt's core: {ctx.blas_core}."
    return told + "\n\n" + table(["contestant", "generate", "gram", "eigenvalues", "trial", "process", "× NumPy double",
                                  "× NumPy single", "eigensolver"], lines)


def flops(m, n0, n1):
    """(WX, Gram, reduction) of the plan."""
    n = min(m, n1)
    return 2.0 * n1 * n0 * m, 1.0 * n * n * max(m, n1), 4 / 3 * n**3


def rates(ctx):
    """{(repeat, type, ranks): flop/s of WX's shape}"""
    return {(r["repeat"], r["type"], r["ranks"]): r["flops_per_second"] for r in base.read_csv(ctx.path("gemm.csv"))
            if r["shape"] == "wx"}


def table_r2(ctx):
    rows, rate = base.read_csv(ctx.path("R1.csv")), rates(ctx)
    lines = []
    for key, mine in ordered([r for r in rows if r["who"] == "nlrmt"], "who", "mode", "ranks", "threads").items():
        ranks = key[2]
        wx, gram, reduction = flops(mine[0]["m"], mine[0]["n0"], mine[0]["n1"])
        type_ = "single" if key[1] == "single" else "double"
        have = [(r, rate[r["repeat"], type_, ranks]) for r in mine if (r["repeat"], type_, ranks) in rate]
        if not have:
            continue
        product = [wx / r["generate"] / g for r, g in have]
        part = [(wx + gram) / (r["generate"] + r["gram"]) / g for r, g in have]
        eigen = [reduction / r["eigen"] / g for r, g in have]
        floor = [r["trial"] * g / (wx + gram + reduction) for r, g in have]
        lines.append([name_of(*key), f"{median([g for _, g in have]) / 1e9:.0f}, {type_[0]}gemm",
                      digits((wx + gram + reduction) / median([g for _, g in have])),
                      digits(median([r["trial"] for r, _ in have])), f"**{spread(floor)}**", spread(product), spread(part),
                      spread(eigen)])
    return "Floor: the plan's flops, 2 n1 n0 m + n² max(m, n1) + 4/3 n³ " \
        f"(n = min(m, n1); {sum(flops(*(rows[0][k] for k in ('m', 'n0', 'n1')))) / 1e12:.3g} Tflop), at the rate that a " \
        "bare loop of gemm has on the rank's own shapes in the same repeat. Rates are in units of that rate: generate and gram " \
        "count random numbers, activation and messages in their seconds, but no flops for them.\n\n" + \
        table(["mode, layout", "gemm GF/s", "floor s", "trial s", "trial / floor", "generate / gemm", "generate + gram / gemm",
               "eigenvalues / gemm"], lines)


def measure_r4(ctx):
    """R4.csv: eigenvalues of every mode against double precision, of the same draws, and W1 over seeds."""
    m = min(ctx.size, W1_SIZE)
    ranks = ctx.layouts()[-1][0]
    runs = {}
    for mode in base.modes(ctx):
        for entries in ("gaussian", "lattice") if mode == "double" else ("gaussian",):
            try:
                runs[mode, entries] = _r4_run(ctx, ranks, mode, entries, m)
            except Failed as error:
                warn(f"R4 without {mode}, {entries}: {error}")
    rows = [_compare(mode, entries, ctx, m, runs) for mode, entries in runs]
    base.write_csv(ctx.path("R4.csv"), rows)


def _r4_run(ctx, ranks, mode, entries, m):
    """(eigenvalues [n] at the size asked for, W1 [trials] at m, the mode that was taken)"""
    settings = _mode(mode) + [f"model.entries={entries}"]
    path = ctx.path("modes.h5")
    simulate(ctx, ranks, settings, path)
    told, _, values, _ = read_run(path)
    simulate(ctx, ranks, settings + [f"experiment.trials={W1_TRIALS}", "experiment.seed=7"], path, m)
    w1 = read_run(path)[3]
    os.remove(path)
    ctx.say(f"R4 {mode} {entries}", flush=True)
    return values[0], w1, told["precision"]


def _compare(mode, entries, ctx, m, runs):
    """The reference has the same draws: that of the two laws of the entries whose eigenvalues are nearer."""
    import numpy as np
    values, w1, taken = runs[mode, entries]
    refs = {e: np.abs(values - runs["double", e][0]) for e in ("gaussian", "lattice") if ("double", e) in runs}
    law = min(refs, key=lambda e: float(np.mean(refs[e][:-1])))
    off, ref = refs[law][:-1], runs["double", law]
    bulk = float(ref[0][-2])
    se = math.sqrt((np.var(w1, ddof=1) + np.var(ref[1], ddof=1)) / len(w1))
    return {"mode": mode, "taken": taken, "entries": entries, "m": ctx.size, "reference": f"double, {law}",
            "max": float(off.max()), "mean": float(off.mean()), "largest_bulk": bulk,
            "outlier_relative": float(refs[law][-1] / ref[0][-1]), "w1_m": m, "trials": len(w1),
            "w1": float(np.mean(w1)), "w1_se": float(np.std(w1, ddof=1) / math.sqrt(len(w1))),
            "w1_reference": float(np.mean(ref[1])), "w1_difference": float(np.mean(w1) - np.mean(ref[1])),
            "w1_difference_in_se": float((np.mean(w1) - np.mean(ref[1])) / se) if se > 0 else 0.0,
            "w1_gaussian_in_se": _in_se(np, w1, runs["double", "gaussian"][1])}


def _in_se(np, a, b):
    se = math.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / len(a))
    return float((np.mean(a) - np.mean(b)) / se) if se > 0 else 0.0


def table_r4(ctx):
    rows = base.read_csv(ctx.path("R4.csv"))
    lines = [[r["mode"] + (f" ({r['taken']})" if r["taken"] not in ("", r["mode"]) else ""), r["entries"], r["reference"],
              digits(r["max"], 2), digits(r["mean"], 2), digits(r["outlier_relative"], 2),
              f"{r['w1']:.5f} ± {r['w1_se']:.5f}", f"{r['w1_difference']:.1e}",
              f"{r['w1_difference_in_se']:.2f}", f"{r['w1_gaussian_in_se']:.2f}"] for r in rows]
    return f"Eigenvalues at m = {rows[0]['m']}, one draw (bulk up to {rows[0]['largest_bulk']:.3f}); W1 to `alp_b` at m = " \
        f"{rows[0]['w1_m']}, {rows[0]['trials']} draws. |Δλ| over all eigenvalues but the outlier, which is told apart, " \
        "relative.\n\n" + table(["mode", "model.entries", "same draws as", "max abs Δλ", "mean abs Δλ", "outlier",
                                 "W1 ± s.e.", "ΔW1", "ΔW1 / s.e.", "to double, Gaussian / s.e."], lines)


def measure_scaling(ctx):
    """scaling.csv: the same trial on 1, 2, 4, ... ranks of one thread."""
    rows, one = [], base.Context(ctx.size, 1, ctx.out, say=ctx.say)
    one.env, one.blas_core = {**ctx.env, "OPENBLAS_NUM_THREADS": "1"}, ctx.blas_core
    counts = [2**k for k in range(ctx.cores.bit_length())]
    for repeat in range(min(ctx.repeats, 3)):
        for mode in (m for m in base.modes(ctx) if m != "auto"):
            for ranks in counts:
                try:
                    rows.append(run_sim(one, repeat, mode, ranks, 1))
                except Failed as error:
                    warn(f"scaling without {mode} on {ranks} ranks: {error}")
        ctx.say(f"SCALING {repeat + 1}", flush=True)
    base.write_csv(ctx.path("scaling.csv"), rows)


def table_scaling(ctx):
    rows = base.read_csv(ctx.path("scaling.csv"))
    lines = []
    for (mode, ranks), mine in ordered(rows, "mode", "ranks").items():
        alone = {r["repeat"]: r["trial"] for r in rows if r["mode"] == mode and r["ranks"] == 1}
        gain = [alone[r["repeat"]] / r["trial"] for r in mine if r["repeat"] in alone]
        lines.append([mode, ranks, *(digits(median([r[p] for r in mine])) for p in PHASES),
                      digits(median([r["trial"] for r in mine])), spread(gain),
                      f"{median(gain) / ranks:.0%}" if gain else "", mine[0]["eigensolver"]])
    return f"m = {rows[0]['m']}, one thread a rank, seconds, medians; speed-up over one rank, repeat by repeat.\n\n" + \
        table(["mode", "ranks", "generate", "gram", "eigenvalues", "trial", "speed-up", "efficiency", "eigensolver"], lines)


def table_r8(ctx):
    rows = base.read_csv(ctx.path("R1.csv"))
    lines = []
    for key, mine in ordered(rows, "who", "mode", "ranks", "threads").items():
        ranks, m = key[2], mine[0]["m"]
        share = 8 * min(m, mine[0]["n1"])**2 / ranks
        peak, idle, plan = max(r["peak_bytes"] for r in mine), mine[0]["idle_bytes"], mine[0]["plan_bytes"]
        lines.append([name_of(*key), digits(peak / 2**20, 4), digits(idle / 2**20, 3),
                      digits(plan / 2**20, 4) if plan else "", f"{peak / share:.2f}", f"**{max(0, peak - idle) / share:.2f}**",
                      f"{max(0, peak - idle) / plan:.2f}" if plan else ""])
    return f"m = {rows[0]['m']}. Largest resident set of a rank (ru_maxrss). Idle: the same with m = {IDLE_SIZE}, program and " \
        "libraries alone; planned: what `--plan` foresees for matrices and work space.\n\n" + \
        table(["contestant", "peak MiB", "idle MiB", "planned MiB", "peak / (8 n²/P)", "(peak − idle) / (8 n²/P)",
               "(peak − idle) / planned"], lines)
