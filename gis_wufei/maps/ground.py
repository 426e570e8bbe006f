"""The study's own layers as layers of the page: the land, and the base on which everything is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_wufei.layers import Layer
from gis_wufei.layers.spec import roles
from gis_wufei.maps import styles
from gis_wufei.maps.shapes import features, kinds_of
from gis_wufei.maps.words import coded, pair, role_label, source_of, words
from gis_wufei.plan import Plan
from gis_wufei.report.lineage import row_states
from gis_wufei.standards import roads
from gis_wufei.text import Text

Json = dict[str, Any]

MOST_SHAPES = 8000
"""Of one layer; more are drawn as one shape per class."""

MOST_ROWS_WITH_EXTRAS = 2000
"""Columns of the file that no role knows are shown in the popups of layers up to this size."""

HIDDEN = {"geometry", "row", "synthetic", "source", "accuracy_m"}
CODED = ("class", "sub_class", "kind", "crop")


def ground_layers(plan: Plan) -> list[Json]:
    """Every layer of the study, in the order of ``styles.yaml``."""
    found: list[Json] = []
    for role in styles.roles_in_order():
        if role == "small_roads":
            found += [layer for source in plan.layers.of_role("roads") for layer in _small_roads(source)]
        for source in plan.layers.of_role(role):
            found += _roads(source) if role == "roads" else _layer(source)
    return found


def _entry(layer: Layer, look: styles.Style, name: str, label: Json, geometry: str, collection: Json) -> Json:
    return {
        "id": name,
        "group": look["group"],
        "label": label,
        "geometry": geometry,
        "visible": bool(look.get("visible", False)),
        "source": source_of(layer),
        "synthetic": layer.certificate.synthetic,
        "style": dict(look["style"]),
        "fields": [],
        "title_field": None,
        "search": False,
        "features": collection,
    }


def _layer(layer: Layer) -> Iterator[Json]:
    """One page layer for each kind of geometry that the layer holds."""
    look = styles.of_role(layer.role)
    kinds = kinds_of(layer.frame.geometry)
    present = [kind for kind in ("polygon", "line", "point") if (kinds == kind).any()]
    for kind in present:
        frame = layer.frame[kinds == kind]
        name = layer.name if len(present) == 1 else f"{layer.name}-{kind}"
        label = pair(layer.label) if len(present) == 1 else words(f"map.of.{kind}", label=layer.label)
        if look.get("rank") in frame:  # those of rank come first, and so have their names written
            frame = frame.sort_values(look["rank"], ascending=False, kind="stable")
        by = look.get("by")
        by = by if by in frame else None
        if len(frame) > MOST_SHAPES and kind != "point":
            frame = _dissolved(frame, by)
        columns = _columns(layer.role, frame)
        rows = list(_properties(layer, frame, columns, kind, by))
        entry = _entry(layer, look, name, label, kind, features(frame.geometry, rows, bool(look.get("coverage"))))
        entry["fields"] = _fields(layer.role, columns, kind)
        entry["title_field"] = _title(layer.role, frame)
        entry["search"] = kind == "point" and layer.role in ("settlements", "facilities")
        if "names" in look:
            entry["names"] = look["names"]
        if by:
            entry["style"]["by"] = _classes(layer.role, by, look, frame, kind)
        yield entry


def _columns(role: str, frame: gpd.GeoDataFrame) -> list[str]:
    known = [name for name in roles()[role].columns if name in frame and name not in HIDDEN]
    extras = [str(name) for name in frame.columns if name not in HIDDEN and name not in known]
    extras = extras if len(frame) <= MOST_ROWS_WITH_EXTRAS else []
    return [name for name in (*known, *extras) if frame[name].notna().any()]


def _title(role: str, frame: gpd.GeoDataFrame) -> str | None:
    if "name" in frame and frame["name"].notna().any():
        return "name"
    identity = roles()[role].id
    return identity if identity in frame else None


def _fields(role: str, columns: list[str], kind: str) -> list[Json]:
    fields: list[Json] = [
        {"name": _told(role, name), "label": pair(role_label(role, name)), "unit": None, "digits": None}
        for name in columns
        if name != "name"
    ]
    if kind == "polygon":
        fields.append({"name": "drawn_ha", "label": words("map.field.area"), "unit": words("map.unit.ha"), "digits": 1})
    return fields


def _told(role: str, name: str) -> str:
    """A coded column keeps its code, by which the page draws; its words stand beside it."""
    return f"{name}_text" if _is_coded(role, name) else name


def _is_coded(role: str, name: str) -> bool:
    contract = roles()[role].columns.get(name)
    return bool(contract and contract.allowed) or coded(role, name, "") is not None or name in CODED


def _properties(
    layer: Layer, frame: gpd.GeoDataFrame, columns: list[str], kind: str, by: str | None
) -> Iterator[dict[str, object]]:
    area = frame.geometry.area.to_numpy() / 10_000
    states = row_states(frame).tolist() if layer.certificate.synthetic == "some" else None
    for i, row in enumerate(frame[columns].itertuples(index=False, name=None)):
        values: dict[str, object] = {}
        for name, value in zip(columns, row, strict=True):
            if not _is_coded(layer.role, name):
                values[name] = value
                continue
            values[_told(layer.role, name)] = coded(layer.role, name, value) or value
            if name == by:
                values[name] = value
        if kind == "polygon":
            values["drawn_ha"] = round(float(area[i]), 2)
        if states is not None:
            values["synthetic"] = states[i]
        yield values


def _classes(role: str, by: str, look: styles.Style, frame: gpd.GeoDataFrame, kind: str) -> Json:
    known: dict[str, Json] = look.get("classes", {})
    present = sorted({str(value) for value in frame[by].dropna()})
    ordered = [value for value in known if value in present] + [value for value in present if value not in known]
    measured = {"polygon": frame.geometry.area / 10_000, "line": frame.geometry.length / 1000}.get(kind)
    unit = "map.amount.ha" if kind == "polygon" else "map.amount.km"
    classes = []
    for i, value in enumerate(ordered):
        label = coded(role, by, value) or Text(zh=value, en=value)
        own = known.get(value, {"color": styles.series(i)})
        one = {"value": value, "label": pair(label), **own}
        if measured is not None:
            amount = float(measured[(frame[by].astype(str) == value).to_numpy()].sum())
            one["amount"] = words(unit, amount=f"{amount:,.0f}")
        classes.append(one)
    return {"field": by, "classes": classes, "other": {"color": styles.series(len(ordered))}}


def _dissolved(frame: gpd.GeoDataFrame, by: str | None) -> gpd.GeoDataFrame:
    key = frame[by] if by else pd.Series(0, frame.index)
    shapes = frame.geometry.groupby(key, sort=True).agg(lambda group: shapely.union_all(group.to_numpy()))
    table = pd.DataFrame({by: shapes.index}) if by else pd.DataFrame(index=range(len(shapes)))
    return gpd.GeoDataFrame(table, geometry=shapes.to_numpy(), crs=frame.crs)


# --- roads: few shapes, since a county has tens of thousands of stretches ----------------------


def _roads(layer: Layer) -> Iterator[Json]:
    """The main classes, one shape a named road."""
    look = styles.of_role("roads")
    frame = layer.frame[layer.frame["class"].isin(list(look["classes"]))]
    if frame.empty:
        return
    name = frame["name"].fillna("") if "name" in frame else pd.Series("", frame.index)
    merged = _merged(frame, [frame["class"].to_numpy(), name.to_numpy()])
    rows = [
        {
            "class": main,
            "class_text": coded("roads", "class", main) or main,
            "name": str(called),
            "km": float(shape.length) / 1000,
        }
        for (main, called), shape in merged.items()
    ]
    entry = _entry(layer, look, layer.name, pair(layer.label), "line", features(_series(merged, frame), rows))
    entry["fields"] = [
        {"name": "class_text", "label": pair(role_label("roads", "class")), "unit": None, "digits": None},
        {"name": "km", "label": words("map.field.length"), "unit": words("map.unit.km"), "digits": 1},
    ]
    entry["title_field"] = "name"
    entry["style"]["by"] = _classes("roads", "class", look, frame, "line")
    yield entry


def _small_roads(layer: Layer) -> Iterator[Json]:
    """All other classes, one shape a class: they show where roads are, and answer no click."""
    look = styles.of_role("small_roads")
    frame = layer.frame[~layer.frame["class"].isin(list(styles.of_role("roads")["classes"]))]
    if frame.empty:
        return
    merged = _merged(frame, [frame["class"].to_numpy()])
    rows: list[dict[str, object]] = [{"class": key[0]} for key in merged]
    collection = features(_series(merged, frame), rows)
    entry = _entry(layer, look, f"{layer.name}-small", words("map.small_roads"), "line", collection)
    entry["style"]["by"] = _classes("roads", "class", look, frame, "line")
    yield entry


def _merged(frame: gpd.GeoDataFrame, keys: list[np.ndarray[Any, Any]]) -> dict[tuple[str, ...], Any]:
    order = {name: i for i, name in enumerate(roads())}
    groups = frame.geometry.groupby(keys).agg(lambda group: shapely.line_merge(_lines(group.to_numpy())))
    found = {(key if isinstance(key, tuple) else (key,)): shape for key, shape in groups.items()}
    # The lesser classes first, so that main roads cross over them.
    return dict(sorted(found.items(), key=lambda item: (-order.get(item[0][0], len(order)), *item[0])))


def _lines(shapes: np.ndarray[Any, Any]) -> Any:
    return shapely.multilinestrings(shapely.get_parts(shapes))


def _series(merged: dict[tuple[str, ...], Any], frame: gpd.GeoDataFrame) -> gpd.GeoSeries:
    return gpd.GeoSeries(list(merged.values()), crs=frame.crs)
