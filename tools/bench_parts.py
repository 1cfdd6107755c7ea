"""bench_parts: the parts by themselves: eigensolvers (R3), ridge paths (R5), the law's equations (R6), random numbers."""
import re

import bench_base as base
from bench_base import Failed, digits, median, ordered, spread, table, warn

BLOCK = 64  # what the program takes by itself
LINE = re.compile(r"(\w+) +([\d.]+) s \(reduction ([\d.]+), eigenvalues ([\d.]+)\) +([\d.]+) GF/s +([\d.]+) of dgemm")


def eig_sizes(size):
    return [n for n in (512, 1024, 2048, 4096, 8192, 16384) if n <= size] or [size]


def parse_eig(text):
    """bench_eig's lines: CSV with a header that names the backend, or one sentence each."""
    if re.search(r"^[a-z_,]*backend[a-z_,]*$", text, re.M):
        start = re.search(r"^[a-z_,]*backend[a-z_,]*$", text, re.M).start()
        return [_named(r) for r in base.parse_csv(text[start:])]
    return [{"backend": m[1], "seconds": float(m[2]), "reduce_s": float(m[3]), "eigen_s": float(m[4]),
             "gflops": float(m[5]), "of_gemm": float(m[6])} for m in LINE.finditer(text)]


def _named(row):
    """A row of bench_eig's CSV with the names of its sentences; order, ranks and threads are known here."""
    other = {"total_s": "seconds", "of_dgemm": "of_gemm", "share": "of_gemm", "eigenvalues": "eigen_s", "band": "band_s",
             "tridiagonal": "tridiagonal_s"}
    return {other.get(k, k): v for k, v in row.items() if k not in ("n", "ranks", "threads")}


def measure_r3(ctx):
    """R3.csv: every backend at every size and layout."""
    rows, rounds = [], min(ctx.repeats, 3)
    for n in eig_sizes(ctx.size):
        for repeat in range(rounds):
            for ranks, threads in ctx.layouts():
                try:
                    out, _ = ctx.run([*ctx.launch(ranks), base.program("bench_eig"), n, BLOCK])
                except Failed as error:
                    warn(f"R3 without n = {n} on {ranks} ranks: {error}")
                    continue
                rows += [{"repeat": repeat, "n": n, "ranks": ranks, "threads": threads, **r} for r in parse_eig(out)]
        ctx.say(f"R3 n = {n}", flush=True)
    keys = dict.fromkeys(k for r in rows for k in r)
    base.write_csv(ctx.path("R3.csv"), [{k: r.get(k, "") for k in keys} for r in rows])


def table_r3(ctx):
    rows = [r for r in base.read_csv(ctx.path("R3.csv")) if isinstance(r.get("seconds"), (int, float))]
    tell = [k for k in ("precision", "type") if rows and k in rows[0]]
    sizes = sorted({r["n"] for r in rows})
    lines = []
    for key, mine in ordered(rows, "backend", *tell, "ranks", "threads").items():
        cells = []
        for n in sizes:
            at = [r for r in mine if r["n"] == n]
            cells.append(f"{digits(median([r['seconds'] for r in at]))} ({median([float(r['of_gemm']) for r in at]):.2f})"
                         if at else "")
        lines.append([", ".join(map(str, key[:-2])), f"{key[-2]} × {key[-1]}", *cells])
    return "Seconds for all eigenvalues, medians; in brackets 4/3 n³ flops a second as a share of the gemm rate of all ranks, " \
        "measured just before.\n\n" + table(["backend", "ranks × threads", *(f"n = {n}" for n in sizes)], lines)


def measure_r5(ctx):
    """R5.csv: bench_ridge for random labels (64 rows) and for the autoencoder with its expectation."""
    n, runs = min(ctx.size, 4096), min(ctx.repeats, 3)
    rows = []
    for rhs in (64, n // 2 + 64):
        out, _ = ctx.run([*ctx.launch(1), base.program("bench_ridge"), n, rhs, runs])
        rows += base.parse_csv(out)
        ctx.say(f"R5 {rhs} right-hand sides", flush=True)
    base.write_csv(ctx.path("R5.csv"), rows)


def table_r5(ctx):
    rows = base.read_csv(ctx.path("R5.csv"))
    gammas = sorted({r["gammas"] for r in rows})
    lines = []
    for (n, rhs), mine in ordered(rows, "n", "right_hand_sides").items():
        at = {r["gammas"]: r for r in mine}
        lines.append([f"{rhs} rows: path", *(digits(at[g]["path_s"]) for g in gammas)])
        lines.append(["… a Cholesky factorisation for each γ", *(digits(at[g]["cholesky_s"]) for g in gammas)])
        lines.append(["… ratio", *(f"**{digits(at[g]['ratio'], 2)}**" for g in gammas)])
    worst = max(float(r["difference"]) for r in rows)
    return f"n = {rows[0]['n']}, one rank with all cores, seconds; the two ways differ by {worst:.0e} at most.\n\n" + \
        table(["γ's", *gammas], lines)


def measure_r6(ctx):
    """R6.csv: the law and the methods of bench_theory, one table."""
    out, _ = ctx.run([base.program("bench_theory"), min(ctx.repeats, 3)])
    rows, head, law = [], [], {}
    for line in out.splitlines():
        cells = line.split(",")
        if cells[0] == "law":
            head = cells
            continue
        row = dict(zip(head, cells))
        if "total_ms" in row:
            law = row
        else:
            rows.append({"law": row["law"], "nodes": law["nodes"], "law_ms": law["total_ms"], "law_residual": law["residual"],
                         "law_mass_error": law["mass_error"],
                         **{k: row[k] for k in ("method", "tolerance", "us_per_point", "ms", "density_error_median",
                                                "over_law")}})
    base.write_csv(ctx.path("R6.csv"), rows)
    ctx.say("R6", flush=True)


def table_r6(ctx):
    rows = base.read_csv(ctx.path("R6.csv"))
    lines = []
    for (_, nodes), mine in ordered(rows, "law", "nodes").items():
        ms = mine[0]["law_ms"]
        lines.append([nodes, "law: density and CDF, edges, certificate", f"residual ≤ {mine[0]['law_residual']:.0e}",
                      digits(ms), f"**{digits(2000 / ms * 1e3)}**", ""])
        for r in mine:
            if r["method"] in ("fixed_point", "newton") and r["tolerance"] in (1e-6, 1e-8, 1e-10):
                lines.append([nodes, r["method"].replace("_", " ") + ": density alone",
                              f"m to {r['tolerance']:g}", digits(r["ms"]), digits(1e6 / r["us_per_point"]),
                              digits(r["over_law"])])
    return "2000 points of figure A1's law, one core, Im z = 1e-6 for the methods; all in milliseconds. The law's time is " \
        "everything from the activation's name on.\n\n" + \
        table(["nodes of the bias", "what", "error", "ms", "points/s", "time / law's"], lines)


def measure_rng(ctx):
    out, _ = ctx.run([base.program("bench_rng")])
    base.write_csv(ctx.path("rng.csv"), base.parse_csv(out))
    ctx.say("RNG", flush=True)


def table_rng(ctx):
    rows = base.read_csv(ctx.path("rng.csv"))
    best = {}
    for r in rows:
        if r["entries_per_second"] > best.get(r["law"], {"entries_per_second": 0})["entries_per_second"]:
            best[r["law"]] = r
    laws = list(best)
    return "Entries a second on one core, best of the instruction sets.\n\n" + \
        table(laws, [[f"{best[l]['entries_per_second']:.2g} ({best[l]['isa']})" for l in laws]])
