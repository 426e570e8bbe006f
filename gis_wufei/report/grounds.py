"""What a plan rests on, as tables: rules, cited numbers, layers, and what to be warned of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gis_wufei import __version__
from gis_wufei.crs import crs_label
from gis_wufei.layers import Certificate, Remark, roles
from gis_wufei.plan import Plan, StreamPlan
from gis_wufei.report.lineage import state_of
from gis_wufei.report.table import MU_PER_HA, Table, by_stream, yes
from gis_wufei.standards import facilities
from gis_wufei.text import Text, catalogue, say

SHOWN_SOURCES = 5


def ledger(plan: Plan, lang: str) -> Table:
    """What every rule took from the land; no figure where a rule was not applied."""

    def rows(stream: StreamPlan) -> pd.DataFrame:
        lines = stream.eligibility.ledger
        touched = np.array([line.touched_ha if line.applied else np.nan for line in lines])
        alone = np.array([line.alone_ha if line.applied else np.nan for line in lines])
        states = [state_of(plan, [layer.name for layer in plan.layers.of_role(line.role)]) for line in lines]
        return pd.DataFrame(
            {
                "rule_id": [line.rule_id for line in lines],
                "rule": [line.label.in_lang(lang) for line in lines],
                "effect": [say(f"effect.{line.effect}", lang) for line in lines],
                "distance_m": [line.distance_m for line in lines],
                "applied": yes([line.applied for line in lines], lang),
                "touched_ha": touched,
                "touched_mu": touched * MU_PER_HA,
                "alone_ha": alone,
                "alone_mu": alone * MU_PER_HA,
                "role": [roles()[line.role].label.in_lang(lang) for line in lines],
                "status": [say(f"status.{line.status}", lang) for line in lines],
                "superseded": yes([line.superseded for line in lines], lang),
                "change": [line.reason for line in lines],
                "source": [source_in(line.source, lang) for line in lines],
                "synthetic": [
                    say(f"synthetic.{state}", lang) if line.applied else ""
                    for state, line in zip(states, lines, strict=True)
                ],
            }
        )

    return by_stream("ledger", plan, lang, rows)


def numbers(plan: Plan, lang: str) -> Table:
    """Every cited number in use: value, range, unit, status and source."""
    frame = plan.numbers.sort_values("id", kind="stable")
    table = pd.DataFrame(
        {
            "number_id": frame["id"],
            "number": frame[f"label_{'zh' if lang == 'zh' else 'en'}"],
            **{column: frame[column] for column in ("value", "low", "high", "unit")},
            "status": [say(f"status.{status}", lang) for status in frame["status"]],
            "source": [source_in(source, lang) for source in frame["source"]],
            "streams": frame["streams"],
        }
    )
    return Table("numbers", lang, table.reset_index(drop=True), "")


def layers(plan: Plan, lang: str) -> Table:
    """The certificate of every layer: what was read, repaired and doubted, synthetic or not, and its source."""
    rows = []
    for layer in plan.layers.by_name.values():
        paper = layer.certificate
        rows.append(
            {
                "layer": layer.name,
                "name": layer.label.in_lang(lang),
                "role": roles()[layer.role].label.in_lang(lang),
                "file": file_of(plan, paper),
                "rows_read": paper.rows_read,
                "rows_kept": paper.rows_kept,
                "crs": paper.crs,
                "encoding": paper.encoding,
                "synthetic": say(f"synthetic.{paper.synthetic}", lang),
                "repaired": _remarks((*paper.guessed, *paper.repaired, *paper.dropped), lang),
                "warned": _remarks(paper.warned, lang),
                "source": _few(credits_of(paper)),
                "secrecy": say(f"secrecy.{paper.provenance.secrecy or 'unknown'}", lang),
                "sha256": paper.sha256,
            }
        )
    return Table("layers", lang, pd.DataFrame(rows), state_of(plan))


def warnings(plan: Plan, lang: str) -> Table:
    """Every warning of the study and its streams, and why a stream has no plan."""
    study = say("report.study", lang)
    told = [(study, warn) for warn in plan.warnings]
    for stream in plan.streams.values():
        told += [(stream.spec.label.in_lang(lang), warn) for warn in (*stream.explanation, *stream.warnings)]
    rows = [(scope, warn.code, warn.text(lang)) for scope, warn in told]
    return Table("warnings", lang, pd.DataFrame(rows, columns=["scope", "code", "text"], dtype=object), state_of(plan))


def file_of(plan: Plan, paper: Certificate) -> str:
    """A layer's file as the study names it, never a path of this machine."""
    if paper.path.is_relative_to(plan.study.folder):
        return paper.path.relative_to(plan.study.folder).as_posix()
    return paper.path.name


def source_in(source: str, lang: str) -> str:
    """A source of the standards: documents by their own names, our phrases (``cited.``) in the reader's language."""
    phrases = {entry.en: entry.in_lang(lang) for key, entry in catalogue().items() if key.startswith("cited.")}
    return "; ".join(phrases.get(part, part) for part in source.split("; "))


def costs_left_out(stream: StreamPlan) -> Text | None:
    """What the cost of a stream's facilities leaves out, beyond what every cost does; None where nothing is known."""
    kind = facilities()[stream.spec.facility.kind]
    if kind.costs_leave_out is None:
        return None
    told = {lang: say("report.costs_kind", lang, kind=kind.label, what=kind.costs_leave_out) for lang in ("zh", "en")}
    return Text(**told)


def _remarks(remarks: Sequence[Remark], lang: str) -> str:
    return "; ".join(remark.text(lang) for remark in remarks)


def credits_of(paper: Certificate) -> tuple[str, ...]:
    """What the study states of a layer's origin, then what its rows name as their sources."""
    credit = paper.provenance.credit
    return (*((credit,) if credit else ()), *paper.sources)


def _few(sources: Sequence[str]) -> str:
    more = len(sources) - SHOWN_SOURCES
    return "; ".join(sources[:SHOWN_SOURCES]) + (f"; +{more}" if more > 0 else "")


def about(plan: Plan, lang: str) -> list[tuple[str, str]]:
    """What a reader must know before the tables: the study, its notice, and which layers are synthetic."""
    spec = plan.study.spec
    by_state: dict[str, list[str]] = {}
    for layer in plan.layers.by_name.values():
        by_state.setdefault(layer.certificate.synthetic, []).append(layer.label.in_lang(lang))
    left_out = {told.in_lang(lang) for stream in plan.streams.values() if (told := costs_left_out(stream))}
    comma = "、" if lang == "zh" else ", "
    colon = "：" if lang == "zh" else ": "
    lines = [
        ("title", spec.title.in_lang(lang)),
        ("scenario", f"{plan.study.label.in_lang(lang)} ({plan.study.scenario})"),
        *((("notice", spec.notice.in_lang(lang)),) if spec.notice is not None else ()),
        *(
            ("synthetic_layers", f"{say(f'synthetic.{state}', lang)}{colon}{comma.join(by_state[state])}")
            for state in ("all", "some", "unknown", "none")
            if state in by_state
        ),
        ("date", spec.date.isoformat()),
        ("seed", str(plan.seed)),
        ("crs", crs_label(plan.grid.crs)),
        ("version", f"gis_wufei {__version__}"),
        ("units", say("report.units_text", lang)),
        ("costs", say("report.costs_text", lang)),
        *(("costs", told) for told in sorted(left_out)),
    ]
    return [(say(f"report.{key}", lang), text) for key, text in lines]
