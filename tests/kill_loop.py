#!/usr/bin/python3 -E
"""kill_loop.py N [SEED]: N times SIGKILL to a run, each at a random moment or step of a save, to a random rank, to mpirun,
or to all at once; each time --resume on another number of ranks. A reader opens the file all the while. When a
campaign is through, its content must be that of one that nothing happened to, and the next one begins.

Prints a table of what happened; ends with status 1 if a file could not be read, a run did not end, a kept trial was lost, or
the content differs."""
import argparse
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from campaign import content, differences, sim, trials
from harness import PATIENCE, command

CONFIG = """\
[experiment]
name = loop
trials = {trials}
[model]
m = 300
phi = 1.5
psi = 0.8
[spectrum]
bins = 4000
[theory]
points = 100
[panel one]
bias.law = gaussian
[panel two]
sweep.model.psi = 0.8, 1.5
"""
ROUNDING = 1e-11
END_S = 10 * PATIENCE  # a killed job has to be gone after that
STEPS = ["kill.open", "kill.half", "kill.sync", "kill.rename", "kill.saved"]


class Reader(threading.Thread):
    """Opens the file again and again, and counts how often that failed."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.opened, self.unreadable, self.over = path, 0, [], False

    def look(self):
        try:
            held = trials(self.path)
            self.opened += 1
            return held
        except FileNotFoundError:
            if self.opened:
                self.unreadable.append("gone")
        except Exception as e:  # whatever h5py makes of a damaged file
            self.unreadable.append(repr(e))
        return {}

    def run(self):
        while not self.over:
            if os.path.exists(self.path) or self.opened:
                self.look()
            time.sleep(0.01)


def children(pid):
    try:
        return [int(x) for x in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    except FileNotFoundError:
        return []


def alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Loop:
    def __init__(self, directory, count, seed):
        self.random = random.Random(seed)
        self.count, self.failed = count, 0
        self.out, self.config, self.log = (f"{directory}/{x}" for x in ("loop.h5", "loop.ini", "log"))
        self.kills = dict.fromkeys(("rank", "mpirun", "all", "in a save"), 0)
        self.half = set()  # names of half-written files that were seen
        self.survived = self.inside = self.campaigns = 0
        self.lost = {"0": [], "0.5": []}  # finished trials that each kill undid, by --save-every
        self.ending = []                  # seconds until the last process of a killed job was gone

    def say(self, what):
        self.failed += 1
        print("FAIL", what, flush=True)

    def prepare(self, trials_each):
        open(self.config, "w").write(CONFIG.format(trials=trials_each))
        status, err, seconds = sim(2, self.config, "-q", "-o", self.out + ".whole")
        if status:
            sys.exit(f"kill_loop: the undisturbed run: {status} {err}")
        self.whole, self.seconds = content(self.out + ".whole"), seconds

    def victims(self, p, kind):
        ranks = children(p.pid)
        if kind == "rank":
            return [self.random.choice(ranks)] if ranks else []
        return [p.pid] if kind == "mpirun" else [p.pid, *ranks]

    def strike(self, p, kind):
        """Waits for a random moment and kills; what ran then, and whether anything did."""
        try:
            p.wait(self.random.uniform(0.2, self.seconds))
        except subprocess.TimeoutExpired:
            family = [p.pid, *children(p.pid)]
            kill(self.victims(p, kind))
            return family, True
        return [p.pid], False

    def gone(self, family):
        start = time.time()
        while any(alive(x) for x in family) and time.time() < start + END_S:
            time.sleep(0.02)
        self.ending.append(time.time() - start)
        left = [x for x in family if alive(x)]
        kill(left)
        if left:
            self.say(f"{len(left)} processes were left {END_S} s after the kill")

    def launch(self, kind, every, ranks):
        env = dict(os.environ)
        if kind == "in a save":
            env["NLRMT_FAULT"] = f"{self.random.choice(STEPS)}:0:{self.random.randint(1, 12)}"
        log = open(self.log, "w")
        return subprocess.Popen(command(ranks, self.config, "--resume", "-v", "--save-every", every, "-o", self.out),
                                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, start_new_session=True)

    def note(self, kind, every, reader, before):
        """After a kill: what the file holds, and what had been announced and is gone."""
        self.kills[kind] += 1
        bad = len(reader.unreadable)
        held = reader.look() if os.path.exists(self.out) else {}
        self.survived += len(reader.unreadable) == bad
        half = {x for x in os.listdir(os.path.dirname(self.out)) if ".tmp." in x}
        self.inside += bool(half - self.half)
        self.half |= half
        for point, rows in before.items():
            now = held.get(point, [])  # in the order in which they came, or, once the point is complete, of their numbers
            if set(rows) - set(now) or len(set(now)) < len(now):
                self.say(f"{point}: trials that an earlier run had saved are gone, or there twice: {rows}, then {now}")
        done = re.findall(r"^(\S+) (p\d+) (\d+)/\d+: generate", open(self.log).read().replace("\r", "\n"), re.M)
        lost = sum(int(t) - 1 not in held.get(f"/{panel}/{point}", []) for panel, point, t in done)
        self.lost[every].append(lost)
        if every == "0" and lost:
            self.say(f"{lost} trials lost although each was saved")
        return held

    def once(self, reader, held):
        """One run, killed unless it ends before; (trials held, whether the campaign is through)."""
        kind, every = self.random.choice(list(self.kills)), self.random.choice(list(self.lost))
        p = self.launch(kind, every, self.random.randint(1, 4))
        if kind == "in a save":
            family = {p.pid}
            while p.poll() is None:
                family |= set(children(p.pid))
                time.sleep(0.02)
            hit = p.returncode != 0
        else:
            family, hit = self.strike(p, kind)
        if hit:
            self.gone(family)
            p.wait()
            return self.note(kind, every, reader, held), False
        if p.returncode != 0:
            self.say(f"status {p.returncode}: {open(self.log).read()[-2000:]}")
        return held, True

    def conclude(self):
        self.campaigns += 1
        names = differences(self.whole, content(self.out), ROUNDING)
        if names:
            self.say(f"campaign {self.campaigns}: differs from the undisturbed one in {names[:5]}")
        rest = [x for x in os.listdir(os.path.dirname(self.out)) if x.startswith("loop.h5.") and not x.endswith("whole")]
        if rest:
            self.say(f"left behind: {rest}")
        os.remove(self.out)

    def run(self):
        opened = unreadable = 0
        while sum(self.kills.values()) < self.count:
            reader, held, through = Reader(self.out), {}, False
            reader.start()
            while not through and sum(self.kills.values()) < self.count:
                held, through = self.once(reader, held)
            if not through and sim(2, self.config, "-q", "--resume", "-o", self.out)[0] != 0:
                self.say("the last resume failed")
            reader.over = True
            reader.join()
            opened, unreadable = opened + reader.opened, unreadable + len(reader.unreadable)
            for line in reader.unreadable[:3]:
                self.say(f"unreadable: {line}")
            self.conclude()
        return opened, unreadable

    def report(self, opened, unreadable):
        total = sum(self.kills.values())
        print("kills: " + ", ".join(f"{n} {k}" for k, n in self.kills.items()))
        print(f"kills survived                     {self.survived} of {total}, {self.inside} of them during a save")
        print(f"campaigns, all with equal content  {self.campaigns}")
        for every, lost in self.lost.items():
            if lost:
                print(f"finished trials lost a kill        median {statistics.median(lost):g}, most {max(lost)} "
                      f"(--save-every {every})")
        print(f"file opened by the reader          {opened} times, unreadable {unreadable}")
        print(f"last process gone after a kill     median {statistics.median(self.ending):.2f} s, most {max(self.ending):.2f} s")


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("count", type=int)
    parse.add_argument("seed", type=int, nargs="?", default=1)
    parse.add_argument("--trials", type=int, default=12)
    a = parse.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        loop = Loop(directory, a.count, a.seed)
        loop.prepare(a.trials)
        loop.report(*loop.run())
    return loop.failed > 0


if __name__ == "__main__":
    sys.exit(main())
