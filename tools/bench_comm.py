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
    if origin in ("gram.c", "gram_low.c"):
        return "gram"
    if origin.startswith("libscalapack"):
        return "eigen" if solver == "scalapack" else "mirror"
    if origin.startswith(("libelpa", "eig")):
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
