#!/usr/bin/python3 -E
"""Bad configurations, made from the programs' own table of keys: for every key a wrong type, values out of range, nothing,
the key twice, a misspelt one, junk behind the value. Each is refused with status 2 and one line that names file, line and
key, and nothing is made. nlrmt_theory, which reads the same files in milliseconds, is given all of them; nlrmt_sim a
sample on 1 rank, all of them with --all, and a smaller sample on 4 ranks."""
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import time

from harness import PATIENCE, SIM, THEORY, check, command, finish

BASE = {"model.m": "20", "model.phi": "1.5", "model.psi": "0.8"}
RIVAL = {"model.n0": "model.phi", "model.n1": "model.psi"}  # of those in BASE
LISTS = {"mixture.components": "relu, tanh", "theory.laws": "alp, ps", "bias.weights": "0.5, 0.5",
         "data.weights": "0.5, 0.5", "mixture.probabilities": "0.5, 0.5", "spectrum.range": "0, 2",
         "spectrum.stieltjes_z": "-1, -2", "ridge.optimum": "single"}
LIMIT_S = 2 * PATIENCE


def table():
    rows = subprocess.run([SIM, "--keys"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [tuple(row.split("\t"))[:3] for row in rows]


def kind_of(key, allowed):
    if allowed.startswith("text"):
        return "text"
    if allowed.startswith("integer") or key == "experiment.seed":
        return "integer"
    if allowed.startswith((">", "from")):
        return "real"
    if key == "activation.f":
        return "function"
    if key in LISTS or "list" in allowed:
        return "list"
    return "name" if key == "experiment.name" else "word"


def valid(key, kind, allowed):
    """A value that its key accepts."""
    if key in BASE:
        return BASE[key]
    if kind == "integer":
        return "2"
    if kind == "real":
        return {"> 2": "5", "from 0 to 1": "0.5"}.get(allowed, "1")
    if kind == "list":
        return LISTS.get(key, "1, 2")
    return {"function": "relu", "word": allowed.split(",")[0]}.get(kind, "x")


def beyond(key, kind, allowed):
    """Values that are of the type and out of range, or not quite numbers."""
    if kind == "integer":
        lo, hi = re.search(r"from (\d+) to (\d+)", allowed).groups()
        over = str(int(hi) + 1) if key != "experiment.seed" else str(2**64)
        return [str(int(lo) - 1), over, "1.5", "1e400", "99999999999999999999999", "0x10", "nan"]
    if kind == "real":
        lo = re.search(r"(>=|>|from) (\d+)", allowed)
        below = [f"-{10**-300}"] if lo[1] == ">" and lo[2] == "0" else []
        least = lo[2] if lo[1] == ">" else "-0.001"
        return [least, "-1e30", "nan", "inf", "-inf", "1e999", "1,5", "0x1p3", *below,
                *(["1.001"] if "to 1" in allowed else [])]
    if kind == "list":
        return ["1, , 2", "1, nan", ",", "1, 2,"]
    if kind == "function":
        return ["leaky_relu(", "leaky_relu(x)", '"max(x"', '""', "hermite(-1)", "relu()", "hermite(1e9)"]
    return {"name": ["a/b", "x" * 64, "../x"], "text": ["x" * 181]}.get(kind, ["0", "yes no", "NONSENSE_"])


def document(key, values, name=None):
    """(text with `key` set to each of the values, under `name` if it is misspelt; number of the last one's line)"""
    section, short = (name or key).split(".")
    base = {k: v for k, v in BASE.items() if k != key and k != RIVAL.get(key)}
    text = ["[model]", *(f"{k.split('.')[1]} = {v}" for k, v in base.items())]
    text += [] if section == "model" else [f"[{section}]"]
    text += [f"{short} = {v}".rstrip() for v in values]
    return "\n".join(text) + "\n", len(text)


def from_table():
    """(label, text, words that the message must have)"""
    for key, _, allowed in table():
        kind = kind_of(key, allowed)
        good = valid(key, kind, allowed)
        cases = [("empty", [""]), ("twice", [good, good])]
        if kind not in ("text", "name"):
            cases += [("type", ["@many"]), ("junk", [good + " x"]), ("junk", [good + ";"]), ("junk", [good + ")"])]
        cases += [("range", [v]) for v in beyond(key, kind, allowed)]
        for label, values in cases:
            text, line = document(key, values)
            yield f"{label} {key} = {values[-1][:40]}", text, rf"bad\.ini:{line}: {re.escape(key)}: "
        misspelt = key + "x"
        text, line = document(key, [good], misspelt)
        yield f"unknown {misspelt}", text, rf"bad\.ini:{line}: {misspelt}: unknown key.*{re.escape(key)}"


def by_hand():
    head = "[model]\nm = 20\nphi = 1.5\npsi = 0.8\n"
    for label, text, words in (
            ("nothing", "", "model.m: "),
            ("no section", "m = 20\n", r"bad\.ini:1: "),
            ("unknown section", head + "[modle]\nm = 3\n", r"bad\.ini:5: .*model"),
            ("no value", head + "[bias]\nlaw\n", r"bad\.ini:6: "),
            ("open bracket", head + "[bias\nlaw = none\n", r"bad\.ini:5: "),
            ("NUL", head + "[bias]\nlaw = no\0ne\n", r"bad\.ini"),
            ("no text at all", "\x7fELF\x01\x02" * 50, r"bad\.ini:1: "),
            ("long line", head + "[bias]\nlaw = " + "x" * 5000 + "\n", r"bad\.ini:6: "),
            ("key of a panel twice", head + "[panel a]\nbias.law = none\nbias.law = none\n", r"bad\.ini:7: .*bias\.law"),
            ("panel twice", head + "[panel a]\n[panel b]\n[panel a]\n", r"bad\.ini:7: .*a"),
            ("unknown key in a panel", head + "[panel a]\nbias.lau = none\n", r"bad\.ini:6: .*bias\.law"),
            ("global key in a panel", head + "[panel a]\nexperiment.name = b\n", r"bad\.ini:6: .*experiment\.name"),
            ("bad panel name", head + "[panel a/b]\n", r"bad\.ini:5: "),
            ("sweep of a list", head + "[panel a]\nsweep.ridge.gamma = 1, 2\n", r"bad\.ini:6: .*ridge\.gamma"),
            ("sweep out of range", head + "[panel a]\nsweep.model.m = 10, 0\n", r"bad\.ini:6: .*model\.m"),
            ("endless sweep", head + "[panel a]\nsweep.model.m = linspace(1, 2, 1000000000)\n", r"bad\.ini:6: "),
            ("both phi and n0", head + "n0 = 30\n", r"bad\.ini:5: model\.n0: "),
            ("both psi and n1", head + "n1 = 30\n", r"bad\.ini:5: model\.n1: ")):
        yield label, text, words


def run(argv, where):
    start = time.time()
    r = subprocess.run(argv, cwd=where, capture_output=True, stdin=subprocess.DEVNULL, timeout=60 * PATIENCE)
    err = r.stderr.decode(errors="replace")
    said = [l for l in err.splitlines() if re.match("nlrmt_(sim|theory): ", l)]
    return r.returncode, said, time.time() - start, err


def attempt(tmp, number, case, argv, base=0.0):
    label, text, words = case
    where = f"{tmp}/{number}"
    os.makedirs(where)
    open(f"{where}/bad.ini", "w").write(text)
    status, said, seconds, err = run(argv, where)
    label = f"{os.path.basename(argv[0])} {label}: "
    check(status == 2, f"{label}status {status}: {err[:500]}")
    check(len(said) == 1 and re.search(words, said[0]), f"{label}{words!r} in {said}")
    check(seconds < base + LIMIT_S, f"{label}took {seconds:.1f} s")
    check(os.listdir(where) == ["bad.ini"], f"{label}made {os.listdir(where)}")


def main():
    every = sys.argv[1:] == ["--all"]
    cases = [*from_table(), *by_hand()]
    check(len(cases) >= 200, f"{len(cases)} cases only")
    with tempfile.TemporaryDirectory() as tmp:
        good = f"{tmp}/good.ini"
        open(good, "w").write(document("bias.law", ["none"])[0])
        check(run([THEORY, good, "--check"], tmp)[0] == 0, "what the cases are made of is refused itself")
        for i, case in enumerate(cases):
            attempt(tmp, f"theory{i}", case, [THEORY, "bad.ini"])
        some = cases if every else cases[::len(cases) // 40]
        few = cases[3::len(cases) // 10]
        base = run(command(4, "--version"), tmp)[2] + 2 * PATIENCE  # and what mpirun takes to end a job that failed
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(attempt, tmp, f"one{i}", c, command(0, "bad.ini")) for i, c in enumerate(some)]
            jobs += [pool.submit(attempt, tmp, f"four{i}", c, command(4, "bad.ini"), base) for i, c in enumerate(few)]
        for job in jobs:
            job.result()
    print(f"{len(cases)} bad configurations; {len(some)} with nlrmt_sim on 1 rank, {len(few)} on 4")
    finish()


if __name__ == "__main__":
    main()
