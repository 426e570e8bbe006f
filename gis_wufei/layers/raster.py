"""Rasters: one band of a GeoTIFF, described before it is read, read in windows, its numbers held against the role."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.windows import Window

from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.archive import PrivateFolder
from gis_wufei.layers.certificate import Layer, Remark
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import LayerSpec, Role
from gis_wufei.layers.webmap import webmap
from gis_wufei.text import text

RASTERS = frozenset({".tif", ".tiff"})
MOST_CELLS = 2_000_000_000
WINDOW = 2048  # cells on a side: 16 MB of float32
# Numbers that stand for "nothing here" although the file does not say so.
OBVIOUS = (-9999.0, -99999.0, -32768.0, -32767.0, 65535.0, -2147483648.0, float(np.finfo(np.float32).min), 1e20)
CLOSED = {"GDAL_PAM_ENABLED": "NO", "GDAL_HTTP_PROXY": "127.0.0.1:9", "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}"}


@dataclass(frozen=True)
class Raster:
    """One band on disk: where it lies, its lattice and what its numbers are. Nothing is held in memory."""

    path: Path
    band: int
    width: int
    height: int
    cell: tuple[float, float]  # in units of the system, x and y
    dtype: str
    nodata: float | None
    cells: int  # that hold a number
    low: float
    high: float
    scale: float = 1.0  # a number of the file x scale + offset is the value; the values here are so
    offset: float = 0.0
    south_up: bool = False  # the file's first row is the southernmost; rows here count from the north all the same
    home: PrivateFolder | None = field(default=None, compare=False, repr=False)  # where an archive's was unpacked

    def opened(self) -> Any:
        """The file, open for reading; to be closed by who asked (``with``)."""
        return _opened(self.path)

    def holds(self, numbers: NDArray[Any]) -> NDArray[np.bool_]:
        """Which of the raster's numbers are numbers: neither its mark for "nothing here" nor nan."""
        return _holding(numbers, self.nodata)

    def windows(self) -> Iterator[tuple[Window, NDArray[Any], NDArray[np.bool_]]]:
        """Each window, rows from the north, with its values and the mask of cells that hold one."""
        with _opened(self.path) as source:
            yield from _values(source, self.band, self.nodata)


def read_raster(path: Path, spec: LayerSpec, role: Role, where: str, notes: Notes) -> tuple[gpd.GeoDataFrame, Raster]:
    """The footprint of a raster (one row) in the file's system, and the raster.

    Raises
    ------
    InputError
        No GeoTIFF, damaged, without a place, turned, too large, several bands and none named, numbers
        that the role cannot have, nothing but empty cells.
    """
    try:
        with _opened(path) as source:
            band, faults = _described(source, spec, where)
            if faults:
                raise InputError(faults)
            nodata = _nodata(source, band, notes)
            raster = _measured(source, path, band, nodata, role, where)
            frame = gpd.GeoDataFrame({"row": [1]}, geometry=[_footprint(source)], crs=_crs(source))
    except (RasterioError, RasterioIOError, ValueError, OSError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})]) from error
    notes.format, notes.encoding = "GTiff", raster.dtype
    share = raster.cells / (raster.width * raster.height)
    facts = {
        "width": raster.width, "height": raster.height, "cell": f"{raster.cell[0]:g} × {raster.cell[1]:g}",
        "dtype": raster.dtype, "nodata": "-" if raster.nodata is None else f"{raster.nodata:g}",
        "share": f"{share:.1%}", "low": f"{raster.low:g}", "high": f"{raster.high:g}",
    }  # fmt: skip
    notes.found.append(Remark("R-LAYER-RASTER", raster.cells, facts=facts))
    if (raster.scale, raster.offset) != (1.0, 0.0):
        scaled = {"scale": f"{raster.scale:g}", "offset": f"{raster.offset:g}"}
        notes.found.append(Remark("R-LAYER-SCALED", raster.cells, facts=scaled))
    if raster.south_up:
        notes.found.append(Remark("R-LAYER-SOUTHUP", raster.cells))
    return frame, raster


def _opened(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a file without a place is told as a fault
        with rasterio.Env(**CLOSED):
            return rasterio.open(path, driver="GTiff")  # the driver named: no description of something else


def _footprint(source: Any) -> shapely.Polygon:
    place = source.transform
    south, north = sorted((place.f, place.f + source.height * place.e))
    return shapely.box(place.c, south, place.c + source.width * place.a, north)


def _crs(source: Any) -> str | None:
    return source.crs.to_wkt() if source.crs else None


def _described(source: Any, spec: LayerSpec, where: str) -> tuple[int, list[Fault]]:
    """The band, and the faults that show before a number is read."""
    faults = []
    band = int(spec.layer) if spec.layer and spec.layer.isdecimal() else 1
    if spec.layer is None and source.count > 1:
        faults.append(_fault(where, "raster.bands", count=source.count))
    elif not 1 <= band <= source.count or (spec.layer and not spec.layer.isdecimal()):
        have = ", ".join(str(n) for n in range(1, source.count + 1))
        faults.append(Fault("E-LAYER-015", where, {"layer": spec.layer, "layers": have}))
    if source.width * source.height > MOST_CELLS:
        limit = f"{MOST_CELLS:,}"
        faults.append(_fault(where, "raster.large", size=f"{source.width:,} × {source.height:,}", limit=limit))
    if spec.swap_axes or webmap(spec.crs) is not None:  # would move the outline and leave the cells
        faults.append(_fault(where, "raster.unmoved"))
    if source.transform.is_identity:
        faults.append(_fault(where, "raster.nowhere"))
    elif source.transform.b or source.transform.d or source.transform.a <= 0 or source.transform.e == 0:
        faults.append(_fault(where, "raster.turned"))
    if not faults and not (np.isfinite(_scale(source, band)).all() and _scale(source, band)[0]):
        faults.append(_fault(where, "raster.scale", scale=_scale(source, band)[0], offset=_scale(source, band)[1]))
    if not faults and source.dtypes[band - 1].startswith("complex"):
        faults.append(_fault(where, "raster.dtype", dtype=source.dtypes[band - 1]))
    return band, faults


def _windows(source: Any, band: int, nodata: float | None) -> Iterator[tuple[Window, NDArray[Any], NDArray[np.bool_]]]:
    for top in range(0, source.height, WINDOW):
        for left in range(0, source.width, WINDOW):
            size = min(WINDOW, source.width - left), min(WINDOW, source.height - top)
            window = Window(left, top, *size)
            numbers = source.read(band, window=window)
            yield window, numbers, _holding(numbers, nodata)


def _holding(numbers: NDArray[Any], nodata: float | None) -> NDArray[np.bool_]:
    there = np.isfinite(numbers) if numbers.dtype.kind == "f" else np.ones(numbers.shape, dtype=bool)
    if nodata is not None and not np.isnan(nodata):
        there &= numbers != numbers.dtype.type(nodata)
    return there


def _values(source: Any, band: int, nodata: float | None) -> Iterator[tuple[Window, NDArray[Any], NDArray[np.bool_]]]:
    """The windows north up, with the values that the numbers stand for by the file's own scale and offset."""
    scale, offset = _scale(source, band)
    for window, stored, there in _windows(source, band, nodata):
        numbers = stored if (scale, offset) == (1.0, 0.0) else stored * scale + offset
        if source.transform.e < 0:
            yield window, numbers, there
            continue
        north = Window(window.col_off, source.height - window.row_off - window.height, window.width, window.height)
        yield north, numbers[::-1], there[::-1]


def _scale(source: Any, band: int) -> tuple[float, float]:
    return float(source.scales[band - 1]), float(source.offsets[band - 1])


def _nodata(source: Any, band: int, notes: Notes) -> float | None:
    """The declared number for "nothing here", or the obvious one, which is told."""
    declared = source.nodatavals[band - 1]
    if declared is not None:
        fits = np.isnan(declared) or np.can_cast(np.min_scalar_type(declared), np.float64)
        return float(declared) if fits else None
    kind = np.dtype(source.dtypes[band - 1])
    info = np.iinfo(kind) if kind.kind in "iu" else np.finfo(kind)
    possible = [number for number in OBVIOUS if info.min <= number <= info.max]
    if not possible:
        return None
    counts = dict.fromkeys(possible, 0)
    for _, numbers, there in _windows(source, band, None):
        for number in possible:
            counts[number] += int((numbers[there] == kind.type(number)).sum())
    number = max(possible, key=lambda one: counts[one])
    if not counts[number]:
        return None
    notes.guessed.append(Remark("R-LAYER-NODATA", counts[number], facts={"nodata": f"{number:g}"}))
    return number


def _measured(source: Any, path: Path, band: int, nodata: float | None, role: Role, where: str) -> Raster:
    low, high, cells, outside, example = np.inf, -np.inf, 0, 0, ""
    floor, ceiling = role.range or (-np.inf, np.inf)
    for window, numbers, there in _values(source, band, nodata):
        known = numbers[there]
        if not known.size:
            continue
        cells += int(known.size)
        low, high = min(low, float(known.min())), max(high, float(known.max()))
        bad = there & ((numbers < floor) | (numbers > ceiling))
        if role.whole and numbers.dtype.kind == "f":
            bad |= there & (numbers != np.round(numbers))
        if bad.any():
            outside += int(bad.sum())
            row, column = (int(axis[0]) for axis in np.nonzero(bad))
            at = f"({window.row_off + row + 1}, {window.col_off + column + 1})"
            example = example or f"{at}: {numbers[row, column]:g}"
    if not cells:
        raise InputError([_fault(where, "raster.empty")])
    if outside:
        facts = {"count": outside, "example": example, "low": f"{floor:g}", "high": f"{ceiling:g}"}
        raise InputError([_fault(where, "raster.range", **facts)])
    lattice = (float(source.transform.a), abs(float(source.transform.e)))
    size, kind, scale = (source.width, source.height), str(source.dtypes[band - 1]), _scale(source, band)
    return Raster(path, band, *size, lattice, kind, nodata, cells, low, high, *scale, source.transform.e > 0)


def covered(layer: Layer, area: gpd.GeoDataFrame) -> Layer:
    """The layer with a doubt on it if the raster leaves a part of the area out (both in one system)."""
    shape = area.geometry.union_all()
    share = shape.intersection(layer.frame.geometry.union_all()).area / max(shape.area, 1e-9)
    if share >= 0.9999:
        return layer
    remark = Remark("R-LAYER-COVERAGE", 1, facts={"share": f"{share:.1%}"})
    return replace(layer, certificate=replace(layer.certificate, warned=(*layer.certificate.warned, remark)))


def _fault(where: str, reason: str, **facts: object) -> Fault:
    words = text(reason)
    told = type(words)(zh=words.zh.format(**facts), en=words.en.format(**facts))
    return Fault("E-LAYER-116", where, {"reason": told})
