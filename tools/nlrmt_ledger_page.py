"""nlrmt_ledger_page: the ledger as one self-contained HTML page, a small figure for each claim."""
import html

from nlrmt_claims import CLAIMS, SECTIONS
from nlrmt_ledger_text import (corrected, counts, facts, finite_size, measured, numbers, probability,
                               relation, rivals)
from nlrmt_page import facts_list, figures, image, page as whole_page, text
from nlrmt_read import np
from nlrmt_verdict import RULE

SIGNS = {"supported": ("good", "✓"), "refuted": ("bad", "✗"), "not resolved": ("open", "?"),
         "not measured": ("none", "–")}
STYLE = """
.box { overflow-x: auto; }
table { width: 100%; table-layout: fixed; border-collapse: collapse; background: var(--card);
  font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .6rem .7rem;
  border-bottom: 1px solid var(--line); }
th { font-size: .8rem; color: var(--soft); font-weight: 600; }
td.number { color: var(--soft); font-variant-numeric: tabular-nums; }
td.value { font-variant-numeric: tabular-nums; }
col.number { width: 3rem; } col.claim { width: 27%; } col.verdict { width: 11rem; }
col.plot { width: 180px; }
.pill { white-space: nowrap; font-weight: 600; font-size: .85rem; }
.pill.good { color: var(--good); } .pill.bad { color: var(--bad); }
.pill.open { color: var(--open); } .pill.none { color: var(--none); }
.tile.good b { color: var(--good); } .tile.bad b { color: var(--bad); }
.tile.open b { color: var(--open); }
svg.spark { width: 160px; height: 72px; display: block; }
svg.spark text { font: 9px system-ui, sans-serif; fill: var(--soft); }
.spark .v0 { stroke: var(--accent); stroke-width: 1.4; fill: none; }
.spark .v1 { stroke: var(--bad); stroke-width: 1.2; stroke-dasharray: 4 3; fill: none; }
.spark .fit { stroke: var(--soft); stroke-width: 1; fill: none; } .spark .axis { stroke: var(--line); }
.spark .dot { fill: var(--ink); stroke: none; } .spark .bar { stroke: var(--ink); stroke-width: 1; }
.spark .end { fill: var(--card); stroke: var(--ink); stroke-width: 1.3; }
details summary { cursor: pointer; color: var(--soft); font-size: .82rem; }
details p { font-size: .85rem; margin: .25rem 0; }
@media (max-width: 760px) {
  .box { overflow-x: visible; }
  table, tbody, tr, td { display: block; } thead { display: none; }
  tr { border: 1px solid var(--line); border-radius: 8px; padding: .5rem .8rem; margin: .7rem 0; }
  table { background: none; } tr { background: var(--card); }
  td { border: 0; padding: .2rem 0; } colgroup { display: none; }
  td.value::before { content: attr(data-label) " "; color: var(--soft); font-size: .82rem; }
  td.number { float: right; padding-left: .7rem; }
}
"""
WIDTH, HEIGHT, PAD = 160, 72, 8
# What nlrmt_plot shows below a section: panels, its options, caption.
FIGURES = {
    "Densities": [
        (("relu", "bernoulli"), {"spectrum": True, "point": "p0003"},
         "Eigenvalues of K at the largest size, and the laws; below, the difference of the "
         "distribution functions.")],
    "Which law holds with biases": [
        (("bernoulli", "cubic"), {},
         "Left: W1 against the width. Right: the place s between the laws and its limit; 0 alp, 1 ps.")],
    "The resolvent": [
        (("tanh",), {},
         "E|g - Eg|^4 (Im z)^4 against the width; dashes: the power that the lemma allows.")],
    "Several layers": [
        (("layers_bias",), {},
         "W1 against the width, a column for each law, a curve for each layer.")],
    "Universality, complex entries, linear surrogate": [
        (("entries", "linear"), {}, "W1 between points of one size, the noise taken off.")],
    "Ridge regression and mixtures": [
        (("labels", "autoencoder", "noisy"), {}, "Training error against gamma.")],
    "Singular vectors, data as they are": [
        (("overlaps",), {"point": "p0002"},
         "Overlaps of singular vectors: measured, predicted, difference."),
        (("images_large",), {"spectrum": True},
         "Images: the law of their spectrum (alp) and of the exact kernel.")],
}


# ---- the small figures ----

def scale(values, low, high):
    """A function from values' range to [low, high]."""
    a, b = min(values), max(values)
    span = (b - a) or abs(b) or 1.0
    a, b = a - 0.08 * span, b + 0.08 * span
    return lambda x: low + (high - low) * (x - a) / (b - a)


def line(kind, points):
    return f'<polyline class="{kind}" points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in points) + '"/>'


def dots(rows):
    """(x, y, lower, upper) each, in pixels."""
    return "".join(f'<line class="bar" x1="{x:.1f}" x2="{x:.1f}" y1="{a:.1f}" y2="{b:.1f}"/>'
                   f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y, a, b in rows)


def spark_limit(row):
    """Values against 1/n, the fit, its limit at the left, v0 (line) and v1 (dashes)."""
    q, k = row.number, row.worst
    n, y, s = (np.array([r[i] if i == 0 else r[i][k] for r in q.sizes]) for i in range(3))
    order = min(2, len(n) - 1)
    fit = np.polyfit(1 / n, y, order, w=1 / s)
    near = [v for v in (row.expected, *row.claim.rivals)
            if abs(v - row.value) < 6 * (np.ptp(y) + 3 * s.max() + abs(row.expected - row.value))]
    px = scale([0, 1 / n.min()], PAD, WIDTH - PAD)
    py = scale([*(y - s), *(y + s), row.value - row.se, row.value + row.se, *near], HEIGHT - 14, PAD - 2)
    flat = lambda kind, v: line(kind, [(PAD, py(v)), (WIDTH - PAD, py(v))])
    curve = line("fit", [(px(x), py(np.polyval(fit, x))) for x in np.linspace(0, 1 / n.min(), 30)])
    shown = "".join(flat("v1", v) for v in row.claim.rivals if v in near)
    if row.expected in near:
        shown += flat("v0", row.expected)
    end = (f'<line class="bar" x1="{px(0):.1f}" x2="{px(0):.1f}" y1="{py(row.value - row.se):.1f}" '
           f'y2="{py(row.value + row.se):.1f}"/><circle class="end" cx="{px(0):.1f}" '
           f'cy="{py(row.value):.1f}" r="3"/>')
    rows = [(px(1 / a), py(b), py(b - c), py(b + c)) for a, b, c in zip(n, y, s)]
    return shown + curve + dots(rows) + end + axis(["∞", f"n = {n.min():.0f}"], "limit")


def spark_power(row):
    """Values against n, both logarithmic; the powers v0 (line) and v1 (dashes) through their middle."""
    q, k = row.number, row.worst
    n, y, s = (np.array([r[i] if i == 0 else r[i][k] for r in q.sizes]) for i in range(3))
    x, z, e = np.log(n), np.log(y), np.minimum(s / y, 0.9)
    lines = {"v1": row.claim.rivals[0], "v0": row.expected}
    at = {kind: z.mean() + v * (x - x.mean()) for kind, v in lines.items()}
    px = scale(x, PAD, WIDTH - PAD)
    py = scale([*(z - e), *(z + e), *at["v0"], *at["v1"]], HEIGHT - 14, PAD - 2)
    drawn = "".join(line(kind, [(px(a), py(b)) for a, b in zip(x, at[kind])]) for kind in lines)
    return drawn + dots([(px(a), py(b), py(b - c), py(b + c)) for a, b, c in zip(x, z, e)]) + \
        axis([f"n = {n.min():.0f}", f"{n.max():.0f}"], "log-log")


def axis(ends, middle):
    y = HEIGHT - 2
    return (f'<line class="axis" x1="0" x2="{WIDTH}" y1="{HEIGHT - 12}" y2="{HEIGHT - 12}"/>'
            f'<text x="1" y="{y}">{ends[0]}</text>'
            f'<text x="{WIDTH / 2}" y="{y}" text-anchor="middle">{middle}</text>'
            f'<text x="{WIDTH - 1}" y="{y}" text-anchor="end">{ends[1]}</text>')


def spark(row):
    draw = {"limit": spark_limit, "power": spark_power}.get(row.number.kind if row.number else "")
    if draw is None or len(row.number.sizes) < 2:
        return ""
    label = html.escape(f"{row.claim.what} over the sizes")
    return (f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
            f"{draw(row)}</svg>")


# ---- the table ----

def pill(word):
    kind, sign = SIGNS[word]
    return f'<span class="pill {kind}">{sign} {word}</span>'


def table_row(i, row, config):
    c = row.claim
    link = corrected(row)
    if link:
        target = numbers()[c.corrected_by]
        link = f'<br><a class="soft" href="#row{target}">{html.escape(link)}</a>'
    note = f" ({text(c.note)})" if c.note else ""
    head = (f'<tr id="row{i}" data-verdict="{row.word}"><td class="number">{i}</td>'
            f'<td class="claim">{text(c.text)}<br><span class="soft">{text(c.source)}{note}</span></td>')
    where = f"<p>{html.escape(config)}.ini, panel {html.escape(c.panel)}</p>"
    if row.number is None:
        return head + ('<td class="value" data-label="predicted">–</td>'
                       '<td class="value" data-label="measured">–</td>'
                       f'<td>{pill(row.word)}{where}</td><td class="plot"></td></tr>')
    more = (f"<details><summary>panel {html.escape(c.panel)}</summary>{where}"
            f"<p>{text(c.what)}</p><p>{text(finite_size(row))}</p><p>p under the prediction "
            f"{text(probability(row.p0))}, if wrong {text(probability(row.p1))}</p></details>")
    return head + (
        f'<td class="value" data-label="predicted">{text(relation(row))}<br><span class="soft">if wrong '
        f'{text(rivals(row))}: {text(c.rival_words)}</span></td>'
        f'<td class="value" data-label="measured">{text(measured(row))}<br>'
        f'<span class="soft">{text(c.what)}</span></td><td>{pill(row.word)}{link}{more}</td>'
        f'<td class="plot">{spark(row)}</td></tr>')


def anchor(title):
    return "".join(ch if ch.isalnum() else "-" for ch in title.lower())


HEAD = """<table><colgroup><col class="number"><col class="claim"><col><col><col class="verdict">
<col class="plot"></colgroup><thead><tr><th></th><th>claim</th><th>predicted</th>
<th>measured ± s.e.</th><th>verdict</th><th>over the sizes</th></tr></thead>"""


def section(title, rows, first, run):
    config = str(run.attrs.get("name", "?"))
    body = "\n".join(table_row(i, row, config) for i, row in enumerate(rows, first))
    drawn = []
    for panels, options, caption in FIGURES.get(title, []):
        if set(panels) <= {p.panel for p in run.points}:
            drawn += [image(fig, caption) for fig, _ in figures(run, panels, **options)]
    return (f'<section id="{anchor(title)}"><h2>{html.escape(title)}</h2>\n<div class="box">'
            f"{HEAD}\n<tbody>\n{body}\n</tbody></table></div>\n{''.join(drawn)}</section>")


def method():
    first, rest = RULE.split("\n\n", 1)
    return (f'<section id="method"><h2>How verdicts are reached</h2><p>{text(first)}</p>'
            f"<pre>{html.escape(rest)}</pre></section>")


def page(run, rows, note=""):
    tiles = "".join(f'<div class="tile {SIGNS[w][0]}"><b>{k}</b>{w}</div>'
                    for w, k in counts(rows).items())
    nav = "".join(f'<a href="#{anchor(t)}">{html.escape(t)}</a> ' for t, _ in SECTIONS)
    parts, first = [], 0
    for title, claims in SECTIONS:
        parts.append(section(title, rows[first:first + len(claims)], first + 1, run))
        first += len(claims)
    config = html.escape(str(run.attrs.get("config", "")))
    body = f"""<h1>The ledger</h1>
<p>{len(CLAIMS)} claims on random features of neural networks, of Adlam, Levinson and Pennington (A), of
Piccolo and Schröder (B), and of this project (ours), each against the simulation in one file.</p>
<div class="tiles">{tiles}</div>
{facts_list(facts(run, note))}
<nav>{nav}<a href="#method">How verdicts are reached</a></nav>
<p class="soft">Small figures: measured values over the sizes; line: what the claim says, dashes: what
would make it wrong; open circle: the limit.</p>
{chr(10).join(parts)}
{method()}
<section><h2>Configuration</h2><pre>{config}</pre></section>"""
    return whole_page("nlrmt: the ledger", body, STYLE)
