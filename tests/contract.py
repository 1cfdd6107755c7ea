"""The layout of an output file (docs/output.md), checked: departures(path) -> list of lines; theory=True
for a file of nlrmt_theory."""
import h5py
import numpy as np

ROOT = ("schema program version git_commit config seed complete started finished ranks hosts openblas_core "
        "mpi elpa scalapack hdf5").split()
POINT = "layer layers m n0 n1 phi psi sigma_w sigma_x activation mixture eta zeta bias data entries matrix seed trials trials_done".split()
PHASES = "generate gram reduce eigen ridge theory io".split()


def _attributes(q, say, names):
    for a in names:
        if a not in q.attrs:
            say(q.name, f"attribute {a} missing")


def _measured(q, say):
    _attributes(q, say, ["eigensolver", "grid", "block", "ranks_per_trial"])
    done, n = int(q.attrs["trials_done"]), int(min(q.attrs["m"], q.attrs["n1"]))
    e = q["eigenvalues"]
    if e.shape != (done, n):
        say(e.name, f"shape {e.shape}, expected {(done, n)}")
    if (np.diff(e[...], axis=1) < 0).any():
        say(e.name, "not ascending")
    if [d.keys()[0] if d.keys() else None for d in e.dims] == [None, None]:
        say(e.name, "no dimension scales")
    order = q.attrs["m"] if e.attrs["matrix"] == "K" else q.attrs["n1"]
    if e.attrs["structural_zeros"] != order - n:
        say(e.name, "structural zeros do not add up")
    for p in PHASES:
        if q[f"timing/{p}"].shape != (done,):
            say(q.name, f"timing/{p} not [trials]")
    h = q["histogram"]
    if not 0.3 < (h["empirical"][...] * np.diff(h["edges"][...])).sum() <= 1 + 1e-12:
        say(h.name, "implausible mass")
    for law in q["theory"]:
        for x in ("wasserstein1", "kolmogorov"):
            d = q[f"distance/{law}/{x}"]
            if d.shape != (done,) or abs(d.attrs["mean"] - d[...].mean()) > 1e-12:
                say(d.name, "not [trials], or its mean is wrong")


def _ridge(q, say):
    r, done = q["ridge"], int(q.attrs["trials_done"])
    g = len(r["gamma"])
    _attributes(r, say, "n2 sigma_a sigma_eps".split())
    for name in ("train_error", "expected", "expected_signal"):
        if r[name].shape != (done, g) or (r[name][...] < 0).any():
            say(r[name].name, "not [trials, gammas], or negative")
    for law in ("", *("_" + k for k in q["theory"] if k != "kernel_b")):  # it has no training error
        for name in ("predicted", *(("z_score", "z_expected") if done > 1 else ())):
            if r[name + law].shape[-1] != g:
                say(r[name + law].name, "not one for each gamma")


def _stieltjes(q, say):
    s, done = q["stieltjes"], int(q.attrs["trials_done"])
    k = len(s["z"])
    _attributes(s, say, ["outliers_excluded"])
    for name, d in s.items():
        if name.startswith("empirical") and d.shape != (done, k, 2):
            say(d.name, "not [trials, z, 2]")
        if name.startswith("predicted") and d.shape not in ((done, k, 2), (k, 2)) or \
                name.startswith("z_score") and d.shape != (k, 2):
            say(d.name, "not [z, 2]")
    if (s["z"][:, 1] < 0).any() or (s["empirical_m"][..., 1] < 0).any():
        say(s.name, "a number outside of the upper half plane")


def _predicted(q, say):
    """What the laws alone decide."""
    _attributes(q, say, POINT)
    h = q["histogram"]
    for name, d in h.items():
        if name != "edges" and len(d) != len(h["edges"]) - 1:
            say(d.name, f"{len(d)} values for {len(h['edges']) - 1} bins")
    for law, t in q["theory"].items():
        lam, rho, cdf = (t[x][...] for x in ("lambda", "density", "cdf"))
        if (np.diff(lam) <= 0).any() or (rho < 0).any() or (np.diff(cdf) < 0).any():
            say(t.name, "lambda, density or cdf is not one")
        _attributes(t, say, "atom_at_zero edges outlier residual_max mass_error moment_error".split())
        if t.attrs["mass_error"] > 1e-8 or t.attrs["residual_max"] > 1e-8:
            say(t.name, f"certificate {t.attrs['mass_error']} {t.attrs['residual_max']}")
        if f"predicted_{law}" not in h:
            say(h.name, f"predicted_{law} missing")


def _group(q, say, theory):
    """A point, or one of its layers."""
    _predicted(q, say)
    if not theory:
        _measured(q, say)
        if "ridge" in q:
            _ridge(q, say)
        if "stieltjes" in q:
            _stieltjes(q, say)
    elif q.attrs["trials_done"] != 0 or "eigenvalues" in q or "distance" in q:
        say(q.name, "holds trials")


def departures(path, theory=False):
    found = []
    say = lambda where, what: found.append(f"{path}:{where}: {what}")

    def described(name, obj):
        if isinstance(obj, h5py.Dataset):
            if "description" not in obj.attrs or not {"unit", "normalisation"} & set(obj.attrs):
                say(obj.name, "no description, or neither unit nor normalisation")
            if obj.dtype.kind == "f" and not np.isfinite(obj[...]).all():
                say(obj.name, "not finite")

    with h5py.File(path, "r") as f:
        for a in ROOT:
            if a not in f.attrs:
                say("/", f"attribute {a} missing")
        if f.attrs["schema"] != "nlrmt/1" or f.attrs["complete"] != 1:
            say("/", "schema or complete")
        f.visititems(described)
        for panel in f.values():
            if "index" not in panel or len(panel["index"]) != len(panel) - 1:
                say(panel.name, "index missing or of another length")
            for name, q in panel.items():
                if name == "index":
                    continue
                for g in (q, *q.get("layers", {}).values()):
                    _group(g, say, theory)
    return found
