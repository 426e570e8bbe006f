"""The whole plan on one page: what ``render_page`` shows, gathered from a plan and nothing else."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from gis_wufei.crs import crs_label
from gis_wufei.maps.ground import ground_layers
from gis_wufei.maps.results import StreamLayers
from gis_wufei.maps.shapes import bounds
from gis_wufei.maps.summary import summary
from gis_wufei.maps.tables import tables
from gis_wufei.maps.words import credits_of, pair, words
from gis_wufei.plan import Plan

Json = dict[str, Any]


def overview(plan: Plan, lang: str = "zh") -> Json:
    """The payload of the map page; the same plan gives the same payload.

    Parameters
    ----------
    plan
        A plan, whether all of its streams have a solution or not.
    lang
        The language in which the page opens, ``zh`` or ``en``; it holds both.
    """
    spec = plan.study.spec
    streams = [StreamLayers(plan, stream) for stream in plan.streams.values()]
    return {
        "lang": lang,
        "title": pair(spec.title),
        "subtitle": words(
            "map.subtitle", scenario=plan.study.label, date=spec.date.isoformat(), crs=crs_label(plan.grid.crs)
        ),
        "notice": pair(spec.notice) if spec.notice else None,
        "bounds": bounds(plan.layers.area.geometry),
        "groups": [
            *({"id": stream.id, "label": pair(stream.spec.label)} for stream in plan.streams.values()),
            {"id": LAND, "label": words("map.group.land")},
            {"id": BASE, "label": words("map.group.base")},
        ],
        "layers": [*(layer for stream in streams for layer in stream.layers()), *_ground(plan)],
        "images": [stream.land() for stream in streams],
        "summary": summary(plan),
        "tables": tables(plan),
        "sources": _sources(plan),
        "meta": _meta(plan),
    }


# Ids of groups that no stream can have: a stream's id is a slug.
LAND, BASE = "-land", "-base"


def _ground(plan: Plan) -> list[Json]:
    taken = {"land": LAND, "base": BASE}
    return [layer | {"id": f"-{layer['id']}", "group": taken[layer["group"]]} for layer in ground_layers(plan)]


def _sources(plan: Plan) -> list[Json]:
    """Each layer with what its rows name as their source (the credit lines of their licences), and the page's own."""
    found = []
    for layer in plan.layers.by_name.values():
        credit = "; ".join(credits_of(layer))
        found.append(words("map.source_line" if credit else "map.source_none", layer=layer.label, source=credit))
    return found


def _meta(plan: Plan) -> list[Json]:
    spec, network = plan.study.spec, plan.network
    solvers = sorted({stream.siting.solver for stream in plan.streams.values()})
    facts = {
        "study": spec.name,
        "scenario": pair(plan.study.label),
        "law_date": spec.date.isoformat(),
        "costs": words("report.costs_text"),
        "crs": crs_label(plan.grid.crs),
        "cell": words("map.amount.m", amount=f"{spec.cell_m:g}"),
        "network": words(
            "map.network",
            km=f"{network.length_km:,.0f}",
            edges=f"{network.edges:,}",
            parts=f"{network.components:,}",
            share=f"{100 * network.share_in_largest:.1f}",
        ),
        "seed": str(plan.seed),
        "solver": ", ".join(solvers),
        "version": f"gis_wufei {version('gis-wufei')}",
        "drawing": words("map.drawing"),
    }
    return [{"label": words(f"map.meta.{name}"), "value": value} for name, value in facts.items()]
