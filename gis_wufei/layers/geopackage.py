"""GeoPackages: an SQLite database that is read where it lies, or from a private copy, and never touched."""

from __future__ import annotations

import math
import re
import shutil
import sqlite3
import time
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd

from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.ogr import read_ogr
from gis_wufei.text import text

WAL = b"\2\2"  # read and write version in the head: opening such a file makes files beside it
CURVED = {"CURVE", "CURVEPOLYGON", "CIRCULARSTRING", "COMPOUNDCURVE", "MULTICURVE", "MULTISURFACE", "SURFACE"}
ARC_STEP = 4  # degrees; GDAL's default (OGR_ARC_STEPSIZE)
SIDES = ("-wal", "-journal")  # what another program has not written into the file, or not yet taken back
VIEWS_S = 20.0  # for all rows of all views
STEPS = 1_000_000  # of SQLite's machine between two looks at the clock
MOST_CELL = 256 << 20  # bytes
MODULE = re.compile(r"create\s+virtual\s+table.*?\busing\s+[\"'`\[]?(\w+)", re.IGNORECASE | re.DOTALL)
MODULES = {"rtree", "rtree_i32", "fts3", "fts4", "fts5"}  # those that look into their own file only


def read_geopackage(path: Path, layer: str | None, where: str, notes: Notes) -> gpd.GeoDataFrame:
    """The frame of one layer, what a program that has the file open has not yet written into it included.

    Raises
    ------
    InputError
        Bad pages, tables that reach outside the file, tiles only, several layers and none named.
    """
    sides = [path.with_name(path.name + end) for end in SIDES]
    with path.open("rb") as stream:
        head = stream.read(20)
    with ExitStack() as stack:
        source = path
        if head[18:20] == WAL or any(side.exists() for side in sides):
            private = Path(stack.enter_context(TemporaryDirectory(prefix="wufei-")))
            source = private / path.name
            shutil.copyfile(path, source)
            for side in sides:
                if side.is_file() and not side.is_symlink():
                    shutil.copyfile(side, source.with_name(side.name))
        _sound(source, where, immutable=source is path)
        frame = read_ogr(str(source), ("GPKG",), layer, where, notes)
        if _curved(source, layer, immutable=source is path):  # the library turns them into lines
            share = f"{100 * (1 - math.cos(math.radians(ARC_STEP / 2))):.2f}"
            notes.found.append(Remark("R-LAYER-CURVES", len(frame), facts={"degrees": ARC_STEP, "share": share}))
        return frame


def _curved(path: Path, layer: str | None, *, immutable: bool) -> bool:
    """Whether a layer says that it holds arcs."""
    uri = f"{path.resolve().as_uri()}?mode={'ro&immutable=1' if immutable else 'rw'}"
    with closing(sqlite3.connect(uri, uri=True)) as db:
        kinds = db.execute("select table_name, geometry_type_name from gpkg_geometry_columns").fetchall()
    return any(str(kind).upper() in CURVED and layer in (None, name) for name, kind in kinds)


def _run_through_views(db: sqlite3.Connection) -> None:
    """A view is a program: one that does not come to an end is found out here, where it can be stopped."""
    views = "select name from sqlite_master where type = 'view' and name in (select table_name from gpkg_contents)"
    names = [str(name) for (name,) in db.execute(views)]
    end = time.monotonic() + VIEWS_S
    db.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_CELL)
    for name in names:
        quoted = name.replace('"', '""')
        try:
            for _ in db.execute(f'select * from "{quoted}"'):
                pass
        except sqlite3.OperationalError as error:  # stopped, or it calls functions that only another program has
            raise TimeoutError from error


def _sound(path: Path, where: str, *, immutable: bool) -> None:
    uri = f"{path.resolve().as_uri()}?mode={'ro&immutable=1' if immutable else 'rw'}"
    reason = None
    try:
        with closing(sqlite3.connect(uri, uri=True)) as db:
            db.text_factory = lambda raw: raw.decode("utf-8", "replace")
            tables = [sql or "" for (sql,) in db.execute("select sql from sqlite_master")]
            modules = {found[1].lower() for sql in tables if (found := MODULE.match(sql.strip()))}
            if modules - MODULES:
                reason = "reason.outside"
            elif next(db.execute("pragma quick_check(1)"))[0] != "ok":
                reason = "reason.pages"
            else:
                kinds = {kind for (kind,) in db.execute("select data_type from gpkg_contents")}
                if kinds and not kinds & {"features", "attributes"}:
                    reason = "reason.tiles"
                _run_through_views(db)
    except TimeoutError:
        reason = "reason.endless"
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            reason = "reason.content"
        elif "no such module" not in str(error):
            reason = "reason.pages"
    except (sqlite3.DatabaseError, OverflowError, ValueError):  # the last: names that are no text
        reason = "reason.pages"
    if reason:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text(reason)})])
