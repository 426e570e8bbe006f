"""Tonnes as producers report them; a ledger's figure stands, a sector's factor fills a gap and gives the range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from gis_wufei.demand.formula import _Formula, _Part, first_rows
from gis_wufei.demand.names import LEVELS, Floats, Level, rate, rate_of
from gis_wufei.demand.rows import chosen, counts
from gis_wufei.errors import Fault, InputError, nearest
from gis_wufei.layers import Layers, layer_of
from gis_wufei.standards import Quantity


class LedgerFigure(_Part):
    """What a producer's own ledger (台账) says; it stands without a range."""

    t_per_year: float = Field(ge=0, description="Tonnes a year.")
    source: str = Field(min_length=4, description="The ledger and its year.")


class ReportedDemand(_Formula):
    """Tonnes as the producers report them; a sector's factor fills a gap and gives the range."""

    formula: Literal["reported"] = Field(description="Tonnes a year as the producers report them.")
    layer: Annotated[str, layer_of("enterprises")] = Field(description="Layer of the role enterprises.")
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="Column: values; only rows with these.")
    sector_factors: dict[str, Annotated[str, rate_of()]] = Field(
        default_factory=dict,
        description="Sector: factor in kg a year or day, of the producer or of each thing it counts (kg/bed/d).",
    )
    counts: dict[str, str] = Field(
        default_factory=dict, description="Thing of a factor's unit: column that counts it (bed: beds)."
    )
    ledger: dict[str, LedgerFigure] = Field(
        default_factory=dict, description="Id of a producer: its ledger's figure, instead of all others."
    )

    def factor_ids(self) -> tuple[str, ...]:
        """Ids of every factor the formula uses."""
        return (*self.sector_factors.values(), *self.shared_ids())

    def places(self, layers: Layers, numbers: Mapping[str, Quantity]) -> gpd.GeoDataFrame:
        """Places with ``t_per_year_low|default|high`` and ``basis`` (ledger | reported | factor)."""
        layer = layers[self.layer]
        file = layer.certificate.path.name
        frame = chosen(layer, self.where).set_index("source_id")
        reported = frame["t_per_year"].to_numpy(float)
        by_factor = self._by_factor(frame, numbers, file, np.isnan(reported))
        stands = frame.index.astype(str).map({name: entry.t_per_year for name, entry in self.ledger.items()})
        ledger = np.asarray(stands, float)
        self._ledger_is_known(layer.frame["source_id"], file)
        gap = np.isnan(reported) & np.isnan(by_factor["default"]) & np.isnan(ledger)
        if gap.any():
            told = first_rows(frame["row"][gap], frame["sector"][gap])
            raise InputError([Fault("E-LAYER-008", f"{file} t_per_year", {"rows": told})])
        middle = np.where(np.isnan(reported), by_factor["default"], reported)
        for level in LEVELS:
            with np.errstate(divide="ignore", invalid="ignore"):
                spread = by_factor[level] / by_factor["default"]
            tonnes = middle * np.where(np.isfinite(spread), spread, 1.0)
            tonnes = np.where(np.isnan(ledger), tonnes, ledger)
            frame = frame.assign(**{f"t_per_year_{level}": self.scaled(tonnes, numbers, level)})
        basis = np.where(np.isnan(reported), "factor", "reported")
        return frame.assign(basis=np.where(np.isnan(ledger), basis, "ledger"))

    def _by_factor(
        self, frame: gpd.GeoDataFrame, numbers: Mapping[str, Quantity], file: str, needed: NDArray[np.bool_]
    ) -> dict[Level, Floats]:
        """Tonnes a year of each producer by its sector's factor and every level; NaN without a factor.

        A count must be told where the factor decides (``needed``); elsewhere it only gives the range.
        """
        tonnes: dict[Level, Floats] = {level: np.full(len(frame), np.nan) for level in LEVELS}
        for sector, name in self.sector_factors.items():
            here = (frame["sector"] == sector).to_numpy()
            thing, per_year = rate(numbers[name].unit)
            amount: float | Floats = 1.0
            if thing is not None and here.any():
                if thing not in self.counts:
                    facts = {"factor": name, "unit": numbers[name].unit, "thing": thing}
                    raise InputError([Fault("E-DEMAND-004", f"{file} {sector}", facts)])
                asked = here & needed
                amount = np.ones(len(frame))
                if asked.any():
                    amount[asked] = counts(frame[asked], self.counts[thing], file)
                amount = amount[here]
            for level in LEVELS:
                tonnes[level][here] = numbers[name].at(level) * per_year * amount
        return tonnes

    def _ledger_is_known(self, ids: pd.Series, file: str) -> None:
        known = set(ids.astype(str))
        strangers = [name for name in self.ledger if name not in known]
        if strangers:
            told = ({"name": name, "hint": nearest(name, known)} for name in strangers)
            raise InputError([Fault("E-DEMAND-005", f"{file} source_id", facts) for facts in told])
