"""nlrmt_ledger_text: the ledger as text, as CSV rows and as a Markdown table."""
import math
import textwrap

import numpy as np

from nlrmt_claims import CLAIMS, SECTIONS
from nlrmt_read import h5py
from nlrmt_verdict import RULE, WORDS

WIDTH = 100


def short(x):
    """A predicted value: what it takes, no more."""
    return f"{x:.4g}" if x == 0 or 1e-3 <= abs(x) < 1e4 else f"{x:.1e}"


def with_error(x, se):
    """-0.912 ± 0.022: two digits of the error."""
    if not (math.isfinite(se) and se > 0):
        return short(x)
    digits = 1 - math.floor(math.log10(se))
    if digits < 6 and abs(x) < 1e4:
        return f"{x:.{max(0, digits)}f} ± {se:.{max(0, digits)}f}"
    return f"{x:.1e} ± {se:.1e}"


def probability(p):
    return "< 1e-99" if p < 1e-99 else f"{p:.2g}" if p >= 1e-3 else f"{p:.0e}"


def counts(rows):
    return {w: sum(r.word == w for r in rows) for w in WORDS}


def counts_text(rows):
    return ", ".join(f"{k} {w}" for w, k in counts(rows).items() if k)


def relation(row):
    return ("" if row.claim.relation == "=" else row.claim.relation + " ") + short(row.expected)


def rivals(row):
    """The value that would make the claim wrong, ± where it has two."""
    away = [v - row.expected for v in row.claim.rivals]
    if len(away) == 2 and math.isclose(-away[0], away[1]):
        return f"{short(row.expected)} ± {short(away[1])}" if row.expected else f"± {short(away[1])}"
    return " or ".join(map(short, row.claim.rivals))


def measured(row):
    """The number that decides, and of how many it is the worst."""
    text = with_error(row.value, row.se)
    q = row.number
    if len(q.value) > 1:
        name = q.names[row.worst] if q.names else ""
        text += f" ({name}, the worst of {len(q.value)})"
    return text


def finite_size(row):
    q = row.number
    return q.model + (f"; allowance {q.allowance:.2g}" if q.allowance else "")


def numbers():
    """name -> number of the row."""
    return {c.name: i for i, c in enumerate(CLAIMS, 1)}


def corrected(row):
    at = numbers().get(row.claim.corrected_by)
    return f"put right by row {at}" if at and row.word == "refuted" else ""


def phases(run):
    """Seconds of all trials in all phases, largest over the ranks."""
    return sum(float(v.sum()) for p in run.points for v in p.timing.values()
               if p.layer == p.attrs.get("layers", 1))


def facts(run, note=""):
    """[(word, text)] on the file; note: what else to say."""
    a = run.attrs
    first = lambda key: str(a.get(key, "?")).split(",")[0].split(" NO_")[0]
    done = [p.trials for p in run.points]
    shown = [("file", run.path), ("config", f"{a.get('name', '?')}.ini, seed {a.get('seed', '?')}, "
              f"{len({p.panel for p in run.points})} panels, {len(done)} points, {sum(done)} trials"),
             ("program", f"nlrmt {a.get('version', '?')} ({a.get('git_commit', '?')}), "
              f"{a.get('ranks', '?')} rank(s), {first('mpi')}, {first('openblas')} (core "
              f"{a.get('openblas_core', '?')}), ELPA {first('elpa')}, HDF5 {first('hdf5')}; read with "
              f"numpy {np.__version__}, h5py {h5py.__version__}"),
             ("run", f"{a.get('started', '?')} to {a.get('finished') or '?'}, {phases(run):.0f} s in the "
              f"trials{'' if run.complete else '; NOT COMPLETE'}")]
    if note:
        shown.append(("note", note))
    for panel, _, why in run.skipped:
        shown.append(("skipped", f"[{panel}] {why}"))
    return shown


def wrap(text, indent):
    print("\n".join(textwrap.wrap(text, WIDTH, initial_indent=" " * indent,
                                  subsequent_indent=" " * (indent + 2))))


def print_row(i, row):
    c = row.claim
    print("\n".join(textwrap.wrap(f"{i:>3} {row.word.upper():<13} {c.text}", WIDTH,
                                  subsequent_indent=" " * 18)))
    note = "".join(f"; {x}" for x in (c.note, corrected(row)) if x)
    wrap(f"{c.source}{note}. [{c.panel}]", 4)
    if row.number is None:
        return
    wrap(f"{c.what}: predicted {relation(row)} (p {probability(row.p0)}), measured {measured(row)}; "
         f"if wrong {rivals(row)}, {c.rival_words} (p {probability(row.p1)})", 4)
    wrap(f"finite size: {finite_size(row)}", 4)


def print_ledger(run, rows, note=""):
    print("\n".join(textwrap.wrap(f"ledger: {counts_text(rows)}, of {len(rows)} claims", WIDTH)))
    for word, text in facts(run, note):
        print("\n".join(textwrap.wrap(f"{word:<8}{text}", WIDTH, subsequent_indent=" " * 8)))
    i = 0
    for title, claims in SECTIONS:
        print(f"\n{title}")
        for row in rows[i:i + len(claims)]:
            i += 1
            print_row(i, row)
    print("\n" + RULE)


CSV = ("row", "name", "section", "claim", "source", "config", "panel", "observable", "relation", "predicted",
       "rival", "rival_words", "measured", "se", "allowance", "components", "worst", "finite_size",
       "p_predicted", "p_rival", "verdict", "corrected_by")


def csv_rows(run, rows):
    """The header, then one list a row."""
    yield CSV
    section = {c.name: title for title, claims in SECTIONS for c in claims}
    for i, row in enumerate(rows, 1):
        c, q = row.claim, row.number
        found = [None] * 9 if q is None else [
            row.value, row.se, q.allowance, len(q.value), q.names[row.worst] if q.names else "",
            finite_size(row), row.p0, row.p1]
        yield [i, c.name, section[c.name], c.text, c.source, run.attrs.get("name", "?"), c.panel, c.what,
               c.relation, None if q is None else row.expected, " ".join(map(str, c.rivals)),
               c.rival_words, *found[:8], row.word, c.corrected_by]


def markdown(run, rows, note=""):
    """The table and the rule; docs/ledger.md is this."""
    cell = lambda text: str(text).replace("|", "\\|").replace("*", "\\*").replace("~", "\\~")
    out = [f"# The ledger\n\n{counts_text(rows).capitalize()}, of {len(rows)} claims.\n"]
    out += [f"- {word}: {cell(text)}" for word, text in facts(run, note)]
    out.append("\nMade by `tools/nlrmt_ledger FILE.h5 --markdown docs/ledger.md` from the output of "
               "`configs/verify.ini`.\nA: Adlam, Levinson, Pennington; B: Piccolo, Schröder; ours: "
               "this project's pages.\n")
    i = 0
    for title, claims in SECTIONS:
        out.append(f"## {title}\n\n| | claim | source | panel | number | predicted | measured ± s.e. | "
                   "if wrong | finite size | verdict |\n|---|---|---|---|---|---|---|---|---|---|")
        for row in rows[i:i + len(claims)]:
            i += 1
            c = row.claim
            found = ["", "", "", "", ""] if row.number is None else [
                relation(row), measured(row), f"{rivals(row)}: {c.rival_words}", finite_size(row)]
            source = c.source + (f"; {c.note}" if c.note else "")
            word = f"**{row.word}**" + (f", {corrected(row)}" if corrected(row) else "")
            out.append("| " + " | ".join(map(cell, (i, c.text, source, c.panel, c.what, *found[:4]))) +
                       f" | {word} |")
        out.append("")
    out.append("## How verdicts are reached\n\n```\n" + RULE + "\n```")
    return "\n".join(out) + "\n"
