"""The plan as one GeoPackage: places, sites, rounds, hauls and land in the study's own system."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes

from gis_wufei.land import Eligibility
from gis_wufei.layers.outgoing import fixed_date, rows_of
from gis_wufei.plan import Plan, StreamPlan
from gis_wufei.report.grounds import about, credits_of, file_of
from gis_wufei.report.lineage import land_layers, place_states, site_states, state_of, stream_layers
from gis_wufei.report.table import MU_PER_HA

GPKG_FILE = "plan.gpkg"
MakeLayer = Callable[[Plan, str], pd.DataFrame]
CLASSES = {1: "eligible", 2: "avoid", 3: "conditional", 4: "excluded"}
"""Of land: no rule touches it, it had better be avoided, an approval is needed, it is barred."""


def write_gpkg(plan: Plan, folder: Path, lang: str) -> None:
    """Write ``plan.gpkg``: layers with geometry, then the tables ``numbers``, ``ledger``, ``layers`` and ``about``.

    Columns are ASCII with the unit in the name; words are codes, so the file is the same in every language
    but for the texts of ``about``.
    """
    path = folder / GPKG_FILE
    with fixed_date():
        rows: dict[str, int] = {}
        for name, make in LAYERS.items():
            frame = make(plan, lang)
            options = {"append": False} if rows else {"dataset_options": {"VERSION": "1.2"}}
            pyogrio.write_dataframe(_plain(frame), path, layer=name, driver="GPKG", **_shape(frame), **options)
            rows[name] = len(frame)
    if rows_of(path) != rows:
        raise OSError(errno.EIO, f"{path.name} does not hold every row")


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of types that a GeoPackage has, whatever pandas took for an empty one."""
    told = {c: frame[c].astype(object) for c in frame.columns if pd.api.types.is_string_dtype(frame[c].dtype)}
    return frame.assign(**told)


def _shape(frame: pd.DataFrame) -> dict[str, str]:
    """The geometry type of a layer, which an empty one cannot tell by itself."""
    if not isinstance(frame, gpd.GeoDataFrame):
        return {}
    kinds = set(frame.geom_type)
    return {"geometry_type": str(frame.attrs.get("geometry_type") or (kinds.pop() if len(kinds) == 1 else "Unknown"))}


def _study_area(plan: Plan, lang: str) -> gpd.GeoDataFrame:
    area = plan.layers.area
    hectares = area.area / 10_000
    facts = {
        "study": plan.study.spec.name,
        "scenario": plan.study.scenario,
        "area_ha": hectares,
        "area_mu": hectares * MU_PER_HA,
        "synthetic": state_of(plan, [layer.name for layer in plan.layers.of_role("boundary")]),
    }
    return gpd.GeoDataFrame(pd.DataFrame(facts, index=area.index), geometry=area.geometry, crs=area.crs)


def _places(plan: Plan, stream: StreamPlan) -> gpd.GeoDataFrame:
    frame = stream.demand.places.drop(columns="synthetic").reset_index()
    missed = stream.unserved.groupby("place_id")["t_per_year"].sum().to_dict()
    why = stream.unserved.groupby("place_id")["reason"].first().to_dict()
    served = stream.assignments.groupby("place_id")["site_id"].agg(", ".join).to_dict()
    return frame.assign(
        site_id=[served.get(place, "") for place in frame["place_id"]],
        unserved_t_per_year=[float(missed.get(place, 0.0)) for place in frame["place_id"]],
        unserved_reason=[why.get(place, "") for place in frame["place_id"]],
        synthetic=place_states(plan, stream).to_numpy(),
    )


def _sites(plan: Plan, stream: StreamPlan) -> gpd.GeoDataFrame:
    frame = stream.sites.assign(kind=stream.spec.facility.kind, synthetic=site_states(plan, stream))
    return frame.reset_index()


def _assignments(plan: Plan, stream: StreamPlan) -> gpd.GeoDataFrame:
    table = stream.assignments.assign(synthetic=state_of(plan, stream_layers(plan, stream)))
    return gpd.GeoDataFrame(table, geometry=straight_lines(stream).to_numpy(), crs=stream.sites.crs)


def straight_lines(stream: StreamPlan) -> gpd.GeoSeries:
    """A line from each place to its site, in the order of the assignments."""
    table = stream.assignments
    place = shapely.get_coordinates(stream.demand.places.geometry.loc[table["place_id"]].to_numpy())
    site = shapely.get_coordinates(stream.sites.geometry.loc[table["site_id"]].to_numpy())
    lines = shapely.linestrings(np.stack([place, site], axis=1)) if len(table) else []
    return gpd.GeoSeries(lines, crs=stream.sites.crs)


def _trips(plan: Plan, stream: StreamPlan) -> gpd.GeoDataFrame:
    return stream.collection.lines.assign(synthetic=state_of(plan, stream_layers(plan, stream)))


def _hauls(plan: Plan, stream: StreamPlan) -> gpd.GeoDataFrame:
    return stream.haul.assign(synthetic=state_of(plan, stream_layers(plan, stream)))


def land_codes(land: Eligibility) -> NDArray[np.uint8]:
    """The class of every cell (``CLASSES``), 0 outside the area; where several fit, the gravest."""
    conditional = np.zeros(land.grid.shape, bool)
    for line in land.ledger:
        if line.effect == "condition" and line.rule_id in land.marks:
            conditional |= land.marks[line.rule_id]
    code = np.select([land.excluded, conditional, land.score < 1], [4, 3, 2], 1) * land.grid.inside
    return np.asarray(code, np.uint8)


def _eligibility(plan: Plan, stream: StreamPlan) -> gpd.GeoDataFrame:
    """Connected pieces of ground by class (``CLASSES``)."""
    land = stream.eligibility
    found = list(shapes(land_codes(land), mask=land.grid.inside, connectivity=4, transform=land.grid.transform))
    pieces = np.array([shapely.geometry.shape(piece) for piece, _ in found], dtype=object)
    hectares = shapely.area(pieces) / 10_000
    table = pd.DataFrame(
        {
            "kind": land.kind,
            "class": [CLASSES[int(value)] for _, value in found],
            "area_ha": hectares,
            "area_mu": hectares * MU_PER_HA,
            "synthetic": state_of(plan, land_layers(plan, stream)),
        }
    )
    return gpd.GeoDataFrame(table, geometry=pieces, crs=land.grid.crs)


def _ledger(plan: Plan, stream: StreamPlan) -> pd.DataFrame:
    lines = [{**line.__dict__, "label": None} for line in stream.eligibility.ledger]
    table = pd.DataFrame(lines).drop(columns="label")
    labels = [line.label for line in stream.eligibility.ledger]
    return table.assign(label_zh=[label.zh for label in labels], label_en=[label.en for label in labels])


def _numbers(plan: Plan, lang: str) -> pd.DataFrame:
    return plan.numbers.sort_values("id", kind="stable").reset_index(drop=True)


def _layers(plan: Plan, lang: str) -> pd.DataFrame:
    papers = {name: layer.certificate for name, layer in plan.layers.by_name.items()}
    return pd.DataFrame(
        {
            "layer": list(papers),
            "role": [layer.role for layer in plan.layers.by_name.values()],
            "file": [file_of(plan, paper) for paper in papers.values()],
            "sha256": [paper.sha256 for paper in papers.values()],
            "rows": [paper.rows_kept for paper in papers.values()],
            "synthetic": [paper.synthetic for paper in papers.values()],
            "source": ["; ".join(credits_of(paper)) for paper in papers.values()],
            "secrecy": [paper.provenance.secrecy or "unknown" for paper in papers.values()],
        }
    )


def _about(plan: Plan, lang: str) -> pd.DataFrame:
    return pd.DataFrame(about(plan, lang), columns=["item", "text"])


def _each(
    make: Callable[[Plan, StreamPlan], pd.DataFrame], geometry_type: str = ""
) -> Callable[[Plan, str], pd.DataFrame]:
    """The rows of all streams in one layer, each with its stream."""

    def layer(plan: Plan, lang: str) -> pd.DataFrame:
        parts = []
        for name, stream in plan.streams.items():
            part = make(plan, stream)
            part.insert(0, "stream_id", name)
            parts.append(part)
        filled = [part for part in parts if len(part)] or parts[:1]
        whole = pd.concat(filled, ignore_index=True)
        whole.attrs["geometry_type"] = geometry_type
        return whole

    return layer


# A new layer: one function above, one entry here.
LAYERS: dict[str, MakeLayer] = {
    "study_area": _study_area,
    "eligibility": _each(_eligibility, "Polygon"),
    "places": _each(_places, "Point"),
    "sites": _each(_sites, "Point"),
    "assignments": _each(_assignments, "LineString"),
    "trips": _each(_trips, "LineString"),
    "hauls": _each(_hauls, "LineString"),
    "numbers": _numbers,
    "ledger": _each(_ledger),
    "layers": _layers,
    "about": _about,
}
