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
from gis_wufei.layers.notes import PARTS, side_file

MOST_BYTES = 1 << 16


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
    return _copied(path, stack, tuple(suffix for suffix in PARTS if suffix != ".prj"))


def plainly_named(path: Path, stack: ExitStack) -> Path:
    """The shapefile itself, or a private copy where a part is named in mixed letters, which GDAL would not find."""
    parts = {suffix: side_file(path, suffix) for suffix in PARTS}
    usual = (part in (None, path.with_suffix(end), path.with_suffix(end.upper())) for end, part in parts.items())
    return path if all(usual) and path.suffix in (".shp", ".SHP") else _copied(path, stack, PARTS)


def _copied(path: Path, stack: ExitStack, suffixes: tuple[str, ...]) -> Path:
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="wufei-")))
    for suffix in suffixes:
        side = side_file(path, suffix)
        if side is not None:
            shutil.copyfile(side, folder / (path.stem + suffix))
    return folder / f"{path.stem}.shp"
