"""Masks of the study's grid as a picture that lies right on a web map."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from math import ceil

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.warp import Resampling, reproject, transform_bounds

from gis_wufei.crs import WGS84
from gis_wufei.land import Grid

Codes = NDArray[np.uint8]

WEB_MERCATOR = CRS.from_epsg(3857)
MOST_PIXELS = 2400
"""Longest side of a picture; a finer grid is drawn coarser."""


def picture(grid: Grid, codes: Codes, colours: Sequence[str]) -> tuple[str, list[list[float]]]:
    """A PNG data URL of coded cells, and the corners between which a web map stretches it.

    A web map places an image by two corners and stretches it evenly in web Mercator, so the cells
    are resampled to that system first (nearest cell: a code is never mixed).

    Parameters
    ----------
    codes
        uint8[rows, columns]; 0 = nothing there, k = ``colours[k - 1]``.
    colours
        ``#rrggbb`` of each code from 1.
    """
    rows, columns = np.nonzero(codes)
    if not len(rows):
        rows, columns = np.array([0, grid.shape[0] - 1]), np.array([0, grid.shape[1] - 1])
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    cut = np.ascontiguousarray(codes[top:bottom, left:right])
    west, north = grid.transform.c + left * grid.cell_m, grid.transform.f - top * grid.cell_m
    east, south = west + cut.shape[1] * grid.cell_m, north - cut.shape[0] * grid.cell_m
    x0, y0, x1, y1 = transform_bounds(grid.crs.to_wkt(), WEB_MERCATOR.to_wkt(), west, south, east, north)
    cell = max((x1 - x0) / cut.shape[1], (x1 - x0) / MOST_PIXELS, (y1 - y0) / MOST_PIXELS)
    width, height = ceil((x1 - x0) / cell), ceil((y1 - y0) / cell)
    x1, y0 = x0 + width * cell, y1 - height * cell
    drawn = np.zeros((height, width), np.uint8)
    reproject(
        cut,
        drawn,
        src_transform=Affine(grid.cell_m, 0.0, west, 0.0, -grid.cell_m, north),
        src_crs=grid.crs.to_wkt(),
        dst_transform=Affine(cell, 0.0, x0, 0.0, -cell, y1),
        dst_crs=WEB_MERCATOR.to_wkt(),
        resampling=Resampling.nearest,
    )
    corners = transform_bounds(WEB_MERCATOR.to_wkt(), WGS84.to_wkt(), x0, y0, x1, y1)
    w, s, e, n = (round(float(value), 7) for value in corners)
    return "data:image/png;base64," + base64.b64encode(png(drawn, colours)).decode(), [[s, w], [n, e]]


def png(codes: Codes, colours: Sequence[str]) -> bytes:
    """A PNG with a palette: code 0 is clear, the others have their colour (PNG specification, 11.2)."""
    palette = b"\0\0\0" + b"".join(bytes.fromhex(colour.removeprefix("#")) for colour in colours)
    height, width = codes.shape
    lines = np.zeros((height, width + 1), np.uint8)  # each line begins with its filter: 0, none
    lines[:, 1:] = codes
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette),
            _chunk(b"tRNS", b"\0"),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
