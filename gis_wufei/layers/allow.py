"""The drivers that may open a file of a planner: all others are off before GDAL loads, and none reaches a network."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# Drivers that follow descriptions to other files or hosts, run SQL, or read what no layer here is.
SKIPPED = (
    "AmigoCloud", "AVCBin", "AVCE00", "Carto", "CSV", "CSW", "DGN", "EDIGEO", "EEDA", "Elasticsearch", "ESRIJSON",
    "GeoJSONSeq", "GeoRSS", "GML", "GPSBabel", "GTFS", "HTTP", "Idrisi", "JML", "JSONFG", "KML", "LVBAG",
    "MapInfo File", "MapML", "MBTiles", "MVT", "NGW", "OAPIF", "ODS", "OGCAPI", "OGR_GMT", "OGR_PDS", "OGR_VRT",
    "PDF", "PDS4", "PGDUMP", "PLSCENES", "PMTiles", "S57", "Selafin", "SQLite", "SXF", "TopoJSON", "VDV", "VFK",
    "WAsP", "WFS", "XLSX",
)  # fmt: skip

# Should a file hide a link from our own looks, GDAL's requests lead nowhere, and a folder is not listed for it.
NO_NETWORK = {
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_HTTP_MAX_RETRY": "0",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "CPL_CURL_ENABLE_VSIMEM": "NO",
    "OGR_GEOJSON_MAX_OBJ_SIZE": "0",  # no limit: one polygon of a million vertices is legal
    "LIBKML_RESOLVE_STYLE": "NO",
    "OGR_SQLITE_STATIC_VIRTUAL_OGR": "NO",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    "OGR_ARC_STEPSIZE": "0.5",  # degrees: an arc becomes a line within 1/100 000 of its radius
    "SHAPE_RESTORE_SHX": "NO",
}


def _load() -> None:
    """Load GDAL with the list in force; the environment is as before afterwards.

    A program that loaded pyogrio before us keeps its drivers: then the looks at content before, and
    at the driver after opening, are the guard.
    """
    before = os.environ.get("OGR_SKIP")
    os.environ["OGR_SKIP"] = ",".join(SKIPPED)
    try:
        import pyogrio  # noqa: F401 - the order is the point
    finally:
        if before is None:
            del os.environ["OGR_SKIP"]
        else:
            os.environ["OGR_SKIP"] = before


_load()


@contextmanager
def offline(**more: str) -> Iterator[None]:
    """GDAL without a network, and with further options of one reading; all as before afterwards."""
    with gdal_settings(NO_NETWORK | more):
        yield


@contextmanager
def gdal_settings(wanted: Mapping[str, str]) -> Iterator[None]:
    """GDAL with these options; all as before afterwards."""
    import pyogrio

    before = {name: pyogrio.get_gdal_config_option(name) for name in wanted}
    pyogrio.set_gdal_config_options(dict(wanted))
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)
