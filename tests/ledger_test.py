#!/usr/bin/python3 -E
"""The ledger: its rule on numbers whose truth is known; its verdicts on a small simulation, which turn to
"refuted" when a law, a prediction or a measured number in the file is made wrong; its page in a browser."""
import csv
import importlib.machinery
import importlib.util
import io
import os
import shutil
import subprocess
import tempfile

import h5py
import numpy as np

from harness import TOOLS, TOP, finish, sim
from tools_test import check, refuses, run

import nlrmt_claims
import nlrmt_observe
import nlrmt_page
import nlrmt_read
import nlrmt_verdict
from nlrmt_verdict import Claim, Number, judge_claim, limit

LEVEL = 1e-4
CONFIG = """\
[experiment]
name = small
trials = 24
[model]
phi = 1.5
psi = 0.8
[activation]
f = relu
[theory]
laws = alp, alp_b
points = 300
[panel relu]
experiment.trials = 40
bias.law = gaussian
sweep.model.m = 48, 96, 192, 288
spectrum.stieltjes_z = 0.5+0.3i, -0.5
spectrum.stieltjes_mtilde = yes
spectrum.moments = 2
theory.laws = alp, alp_b, ps, ps_b
[panel affine]
experiment.trials = 200
activation.f = identity
model.phi = 0.5
model.psi = 0.4
sweep.model.m = 48, 96, 192, 288
spectrum.moments = 3
theory.laws = alp
[panel cumulants]
experiment.trials = 160
activation.f = tanh
bias.law = gaussian
bias.sigma = 0.5
model.sigma_w = 0.75
model.m = 160
model.n1 = 160
sweep.model.n0 = 48, 96, 192
spectrum.cumulants = yes
theory.laws = alp
[panel labels]
bias.law = gaussian
activation.normalize = yes
model.phi = 0.5
model.psi = 0.75
sweep.model.m = 48, 96, 192
ridge.gamma = 0.1, 1
ridge.sigma_a = 0
ridge.sigma_eps = 1
"""


def claim(expected, rivals, relation="="):
    return Claim("made", "made", "here", "none", None, expected, rivals, "wrong", "a number", relation)


def word(number, expected=0.0, rivals=(1.0,), relation="="):
    return judge_claim(claim(expected, rivals, relation), number, LEVEL).word


def test_rule():
    made = lambda value, se, allowance=0.0: Number(value, se, 30, "made", allowance)
    check(word(made(0.02, 0.01)) == "supported", "0.02 ± 0.01 supports 0 against 1")
    check(word(made(0.98, 0.01)) == "refuted", "0.98 ± 0.01 refutes 0")
    check(word(made(0.3, 0.4)) == "not resolved", "0.3 ± 0.4 decides nothing")
    check(word(None) == "not measured", "no number")
    check(word(made(np.nan, 0.1)) == "not measured", "not a number")
    check(word(made(0.2, 0.01)) == "refuted" and word(made(0.2, 0.01, 0.19)) == "supported",
          "an allowance is taken off the distance")
    check(word(made(0.5, 0.01, 0.6)) == "not resolved", "an allowance that reaches both decides nothing")
    check(word(made(-5, 0.1), -2, (-1,), "at most") == "supported", "below an upper bound")
    check(word(made(-1.5, 0.1), -2, (-1,), "at most") == "refuted", "above an upper bound")
    check(word(made(5, 0.1), 0, (-1,), "at least") == "supported", "above a lower bound")
    check(word(made(0.06, 0.001), 0, (-0.05, 0.05)) == "refuted", "beyond one of two rivals")
    check(word(made(0.0, 0.0)) == "supported" and word(made(1.0, 0.0)) == "refuted", "an exact count")
    rng = np.random.default_rng(1)
    noise = 0.01 * rng.standard_normal(60)
    check(word(made(noise, 0.01 + 0 * noise)) == "supported", "60 components of noise")
    check(word(made(np.r_[noise, 0.06], np.full(61, 0.01))) == "refuted", "one wrong component of 61")
    wrong = sum(word(made(0.01 * rng.standard_normal(20), np.full(20, 0.01))) == "refuted"
                for _ in range(300))
    check(wrong <= 1, f"{wrong} of 300 true claims refuted at 1e-4")


def test_limit():
    """Values with known limit and finite-size terms."""
    rng = np.random.default_rng(2)
    for sizes, words in (((50, 100, 200, 400), {"supported"}), ((50, 100, 200), {"supported"})):
        found = [limit([(n, 3 / n + 40 / n**2 + 1e-3 * rng.standard_normal(2), np.full(2, 1e-3))
                        for n in sizes], [30] * len(sizes)) for _ in range(100)]
        said = {word(q, 0.0, (0.05,)) for q in found}
        check(said == words, f"a gap that falls, {len(sizes)} sizes: {said}")
        said = {word(limit([(n, v + 0.04, s) for n, v, s in q.sizes], [30] * len(sizes)), 0.0, (-0.04, 0.04))
                for q in found}
        check(said == {"refuted"}, f"a gap that stays at 0.04, {len(sizes)} sizes: {said}")
    two = limit([(100, 0.03, 1e-4), (200, 0.015, 1e-4)], [30, 30])
    check(two.allowance > 0.007 and word(two, 0.0, (0.02,)) == "supported", "two sizes leave an allowance")
    check(limit([(100, 0.03, 1e-4)], [30]) is None, "one size has no limit")


def rows_of(path):
    r = run("nlrmt_ledger", path, "--csv", "-")
    check(r.returncode == 0, f"nlrmt_ledger --csv -: {r.stderr}")
    return {row["name"]: row for row in csv.DictReader(io.StringIO(r.stdout))}


def test_small(path):
    rows = rows_of(path)
    check(len(rows) == len(nlrmt_claims.CLAIMS) >= 20, f"{len(rows)} rows")
    for name in ("density_relu", "relu_inside", "relu_given", "transform_m", "transform_mtilde", "moments",
                 "wishart", "atom_affine", "kappa2", "kappa4", "ridge_labels"):
        check(rows[name]["verdict"] == "supported", f"{name}: {rows[name]['verdict']}, "
              f"{rows[name]['measured']} ± {rows[name]['se']}, predicted {rows[name]['predicted']}")
    for name in ("relu_averaged", "theta2_printed", "ridge_printed"):
        check(rows[name]["verdict"] == "refuted", f"{name}: {rows[name]['verdict']}")
        other = rows[rows[name]["corrected_by"]]["verdict"]
        check(other == "supported", f"what corrects {name}: {other}")
    for name in ("images_kernel", "isospectral", "quartic", "mixture_gain"):
        check(rows[name]["verdict"] == "not measured" and rows[name]["measured"] == "", f"{name} not measured")


def scaled(factor, *names):
    """Multiplies datasets of every point of the panel."""
    def change(panel):
        for point in panel.values():
            for name in names:
                if isinstance(point, h5py.Group) and name in point:
                    point[name][...] = point[name][...] * factor
    return change


def biases_averaged(panel):
    """The wrong law under the right one's name: everywhere ps_b for alp_b, ps for alp."""
    for point in (p for p in panel.values() if isinstance(p, h5py.Group)):
        for right, wrong in (("alp_b", "ps_b"), ("alp", "ps")):
            for k in [k for k in point["stieltjes"] if k.startswith(f"predicted_{right}_m")]:
                if f"predicted_{right}_b" not in k:
                    point["stieltjes"][k][...] = point["stieltjes"][k.replace(right, wrong)][...]
            for k in ("wasserstein1", "kolmogorov"):
                point[f"distance/{right}/{k}"][...] = point[f"distance/{wrong}/{k}"][...]
            point[f"moments/predicted_{right}"][...] = point[f"moments/predicted_{wrong}"][...]
        for pair in ("alp-ps", "alp_b-ps_b"):
            point[f"contest/{pair}/statistic"][...] = 1 - point[f"contest/{pair}/statistic"][...]


def rank_raised(panel):
    """No eigenvalue is zero."""
    for point in (p for p in panel.values() if isinstance(p, h5py.Group)):
        point["eigenvalues"][...] = np.abs(point["eigenvalues"][...]) + 0.1


WRONG = [  # panel, what is made wrong, claims that must be refuted then
    ("relu", biases_averaged, ("density_relu", "relu_inside", "relu_given", "transform_m", "transform_mtilde",
                               "moments")),
    ("relu", scaled(1.1, "stieltjes/empirical_m"), ("transform_m",)),
    ("affine", scaled(1.1, "moments/empirical"), ("wishart",)),
    ("affine", rank_raised, ("atom_affine",)),
    ("cumulants", scaled(1.2, "cumulants/predicted"), ("kappa2", "kappa4")),
    ("labels", scaled(0.93, "ridge/train_error", "ridge/expected"), ("ridge_labels",)),
    ("labels", scaled(1.07, "ridge/predicted_alp_b"), ("ridge_labels",)),
]


def test_wrong(path, scratch):
    before = rows_of(path)
    for panel, change, names in WRONG:
        copy = os.path.join(scratch, "wrong.h5")
        shutil.copy(path, copy)
        with h5py.File(copy, "r+") as f:
            change(f[panel])
        rows = rows_of(copy)
        for name in names:
            check(rows[name]["verdict"] == "refuted", f"{panel}, {getattr(change, '__name__', '')}: {name} is "
                  f"{rows[name]['verdict']}: {rows[name]['measured']} ± {rows[name]['se']}")
        others = [k for k, r in rows.items() if r["panel"] != panel and
                  r["verdict"] != before[k]["verdict"] and "not" not in r["verdict"] + before[k]["verdict"]]
        check(not others, f"{panel} changed the verdicts of {others}")
    with h5py.File(copy, "r+") as f:  # the averaged law does hold where the data say so
        biases_averaged(f["relu"])
    rows = rows_of(copy)
    check(rows["relu_averaged"]["verdict"] == "supported", f"s turned round: {rows['relu_averaged']['verdict']}")


def test_outputs(path, scratch):
    r = run("nlrmt_ledger", path)
    check(r.returncode == 0 and "REFUTED" in r.stdout and "NOT MEASURED" in r.stdout, f"text: {r.stderr}")
    long = [line for line in r.stdout.splitlines() if len(line) > 100]
    check(not long, f"lines over 100 columns: {long[:2]}")
    same = run("nlrmt_report", "--ledger", path)
    check(same.stdout == r.stdout, "nlrmt_report --ledger says the same")
    plain = run("nlrmt_report", "--summary", path)
    check("nlrmt_ledger" in plain.stdout, "nlrmt_report names the ledger")
    names = {k: os.path.join(scratch, "l." + k) for k in ("csv", "markdown", "html")}
    r = run("nlrmt_ledger", path, *(x for k, v in names.items() for x in (f"--{k}", v)))
    check(r.returncode == 0, f"files: {r.stderr}")
    with open(names["markdown"], encoding="utf-8") as f:
        lines = f.read().splitlines()
    count = len(nlrmt_claims.CLAIMS)
    table = [x for x in lines if x.startswith("| ") and x[2].isdigit()]
    check(len(table) == count, f"{len(table)} rows of Markdown")
    check(all(x.replace("\\|", "").count("|") == 11 for x in table), "cells of Markdown")
    with open(names["csv"], encoding="utf-8") as f:
        check(len(list(csv.reader(f))) == count + 1, "rows of CSV")
    refuses(run("nlrmt_ledger", path, "--html", "/nowhere/x.html"), 4, "/nowhere/x.html", "unwritable page")
    r = run("nlrmt_report", "--html", os.path.join(scratch, "r.html"), path)
    check(r.returncode == 0, f"nlrmt_report --html: {r.stderr}")
    with open(os.path.join(scratch, "r.html"), encoding="utf-8") as f:
        page = f.read()
    check("<pre>" in page and "data:image/png" in page and "http" not in page.split("<pre>")[0],
          "the report's page has text and figures, and fetches nothing")
    return names["html"]


def test_claims():
    """Every claim has a name of its own and names what exists."""
    claims = nlrmt_claims.CLAIMS
    names = [c.name for c in claims]
    check(len(set(names)) == len(names), "names of claims")
    check(all(c.corrected_by in [""] + names for c in claims), "what puts a claim right is a claim")
    with open(os.path.join(TOP, "configs", "verify.ini"), encoding="utf-8") as f:
        panels = [line.split()[1].rstrip("]") for line in f if line.startswith("[panel ")]
    check(all(c.panel in panels for c in claims), "panels of claims are in configs/verify.ini")


def test_words():
    for plain, shown in (("theta2^2/n0", "θ<sub>2</sub><sup>2</sup>/n<sub>0</sub>"), ("b < c", "b &lt; c"),
                         ("m^-1/2", "m<sup>−1/2</sup>"), ("1.0e-04", "1.0·10<sup>−4</sup>"),
                         ("beta", "beta"), ("alp_b", "alp_b")):
        check(nlrmt_page.text(plain) == shown, f"{plain}: {nlrmt_page.text(plain)}")


def test_gallery(path):
    """What make gallery is made of, without its minutes."""
    spec = importlib.util.spec_from_loader("gallery", importlib.machinery.SourceFileLoader(
        "gallery", os.path.join(TOOLS, "gallery")))
    gallery = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gallery)
    for name, _, sizes, _, _ in gallery.FIGURES:
        config = os.path.join(TOP, "configs", f"{name}.ini")
        check(os.path.exists(config), f"gallery: no {config}")
        if sizes:
            with open(config, encoding="utf-8") as f:
                check(gallery.resized(f.read(), sizes).count(f"model.m = {sizes}") > 0, f"{name}: no sweep")
    table = gallery.w1_table(gallery.report_rows(path))
    check(any("| relu | p0003, m = 288 | alp_b | " in x for x in table), f"gallery's table: {table[:4]}")
    lines = gallery.summary_lines(nlrmt_read.read(path))
    check(any(x.startswith("- training error, alp_b: 6 values") for x in lines), f"gallery's lines: {lines}")


# ---- in a browser ----

FRAME = """<!DOCTYPE html><meta charset="utf-8"><style>:root {{ color-scheme: light dark }} iframe {{ width: {width}px;
  height: 1400px; border: 0 }}</style><iframe src="file://{page}"></iframe>
<script>document.querySelector("iframe").onload = event => {{
  const d = event.target.contentDocument, w = event.target.contentWindow;
  const beyond = (what, but) => [...d.querySelectorAll(what)].filter(x => !(but && x.closest(but)) &&
    x.getBoundingClientRect().right > w.innerWidth + 1).length;
  document.body.setAttribute("data-probe", [w.innerWidth, d.documentElement.scrollWidth,
    beyond("main *", "pre, svg, .box"), beyond("tbody td"), d.querySelectorAll("tr[data-verdict]").length,
    w.matchMedia("(prefers-color-scheme: dark)").matches].join("|")); }};</script>"""


def browser():
    return next((x for x in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if x), None)


def look(program, page, width, dark, scratch, shot=None):
    """stdout of headless Chromium: what a frame of this width holds, or a screenshot into `shot`."""
    frame = os.path.join(scratch, "frame.html")
    with open(frame, "w", encoding="utf-8") as f:
        f.write(FRAME.format(width=width, page=page))
    what = [f"--screenshot={shot}", f"file://{page}"] if shot else ["--dump-dom", f"file://{frame}"]
    with tempfile.TemporaryDirectory(dir=scratch) as profile:
        return subprocess.run(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--allow-file-access-from-files", f"--user-data-dir={profile}",
             f"--window-size={width if shot else 1400},1400",
             f"--blink-settings=preferredColorScheme={0 if dark else 1}", *what],
            capture_output=True, text=True, timeout=240, check=False).stdout


def check_frame(dom, width, dark, where):
    found = dom.split('data-probe="')[-1].split('"')[0].split("|") if "data-probe=" in dom else []
    check(len(found) == 6, f"{where}: nothing measured in {len(dom)} characters")
    if len(found) == 6:
        inner, scroll, wide, cells, rows = map(int, found[:5])
        check(inner == width and scroll <= inner and wide == cells == 0,
              f"{where}: window {inner}, page {scroll}, {wide} elements and {cells} cells beyond it")
        check(rows == len(nlrmt_claims.CLAIMS), f"{where}: {rows} rows")
        check(found[5] == str(dark).lower(), f"{where}: dark is {found[5]}")


def check_shot(shot, width, dark, where):
    import matplotlib.image
    check(os.path.exists(shot), f"{where}: no screenshot")
    if os.path.exists(shot):
        pixels = matplotlib.image.imread(shot)[..., :3]
        check(pixels.shape[1] == width, f"{where}: {pixels.shape[1]} pixels wide")
        check((np.median(pixels) < 0.25) == dark, f"{where}: ground {np.median(pixels):.2f}")
        check(pixels.std() > 0.02, f"{where}: an empty page, spread {pixels.std():.3f}")


def test_browser(page, scratch):
    program = browser()
    if program is None:
        print("page in a browser: skipped: no chromium")
        return
    for width in (1280, 390):
        for dark in (False, True):
            where = f"{width} px, {'dark' if dark else 'light'}"
            check_frame(look(program, page, width, dark, scratch), width, dark, where)
            shot = os.path.join(scratch, f"page-{width}-{dark}.png")
            look(program, page, width, dark, scratch, shot)
            check_shot(shot, width, dark, where)
    with open(page, encoding="utf-8") as f:  # what would be too wide is seen
        text = f.read().replace("<h2", '<div style="width: 600px">x</div><h2', 1)
    wide = os.path.join(scratch, "wide.html")
    with open(wide, "w", encoding="utf-8") as f:
        f.write(text)
    dom = look(program, wide, 390, False, scratch)
    check("data-probe=\"390|" in dom and "390|390|0" not in dom, "a page that is too wide is noticed")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        test_rule()
        test_limit()
        test_words()
        test_claims()
        path = os.path.join(scratch, "small.h5")
        config = os.path.join(scratch, "small.ini")
        with open(config, "w", encoding="utf-8") as f:
            f.write(CONFIG)
        status, _, error, _ = sim(2, config, "-o", path)
        check(status == 0, f"nlrmt_sim: {error}")
        if status == 0:
            test_small(path)
            test_wrong(path, scratch)
            test_gallery(path)
            test_browser(test_outputs(path, scratch), scratch)
    finish()


if __name__ == "__main__":
    main()
