"""What a planner writes about suitability: criteria, weights, method."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gis_wufei.errors import listed
from gis_wufei.suitability.ahp import RANDOM_INDEX
from gis_wufei.suitability.criteria import CriterionSpec
from gis_wufei.suitability.methods import MethodSpec, OwaMethod, WlcMethod
from gis_wufei.suitability.order import trade_off_range
from gis_wufei.suitability.panel import Aggregation, Structure, structure

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Judged = float | str | None


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DirectWeights(_Spec):
    """Weights as the planner sets them; they count in proportion, whatever their sum."""

    by: Literal["direct"] = Field(description="Weights are set directly.")
    weights: dict[Name, Annotated[float, Field(ge=0)]] = Field(description="Criterion: weight; all of them.")


class AhpWeights(_Spec):
    """Weights out of pairwise comparisons (AHP)."""

    by: Literal["ahp"] = Field(description="Weights from pairwise comparisons.")
    workbook: str | None = Field(
        None, min_length=1, description="Workbook (.xlsx) in the study's folder, one sheet an expert."
    )
    matrix: tuple[tuple[Judged, ...], ...] | None = Field(
        None, description="Instead: rows of judgements such as 3 or 1/3, in the order of the criteria."
    )
    aggregation: Aggregation = Field("judgements", description="Mean of the experts' judgements, or of their weights.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.workbook is None) == (self.matrix is None):
            raise PydanticCustomError("one_of", "one of workbook, matrix", {"names": "workbook, matrix"})
        return self


WeightsSpec = Annotated[DirectWeights | AhpWeights, Field(discriminator="by")]


class SuitabilitySpec(_Spec):
    """How candidate sites are compared: criteria with value functions, their weights, and how both make a score."""

    criteria: dict[Name, CriterionSpec] = Field(min_length=1, description="Criteria by name.")
    weights: WeightsSpec = Field(description="Weights of the criteria.")
    method: MethodSpec = Field(
        default_factory=lambda: WlcMethod(method="wlc"), description="How values and weights make a score."
    )

    @field_validator("criteria")
    @classmethod
    def _all_grouped_or_none(cls, criteria: dict[str, CriterionSpec]) -> dict[str, CriterionSpec]:
        lone = [name for name, one in criteria.items() if one.group is None]
        if lone and len(lone) < len(criteria):
            raise PydanticCustomError("group_missing", "{names} have no group", {"names": listed(lone)})
        return criteria

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if isinstance(self.weights, DirectWeights):
            told = self.weights.weights
            strange = [name for name in told if name not in self.criteria]
            if strange:
                facts: dict[str, object] = {"names": listed(strange), "known": listed(self.criteria)}
                raise PydanticCustomError("weights_unknown", "no such criteria: {names}", facts)
            absent = [name for name in self.criteria if name not in told]
            if absent or sum(told.values()) <= 0:
                raise PydanticCustomError("weights_missing", "no weight: {names}", {"names": listed(absent)})
        else:
            if self.weights.matrix is not None and self.shape.groups:
                raise PydanticCustomError("matrix_groups", "two levels need a workbook", {})
            most = max(len(names) for _, names in self.shape.blocks())
            if most > len(RANDOM_INDEX):
                counts = {"count": most, "limit": len(RANDOM_INDEX)}
                raise PydanticCustomError("ahp_many", "{count} at once, at most {limit}", counts)
        if isinstance(self.method, OwaMethod) and self.method.order_weights is not None:
            counted = {"found": len(self.method.order_weights), "wanted": len(self.criteria)}
            if counted["found"] != counted["wanted"]:
                raise PydanticCustomError("order_count", "{found} order weights for {wanted} criteria", counted)
        if isinstance(self.method, OwaMethod) and self.method.orness is not None and self.method.trade_off is not None:
            low, high = trade_off_range(len(self.criteria), self.method.orness)
            if not low - 1e-9 <= self.method.trade_off <= high + 1e-9:
                limits = {"found": self.method.trade_off, "low": f"{low:.3f}", "high": f"{high:.3f}"}
                raise PydanticCustomError("trade_off", "between {low} and {high}", limits)
        return self

    @property
    def shape(self) -> Structure:
        """The criteria and their groups."""
        groups = {name: one.group for name, one in self.criteria.items() if one.group is not None}
        return structure(tuple(self.criteria), groups)

    @property
    def reach_m(self) -> float:
        """How far (m) beyond the area layers must reach for the criteria to be measured truly."""
        return max((one.reach_m for one in self.criteria.values()), default=0.0)

    def labels(self) -> dict[str, str]:
        """Other names of the criteria, in both languages, and the criterion they mean."""
        told = [(words, name) for name, one in self.criteria.items() if one.label for words in _both(one.label)]
        return dict(told)


def _both(label: object) -> tuple[str, str]:
    return str(getattr(label, "zh", "")), str(getattr(label, "en", ""))
