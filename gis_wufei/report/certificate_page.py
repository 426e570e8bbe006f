"""The certificate as one page: no script, no network, every text from a file escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import pandas as pd

from gis_wufei.errors import visible

MOST_ROWS = 500  # of the quarantine table on the page; the CSV has them all
LONGEST = 200
# Colours as on the maps' pages: dark on a light ground of the same hue, readable in print.
COLOURS = {
    "accepted": ("#0b5d2a", "#e6f4ea"),
    "repaired": ("#0b4f8a", "#e5f0fa"),
    "warned": ("#7a4b00", "#fff3d6"),
    "rejected": ("#8c1d18", "#fde7e5"),
}
STYLE = """
body{font:15px/1.55 "Noto Sans SC","Microsoft YaHei","PingFang SC",sans-serif;max-width:62rem;
margin:2rem auto;padding:0 1rem;color:#1d2329}
h1{font-size:1.35rem;overflow-wrap:anywhere}h2{font-size:1.05rem;margin-top:1.8rem}
.verdict{padding:.7rem 1rem;border-radius:.4rem;font-weight:600}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;
padding:.25rem .6rem;border-bottom:1px solid #d8dee4;
overflow-wrap:anywhere;unicode-bidi:isolate}
th{font-weight:600;white-space:nowrap}td.n{white-space:nowrap}code{font-size:.9em}
.note{color:#57606a;font-size:.9rem}@media print{body{margin:0;max-width:none}}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def certificate_html(
    *,
    title: str,
    lang: str,
    status: str,
    verdict: str,
    facts: Mapping[str, str],
    remarks: Sequence[tuple[str, str, str]],
    answers: Mapping[str, str],
    table: pd.DataFrame,
    note: str,
) -> str:
    """The page; ``remarks`` are (answer, code, sentence), ``table`` that of the rows concerned."""
    ink, ground = COLOURS[status]
    parts = [
        f'<!doctype html><html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(title)}</title><style>{STYLE}.verdict{{color:{ink};background:{ground}}}</style></head><body>",
        f'<h1>{_text(title)}</h1><p class="verdict" data-status="{status}">{_text(verdict)}</p>',
    ]
    if remarks:
        parts.append("<table>")
        parts += [
            f'<tr><th>{_text(answers[answer])}</th><td class="n"><code>{_text(code)}</code></td>'
            f"<td>{_text(sentence)}</td></tr>"
            for answer, code, sentence in remarks
        ]
        parts.append("</table>")
    parts.append("<table>")
    parts += [f"<tr><th>{_text(label)}</th><td>{_text(value)}</td></tr>" for label, value in facts.items()]
    parts.append("</table>")
    if len(table):
        parts.append("<h2>quarantine.csv</h2><table><tr>")
        shown = table.drop(columns="sentence").head(MOST_ROWS)
        parts += [f"<th>{_text(str(column))}</th>" for column in shown.columns]
        parts.append("</tr>")
        for cells in shown.itertuples(index=False):
            parts.append("<tr>" + "".join(f"<td>{_text(_short(str(cell)))}</td>" for cell in cells) + "</tr>")
        parts.append("</table>")
        if len(table) > MOST_ROWS:
            parts.append(f"<p>+{len(table) - MOST_ROWS:,}</p>")
    parts.append(f'<p class="note">{_text(note)}</p></body></html>\n')
    return "\n".join(parts)


def _text(words: str) -> str:
    return escape(visible(words))


def _short(words: str) -> str:
    return words if len(words) <= LONGEST else words[:LONGEST] + "…"
