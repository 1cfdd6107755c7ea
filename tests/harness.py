"""What every Python test shares: where the programs are, how MPI starts them, their environment, check() with its
counts, and the closing line that tests/run adds up. It makes the modules of tools/ importable, too."""
import os
import subprocess
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SIM, THEORY, TOOLS = (f"{TOP}/{name}" for name in ("nlrmt_sim", "nlrmt_theory", "tools"))
MPIRUN = os.environ.get("MPIRUN", "mpirun").split()
# Limits in seconds are what the plain build keeps on a busy machine; the sanitizers are several times slower.
PATIENCE = 6 if os.environ.get("BUILD") == "asan" else 1

sys.path.insert(1, TOOLS)
sys.dont_write_bytecode = True
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if os.geteuid() == 0:  # Open MPI refuses root unless told twice
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
_counts, _counting = {True: 0, False: 0}, threading.Lock()


def check(good, what):
    with _counting:
        _counts[bool(good)] += 1
    if not good:
        print("FAIL", what, flush=True)


def finish():
    """The closing line; ends the test, with status 1 if a check failed."""
    name = os.path.basename(sys.argv[0]).removesuffix(".py")
    print(f"{name}: {_counts[True]} passed, {_counts[False]} failed")
    sys.exit(_counts[False] > 0)


def command(ranks, *args, program=(SIM,)):
    """ranks 0: one rank without mpirun, which starts and ends sooner."""
    launch = [*MPIRUN, "--oversubscribe", "-n", str(ranks)] if ranks else []
    return [*launch, *program, *map(str, args)]


def sim(ranks, *args):
    """(exit status, stdout, stderr, seconds)"""
    start = time.time()
    r = subprocess.run(command(ranks, *args), text=True, capture_output=True, timeout=240 * PATIENCE,
                       stdin=subprocess.DEVNULL)
    return r.returncode, r.stdout, r.stderr, time.time() - start
