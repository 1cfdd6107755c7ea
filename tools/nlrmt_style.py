"""nlrmt_style: what all figures share: colours, fonts, titles."""
import re
import textwrap

from nlrmt_read import missing

try:
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.mathtext import MathTextParser
except ImportError as import_error:
    missing(import_error)

# Okabe-Ito colours: distinct to colour-blind readers; the dashes tell them apart in print.
LAWS = {
    "alp": ("ALP", "#0072B2", "-"),
    "alp_b": ("ALP, given biases", "#D55E00", (0, (4, 2))),
    "ps": ("PS", "#009E73", (0, (1, 1.2))),
    "ps_b": ("PS, given biases", "#CC79A7", (0, (5, 1.5, 1, 1.5))),
    "mp": ("MP data", "#882255", (0, (7, 1.5, 1, 1.5, 1, 1.5))),
    "kernel": ("kernel", "#E69F00", (0, (6, 1.5))),
    "kernel_b": ("kernel, given biases", "#332288", (0, (3, 1.2))),
    "depth": ("depth", "#56B4E9", (0, (3, 1, 1, 1, 1, 1))),
    "depth_b": ("depth, given biases", "#000000", (0, (2, 1))),
}
FILL, OUTLINE = "#DCDCDC", "#8C8C8C"
SYMBOLS = {"phi": r"$\phi$", "psi": r"$\psi$", "m": "$m$", "n0": "$n_0$", "n1": "$n_1$",
           "sigma_w": r"$\sigma_w$", "sigma_x": r"$\sigma_x$",
           "activation": "$f$"}

STYLE = {
    "font.family": ["STIXGeneral", "DejaVu Serif"], "mathtext.fontset": "stix", "font.size": 9,
    "axes.titlesize": 9.5, "axes.labelsize": 9.5, "legend.fontsize": 8, "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5, "axes.linewidth": 0.6, "axes.spines.top": False,
    "axes.spines.right": False, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "xtick.major.size": 3, "ytick.major.size": 3, "ytick.minor.size": 1.5,
    "ytick.minor.width": 0.4, "legend.frameon": False, "lines.solid_capstyle": "butt",
    "lines.dash_capstyle": "butt", "pdf.fonttype": 42, "ps.fonttype": 42,
    "svg.hashsalt": "nlrmt", "figure.constrained_layout.use": True,
}


def law_style(name):
    return LAWS.get(name, (name, "#7F7F7F", (0, (3, 2))))


def safe(text):
    """The text, its dollars escaped if it is no mathtext."""
    try:
        MathTextParser("agg").parse(text)
        return text
    except ValueError:
        return text.replace("$", r"\$")


def symbols(text):
    """phi = 0.5 with the Greek letter."""
    return re.sub(r"\b(\w+) = ", lambda k: SYMBOLS.get(k[1], k[1]) + " = ", text)


def cell_title(point, letter, several):
    lines = textwrap.wrap(point.title, 48) or [""]
    if several and point.label:
        lines += textwrap.wrap(point.label, 56)
        lines[1:] = [symbols(line) for line in lines[1:]]
    lines[0] = (f"({letter})  " if letter else "") + lines[0]
    return "\n".join(safe(line) for line in lines)
