"""The certificate of one layer, for people and machines: what it says, and its three files."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gis_wufei import __version__
from gis_wufei.errors import Fault, Rows, visible, writing
from gis_wufei.layers import Certificate, Remark, roles
from gis_wufei.layers.certificate import ANSWERS
from gis_wufei.report.certificate_page import certificate_html
from gis_wufei.report.quarantine import quarantine_csv, quarantine_table
from gis_wufei.text import say

HTML_FILE, JSON_FILE, QUARANTINE_FILE = "certificate.html", "certificate.json", "quarantine.csv"
MOST_COLUMNS = 40  # named one by one on the page; the JSON has them all
MOST_LISTED = 1000  # rows of one answer in the JSON, beside their count; the quarantine table has the others


def facts_of(paper: Certificate, lang: str) -> dict[str, str]:
    """What a certificate says of a file, label by label; what is not known is left out."""
    origin = paper.provenance
    role = roles().get(paper.role)
    west_east = "" if paper.extent is None else "{:.5f}, {:.5f} – {:.5f}, {:.5f}".format(*paper.extent)
    more = len(paper.columns) - MOST_COLUMNS
    told: dict[str, object] = {
        "file": paper.path.name,
        "layer": paper.layer,
        "role": "" if role is None else f"{role.label.in_lang(lang)} ({paper.role})",
        "rows": _rows(paper, lang),
        "shapes": ", ".join(f"{say(f'shape.{kind}', lang)} {count:,}" for kind, count in paper.shapes.items()),
        "columns": ", ".join(paper.columns[:MOST_COLUMNS]) + (f", +{more}" if more > 0 else ""),
        "format": paper.format,
        "encoding": paper.encoding,
        "crs": paper.crs,
        "datum": paper.datum,
        "zone": paper.zone,
        "axes": paper.axes,
        "unit": paper.unit,
        "working": paper.working,
        "extent": west_east,
        "synthetic": say(f"synthetic.{paper.synthetic}", lang),
        "source": origin.source or "; ".join(paper.sources[:5]),
        "date": origin.date,
        "licence": origin.licence,
        "authority": origin.authority,
        "secrecy": say(f"secrecy.{origin.secrecy or 'unknown'}", lang),
        "url": origin.url,
        "bytes": f"{paper.bytes:,}" if paper.sha256 else "",
        "sha256": paper.sha256,
    }
    return {say(f"paper.{key}", lang): visible(str(value)) for key, value in told.items() if value}


def remarks_of(paper: Certificate, lang: str) -> list[tuple[str, str, str]]:
    """Every answer with its code and sentence; faults first."""
    faults = [("rejected", fault.code, _of_fault(fault, lang)) for fault in paper.faults]
    return faults + [(answer, remark.code, _of_remark(remark, lang)) for answer, remark in paper.remarks]


def verdict_of(paper: Certificate, lang: str) -> str:
    """The status as one sentence with its counts."""
    counts = {answer: len(getattr(paper, answer)) for answer in ANSWERS}
    return say(f"verdict.{paper.status}", lang, faults=len(paper.faults), **counts)


def certificate_json(paper: Certificate) -> dict[str, Any]:
    """The whole certificate as plain values, sentences in both languages; no path of this machine."""
    return {
        "made_by": "gis_wufei",
        "format": 1,
        "version": __version__,
        "status": paper.status,
        "name": paper.name,
        "role": paper.role,
        "file": paper.path.name,
        "layer": paper.layer,
        "sha256": paper.sha256 or None,
        "bytes": paper.bytes,
        "kind": paper.format,
        "encoding": paper.encoding or None,
        "crs": paper.crs or None,
        "datum": paper.datum or None,
        "zone": paper.zone or None,
        "axes": paper.axes or None,
        "unit": paper.unit or None,
        "working_crs": paper.working or None,
        "extent_deg": None if paper.extent is None else list(paper.extent),
        "rows_read": paper.rows_read,
        "rows_kept": paper.rows_kept,
        "shapes": dict(paper.shapes),
        "columns": list(paper.columns),
        "synthetic": paper.synthetic,
        "sources": list(paper.sources),
        "provenance": paper.provenance.model_dump(),
        **{answer: [_remark_json(remark, paper.ids) for remark in getattr(paper, answer)] for answer in ANSWERS},
        "faults": [fault_json(fault, paper.ids) for fault in paper.faults],
    }


def write_certificate(paper: Certificate, folder: Path, lang: str = "zh") -> list[Path]:
    """Write ``certificate.html``, ``certificate.json`` and, where rows are concerned, ``quarantine.csv``.

    Each file is written beside its place and moved in when all are whole; the quarantine table of an
    earlier check goes if no row is concerned any more.

    Raises
    ------
    InputError
        The folder cannot be written (E-OUT-002), or holds certificates that are not ours (E-OUT-001).
    """
    table = quarantine_table(paper, lang)
    page = certificate_html(
        title=f"{say('paper.title', lang)} · {visible(paper.path.name)}",
        lang=lang,
        status=paper.status,
        verdict=verdict_of(paper, lang),
        facts=facts_of(paper, lang),
        remarks=remarks_of(paper, lang),
        answers={answer: say(f"answer.{answer}", lang) for answer in ("rejected", *ANSWERS)},
        table=table,
        note=say("paper.note", lang),
    )
    files = {
        HTML_FILE: page,
        JSON_FILE: json.dumps(certificate_json(paper), ensure_ascii=False, indent=1, allow_nan=False) + "\n",
    }
    if len(table):
        files[QUARANTINE_FILE] = quarantine_csv(table)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        written = _moved_in(folder, {name: content.encode("utf-8", "replace") for name, content in files.items()})
        if not len(table):
            (folder / QUARANTINE_FILE).unlink(missing_ok=True)
    return written


def _moved_in(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".wufei-") as private:
        for name, content in files.items():
            with (Path(private) / name).open("wb") as stream:
                stream.write(content)
                stream.flush()
                with suppress(OSError):  # a share that cannot sync
                    os.fsync(stream.fileno())
        for name in files:
            (Path(private) / name).replace(folder / name)
    return [folder / name for name in files]


def _rows(paper: Certificate, lang: str) -> str:
    if not paper.rows_read or paper.format == "GTiff":  # of a raster its cells are told
        return ""
    return say("paper.rows_text", lang, read=paper.rows_read, kept=paper.rows_kept)


def _of_fault(fault: Fault, lang: str) -> str:
    return f"{visible(fault.where)}: {fault.sentence(lang)}"


def _of_remark(remark: Remark, lang: str) -> str:
    change = ""
    if remark.before is not None and remark.after is not None:
        change = f" [{remark.before:,.6g} → {remark.after:,.6g}{' ' + remark.unit if remark.unit else ''}]"
    return visible(remark.text(lang) + change)


def _remark_json(remark: Remark, ids: Mapping[int, str]) -> dict[str, Any]:
    """A remark as plain values; where it names rows only, the ids of these stand beside them."""
    rows = remark.rows[:MOST_LISTED]
    named = list(remark.ids)
    if rows and all(told.split(" (")[0] == str(row) for told, row in zip(named, rows, strict=False)):
        named = [ids.get(row, "") for row in rows] if ids else []
    return {
        "code": remark.code,
        "count": remark.count,
        "ids": named,
        "field": remark.field,
        "rows": list(rows),
        "before": remark.before,
        "after": remark.after,
        "unit": remark.unit or None,
        "zh": visible(remark.text("zh")),
        "en": visible(remark.text("en")),
    }


def fault_json(fault: Fault, ids: Mapping[int, str]) -> dict[str, Any]:
    """A fault as plain values, its sentence in both languages; ``count`` is that of all its rows."""
    meant: Rows = fault.rows_meant
    rows = meant.numbers[:MOST_LISTED]
    return {
        "code": fault.code,
        "where": visible(fault.where),
        "layer": fault.layer,
        "field": meant.column or None,
        "count": len(meant.numbers),
        "rows": list(rows),
        "ids": list(fault.ids[:MOST_LISTED] or (ids.get(row, "") for row in rows)),
        "values": list(meant.values[:MOST_LISTED]),
        "zh": fault.text("zh"),
        "en": fault.text("en"),
    }
