"""All layers of a study, in one metric system, clipped to the area and the reach of its rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import geopandas as gpd
import shapely
from pyproj import CRS

from gis_wufei.crs import WGS84, metric_crs
from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.certificate import Layer, Layers
from gis_wufei.layers.read import open_layer
from gis_wufei.layers.spec import LayerSpec

# Roles that are never cut at the border: a truck may leave the county, a receiver may stand outside.
UNCUT = frozenset({"roads", "facilities", "boundary"})


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
    if len(borders) != 1:
        raise InputError([Fault("E-LAYER-018", "layers", {"count": len(borders)})])
    faults: list[Fault] = []
    border = open_layer(borders[0], specs[borders[0]], folder)
    metric = metric_crs(*border.frame.to_crs(WGS84).total_bounds) if crs == "auto" else CRS.from_user_input(crs)
    area = gpd.GeoDataFrame(geometry=[border.frame.to_crs(metric).union_all()], crs=metric)
    zone = area.geometry.iloc[0].buffer(reach_m)
    layers: dict[str, Layer] = {}
    for name, spec in specs.items():
        step(name)
        try:
            layer = open_layer(name, spec, folder, metric)
        except InputError as error:
            faults.extend(error.faults)
            continue
        near = layer.frame.geometry.intersects(zone)
        if not near.any():
            faults.append(Fault("E-LAYER-013", spec.path, _extents(layer.frame, area)))
            continue
        layers[name] = layer if spec.role in UNCUT else _within(layer, near.to_numpy(), zone)
    if faults:
        raise InputError(faults)
    return Layers(area, layers)


def _within(layer: Layer, near: object, zone: shapely.Geometry) -> Layer:
    frame = layer.frame[near].reset_index(drop=True)
    return Layer(layer.name, layer.role, layer.label, frame, layer.certificate)


def _extents(frame: gpd.GeoDataFrame, area: gpd.GeoDataFrame) -> dict[str, object]:
    def box(f: gpd.GeoDataFrame) -> str:
        west, south, east, north = f.to_crs(WGS84).total_bounds
        return f"{west:.3f},{south:.3f} – {east:.3f},{north:.3f}"

    return {"layer": box(frame), "area": box(area)}
