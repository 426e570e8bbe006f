"""What is printed of a study: its reading, and its plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from gis_wufei.cli.answer import WARNING, console_of, table, tell
from gis_wufei.text import say

if TYPE_CHECKING:
    from gis_wufei.plan import Plan, Reading


def print_plan(plan: Plan, folder: Path, lang: str) -> None:
    """The summary of a plan, its warnings, and where its files are."""
    from gis_wufei.report import summary_table

    console = console_of()
    title = plan.study.spec.title.in_lang(lang)
    frame = summary_table(plan, lang)
    rows = table(f"{title} · {plan.study.label.in_lang(lang)}", *(str(column) for column in frame.columns))
    for row in frame.itertuples(index=False):
        rows.add_row(*(escape(str(cell)) for cell in row))
    console.print(rows)
    if plan.study.spec.notice is not None:
        tell(console, plan.study.spec.notice.in_lang(lang))
    for warning in plan.warnings:
        tell(console, warning.text(lang), WARNING)
    for stream in plan.streams.values():
        for warning in (*stream.explanation, *stream.warnings):
            tell(console, warning.text(lang), WARNING)
    tell(console, say("cli.written", lang, folder=folder))


def print_reading(reading: Reading, lang: str) -> None:
    """Layers, streams and roads of a study that was read, and what to be warned of."""
    console = console_of()
    layers = table(say("cli.layers", lang), *(say(f"cli.layers.{key}", lang) for key in LAYER_KEYS))
    for name, layer in reading.layers.by_name.items():
        paper = layer.certificate
        kind = say(f"synthetic.{paper.synthetic}", lang)
        shown = (f"{layer.label.in_lang(lang)} ({name})", f"{paper.rows_kept:,}", paper.crs, kind)
        layers.add_row(*(escape(cell) for cell in shown))
    console.print(layers)
    streams = table(say("cli.streams", lang), *(say(f"cli.streams.{key}", lang) for key in STREAM_KEYS))
    for name, facts in _ground_facts(reading).items():
        label = reading.study.spec.streams[name].label.in_lang(lang)
        cells = [f"{label} ({name})", *(f"{value:,.0f}" for value in facts.values())]
        streams.add_row(*(escape(cell) for cell in cells))
    console.print(streams)
    road = reading.network
    tell(console, say("cli.network", lang, nodes=road.nodes, km=road.length_km, parts=road.components))
    for warning in reading.warnings:
        tell(console, warning.text(lang), WARNING)
    tell(console, say("cli.checked", lang))


LAYER_KEYS = ("layer", "rows", "crs", "synthetic")
STREAM_KEYS = ("stream", "places", "off_road", "t_per_year", "eligible_ha", "sites")


def _ground_facts(reading: Reading) -> dict[str, dict[str, float]]:
    return {
        name: {
            "places": len(ground.demand.places),
            "places_off_road": int((ground.trips.snap.edge[ground.place_points] < 0).sum()),
            "t_per_year": ground.demand.t_per_year,
            "eligible_ha": ground.eligibility.grid.area_ha(ground.eligibility.eligible),
            "sites": len(ground.sites),
        }
        for name, ground in reading.grounds.items()
    }


def reading_json(reading: Reading, lang: str) -> dict[str, Any]:
    """The same for machines."""
    return {
        "study": reading.study.spec.name,
        "scenario": reading.study.scenario,
        "layers": {
            name: {
                "rows": layer.certificate.rows_kept,
                "crs": layer.certificate.crs,
                "synthetic": layer.certificate.synthetic,
                "sha256": layer.certificate.sha256,
                "status": layer.certificate.status,
            }
            for name, layer in reading.layers.by_name.items()
        },
        "network": {
            "nodes": reading.network.nodes,
            "length_km": reading.network.length_km,
            "components": reading.network.components,
        },
        "streams": _ground_facts(reading),
        "warnings": [warning.text(lang) for warning in reading.warnings],
    }
