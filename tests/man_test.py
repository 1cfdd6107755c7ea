#!/usr/bin/python3 -E
"""Manual pages and completion against the programs: every option, key, default and allowed value that the programs and
their sources know is in both, what is not is not, and the pages are sound (man, where it is installed). The documents' links."""
import os
import re
import shutil
import subprocess
import tempfile

from harness import TOP, check, finish

TOOLS = sorted(f"tools/{n}" for n in os.listdir(f"{TOP}/tools") if n.startswith("nlrmt_") and "." not in n)


def run(*command, env=None):
    return subprocess.run(command, cwd=TOP, text=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
                          env={**os.environ, **(env or {})})


def make_pages(folder, *programs):
    return run("/usr/bin/python3", "-E", "-B", "packaging/manpages", folder, "9.9", *programs)


def plain(path):
    """The page as text: what roff writes differently, undone."""
    with open(path) as f:
        text = f.read()
    for roff, char in ((r"\-", "-"), (r"\(ha", "^"), (r"\(ti", "~"), (r"\(aq", "'"), (r"\(ga", "`"), (r"\&", ""), (r"\e", "\\")):
        text = text.replace(roff, char)
    return text


def options_of(program):
    """The long options in the program's source."""
    if program in ("nlrmt_sim", "nlrmt_theory"):
        source = "src/sim/options.c" if program == "nlrmt_sim" else "src/sim/theory_options.c"
        text = open(f"{TOP}/{source}").read()
        return {f"--{name}" for name in re.findall(r'\{"([a-z-]+)", (?:no|required)_argument', text)}
    return {"--help", *re.findall(r'add_argument\([^)]*?"(--[a-z-]+)"', open(f"{TOP}/{program}").read())}


def check_pages(folder):
    r = make_pages(folder, "nlrmt_sim", "nlrmt_theory", *TOOLS)
    check(r.returncode == 0 and r.stderr == "", f"manpages: {r.stderr}")
    names = {os.path.basename(p) for p in ("nlrmt_sim", "nlrmt_theory", *TOOLS)}
    check(set(os.listdir(folder)) == {f"{n}.1" for n in names} | {"nlrmt.ini.5"}, f"pages: {os.listdir(folder)}")
    for program in ("nlrmt_sim", "nlrmt_theory", *TOOLS):
        page = plain(f"{folder}/{os.path.basename(program)}.1")
        told = {o for line in re.findall(r"^\.B (-.*)", page, re.M) for o in re.findall(r"--[a-z-]+", line)}
        check(told == options_of(program), f"{program}: options {told ^ options_of(program)}")
        for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "SEE ALSO"):
            check(f"\n.SH {section}\n" in page, f"{program}: no {section}")
    for program in ("nlrmt_sim", "nlrmt_theory"):
        page = plain(f"{folder}/{program}.1")
        status = page[page.index(".SH EXIT STATUS"):]
        want = {"0", "2", "3", "4", "5"} | ({"75"} if program == "nlrmt_sim" else set())
        check(want == set(re.findall(r"^\.B (\d+)$", status, re.M)), f"{program}: exit status")
    if shutil.which("man") and shutil.which("groff"):
        for name in sorted(os.listdir(folder)):
            r = run("man", "--warnings=w", "-l", f"{folder}/{name}", env={"MANWIDTH": "110", "LC_ALL": "C.UTF-8"})
            check(r.returncode == 0 and r.stderr == "" and len(r.stdout.splitlines()) > 20, f"man {name}: {r.stderr[:200]}")
    else:
        print("man_test: the pages are not rendered: no man here")


def check_keys(folder):
    rows = [line.split("\t") for line in run("./nlrmt_theory", "--keys").stdout.splitlines()]
    check(rows == [line.split("\t") for line in run("./nlrmt_sim", "--keys").stdout.splitlines()], "--keys of both programs")
    source = re.findall(r'\.?name = "([a-z]+\.[a-z0-9_]+)"|^ *\{"([a-z]+\.[a-z0-9_]+)"', open(f"{TOP}/src/base/config_table.c").read(), re.M)
    named = {a or b for a, b in source}
    check(len(rows) > 40 and {r[0] for r in rows} == named, f"--keys and the table: {named ^ {r[0] for r in rows}}")
    page = plain(f"{folder}/nlrmt.ini.5")
    for key, default, allowed, meaning in rows:
        section, name = key.split(".")
        where = page.find(f'.BR {name} "  {allowed}"', page.find(f".SS [{section}]"))
        entry = page[where:page.find(".TP", where)]
        wanted = {"-": "", "required": "Required."}.get(default, f"Default: {default}.")
        check(where > 0 and meaning in entry and wanted in entry, f"nlrmt.ini(5): {key}")
    return rows


def check_staleness(folder):
    """A program with one option more has it in its page; one that does not start has none."""
    for name, body in (("nlrmt_new", "import argparse\nargparse.ArgumentParser(description='Does. More.')"
                        ".parse_args() if 0 else None\np = argparse.ArgumentParser(prog='nlrmt_new', description='Does it: all.')\n"
                        "p.add_argument('--newest', help='and ~/.this')\np.parse_args()\n"), ("nlrmt_broken", "import no_such_module\n")):
        os.makedirs(f"{folder}/tools", exist_ok=True)
        with open(f"{folder}/tools/{name}", "w") as f:
            f.write(body)
    r = make_pages(f"{folder}/new", f"{folder}/tools/nlrmt_new", f"{folder}/tools/nlrmt_broken")
    page = plain(f"{folder}/new/nlrmt_new.1")
    check(".B --newest NEWEST\nand ~/.this" in page and "nlrmt_new - does it\n" in page, f"the new option: {page}")
    check(os.listdir(f"{folder}/new") == ["nlrmt_new.1"] and "no_such_module" in r.stderr, f"a program that fails: {r.stderr}")


def complete(line, wordbreaks=" \t\n\"'><=;|&(:"):
    """What bash offers at the end of the line."""
    script = ('. completions/nlrmt.bash; COMP_WORDBREAKS=$2; COMP_LINE=$1; COMP_POINT=${#COMP_LINE}; _nlrmt "${COMP_LINE%% *}"; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    r = run("bash", "-c", script, "bash", line, wordbreaks)
    check(r.stderr == "" or "compopt" in r.stderr, f"completion of {line!r}: {r.stderr}")
    return set(r.stdout.split())


def check_completion(rows):
    for program in ("nlrmt_sim", "nlrmt_theory", *TOOLS):
        command = program if "/" in program else f"./{program}"
        got = {o for o in complete(f"{command} -") if o.startswith("--")}
        check(got == options_of(program), f"{program} -: {got ^ options_of(program)}")
    keys = {r[0] for r in rows}
    check(complete("./nlrmt_sim configs/fig1.ini -s ") == {f"{k}=" for k in keys}, "all keys after -s")
    check(complete("./nlrmt_sim --set bias.") == {f"{k}=" for k in keys if k.startswith("bias.")}, "keys of a section")
    allowed = {r[0]: r[2] for r in rows}
    check(complete("./nlrmt_sim -s bias.law=") == set(allowed["bias.law"].split(", ")), "values of a key")
    check(complete("./nlrmt_sim -s bias.law=b", " ") == {"bias.law=bernoulli"}, "a value where = divides no words")
    check(complete("./nlrmt_theory -s model.m=") == set(), "numbers are nobody's guess")
    check({"relu", "leaky_relu", "hermite"} <= complete("./nlrmt_theory -s activation.f="), "activations")
    check(complete("./nlrmt_theory --law ps") == {"ps", "ps_b"}, "laws")
    check({"newton", "quartic"} <= complete("./nlrmt_theory --method "), "methods")
    panels = set(re.findall(r"^\[panel (\w+)\]", open(f"{TOP}/configs/contest.ini").read(), re.M))
    check(len(panels) == 7 and complete("./nlrmt_sim configs/contest.ini -p ") == panels, "panels of the configuration")
    check(complete("./nlrmt_sim configs/fig") == {f"configs/fig{k}.ini" for k in range(1, 7)}, "configurations")
    check("configs/" in complete("./nlrmt_sim co") and not any(n.endswith(".md") for n in complete("./nlrmt_sim ")), "files")
    registered = run("bash", "-c", ". completions/nlrmt.bash; complete -p").stdout
    check(all(f" {os.path.basename(p)}\n" in registered for p in ("nlrmt_sim", "nlrmt_theory", *TOOLS)), f"registered: {registered}")


def check_links():
    """What the documents point to is there."""
    for path in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", *(f"docs/{n}" for n in os.listdir(f"{TOP}/docs") if n.endswith(".md"))):
        links = [k for k in re.findall(r"\]\(([^)#\s]+)[^)]*\)", open(f"{TOP}/{path}").read()) if "://" not in k]
        lost = [k for k in links if not os.path.exists(f"{TOP}/{os.path.dirname(path)}/{k}")]
        check(not lost, f"{path} points to {lost}")


def main():
    with tempfile.TemporaryDirectory(prefix="nlrmt-man-") as scratch:
        check_pages(f"{scratch}/man")
        rows = check_keys(f"{scratch}/man")
        check_staleness(scratch)
    check_completion(rows)
    check_links()
    finish()


main()
