"""Damaged bytes of every format: a fault with a name, or a layer whose counts and ranges say that nothing is lost.

A file is flipped, cut or grown at places that hypothesis chooses. Never a traceback, never a hang, never
fewer rows or wilder numbers without a word; and the file stays as it was.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import zipfile
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_formats import GPX, LINE, PLACE, RING, TRK, data, dxf, kml, shapefile, spec, tif
from test_tables import PLACES, listed, sheet

from gis_wufei.errors import InputError
from gis_wufei.layers import open_layer

ROWS = 12
SLOW_S = 15.0


def polygons():
    names = [f"林地{at}" for at in range(ROWS)]
    boxes = [shapely.box(109 + at / 10, 40, 109.1 + at / 10, 40.1) for at in range(ROWS)]
    return gpd.GeoDataFrame({"name": names, "area": np.arange(ROWS) + 0.5}, geometry=boxes, crs=4490)


def villages(folder, name="v.csv", encoding="utf-8"):
    head, *_ = PLACES.splitlines()
    return listed(
        folder,
        head,
        *(f"V{at},村{at},{100 + at},{109 + at / 10},40.4" for at in range(ROWS)),
        name=name,
        encoding=encoding,
    )


def zipped(folder):
    shapefile(folder, polygons(), name="s")
    with zipfile.ZipFile(folder / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for side in ("shp", "shx", "dbf", "prj"):
            archive.write(folder / f"s.{side}", f"s.{side}")
            (folder / f"s.{side}").unlink()
    return "z.zip"


def workbook(folder):
    rows = [line.split(",") for line in (folder / villages(folder, "x.csv")).read_text().splitlines()]
    (folder / "x.csv").unlink()
    return sheet(folder, *rows)


def written(driver, name):
    def make(folder):
        frame = polygons()
        (frame.to_crs(4326) if driver == "GeoJSON" else frame).to_file(folder / name, driver=driver)
        return name

    return make


MAKERS = {
    "shp": (lambda folder: shapefile(folder, polygons()), "forest", ROWS),
    "gpkg": (written("GPKG", "a.gpkg"), "forest", ROWS),
    "geojson": (written("GeoJSON", "a.geojson"), "forest", ROWS),
    "fgb": (written("FlatGeobuf", "a.fgb"), "forest", ROWS),
    "gdb": (written("OpenFileGDB", "a.gdb"), "forest", ROWS),
    "kml": (
        lambda f: kml(f, "".join(PLACE.format(name=i, data=data(码=i), x=109 + i / 10) for i in range(ROWS))),
        "context",
        ROWS,
    ),
    "gpx": (lambda f: [(f / "a.gpx").write_text(GPX.format(TRK * ROWS)), "a.gpx"][1], "railway", ROWS),
    "dxf": (lambda f: dxf(f, RING.format(layer="林") * ROWS), "forest", ROWS),
    "lines": (lambda f: dxf(f, LINE.format(layer="铁路") * ROWS), "railway", ROWS),
    "csv": (villages, "settlements", ROWS),
    "gbk": (lambda folder: villages(folder, encoding="gbk"), "settlements", ROWS),
    "xlsx": (workbook, "settlements", ROWS),
    "zip": (zipped, "forest", ROWS),
    "tif": (lambda f: tif(f, np.linspace(900, 1500, 10_000, dtype="float32").reshape(100, 100)), "dem", 1),
}


@cache
def original(kind):
    """The folder of a sound file, made once; its name, and the files that may be damaged."""
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{kind}-"))
    path = MAKERS[kind][0](folder)
    files = sorted(str(part.relative_to(folder)) for part in folder.rglob("*") if part.is_file())
    return folder, path, files


def opened(kind, folder, path):
    more = {"crs": "EPSG:4508"} if kind in ("dxf", "lines") else {}
    return open_layer("layer", spec(path, MAKERS[kind][1], **more), folder)


@pytest.mark.parametrize("kind", MAKERS)
def test_the_sound_file_is_read_whole(kind):
    folder, path, _ = original(kind)
    layer = opened(kind, folder, path)
    assert len(layer.frame) == MAKERS[kind][2] and layer.certificate.rows_read == len(layer.frame)


damage = st.tuples(
    st.integers(0, 50),  # which file
    st.floats(0, 1, exclude_max=True),  # where
    st.sampled_from(["flip", "cut", "drop", "insert", "zero", "swap"]),
    st.binary(min_size=1, max_size=8),
)


def spoiled(raw, place, kind, with_bytes):
    at = int(place * len(raw))
    match kind:
        case "cut":
            return raw[:at]
        case "drop":
            return raw[:at] + raw[at + len(with_bytes) :]
        case "insert":
            return raw[:at] + with_bytes + raw[at:]
        case "zero":
            return raw[:at] + b"\0" * len(with_bytes) + raw[at + len(with_bytes) :]
        case "swap":
            return raw[:at] + raw[at : at + 8][::-1] + raw[at + 8 :]
        case _:
            flipped = bytes(one ^ (two or 1) for one, two in zip(raw[at:], with_bytes, strict=False))
            return raw[:at] + flipped + raw[at + len(flipped) :]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("kind", MAKERS)
@settings(max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(damages=st.lists(damage, min_size=1, max_size=3))
def test_damage_is_told_or_changes_no_count(kind, damages):
    sound, path, files = original(kind)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "f"
        shutil.copytree(sound, folder)
        for which, place, how, with_bytes in damages:
            part = folder / files[which % len(files)]
            part.write_bytes(spoiled(part.read_bytes(), place, how, with_bytes))
        before = {name: (folder / name).read_bytes() for name in files}
        start = time.monotonic()
        try:
            layer = opened(kind, folder, path)
        except InputError as error:
            told = [fault.text(lang) for fault in error.faults for lang in ("zh", "en")]
        else:
            told = ["sound"]
            accounted(kind, layer)
        assert told and all(told)
        assert time.monotonic() - start < SLOW_S
        assert {name: (folder / name).read_bytes() for name in files} == before
        assert sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()) == files


def accounted(kind, layer):
    """Every row of the sound file is there or its absence is told; numbers stay numbers in their place."""
    paper = layer.certificate
    told = sum(remark.count for answer, remark in paper.remarks if answer in ("dropped", "warned"))
    assert paper.rows_read == MAKERS[kind][2] or paper.rows_read + told >= MAKERS[kind][2] or kind in TEXT, paper
    bounds = layer.frame.total_bounds
    assert np.isfinite(bounds).all()
    if layer.frame.crs.is_geographic:
        assert (np.abs(bounds) <= 180).all()
    for column in layer.frame.select_dtypes("number"):
        assert not np.isinf(pd.to_numeric(layer.frame[column])).any()


TEXT = {"csv", "gbk"}  # a list has no count of its own: a cut at a row's end leaves a sound shorter list
