#!/usr/bin/python3 -E
"""numpy_peer: the trial of figure A1 as it is usually written in NumPy, timed. What nlrmt_sim is compared with.

numpy_peer.py --m M [--n0 N0 --n1 N1] [--seed S] [--precision double|single] [--threads T] [--eigenvalues FILE.npy]

W, X and b standard normal from NumPy's fast generator (SFC64, one stream a thread), W scaled by n0^-1/2,
F = relu(WX + b), K = F'F/n1, all eigenvalues of K by numpy.linalg.eigvalsh (LAPACK's ?syevd). Products and activation in
place, nothing kept longer than needed: as fast as plain NumPy goes. One line of JSON: seconds by phase, the BLAS that
NumPy really uses (asked of the library itself) with its core and threads, peak memory."""
import argparse
import concurrent.futures
import ctypes
import json
import os
import resource
import sys
import time


def parse(arguments):
    p = argparse.ArgumentParser(prog="numpy_peer.py", description=__doc__.splitlines()[0])
    p.add_argument("--m", type=int, required=True)
    p.add_argument("--n0", type=int)
    p.add_argument("--n1", type=int)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--precision", choices=["double", "single"], default="double")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--eigenvalues", metavar="FILE.npy")
    a = p.parse_args(arguments)
    if a.m < 1 or a.threads < 1:
        p.error("--m and --threads must be 1 or more")
    a.n0 = a.n0 or round(1.5 * a.m)
    a.n1 = a.n1 or round(1.5 * a.m / 0.8)
    return a


def blas_of(paths):
    """(file, core, threads) of the BLAS among the loaded libraries: OpenBLAS tells them, of others only the file is known."""
    files = [p for p in paths if any(w in os.path.basename(p) for w in ("blas", "mkl", "blis", "atlas"))]
    files.sort(key=lambda p: "openblas" not in os.path.basename(p))
    for path in files:
        library = ctypes.CDLL(path)
        for suffix in ("", "64_", "_64"):
            try:
                name = getattr(library, "openblas_get_corename" + suffix)
                threads = getattr(library, "openblas_get_num_threads" + suffix)
            except AttributeError:
                continue
            name.restype = ctypes.c_char_p
            return path, name().decode(), threads()
    return (files[0] if files else "unknown"), "unknown", 0


def loaded():
    with open("/proc/self/maps") as maps:
        return sorted({line.split(None, 5)[5].strip() for line in maps if len(line.split(None, 5)) == 6 and "/" in line})


def draw(np, rngs, shape, dtype):
    """shape standard normals, rows shared out among the generators, one thread each."""
    out = np.empty(shape, dtype)
    at = [shape[0] * k // len(rngs) for k in range(len(rngs) + 1)]
    with concurrent.futures.ThreadPoolExecutor(len(rngs)) as pool:
        list(pool.map(lambda k: rngs[k].standard_normal(out=out[at[k]:at[k + 1]], dtype=dtype), range(len(rngs))))
    return out


def trial(np, a):
    """(eigenvalues, {phase: seconds})"""
    dtype = np.float64 if a.precision == "double" else np.float32
    streams = np.random.SeedSequence(a.seed).spawn(a.threads)
    rngs = [np.random.Generator(np.random.SFC64(s)) for s in streams]
    seconds, start = {}, time.perf_counter()
    w = draw(np, rngs, (a.n1, a.n0), dtype)
    w *= dtype(a.n0**-0.5)
    x = draw(np, rngs, (a.n0, a.m), dtype)
    b = draw(np, rngs, (a.n1, 1), dtype)
    f = w @ x
    del w, x
    f += b
    np.maximum(f, 0, out=f)
    seconds["generate"] = time.perf_counter() - start
    k = f.T @ f
    k /= a.n1
    del f
    seconds["gram"] = time.perf_counter() - start - seconds["generate"]
    values = np.linalg.eigvalsh(k)
    seconds["eigen"] = time.perf_counter() - start - seconds["generate"] - seconds["gram"]
    return values, seconds


def main(arguments):
    a = parse(arguments)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # read when NumPy is imported
        os.environ[name] = str(a.threads)
    import numpy as np
    small = np.eye(64)
    np.linalg.eigvalsh(small @ small)  # libraries and threads are there before the clock runs
    path, core, threads = blas_of(loaded())
    values, seconds = trial(np, a)
    if a.eigenvalues:
        np.save(a.eigenvalues, values.astype(np.float64))
    print(json.dumps({**seconds, "trial": sum(seconds.values()), "numpy": np.__version__, "blas": path, "core": core,
                      "threads": threads, "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
