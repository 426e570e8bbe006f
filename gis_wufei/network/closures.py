"""Roads out of use as data of a scenario: which are shut and when, and what that cuts off."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from gis_wufei.errors import ProblemError
from gis_wufei.network.graph import Flags, Floats, RoadGraph
from gis_wufei.network.matrix import REASONS, ODMatrix, od_matrix
from gis_wufei.network.network import Network
from gis_wufei.network.snap import snap
from gis_wufei.network.trips import prepare

Month = Annotated[int, Field(ge=1, le=12)]
MonthDay = Annotated[str, Field(pattern=r"^\d\d-\d\d$")]


class ClosureSpec(BaseModel):
    """One rule by which roads are out of use; what it names in several ways must all hold.

    >>> ClosureSpec(label="sand in winter", where={"class": ("track",), "surface": ("sand",)}, months=(12, 1, 2))
    ... # doctest: +SKIP
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    label: str = Field(min_length=1, description="What it is, for maps and reports.")
    rows: tuple[int | str, ...] = Field((), description="Index labels of the road layer.")
    where: Mapping[str, tuple[str | int | bool, ...]] = Field({}, description="Column: values, any of them.")
    layer: str | None = Field(None, description="Name of a layer of points, lines or areas: roads that meet it.")
    within_m: float = Field(20.0, ge=0, description="How far from a point or line of that layer a road may lie.")
    months: tuple[Month, ...] = Field((), description="Months in which it holds; empty = all.")
    begin: MonthDay | None = Field(None, description="First day of the season, month-day.")
    until: MonthDay | None = Field(None, description="Last day of the season, month-day; may lie in the next year.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.rows or self.where or self.layer):
            raise PydanticCustomError("no_roads", "a closure needs rows, where or layer: nothing closes all roads")
        if (self.begin is None) != (self.until is None):
            raise PydanticCustomError("half_season", "a season needs begin and until")
        return self

    def holds(self, when: date | int | None) -> bool:
        """Whether it holds on a day or in a month; without either it always does."""
        if when is None:
            return True
        month = when if isinstance(when, int) else when.month
        if self.months and month not in self.months:
            return False
        if self.begin is None or self.until is None:
            return True
        low, high = self.begin, self.until
        days = [f"{month:02}-01", f"{month:02}-31"] if isinstance(when, int) else [when.strftime("%m-%d")] * 2
        if low <= high:  # a month counts where any of its days does
            return days[0] <= high and days[1] >= low
        return days[1] >= low or days[0] <= high


@dataclass(frozen=True, eq=False)
class Closures:
    """Which of E edges are out of use."""

    edges: Flags
    """bool[E], as ``edge_costs`` and ``network_of`` take it for ``closed``."""
    rule: NDArray[np.int64]
    """int[E], position of the first rule that closes an edge; -1 = none."""
    labels: tuple[str, ...]
    """Of the rules, in their order."""
    km: Mapping[str, float]
    """Length that each rule closes, also where another does."""


def closures(
    graph: RoadGraph,
    rules: Sequence[ClosureSpec],
    when: date | int | None = None,
    layers: Mapping[str, gpd.GeoDataFrame] | None = None,
) -> Closures:
    """The edges that rules close on a day.

    Parameters
    ----------
    graph
        The roads.
    rules
        Which roads, and when.
    when
        A day, or a month (1-12); default: every rule holds.
    layers
        What rules name as ``layer``, in any system. An edge is closed where it meets an area, or
        passes a point or line within ``within_m``: the whole edge, for a gully crossed anywhere cuts it.

    Raises
    ------
    ProblemError
        A row, column or layer that is not there.
    """
    first = np.full(len(graph.tail), -1, np.int64)
    km: dict[str, float] = {}
    for at, rule in enumerate(rules):
        shut = _edges(graph, rule, layers or {}) if rule.holds(when) else np.zeros(len(graph.tail), bool)
        km[rule.label] = float(graph.length_m[shut].sum() / 1000)
        first = np.where((first < 0) & shut, at, first)
    return Closures(first >= 0, first, tuple(rule.label for rule in rules), km)


def _edges(graph: RoadGraph, rule: ClosureSpec, layers: Mapping[str, gpd.GeoDataFrame]) -> Flags:
    roads = graph.roads
    row = np.ones(len(roads), bool)
    if rule.rows:
        known: set[Hashable] = set(roads.index)
        strangers = [str(label) for label in rule.rows if label not in known]
        if strangers:
            raise ProblemError(f"closure {rule.label}: rows that are not in the road layer: {', '.join(strangers)}")
        row &= roads.index.isin(rule.rows)
    for column, values in rule.where.items():
        if column not in roads:
            raise ProblemError(f"closure {rule.label}: the road layer has no column {column}")
        row &= roads[column].astype(object).isin(values).to_numpy(bool)
    shut = row[graph.row]
    if rule.layer is not None:
        if rule.layer not in layers:
            raise ProblemError(f"closure {rule.label}: no layer {rule.layer}")
        shut = shut & _meets(graph, layers[rule.layer], rule.within_m)
    return np.asarray(shut, bool)


def _meets(graph: RoadGraph, layer: gpd.GeoDataFrame, within_m: float) -> Flags:
    """bool[E]: an edge meets an area of the layer, or passes one of its points or lines within a distance."""
    if layer.crs is None:
        raise ProblemError("closures: the layer has no coordinate system")
    shapes = layer.to_crs(graph.crs).geometry.to_numpy()
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    tree = shapely.STRtree(graph.lines)
    area = shapely.get_dimensions(shapes) == 2
    met = np.zeros(len(graph.tail), bool)
    met[tree.query(shapes[area], predicate="intersects")[1]] = True
    met[tree.query(shapes[~area], predicate="dwithin", distance=within_m)[1]] = True
    return met


def cut_off(before: Network, after: Network, places: ArrayLike, facilities: ArrayLike) -> pd.DataFrame:
    """What places lose where roads are out of use: their way to the nearest facility, before and after.

    Parameters
    ----------
    before, after
        The network of a vehicle without and with the closures.
    places, facilities
        float[n, 2], float[m, 2]: in the system of the networks. Each meets the nearest road that is
        open, so a place beside a closed road may meet another one.

    Returns
    -------
    DataFrame
        A row for each place: ``facility_before`` and ``facility_after`` (position; -1 = none within
        reach), ``duration_before_s``, ``duration_after_s``, ``distance_before_m``,
        ``distance_after_m``, ``longer_s``, ``longer_m`` (inf = cut off; nan = had no way before
        either), ``loss`` (``none``, ``longer``, ``cut_off``, ``never``) and ``why``, the reason of the
        last matrix where there is no way.
    """
    here = np.asarray(places, np.float64).reshape(-1, 2)
    there = np.asarray(facilities, np.float64).reshape(-1, 2)
    table: dict[str, object] = {}
    seconds, metres, why = [], [], np.full(len(here), "", object)
    for name, network in (("before", before), ("after", after)):
        matrix = _to(network, here, there)
        nearest = matrix.duration_s.argmin(axis=1) if len(there) else np.zeros(len(here), np.int64)
        at = np.arange(len(here))
        duration = matrix.duration_s[at, nearest] if len(there) else np.full(len(here), np.inf)
        distance = matrix.distance_m[at, nearest] if len(there) else np.full(len(here), np.inf)
        table[f"facility_{name}"] = np.where(np.isfinite(duration), nearest, -1)
        table[f"duration_{name}_s"], table[f"distance_{name}_m"] = duration, distance
        if len(there):
            why = np.array([REASONS[code] for code in matrix.why[at, nearest]], object)
        seconds.append(duration)
        metres.append(distance)
    table["longer_s"], table["longer_m"] = _more(*seconds), _more(*metres)
    had, has = np.isfinite(seconds[0]), np.isfinite(seconds[1])
    longer = has & had & (np.nan_to_num(_more(*seconds), posinf=0.0) > LEAST_S)
    table["loss"] = np.select([~had & ~has, had & ~has, longer], ["never", "cut_off", "longer"], "none")
    table["why"] = np.where(has, "", why)
    return pd.DataFrame(table)


LEAST_S = 0.01
"""Ways that differ by less are as long as before."""


def _to(network: Network, here: Floats, there: Floats) -> ODMatrix:
    points = np.concatenate([here, there])
    trips = prepare(network, snap(network, points))
    return od_matrix(trips, np.arange(len(here)), len(here) + np.arange(len(there)))


def _more(before: Floats, after: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return after - before
