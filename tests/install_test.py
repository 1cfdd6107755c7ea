#!/usr/bin/python3 -E
"""make install into an empty folder, everything that was installed used from elsewhere, make uninstall: the library
by pkg-config (density.c against nlrmt_theory and a closed form), every header alone, programs, tools, examples and
jobs on PATH; and a staged installation."""
import csv
import os
import re
import shutil
import subprocess
import tempfile

import numpy as np

from harness import TOP, check, finish

PYTHON = "/usr/bin/python3"


def run(*command, cwd=None, env=None):
    return subprocess.run([str(c) for c in command], cwd=cwd, env=env, text=True, capture_output=True, timeout=300,
                          stdin=subprocess.DEVNULL)


def make(*args):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return run("make", "-s", *args, cwd=TOP, env=env)


def tree(folder):
    return sorted(os.path.join(root, name)[len(folder):] for root, _, names in os.walk(folder) for name in names)


def check_library(prefix, work, env):
    """density.c as its first lines say, with the shared library and with the static one."""
    flags = run("pkg-config", "--cflags", "--libs", "nlrmt_theory", env=env)
    check(flags.returncode == 0, f"pkg-config: {flags.stderr}")
    source = f"{prefix}/share/nlrmt/examples/density.c"
    built = run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", source, *flags.stdout.split(), "-o", "density", cwd=work, env=env)
    check(built.returncode == 0, f"density.c: {built.stderr}")
    shown = run("./density", cwd=work, env={**env, "LD_LIBRARY_PATH": f"{prefix}/lib"})
    check(shown.returncode == 0 and shown.stderr.count("bulk from") == 2, f"density: {shown.returncode} {shown.stderr}")
    needs = run("objdump", "-p", f"{work}/density").stdout
    check("libnlrmt_theory.so.0" in needs and "mpi" not in needs, f"what density needs: {needs}")
    private = run("pkg-config", "--static", "--libs-only-l", "nlrmt_theory", env=env).stdout.replace("-lnlrmt_theory", "").split()
    static = run("cc", "-std=c11", source, *flags.stdout.split()[:1], f"{prefix}/lib/libnlrmt_theory.a", *private, "-o", "static",
                 cwd=work, env=env)
    check(static.returncode == 0 and run("./static", cwd=work).stdout == shown.stdout, f"the static library: {static.stderr}")
    return list(csv.DictReader(shown.stdout.splitlines()))


def check_numbers(rows, work, env):
    """The same as nlrmt_theory's, on the same grid; Marchenko-Pastur with ratio m/n1 also by hand."""
    take = lambda table, law: np.array([[float(r[k]) for k in ("lambda", "density", "cdf")] for r in table if r["law"] == law])
    with open(f"{work}/x.ini", "w") as f:
        f.write("[model]\nm = 480\nphi = 1.5\npsi = 0.8\n[theory]\nlaws = alp\npoints = 200\n[panel relu]\nbias.law = gaussian\n"
                "[panel marchenko_pastur]\nactivation.f = hermite(2)\n")
    r = run("nlrmt_theory", "x.ini", "--csv", cwd=work, env=env)
    check(r.returncode == 0, f"nlrmt_theory --csv: {r.stderr}")
    theory = [{**row, "law": row["panel"]} for row in csv.DictReader(r.stdout.splitlines())]
    for law in ("relu", "marchenko_pastur"):
        one, two = take(rows, law), take(theory, law)
        check(one.shape == two.shape == (200, 3) and np.allclose(one, two, rtol=1e-12, atol=1e-15), f"{law}: not nlrmt_theory's curve")
    c, (x, density, _) = 0.8 / 1.5, take(rows, "marchenko_pastur").T
    left, right = (1 - c**0.5) ** 2, (1 + c**0.5) ** 2
    closed = np.sqrt(np.maximum((right - x) * (x - left), 0)) / (2 * np.pi * c * x)
    check(abs(x[0] - left) < 1e-9 and abs(x[-1] - right) < 1e-9 and np.allclose(density, closed, atol=1e-6), "not Marchenko-Pastur")


def check_headers(prefix, work):
    names = sorted(os.listdir(f"{prefix}/include/nlrmt"))
    check(len(names) > 15 and "law.h" in names and "lock.h" not in names, f"headers: {names}")
    for name in names:
        with open(f"{work}/h.c", "w") as f:
            f.write(f"#include <nlrmt/{name}>\nint main(void) {{ return 0; }}\n")
        r = run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{prefix}/include", "-fsyntax-only", "h.c", cwd=work)
        check(r.returncode == 0, f"{name} alone: {r.stderr}")


def check_programs(prefix, work, env):
    """A small figure A1 from another folder, drawn, told, watched, merged; the examples in Python."""
    config, small = f"{prefix}/share/nlrmt/configs/fig1.ini", ("-q", "-s", "model.m=96", "-s", "theory.points=200")
    r = run("nlrmt_sim", config, *small, "-s", "experiment.trials=3", cwd=work, env=env)
    check(r.returncode == 0 and os.path.exists(f"{work}/results/fig1.h5"), f"nlrmt_sim: {r.stderr}")
    r = run("nlrmt_plot", "results/fig1.h5", "-o", "fig1.png", cwd=work, env=env)
    check(r.returncode == 0 and open(f"{work}/fig1.png", "rb").read(8)[1:4] == b"PNG", f"nlrmt_plot: {r.stderr}")
    r = run("nlrmt_report", "results/fig1.h5", cwd=work, env=env)
    check(r.returncode == 0 and "alp_b" in r.stdout, f"nlrmt_report: {r.stderr}")
    r = run("nlrmt_watch", "--once", "results/fig1.h5", cwd=work, env=env)
    check(r.returncode == 0, f"nlrmt_watch: {r.stderr}")
    for k in (0, 1):
        run("nlrmt_sim", config, *small, "-p", "gaussian", "-s", "experiment.trials=2", "-s", f"experiment.first_trial={2 * k}",
            "-o", f"part{k}.h5", cwd=work, env=env)
    r = run("nlrmt_merge", "whole.h5", "part0.h5", "part1.h5", cwd=work, env=env)
    check(r.returncode == 0, f"nlrmt_merge, which starts nlrmt_sim: {r.returncode} {r.stderr}")
    r = run("nlrmt_sim", f"{prefix}/share/nlrmt/examples/widths.ini", "-q", "-o", "widths.h5", cwd=work, env=env)
    check(r.returncode == 0, f"widths.ini: {r.stderr}")
    r = run(PYTHON, "-E", f"{prefix}/share/nlrmt/examples/width.py", "widths.h5", cwd=work, env=env)
    fits = {law: (float(p), float(se)) for law, p, se in re.findall(r"main (\w+): W1 ~ m\^\((\S+) \+- (\S+)\)", r.stdout)}
    check(set(fits) == {"alp", "alp_b"}, f"width.py: {r.stdout} {r.stderr}")
    # The fluctuation of the biases, m^-1/2, is what the limit law does not know.
    check(all(abs(p - {"alp": -0.5, "alp_b": -1}[law]) < max(4 * se, 0.1) for law, (p, se) in fits.items()), f"exponents {fits}")


def check_jobs(prefix, work, env):
    """The jobs in a folder of their own take the programs from PATH."""
    for name in ("configs", "jobs"):
        shutil.copytree(f"{prefix}/share/nlrmt/{name}", f"{work}/{name}")
    check(os.access(f"{work}/jobs/submit", os.X_OK), "jobs/submit cannot be run")
    free = {k: v for k, v in env.items() if not k.startswith("SLURM")}
    r = run("bash", "-c", "rm -rf results; . jobs/common.sh; nlrmt_figure linear -q -s model.m=64 -s experiment.trials=1 --fresh",
            cwd=work, env={**free, "NLRMT_LAUNCH": "env"})
    check(r.returncode != 127 and "choose one" in r.stderr, f"--resume comes from the job: {r.stderr}")
    r = run("bash", "-c", ". jobs/common.sh; nlrmt_figure linear -q -s model.m=64 -s experiment.trials=1", cwd=work,
            env={**free, "NLRMT_LAUNCH": "env"})
    check(r.returncode == 0 and os.path.exists(f"{work}/results/linear.png"), f"a job: {r.returncode} {r.stderr}")


def check_versions():
    """One version in all files that tell it."""
    version = re.search(r"^VERSION\s*:= (\S+)$", open(f"{TOP}/Makefile").read(), re.M)[1]
    check(f"\nversion: {version}\n" in open(f"{TOP}/CITATION.cff").read(), "CITATION.cff: another version")
    check(f"\n## {version}" in open(f"{TOP}/CHANGELOG.md").read(), "CHANGELOG.md: another version")


def check_staged(scratch):
    """DESTDIR: files below it speak of the PREFIX they will have."""
    stage = f"{scratch}/stage"
    r = make("install", "PREFIX=/opt/nlrmt", "LIBDIR=/opt/nlrmt/lib64", f"DESTDIR={stage}", "PYTHON=/opt/python/bin/python3")
    check(r.returncode == 0 or "no /opt/python" in r.stderr, f"staged: {r.stderr}")
    files = tree(stage)
    check(files and all(f.startswith("/opt/nlrmt/") for f in files), "staged files out of place")
    text = open(f"{stage}/opt/nlrmt/lib64/pkgconfig/nlrmt_theory.pc").read()
    check("libdir=/opt/nlrmt/lib64\n" in text and "@" not in text and stage not in text, f"nlrmt_theory.pc: {text}")
    check(open(f"{stage}/opt/nlrmt/share/nlrmt/tools/nlrmt_plot").readline() == "#!/opt/python/bin/python3\n", "PYTHON")
    check(os.path.exists(f"{stage}/opt/nlrmt/bin/nlrmt_plot"), "a link does not stand in the stage")
    r = make("uninstall", "PREFIX=/opt/nlrmt", f"DESTDIR={stage}")
    check(r.returncode == 0 and tree(stage) == [] and os.listdir(stage) == [], f"left in the stage: {tree(stage)}")


def main():
    if os.environ.get("BUILD", "release") != "release":
        print("install_test: skipped: only the release build is installed")
        finish()
    with tempfile.TemporaryDirectory(prefix="nlrmt-install-") as scratch:
        prefix, work = f"{scratch}/usr", f"{scratch}/work"
        os.makedirs(work)
        os.makedirs(f"{prefix}/bin")
        open(f"{prefix}/bin/other", "w").close()
        env = {**os.environ, "PATH": f"{prefix}/bin:{os.environ['PATH']}", "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig"}
        for again in (False, True):  # over itself: nothing doubled, nothing lost
            r = make("install", f"PREFIX={prefix}")
            check(r.returncode == 0, f"make install: {r.stdout} {r.stderr}")
        check(tree(prefix).count("/share/nlrmt/manifest") == 1, "no manifest")
        rows = check_library(prefix, work, env)
        check_numbers(rows, work, env)
        check_headers(prefix, work)
        check_programs(prefix, work, env)
        check_jobs(prefix, work, env)
        r = make("uninstall", f"PREFIX={prefix}")
        check(r.returncode == 0 and tree(prefix) == ["/bin/other"] and os.listdir(prefix) == ["bin"], f"left: {tree(prefix)}")
        r = make("uninstall", f"PREFIX={prefix}")
        check(r.returncode != 0 and "nothing was installed" in r.stderr, f"uninstall twice: {r.stderr}")
        r = make("install", "PREFIX=usr")
        check(r.returncode != 0 and "PREFIX must begin with /" in r.stderr, f"a relative PREFIX: {r.stderr}")
        check_staged(scratch)
    check_versions()
    finish()


main()
