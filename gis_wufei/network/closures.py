"""Roads out of use as data of a scenario: which are shut and when, and what that cuts off."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Self

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gis_wufei.errors import Fault, InputError, ProblemError, listed, unknown_name
from gis_wufei.network.graph import Flags, RoadGraph

Month = Annotated[int, Field(ge=1, le=12)]
MonthDay = Annotated[str, Field(pattern=r"^\d\d-\d\d$")]


class ClosureSpec(BaseModel):
    """One rule by which roads are out of use; what it names in several ways must all hold.

    >>> ClosureSpec(label="sand in winter", where={"class": ("track",), "surface": ("sand",)}, months=(12, 1, 2))
    ... # doctest: +SKIP
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    label: str = Field(min_length=1, description="What it is, for maps and reports.")
    rows: tuple[int | str, ...] = Field((), description="Rows of the road layer, from 1, without the header.")
    where: Mapping[str, tuple[str | int | bool, ...]] = Field({}, description="Column: values, any of them.")
    layer: str | None = Field(None, description="Name of a layer of points, lines or areas: roads that meet it.")
    within_m: float = Field(20.0, ge=0, description="How far from a point or line of that layer a road may lie.")
    months: tuple[Month, ...] = Field((), description="Months in which it holds; empty = all.")
    begin: MonthDay | None = Field(None, description="First day of the season, month-day.")
    until: MonthDay | None = Field(None, description="Last day of the season, month-day; may lie in the next year.")

    @field_validator("layer")
    @classmethod
    def _of_the_study(cls, name: str | None, info: ValidationInfo) -> str | None:
        known = (info.context or {}).get("layers", {})
        if known and name is not None and name not in known:
            raise unknown_name(name, known)
        return name

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
    InputError
        A row, column or layer that is not there (E-NET-003).
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
            raise _unknown(rule, ", ".join(strangers), [str(label) for label in roads.index])
        row &= roads.index.isin(rule.rows)
    for column, values in rule.where.items():
        if column not in roads:
            raise _unknown(rule, column, map(str, roads.columns))
        row &= roads[column].astype(object).isin(values).to_numpy(bool)
    shut = row[graph.row]
    if rule.layer is not None:
        if rule.layer not in layers:
            raise _unknown(rule, rule.layer, layers)
        shut = shut & _meets(graph, layers[rule.layer], rule.within_m)
    return np.asarray(shut, bool)


def _unknown(rule: ClosureSpec, name: str, known: Iterable[str]) -> InputError:
    facts: dict[str, object] = {"label": rule.label, "name": name, "known": listed(known)}
    return InputError([Fault("E-NET-003", "closures", facts)])


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
