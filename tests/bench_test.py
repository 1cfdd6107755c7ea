#!/usr/bin/python3 -E
"""The benchmark driver and what it measures with, at a size where all of it takes seconds. Nothing here is timed."""
import csv
import json
import math
import os
import re
import subprocess
import tempfile

import h5py
import numpy as np

from harness import MPIRUN, SIM, TOOLS, TOP, check, finish

import bench_base as base
import bench_comm
import bench_parts

TESTS = os.path.join(TOP, "build", os.environ.get("BUILD", "release"), "tests")
M = 256
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
# The counting library is built without the sanitizers, whose own must else come first.
os.environ["ASAN_OPTIONS"] = "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")


def run(*command, **more):
    return subprocess.run([str(c) for c in command], text=True, capture_output=True, timeout=300, cwd=TOP,
                          stdin=subprocess.DEVNULL, **more)


def rows_of(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def by_hand(p, rank):
    """{call: (calls, rounds, sent, received)} of pmpi_toy, as its header says; bytes are 8 a number."""
    log = math.ceil(math.log2(p))
    given = sum(2 + r for r in range(p))
    hand = {
        "MPI_Allreduce": (1, log, 56, 56),
        "MPI_Bcast": (2, log, 40 if rank == 1 else 0, 0 if rank == 1 else 40),
        "MPI_Reduce": (1, log, 0 if rank == 0 else 48, 48 if rank == 0 else 0),
        "MPI_Barrier": (1, log, 0, 0),
        "MPI_Allgather": (1, log, 32, 32 * (p - 1)),
        "MPI_Allgatherv": (1, log, 8 * (2 + rank), 8 * (given - 2 - rank)),
        "MPI_Alltoall": (1, p - 1, 8 * (p - 1), 8 * (p - 1)),
        "MPI_Sendrecv": (1, 1, 72, 72),
        "MPI_Irecv": (1, 0, 0, 0),
        "MPI_Send": (3, 2, 160, 0) if rank == 0 else (1, 0, 0, 0),
    }
    if rank == 1:
        hand["MPI_Recv"] = (2, 0, 0, 160)
    return hand


def toy_counts(tmp):
    for p in (2, 3, 4):
        r = run(*MPIRUN, "--oversubscribe", "-n", p, "-x", f"LD_PRELOAD={TESTS}/pmpi_count.so", "-x",
                f"PMPI_COUNT={tmp}/toy{p}", f"{TESTS}/pmpi_toy")
        check(r.returncode == 0, f"pmpi_toy on {p} ranks: {r.stderr}")
        for rank in range(p):
            got = {}
            for row in rows_of(f"{tmp}/toy{p}.{rank}"):
                at = got.setdefault(row["call"], [0, 0, 0, 0])
                for k, name in enumerate(("calls", "rounds", "sent", "received")):
                    at[k] += int(row[name])
                check(os.path.basename(row["module"]) == "pmpi_toy" and int(row["address"], 16) > 0,
                      f"place of {row}")
            hand = by_hand(p, rank)
            check(got.keys() == hand.keys(), f"calls of rank {rank} of {p}: {sorted(got)}")
            for call, counts in hand.items():
                check(tuple(got.get(call, ())) == counts, f"{call}, rank {rank} of {p}: {got.get(call)}, by hand {counts}")


def gram_counts(ctx):
    """The words that gram.h states, in a run of nlrmt_sim, told apart by the source file of the call."""
    m = 512  # strips and blocks come out even
    for ranks in (2, 4):
        counts = bench_comm.one_trial(ctx, ranks, [f"model.m={m}", "parallel.eigensolver=scalapack"])
        rows = bench_comm.summarise(counts, m, "scalapack", "double")
        got = sum(r["received_max"] for r in rows if r["phase"] == "gram" and
                  r["call"] != "MPI_Allgather")  # which tells the heights
        want = 8 * bench_comm.gram_words(m, ranks)
        check(got == want, f"gram on {ranks} ranks: {got} bytes received, formula {want}")
        check(any(r["phase"] == "eigen" and r["origin"].startswith("libscalapack") for r in rows), "ScaLAPACK's calls seen")
        agreements = [r for r in rows if r["origin"] == "comm.c"]
        check(agreements and all(r["call"] == "MPI_Allreduce" for r in agreements), f"agreements: {agreements}")


def fits():
    """The fit finds the coefficients of made-up counts again."""
    rows = []
    for m in (512, 1024):
        for P in (4, 8, 16):
            (w1, w2), (r1, r2) = bench_comm.eigen_terms(m, P, "elpa2")
            rows.append({"m": m, "ranks": P, "mode": "double", "eigensolver": "elpa2", "phase": "eigen", "origin": "x",
                         "call": "MPI_Bcast", "calls_max": 1, "rounds_max": 0.5 * r1 + 1.25 * r2, "sent_max": 0,
                         "received_max": 14 * w1 + 300 * w2, "received_mean": 0})
    f = bench_comm.fit(rows)
    check(len(f) == 1 and abs(f[0]["bytes_a"] - 14) < 1e-9 and abs(f[0]["bytes_b"] - 300) < 1e-7, f"fit of bytes: {f}")
    check(abs(f[0]["rounds_a"] - 0.5) < 1e-9 and abs(f[0]["rounds_b"] - 1.25) < 1e-9, f"fit of rounds: {f}")
    check(f[0]["bytes_residual"] < 1e-9, f"residual: {f}")
    for P, shape in ((1, (1, 1)), (2, (1, 2)), (8, (2, 4)), (64, (8, 8)), (96, (8, 12))):
        check(bench_comm.grid(P) == shape, f"grid of {P}")


def sentences():
    """bench_eig's lines as they are, and as CSV."""
    text = "n = 64, ...\nlapack         0.50 s (reduction 0.40, eigenvalues 0.10)     0.7 GF/s  0.04 of dgemm\n"
    got = bench_parts.parse_eig(text)
    check(len(got) == 1 and got[0]["backend"] == "lapack" and got[0]["seconds"] == 0.5, f"sentence: {got}")
    got = bench_parts.parse_eig("n,ranks,backend,precision,seconds,eigenvalues,share\n# gemm\n"
                                "64,1x2,band,single,0.25,0.1,0.5\n")
    check(got == [{"backend": "band", "precision": "single", "seconds": 0.25, "eigen_s": 0.1, "of_gemm": 0.5}], f"CSV: {got}")


def law_distance(path, values):
    """W1 of these eigenvalues (the largest left out) to the law `alp` of an output."""
    with h5py.File(path, "r") as f:
        law = f["gaussian/p0000/theory/alp"]
        x, cdf = law["lambda"][...], law["cdf"][...]
    values = np.sort(values)[:-1]
    grid = np.linspace(0, max(x[-1], values[-1]) * 1.05, 20000)
    sample = np.searchsorted(values, grid, side="right") / len(values)
    gap = np.abs(sample - np.interp(grid, x, cdf, left=0, right=1))
    return float(np.sum((gap[1:] + gap[:-1]) / 2 * np.diff(grid)))


def peer(tmp):
    """NumPy's trial has the spectrum of ours: the same law, the same histogram within the draws' scatter."""
    ours = f"{tmp}/ours.h5"
    r = run(SIM, "configs/fig1.ini", "-p", "gaussian", "-q", "-o", ours, "-s", f"model.m={M}",
            "-s", "experiment.trials=4")
    check(r.returncode == 0, f"nlrmt_sim: {r.stderr}")
    with h5py.File(ours, "r") as f:
        spectra = f["gaussian/p0000/eigenvalues"][...]
        w1 = f["gaussian/p0000/distance/alp/wasserstein1"][...]
    for precision in ("double", "single"):
        theirs = []
        for seed in range(4):
            r = run(os.path.join(TOOLS, "numpy_peer.py"), "--m", M, "--seed", seed, "--precision", precision,
                    "--threads", 2, "--eigenvalues", f"{tmp}/peer.npy")
            check(r.returncode == 0, f"numpy_peer.py: {r.stderr}")
            told = json.loads(r.stdout)
            check(told["threads"] == 2 and told["blas"] != "unknown", f"the peer's BLAS: {told}")
            check(abs(told["generate"] + told["gram"] + told["eigen"] - told["trial"]) < 1e-9, f"the peer's phases: {told}")
            theirs.append(np.load(f"{tmp}/peer.npy"))
        theirs = np.array(theirs)
        check(theirs.shape == spectra.shape, f"{theirs.shape} eigenvalues")
        got = np.mean([law_distance(ours, v) for v in theirs])
        check(got < 2 * w1.mean() + 0.005, f"{precision}: W1 to alp {got}, ours {w1.mean()}")
        edges = np.linspace(0, 2.2, 23)
        a = np.mean([np.histogram(v[:-1], edges)[0] for v in spectra], axis=0) / M
        b = np.mean([np.histogram(v[:-1], edges)[0] for v in theirs], axis=0) / M
        check(np.abs(a - b).max() < 0.02, f"{precision}: histograms differ by {np.abs(a - b).max()}")
        # Draws of the biases move the outlier by some n1^(-1/2).
        check(abs(theirs[:, -1].mean() / spectra[:, -1].mean() - 1) < 0.15, f"{precision}: outliers {theirs[:, -1]}")


def driver(tmp):
    """R1, R4 and the random numbers through the driver: columns, tables in a document, what it refuses."""
    doc = f"{tmp}/page.md"
    marks = ("machine", "R1", "R2", "R8", "R4")
    with open(doc, "w", encoding="utf-8") as f:
        f.write("before\n" + "".join(f"<!-- bench {k} -->\nSTALE\n<!-- /bench -->\n" for k in marks) + "after\n")
    r = run(os.path.join(TOOLS, "bench"), "--size", M, "--repeats", 1, "--only", "R2,R4", "--out", f"{tmp}/out",
            "--doc", doc)
    check(r.returncode == 0, f"bench: {r.stdout}{r.stderr}")
    rows = rows_of(f"{tmp}/out/R1.csv")
    need = {"repeat", "who", "mode", "ranks", "threads", "m", "n0", "n1", "generate", "gram", "eigen", "trial", "process",
            "core", "eigensolver", "peak_bytes", "plan_bytes", "idle_bytes"}
    check(need <= set(rows[0]), f"columns of R1.csv: {list(rows[0])}")
    check({(x["who"], x["mode"]) for x in rows} >= {("NumPy", "double"), ("NumPy", "single"), ("nlrmt", "double")},
          f"contestants: {rows}")
    check(all(x["m"] == str(M) and x["n0"] == "384" and x["n1"] == "480" for x in rows), "shapes of all contestants")
    check(len({x["core"] for x in rows}) == 1, f"one core type for all: {[x['core'] for x in rows]}")
    for x in rows:
        parts = sum(float(x[k]) for k in ("generate", "gram", "eigen"))
        check(abs(parts - float(x["trial"])) < 1e-3 and float(x["process"]) > parts, f"phases of {x}")
    gemm = rows_of(f"{tmp}/out/gemm.csv")
    check({(x["type"], x["shape"]) for x in gemm} == {(t, s) for t in ("double", "single") for s in ("wx", "gram")},
          "shapes and types of gemm.csv")
    check(all(float(x["flops_per_second"]) > 1e8 for x in gemm), "rates of gemm.csv")
    modes = rows_of(f"{tmp}/out/R4.csv")
    exact = [x for x in modes if x["mode"] == "double"]
    check({x["entries"] for x in exact} == {"gaussian", "lattice"}, "R4 has both laws of the entries")
    check(all(float(x["max"]) == 0 and x["reference"] == "double, " + x["entries"] for x in exact), "double is its reference")
    check(all(float(x["max"]) < 0.01 for x in modes), f"every mode within 1e-2 of double: {modes}")
    with open(doc, encoding="utf-8") as f:
        page = f.read()
    check(page.startswith("before\n") and page.endswith("after\n"), "the page around the tables is kept")
    check("STALE" not in page and len(re.findall(r"<!-- /bench -->", page)) == len(marks), "every table is new")
    check("| NumPy, double |" in page and "trial / floor" in page, "tables of R1 and R2 in the page")
    before = page
    r = run(os.path.join(TOOLS, "bench"), "--tables", "--out", f"{tmp}/out", "--doc", doc)
    with open(doc, encoding="utf-8") as f:
        check(r.returncode == 0 and f.read() == before, f"--tables makes the same page: {r.stderr}")
    check(os.path.getsize(f"{tmp}/out/performance.png") > 5000, "figure")
    for bad in (["--size", "10"], ["--only", "R9"], ["--repeats", "0"]):
        r = run(os.path.join(TOOLS, "bench"), *bad, "--out", f"{tmp}/bad")
        check(r.returncode == 2, f"{bad}: status {r.returncode}")


def others():
    """Of 10 core seconds 9 busy, 6 of them ours."""
    o = base.Others()
    before = o.start
    check(all(x >= 0 for x in before) and before[0] >= before[1], f"core seconds, busy, ours: {before}")
    o.start, o._now = (10.0, 8.0, 5.0), lambda: (20.0, 17.0, 11.0)
    check(abs(o.share() - 0.3) < 1e-12, f"other work: {o.share()}")


def page():
    """The committed page has a place for every table."""
    with open(os.path.join(TOP, "docs", "performance.md"), encoding="utf-8") as f:
        places = re.findall(r"<!-- bench (\S+) -->\n.*?<!-- /bench -->", f.read(), re.S)
    check(sorted(places) == sorted(["machine", "RNG", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R7-predicted", "R8", "SCALING"]),
          f"places of docs/performance.md: {places}")


with tempfile.TemporaryDirectory() as tmp:
    ctx = base.Context(M, 1, tmp, say=lambda *a, **k: None)
    toy_counts(tmp)
    gram_counts(ctx)
    fits()
    sentences()
    peer(tmp)
    driver(tmp)
    others()
    page()
finish()
