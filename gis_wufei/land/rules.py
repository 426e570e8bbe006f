"""Which rules bind a facility kind in a study: the standards, and what the study changed of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from gis_wufei.errors import unknown_name
from gis_wufei.standards import Rule, rules


def _known(name: str, info: ValidationInfo) -> str:
    if name not in rules():
        raise unknown_name(name, rules())
    return name


RuleId = Annotated[str, AfterValidator(_known)]


class RuleChange(BaseModel):
    """A study's own distance for a standard rule, or its removal, with the reason for it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rule: RuleId = Field(description="Id of the standard rule.")
    drop: bool = Field(False, description="Do not apply this rule.")
    distance_m: float | None = Field(None, ge=0, description="Distance instead of the standard's.")
    reason: str = Field(min_length=4, description="Why; it is printed in the report.")


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


def binding_rules(kind: str, changes: Sequence[RuleChange] = ()) -> tuple[BoundRule, ...]:
    """Every standard rule for a facility kind, in the order of the standards, as changed by the study."""
    changed = {change.rule: change for change in changes}
    bound = []
    for rule in rules().values():
        if kind not in rule.kinds:
            continue
        change = changed.get(rule.id)
        distance = rule.distance_m.value if change is None or change.distance_m is None else change.distance_m
        bound.append(
            BoundRule(
                rule=rule,
                distance_m=distance,
                dropped=bool(change and change.drop),
                reason=change.reason if change else "",
            )
        )
    return tuple(bound)
