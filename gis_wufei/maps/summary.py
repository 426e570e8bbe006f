"""The summary panel: key figures of each stream in a planner's units, and what must be said with them."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from gis_wufei.maps.facts import reason_words, unserved_by_reason
from gis_wufei.maps.shapes import plain_value
from gis_wufei.maps.words import fill, pair, words
from gis_wufei.plan import Plan, StreamPlan
from gis_wufei.plan.model import Warn
from gis_wufei.report import costs_left_out
from gis_wufei.standards import facilities
from gis_wufei.text import Text

Json = dict[str, Any]

# What a figure rests on: families of numbers by the first part of their id.
DEMAND = ("factor", "crop")
LAND = ("rule",)
WAY = (*DEMAND, "road", "vehicle", "study")
COST = (*WAY, "facility", "discount_rate_per_year")
FAMILIES = ("crop", "facility", "vehicle", "road", "rule", "study")


@dataclass(frozen=True)
class Figure:
    """One of the plan's figures as the panel shows it: ``value = figure / per`` in ``unit``."""

    name: str
    unit: str | None
    per: float = 1.0
    digits: int = 0
    rests_on: tuple[str, ...] = ()
    needs_plan: bool = True  # not shown where there is no plan
    headline: bool = False


FIGURES = (
    Figure("t_per_year", "t_per_year", rests_on=DEMAND, needs_plan=False, headline=True),
    Figure("sites_open", None, headline=True),
    Figure("yuan_per_year", "wan_per_year", 1e4, 1, COST, headline=True),
    Figure("yuan_per_t", "yuan_per_t", digits=0, rests_on=COST, headline=True),
    Figure("peak_t_per_day", "t_per_day", digits=1, rests_on=DEMAND, needs_plan=False),
    Figure("sites_new", None),
    Figure("site_yuan_per_year", "wan_per_year", 1e4, 1, COST),
    Figure("collection_yuan_per_year", "wan_per_year", 1e4, 1, COST),
    Figure("haul_yuan_per_year", "wan_per_year", 1e4, 1, COST),
    Figure("trucks", None, rests_on=WAY),
    Figure("collection_km_per_year", "km_per_year", rests_on=WAY),
    Figure("haul_km_per_year", "km_per_year", rests_on=WAY),
    Figure("mean_road_km", "km", digits=1),
    Figure("max_road_km", "km", digits=1),
    Figure("places", None, needs_plan=False),
    Figure("places_unserved", None, needs_plan=False),
    Figure("unserved_t_per_year", "t_per_year", rests_on=DEMAND, needs_plan=False),
    Figure("eligible_ha", "ha", rests_on=LAND, needs_plan=False),
    Figure("land_ha", "ha", needs_plan=False),
    Figure("sites_candidate", None, needs_plan=False),
)


def summary(plan: Plan) -> list[Json]:
    """One card per stream, and one with what concerns them all."""
    cards = [_card(plan, stream) for stream in plan.streams.values()]
    if plan.warnings:
        notes = [both(warning) for warning in plan.warnings]
        cards.append({"id": "", "label": words("map.all_streams"), "status": None, "figures": [], "notes": notes})
    return cards


def both(warning: Warn) -> Json:
    """A warning in both languages."""
    return {lang: warning.text(lang) for lang in ("zh", "en")}


def _card(plan: Plan, stream: StreamPlan) -> Json:
    shaky = unverified(plan, stream)
    planned = stream.siting.status not in ("infeasible", "timeout")
    figures = [_figure(stream, one, shaky) for one in FIGURES if planned or not one.needs_plan]
    figures.insert(sum(not figure["minor"] for figure in figures), _range(stream, shaky))
    return {
        "id": stream.id,
        "label": pair(stream.spec.label),
        "status": words(f"status.{stream.siting.status}"),
        "figures": figures,
        "notes": list(_notes(stream)),
    }


def _figure(stream: StreamPlan, one: Figure, shaky: frozenset[str]) -> Json:
    value = stream.figures[one.name] / one.per
    digits = one.digits
    if one.unit == "t_per_year" and 0 < value < 100:
        digits = 1
    return {
        "id": one.name,
        "label": words(f"map.figure.{one.name}"),
        "value": plain_value(value),
        "digits": digits,
        "unit": words(f"map.unit.{one.unit}") if one.unit else None,
        "mark": "estimate" if shaky.intersection(one.rests_on) else None,
        "minor": not one.headline,
    }


def _range(stream: StreamPlan, shaky: frozenset[str]) -> Json:
    low, high = (stream.figures[f"t_per_year_{level}"] for level in ("low", "high"))
    digits = 0 if high >= 100 else 1
    return {
        "id": "range",
        "label": words("map.figure.range"),
        "value": f"{low:,.{digits}f} – {high:,.{digits}f}",
        "digits": None,
        "unit": words("map.unit.t_per_year"),
        "mark": "estimate" if shaky.intersection(DEMAND) else None,
        "minor": True,
    }


def unverified(plan: Plan, stream: StreamPlan) -> frozenset[str]:
    """Families of numbers of which the stream uses one that is not verified."""
    table = plan.numbers
    mine = table[[stream.id in users.split(", ") for users in table["streams"]]]
    return frozenset(_family(str(name)) for name in mine.loc[mine["status"] != "verified", "id"])


def _family(number: str) -> str:
    head = number.split(".")[0]
    return head if head in FAMILIES or head == "discount_rate_per_year" else "factor"


def _notes(stream: StreamPlan) -> list[Json]:
    found: list[Json] = [both(fact) for fact in stream.explanation]
    if stream.spec.note:
        found.append(pair(stream.spec.note))
    proof = siting_words(stream)
    if proof:
        found.append(pair(proof))
    cost, bound = (stream.figures[f"{name}_yuan_per_year"] / 1e4 for name in ("collection", "routing_bound"))
    if cost > 0 and isfinite(bound):
        found.append(words("map.routing_words", cost=f"{cost:,.1f}", bound=f"{bound:,.1f}"))
    remarks = (costs_left_out(stream), facilities()[stream.spec.facility.kind].remark)
    found += [pair(remark) for remark in remarks if remark]
    for reason, places, tonnes in unserved_by_reason(stream):
        told = f"{tonnes:,.{0 if tonnes >= 100 else 1}f}"
        found.append(words("map.unserved_words", reason=reason_words(reason, ""), places=f"{places:,}", t=told))
    return found + [both(warning) for warning in stream.warnings]


def siting_words(stream: StreamPlan) -> Text | None:
    """How good the siting is by its own estimate of cost, with gap and bound; None without a plan."""
    result = stream.siting
    if result.objective is None or result.bound is None or result.gap is None:
        return None
    return fill(
        "map.siting_words",
        gap=f"{100 * result.gap:.2f}",
        cost=f"{result.objective / 1e4:,.1f}",
        bound=f"{result.bound / 1e4:,.1f}",
    )
