"""What several parts of the map ask of a stream's plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gis_wufei.maps.shapes import joined, rows_of
from gis_wufei.plan import StreamPlan
from gis_wufei.standards import facilities
from gis_wufei.text import Text, text


def place_names(stream: StreamPlan) -> dict[str, str]:
    """Name of every place; its id where it has none."""
    places = stream.demand.places
    return {str(place): name.strip() or str(place) for place, name in zip(places.index, places["name"], strict=True)}


def missed_by_place(stream: StreamPlan) -> np.ndarray[Any, np.dtype[np.float64]]:
    """t a year that are not served, in the order of the places."""
    missed = stream.unserved.assign(t_per_year=stream.unserved["t_per_year"].astype(float))
    by_place = missed.groupby("place_id")["t_per_year"].sum()
    return np.asarray(by_place.reindex(stream.demand.places.index, fill_value=0.0).to_numpy(float))


def reasons(stream: StreamPlan) -> dict[str, Text]:
    """Why a place is not served, in words."""
    found: dict[str, list[Text]] = {}
    for row in rows_of(stream.unserved):
        found.setdefault(str(row.place_id), []).append(reason_words(str(row.reason), str(row.detail or "")))
    return {place: told for place, texts in found.items() if (told := joined(texts))}


def reason_words(reason: str, detail: str) -> Text:
    """A reason of the catalogue with its detail."""
    told = text(reason)
    return Text(zh=f"{told.zh}（{detail}）", en=f"{told.en} ({detail})") if detail else told


def size_label(stream: StreamPlan, size: str) -> Text | None:
    """A size class in words; an existing site keeps its own."""
    if size == "existing":
        return text("map.size_existing")
    return next((one.label for one in facilities()[stream.spec.facility.kind].sizes if one.id == size), None)


def rule_words(stream: StreamPlan, ids: str) -> Text | None:
    """Rules by id and in words."""
    label = {line.rule_id: line.label for line in stream.eligibility.ledger}
    named = [(rule, label[rule]) for rule in ids.split(", ") if rule]
    return joined([Text(zh=f"{rule} {one.zh}", en=f"{rule} {one.en}") for rule, one in named])


def unserved_by_reason(stream: StreamPlan) -> Iterator[tuple[str, int, float]]:
    """Reason, places and t a year of what is not served, the most first."""
    table = stream.unserved.assign(t_per_year=stream.unserved["t_per_year"].astype(float))
    sums = table.groupby("reason").agg(places=("place_id", "nunique"), t=("t_per_year", "sum"))
    for row in rows_of(sums.sort_values(["t"], ascending=False, kind="stable")):
        yield str(row.Index), int(row.places), float(row.t)
