"""From a path to a frame with the file's own columns: archives opened, lists placed, tables joined."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import pandas as pd

from gis_wufei.crs import WGS84
from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.archive import PrivateFolder
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.container import PACKED, VECTORS, read_vector, unpack
from gis_wufei.layers.content import recognised
from gis_wufei.layers.coordinates import columns_of, kept_aside, note_system, placed, say_degrees
from gis_wufei.layers.join import joined
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.raster import RASTERS, Raster, read_raster
from gis_wufei.layers.spec import LayerSpec, Role
from gis_wufei.layers.table import TABLES, read_table
from gis_wufei.layers.tell import missing_column
from gis_wufei.text import text

KINDS = frozenset({*TABLES, *VECTORS, *PACKED, *RASTERS})


def read_source(
    path: Path, spec: LayerSpec, where: str, notes: Notes, find: Callable[[LayerSpec], Path]
) -> gpd.GeoDataFrame:
    """The file as a frame with its own column names, ``row`` first (from 1).

    Parameters
    ----------
    find
        The path policy: where the file of a join lies.

    Raises
    ------
    InputError
        All that a reader refuses; a kind that is not read; a list without coordinates or partner.
    """
    frame = _frame(path, spec, where, notes)
    if spec.join is not None:
        aside = LayerSpec(path=spec.join.path, role=spec.role, layer=spec.join.layer, allow_outside=spec.allow_outside)
        other = _frame(find(aside), aside, spec.join.path, Notes(notes.name, aside))
        frame = joined(frame, other, spec.join, where, notes)
    if not isinstance(frame, gpd.GeoDataFrame):
        missing = [missing_column(where, column, frame) for column in ("lon", "lat")]
        raise InputError([replace(one, facts={**one.facts, "join": text("hint.join")}) for one in missing])
    frame = kept_aside(frame, ("row",))
    frame.insert(0, "row", frame.index)
    return frame


def read_grid(path: Path, spec: LayerSpec, role: Role, where: str, notes: Notes) -> tuple[gpd.GeoDataFrame, Raster]:
    """The footprint of a raster (one row), and the raster; one in an archive lies unpacked as long as it is used.

    Raises
    ------
    InputError
        All that a reader refuses.
    """
    home = None
    if path.suffix.lower() in PACKED:
        home = PrivateFolder()
        path, spec, where = _member(path, spec, where, home.path, RASTERS, notes)
    recognised(path, where)
    frame, raster = read_raster(path, spec, role, where, notes)
    return frame, replace(raster, home=home)


def _member(
    path: Path, spec: LayerSpec, where: str, folder: Path, kinds: frozenset[str], notes: Notes
) -> tuple[Path, LayerSpec, str]:
    """The one dataset of an archive, what to read of it, and how faults name it."""
    path, spec, name = unpack(path, spec, where, folder, kinds)
    notes.found.append(Remark("R-LAYER-ARCHIVE", 1, (name,)))
    return path, spec, f"{where}/{name}"


def _frame(path: Path, spec: LayerSpec, where: str, notes: Notes) -> pd.DataFrame:
    """One file as a frame whose index is the row; without shapes if it is a list without coordinates."""
    with ExitStack() as stack:
        if path.suffix.lower() in PACKED:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="wufei-")))
            path, spec, where = _member(path, spec, where, folder, frozenset({*TABLES, *VECTORS}), notes)
        suffix = path.suffix.lower()
        if path.is_file():
            recognised(path, where)
        if suffix in TABLES:
            table = read_table(path, spec, where, notes)
            columns = columns_of(table, spec, where, notes)
            if not columns:
                return table
            points = placed(table, columns, where, notes)
            if say_degrees(table, columns, spec):
                points = points.set_crs(WGS84)
                notes.implied_crs = True  # of degrees, unless the study declares another
                note_system(columns, len(table), spec, notes)
            located: pd.DataFrame = points
            return located
        if suffix in VECTORS:
            frame: pd.DataFrame = read_vector(path, spec, where, notes)
            if suffix != ".dxf":  # of a drawing some entities are left out; the others keep their numbers
                frame.index = pd.RangeIndex(1, len(frame) + 1)
            return frame
        allowed = ", ".join(sorted(KINDS))
        raise InputError([Fault("E-LAYER-022", where, {"found": suffix or "-", "allowed": allowed})])
