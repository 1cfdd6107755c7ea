#!/usr/bin/python3
"""How does W1 between simulation and theory fall with the size? Fits W1 ~ m^p for every law of an output:

    mpirun -n 2 nlrmt_sim widths.ini -o widths.h5
    python3 width.py widths.h5
"""
import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1]) as f:
    for panel, points in f.items():
        points = [p for name, p in sorted(points.items()) if name != "index"]  # p0000, p0001, ...
        m = np.array([p.attrs["m"] for p in points])
        for law in points[0]["distance"]:
            w1 = np.array([p[f"distance/{law}/wasserstein1"].attrs["mean"] for p in points])
            se = np.array([p[f"distance/{law}/wasserstein1"].attrs["se"] for p in points])
            (slope, _), cov = np.polyfit(np.log(m), np.log(w1), 1, w=w1 / se, cov="unscaled")
            print(f"{panel} {law}: W1 ~ m^({slope:.2f} +- {cov[0, 0] ** 0.5:.2f}), m = {m[0]} ... {m[-1]}")
