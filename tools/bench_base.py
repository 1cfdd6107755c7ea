"""bench_base: what all parts of tools/bench share: the environment of the programs that are timed, the machine,
running programs, tables of measurements as CSV, medians and their spread."""
import csv
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, "build", os.environ.get("BUILD", "release"))
SIM = os.path.join(TOP, "nlrmt_sim")
# Settings of a shell that would decide the race: the libraries choose for themselves, unless --keep-env.
DROPPED = ("OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "OPENBLAS_L2_SIZE", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")


class Failed(Exception):
    """A program that was to be timed ended badly: its last lines."""


class Context:
    """What was asked for, and where results go. size: m; out: folder of the CSV files."""

    def __init__(self, size, repeats, out, keep_env=False, say=print):
        self.size, self.repeats, self.out, self.say = size, repeats, out, say
        self.n0, self.n1 = shape_of(size)
        self.cores = len(os.sched_getaffinity(0))
        self.env = {k: v for k, v in os.environ.items() if keep_env or k not in DROPPED}
        self.dropped = sorted(k for k in DROPPED if k in os.environ and not keep_env)
        self.env["OMPI_MCA_btl_base_warn_component_unused"] = "0"
        if os.geteuid() == 0:
            self.env.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        self.mpirun = os.environ.get("MPIRUN", "mpirun").split()
        os.makedirs(out, exist_ok=True)

    def layouts(self):
        """[(ranks, threads)]: one rank with all cores, and one rank for each core."""
        return [(1, self.cores)] + ([(self.cores, 1)] if self.cores > 1 else [])

    def launch(self, ranks, *extra):
        """The launcher's words. One rank is not bound, so that its threads have all cores."""
        words = [*self.mpirun, "-n", str(ranks), *extra]
        if ranks == 1:
            return words + ["--bind-to", "none"]
        return words + (["--oversubscribe", "--bind-to", "none"] if ranks > self.cores else [])

    def run(self, command, env=None, nice=0, limit=7200):
        """(stdout, seconds) of a program; Failed if it ends badly."""
        start = time.perf_counter()
        r = subprocess.run([str(c) for c in command], text=True, capture_output=True, cwd=TOP, timeout=limit,
                           env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
                           preexec_fn=(lambda: os.nice(nice)) if nice else None)
        took = time.perf_counter() - start
        if r.returncode != 0:
            raise Failed(f"{os.path.basename(str(command[0]))} ended with {r.returncode}: "
                         + " | ".join((r.stdout + r.stderr).strip().splitlines()[-3:]))
        return r.stdout, took

    def path(self, name):
        return os.path.join(self.out, name)


def shape_of(m):
    """n0, n1 of figure A1: phi = 1.5, psi = 0.8."""
    return round(1.5 * m), round(1.5 * m / 0.8)


def program(name):
    return os.path.join(BUILD, "tests", name)


def choices(ctx, key):
    """The values of a configuration key, as the program lists them in its complaint about a wrong one."""
    r = subprocess.run([SIM, "configs/fig1.ini", "--check", "-s", f"{key}=?"], text=True, capture_output=True, cwd=TOP,
                       env=ctx.env)
    listed = re.search(r"must be (?:one of )?(.*), got", r.stderr)
    return [name.strip() for name in listed.group(1).split(",")] if listed else []


def modes(ctx):
    """The values of parallel.precision, the reference first."""
    return ["double"] + [m for m in choices(ctx, "parallel.precision") if m != "double"]


def eigensolvers(ctx):
    """The values of parallel.eigensolver, without auto."""
    return [name for name in choices(ctx, "parallel.eigensolver") if name != "auto"]


class Others:
    """What everything but this process and what it ran took of the cores since then."""

    def __init__(self):
        self.start = self._now()

    @staticmethod
    def _now():
        """(core seconds there were, busy ones, ours)"""
        with open("/proc/stat") as f:
            user, nice, system, idle, wait, irq, softirq, steal = (float(x) for x in f.readline().split()[1:9])
        busy, tick = user + nice + system + irq + softirq + steal, os.sysconf("SC_CLK_TCK")
        return (busy + idle + wait) / tick, busy / tick, sum(os.times()[:4])

    def share(self):
        there, busy, ours = (b - a for a, b in zip(self.start, self._now()))
        return max(0.0, busy - ours) / there if there > 0 else 0.0


def machine(ctx):
    """{what: value} of the machine and the libraries, as the programs see them."""
    told = {"date": time.strftime("%Y-%m-%d")}
    lscpu = subprocess.run(["lscpu"], text=True, capture_output=True, env={**os.environ, "LC_ALL": "C"}).stdout
    cpu = dict(line.split(":", 1) for line in lscpu.splitlines() if ":" in line)
    cpu = {k.strip(): v.strip() for k, v in cpu.items()}
    told["processor"] = f"{cpu.get('Model name', platform.processor())} (family {cpu.get('CPU family', '?')}, " \
        f"model {cpu.get('Model', '?')})"
    told["cores"] = str(ctx.cores)
    told["widest vectors"] = next((i for i, f in (("AVX-512", "avx512f"), ("AVX2", "avx2")) if f in cpu.get("Flags", "")),
                                  "not AVX2")
    for level in ("L2", "L3"):
        told[level] = cpu.get(f"{level} cache", "?")
    told["memory"] = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"
    told["virtual machine"] = cpu.get("Hypervisor vendor", "no")
    version = subprocess.run([SIM, "--version"], text=True, capture_output=True, env=ctx.env).stdout
    told["nlrmt"] = version.splitlines()[0].split(None, 1)[1]
    for line in version.splitlines()[1:]:
        name, _, rest = line.partition(" ")
        told[name] = rest.strip()
    told["BLAS core"] = core(version)
    import numpy
    told["Python, NumPy"] = f"{platform.python_version()}, {numpy.__version__}"
    told["settings dropped"] = ", ".join(ctx.dropped) or "none"
    return told


def core(version):
    """OpenBLAS's active core from the text of nlrmt_sim --version."""
    found = re.search(r"core (\w+)", version)
    return found.group(1) if found else ""


def memory_peak():
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def write_csv(path, rows):
    """[dict] of equal keys -> CSV; replaces the file at once."""
    if not rows:
        return
    with open(path + ".new", "w", newline="") as f:
        w = csv.DictWriter(f, list(rows[0]))
        w.writeheader()
        w.writerows(rows)
    os.replace(path + ".new", path)


def read_csv(path):
    """[dict] with numbers where they are numbers; [] without the file."""
    if not os.path.exists(path):
        return []
    with open(path, newline="") as f:
        return [{k: _number(v) for k, v in row.items()} for row in csv.DictReader(f)]


def parse_csv(text):
    """CSV in a program's output; lines with # are left out, a line that repeats no header starts a new table."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [{k: _number(v) for k, v in row.items()} for row in csv.DictReader(lines)]


def _number(text):
    for kind in (int, float):
        try:
            return kind(text)
        except (TypeError, ValueError):
            pass
    return text


def write_json(path, value):
    with open(path, "w") as f:
        json.dump(value, f, indent=1)
        f.write("\n")


def read_json(path):
    if not os.path.exists(path):
        return None
    with open(path) as f:
        return json.load(f)


median = statistics.median


def spread(values, form="{:.2f}"):
    """median [smallest - largest]"""
    text = form.format(median(values))
    return text if len(values) < 2 else f"{text} [{form.format(min(values))} – {form.format(max(values))}]"


def ordered(rows, *keys):
    """{values of the keys: rows}, in the order of their first row."""
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row[k] for k in keys), []).append(row)
    return groups


def table(head, rows):
    """Markdown."""
    lines = ["| " + " | ".join(map(str, head)) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows])


def digits(x, count=3):
    """x with `count` significant digits, without an exponent between 1e-3 and 1e5."""
    if x == 0:
        return "0"
    if not 1e-3 <= abs(x) < 1e5:
        return f"{x:.{count - 1}e}"
    text = f"{x:.{count}g}"
    return text if "e" not in text else f"{x:.0f}"


def warn(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)
