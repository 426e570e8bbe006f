"""A table and a layer put together by a code: matched one to one, and what finds no partner told on both sides."""

from __future__ import annotations

from collections import Counter

import geopandas as gpd
import pandas as pd

from gis_wufei.errors import Fault, InputError, Rows
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.keys import loose
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.ogr import no_shapes
from gis_wufei.layers.spec import JoinSpec
from gis_wufei.layers.tell import SHOWN_IDS, as_text, missing_column


def joined(frame: pd.DataFrame, other: pd.DataFrame, join: JoinSpec, where: str, notes: Notes) -> gpd.GeoDataFrame:
    """Each row of ``frame`` with the columns (and, if it has none of its own, the shape) of its partner.

    Keys match as they stand; of those that do not, blanks, full-width letters, case, zeros lost at the
    left and whole numbers like 1.50621001001E+11 are put right where exactly one on each side is then the same.

    Raises
    ------
    InputError
        A key column is missing; a key stands twice in the other file; a row finds no partner and has
        no shape of its own; neither file has shapes.
    """
    mine, theirs = join.key, join.other_key or join.key
    missing = [missing_column(where, mine, frame)] if mine not in frame else []
    missing += [missing_column(join.path, theirs, other)] if theirs not in other else []
    if missing:
        raise InputError(missing)
    located = isinstance(frame, gpd.GeoDataFrame)
    if not located and not isinstance(other, gpd.GeoDataFrame):
        raise InputError([no_shapes(join.path)])
    keys = frame[mine].map(_key)
    others = other[theirs].map(_key)
    _unique(others, join.path, theirs)
    match = _matched(keys, others, mine, notes)
    alone = keys[match.isna()]
    notes.found.append(Remark("R-LAYER-JOINED", int(match.notna().sum()), facts={"path": join.path}))
    spare = [key for at, key in others.items() if at not in set(match.dropna()) and key]
    if spare:
        notes.warned.append(Remark("R-LAYER-JOINSPARE", len(spare), tuple(spare[:SHOWN_IDS]), {"path": join.path}))
    if len(alone):
        rows = tuple(int(row) for row in alone.index)
        if not located:
            shown = ", ".join(f"{row} ('{key}')" for row, key in alone.items() if key is not None)
            told = ", ".join(shown.split(", ")[:SHOWN_IDS]) or ", ".join(map(str, rows[:SHOWN_IDS]))
            more = f", +{len(rows) - SHOWN_IDS}" if len(rows) > SHOWN_IDS else ""
            facts = {"rows": Rows(told + more, rows, map(str, alone), mine), "path": join.path, "column": theirs}
            raise InputError([Fault("E-LAYER-111", f"{where} {mine}", facts, field=mine)])
        ids = tuple(map(str, alone[:SHOWN_IDS]))
        notes.warned.append(Remark("R-LAYER-JOINALONE", len(rows), ids, {"path": join.path}, rows=rows))
    return _together(frame, other, match, theirs)


def _key(cell: object) -> str | None:
    told = "" if cell is None or (not isinstance(cell, str) and pd.isna(cell)) else as_text(cell)  # type: ignore[call-overload]
    return told or None


def _unique(others: pd.Series, path: str, column: str) -> None:
    twice = others[others.notna() & others.duplicated(keep=False)]
    if len(twice):
        shown = ", ".join(f"{row} ('{key}')" for row, key in twice[:SHOWN_IDS].items())
        more = f", +{len(twice) - SHOWN_IDS}" if len(twice) > SHOWN_IDS else ""
        told = Rows(shown + more, map(int, twice.index), map(str, twice), column)
        raise InputError([Fault("E-LAYER-110", f"{path} {column}", {"rows": told}, field=column)])


def _matched(keys: pd.Series, others: pd.Series, column: str, notes: Notes) -> pd.Series:
    """The partner's row of each row, where there is one."""
    places = {key: at for at, key in others.items() if key is not None}
    match = keys.map(places)
    left = keys[match.isna() & keys.notna()]
    free = {at: key for at, key in others.items() if key is not None and at not in set(match.dropna())}
    mine, theirs = left.map(loose), {at: loose(key) for at, key in free.items()}
    once = Counter(theirs.values())
    # Several rows may share a partner (enterprises of a village); look-alikes of different spelling may not.
    spellings = pd.DataFrame({"key": left, "loose": mine}).drop_duplicates()["loose"].value_counts()
    back = {told: at for at, told in theirs.items() if once[told] == 1 and spellings.get(told, 0) == 1}
    mended = mine.map(back).dropna()
    if len(mended):
        match = match.astype(object)
        match.loc[mended.index] = mended
        rows = tuple(int(row) for row in mended.index)
        ids = tuple(f"{keys[row]} → {others[mended[row]]}" for row in mended.index[:SHOWN_IDS])
        notes.repaired.append(Remark("R-LAYER-JOINKEYS", len(rows), ids, field=column, rows=rows))
    return match


def _together(frame: pd.DataFrame, other: pd.DataFrame, match: pd.Series, theirs: str) -> gpd.GeoDataFrame:
    located = isinstance(frame, gpd.GeoDataFrame)
    partner = other.reindex(match.to_numpy())
    partner.index = frame.index
    extra = partner.drop(columns=[theirs, *(["geometry"] if "geometry" in partner else [])])
    extra = extra.rename(columns={name: f"{name} (join)" for name in extra.columns if name in frame})
    shapes = frame.geometry if located else gpd.GeoSeries(partner["geometry"], frame.index, crs=other.crs)
    rest = pd.DataFrame(frame.drop(columns="geometry") if located else frame)
    return gpd.GeoDataFrame(pd.concat([rest, pd.DataFrame(extra)], axis="columns"), geometry=shapes, crs=shapes.crs)
