"""Which rules bind a facility kind in a study: the standards, and what the study changed of them or added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from gis_wufei.errors import OneOf, unknown_name
from gis_wufei.layers import roles
from gis_wufei.standards import Clause, Effect, Rule, rules

OWN = "OWN-"
"""Ids of a study's own rules begin so: they are never taken for a standard's."""


class OwnClause(Clause):
    """A clause of the study's own."""

    role: Annotated[str, OneOf(roles)] = Field(description="Role of the layer it needs.")


class RuleChange(BaseModel):
    """What a study changes of a standard rule, its removal, or a rule of the study's own, with the reason."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rule: str = Field(description="Id of the standard rule; OWN-… for one of the study's own.")
    drop: bool = Field(False, description="Do not apply this rule.")
    distance_m: float | None = Field(None, ge=0, description="Distance instead of the standard's.")
    threshold: float | None = Field(None, description="Threshold instead of the standard's, in its unit.")
    effect: Effect | None = Field(None, description="Effect instead of the standard's.")
    add: OwnClause | None = Field(None, description="A rule of the study's own for this facility kind.")
    reason: str = Field(min_length=4, description="Why; it is printed in the report.")

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.add is None and self.rule not in rules():
            raise unknown_name(self.rule, rules(), at="rule")
        if self.add is not None and not (self.rule.startswith(OWN) and self.rule not in rules()):
            raise PydanticCustomError("own_rule", "a rule of the study's own is called OWN-…", {"at": "rule"})
        if self.add is None:
            refused = self.refused(rules()[self.rule])
            if refused:
                raise PydanticCustomError("rule_number", "{name} has none", {"name": self.rule, "at": refused})
        return self

    def refused(self, rule: Rule) -> str:
        """Name of the number given that a rule has no use for; empty if there is none."""
        if self.distance_m is not None and rule.operator != "closer":
            return "distance_m"
        return "threshold" if self.threshold is not None and rule.operator != "above" else ""


class BoundRule(BaseModel):
    """A rule as it binds in this study, with the reason where the study changed it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Rule
    distance_m: float
    dropped: bool = False
    reason: str = ""

    @property
    def status(self) -> str:
        """Status of the figure that decides: the standard's, or ``user`` where the study set it."""
        return "user" if self.reason else self.rule.status

    @property
    def required(self) -> float:
        """What is measured against: the threshold of a raster, else the distance (m)."""
        return self.distance_m if self.rule.threshold is None else self.rule.threshold.value

    @property
    def unit(self) -> str:
        """Unit of ``required``."""
        return "m" if self.rule.threshold is None else self.rule.threshold.unit


def binding_rules(kind: str, changes: Sequence[RuleChange] = ()) -> tuple[BoundRule, ...]:
    """Every standard rule for a kind, in the order of the standards, as changed by the study, and then its own."""
    changed = {change.rule: change for change in changes}
    own = [
        Rule.model_validate({**change.add.model_dump(), "id": change.rule, "kinds": (kind,)})
        for change in changed.values()
        if change.add is not None
    ]
    return tuple(_bound(rule, changed.get(rule.id)) for rule in (*rules().values(), *own) if kind in rule.kinds)


def _bound(rule: Rule, change: RuleChange | None) -> BoundRule:
    if change is None:
        return BoundRule(rule=rule, distance_m=rule.distance_m.value)
    update: dict[str, Any] = {}
    if change.effect is not None:
        update["effect"] = change.effect
    if change.threshold is not None and rule.threshold is not None:
        number = change.threshold
        update["threshold"] = rule.threshold.model_copy(update={"value": number, "low": number, "high": number})
    distance = rule.distance_m.value if change.distance_m is None else change.distance_m
    changed = rule.model_copy(update=update)
    return BoundRule(rule=changed, distance_m=distance, dropped=change.drop, reason=change.reason)
