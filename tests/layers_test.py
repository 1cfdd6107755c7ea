#!/usr/bin/python3 -E
"""Do includes point downwards only, and does each foreign library stay in its room?"""
import glob
import os
import re

from harness import TOP, check, finish

MAY_USE = {"base": {"base"}, "theory": {"base", "theory"}, "linalg": {"base", "linalg"},
           "sim": {"base", "theory", "linalg", "sim"}}
ROOMS = {  # foreign header -> where it may be included
    r"hdf5.*\.h": ["src/sim/h5.c"],
    r"elpa/.*": ["src/linalg/eig_elpa.c"],
    r"cblas\.h": ["src/linalg/"],
    r"mpi\.h": ["src/linalg/", "src/sim/", "include/nlrmt/comm.h", "include/nlrmt/grid.h"],
    r"gsl/.*": ["src/theory/"],
    r"ini\.h": ["src/base/config_read.c"],
    r"muParserDLL\.h": ["src/base/expression.c"],
    r"Random123/.*": ["src/base/rng.c"],
    r"zlib\.h": ["src/sim/images.c"],
}


def includes(path):
    return re.findall(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', open(path).read(), re.M)


os.chdir(TOP)
floor_of = {os.path.basename(c)[:-2]: c.split("/")[1] for c in glob.glob("src/*/*.c")}
# Headers without a .c of their own name.
floor_of.update(config="base")
for path in sorted(glob.glob("src/*/*.[ch]") + glob.glob("include/nlrmt/*.h")):
    name = os.path.basename(path)[:-2]
    floor = path.split("/")[1] if path.startswith("src") else floor_of.get(name)
    check(floor in MAY_USE, f"{path}: belongs to no floor")
    for kind, header in includes(path):
        if header.startswith("nlrmt/"):
            target = floor_of.get(os.path.basename(header)[:-2])
            check(target in MAY_USE.get(floor, ()), f"{path} ({floor}) includes {header} ({target})")
        elif kind == '"':
            check(os.path.exists(f"src/{floor}/{header}"), f"{path}: {header} is not of its floor")
        else:
            for pattern, rooms in ROOMS.items():
                if re.fullmatch(pattern, header):
                    check(any(path.startswith(r) for r in rooms), f"{path}: {header} has its room elsewhere")
finish()
