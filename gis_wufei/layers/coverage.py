"""Polygons that should tile the ground: overlaps, gaps, slivers, and ground that no unit covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis_wufei.layers.certificate import Layer, Remark
from gis_wufei.layers.measure import areas_ha, scale_m, unit_m
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import Role, roles
from gis_wufei.layers.tell import as_text, remark

SNAP_M = 1.0
"""Gaps and overlaps narrower than this come from drawing the same border twice and are closed."""
SLIVER_M = 2.0
"""An area narrower than this on average is a leftover of an overlay, not a unit."""
SLIT_M = 100.0
"""Units that lie this close along a border were meant to meet; ground wider than this may be left out on purpose."""
SLENDER, EVENLY = 25.0, 8.0
"""A slit is so many times longer than its greatest width, or of one width and longer by the second; a creek is not."""
EVEN, MOSTLY = 1.25, 3.0
"""Greatest to mean width of a slit of one width, and of any: beyond, it is the cusp where two round edges part."""
MOST_SHIFT = 0.001  # of a unit's area, by closing
LEAST_HA = 0.0001
"""A square metre; less is the rounding of coordinates."""
TOUCH_M = 0.01
SHOWN = 5


@dataclass(frozen=True)
class Pieces:
    """Ground that is covered twice or not at all: one shape each, with the positions of the units it touches."""

    shapes: NDArray[np.object_]
    ha: NDArray[np.float64]
    units: tuple[tuple[int, ...], ...]

    def only(self, chosen: NDArray[np.bool_]) -> Pieces:
        """The chosen ones."""
        units = tuple(units for units, one in zip(self.units, chosen, strict=True) if one)
        return Pieces(self.shapes[chosen], self.ha[chosen], units)


def check_coverage(frame: gpd.GeoDataFrame, role: Role, notes: Notes) -> gpd.GeoDataFrame:
    """Overlaps told with ids and area; where the role tiles, slivers and gaps, too, the narrow ones closed."""
    if len(frame) < 2:
        return frame
    if role.tiles:
        before, whole = frame, _union(frame)
        open_ = slits(frame, whole)
        frame = _closed(frame, open_, notes)
        if frame is not before:
            whole = _union(frame)
            open_ = slits(frame, whole)
        if len(open_.shapes):
            notes.warned.append(_told("R-LAYER-GAP", frame, role.id, open_))
        _tell_slivers(frame, role, notes)
    _tell_pieces("R-LAYER-OVERLAP", frame, role, overlaps(frame), notes)
    if role.tiles:
        bare = gaps(frame, whole)
        within = np.array([len(units) == 1 for units in bare.units], dtype=bool)
        _tell_pieces("R-LAYER-GAP", frame, role, bare.only(~within), notes)
        _tell_pieces("R-LAYER-ENCLAVE", frame, role, bare.only(within), notes)
    return frame


def coverage_remarks(frame: gpd.GeoDataFrame, area: gpd.GeoDataFrame) -> list[Remark]:
    """What of the study area no unit covers; both in one system in metres.

    Strips narrower than ``2 x SNAP_M`` along the border come of two drawings of it and do not count.
    """
    ground = area.union_all()
    lacking = shapely.difference(ground, frame.union_all())
    lacking = shapely.buffer(shapely.buffer(lacking, -SNAP_M), SNAP_M, join_style="mitre")
    parts = shapely.get_parts([lacking])
    parts = parts[~shapely.is_empty(parts)]
    ha = shapely.area(parts) / 10_000
    big = ha > LEAST_HA
    if not big.any():
        return []
    order = np.argsort(-ha[big], kind="stable")
    centres = gpd.GeoSeries(shapely.point_on_surface(parts[big][order][:SHOWN]), crs=frame.crs).to_crs(4490)
    pairs = ", ".join(f"{p.x:.4f},{p.y:.4f} ({a:.3g} ha)" for p, a in zip(centres, ha[big][order], strict=False))
    facts = {"ha": f"{ha[big].sum():.4g}", "pairs": pairs}
    return [Remark("R-LAYER-UNCOVERED", int(big.sum()), (), facts)]


def covered_by_units(layers: Mapping[str, Layer], area: gpd.GeoDataFrame) -> dict[str, Layer]:
    """The layers of a study, those whose role tiles the ground with what of the study area they leave bare."""
    told = dict(layers)
    for name, layer in layers.items():
        if roles()[layer.role].tiles and layer.role != "boundary":
            remarks = coverage_remarks(layer.frame, area)
            paper = replace(layer.certificate, warned=(*layer.certificate.warned, *remarks))
            told[name] = replace(layer, certificate=paper) if remarks else layer
    return told


def overlaps(frame: gpd.GeoDataFrame) -> Pieces:
    """Where two polygons cover the same ground.

    Only polygons whose edges do not match their neighbours' are looked at in pairs, so that a
    sound tiling of 50,000 costs a second.
    """
    shapes = frame.geometry.to_numpy()
    suspects = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))
    nothing = Pieces(np.empty(0, dtype=object), np.empty(0), ())
    if not len(suspects):
        return nothing
    tree = shapely.STRtree(shapes)
    one, other = tree.query(shapes[suspects], predicate="intersects")
    one = suspects[one]
    pairs = np.unique(np.sort(np.column_stack([one, other])[one != other], axis=1), axis=0)
    if not len(pairs):
        return nothing
    shared = shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
    ha = areas_ha(shared, frame.crs)
    real = ha > LEAST_HA
    units = tuple((int(a), int(b)) for a, b in pairs[real])
    return Pieces(shared[real], ha[real], units)


def gaps(frame: gpd.GeoDataFrame, whole: shapely.Geometry) -> Pieces:
    """Holes that the polygons leave between them, and those within one that no other fills, in their union."""
    shapes = frame.geometry.to_numpy()
    parts = shapely.get_parts([whole])
    rings, owner = shapely.get_rings(parts, return_index=True)
    inner = np.concatenate([[False], owner[1:] == owner[:-1]]) if len(owner) else np.empty(0, dtype=bool)
    holes = shapely.polygons(rings[inner])
    ha = areas_ha(holes, frame.crs)
    holes, ha = holes[ha > LEAST_HA], ha[ha > LEAST_HA]
    if not len(holes):
        return Pieces(np.empty(0, dtype=object), np.empty(0), ())
    hole, unit = shapely.STRtree(shapes).query(holes, predicate="intersects")
    touching = tuple(tuple(sorted(map(int, unit[hole == at]))) for at in range(len(holes)))
    return Pieces(holes, ha, touching)


def _union(frame: gpd.GeoDataFrame) -> shapely.Geometry:
    """All shapes as one; cheap where they match edge by edge."""
    shapes = frame.geometry.to_numpy()
    matched = shapely.coverage_is_valid(shapes)
    return shapely.coverage_union_all(shapes) if matched else shapely.union_all(shapes)


def slits(frame: gpd.GeoDataFrame, whole: shapely.Geometry) -> Pieces:
    """Long strips up to ``SLIT_M`` wide between two units that are open to the outside and so no holes.

    They are what a closing of the union (grown by half the width and shrunk again) adds to it. A strip
    has more than one unit along its sides; a bay of one unit, the notch of a corner and a creek that widens
    to the sea between two units are none.
    """
    shapes = frame.geometry.to_numpy()
    scale = scale_m(frame.crs, shapely.get_coordinates(shapes))
    outer = shapely.get_exterior_ring(shapely.get_parts([shapely.transform(whole, lambda xy: xy * scale)]))
    whole = shapely.union_all(shapely.polygons(outer))
    half = SLIT_M / 2
    grown = shapely.buffer(whole, half, join_style="mitre", mitre_limit=2.0)
    strips = shapely.get_parts([shapely.difference(shapely.buffer(grown, -half, join_style="mitre"), whole)])
    area, side = shapely.area(strips), shapely.length(strips) / 2
    long = (area > LEAST_HA * 10_000) & (side**2 > EVENLY * area)
    strips, area, side = strips[long], area[long], side[long]
    if not len(strips):
        return Pieces(strips, area, ())
    there = shapely.transform(strips, lambda xy: xy / scale)
    near = np.unique(shapely.STRtree(shapes).query(there, predicate="dwithin", distance=TOUCH_M / scale.min())[1])
    units = shapely.buffer(shapely.transform(shapes[near], lambda xy: xy * scale), TOUCH_M)
    strip, unit = shapely.STRtree(units).query(strips, predicate="intersects")
    along = shapely.length(shapely.intersection(shapely.boundary(strips)[strip], units[unit]))
    most, total = np.zeros(len(strips)), np.bincount(strip, along, minlength=len(strips))
    np.maximum.at(most, strip, along)
    run = np.maximum(total - most, 1e-9)  # along the other units; a hair at a bent outer edge lengthens but one side
    slender = shapely.is_empty(shapely.buffer(strips, -np.minimum(run / SLENDER, MOSTLY * area / run) / 2))
    slender |= shapely.is_empty(shapely.buffer(strips, -EVEN * area / side / 2))
    between = (run > side / 6) & slender
    touching = tuple(tuple(sorted(map(int, near[unit[strip == at]]))) for at in range(len(strips)))
    return Pieces(there, area / 10_000, touching).only(between)


def _closed(frame: gpd.GeoDataFrame, open_: Pieces, notes: Notes) -> gpd.GeoDataFrame:
    """Units with the gaps and overlaps below ``SNAP_M`` between them closed, if that moves next to no ground.

    ``open_`` are the slits that reach the outer edge: only by drawing vertices together over the whole
    tolerance are they closed, which nothing else asks for.
    """
    shapes = frame.geometry.to_numpy()
    width = SNAP_M / unit_m(frame.crs)
    edges = shapely.coverage_invalid_edges(shapes, gap_width=width)
    sick = ~shapely.is_empty(edges)
    if not sick.any():
        return frame
    narrow = shapely.is_empty(shapely.buffer(open_.shapes, -width / 2)).any()
    for snap in (width, width / 10) if narrow else (width / 10,):
        cleaned = shapely.coverage_clean(shapes, gap_width=width, snapping_distance=snap)
        before, after = shapely.area(shapes), shapely.area(cleaned)
        shift = np.abs(after - before)
        changed = sick | (shift > 1e-9 * before)
        moved = shapely.symmetric_difference(shapes[changed], cleaned[changed])
        thin = shapely.is_empty(shapely.buffer(moved, -width / 2))
        if (shift <= MOST_SHIFT * before).all() and thin.all() and not shapely.is_empty(cleaned).any():
            break
    else:
        return frame
    if not (shift > 1e-9 * before).any():
        return frame
    old, new = (float(areas_ha(s[changed], frame.crs).sum()) for s in (shapes, cleaned))
    told = remark("R-LAYER-SNAPPED", frame, changed, before=old, after=new, unit="ha", metres=f"{SNAP_M:g}")
    notes.repaired.append(told)
    return frame.set_geometry(gpd.GeoSeries(cleaned, frame.index, crs=frame.crs))


def _tell_slivers(frame: gpd.GeoDataFrame, role: Role, notes: Notes) -> None:
    """Units whose parts are all thinner than ``SLIVER_M`` on average."""
    shapes = frame.geometry.to_numpy()
    width = 2 * areas_ha(shapes, frame.crs) * 10_000 / _girth_m(shapes, frame.crs)
    thin = width < SLIVER_M
    if thin.any():
        pairs = ", ".join(_names(frame, role.id)[at] for at in np.flatnonzero(thin)[:SHOWN])
        notes.warned.append(remark("R-LAYER-SLIVER", frame, thin, metres=f"{SLIVER_M:g}", pairs=pairs))


def _girth_m(shapes: NDArray[np.object_], crs: CRS | None) -> NDArray[np.float64]:
    girth: NDArray[np.float64] = shapely.length(shapes) * unit_m(crs)
    return np.maximum(girth, 1e-9)


def _tell_pieces(code: str, frame: gpd.GeoDataFrame, role: Role, pieces: Pieces, notes: Notes) -> None:
    """Doubt the pieces that are wide enough to matter; the narrow ones, which could not be closed, are only noted."""
    if not len(pieces.shapes):
        return
    inner = shapely.buffer(pieces.shapes, -SNAP_M / 2 / unit_m(frame.crs))
    wide = ~shapely.is_empty(inner)
    if wide.any():
        notes.warned.append(_told(code, frame, role.id, pieces.only(wide)))
    if not wide.all():
        narrow = _told("R-LAYER-NARROW", frame, role.id, pieces.only(~wide))
        notes.found.append(replace(narrow, facts={**narrow.facts, "metres": f"{SNAP_M:g}"}))


def _names(frame: gpd.GeoDataFrame, key: str | None) -> list[str]:
    return [as_text(value) for value in (frame[key] if key is not None and key in frame else frame["row"])]


def _told(code: str, frame: gpd.GeoDataFrame, key: str | None, pieces: Pieces) -> Remark:
    """A remark with the largest pieces by the units' ids and their area, and every row concerned."""
    names = _names(frame, key)
    order = np.argsort(-pieces.ha, kind="stable")
    shown = [f"{' / '.join(names[u] for u in pieces.units[at][:3])} {pieces.ha[at]:.3g} ha" for at in order[:SHOWN]]
    more = len(order) - len(shown)
    pairs = ", ".join(shown) + (f", +{more}" if more > 0 else "")
    mask = np.zeros(len(frame), dtype=bool)
    mask[[unit for units in pieces.units for unit in units]] = True
    told = remark(code, frame, mask, ha=f"{pieces.ha.sum():.4g}", pairs=pairs)
    return replace(told, facts={**told.facts, "count": len(pieces.ha)})
