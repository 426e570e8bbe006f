"""The window of public rasters that a county needs, read from their servers piece by piece."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import rasterio
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.merge import merge

from gis_wufei.errors import Fault, InputError
from gis_wufei.fetch.area import Box
from gis_wufei.fetch.net import AGENT, probe
from gis_wufei.fetch.sources import Source
from gis_wufei.text import Text

MOST_CELLS = 400_000_000
MISSING = (403, 404)  # object stores say 403 for what they do not have
# GDAL's own requests: short patience, nothing beside the file itself.
REMOTE = {
    "GDAL_HTTP_CONNECTTIMEOUT": "5",
    "GDAL_HTTP_TIMEOUT": "60",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1000",  # bytes a second
    "GDAL_HTTP_LOW_SPEED_TIME": "20",
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_HTTP_USERAGENT": AGENT,
    "GDAL_HTTP_PROXY": "",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".tif,.tiff",
    "VSI_CACHE": "TRUE",
}
CREATE = {
    "driver": "GTiff",
    "compress": "deflate",
    "tiled": True,
    "blockxsize": 256,
    "blockysize": 256,
    "BIGTIFF": "IF_SAFER",
}


def addresses(source: Source, template: str, box: Box, country: str | None, name: str) -> list[str]:
    """Addresses of the tiles that a box touches, or that of the country's file."""
    if source.kind == "country":
        if not (country and len(country) == 3 and country.isascii() and country.isalpha()):
            raise InputError([Fault("E-FETCH-011", name, {"found": country or "-"})])
        return [template.format(iso=country.upper(), iso_low=country.lower())]
    return [template.format(**tile) for tile in _tiles(box, source.tile_deg)]


def _tiles(box: Box, size: int) -> Iterator[dict[str, str]]:
    """South-west corners of the tiles, from the south-west on."""
    west, south, east, north = box
    for lat in range(math.floor(south / size) * size, math.ceil(north / size) * size, size):
        for lon in range(math.floor(west / size) * size, math.ceil(east / size) * size, size):
            yield {
                "ns": "N" if lat >= 0 else "S",
                "lat": f"{abs(lat):02d}",
                "ew": "E" if lon >= 0 else "W",
                "lon": f"{abs(lon):03d}",
            }


def read_window(urls: list[str], box: Box, target: Path, name: str, by_hand: Text) -> tuple[list[str], list[str]]:
    """Write the window of all tiles as one GeoTIFF; the addresses that were read, and those that do not exist.

    Raises
    ------
    InputError
        No network (within seconds), no tile at all, too many cells, a tile that cannot be read.
    """
    there, missing = [], []
    for url in urls:
        status = probe(url, name, by_hand)
        if status in MISSING:
            missing.append(url)
        elif status >= 400:
            raise InputError([Fault("E-FETCH-012", url, {"reason": f"HTTP {status}"})])
        else:
            there.append(url)
    if not there:
        raise InputError([Fault("E-FETCH-008", name, {"box": ", ".join(map(str, box))})])
    try:
        with rasterio.Env(**REMOTE), ExitStack() as stack:
            tiles = [stack.enter_context(rasterio.open(f"/vsicurl/{url}", driver="GTiff")) for url in there]
            width, height = tiles[0].res
            cells = (box[2] - box[0]) / width * (box[3] - box[1]) / height
            if cells > MOST_CELLS:
                raise InputError([Fault("E-FETCH-009", name, {"cells": int(cells), "limit": MOST_CELLS})])
            _write(tiles, box, target)
    except (RasterioIOError, RasterioError, OSError) as error:
        raise InputError([Fault("E-FETCH-012", there[0], {"reason": str(error)[:200]})]) from error
    return there, missing


def _write(tiles: list[rasterio.DatasetReader], box: Box, target: Path) -> None:
    first = tiles[0]
    whole = rasterio.coords.BoundingBox(
        max(box[0], min(tile.bounds.left for tile in tiles)),
        max(box[1], min(tile.bounds.bottom for tile in tiles)),
        min(box[2], max(tile.bounds.right for tile in tiles)),
        min(box[3], max(tile.bounds.top for tile in tiles)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # rasterio's own way of multiplying transforms
        cells, transform = merge(tiles, bounds=tuple(whole), nodata=first.nodata, target_aligned_pixels=False)
    profile = {
        "count": cells.shape[0],
        "height": cells.shape[1],
        "width": cells.shape[2],
        "dtype": cells.dtype,
        "crs": first.crs,
        "transform": transform,
        "nodata": first.nodata,
        **CREATE,
    }
    with rasterio.open(target, "w", **profile) as out:
        out.write(cells)


def check_raster(path: Path) -> None:
    """A file carried in by hand must be a GeoTIFF with a coordinate system."""
    try:
        with rasterio.open(path, driver="GTiff") as raster:
            if raster.crs is None or raster.count < 1:
                raise InputError([Fault("E-FETCH-004", path.name, {"wanted": "GeoTIFF + CRS"})])
    except (RasterioIOError, RasterioError, OSError) as error:
        raise InputError([Fault("E-FETCH-004", path.name, {"wanted": "GeoTIFF"})]) from error
