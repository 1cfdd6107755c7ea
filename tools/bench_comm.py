"""bench_comm: messages and bytes of a trial, counted by pmpi_count, fitted, and carried to larger machines (R7).

Counted: nlrmt_sim with two trials less nlrmt_sim with one, so that start and end of the program drop out. A call
is told apart by where it was made: a library, or the source file of nlrmt_sim (addr2line; -g)."""
import math
import os
import subprocess
import tempfile

import bench_base as base
from bench_base import digits, table

RANKS = (1, 2, 4, 8, 16)
SIZES = (512, 1024)


def _files(addresses):
    """{address: source file} of nlrmt_sim's addresses."""
    if not addresses:
        return {}
    out = subprocess.run(["addr2line", "-e", base.SIM, *addresses], text=True, capture_output=True).stdout
    return {a: os.path.basename(line.split(":")[0]) for a, line in zip(addresses, out.splitlines())}


def read_counts(prefix, ranks):
    """[{(origin, call): [calls, rounds, sent, received]}] by rank; origin: a library's or a source file's name."""
    rows = [base.read_csv(f"{prefix}.{r}") for r in range(ranks)]
    own = sorted({str(row["address"]) for one in rows for row in one if _is_sim(row)})
    files, counts = _files(own), []
    for one in rows:
        sums = {}
        for row in one:
            origin = files.get(str(row["address"]), "?") if _is_sim(row) else os.path.basename(row["module"])
            at = sums.setdefault((origin.split(".so")[0], row["call"]), [0, 0, 0, 0])
            for k, name in enumerate(("calls", "rounds", "sent", "received")):
                at[k] += row[name]
        counts.append(sums)
    return counts


def _is_sim(row):
    return os.path.basename(str(row["module"])) == "nlrmt_sim"


def count(ctx, ranks, settings, trials, panel="gaussian"):
    """read_counts of one run."""
    with tempfile.TemporaryDirectory() as folder:
        words = [w for s in settings for w in ("-s", s)]
        ctx.run([*ctx.launch(ranks, "-x", "LD_PRELOAD=" + base.program("pmpi_count.so"), "-x",
                             f"PMPI_COUNT={folder}/count"), base.SIM, "configs/fig1.ini", "-p", panel, "-q", "-o",
                 f"{folder}/run.h5", "-s", f"experiment.trials={trials}", "-s",
                 f"parallel.ranks_per_trial={ranks}", "-s", "theory.laws=alp", *words], nice=10)
        return read_counts(f"{folder}/count", ranks)


def one_trial(ctx, ranks, settings):
    """Counts of the second trial alone."""
    one, two = (count(ctx, ranks, settings, t) for t in (1, 2))
    return [{k: [b - a for a, b in zip(x.get(k, [0] * 4), y[k])] for k in y} for x, y in zip(one, two)]


def phase_of(origin, solver):
    """Which phase a call belongs to. ScaLAPACK serves the mirroring of K, and `scalapack` its reduction too."""
    if origin.startswith("gram"):
        return "gram"
    if origin.startswith("libscalapack"):
        return "eigen" if solver == "scalapack" else "mirror"
    if origin.startswith(("libelpa", "eig", "team")):
        return "eigen"
    return "rest"


def summarise(counts, m, solver, mode):
    """One row a phase and call: largest rank's and mean rounds and bytes."""
    rows = []
    keys = sorted({(phase_of(o, solver), o, c) for one in counts for o, c in one})
    for phase, origin, call in keys:
        per_rank = [one.get((origin, call), [0] * 4) for one in counts]
        if not any(x[0] for x in per_rank):
            continue
        rows.append({"m": m, "ranks": len(counts), "mode": mode, "eigensolver": solver, "phase": phase,
                     "origin": origin, "call": call, "calls_max": max(x[0] for x in per_rank),
                     "rounds_max": max(x[1] for x in per_rank), "sent_max": max(x[2] for x in per_rank),
                     "received_max": max(x[3] for x in per_rank),
                     "received_mean": sum(x[3] for x in per_rank) / len(counts)})
    return rows


def measure(ctx):
    """R7.csv: counts for every eigensolver that runs on several ranks, and for the other modes with the one that takes
    single precision."""
    rows, solvers = [], base.eigensolvers(ctx)
    runs = [(m, "double", s) for m in SIZES for s in solvers if s != "lapack"]
    narrow = [mode for mode in base.modes(ctx) if mode not in ("double", "auto")]
    runs += [(m, mode, "band" if "band" in solvers else "auto") for m in SIZES for mode in narrow]
    for m, mode, solver in runs:
        for ranks in RANKS[1:]:
            settings = [f"model.m={m}", f"parallel.eigensolver={solver}"]
            settings += [] if mode == "double" else [f"parallel.precision={mode}"]
            try:
                rows += summarise(one_trial(ctx, ranks, settings), m, solver, mode)
            except base.Failed as error:
                base.warn(f"R7 without m = {m}, {mode}, {solver} on {ranks} ranks: {error}")
        ctx.say(f"R7 m = {m} {mode} {solver}", flush=True)
        base.write_csv(ctx.path("R7.csv"), rows)


# ---- formulas, fits ----

def grid(ranks):
    """(nprow, npcol) as nlrmt_grid_shape makes them."""
    nprow = max(p for p in range(1, int(math.sqrt(ranks)) + 1) if ranks % p == 0)
    return nprow, ranks // nprow


def gram_words(m, ranks):
    """Words that the busiest rank receives for K: its n/npcol columns of the strips from its process column,
    its n/nprow rows of them from its process row, n1 rows in all."""
    nprow, npcol = grid(ranks)
    n0, n1 = base.shape_of(m)
    return n1 * m * ((1 - 1 / nprow) / npcol + (1 if nprow > 1 else 1 - 1 / npcol) / nprow)


def strips(m, ranks):
    """How many strips of W a trial has (plan.c)."""
    nprow, npcol = grid(ranks)
    n0, n1 = base.shape_of(m)
    piece = max(64, min(2048, m // npcol // 2, n0 // (4 * nprow)))
    return -(-n1 // (min(piece, -(-n1 // nprow)) * nprow))


def gram_rounds(m, ranks):
    """A strip: its heights and itself along the process column, then itself along the process row."""
    nprow, npcol = grid(ranks)
    return strips(m, ranks) * (2 * math.ceil(math.log2(nprow)) + math.ceil(math.log2(npcol)))


def used(ranks, solver):
    """Ranks that the reduction works on: PDSYNTRD takes a square of them."""
    return int(math.sqrt(ranks))**2 if solver == "scalapack" else ranks


def eigen_terms(m, ranks, solver):
    """What the words and the rounds of a reduction are fitted to: panels sent along rows and columns of the grid,
    n² (1/nprow + 1/npcol) words; n log2 P of band, pivots and vectors. Rounds: n and n log2 P."""
    p = used(ranks, solver)
    nprow, npcol = grid(p)
    return (m * m * (1 / nprow + 1 / npcol), m * math.log2(p)), (m, m * math.log2(p))


def totals(rows):
    """{(mode, solver, phase, m, ranks): (calls, rounds, received)}, calls summed."""
    sums = {}
    for r in rows:
        at = sums.setdefault((r["mode"], r["eigensolver"], r["phase"], r["m"], r["ranks"]), [0, 0, 0])
        for k, name in enumerate(("calls_max", "rounds_max", "received_max")):
            at[k] += r[name]
    return sums


def _least_squares(points):
    """Coefficients >= 0 of [(terms, value)], relative residuals weighted equally; and the largest of those."""
    import numpy as np
    a = np.array([[t / v for t in terms] for terms, v in points])
    keep = list(range(a.shape[1]))
    while True:
        c = np.zeros(a.shape[1])
        c[keep] = np.linalg.lstsq(a[:, keep], np.ones(len(a)), rcond=None)[0]
        if (c >= 0).all() or len(keep) == 1:
            break
        keep.remove(int(np.argmin(c)))
    return c, float(np.abs(a @ c - 1).max())


def fit(rows):
    """[dict]: for each mode, eigensolver and phase what bytes and rounds are made of. Grids of four ranks and more:
    two are a line."""
    sums, fits = totals(rows), []
    for mode, solver in dict.fromkeys((r["mode"], r["eigensolver"]) for r in rows):
        of = {p: {(m, P): v for (a, b, c, m, P), v in sums.items() if (a, b, c) == (mode, solver, p) and P >= 4}
              for p in ("gram", "mirror", "eigen")}
        if of["gram"]:
            c, off = _least_squares([((gram_words(m, P),), v[2]) for (m, P), v in of["gram"].items()])
            d, miss = _least_squares([((gram_rounds(m, P),), v[1]) for (m, P), v in of["gram"].items()])
            fits.append(_fitted(mode, solver, "gram", "words of gram.h", "strips (2 log2 nprow + log2 npcol)", c, off, d, miss))
        if of["mirror"]:
            c, off = _least_squares([((m * m / P,), v[2]) for (m, P), v in of["mirror"].items()])
            d, miss = _least_squares([((m / math.sqrt(P),), v[1]) for (m, P), v in of["mirror"].items()])
            fits.append(_fitted(mode, solver, "mirror", "n²/P", "n/√P", c, off, d, miss))
        if of["eigen"]:
            c, off = _least_squares([(eigen_terms(m, P, solver)[0], v[2]) for (m, P), v in of["eigen"].items()])
            d, miss = _least_squares([(eigen_terms(m, P, solver)[1], v[1]) for (m, P), v in of["eigen"].items()])
            fits.append(_fitted(mode, solver, "eigen", "n² (1/nprow + 1/npcol), n log2 P", "n, n log2 P", c, off, d, miss))
    return fits


def _fitted(mode, solver, phase, terms, round_terms, c, off, d, miss):
    c, d = list(c) + [0.0], list(d) + [0.0]
    return {"mode": mode, "eigensolver": solver, "phase": phase, "bytes_terms": terms, "bytes_a": float(c[0]),
            "bytes_b": float(c[1]), "bytes_residual": off, "rounds_terms": round_terms, "rounds_a": float(d[0]),
            "rounds_b": float(d[1]), "rounds_residual": miss}


# ---- carried on to larger machines ----

# Stated, not measured: one core in a full node with AVX-512, and its share of a 200 Gbit/s network of nodes of 64.
NODE = 64
MACHINE = {"flop/s a core": 4e10, "latency s": 2e-6, "bytes/s a rank": 25e9 / NODE}
PREDICT_M, PREDICT_RANKS = (2**14, 2**15, 2**16, 2**17), (64, 256, 1024, 4096)


def shares(ctx):
    """({phase: share of the gemm rate}, numbers drawn a second), measured here on one rank a core: features and K
    (R1), every eigensolver at its largest n (R3)."""
    import bench_trial
    got, rate = {}, bench_trial.rates(ctx)
    for r in base.read_csv(ctx.path("R1.csv")):
        key = (r["repeat"], "double", r["ranks"])
        if r["who"] == "nlrmt" and r["mode"] == "double" and r["ranks"] == ctx.layouts()[-1][0] and key in rate:
            wx, gram, _ = bench_trial.flops(r["m"], r["n0"], r["n1"])
            got.setdefault("features", []).append((wx + gram) / (r["generate"] + r["gram"]) / rate[key])
    for r in base.read_csv(ctx.path("R3.csv")):
        if r["ranks"] == ctx.layouts()[-1][0] and isinstance(r.get("of_gemm"), (int, float)) and \
                str(r.get("precision", "double")) in ("double", ""):
            got.setdefault((r["backend"], r["n"]), []).append(float(r["of_gemm"]))
    largest = {b: n for b, n in sorted(k for k in got if k != "features")}
    found = {b: base.median(got[b, n]) for b, n in largest.items()}
    if "features" in got:
        found["features"] = base.median(got["features"])
    draws = [r["entries_per_second"] for r in base.read_csv(ctx.path("rng.csv")) if r["law"] == "gaussian"]
    return found, max(draws, default=0)


def eigen_seconds(ctx, solver, m, P, share):
    """Seconds of the reduction's own work on MACHINE, by what R3 measured at its largest n on one rank a core.

    scalapack: its tridiagonal QL iteration is n² and repeated on every rank. band: beside 4/3 n³ / P it does 4.5 n²b flops
    for the panels, or 6 n²b/nprow where they are spread over process rows, b = 64; the chase is shared by the 64 cores of
    one node, the eigenvalues of T by all ranks. Otherwise all of it is taken to scale."""
    have = [r for r in base.read_csv(ctx.path("R3.csv")) if r["backend"] == solver and r["ranks"] == ctx.layouts()[-1][0]
            and isinstance(r.get("seconds"), (int, float)) and str(r.get("precision", "double")) in ("double", "")]
    n = max(r["n"] for r in have)
    core, cubic = MACHINE["flop/s a core"], 4 / 3 * m**3 / used(P, solver)

    def panels(order, ranks):
        nprow = grid(ranks)[0]
        return (4.5 if nprow == 1 else 6 / nprow) * 64 * float(order)**2

    def seconds(name):
        return base.median([float(r[name] or 0) for r in have if r["n"] == n]) if name in have[0] else 0.0

    if solver == "band":
        mine = ctx.layouts()[-1][0]
        rate = 4 / 3 * n**3 / seconds("seconds") / share / mine  # gemm of one core here
        first = (4 / 3 * n**3 / mine + panels(n, mine)) / seconds("band_s") / rate
        return (cubic + panels(m, P)) / (core * first) + (m / n)**2 * mine * (
            seconds("tridiagonal_s") / min(P, NODE) + seconds("eigen_s") / P)
    serial = seconds("eigen_s") * (m / n)**2 if solver == "scalapack" else 0.0
    return cubic / (core * share) + serial


def predict(ctx, fits):
    """[dict]: seconds by phase, memory, for double precision on MACHINE."""
    share, draws = shares(ctx)
    rows = []
    for solver in dict.fromkeys(f["eigensolver"] for f in fits if f["mode"] == "double"):
        of = {f["phase"]: f for f in fits if f["mode"] == "double" and f["eigensolver"] == solver}
        if solver in share and "features" in share and draws > 0 and "eigen" in of and "gram" in of:
            rows += [_predicted(ctx, solver, m, P, of, share, draws) for m in PREDICT_M for P in PREDICT_RANKS]
    return rows


def _predicted(ctx, solver, m, P, of, share, draws):
    core, latency, bandwidth = MACHINE.values()
    nprow, npcol = grid(P)
    n0, n1 = base.shape_of(m)
    (w1, w2), (r1, r2) = eigen_terms(m, P, solver)
    s = {"draw": n0 * (m / npcol + n1 / nprow) / draws,
         "product": 2.0 * n1 * n0 * m / (P * core * share["features"]),
         "gram": 1.0 * m * m * n1 / (P * core * share["features"]),
         "gram_send": of["gram"]["bytes_a"] * gram_words(m, P) / bandwidth
         + of["gram"]["rounds_a"] * gram_rounds(m, P) * latency,
         "eigen": eigen_seconds(ctx, solver, m, P, share[solver]),
         "eigen_send": (of["eigen"]["bytes_a"] * w1 + of["eigen"]["bytes_b"] * w2) / bandwidth,
         "eigen_wait": (of["eigen"]["rounds_a"] * r1 + of["eigen"]["rounds_b"] * r2) * latency}
    if "mirror" in of:
        s["gram_send"] += of["mirror"]["bytes_a"] * m * m / P / bandwidth + \
            of["mirror"]["rounds_a"] * m / math.sqrt(P) * latency
    total = sum(s.values())
    stored = 8 * n0 * m / npcol
    perfect = (2.0 * n1 * n0 * m + 1.0 * m * m * n1 + 4 / 3 * m**3) / (P * core)
    return {"eigensolver": solver, "m": m, "ranks": P, **{k: float(f"{v:.4g}") for k, v in s.items()},
            "total": float(f"{total:.4g}"), "of_peak": round(perfect / total, 3), "x_GiB": round(stored / 2**30, 3),
            "matrix_GiB": round(8 * m * m / P / 2**30, 3)}


def table_counts(ctx):
    rows = base.read_csv(ctx.path("R7.csv"))
    sums, lines = totals(rows), []
    m = max(r["m"] for r in rows)
    seen = dict.fromkeys((a, b, c) for a, b, c, _, _ in sums)
    for mode, solver, phase in sorted(seen, key=lambda k: (k[0], k[1], ("gram", "mirror", "eigen", "rest").index(k[2]))):
        cells = []
        for P in RANKS[1:]:
            v = sums.get((mode, solver, phase, m, P))
            cells.append(f"{v[1]} · {digits(v[2] / (8 * m * m), 3)}" if v else "")
        lines.append([mode, solver, phase, *cells])
    fits = fit(rows)
    base.write_csv(ctx.path("R7-fit.csv"), fits)
    text = f"m = {m}; one trial; busiest rank: rounds · bytes received, in units of 8 n². Rounds: 1 for a message sent, " \
        "ceil(log2 p) for a collective over p ranks.\n\n" + \
        table(["mode", "eigensolver", "phase", *(f"P = {P}" for P in RANKS[1:])], lines)
    lines = [[f["mode"], f["eigensolver"], f["phase"], f["bytes_terms"],
              digits(f["bytes_a"]) + (f", {digits(f['bytes_b'])}" if f["bytes_b"] else ""), f"{f['bytes_residual']:.0%}",
              f["rounds_terms"], digits(f["rounds_a"]) + (f", {digits(f['rounds_b'])}" if f["rounds_b"] else ""),
              f"{f['rounds_residual']:.0%}"] for f in fits]
    sizes = sorted({r["m"] for r in rows})
    return text + f"\n\nFitted to m = {', '.join(map(str, sizes))} on 4 to 16 ranks; the residual is the largest.\n\n" + \
        table(["mode", "eigensolver", "phase", "bytes =", "coefficients", "residual", "rounds =", "coefficients",
               "residual"], lines)


def table_predicted(ctx):
    rows = predict(ctx, fit(base.read_csv(ctx.path("R7.csv"))))
    if not rows:
        return "No prediction without R1, R3 and RNG measured into the same folder."
    base.write_csv(ctx.path("R7-predicted.csv"), rows)
    share, draws = shares(ctx)
    best = min(dict.fromkeys(r["eigensolver"] for r in rows),
               key=lambda s: sum(math.log(r["total"]) for r in rows if r["eigensolver"] == s))
    rest = [s for s in dict.fromkeys(r["eigensolver"] for r in rows) if s != best]
    total = {(r["eigensolver"], r["m"], r["ranks"]): r["total"] for r in rows}
    lines = [[f"2^{int(math.log2(r['m']))}", r["ranks"], *(digits(r[k], 2) for k in
                                                      ("draw", "product", "gram", "gram_send", "eigen", "eigen_send",
                                                       "eigen_wait")),
              f"**{digits(r['total'])}**", *(digits(total[s, r["m"], r["ranks"]]) for s in rest),
              f"{r['of_peak']:.0%}", digits(r["x_GiB"], 2), digits(r["matrix_GiB"], 2)]
             for r in rows if r["eigensolver"] == best]
    return f"**A prediction, not a measurement.** Machine: {MACHINE['flop/s a core'] / 1e9:.0f} GF/s dgemm a core, " \
        f"{MACHINE['latency s'] * 1e6:.0f} µs a round, {MACHINE['bytes/s a rank'] / 1e9:.2f} GB/s a rank (200 Gbit/s shared by " \
        f"64). Shares of the dgemm rate as measured here on one rank a core: features and K {share['features']:.2f}, " \
        f"eigenvalues ({best}) {share[best]:.2f}; {draws:.2g} numbers drawn a second. Nothing overlaps. Double precision, " \
        "seconds.\n\n" + \
        table(["m", "ranks", "draw", "WX", "K", "K: messages", "eigen", "eigen: bytes", "eigen: rounds", "trial",
               *(f"trial, {s}" for s in rest), "of all cores' dgemm", "X, GiB a rank", "K, GiB a rank"], lines)
