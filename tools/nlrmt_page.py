"""nlrmt_page: one self-contained HTML page (no script, nothing fetched), for screens from a phone's on,
light and dark; and figures of an output file for it."""
import base64
import dataclasses
import html
import importlib.machinery
import importlib.util
import io
import os
import re
import types

STYLE = """
:root { color-scheme: light dark; --ground: #fcfcfb; --card: #ffffff; --ink: #1d2125; --soft: #5b646d;
  --line: #d9dde1; --accent: #0b5cad; --good: #1b6e3c; --bad: #b3261e; --open: #8a5a00; --none: #5b646d; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171a; --card: #1c2024; --ink: #e6e8ea;
  --soft: #a2abb4; --line: #343a41; --accent: #7db7f0; --good: #6fce94; --bad: #ff8a80; --open: #f0b95a;
  --none: #a2abb4; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
  overflow-wrap: break-word; }
main { max-width: 1240px; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
p { margin: .4rem 0; max-width: 46rem; }
a { color: var(--accent); }
.soft, figcaption { color: var(--soft); font-size: .88rem; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .9rem; font-size: .88rem;
  margin: 1rem 0; }
dl.facts dt { color: var(--soft); } dl.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.tiles { display: flex; flex-wrap: wrap; gap: .7rem; margin: 1rem 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .5rem .9rem;
  min-width: 7.5rem; }
.tile b { display: block; font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
pre { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .8rem; font: .8rem/1.45 ui-monospace, monospace; }
figure { margin: 1rem 0; } figure img { max-width: 100%; height: auto; background: #fff; border-radius: 6px;
  border: 1px solid var(--line); padding: 6px; display: block; }
sub, sup { line-height: 0; }
nav { font-size: .9rem; } nav a { margin-right: 1rem; white-space: nowrap; }
"""

SYMBOLS = {"sigma_w": "σ<sub>w</sub>", "sigma_x": "σ<sub>x</sub>", "sigma_b": "σ<sub>b</sub>",
           "theta1b": "θ<sub>1b</sub>", "theta1": "θ<sub>1</sub>", "theta2": "θ<sub>2</sub>", "zeta": "ζ",
           "eta": "η", "gamma": "γ", "kappa4": "κ<sub>4</sub>", "kappa": "κ", "phi": "φ", "psi": "ψ",
           "n1": "n<sub>1</sub>", "n0": "n<sub>0</sub>", "mtilde": "m̃", "W1": "W<sub>1</sub>",
           "F_lin": "F<sub>lin</sub>", "F_n": "F<sub>n</sub>", "K_lin": "K<sub>lin</sub>",
           "E_train": "E<sub>train</sub>", "v0": "v<sub>0</sub>", "v1": "v<sub>1</sub>", "E_b": "E<sub>b</sub>"}


def text(words):
    """Plain words as HTML: Greek letters, indices, powers, ~, minus signs before digits."""
    words = html.escape(str(words))
    words = re.sub(r"(?<![\w;])(" + "|".join(SYMBOLS) + r")(?![a-zA-Z_])", lambda k: SYMBOLS[k[1]], words)
    words = re.sub(r"\^\((-?[\w./ ±]+)\)|\^(-?\d+(?:[./]\d+)?|\w\b)",
                   lambda k: f"<sup>{(k[1] or k[2]).replace('-', '−')}</sup>", words)
    words = re.sub(r"\b(\d(?:\.\d+)?)e([+-])0?(\d+)\b",
                   lambda k: f"{k[1]}·10<sup>{'−' if k[2] == '-' else ''}{k[3]}</sup>", words)
    words = re.sub(r"(?<![\w;>])-(?=[\dγ])", "−", words)
    return words.replace("&lt;~", "≲").replace(" -&gt; ", " → ").replace("|.|", "|·|")


def page(title, body, style=""):
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}'
            '</title>\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n")


def facts_list(pairs):
    return '<dl class="facts">' + "".join(f"<dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd>"
                                          for k, v in pairs) + "</dl>"


def image(fig, caption, dpi=110):
    """A matplotlib figure as <figure>; the figure is closed."""
    from nlrmt_style import plt
    png = io.BytesIO()
    fig.savefig(png, format="png", dpi=dpi)
    plt.close(fig)
    data = base64.b64encode(png.getvalue()).decode()
    return (f'<figure><img alt="{html.escape(caption)}" src="data:image/png;base64,{data}">'
            f"<figcaption>{text(caption)}</figcaption></figure>")


def plotter():
    """tools/nlrmt_plot as a module."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nlrmt_plot")
    loader = importlib.machinery.SourceFileLoader("nlrmt_plot", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("nlrmt_plot", loader))
    loader.exec_module(module)
    return module


def figures(run, panels=(), **options):
    """[(matplotlib figure, suffix)] that nlrmt_plot draws of these panels (of all without any); options:
    those of nlrmt_plot."""
    plot = plotter()
    points = [p for p in run.points if not panels or p.panel in panels]
    if not points:
        return []
    plot.matplotlib.rcdefaults()
    plot.plt.rcParams.update(plot.STYLE)
    plot.quiet()
    args = types.SimpleNamespace(**{"file": run.path, "output": None, "point": None, "spectrum": False,
                                    "kde": False, "gamma": None, "logy": False} | options)
    return plot.figures(dataclasses.replace(run, points=points), args)
