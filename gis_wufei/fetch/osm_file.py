"""A local extract of OpenStreetMap (.osm.pbf), read by pyosmium in one pass over its elements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import shapely

from gis_wufei.errors import Fault, InputError, MissingExtraError
from gis_wufei.fetch.osm_table import Elements, themes

SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.bz2", ".osm.gz")


def read_extract(path: Path) -> tuple[dict[str, Elements], str | None]:
    """The elements of every theme, and the day of the data where the file states it.

    Raises
    ------
    MissingExtraError
        pyosmium is not installed.
    InputError
        Not an extract, or damaged.
    """
    if not path.name.lower().endswith(SUFFIXES):
        raise InputError([Fault("E-FETCH-004", path.name, {"wanted": ", ".join(SUFFIXES)})])
    try:
        import osmium
    except ImportError as error:
        raise MissingExtraError("pyosmium is needed (需要 pyosmium): pip install 'gis-wufei[osm]'") from error
    found = {name: Elements() for name in themes()}
    keys = sorted({theme.key for theme in themes().values()})
    try:
        with osmium.io.Reader(str(path)) as reader:
            day = reader.header().get("osmosis_replication_timestamp")[:10] or None
        _collect(osmium, path, keys, found)
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError([Fault("E-FETCH-004", path.name, {"wanted": ".osm.pbf"})]) from error
    return found, day


def _collect(osmium: Any, path: Path, keys: list[str], found: dict[str, Elements]) -> None:
    factory = osmium.geom.WKBFactory()
    wanted = {
        kind: [(name, theme) for name, theme in themes().items() if theme.take == kind]
        for kind in ("point", "line", "area")
    }
    area_keys = [theme.key for _, theme in wanted["area"]]
    processor = (
        osmium.FileProcessor(str(path))
        .with_locations()
        .with_areas(osmium.filter.KeyFilter(*area_keys))
        .with_filter(osmium.filter.KeyFilter(*keys))
    )
    for element in processor:
        kind = element.type_str()
        if kind == "n":
            themes_of, make, name = wanted["point"], factory.create_point, f"n{element.id}"
        elif kind == "w":
            themes_of, make, name = wanted["line"], factory.create_linestring, f"w{element.id}"
        elif kind == "a":
            letter = "w" if element.from_way() else "r"
            themes_of, make, name = wanted["area"], factory.create_multipolygon, f"{letter}{element.orig_id()}"
        else:
            continue
        tags = {tag.k: tag.v for tag in element.tags}
        for theme_name, theme in themes_of:
            if theme.wants(tags):
                try:
                    shape: str | None = make(element)
                except osmium.InvalidLocationError:  # it runs out of the extract
                    shape = _within(element) if kind == "w" else None
                    found[theme_name].cut += 1
                except RuntimeError:  # a single point is no line, a torn outline no area
                    shape = None
                    found[theme_name].shapeless += 1
                if shape is not None:
                    found[theme_name].add(name, tags, shape)


def _within(way: Any) -> str | None:
    """The longest piece of a way whose points the extract has."""
    runs: list[list[tuple[float, float]]] = [[]]
    for node in way.nodes:
        if node.location.valid():
            runs[-1].append((node.lon, node.lat))
        elif runs[-1]:
            runs.append([])
    longest = max(runs, key=len)
    return str(shapely.to_wkb(shapely.LineString(longest), hex=True)) if len(longest) > 1 else None
