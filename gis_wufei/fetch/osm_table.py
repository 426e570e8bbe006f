"""Elements of OpenStreetMap as layers of ours: which are taken, and what their tags mean here (``fetch/osm.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from gis_wufei.crs import WGS84, in_china
from gis_wufei.fetch.area import Box
from gis_wufei.network.tags import oneway, road_class, road_words

PEOPLE = re.compile(r"^\d{1,9}$")
KINDS = {"line": "LineString", "point": "Point", "area": "MultiPolygon"}


class Closed(BaseModel):
    """Tags by which a road is not open to the public; the first key that is there decides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[str, ...]
    words: tuple[str, ...]


class Theme(BaseModel):
    """One layer that is taken of OpenStreetMap."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    take: Literal["line", "point", "area"]
    key: str
    classes: dict[str, str]
    any: bool = False
    keep: tuple[str, ...]
    source: str = ""
    closed: Closed | None = None
    without: dict[str, tuple[str, ...]] = {}

    def wants(self, tags: Mapping[str, str]) -> bool:
        """Whether an element with these tags belongs to the layer."""
        value = tags.get(self.key)
        return value is not None and (self.any or value in self.classes)


@cache
def themes() -> dict[str, Theme]:
    """Every layer by the name of its file."""
    told = files("gis_wufei.fetch").joinpath("osm.yaml").read_text(encoding="utf-8")
    entries = YAML(typ="safe", pure=True).load(told)
    entries["roads"] |= {
        "source": road_words().source,
        "classes": road_words().classes,
        "without": road_words().without,
    }
    return {name: Theme(**entry) for name, entry in entries.items()}


@dataclass
class Elements:
    """Elements of one theme as they are read: id with n, w or r before it, tags, shape as hexadecimal WKB."""

    ids: list[str] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    wkb: list[str] = field(default_factory=list)
    cut: int = 0  # run out of the extract; what lies within is kept, if it has a shape
    shapeless: int = 0

    def add(self, element: str, tags: Mapping[str, str], wkb: str) -> None:
        """One more element."""
        self.ids.append(element)
        self.tags.append(dict(tags))
        self.wkb.append(wkb)


def frame_of(name: str, elements: Elements, origin: str, box: Box | None) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    """The layer in the order of ids, and how many elements were left out and why."""
    theme = themes()[name]
    shapes = shapely.from_wkb(np.array(elements.wkb, dtype=object)) if elements.wkb else np.array([], dtype=object)
    order = sorted(range(len(elements.ids)), key=lambda at: (elements.ids[at][0], int(elements.ids[at][1:])))
    left_out: dict[str, int] = {"cut": elements.cut, "shapeless": elements.shapeless}
    if box is not None and order:
        inside = shapely.intersects(shapes, shapely.box(*box))
        order = [at for at in order if inside[at]]
    if theme.without:
        outlines = {
            at for at in order if any(elements.tags[at].get(key) in theme.without[key] for key in theme.without)
        }
        left_out["outline"] = len(outlines)
        order = [at for at in order if at not in outlines]
    if theme.closed is not None:
        shut = [at for at in order if _shut(theme.closed, elements.tags[at])]
        left_out["not_public"] = len(shut)
        closed = set(shut)
        order = [at for at in order if at not in closed]
    tags = [elements.tags[at] for at in order]
    table: dict[str, Any] = {"osm_id": [elements.ids[at] for at in order]}
    picked = shapes[order] if order else shapes[:0]
    table |= COLUMNS[name](theme, tags, picked, table["osm_id"])
    raw = {key: [tag.get(key) for tag in tags] for key in theme.keep}
    # As objects: a tag that no element has is text all the same.
    kept = {(f"osm_{key}" if key in table else key): pd.Series(cells, dtype=object) for key, cells in raw.items()}
    table |= kept
    table |= {"synthetic": [False] * len(order), "source": [origin] * len(order)}
    told = {reason: count for reason, count in left_out.items() if count or reason in ("outline", "not_public")}
    return gpd.GeoDataFrame(pd.DataFrame(table), geometry=picked, crs=WGS84), told


def _shut(closed: Closed, tags: Mapping[str, str]) -> bool:
    value = next((tags[key] for key in closed.keys if key in tags), None)
    return value in closed.words


Columns = Callable[[Theme, Sequence[Mapping[str, str]], Any, Sequence[str]], dict[str, Any]]


def _roads(theme: Theme, tags: Sequence[Mapping[str, str]], shapes: Any, ids: Sequence[str]) -> dict[str, Any]:
    middle = shapely.get_coordinates(shapely.line_interpolate_point(shapes, 0.5, normalized=True)).reshape(-1, 2)
    here = in_china(middle[:, 0], middle[:, 1])
    return {
        "class": [road_class(tag["highway"], tag.get("ref"), china) for tag, china in zip(tags, here, strict=True)],
        "name": [tag.get("name") for tag in tags],
        "oneway": [oneway(tag) for tag in tags],
        "surface": [tag.get("surface") for tag in tags],
        "bridge": [tag.get("bridge", "no") != "no" for tag in tags],
    }


def _places(theme: Theme, tags: Sequence[Mapping[str, str]], shapes: Any, ids: Sequence[str]) -> dict[str, Any]:
    people = [tag.get("population", "").replace(",", "").replace(" ", "") for tag in tags]
    return {
        "place_id": list(ids),
        "name": [tag.get("name") for tag in tags],
        "class": [theme.classes[tag["place"]] or None for tag in tags],
        "population": pd.array([int(word) if PEOPLE.match(word) else pd.NA for word in people], dtype="Int64"),
    }


def _named(column: str) -> Columns:
    """Name, and the table's word for the key's value in ``column``."""

    def columns(theme: Theme, tags: Sequence[Mapping[str, str]], shapes: Any, ids: Sequence[str]) -> dict[str, Any]:
        return {
            "name": [tag.get("name") for tag in tags],
            column: pd.Series([theme.classes.get(tag[theme.key]) for tag in tags], dtype=object),
        }

    return columns


# A new theme: one entry in osm.yaml, one here.
COLUMNS: dict[str, Columns] = {
    "roads": _roads,
    "places": _places,
    "landuse": _named("role"),
    "natural": _named("role"),
    "waterways": _named("kind"),
    "boundaries": _named("kind"),
}
