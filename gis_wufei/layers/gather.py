"""All layers of a study, in one metric system, clipped to the area and the reach of its rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_wufei.crs import WGS84, area_crs, crs_label, length_error
from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.certificate import Layer, Layers, Remark
from gis_wufei.layers.coverage import covered_by_units
from gis_wufei.layers.elsewhere import systems_here
from gis_wufei.layers.joins import joined
from gis_wufei.layers.raster import covered
from gis_wufei.layers.read import open_layer, unforeseen
from gis_wufei.layers.shapes import project
from gis_wufei.layers.shift import doubted
from gis_wufei.layers.spec import LayerSpec, roles
from gis_wufei.layers.tell import SHOWN_IDS
from gis_wufei.text import Text

# Roles that are never cut at the border: a truck may leave the county.
UNCUT = frozenset({"roads", "boundary"})
# Roles that may lie outside altogether, and how far (m): a receiver may stand in another city.
FAR = {"facilities": 300_000.0}
# Lengths of a declared system may be wrong by so much: more than any zone does to its own counties.
MOST_LENGTH_ERROR = 0.002


def gather(
    specs: Mapping[str, LayerSpec],
    folder: Path,
    crs: str = "auto",
    reach_m: float = 0.0,
    step: Callable[[str], None] = lambda name: None,
) -> Layers:
    """Open every layer of a study; faults of all layers are told together.

    Parameters
    ----------
    specs
        Layers by name; exactly one plays the role ``boundary``.
    folder
        The study's folder.
    crs
        ``auto`` (derived from the boundary) or an EPSG code.
    reach_m
        Largest distance of any rule: what lies outside the border but within reach stays, since a
        school across the border excludes, too.
    step
        Called with the name of each layer before it is read.

    Raises
    ------
    InputError
        Every fault of every layer.
    """
    borders = [name for name, spec in specs.items() if spec.role == "boundary"]
    faults: list[Fault] = []
    if len(borders) != 1:
        faults.append(Fault("E-LAYER-018", "layers", {"count": len(borders)}))
    opened: dict[str, Layer] = {}
    for name, spec in specs.items():
        step(name)
        try:
            opened[name] = open_layer(name, spec, folder)
        except InputError as error:
            faults.extend(_of_layer(name, error))
    metric = None if crs == "auto" else _metric(crs, faults)
    if len(borders) != 1 or borders[0] not in opened or (metric is None and crs != "auto"):
        raise InputError(faults)  # without an area nothing more can be said
    border = opened[borders[0]].frame
    with unforeseen(specs[borders[0]].path):
        degrees = border.to_crs(WGS84)
        derived = area_crs(degrees.union_all())
        metric = derived if metric is None else _true_to_scale(metric, derived, degrees.total_bounds, faults)
        area = gpd.GeoDataFrame(geometry=[border.to_crs(metric).union_all()], crs=metric)
        zone = area.geometry.iloc[0].buffer(reach_m)
    layers: dict[str, Layer] = {}
    for name, layer in opened.items():
        try:
            with unforeseen(specs[name].path):
                placed = _clipped(project(layer, metric), zone, specs[name].path, area)
            certificate = replace(placed.certificate, working=crs_label(metric))
            layers[name] = replace(placed, certificate=certificate)
        except InputError as error:
            faults += [_with_hint(fault, layer.frame, area) for fault in _of_layer(name, error)]
    if faults:
        raise InputError(faults)
    return Layers(area, doubted(joined(covered_by_units(layers, area))))


def _with_hint(fault: Fault, frame: gpd.GeoDataFrame, area: gpd.GeoDataFrame) -> Fault:
    """A layer that lies elsewhere, with the systems in which its numbers would lie here."""
    if fault.code != "E-LAYER-013":
        return fault
    return replace(fault, facts={**fault.facts, "hint": systems_here(frame, area)})


def _of_layer(name: str, error: InputError) -> Iterator[Fault]:
    """The faults of a file with the study's name of the layer before it: several layers may share a file."""
    for fault in error.faults:
        told = fault.where.startswith(f"layers.{name}.")
        yield fault if told else replace(fault, where=f"layers.{name}: {fault.where}")


def _metric(crs: str, faults: list[Fault]) -> CRS | None:
    try:
        return CRS.from_user_input(crs)
    except CRSError:
        faults.append(Fault("E-LAYER-016", "crs", {"crs": crs}))
        return None


def _true_to_scale(declared: CRS, derived: CRS, bounds: NDArray[np.float64], faults: list[Fault]) -> CRS:
    """The declared system, or the derived one where lengths would be wrong in it."""
    if declared.equals(derived):
        return declared
    error = length_error(declared, *bounds)
    if error <= MOST_LENGTH_ERROR:
        return declared
    facts = {
        "crs": crs_label(declared),
        "error": f"{error:.1%}" if error <= 1 else "> 100%",
        "derived": crs_label(derived),
        "most": f"{MOST_LENGTH_ERROR:.1%}",
    }
    faults.append(Fault("E-LAYER-025", "crs", facts))
    return derived  # with it the other faults are still true


def _clipped(layer: Layer, zone: shapely.Geometry, where: str, area: gpd.GeoDataFrame) -> Layer:
    """The rows within the zone; a layer that lies elsewhere altogether has another system or is another county's."""
    frame = layer.frame
    extent = shapely.box(*frame.total_bounds)
    if layer.role in FAR:
        if extent.distance(zone) > FAR[layer.role]:
            raise InputError([Fault("E-LAYER-013", where, _extents(frame, area))])
        return layer
    near = frame.geometry.intersects(zone).to_numpy()
    # An airport beyond the border and beyond every rule's reach is no fault; one a county away is.
    if extent.distance(zone) > _size(area) or (not near.any() and layer.role in UNCUT):
        raise InputError([Fault("E-LAYER-013", where, _extents(frame, area))])
    if layer.raster is not None:
        return covered(layer, area)
    if layer.role in UNCUT or near.all():
        return layer
    certificate = replace(layer.certificate, rows_kept=int(near.sum()))
    if roles()[layer.role].id is not None:  # what the study counts by name, not the ground it keeps clear of
        outside = tuple(str(row) for row in frame["row"][~near])
        remark = Remark("R-LAYER-OUTSIDE", len(outside), outside[:SHOWN_IDS], rows=tuple(map(int, outside)))
        certificate = replace(certificate, warned=(*certificate.warned, remark))
    return replace(layer, frame=frame[near].reset_index(drop=True), certificate=certificate)


def _size(area: gpd.GeoDataFrame) -> float:
    """Diagonal of the area's box in metres."""
    west, south, east, north = area.total_bounds
    return float(np.hypot(east - west, north - south))


def _extents(frame: gpd.GeoDataFrame, area: gpd.GeoDataFrame) -> dict[str, object]:
    def box(f: gpd.GeoDataFrame) -> str:
        west, south, east, north = f.to_crs(WGS84).total_bounds
        return f"{west:.3f},{south:.3f} – {east:.3f},{north:.3f}"

    return {"layer": box(frame), "area": box(area), "hint": Text(zh="", en="")}
