"""What the plan of one stream leaves, as layers of the page."""

from __future__ import annotations

from itertools import pairwise
from math import floor, log10
from typing import Any

import numpy as np

from gis_wufei.maps import styles
from gis_wufei.maps.facts import (
    missed_by_place,
    place_names,
    reasons,
    rule_words,
    size_label,
)
from gis_wufei.maps.raster import picture
from gis_wufei.maps.shapes import degrees_of, features, rows_of
from gis_wufei.maps.words import column, fill, pair, words
from gis_wufei.plan import Plan, StreamPlan
from gis_wufei.report import CLASSES, land_codes, straight_lines
from gis_wufei.report.lineage import land_layers, place_states, state_of, stream_layers, together
from gis_wufei.standards import facilities
from gis_wufei.text import Text, text

Json = dict[str, Any]

MOST_STOPS = 12
"""Stops that a trip's popup names."""

TIERS = ("small", "middle", "large")


class StreamLayers:
    """The layers of one stream, in the order of the layer panel: the upper lies over the lower."""

    def __init__(self, plan: Plan, stream: StreamPlan) -> None:
        self.plan = plan
        self.stream = stream
        self.position = list(plan.streams).index(stream.id)
        self.kind = facilities()[stream.spec.facility.kind]
        self.per = f"t_per_{self.kind.capacity_per}"
        self.site_name = stream.sites["name"].astype(str).to_dict()
        self.place_name = place_names(stream)
        self.derived = state_of(plan, stream_layers(plan, stream))

    def layers(self) -> list[Json]:
        """Every layer that has something to show."""
        parts = (self.sites, self.places, self.haul, self.trips, self.allocation, self.candidates)
        return [layer for part in parts if (layer := part())["features"]["features"]]

    def _entry(self, name: str, geometry: str, collection: Json, fields: list[Json], **more: Any) -> Json:
        look = styles.of_result(name, self.position)
        return {
            "id": f"{self.stream.id}-{name}",
            "group": self.stream.id,
            "label": words(f"map.layer.{name}", facility=self.kind.label),
            "geometry": geometry,
            "visible": self.position == 0 and look["visible"],
            "source": words("map.source_plan"),
            "synthetic": self.derived,
            "style": dict(look["style"]),
            "fields": fields,
            "title_field": "title",
            "search": False,
            "features": collection,
        } | more

    def _classed(self, name: str, field: str, labels: dict[str, Text], amounts: dict[str, Json] | None = None) -> Json:
        look = styles.of_result(name, self.position)
        classes = [
            {
                "value": value,
                "label": pair(label),
                **look["classes"][value],
                **({"amount": amounts[value]} if amounts else {}),
            }
            for value, label in labels.items()
        ]
        first = next(iter(look["classes"].values()))
        return dict(look["style"]) | {"by": {"field": field, "classes": classes, "other": first}}

    def places(self) -> Json:
        """Every place by its tonnes; those not served, or in part, stand out."""
        places = self.stream.demand.places
        by_place = self.stream.assignments.groupby("place_id", sort=True)
        served_by = by_place["site_id"].agg(lambda ids: ", ".join(self.site_name[site] for site in ids))
        road_km = by_place["road_km"].max()
        missed = missed_by_place(self.stream)
        tonnes = places["t_per_year"].to_numpy(float)
        breaks = tier_breaks(tonnes)
        tier = np.array(TIERS)[np.searchsorted(breaks, tonnes, side="right")]
        look = np.where(missed > 0, np.where(missed < tonnes - 1e-6, "partly", "unserved"), tier)
        reason = reasons(self.stream)
        states = place_states(self.plan, self.stream)
        rows = [
            {
                "title": self.place_name[place],
                "township": row.township,
                "tonnes": row.t_per_year,
                "range": f"{row.t_per_year_low:,.1f} – {row.t_per_year_high:,.1f}",
                "served_by": served_by.get(place),
                "road_km": road_km.get(place),
                "missed": missed[i] or None,
                "reason": reason.get(place),
                "code": place,
                "synthetic": states[place],
                "look": str(look[i]),
            }
            for i, (place, row) in enumerate(zip(places.index, rows_of(places), strict=True))
        ]
        labels = _tier_labels(breaks)
        labels |= {name: text(f"map.place.{name}") for name in ("partly", "unserved")}
        labels = {name: label for name, label in labels.items() if (look == name).any()}
        amounts = {name: words("map.amount.t_per_year", amount=f"{tonnes[look == name].sum():,.0f}") for name in labels}
        return self._entry(
            "places",
            "point",
            features(places.geometry, rows),
            [
                column("township"),
                column("tonnes", "t_per_year", 1),
                column("range", "t_per_year"),
                column("served_by"),
                column("road_km", "km", 1),
                column("missed", "t_per_year", 1),
                column("reason"),
                column("code"),
            ],
            style=self._classed("places", "look", labels, amounts),
            synthetic=together(states),
            search=True,
        )

    def sites(self) -> Json:
        """Sites in service, new and existing."""
        opened = self.stream.opened
        rounds = self.stream.collection.sites.reindex(opened.index)
        cycles = self.stream.collection.cycles_per_year
        labels = {state: text(f"map.site.{state}") for state in ("candidate", "keep")}
        rows = [
            {
                "title": site.name_,
                "state": labels[site.state],
                "size": size_label(self.stream, site.size_),
                "capacity": site.capacity,
                "load": site.load,
                "tonnes": site.t_per_year if self.kind.capacity_per == "day" else None,
                "places": int(site.places),
                "cost": site.yuan_per_year / 1e4,
                "trucks": rounds["trucks"].get(site.Index),
                "km_per_year": rounds["km"].get(site.Index, np.nan) * cycles,
                "ground": site.area_m2 / 1e4,
                "conditions": rule_words(self.stream, site.conditions),
                "conflicts": rule_words(self.stream, site.conflicts),
                "lonlat": lonlat,
                "look": site.state,
            }
            for site, lonlat in zip(
                opened.rename(columns={"name": "name_", "size": "size_"}).itertuples(),
                degrees_of(opened.geometry),
                strict=True,
            )
        ]
        present = {state: label for state, label in labels.items() if (opened["state"] == state).any()}
        return self._entry(
            "sites",
            "point",
            features(opened.geometry, rows),
            [
                column("state"),
                column("size"),
                column("capacity", self.per, 1),
                column("load", self.per, 1),
                column("tonnes", "t_per_year", 1),
                column("places"),
                column("cost", "wan_per_year", 1),
                column("trucks"),
                column("km_per_year", "km_per_year", 0),
                column("ground", "ha", 1),
                column("conditions"),
                column("conflicts"),
                column("lonlat"),
            ],
            style=self._classed("sites", "look", present),
            search=True,
            names="strong",
        )

    def candidates(self) -> Json:
        """Candidate sites that were not opened."""
        sites = self.stream.sites
        closed = sites[~sites["opened"] & (sites["state"] == "candidate")]
        rows = [
            {
                "title": self.site_name[str(site)],
                "ground": row.area_m2 / 1e4,
                "score": row.score,
                "conditions": rule_words(self.stream, row.conditions),
                "left_out": text(row.left_out) if row.left_out else None,
                "lonlat": lonlat,
                "look": "left_out" if row.left_out else "usable",
            }
            for site, row, lonlat in zip(closed.index, rows_of(closed), degrees_of(closed.geometry), strict=True)
        ]
        labels = {name: text(f"map.candidate.{name}") for name in ("usable", "left_out")}
        present = {name: label for name, label in labels.items() if any(row["look"] == name for row in rows)}
        return self._entry(
            "candidates",
            "point",
            features(closed.geometry, rows),
            [
                column("ground", "ha", 1),
                column("score", None, 2),
                column("conditions"),
                column("left_out"),
                column("lonlat"),
            ],
            style=self._classed("candidates", "look", present),
        )

    def allocation(self) -> Json:
        """A straight line from each place to the site that serves it."""
        table = self.stream.assignments
        rows = [
            {
                "title": f"{self.place_name[row.place_id]} → {self.site_name[row.site_id]}",
                "tonnes": row.t_per_year,
                "road_km": row.road_km,
                "minutes": row.minutes,
                "share": 100 * row.share if row.share < 1 else None,
            }
            for row in rows_of(table)
        ]
        return self._entry(
            "allocation",
            "line",
            features(straight_lines(self.stream), rows),
            [
                column("tonnes", "t_per_year", 1),
                column("road_km", "km", 1),
                column("minutes", "min", 0),
                column("share", "percent", 0),
            ],
        )

    def trips(self) -> Json:
        """The rounds on the road, each distinct one once."""
        lines = self.stream.collection.lines
        number = lines.groupby("site_id").cumcount() + 1
        days = self.stream.spec.collection.cycle_days
        campaign = self.stream.spec.collection.cycles_per_year is not None
        rows = [
            {
                "title": f"{self.site_name[row.site_id]} · {n}",
                "stops": int(row.stop_count),
                "via": _via([self.place_name[place] for place in row.stops.split(" > ")]),
                "tonnes_trip": row.t / row.times,
                "km": row.km,
                "times": fill("map.times_campaign" if campaign else "map.times", times=int(row.times), days=days),
            }
            for row, n in zip(rows_of(lines), number, strict=True)
        ]
        return self._entry(
            "trips",
            "line",
            features(lines.geometry, rows),
            [
                column("stops"),
                column("via"),
                column("tonnes_trip", "t", 2),
                column("km", "km", 1),
                column("times"),
            ],
        )

    def haul(self) -> Json:
        """The way on from each site to where the stream ends."""
        lines = self.stream.haul
        rows = [
            {
                "title": f"{self.site_name[row.site_id]} → {row.destination}",
                "tonnes": row.t_per_year,
                "road_km": row.road_km,
                "minutes": row.minutes,
                "trips_per_year": row.trips_per_year,
                "cost": row.yuan_per_year / 1e4,
            }
            for row in rows_of(lines)
        ]
        return self._entry(
            "haul",
            "line",
            features(lines.geometry, rows),
            [
                column("tonnes", "t_per_year", 1),
                column("road_km", "km", 1),
                column("minutes", "min", 0),
                column("trips_per_year", None, 0),
                column("cost", "wan_per_year", 1),
            ],
        )

    def land(self) -> Json:
        """The ground by its class (``CLASSES``) as a picture."""
        look = styles.of_result("land", self.position)
        grid, codes = self.stream.eligibility.grid, land_codes(self.stream.eligibility)
        url, corners = picture(grid, codes, [look["classes"][name] for name in CLASSES.values()])
        legend = [
            {
                "label": words(f"map.ground.{name}", ha=f"{grid.area_ha(codes == code):,.0f}"),
                "color": look["classes"][name],
            }
            for code, name in CLASSES.items()
        ]
        return {
            "id": f"{self.stream.id}-land",
            "group": self.stream.id,
            "label": words("map.layer.land", facility=self.kind.label),
            "visible": look["visible"],
            "opacity": look["opacity"],
            "bounds": corners,
            "png": url,
            "synthetic": state_of(self.plan, land_layers(self.plan, self.stream)),
            "legend": legend,
        }


def tier_breaks(tonnes: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    """Two round numbers that part the places into thirds, or fewer where they do not differ."""
    thirds = np.quantile(tonnes, [1 / 3, 2 / 3]) if len(tonnes) else np.zeros(2)
    rounded = sorted({_round(float(value)) for value in thirds if value > 0})
    return [value for value in rounded if tonnes.min() < value <= tonnes.max()]


def _round(value: float) -> float:
    step = 10.0 ** floor(log10(value))
    return float(min((1.0, 2.0, 5.0, 10.0), key=lambda m: abs(log10(m * step / value))) * step)


def _tier_labels(breaks: list[float]) -> dict[str, Text]:
    if not breaks:
        return {"small": text("map.place.served")}
    edges = [f"{value:,.6g}" for value in breaks]
    labels = [fill("map.place.below", t=edges[0])]
    labels += [fill("map.place.between", low=low, high=high) for low, high in pairwise(edges)]
    labels += [fill("map.place.above", t=edges[-1])]
    return dict(zip(TIERS, labels, strict=False))


def _via(names: list[str]) -> str:
    more = len(names) - MOST_STOPS
    return " → ".join(names[:MOST_STOPS]) + (f" … +{more}" if more > 0 else "")
