"""Shapefiles: four files that must agree, with texts in an encoding that is seldom stated and often stated wrongly."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path, PurePosixPath

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.dbf import Dbf, decoded, encoding_of, read_dbf
from gis_wufei.layers.notes import Notes, side_file
from gis_wufei.layers.ogr import read_ogr
from gis_wufei.layers.prj import broken_prj, plainly_named, without_prj
from gis_wufei.layers.tell import SHOWN_IDS
from gis_wufei.text import text

MAGIC = b"\x00\x00\x27\x0a"
SIDE_FILES = (".shx", ".dbf")  # without them a shapefile is not whole
HEAD = 100  # bytes before the first record, in .shp and .shx


def read_shapefile(path: Path, layer: str | None, where: str, notes: Notes) -> gpd.GeoDataFrame:
    """The frame of a shapefile, once its files agree with one another.

    Raises
    ------
    InputError
        A file missing, damaged, with fewer records than another; two fields of one name.
    """
    with ExitStack() as stack:
        return _read_whole(plainly_named(path, stack), layer, where, notes)


def _read_whole(path: Path, layer: str | None, where: str, notes: Notes) -> gpd.GeoDataFrame:
    stem = PurePosixPath(where).stem  # as the planner named it: out of an archive the file has another name here
    lacking = [stem + side for side in SIDE_FILES if side_file(path, side) is None]
    if lacking:
        raise InputError([Fault("E-LAYER-019", where, {"files": ", ".join(lacking)})])
    table = _agreeing(path, where)
    encoding = _encoding(path, table, notes)
    names = [decoded(field.name, encoding) for field in table.fields]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise InputError([Fault("E-LAYER-020", where, {"column": name or "-"}) for name in twice])
    cut = [name for name, field in zip(names, table.fields, strict=True) if not _strict(field.name, encoding)]
    if cut:
        notes.repaired.append(Remark("R-LAYER-NAMECUT", len(cut), tuple(cut[:SHOWN_IDS])))
    # As Latin letters every byte has one: half a character then stops no reader, and is mended afterwards.
    halves = bool(cut) or _half_values(table, encoding)
    letters = "ISO-8859-1" if halves or encoding == "latin-1" else encoding  # names that GDAL knows
    frame = _read(path, layer, where, notes, letters)
    if halves:
        frame = _letters(frame, names, encoding, notes)
    notes.encoding = {"latin-1": "iso-8859-1"}.get(encoding, encoding)
    gone = int(table.deleted.sum())
    if gone:
        notes.dropped.append(Remark("R-LAYER-DELETED", gone))
    if len(frame) != len(table.records) - gone:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})])
    return _overflown(frame, table, names)


def _read(path: Path, layer: str | None, where: str, notes: Notes, encoding: str) -> gpd.GeoDataFrame:
    """The frame as GDAL has it, without the ``.prj`` where that is what it stumbles over."""

    def read(source: Path) -> gpd.GeoDataFrame:
        return read_ogr(str(source), ("ESRI Shapefile",), layer, where, notes, encoding, counted=False)

    with ExitStack() as stack:
        notes.broken_crs = broken_prj(path)
        try:
            return read(without_prj(path, stack) if notes.broken_crs else path)
        except InputError:
            if notes.broken_crs or side_file(path, ".prj") is None:
                raise
            frame = read(without_prj(path, stack))
        notes.broken_crs = True
        return frame


def _agreeing(path: Path, where: str) -> Dbf:
    """The table, once the index, the shapes and the records are of one number and none is cut."""
    damaged = InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})])
    index, side = side_file(path, ".shx"), side_file(path, ".dbf")
    if index is None or side is None:
        raise damaged
    size = path.stat().st_size
    for part in (path, index):
        with part.open("rb") as stream:
            head = stream.read(HEAD)
        length = part.stat().st_size
        if not head.startswith(MAGIC) or length < HEAD or length < 2 * int.from_bytes(head[24:28], "big"):
            raise damaged
    entries = np.fromfile(index, dtype=">i4", offset=HEAD)
    entries = entries[: len(entries) // 2 * 2].reshape(-1, 2).astype(np.int64) * 2
    if len(entries):
        starts, lengths = entries[:, 0], entries[:, 1]
        if (starts < HEAD).any() or (lengths < 0).any() or (starts + 8 + lengths > size).any():
            raise damaged
        shapes = np.memmap(path, dtype=np.uint8, mode="r")
        stated = shapes[starts[:, None] + np.arange(4, 8)].astype(np.int64) @ np.array([1 << 24, 1 << 16, 1 << 8, 1])
        if (stated * 2 != lengths).any():
            raise damaged
    table = read_dbf(side)
    if table is None:
        raise InputError(
            [Fault("E-LAYER-003", f"{PurePosixPath(where).stem}{side.suffix}", {"reason": text("reason.table")})]
        )
    if not table.whole or len(table.records) != len(entries):
        facts = {"shapes": len(entries), "records": len(table.records)}
        raise InputError([Fault("E-LAYER-101", where, facts)])
    return table


def _encoding(path: Path, table: Dbf, notes: Notes) -> str:
    page = side_file(path, ".cpg")
    stated = page.read_bytes()[:64].decode("ascii", "ignore") if page else None
    encoding, refused = encoding_of(table, stated)
    if refused == encoding:  # fits neither what is stated nor anything else
        notes.warned.append(Remark("R-LAYER-BROKENTEXT", 1, facts={"columns": "-"}))
    elif refused is not None:
        notes.repaired.append(Remark("R-LAYER-ENCODING", 1, facts={"stated": refused, "found": encoding}))
    return encoding


def _strict(cell: bytes, encoding: str) -> bool:
    try:
        cell.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _half_values(table: Dbf, encoding: str) -> bool:
    """Whether some text was cut within a character, or does not fit the encoding at all."""
    return not _strict(b"\n".join(table.letters), encoding)


def _letters(frame: gpd.GeoDataFrame, names: list[str], encoding: str, notes: Notes) -> gpd.GeoDataFrame:
    """Names and texts out of their bytes, where the driver could only pass them on; half a letter is doubted."""
    # The table's own fields are the first columns, in its order; the geometry is the last.
    frame = frame.rename(columns=dict(zip(frame.columns[: len(names)], names, strict=True)))
    for name in names:
        if pd.api.types.is_object_dtype(frame[name]) or isinstance(frame[name].dtype, pd.StringDtype):
            raw = [cell.encode("latin-1", "replace") if isinstance(cell, str) else None for cell in frame[name]]
            told = [None if cell is None else decoded(cell, encoding) for cell in raw]
            frame[name] = pd.Series(told, frame.index, dtype=object)
            cut = [
                at
                for at, (cell, words) in enumerate(zip(raw, told, strict=True))
                if cell and words is not None and not _strict(cell, encoding) and "\ufffd" not in words
            ]
            if cut:
                rows, cells = tuple(at + 1 for at in cut), tuple(str(told[at]) for at in cut)
                ids = tuple(f"{row} ('{cell[:40]}')" for row, cell in zip(rows[:SHOWN_IDS], cells, strict=False))
                facts = {"column": name}
                notes.warned.append(
                    Remark("R-LAYER-TEXTCUT", len(cut), ids, facts, field=name, rows=rows, values=cells)
                )
    return frame


def _overflown(frame: gpd.GeoDataFrame, table: Dbf, names: list[str]) -> gpd.GeoDataFrame:
    """Numbers too wide for their field stand as asterisks; the driver would call them empty."""
    kept = ~table.deleted
    for name, field in zip(names, table.fields, strict=True):
        if field.kind not in "NF" or name not in frame:
            continue
        cells = table.cells(field)[kept]
        bad = _no_numbers(cells)
        if bad.any():
            told = frame[name].astype(object)
            told[bad] = [cell.decode("latin-1") for cell in cells[bad]]
            frame[name] = told
    return frame


def _no_numbers(cells: NDArray[np.bytes_]) -> NDArray[np.bool_]:
    there = cells != b""
    try:
        cells[there].astype(float)
    except ValueError:
        return np.array([bool(cell) and not _number(cell) for cell in cells])
    return np.zeros(len(cells), dtype=bool)


def _number(cell: bytes) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
