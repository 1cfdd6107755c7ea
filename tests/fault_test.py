#!/usr/bin/python3 -E
"""Runs that go wrong on purpose: every site of NLRMT_FAULT on 2 and 4 ranks, full and vanished directories, two runs
on one output, changed data and configurations, stop requests. Nothing hangs, every rank ends with the same status,
the file is whole, and --resume completes it with the content of a run that nothing happened to."""
import concurrent.futures
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time

import h5py
import numpy as np

from campaign import content, differences, lines, sim, trials
from harness import PATIENCE, TOP, check, command, finish

CONFIG = """\
[experiment]
name = small
trials = 4
[model]
m = 100
phi = 1.5
psi = 0.8
[spectrum]
bins = 20
[theory]
points = 100
[parallel]
ranks_per_trial = 64 ; all ranks together: trials in their order, as the sites below count on
"""
SAVING = ["-q", "--save-every", "0"]
ROUNDING = 1e-11  # between different numbers of ranks


# site: (status, visit, on which ranks of n, words of the message, trials in the file afterwards).
# The visits to save.* and kill.open .. kill.saved: 1 is the first save of all, 2 the one after trial 0, ...
ANY, ROOT = (lambda n: (0, 1) if n == 2 else (n - 1,)), (lambda n: (0,))
REFUSED = {
    "model.malloc": (4, 8, ANY, "out of memory", None),
    "eig.malloc": (4, 3, ANY, "no memory", 2),
    "data.read": (3, 1, ANY, "cannot read", 0),
    "h5.write": (4, 3, ROOT, "HDF5 failed to write dataset", 4),
    "save.open": (4, 3, ROOT, "Permission denied; the previous file, if any, is kept", 1),
    "save.write": (4, 2, ROOT, "No space left on device; the previous", 0),
    "save.sync": (4, 4, ROOT, "Input/output error; the previous", 2),
    "save.close": (4, 5, ROOT, "Disk quota exceeded; the previous", 3),
    "save.rename": (4, 6, ROOT, "cannot rename: Input/output error; the previous", 4),
}
RECORDED = {"gram.nan": "not finite", "eig.info": "INFO = 1"}
DEADLY = {  # site: (visit, ranks, trials in the file afterwards)
    "kill.trial": (3, lambda n: (n - 1,), 2),
    "exit.trial": (2, lambda n: (n - 1,), 1),
    "kill.filed": (2, ROOT, 1),
    "kill.open": (3, ROOT, 1),
    "kill.half": (3, ROOT, 1),
    "kill.sync": (4, ROOT, 2),
    "kill.rename": (5, ROOT, 3),
    "kill.saved": (3, ROOT, 2),
}


class Case:
    """One output of the campaign `args`, compared in the end with `whole`."""

    def __init__(self, tmp, label, args, whole):
        self.label, self.args, self.whole = label, args, whole
        self.directory = tempfile.mkdtemp(dir=tmp)
        self.out = f"{self.directory}/out.h5"

    def run(self, ranks, *more, **options):
        return sim(ranks, *self.args, *SAVING, "-o", self.out, *more, **options)

    def others(self):
        return sorted(x for x in os.listdir(self.directory) if x != "out.h5")

    def holds(self, count):
        kept = trials(self.out).get("/main/p0000", [])
        check(count is None or kept == list(range(count)), f"{self.label}: trials {kept}, expected {count}")
        with h5py.File(self.out, "r") as f:
            check(f.attrs["complete"] == 0, f"{self.label}: claims to be complete")

    def completes(self, ranks=0, tolerance=ROUNDING):
        status, err, _ = self.run(ranks, "--resume")
        check(status == 0, f"{self.label}: resumed: {status} {err}")
        check(self.others() == [], f"{self.label}: left behind: {self.others()}")
        names = differences(self.whole, content(self.out), tolerance)
        check(not names, f"{self.label}: resumed, differs in {names[:5]}")


def refused(tmp, site, ranks, args, whole):
    status, visit, where, words, kept = REFUSED[site]
    for rank in where(ranks):
        case = Case(tmp, f"{site} on rank {rank} of {ranks}", args, whole)
        got, err, _ = case.run(ranks, fault=f"{site}:{rank}:{visit}", each=True)
        check(got == [status] * ranks, f"{case.label}: statuses {got}, expected {status}: {err}")
        check(len(lines(err)) == 1 and words in lines(err)[0], f"{case.label}: {words!r} in {lines(err)}")
        check(case.others() == [], f"{case.label}: left behind: {case.others()}")
        case.holds(kept)
        if ranks == 2:  # what can be resumed does not know how many ranks wrote it
            case.completes()


def recorded(tmp, site, ranks, args, whole):
    case = Case(tmp, f"{site} on {ranks} ranks", args, whole)
    got, err, _ = case.run(ranks, fault=f"{site}:{ranks - 1}:2", each=True)
    check(got == [5] * ranks, f"{case.label}: statuses {got}: {err}")
    check(len(lines(err)) == 1 and "1 trials, laws or data spectra failed" in lines(err)[0], f"{case.label}: {lines(err)}")
    with h5py.File(case.out, "r") as f:
        q = f["main/p0000"]
        gone = list(q["failures/trial"][...])
        check(len(gone) == 1 and RECORDED[site] in q["failures/reason"].asstr()[0], f"{case.label}: {gone}")
        good = [t for t in range(4) if t not in gone]
        check(list(q["trial"][...]) == good and q.attrs["trials_failed"] == 1, f"{case.label}: trials {q['trial'][...]}")
        off = np.abs(q["eigenvalues"][...] - whole["main/p0000/eigenvalues"][good]).max()
        check(off < ROUNDING, f"{case.label}: the other trials differ by {off}")
    check(case.run(0, "--resume")[0] == 5, f"{case.label}: resumed, the failure is forgotten")


def deadly(tmp, site, ranks, args, whole):
    visit, where, kept = DEADLY[site]
    for rank in where(ranks):
        case = Case(tmp, f"{site} on rank {rank} of {ranks}", args, whole)
        p = subprocess.Popen(command(ranks, *args, *SAVING, "-o", case.out), text=True, stderr=subprocess.PIPE,
                             env=dict(os.environ, NLRMT_FAULT=f"{site}:{rank}:{visit}"), stdin=subprocess.DEVNULL)
        death, err = None, ""
        for line in p.stderr:
            death = time.time() if line.startswith("NLRMT_FAULT:") else death
            err += line
        check(p.wait(20 * PATIENCE) not in (0, 75) and death, f"{case.label}: status {p.returncode} {err}")
        check(death and time.time() - death < 10 * PATIENCE, f"{case.label}: mpirun did not end soon")
        case.holds(kept)
        case.completes(ranks if site == "kill.half" else 0, 0.0 if site == "kill.half" and ranks == 2 else ROUNDING)


def sites(tmp, config, samples):
    """Every site, and no site without its test."""
    _, err, _ = sim(0, config, fault="nothing:0")
    known = set(re.sub(".*there are ", "", lines(err)[0]).split(", "))
    mine = REFUSED.keys() | RECORDED.keys() | DEADLY.keys()
    check(known == mine, f"sites without a test, or gone: {known ^ mine}")
    check(sim(0, config, fault="kill.half:x")[0] == 2, "NLRMT_FAULT=kill.half:x is accepted")
    given = {"data.read": [samples]}
    jobs, wholes = [], {}
    for args in ([config], [samples]):
        out = f"{tmp}/whole-{os.path.basename(args[0])}.h5"
        check(sim(2, *args, *SAVING, "-o", out)[0] == 0, "the whole run")
        wholes[args[0]] = content(out)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for test, table in ((refused, REFUSED), (recorded, RECORDED), (deadly, DEADLY)):
            for site in table:
                for ranks in (2, 4):
                    args = given.get(site, [config])
                    jobs.append(pool.submit(test, tmp, site, ranks, args, wholes[args[0]]))
    for job in jobs:
        job.result()
    check(differences(wholes[config], wholes[samples]), "the comparison finds no difference between two campaigns")
    return wholes


def wait_for(what, seconds=20):
    end = time.time() + seconds * PATIENCE
    while time.time() < end:
        if what():
            return True
        time.sleep(0.02)
    return False


def begin(case, *more, ranks=0):
    """A run that has done a trial and has many before it."""
    held = len(trials(case.out)["/main/p0000"]) if os.path.exists(case.out) else 0
    p = subprocess.Popen(command(ranks, *case.args, *SAVING, "-o", case.out, *more), text=True,
                         stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def going():
        return p.poll() is not None or os.path.exists(case.out) and \
            len(trials(case.out).get("/main/p0000", [])) > held

    check(wait_for(going) and p.poll() is None, f"{case.label}: did not begin")
    return p


def long_case(tmp, label, config):
    return Case(tmp, label, [config, "-s", "experiment.trials=100000", "-s", "model.m=60"], None)


def locks(tmp, config, whole):
    case = long_case(tmp, "lock", config)
    p = begin(case)
    for mode in ("--resume", "--fresh"):
        status, err, _ = case.run(0, mode)
        check(status == 2 and f"another run is writing it ({os.uname().nodename}, process " in err, f"{mode}: {err}")
    check(case.run(0)[0] == 2, "a second run is not refused")
    check(p.poll() is None and os.path.exists(case.out + ".lock"), "the first run was disturbed")
    p.send_signal(signal.SIGKILL)
    p.communicate()
    check(os.path.exists(case.out + ".lock"), "nothing was left behind: the next line proves nothing")
    status, err, _ = case.run(0, "--resume", "--time-limit", "0.001")
    check(status == 75, f"a dead run's lock holds: {status} {err}")
    check(case.others() == [], f"lock: left behind: {case.others()}")


def stops(tmp, config, whole):
    """By a file and by signals; the file too early, in time, too late."""
    case = long_case(tmp, "stop file", config)
    p = begin(case, ranks=2)
    open(case.out + ".stop", "w").close()
    _, err = p.communicate(timeout=20 * PATIENCE)
    check(p.returncode == 75 and "--resume" in err, f"stop file: {p.returncode} {err}")
    check(case.others() == [], f"stop file: left behind: {case.others()}")
    kept = len(trials(case.out)["/main/p0000"])
    open(case.out + ".stop", "w").close()
    check(case.run(2, "--resume")[0] == 75, "a stop file from before the start is not obeyed")
    check(len(trials(case.out)["/main/p0000"]) == kept and case.others() == [], "it went on nevertheless")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        p = begin(case, "--resume")
        p.send_signal(number)
        _, err = p.communicate(timeout=20 * PATIENCE)
        check(p.returncode == 75 and len(lines(err)) == 1, f"signal {number}: {p.returncode} {err}")
    more = len(trials(case.out)["/main/p0000"])
    check(more >= kept, "trials were lost at a signal")
    p = begin(case, "--resume", ranks=2)  # mpirun asks its ranks, and kills them soon after
    p.send_signal(signal.SIGTERM)
    _, err = p.communicate(timeout=20 * PATIENCE)
    check(p.returncode not in (0, None), f"SIGTERM to mpirun: {p.returncode} {err}")
    check(len(trials(case.out)["/main/p0000"]) > more, "trials were lost at mpirun's end")


def disks(tmp, config, whole):
    """File size limit, a directory that goes, one that takes no files."""
    for ranks in (0, 4):
        case = long_case(tmp, f"file size limit, {ranks} ranks", config)
        p = begin(case, ranks=ranks)
        writer = int(open(case.out + ".lock").read().split()[-1])
        limit = os.path.getsize(case.out) + 20000
        resource.prlimit(writer, resource.RLIMIT_FSIZE, (limit, limit))
        _, err = p.communicate(timeout=20 * PATIENCE)
        check(p.returncode == 4 and len(lines(err)) == 1 and "File too large" in err, f"{case.label}: {err}")
        check(case.others() == [], f"{case.label}: left behind: {case.others()}")
        kept = trials(case.out)["/main/p0000"]
        check(len(kept) > 0 and kept == list(range(len(kept))), f"{case.label}: trials {kept}")
    for ranks in (0, 2):
        case = long_case(tmp, f"vanished directory, {ranks} ranks", config)
        p = begin(case, ranks=ranks)
        while os.path.exists(case.directory):  # it may be just writing there
            shutil.rmtree(case.directory, ignore_errors=True)
        _, err = p.communicate(timeout=20 * PATIENCE)
        check(p.returncode == 4 and len(lines(err)) == 1 and "No such file" in err, f"{case.label}: {err}")
    status, err, _ = sim(0, config, *SAVING, "-o", "/sys/nlrmt.h5")
    check(status == 4 and len(lines(err)) == 1 and "/sys/nlrmt.h5.lock: cannot make it" in err, f"/sys: {status} {err}")


def order(tmp, config):
    """What a power failure spares is decided by the order of system calls: written, synced, renamed, directory synced."""
    case = Case(tmp, "order of a save", [config], None)
    trace = ["strace", "-f", "-e", "trace=openat,write,fsync,close,rename", "-o", f"{tmp}/trace"]
    try:
        run = subprocess.run([*trace, *command(0, config, *SAVING, "-o", case.out)], capture_output=True)
    except FileNotFoundError:
        run = None
    if run is None or run.returncode:
        print("fault_test: order of a save skipped: strace does not work here")
        return
    calls, file, place = "", None, None
    for line in open(f"{tmp}/trace"):
        new = re.search(r'openat\(.*"(.*)", .* = (\d+)$', line)
        call, number = re.search(r"^\d+ +(\w+)\((\d+)?", line).groups() if "(" in line else ("", None)
        if new and ".tmp." in new[1]:
            file, calls = new[2], calls + " O"
        elif new and new[1] == case.directory + "/" and calls.endswith("R"):
            place, calls = new[2], calls + "D"
        elif file and number == file and call in ("write", "fsync", "close"):
            calls += call[0]
            file = None if call == "close" else file
        elif call == "rename":
            calls += "R"
        elif place and number == place and call == "fsync":
            calls, place = calls + "S", None
    saves = calls.split()
    check(len(saves) == 7, f"{len(saves)} saves, expected the first, one a trial, one of the point and the last: {saves}")
    check(all(re.fullmatch("Ow+fcRDS", s) for s in saves), f"order of a save: {saves}")


def changes(tmp, config, wholes):
    """Another seed, key, panel or data file on resume: refused by name, the file untouched."""
    case = Case(tmp, "changes", [config], wholes[config])
    case.run(0, fault="kill.trial:0:3")
    before = open(case.out, "rb").read()
    for setting, words in (("experiment.seed=7", "experiment.seed: 1 there, 7 here"),
                           ("model.m=101", "model.m: 100 there, 101 here"),
                           ("bias.law=gaussian", "bias.law: none there, gaussian here"),
                           ("spectrum.moments=2", "spectrum.moments: "),
                           ("theory.laws=alp", "theory.laws: alp, alp_b there, alp here"),
                           ("model.n0=150", "model.phi: 1.5 there, not set here")):
        status, err, _ = case.run(0, "--resume", "-s", setting)
        check(status == 2 and words in err and len(lines(err)) == 1, f"{setting}: {status} {err}")
    check(open(case.out, "rb").read() == before, "a refused resume changed the file")
    case.completes()


def changed_data(tmp, samples, wholes):
    path = f"{tmp}/samples.h5"
    case = Case(tmp, "changed data", [samples], wholes[samples])
    case.run(0, fault="kill.trial:0:3")
    with h5py.File(path, "r+") as f:
        old = f["x"][3, 5]
        f["x"][3, 5] = old + 1e-9
    status, err, _ = case.run(0, "--resume")
    check(status == 3 and len(lines(err)) == 1, f"changed data: {status} {err}")
    check("main/p0000: data.path:" in err and "samples.h5:/x: does not hold the samples" in err, f"changed data: {err}")
    with h5py.File(path, "r+") as f:
        f["x"][3, 5] = old
    case.completes()
    spectrum = f"{tmp}/eigenvalues.txt"
    open(spectrum, "w").write("0.5\n1.0\n2.0\n")
    more = ["-s", "data.source=spectrum", "-s", "data.of=population", "-s", f"data.path={spectrum}"]
    case = Case(tmp, "changed population", [wholes["config"], *more], None)
    case.run(0, fault="kill.trial:0:2")
    open(spectrum, "w").write("0.5\n1.0\n2.5\n")
    status, err, _ = case.run(0, "--resume")
    check(status == 3 and "eigenvalues.txt: does not hold" in err, f"changed population: {status} {err}")
    open(spectrum, "w").write("0.5\n1.0\n2.0\n")
    check(case.run(0, "--resume")[0] == 0, "the old population is not accepted again")


def spectrum(tmp, samples, whole):
    """The eigensolver fails on the data, not on a trial: laws that need their spectrum are recorded, the rest is done."""
    for ranks in (2, 4):
        case = Case(tmp, f"spectrum of the data, {ranks} ranks", [samples, "-s", "theory.laws=alp, mp"], None)
        got, err, _ = case.run(ranks, fault=f"eig.info:{ranks - 1}:1", each=True)
        check(got == [5] * ranks, f"{case.label}: statuses {got}: {err}")
        check(len(lines(err)) == 1 and "2 trials, laws or data spectra failed" in lines(err)[0], f"{case.label}: {lines(err)}")
        with h5py.File(case.out, "r") as f:
            q = f["main/p0000"]
            reason = q["data"].attrs.get("failure", "")
            check("INFO = 1" in reason and "eigenvalues" not in q["data"], f"{case.label}: data: {reason!r}")
            check(q.attrs.get("law_failure_0") == f"alp: spectrum of the data: {reason}",
                  f"{case.label}: {q.attrs.get('law_failure_0')!r}")
            check(f.attrs["complete"] == 1 and list(q["theory"]) == ["mp"], f"{case.label}: laws {list(q['theory'])}")
            off = np.abs(q["eigenvalues"][...] - whole["main/p0000/eigenvalues"]).max()
            check(off < ROUNDING, f"{case.label}: the trials differ by {off}")
        check(case.run(0, "--resume")[0] == 5, f"{case.label}: resumed, the failure is forgotten")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        config, samples = f"{tmp}/small.ini", f"{tmp}/samples.ini"
        open(config, "w").write(CONFIG)
        with h5py.File(f"{tmp}/samples.h5", "w") as f:
            f["x"] = np.random.default_rng(1).standard_normal((120, 50))
        open(samples, "w").write(CONFIG.replace("phi = 1.5\n", "") + f"[data]\nsource = hdf5\npath = {tmp}/samples.h5:/x\n")
        wholes = sites(tmp, config, samples)
        for part in (locks, stops, disks):
            part(tmp, config, wholes[config])
        order(tmp, config)
        changes(tmp, config, wholes)
        loop = subprocess.run([f"{TOP}/tests/kill_loop.py", "6", "2", "--trials", "6"], text=True, capture_output=True,
                              timeout=240 * PATIENCE)
        check(loop.returncode == 0, f"kill_loop: {loop.stdout} {loop.stderr}")
        spectrum(tmp, samples, wholes[samples])
        changed_data(tmp, samples, {**wholes, "config": config})
    finish()


if __name__ == "__main__":
    main()
