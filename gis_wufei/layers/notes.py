"""What is learned while a file is read, kept even if it is refused; the certificate is written from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import ProjError

from gis_wufei.crs import WGS84, crs_label, meridian, transformer, zone_prefix
from gis_wufei.errors import Fault
from gis_wufei.layers.certificate import Certificate, Remark
from gis_wufei.layers.provenance import provenance_of
from gis_wufei.layers.settled import Settled
from gis_wufei.layers.spec import LayerSpec, roles
from gis_wufei.layers.tell import as_text

KINDS = ("point", "line", "line", "polygon", "point", "line", "polygon", "collection")  # by shapely's type id
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")  # of a shapefile
CHUNK = 1 << 20
OURS = ("row", "geometry")


@dataclass
class Notes:
    """The pencil notes of one reading: the door fills them in as it goes, each thing as soon as it is known.

    ``factors`` are, by column, the unit of the file that the study lets convert and how much of ours it is.
    ``table`` is the frame as far as it got (with its column ``row``); ``found``, ``guessed``, ``repaired``,
    ``dropped`` and ``warned`` are the remarks so far.
    """

    name: str
    spec: LayerSpec
    path: Path | None = None
    encoding: str = ""
    format: str = ""
    crs: CRS | None = None
    datum: str = ""  # of an online map, undone
    webmap: str = ""  # datum of an online map that the file states and the study does not contradict
    implied_crs: bool = False  # the system is the format's own, the file says nothing of it
    broken_crs: bool = False  # the file states one that cannot be read
    rows_read: int = 0
    rows_kept: int = 0
    columns: tuple[str, ...] = ()
    table: pd.DataFrame | None = None
    factors: dict[str, tuple[str, float]] = field(default_factory=dict)
    found: list[Remark] = field(default_factory=list)
    guessed: list[Remark] = field(default_factory=list)
    repaired: list[Remark] = field(default_factory=list)
    dropped: list[Remark] = field(default_factory=list)
    warned: list[Remark] = field(default_factory=list)

    def settle(self, settled: Settled) -> None:
        """Take over the system that was decided, and what was remarked on the way."""
        self.crs = None if settled.frame.crs is None else CRS(settled.frame.crs)
        self.datum = settled.datum
        self.table = settled.frame
        self.repaired += settled.repaired
        self.warned += settled.warned

    def certificate(self, faults: Iterable[Fault] = ()) -> Certificate:
        """The certificate as far as the notes go; with faults, that of a rejected file."""
        sha256, size = fingerprint(self.path) if self.path else ("", 0)
        path = self.path or Path(self.spec.path)
        return Certificate(
            path=path,
            layer=self.spec.layer,
            sha256=sha256,
            bytes=size,
            encoding=self.encoding,
            format=self.format or path.suffix.lower().lstrip("."),
            rows_read=self.rows_read,
            rows_kept=self.rows_kept,
            columns=self.columns,
            synthetic=synthetic_of(self.table),
            sources=_sources(self.table),
            shapes=shapes_of(self.table),
            extent=extent_of(self.table, self.crs),
            ids=self._ids(),
            faults=tuple(faults),
            name=self.name,
            role=self.spec.role,
            provenance=provenance_of(path, self.spec.provenance),
            found=tuple(self.found),
            guessed=tuple(self.guessed),
            repaired=tuple(self.repaired),
            dropped=tuple(self.dropped),
            warned=tuple(self.warned),
            **crs_facts(self.crs, self.datum),
        )

    def _ids(self) -> dict[int, str]:
        """Id of each data row, where the role has one."""
        key = roles()[self.spec.role].id
        if self.table is None or key is None or key not in self.table or "row" not in self.table:
            return {}
        told = zip(self.table["row"], self.table[key], strict=True)
        return {int(row): as_text(value) for row, value in told if not pd.isna(value)}


def fingerprint(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file; of a set of files (shapefile, .gdb folder) those of its parts, one after another."""
    if path.is_dir():
        parts = sorted(part for part in path.iterdir() if part.is_file() and not part.is_symlink())
    elif path.suffix.lower() == ".shp":
        parts = [part for suffix in PARTS if (part := side_file(path, suffix)) is not None]
    else:
        parts = [path]
    digest, size = hashlib.sha256(), 0
    for part in parts:
        try:
            with part.open("rb") as stream:
                while block := stream.read(CHUNK):
                    digest.update(block)
                    size += len(block)
        except OSError:  # no right to read it: told by the door
            return "", size
    return digest.hexdigest(), size


def side_file(path: Path, suffix: str) -> Path | None:
    """The part of a shapefile with that suffix, in small or capital letters or, last, in both."""
    known = next((file for end in (suffix, suffix.upper()) if (file := path.with_suffix(end)).is_file()), None)
    if known is not None or not path.parent.is_dir():
        return known
    name = (path.stem + suffix).casefold()
    mixed = sorted(file for file in path.parent.iterdir() if file.name.casefold() == name and file.is_file())
    return mixed[0] if mixed else None


def crs_facts(crs: CRS | None, undone: str = "") -> dict[str, Any]:
    """Label, datum, zone, axes and unit of a system in words that need no translation."""
    if crs is None:
        return {"crs": ""}
    base = crs.geodetic_crs
    axes = " / ".join(f"{axis.abbrev or axis.name} {axis.direction}".strip() for axis in crs.axis_info)
    return {
        "crs": crs_label(crs),
        "datum": (f"{undone} → " if undone else "") + (base.datum.name if base is not None and base.datum else ""),
        "zone": zone_of(crs),
        "axes": axes,
        "unit": crs.axis_info[0].unit_name if crs.axis_info else "",
    }


def zone_of(crs: CRS) -> str:
    """Central meridian of a transverse Mercator system and the zone number its eastings carry, if they do."""
    told = meridian(crs)
    if told is None:
        return ""
    prefix = zone_prefix(crs)
    return f"CM {told[0]:g}°" + (f", {prefix}" if prefix else "")


def synthetic_of(table: pd.DataFrame | None) -> str:
    """Whether the rows are made up; where some do not say, the layer is called neither real nor wholly made up."""
    if table is None or "synthetic" not in table or table["synthetic"].dtype == object:
        return "unknown"
    flags = table["synthetic"]
    if flags.isna().any():
        return "some" if flags.any() else "unknown"
    return "all" if flags.all() else "some" if flags.any() else "none"


def _sources(table: pd.DataFrame | None) -> tuple[str, ...]:
    if table is None or "source" not in table:
        return ()
    return tuple(sorted({str(source) for source in table["source"].dropna().unique()}))


def shapes_of(table: pd.DataFrame | None) -> Mapping[str, int]:
    """Count of each kind of geometry, and of parts, holes and vertices."""
    if not isinstance(table, gpd.GeoDataFrame) or "geometry" not in table or not len(table):
        return {}
    shapes = table.geometry.to_numpy()
    kinds = shapely.get_type_id(shapes)
    told: dict[str, int] = {}
    for kind, count in zip(*np.unique(kinds[kinds >= 0], return_counts=True), strict=True):
        told[KINDS[kind]] = told.get(KINDS[kind], 0) + int(count)
    areas = shapes[np.isin(kinds, (3, 6))]
    holes = int(shapely.get_num_interior_rings(shapely.get_parts(areas)).sum()) if len(areas) else 0
    parts = int(shapely.get_num_geometries(shapes).sum())
    return {**told, "parts": parts, "holes": holes, "vertices": int(shapely.get_num_coordinates(shapes).sum())}


def extent_of(table: pd.DataFrame | None, crs: CRS | None) -> tuple[float, float, float, float] | None:
    """West, south, east, north in degrees; ``None`` where the numbers have no place on the globe."""
    if not isinstance(table, gpd.GeoDataFrame) or crs is None or not len(table):
        return None
    bounds = np.asarray(table.total_bounds, dtype=float)
    if not np.isfinite(bounds).all():
        return None
    west, south, east, north = bounds.tolist()
    try:
        around = transformer(crs, WGS84).transform_bounds(west, south, east, north, 5)
    except ProjError:
        return None
    told = tuple(round(float(value), 6) for value in around)
    return told if all(np.isfinite(told)) else None  # type: ignore[return-value]
