#!/usr/bin/python3 -E
"""bench_groups.py [REPEATS] [RANKS]: what groups of ranks are worth (docs/campaigns.md). Two campaigns of small trials by
groups of one rank, by `auto` and by all ranks together: wall time from start to end and utilisation, medians. No test:
only a quiet machine with as many cores as ranks tells something."""
import statistics
import sys
import tempfile

import h5py

from campaign import sim

HEAD = "[experiment]\nname = groups\ntrials = {}\n[model]\nphi = 1.5\npsi = 0.8\n{}[bias]\nlaw = gaussian\n[theory]\nlaws = alp\n"
SMALL = HEAD.format(200, "m = 200\n")
MIXED = HEAD.format(24, "") + """\
[panel a]
sweep.model.m = 100, 200, 400, 700
[panel b]
spectrum.matrix = M
sweep.model.m = 150, 300, 600
"""


def once(ranks, config, size, out):
    status, err, seconds = sim(ranks, config, "-q", "--fresh", "-o", out, "-s", f"parallel.ranks_per_trial={size}", timeout=600)
    if status:
        sys.exit(f"bench_groups: status {status}: {err}")
    with h5py.File(out, "r") as f:
        return seconds, 100 * f.attrs["utilisation"]


def main():
    repeats, ranks = (int(x) for x in (sys.argv[1:] + ["3", "2"][len(sys.argv) - 1:]))
    with tempfile.TemporaryDirectory() as tmp:
        for label, text in (("200 trials, m = 200", SMALL), ("7 points x 24 trials, m = 100 to 700", MIXED)):
            config = f"{tmp}/groups.ini"
            open(config, "w").write(text)
            found = {size: [] for size in ("1", "auto", str(ranks))}
            for _ in range(repeats):  # in turns: what else the machine does meets all alike
                for size, runs in found.items():
                    runs.append(once(ranks, config, size, f"{tmp}/groups.h5"))
            for size, runs in found.items():
                wall, used = (statistics.median(x) for x in zip(*runs))
                print(f"{label:38} {ranks} ranks, ranks_per_trial {size:4}: {wall:7.2f} s, {used:3.0f} % in use", flush=True)


if __name__ == "__main__":
    main()
