"""The one verb: bring a public source in, once; from its server, or from a file carried in by hand."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyogrio

from gis_wufei.errors import Fault, InputError, listed, writing
from gis_wufei.fetch.area import MOST_DEG2, Box, box_of, square_degrees
from gis_wufei.fetch.net import allow, probe
from gis_wufei.fetch.osm_file import read_extract
from gis_wufei.fetch.osm_table import KINDS, Elements, frame_of, themes
from gis_wufei.fetch.overpass import read_overpass
from gis_wufei.fetch.raster import addresses, check_raster, read_window
from gis_wufei.fetch.record import Made, checked, kept, write_record
from gis_wufei.fetch.sources import Source, sources
from gis_wufei.layers.outgoing import fixed_date
from gis_wufei.layers.provenance import read_sidecar
from gis_wufei.layers.tell import hint

RAW = "raw"  # folder of fetched files in a study
CARRIED = ("url", "urls", "fetched_utc", "bbox", "missing", "date")  # of the sidecar that came with a file


@dataclass(frozen=True)
class Request:
    """What is wanted of one source, checked once: the words of ``bring`` with the defaults filled in."""

    name: str
    source: Source
    folder: Path
    box: Box | None
    file: Path | None
    sha256: str | None
    offline: bool
    overwrite: bool
    url: str
    country: str | None


def bring(
    name: str,
    to: Path | None = None,
    study: Path | None = None,
    bbox: str | None = None,
    file: Path | None = None,
    sha256: str | None = None,
    offline: bool = False,
    overwrite: bool = False,
    url: str | None = None,
    country: str | None = None,
) -> list[Made]:
    """Bring one public source in; what is there already is kept and the network left alone.

    Parameters
    ----------
    name
        Name of the source (``sources``).
    to
        Folder to write into; default: ``raw`` in the study's folder.
    study, bbox
        The area: a study's boundary with 3 km around it, or "west,south,east,north" in degrees.
    file, sha256
        A file carried in by hand, and the hash it must have.
    offline
        Forbid the network; so does ``GIS_WUFEI_OFFLINE=1``.
    overwrite
        Fetch again what is there.
    url
        Another server for the same data (a mirror).
    country
        Three letters, for sources that come by country.

    Raises
    ------
    InputError
        Every trouble, with the next step; without a network within seconds.
    MissingExtraError
        A reader that is not installed.
    """
    if name not in sources():
        facts = {"name": name, "hint": hint(name, sources()), "known": listed(sources())}
        raise InputError([Fault("E-FETCH-001", "fetch", facts)])
    source, folder = sources()[name], _folder(to, study)
    wish = Request(
        name=name,
        source=source,
        folder=folder,
        box=box_of(study, bbox),
        file=file,
        sha256=sha256,
        offline=offline,
        overwrite=overwrite,
        url=url or source.url,
        country=country,
    )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return _osm(wish) if source.kind == "osm" else [_raster(wish)]


def _folder(to: Path | None, study: Path | None) -> Path:
    if to is not None:
        return to
    if study is None:
        raise InputError([Fault("E-FETCH-010", "--to")])
    return (study if study.is_dir() else study.parent) / RAW


def _area(box: Box | None, name: str) -> Box:
    if box is None:
        raise InputError([Fault("E-FETCH-006", name, {"found": "-"})])
    if square_degrees(box) > MOST_DEG2:
        raise InputError([Fault("E-FETCH-009", name, {"cells": f"{square_degrees(box):.0f}°²", "limit": MOST_DEG2})])
    return box


def _osm(wish: Request) -> list[Made]:
    name, source, box, file = wish.name, wish.source, wish.box, wish.file
    origin_hash = None if file is None else checked(file, wish.sha256)
    paths = {theme: wish.folder / f"{theme}.gpkg" for theme in themes()}
    there = {theme: kept(path, name, box, origin_hash, wish.overwrite) for theme, path in paths.items()}
    if all(there.values()):
        return [made for made in there.values() if made is not None]
    more: dict[str, Any]
    if file is not None:
        elements, day = read_extract(file)
        origin, urls, tools = file.name, [], ("osmium", "pyogrio")
        more = {"origin": file.name, "origin_sha256": origin_hash, "date": day}
    else:
        box = _area(box, name)
        allow(wish.offline, name, source.by_hand)
        address = wish.url.rstrip("/")
        probe(f"{address}/status", name, source.by_hand)
        elements = read_overpass(box, address)
        origin, urls, tools = "Overpass", [address], ("osmnx", "pyogrio")
        more = {}
    if not any(found.ids for found in elements.values()):
        raise InputError([Fault("E-FETCH-008", name, {"box": "-" if box is None else ", ".join(map(str, box))})])
    return _written(wish, box, paths, elements, origin, urls, more, tools)


def _written(
    wish: Request,
    box: Box | None,
    paths: Mapping[str, Path],
    elements: Mapping[str, Elements],
    origin: str,
    urls: list[str],
    more: Mapping[str, Any],
    tools: tuple[str, ...],
) -> list[Made]:
    """All themes, whole or none: written apart, then moved in."""
    credit = f"OpenStreetMap contributors ({wish.source.licence}), {origin}"
    facts: dict[str, dict[str, Any]] = {}
    folder = wish.folder
    with tempfile.TemporaryDirectory(dir=folder, prefix=".wufei-") as private, fixed_date(), writing(folder):
        for theme, path in paths.items():
            frame, left_out = frame_of(theme, elements[theme], credit, box)
            facts[theme] = {"rows": len(frame), "left_out": left_out, "table": themes()[theme].source or None}
            kind = KINDS[themes()[theme].take]
            options = {"dataset_options": {"VERSION": "1.2"}, "layer_options": {"GEOMETRY_NAME": "geom"}}
            place = Path(private) / path.name
            pyogrio.write_dataframe(frame, place, layer=theme, driver="GPKG", geometry_type=kind, **options)
        for path in paths.values():
            (Path(private) / path.name).replace(path)
    return [
        write_record(path, wish.source, wish.name, urls, box, {**more, **facts[theme]}, tools)
        for theme, path in paths.items()
    ]


def _raster(wish: Request) -> Made:
    name, source, file = wish.name, wish.source, wish.file
    target = wish.folder / f"{name}.tif"
    if file is not None:
        origin_hash = checked(file, wish.sha256)
        found = kept(target, name, None, origin_hash, wish.overwrite)
        if found is not None:
            return found
        check_raster(file)
        beside = read_sidecar(file)
        with _new(target) as place:
            shutil.copyfile(file, place)
        carried = {key: beside[key] for key in CARRIED if key in beside and beside.get("source") == name}
        more = {"origin": file.name, "origin_sha256": origin_hash, **carried, "bbox": None}
        return write_record(target, source, name, [], None, more)
    box = _area(wish.box, name)
    found = kept(target, name, box, None, wish.overwrite)
    if found is not None:
        return found
    urls = addresses(source, wish.url, box, wish.country, name)
    allow(wish.offline, name, source.by_hand)
    with _new(target) as place:
        there, missing = read_window(urls, box, place, name, source.by_hand)
    return write_record(target, source, name, there, box, {"missing": missing, "unit": source.unit}, ("rasterio",))


@contextmanager
def _new(target: Path) -> Iterator[Path]:
    """A name beside the target that becomes the target when all went well."""
    place = target.with_name(f".new-{target.name}")
    try:
        yield place
        place.replace(target)
    finally:
        with suppress(OSError):
            place.unlink(missing_ok=True)
