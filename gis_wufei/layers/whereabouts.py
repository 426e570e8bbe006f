"""Where a layer lies against what it says of itself: words, codes and datum of China on ground that is not."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gis_wufei.crs import WGS84, china, crs_label, transformer
from gis_wufei.errors import Fault
from gis_wufei.layers.accuracy import datum_name
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import Role
from gis_wufei.layers.tell import LONLAT, as_text, rows
from gis_wufei.text import Text, text

BESIDE_DEG = 2.0  # from the outline: islands, the coast and the ground just across the border
JAPAN = (122.5, 24.0, 154.0, 46.0)  # names are written in Chinese letters there, too
HAN = re.compile(r"[\u4e00-\u9fff]")
DIVISION = re.compile(r"(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5])\d{10}(\d{3})?")
"""A division code of 12 or 15 digits; Germany's begin alike, so it says China only beside Chinese words."""
TRANSLATED = re.compile(r"[:_ .-](?:zh|chi|cn|chinese)(?:[-_]\w+)?$", re.IGNORECASE)
LOOKED_AT = 500  # rows


def check_place(frame: gpd.GeoDataFrame, role: Role, where: str, faults: list[Fault], notes: Notes) -> None:
    """A layer outside China that is written in Chinese or on China's datum is doubted; one with China's codes refused.

    Any county of the world is welcome: a layer that says nothing of China is left alone wherever it lies.
    """
    if frame.crs is None or frame.empty:
        return
    lon, lat = _middle(frame)
    if not np.isfinite([lon, lat]).all() or shapely.distance(china(), shapely.Point(lon, lat)) < BESIDE_DEG:
        return
    words, reasons = _chinese(frame, notes.columns), []
    if words and not (JAPAN[0] < lon < JAPAN[2] and JAPAN[1] < lat < JAPAN[3]):
        reasons.append(text("abroad.words"))
    if "2000" in datum_name(CRS(frame.crs)) and "china" in datum_name(CRS(frame.crs)).casefold():
        reasons.append(text("abroad.datum"))
    coded = _coded(frame, role) if words else None
    if coded is not None:
        facts = {"rows": rows(frame, coded, role.id), "place": f"{lon:.2f}°, {lat:.2f}°"}
        faults.append(Fault("E-LAYER-051", where, facts, field=role.id))
    elif reasons:
        why = Text(zh="，".join(one.zh for one in reasons), en=" and ".join(one.en for one in reasons))
        told = {"place": f"{lon:.2f}°, {lat:.2f}°", "why": why, "crs": crs_label(CRS(frame.crs))}
        notes.warned.append(Remark("R-LAYER-ABROAD", len(frame), facts=told))


def _middle(frame: gpd.GeoDataFrame) -> tuple[float, float]:
    """Median of the rows in degrees."""
    boxes = shapely.bounds(frame.geometry.to_numpy())
    x, y = np.median((boxes[:, 0] + boxes[:, 2]) / 2), np.median((boxes[:, 1] + boxes[:, 3]) / 2)
    lon, lat = transformer(CRS(frame.crs), WGS84).transform(x, y)
    return float(lon), float(lat)


def _chinese(frame: gpd.GeoDataFrame, columns: tuple[str, ...]) -> bool:
    """Whether the file is written in Chinese: a column's name, or most of the cells of a column.

    A column that says itself that it is a translation (``name:zh``, ``name_zh``) tells nothing of the place.
    """
    if any(HAN.search(name) for name in columns):
        return True
    few = frame.head(LOOKED_AT).drop(columns=[frame.geometry.name, "row", LONLAT], errors="ignore")
    for column in few.columns[[TRANSLATED.search(str(name)) is None for name in few.columns]]:
        cells = few[column].dropna()
        if len(cells) and cells.map(lambda cell: isinstance(cell, str) and HAN.search(cell) is not None).mean() > 0.5:
            return True
    return False


def _coded(frame: gpd.GeoDataFrame, role: Role) -> pd.Series | None:
    """The rows whose code is one of China's divisions, if most have one."""
    if role.id is None or role.id not in frame:
        return None
    hit = frame[role.id].map(lambda code: DIVISION.fullmatch(as_text(code)) is not None).astype(bool)
    return hit if hit.mean() > 0.5 else None
