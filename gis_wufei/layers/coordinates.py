"""Coordinates in the columns of a list: degrees, degrees with minutes, metres, or both in one cell."""

from __future__ import annotations

import re
from collections.abc import Iterable

import geopandas as gpd
import lat_lon_parser
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_wufei.errors import Fault, InputError, Rows, listed
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import LayerSpec
from gis_wufei.layers.tell import LONLAT, SHOWN_IDS, missing_column
from gis_wufei.layers.units import halfwidth, plain, split_header
from gis_wufei.layers.webmap import webmap

LON = {
    "lon", "lng", "long", "longitude", "经度", "东经", "经度坐标", "中心经度", "lonwgs84", "wgs84lon", "经度e",
    "e经度", "东经e",
}  # fmt: skip
LAT = {"lat", "latitude", "纬度", "北纬", "纬度坐标", "中心纬度", "latwgs84", "wgs84lat", "纬度n", "n纬度", "北纬n"}
X = {"x", "x坐标", "坐标x", "pointx", "coordx", "xcoord", "easting", "东坐标", "东向坐标", "横坐标"}
Y = {"y", "y坐标", "坐标y", "pointy", "coordy", "ycoord", "northing", "北坐标", "北向坐标", "纵坐标"}
OPEN = {"坐标", "坐标点", "地理坐标", "位置坐标", "点位坐标", "coordinates"}  # both in one cell, in an order not said
PAIR = {"lonlat", "lnglat", "经纬度", "经纬度坐标", "坐标经纬度"} | OPEN
TURNED = {"latlon", "latlng", "纬经度"}
KNOWN = LON | LAT | X | Y | PAIR | TURNED
# Datums that a header may name and that are not WGS 84 nor CGCS2000; those it may name and that are.
OTHERS = re.compile(r"gcj|bd-?0?9|百度|高德|火星|腾讯|baidu|amap|西安|xi.?an|北京|beijing|(?:54|80)坐标", re.IGNORECASE)
MODERN = re.compile(r"wgs-?84|cgcs|2000|国家大地", re.IGNORECASE)
SAYS_DEGREES = re.compile(r"[°º度]|deg|经|纬|lon|lat|wgs|4326|4490", re.IGNORECASE)
DEGREES = re.compile(r"[\s\dNSEWnsew东西南北经纬度分秒°º˚′'’‘´″\"”“：:.+-]+")
MARK = re.compile(r"[°º˚′'’‘´″度分NSEWnsew东西南北]")
EAST, NORTH = re.compile(r"[EWew东西]|经"), re.compile(r"[NSns北南]|纬")
LONGEST = 100  # letters of a cell with coordinates
NUMBER = re.compile(r"\d+(?:\.\d+)?")
CUT = re.compile(r"\s*[,，;；、|/]\s*|\s+(?=[\dNSEW东西南北+-])")


def is_coordinate(header: str) -> bool:
    """Whether a column's name says that it holds coordinates."""
    return plain(split_header(header)[0]) in KNOWN or plain(header) in KNOWN


def columns_of(table: pd.DataFrame, spec: LayerSpec, where: str, notes: Notes) -> tuple[str, ...]:
    """The file's columns of coordinates: east and north, or one that holds both; empty where there are none.

    The study's ``fields`` go first, then columns named ``lon`` and ``lat``, then other names for
    degrees, then names for metres (first if a projected system is declared).

    Raises
    ------
    InputError
        A column that ``fields`` names is missing; several columns fit; a name says that the numbers
        are an online map's and the study does not.
    """
    for first, second in (("lon", "lat"), ("x", "y")):
        if first in spec.fields or second in spec.fields:
            named = (spec.fields.get(first, first), spec.fields.get(second, second))
            missing = [missing_column(where, column, table) for column in named if column not in table]
            if missing:
                raise InputError(missing)
            return named
    if "lonlat" in spec.fields:
        if spec.fields["lonlat"] not in table:
            raise InputError([missing_column(where, spec.fields["lonlat"], table)])
        return (spec.fields["lonlat"],)
    if "lon" in table and "lat" in table:
        return ("lon", "lat")
    found = _found(table, spec, where)
    for name in found:
        bracket = split_header(name)[1] or ""
        if OTHERS.search(bracket) and not spec.crs:
            raise InputError([Fault("E-LAYER-118", f"{where} {name}", {"datum": bracket}, field=name)])
    if found:
        notes.guessed.append(Remark("R-LAYER-COORDINATES", len(table), facts={"columns": ", ".join(found)}))
    return found


def _found(table: pd.DataFrame, spec: LayerSpec, where: str) -> tuple[str, ...]:
    degrees, metres = (LON, LAT), (X, Y)
    degree = webmap(spec.crs) or re.search(r"4326|4490|4214|4610|cgcs2000$|wgs-?84$", spec.crs or "", re.IGNORECASE)
    metric = bool(spec.crs) and not degree
    for east, north in (metres, degrees) if metric else (degrees, metres):
        sides = [_fitting(table, names) for names in (east, north)]
        if all(sides):
            for side, own in zip(sides, ("lon", "lat"), strict=True):
                if len(side) > 1:
                    facts = {"column": own, "columns": listed(side), "first": side[0]}
                    raise InputError([Fault("E-LAYER-070", where, facts, field=own)])
            return sides[0][0], sides[1][0]
    both = _fitting(table, PAIR | TURNED)
    return (both[0],) if len(both) == 1 else ()


def say_degrees(table: pd.DataFrame, columns: tuple[str, ...], spec: LayerSpec) -> bool:
    """Whether anything says that the numbers are degrees: the columns' names, the study's, or signs in the cells.

    Plain ``x`` and ``y`` hold metres as often, and a system of degrees is then as open as one of metres.
    """
    if len(columns) == 1 or not {"lon", "lat", "lonlat"}.isdisjoint(spec.fields):
        return True
    if not any(plain(name) in X | Y or plain(split_header(name)[0]) in X | Y for name in columns):
        return True
    if any(SAYS_DEGREES.search(split_header(name)[1] or "") for name in columns):
        return True
    return any(bool(table[name].dropna().astype(str).str.contains(MARK).any()) for name in columns)


def note_system(columns: tuple[str, ...], rows: int, spec: LayerSpec, notes: Notes) -> None:
    """What is taken for the system of a list of degrees that names none."""
    if not spec.crs and not any(MODERN.search(name) for name in columns):
        notes.guessed.append(Remark("R-LAYER-ASSUMED", rows, facts={"columns": ", ".join(columns)}))


def _fitting(table: pd.DataFrame, names: set[str]) -> list[str]:
    headers = [str(column) for column in table.columns]
    return [h for h in headers if plain(h) in names or plain(split_header(h)[0]) in names]


def placed(table: pd.DataFrame, columns: tuple[str, ...], where: str, notes: Notes) -> gpd.GeoDataFrame:
    """A list as points; where a row's cells are no coordinates its geometry is empty and ``LONLAT`` keeps them."""
    if len(columns) == 1:
        pairs = _apart(table[columns[0]], columns[0], where, notes)
        told = table[columns[0]]
    else:
        pairs = [table[column] for column in columns]
        joined = zip(*pairs, strict=True)
        told = pd.Series([", ".join(filter(None, pair)) or None for pair in joined], table.index, dtype=object)
    x, y = (_degrees(side, foreign, notes) for side, foreign in zip(pairs, (NORTH, EAST), strict=True))
    points = gpd.points_from_xy(x, y)
    points[~(np.isfinite(x) & np.isfinite(y))] = None
    rest = kept_aside(table.drop(columns=list(columns)), ("row", "geometry", LONLAT))
    return gpd.GeoDataFrame(rest.assign(**{LONLAT: told}), geometry=points)


def kept_aside(frame: pd.DataFrame, taken: Iterable[str]) -> pd.DataFrame:
    """A file's column whose name is taken stays under another one."""
    return frame.rename(columns={name: f"{name} (file)" for name in taken})


def _degrees(cells: pd.Series, foreign: re.Pattern[str], notes: Notes) -> NDArray[np.float64]:
    """Cells as numbers; degrees with minutes and seconds are computed and told, what is neither is not a number."""
    values = pd.to_numeric(cells, errors="coerce").to_numpy(float).copy()
    turned: list[int] = []
    for at in np.flatnonzero(np.isnan(values) & cells.notna().to_numpy()).tolist():
        cell = halfwidth(str(cells.iloc[at])[:LONGEST]).strip()
        try:
            values[at] = float(cell)
        except ValueError:
            if not DEGREES.fullmatch(cell) or not MARK.search(cell) or foreign.search(cell):
                continue
            if beyond_sixty(cell):
                continue
            try:
                values[at] = float(lat_lon_parser.parse(cell))
            except (ValueError, TypeError, IndexError, OverflowError):
                continue
            turned.append(int(cells.index[at]))
    if turned:
        ids = tuple(map(str, turned[:SHOWN_IDS]))
        notes.repaired.append(Remark("R-LAYER-DMS", len(turned), ids, {"column": cells.name}, rows=tuple(turned)))
    return values


def beyond_sixty(cell: str) -> bool:
    """Whether minutes or seconds reach 60, or a part that another follows has a fraction: no such angle is written."""
    angles = [NUMBER.findall(half) for half in CUT.split(halfwidth(cell[:LONGEST])) if MARK.search(half)]
    return any("." in part for parts in angles for part in parts[:-1]) or any(
        float(part) >= 60 for parts in angles for part in parts[1:3]
    )


def _apart(cells: pd.Series, name: str, where: str, notes: Notes) -> list[pd.Series]:
    """Both coordinates out of one cell, east first; a layer has one order, and the numbers or the name must show it.

    Raises
    ------
    InputError
        Rows whose order is open or differs from the others'.
    """
    halves = [CUT.split(halfwidth(str(cell)[:LONGEST]).strip("()[] \t")) if cell is not None else [] for cell in cells]
    first = pd.Series([half[0] if len(half) == 2 else None for half in halves], cells.index, dtype=object, name=name)
    second = pd.Series([half[1] if len(half) == 2 else None for half in halves], cells.index, dtype=object, name=name)
    a, b = (pd.to_numeric(side, errors="coerce").to_numpy(float) for side in (first, second))
    says_north = np.array([bool(NORTH.search(str(cell))) for cell in first]) | (np.abs(b) > 90)
    says_east = np.array([bool(EAST.search(str(cell))) for cell in first]) | (np.abs(a) > 90)
    if says_north.any() and says_east.any():
        fewer = says_north if says_north.sum() <= says_east.sum() else says_east
        raise InputError([_order(cells, fewer, where, name)])
    turned = says_north.any() or (not says_east.any() and plain(name) in TURNED)
    open_order = not says_north.any() and not says_east.any()
    if open_order and plain(split_header(name)[0]) not in (PAIR - OPEN) | TURNED and len(cells):
        raise InputError([_order(cells, np.isfinite(a) & np.isfinite(b), where, name)])
    if turned:
        notes.guessed.append(Remark("R-LAYER-NORTHFIRST", len(cells), facts={"column": name}))
    return [second, first] if turned else [first, second]


def _order(cells: pd.Series, rows: NDArray[np.bool_], where: str, name: str) -> Fault:
    hit = cells[rows]
    shown = ", ".join(f"{row} ('{cell}')" for row, cell in zip(hit.index[:SHOWN_IDS], hit[:SHOWN_IDS], strict=True))
    more = f", +{len(hit) - SHOWN_IDS}" if len(hit) > SHOWN_IDS else ""
    told = Rows(shown + more, map(int, hit.index), map(str, hit), name)
    return Fault("E-LAYER-115", f"{where} {name}", {"rows": told}, field=name)
