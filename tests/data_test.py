#!/usr/bin/python3 -E
"""nlrmt_sim on data from files and on populations: real images (Fashion-MNIST, if its package is there) and
made ones, the measured spectrum against numpy, the laws that use it, and files that are not what they should be."""
import functools
import gzip
import http.server
import os
import re
import struct
import subprocess
import sys
import tempfile
import threading

import h5py
import numpy as np

from contract import departures
from harness import PATIENCE, THEORY, TOOLS, check, finish, sim

GET = os.path.join(TOOLS, "get_data")
FASHION = "/usr/share/datasets/fashion-mnist"


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


def config(path, data, m, psi=0.8, more=""):
    return write(path, f"[experiment]\nname = d\n[model]\nm = {m}\npsi = {psi}\n{more}"
                       f"[theory]\nlaws = alp, mp\npoints = 200\n[data]\n{data}")


def idx(path, array, magic=None, sizes=None):
    """An IDX file of bytes, .gz by its name."""
    head = struct.pack(f">I{array.ndim}I", magic or 0x800 + array.ndim, *(sizes or array.shape))
    with (gzip.open if path.endswith(".gz") else open)(path, "wb") as f:
        f.write(head + array.astype(np.uint8).tobytes())
    return path


def prepare(x, subtract, sigma_x=1.0):
    """Samples in rows, as the program prepares them, and their mean square."""
    x = np.asarray(x, float)
    if subtract:
        x = x - x.mean(0)
    square = (x**2).mean()
    return x * sigma_x / np.sqrt(square), square


def check_group(out, x, subtract, what, available=None, sigma_x=1.0):
    """data/ of the first point against numpy; x: all samples of a run that takes all."""
    x, square = prepare(x, subtract, sigma_x)
    m, n0 = x.shape
    gram = x @ x.T / (n0 * sigma_x**2)
    exact = np.linalg.eigvalsh(gram)
    off = gram[~np.eye(m, dtype=bool)]
    with h5py.File(out) as f:
        q = f["main/p0000"]
        g = q["data"]
        found, a = g["eigenvalues"][...], dict(g.attrs)
        check(q.attrs["n0"] == n0 and q.attrs["n1"] == round(n0 / 0.8), f"{what}: n0, n1")
    check(found.shape == (m,) and np.abs(found - exact).max() < 1e-13 * m * exact.max(), f"{what}: eigenvalues")
    check(abs(found.mean() - 1) < 1e-12 and (found >= 0).all(), f"{what}: mean {found.mean()}")
    check(np.isclose(a["mean_square"], square, rtol=1e-12), f"{what}: mean square {a['mean_square']}, {square}")
    check(np.isclose(a["diagonal_sd"], np.sqrt(((gram.diagonal() - 1)**2).mean()), rtol=1e-10), f"{what}: diagonal")
    check(np.isclose(a["off_diagonal_rms"], np.sqrt((off**2).mean()), rtol=1e-8), f"{what}: off the diagonal")
    check(np.isclose(a["diagonal_sd_gaussian"], np.sqrt(2 / n0)), f"{what}: Gaussian data")
    check(a["images_available"] == (available or m), f"{what}: {a['images_available']} available")
    for line in departures(out):
        check(False, f"{what}: {line}")


def sources(tmp):
    """The same samples told as IDX, as .gz, as HDF5 rows; a CIFAR-10 folder; classes. All samples are taken,
    so that their order does not matter to the spectrum."""
    r = np.random.default_rng(5)
    # features of unequal variance: some far from Gaussian data, one always 0
    images = (r.gamma(2, 1, (120, 8, 10)) * np.linspace(0, 25, 10)).clip(0, 255).astype(np.uint8)
    labels = r.permutation(np.arange(120) % 3)
    flat = images.reshape(120, -1)
    idx(f"{tmp}/i.idx", images), idx(f"{tmp}/i.gz", images), idx(f"{tmp}/l.gz", labels), idx(f"{tmp}/l.idx", labels)
    with h5py.File(f"{tmp}/x.h5", "w") as f:
        f.create_dataset("deep/x", data=flat.astype("f4"), chunks=(7, 3), compression="gzip")
        f.create_dataset("flat", data=flat)
    told = {"idx": f"source = idx\npath = {tmp}/i.idx\n", "gz": f"source = idx\npath = {tmp}/i.gz\n",
            "float": f"source = hdf5\npath = {tmp}/x.h5:/deep/x\n", "bytes": f"source = hdf5\npath = {tmp}/x.h5:/flat\n"}
    spectra = {}
    for name, data in told.items():
        for ranks in (1, 4):
            rc, _, err, _ = sim(ranks, config(f"{tmp}/c.ini", data, 120), "-q", "--fresh", "-o", f"{tmp}/o.h5")
            check(rc == 0, f"{name}, {ranks} ranks: {rc} {err}")
            check_group(f"{tmp}/o.h5", flat, False, f"{name}, {ranks} ranks")
            with h5py.File(f"{tmp}/o.h5") as f:
                spectra[name, ranks] = f["main/p0000/eigenvalues"][...]
    first = spectra["idx", 1]
    check(all(np.abs(s - first).max() < 1e-12 * first.max() for s in spectra.values()), "K depends on how X is told")
    some = f"source = idx\npath = {tmp}/i.gz\nlabel_path = {tmp}/l.idx\nclasses = 2, 0\nmean_subtract = yes\nsigma_x = 0.5\n"
    rc, _, err, _ = sim(2, config(f"{tmp}/c.ini", some, 80), "-q", "--fresh", "-o", f"{tmp}/o.h5")
    check(rc == 0, f"classes: {rc} {err}")
    check_group(f"{tmp}/o.h5", flat[labels != 1], True, "classes", 80, 0.5)
    with h5py.File(f"{tmp}/o.h5") as f:
        check(f["main/p0000/data"].attrs["classes"] == "2, 0", "classes are not recorded")
    os.mkdir(f"{tmp}/cifar")
    pixels, classes = r.integers(0, 256, (100, 3072)), np.arange(100) % 10
    for k in range(5):
        np.column_stack([classes, pixels])[20 * k:20 * k + 20].astype(np.uint8).tofile(f"{tmp}/cifar/data_batch_{k + 1}.bin")
    data = f"source = cifar10\npath = {tmp}/cifar\nmean_subtract = yes\n"
    rc, _, err, _ = sim(3, config(f"{tmp}/c.ini", data, 100), "-q", "--fresh", "-o", f"{tmp}/o.h5")
    check(rc == 0, f"cifar10: {rc} {err}")
    check_group(f"{tmp}/o.h5", pixels, True, "cifar10")
    two = (f"source = cifar10\nclasses = 1, 3\nmean_subtract = yes\n"
           f"path = {tmp}/cifar/data_batch_1.bin , {tmp}/cifar/data_batch_3.bin\n")
    rc, _, err, _ = sim(1, config(f"{tmp}/c.ini", two, 8), "-q", "--fresh", "-o", f"{tmp}/o.h5")
    check(rc == 0, f"cifar10, two files: {rc} {err}")
    chosen = [k for k in [*range(20), *range(40, 60)] if classes[k] in (1, 3)]
    check_group(f"{tmp}/o.h5", pixels[chosen], True, "cifar10, two files", 8)


def choice(tmp):
    """m of many: chosen by the seed alone, nested, without repetition; X stays over the trials, W does not."""
    images = np.random.default_rng(6).integers(0, 256, (90, 5, 6))
    idx(f"{tmp}/many.idx", images)
    flat, runs = images.reshape(90, -1).astype(float), {}
    for m, seed, ranks in ((20, 1, 1), (20, 1, 4), (20, 2, 1), (12, 1, 1)):
        path = config(f"{tmp}/c.ini", f"source = idx\npath = {tmp}/many.idx\n", m)
        rc, _, err, _ = sim(ranks, path, "-q", "--fresh", "-o", f"{tmp}/o.h5", "-s", f"experiment.seed={seed}",
                            "-s", "experiment.trials=2")
        check(rc == 0, f"choice: {rc} {err}")
        with h5py.File(f"{tmp}/o.h5") as f:
            q = f["main/p0000"]
            runs[m, seed, ranks] = q["data/eigenvalues"][...], q["eigenvalues"][...], q["data"].attrs["mean_square"]
    a, b, c = runs[20, 1, 1], runs[20, 1, 4], runs[20, 2, 1]
    check(np.abs(a[0] - b[0]).max() < 1e-13 * a[0].max() * 20 and np.abs(a[1] - b[1]).max() < 1e-12 * a[1].max(), "grids differ")
    check(np.abs(a[0] - c[0]).max() > 1e-3, "another seed chooses the same samples")
    check(np.abs(a[1][0] - a[1][1]).max() > 1e-3 * a[1].max(), "both trials have the same W")
    check((a[0] > 1e-10).all(), "a sample was chosen twice")
    # nested: the 12 are among the 20; so the other 8 have the rest of the squares, each that of some sample
    rest = 20 * a[2] - 12 * runs[12, 1, 1][2]
    squares = np.sort((flat**2).mean(1))
    check(squares[:8].sum() - 1e-6 < rest < squares[-8:].sum() + 1e-6, f"not nested: rest {rest}")


def populations(tmp):
    """A bimodal population: alp with its law is near, i.i.d. data far, as a W1 of both shows. abs_centred, which the
    data law leaves alone (zeta = 0), is made for the variance that the population's mean gives; a list of eigenvalues in a file is the same as one in the key."""
    text = ("[experiment]\ntrials = 2\n[model]\nm = 600\nphi = 1.5\npsi = 0.8\n[data]\nsource = bimodal\n"
            "[theory]\nlaws = alp, mp\npoints = 200\n[panel default]\n"
            "[panel wide]\nmodel.psi = 3\ndata.values = 0.1, 4\ndata.weights = 0.75, 0.25\n"
            "[panel scaled]\ndata.values = 2, 18\nactivation.f = abs_centred\n"
            "[panel listed]\ndata.source = spectrum\ndata.of = population\n"
            f"data.path = {tmp}/e.txt\nactivation.f = abs_centred\n")
    write(f"{tmp}/e.txt", "2 # half\n18\n")
    rc, _, err, _ = sim(2, write(f"{tmp}/bi.ini", text), "-q", "-o", f"{tmp}/bi.h5")
    check(rc == 0, f"populations: {rc} {err}")
    for line in departures(f"{tmp}/bi.h5"):
        check(False, line)
    with h5py.File(f"{tmp}/bi.h5") as f:
        for panel in ("default", "wide", "scaled", "listed"):
            q = f[panel]["p0000"]
            alp, mp = (q[f"distance/{law}/wasserstein1"].attrs["mean"] / q.attrs["eta"] for law in ("alp", "mp"))
            print(f"data_test: {panel}: W1 over the mean: alp {alp:.4f}, mp {mp:.4f}")
            check(alp < 0.02, f"{panel}: W1 alp {alp}")
            check(mp > 8 * alp if panel in ("default", "wide") else abs(mp - alp) < 1e-8, f"{panel}: W1 alp {alp}, mp {mp}")
            check("data" not in q, f"{panel}: data/ although nothing was read")
        a, b = (f[p]["p0000/eigenvalues"][...] for p in ("scaled", "listed"))
        check(np.abs(a - b).max() < 1e-12 * a.max(), "the population's file and its list differ")
        iid = f["scaled/p0000"].attrs["eta"]
        check(np.isclose(iid, 1, rtol=1e-9), f"abs_centred is not made for the population's variance: eta {iid}")
    # the same draw of i.i.d. entries, told as a population of ones
    one = ["-q", "--fresh", "-o", f"{tmp}/one.h5", "-p", "default", "-s", "experiment.trials=1"]
    spectra = []
    for more in (["-s", "data.source=gaussian"], ["-s", "data.values=1"]):
        rc, _, err, _ = sim(1, f"{tmp}/bi.ini", *one, *more)
        check(rc == 0, f"ones: {rc} {err}")
        with h5py.File(f"{tmp}/one.h5") as f:
            spectra.append(f["default/p0000/eigenvalues"][...])
            w1 = [f[f"default/p0000/distance/{law}/wasserstein1"][0] for law in ("alp", "mp")]
            check(abs(w1[0] - w1[1]) < 1e-8, f"mp is not alp for i.i.d. data: {w1}")
    check(np.abs(spectra[0] - spectra[1]).max() < 1e-12, "a population of ones is not i.i.d. data")


def fashion(tmp):
    """Real images: how far they are from assumption 1, and that the measured spectrum helps."""
    if not os.path.exists(FASHION):
        print("data_test: fashion skipped: package dataset-fashion-mnist is not there")
        return
    data = (f"source = idx\npath = {FASHION}/t10k-images-idx3-ubyte.gz\nlabel_path = {FASHION}/t10k-labels-idx1-ubyte.gz\n"
            "classes = 0, 8\nmean_subtract = yes\n")
    rc, _, err, _ = sim(2, config(f"{tmp}/f.ini", data, 523), "-q", "-o", f"{tmp}/f.h5", "-s", "ridge.gamma=0.1, 1", "-s",
                        "ridge.sigma_a=1", "-s", "experiment.trials=2")
    check(rc == 0, f"fashion: {rc} {err}")
    for line in departures(f"{tmp}/f.h5"):
        check(False, line)
    with h5py.File(f"{tmp}/f.h5") as f:
        q = f["main/p0000"]
        a, e = dict(q["data"].attrs), q["data/eigenvalues"][...]
        w1 = {law: q[f"distance/{law}/wasserstein1"].attrs["mean"] / q.attrs["eta"] for law in ("alp", "mp")}
        ridge = {k: q[f"ridge/{k}"][...] for k in ("expected", "predicted_alp", "predicted_mp")}
    print(f"data_test: Fashion-MNIST 0, 8: diagonal {a['diagonal_sd']:.3f}, off it {a['off_diagonal_rms']:.3f}; "
          f"W1 over the mean: alp {w1['alp']:.3f}, mp {w1['mp']:.3f}; E_train {ridge}", flush=True)
    check(a["images_available"] == 2000 and e.shape == (523,), "sizes")
    check(0.3 < a["diagonal_sd"] < 0.45 and 0.3 < a["off_diagonal_rms"] < 0.45, "not the spread that these images have")
    check(w1["mp"] > 3 * w1["alp"] and e[-1] > 20, f"W1 {w1}, largest eigenvalue {e[-1]}")
    off = {k: np.abs(ridge[f"predicted_{k}"] - ridge["expected"].mean(0)) for k in ("alp", "mp")}
    check((off["alp"] < off["mp"]).all(), f"the measured spectrum does not help the training error: {off}")
    # the test images, all 10 classes, with resume: the spectrum is measured again
    more = ["-s", "experiment.trials=3", "-s", "model.m=60", "-s", "data.classes=3", "-q", "-o", f"{tmp}/r.h5"]
    rc, _, err, _ = sim(1, f"{tmp}/f.ini", *more, "--time-limit", 1e-4)
    check(rc == 75, f"stop: {rc} {err}")
    rc, _, err, _ = sim(3, f"{tmp}/f.ini", *more, "--resume")
    check(rc == 0 and not departures(f"{tmp}/r.h5"), f"resume: {rc} {err}")


def sizes(tmp):
    """n0 is the file's: --plan and --check know all sizes; another phi is refused; nlrmt_theory says why not."""
    images = np.random.default_rng(7).integers(1, 256, (40, 5, 6))
    idx(f"{tmp}/s.idx", images)
    path = config(f"{tmp}/s.ini", f"source = idx\npath = {tmp}/s.idx\n", 20, more="sweep.model.psi = 0.5, 0.3\n")
    rc, out, err, _ = sim(2, path, "--plan")
    check(rc == 0 and re.search(r"p0000 +20 +30 +60 ", out) and re.search(r"p0001 +20 +30 +100 ", out), f"--plan: {out}{err}")
    rc, out, err, _ = sim(2, path, "--check")
    check(rc == 0 and "good" in out, f"--check: {out}{err}")
    rc, _, err, _ = sim(2, path, "--check", "-s", "model.phi=1.5")
    check(rc == 0, f"the right phi: {err}")
    for key in ("model.phi=1", "model.n0=29"):
        rc, _, err, _ = sim(2, path, "--check", "-s", key)
        check(rc == 2 and "main/p0000: model.phi, model.n0: n0 = 2" in err and "of 30 features" in err, f"{key}: {err}")
    for args in (["--check"], ["-o", f"{tmp}/never.h5"]):
        r = subprocess.run([THEORY, path, *args], text=True, capture_output=True)
        check(r.returncode == 2 and "main/p0000: data.source: " in r.stderr and "nlrmt_sim measures" in r.stderr, r.stderr)
    rc, _, err, _ = sim(1, path, "--check", "-s", "data.source=discrete", "-s", "data.values=1", "-s", "model.phi=1")
    check(rc == 2 and "data.of: eigenvalues of a sample are no data" in err, f"of = sample: {err}")


def bad_files(tmp):
    """Exit status 3, one line that names the file and the byte, on 1 and 4 ranks, in seconds; no output."""
    r = np.random.default_rng(8)
    images, labels = r.integers(0, 256, (50, 4, 5)), np.arange(50) % 3
    good, good_labels = idx(f"{tmp}/g.gz", images), idx(f"{tmp}/gl.gz", labels)
    whole = open(good, "rb").read()
    open(f"{tmp}/cut.gz", "wb").write(whole[:len(whole) // 2])
    open(f"{tmp}/tail.gz", "wb").write(whole[:-6])
    open(f"{tmp}/flip.gz", "wb").write(whole[:-8] + bytes([whole[-8] ^ 255]) + whole[-7:])
    broken = bytearray(whole)
    broken[len(whole) // 2:len(whole) // 2 + 60] = bytes(60)
    open(f"{tmp}/broken.gz", "wb").write(broken)
    open(f"{tmp}/empty.idx", "wb").close()
    idx(f"{tmp}/short.idx", images, sizes=(60, 4, 5)), idx(f"{tmp}/long.idx", images, sizes=(49, 4, 5))
    idx(f"{tmp}/magic.idx", images, magic=0x0D03), idx(f"{tmp}/few.gz", labels[:49])
    idx(f"{tmp}/zero.idx", images * 0), idx(f"{tmp}/same.idx", np.repeat(images[:1], 50, 0))
    idx(f"{tmp}/nothing.idx", images, sizes=(50, 0, 5))
    open(f"{tmp}/cut.bin", "wb").write(bytes(3073 * 2 + 5))
    open(f"{tmp}/label.bin", "wb").write(bytes(3073) + bytes([10]) + bytes(3072))
    x = r.normal(size=(30, 7))
    with h5py.File(f"{tmp}/h.h5", "w") as f:
        f["good"], f["group/cube"], f["text"] = x, np.zeros((2, 3, 4)), np.array([[b"a", b"b"]])
        for name, value in (("nan", np.nan), ("inf", -np.inf)):
            bad = x.copy()
            bad[11, 4] = value
            f[name] = bad
    write(f"{tmp}/text.h5", "not HDF5\n")
    of_idx = lambda name, more="": f"source = idx\npath = {tmp}/{name}\n{more}"
    of_h5 = lambda name: f"source = hdf5\npath = {tmp}/{name}\n"
    with_labels = lambda name, classes: of_idx("g.gz", f"label_path = {tmp}/{name}\nclasses = {classes}\n")
    cases = [
        (r"cut\.gz: truncated: ends at byte \d+ unpacked, within image \d+ of 50", of_idx("cut.gz")),
        (r"tail\.gz: truncated: ends at byte 1016", of_idx("tail.gz")),
        (r"flip\.gz: corrupt: incorrect data check, after byte ", of_idx("flip.gz")),
        (r"broken\.gz: corrupt: .*, after byte \d+ unpacked", of_idx("broken.gz")),
        (r"empty\.idx: truncated: ends at byte 0, within the header", of_idx("empty.idx")),
        (r"short\.idx: truncated: ends at byte 1016, within image 51 of 60", of_idx("short.idx")),
        (r"long\.idx: goes on after byte 996", of_idx("long.idx")),
        (r"magic\.idx: byte 0: magic number 0x00000d03, IDX images have 0x00000803", of_idx("magic.idx")),
        (r"gl\.gz: byte 0: magic number 0x00000801, IDX images", of_idx("gl.gz")),
        (r"nothing\.idx: byte 8: size 0 of dimension 2", of_idx("nothing.idx")),
        (r"data\.label_path: .*few\.gz: 49 labels, but .*g\.gz has 50 images", with_labels("few.gz", "0")),
        (r"data\.classes: no sample of class 7 in .*g\.gz: its labels are from 0 to 2", with_labels("gl.gz", "0, 7")),
        (r"model\.m: 20, but .*g\.gz has 17 samples of these classes", with_labels("gl.gz", "1")),
        (r"zero\.idx: the 20 samples chosen are zero everywhere", of_idx("zero.idx")),
        (r"same\.idx: the 20 samples chosen are all the same", of_idx("same.idx", "mean_subtract = yes\n")),
        (r"missing\.gz: cannot open: No such file.*tools/get_data.*dataset-fashion-mnist", of_idx("missing.gz")),
        (r"not a regular file", of_idx(".")),
        (r"cut\.bin: truncated: 6151 bytes .* at byte 6146 ", f"source = cifar10\npath = {tmp}/cut.bin\n"),
        (r"label\.bin: byte 3073: label 10", f"source = cifar10\npath = {tmp}/label.bin\n"),
        (r"data_batch_1\.bin: cannot open.*tools/get_data", f"source = cifar10\npath = {tmp}\n"),
        (r"h\.h5:/nan: \[11, 4\] is NaN", of_h5("h.h5:/nan")),
        (r"h\.h5:/inf: \[11, 4\] is infinite", of_h5("h.h5:/inf")),
        (r"h\.h5:/other: no such dataset; there are: /good, /group/cube, ", of_h5("h.h5:/other")),
        (r"h\.h5:/group: no such dataset", of_h5("h.h5:/group")),
        (r"h\.h5:/group/cube: has 3 dimensions, must have 2", of_h5("h.h5:/group/cube")),
        (r"h\.h5:/text: does not hold numbers", of_h5("h.h5:/text")),
        (r"text\.h5: not an HDF5 file", of_h5("text.h5:/x")),
        (r"nofile\.h5: cannot open: No such file", of_h5("nofile.h5:/x")),
    ]
    start = sim(4, "--version")[3]
    for words, data in cases:
        path = config(f"{tmp}/bad.ini", data, 20)
        for ranks in (1, 4):
            rc, _, err, seconds = sim(ranks, path, "-o", f"{tmp}/never.h5")
            lines = [l for l in err.splitlines() if l.startswith("nlrmt_sim: ")]
            check(rc == 3, f"{ranks} ranks, {words}: status {rc}: {err}")
            check(len(lines) == 1 and lines[0].startswith("nlrmt_sim: main/p0000: ") and re.search(words, lines[0]),
                  f"{ranks} ranks, {words}: {lines}")
            check(seconds < start + 8 * PATIENCE, f"{words}: took {seconds:.1f} s")
    check(not os.path.exists(f"{tmp}/never.h5"), "a refused run made an output")
    # a bad file of the last panel stops the run before the first one begins
    text = open(config(f"{tmp}/bad.ini", of_idx("g.gz"), 20)).read()
    path = write(f"{tmp}/bad.ini", text + f"[panel first]\n[panel last]\ndata.path = {tmp}/tail.gz\n")
    rc, _, err, _ = sim(2, path, "-o", f"{tmp}/never.h5")
    check(rc == 3 and "last/p0000" in err and not os.path.exists(f"{tmp}/never.h5"), f"last panel: {rc} {err}")


def getting(tmp):
    """tools/get_data against a server of its own: good files, wrong ones, none."""
    os.mkdir(f"{tmp}/served")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=f"{tmp}/served")
    handler.func.log_message = lambda *_: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}/"
    text = open(GET).read()
    local = re.sub(r"^(MNIST_FROM|CIFAR_FROM) = .*$", rf'\1 = ["{base}"]', text, flags=re.M)
    images = idx(f"{tmp}/served/train-images-idx3-ubyte.gz", np.ones((3, 2, 2)))
    digest = subprocess.run(["sha256sum", images], text=True, capture_output=True).stdout.split()[0]
    one = re.sub(r"^MNIST = \{.*?^\}", f'MNIST = {{"train-images-idx3-ubyte.gz": "{digest}"}}', local, flags=re.M | re.S)

    def get(script, *args):
        r = subprocess.run([sys.executable, write(f"{tmp}/get.py", script), *args, "--into", f"{tmp}/got"], text=True,
                           capture_output=True, timeout=60)
        return r.returncode, r.stdout, r.stderr

    rc, out, err = get(one, "mnist")
    check(rc == 0 and "source = idx" in out and open(images, "rb").read()
          == open(f"{tmp}/got/mnist/train-images-idx3-ubyte.gz", "rb").read(), f"get_data: {rc} {out} {err}")
    rc, out, err = get(one, "mnist")
    check(rc == 0 and "there already" in out, f"a second time: {out} {err}")
    rc, _, err = get(local, "mnist")
    check(rc == 3 and "SHA-256" in err and not os.path.exists(f"{tmp}/got/mnist/train-images-idx3-ubyte.gz"), f"{rc} {err}")
    rc, _, err = get(local, "cifar10")
    check(rc == 4 and err.count("\n") == 1 and "by hand" in err and "dataset-fashion-mnist" in err, f"404: {rc} {err}")
    rc, _, err = get(local, "imagenet")
    check(rc == 2 and "no such data set: imagenet" in err, f"unknown: {rc} {err}")
    server.shutdown()
    server.server_close()
    rc, _, err = get(local.replace("timeout=30", "timeout=3"), "cifar10")
    check(rc == 4 and "cannot fetch" in err, f"no network: {rc} {err}")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        for part in (sources, choice, populations, fashion, sizes, bad_files, getting):
            part(tmp)
    finish()


if __name__ == "__main__":
    main()
