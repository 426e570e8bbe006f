"""OpenStreetMap from the public Overpass server, through osmnx: asked once, politely, with every tag kept."""

from __future__ import annotations

import socket
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import geopandas as gpd
import shapely

from gis_wufei.errors import Fault, InputError, MissingExtraError
from gis_wufei.fetch.area import Box
from gis_wufei.fetch.net import AGENT, in_time
from gis_wufei.fetch.osm_table import Elements, themes

TIMEOUT_S = 180  # of one request
OVERALL_S = 900.0  # of all: a busy server is asked again after pauses, and osmnx never tires of it
LETTERS = {"node": "n", "way": "w", "relation": "r"}
TYPES = {"point": ("Point",), "line": ("LineString",), "area": ("Polygon", "MultiPolygon")}


def read_overpass(box: Box, url: str) -> dict[str, Elements]:
    """The elements of every theme within the box.

    Truck tags (maxweight, maxaxleload, maxheight, hgv, surface, smoothness …) come with all the others:
    features are asked for, not a graph, whose list of useful tags leaves them out.
    """
    try:
        import osmnx
    except ImportError as error:
        raise MissingExtraError("osmnx is needed (需要 osmnx): pip install 'gis-wufei[osm]'") from error
    found = {name: Elements() for name in themes()}
    wanted: dict[str, Any] = {theme.key: True for theme in themes().values()}
    with _polite(osmnx, url), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            features = in_time(lambda: osmnx.features.features_from_bbox(box, wanted), OVERALL_S)
        except osmnx._errors.InsufficientResponseError as error:
            if str(error).startswith("No matching features"):
                return found
            raise InputError([Fault("E-FETCH-012", url, {"reason": str(error)[:200]})]) from error
        except (OSError, RuntimeError, ValueError) as error:  # being too slow is an OSError
            raise InputError([Fault("E-FETCH-012", url, {"reason": str(error)[:200]})]) from error
    for name, theme in themes().items():
        _take(name, theme.take, features, found[name])
    return found


def _take(name: str, take: str, features: gpd.GeoDataFrame, into: Elements) -> None:
    theme = themes()[name]
    if theme.key not in features:
        return
    rows = features[features[theme.key].notna() & features.geom_type.isin(TYPES[take])]
    for (element, number), row in zip(rows.index, rows.to_dict(orient="records"), strict=True):
        tags = {str(k): str(v) for k, v in row.items() if isinstance(v, str)}
        if theme.wants(tags) and (take != "point" or element == "node"):
            shape = row["geometry"]
            if take == "area" and shape.geom_type == "Polygon":
                shape = shapely.MultiPolygon([shape])
            into.add(f"{LETTERS[element]}{number}", tags, shapely.to_wkb(shape, hex=True))


@contextmanager
def _polite(osmnx: Any, url: str) -> Iterator[None]:
    """osmnx set up for one question: no name look-up through strangers, its cache thrown away, all put back."""
    own = {
        "overpass_url": url.rstrip("/"),
        "doh_url_template": None,
        "requests_timeout": TIMEOUT_S,
        "http_user_agent": AGENT,
        "http_referer": "",
        "log_console": False,
        "log_file": False,
        "use_cache": True,
    }
    before = {key: getattr(osmnx.settings, key) for key in (*own, "cache_folder")}
    looked_up = socket.getaddrinfo  # osmnx pins the server's address by replacing it
    with tempfile.TemporaryDirectory(prefix="wufei-") as folder:
        for key, value in {**own, "cache_folder": folder}.items():
            setattr(osmnx.settings, key, value)
        try:
            yield
        finally:
            socket.getaddrinfo = looked_up
            for key, value in before.items():
                setattr(osmnx.settings, key, value)
