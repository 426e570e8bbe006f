"""The side file that states a shapefile's coordinate system: one that is cut states nothing."""

from __future__ import annotations

import shutil
import warnings
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pyogrio
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_wufei.layers.allow import offline
from gis_wufei.layers.notes import side_file

MOST_BYTES = 1 << 16
WITHOUT_PRJ = (".shp", ".shx", ".dbf", ".cpg")


def broken_prj(path: Path) -> bool:
    """Whether the .prj of a shapefile holds something that is no coordinate system; none or a blank one is whole."""
    side = side_file(path, ".prj")
    if side is None:
        return False
    with side.open("rb") as stream:
        words = stream.read(MOST_BYTES).decode("utf-8", "replace").strip("\ufeff\0 \r\n\t")
    if not words:
        return False
    try:
        CRS.from_wkt(words)
    except CRSError:
        return not _read_otherwise(path)
    return False


def _read_otherwise(path: Path) -> bool:
    """GDAL knows an older way of writing a system, too."""
    try:
        with warnings.catch_warnings(), offline():
            warnings.simplefilter("ignore")
            return pyogrio.read_info(path)["crs"] is not None
    except Exception:  # a library's word for what it cannot read
        return False


def without_prj(path: Path, stack: ExitStack) -> Path:
    """A private copy of the shapefile that states no system, as long as ``stack`` lives."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="wufei-")))
    for suffix in WITHOUT_PRJ:
        side = side_file(path, suffix)
        if side is not None:
            shutil.copyfile(side, folder / (path.stem + suffix))
    return folder / f"{path.stem}.shp"
