"""From clauses to eligible ground: one mask per rule, and an account of what each took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_wufei.land.grid import Grid, Mask
from gis_wufei.land.rules import BoundRule
from gis_wufei.layers import Layers
from gis_wufei.standards import unit_verdicts
from gis_wufei.text import Text, text

UNIT_RULE = "R48"
EFFECT_OF_VERDICT = {"forbid": "exclude", "restrict": "condition", "unknown": "condition"}


@dataclass(frozen=True)
class LedgerLine:
    """What one rule did to the area of interest, in hectares of the study's grid."""

    rule_id: str
    label: Text
    effect: str  # exclude | condition | prefer_not
    distance_m: float
    touched_ha: float
    alone_ha: float  # excluded by this rule and no other; 0 for rules that do not exclude
    applied: bool  # False: no layer of the role tells what the rule asks, or the study dropped it
    role: str
    status: str
    source: str
    reason: str = ""  # why the study changed it
    superseded: bool = False  # its legal basis is no longer in force on the study's date
    in_force: bool = True  # False: the rule itself begins later or ended before


@dataclass(frozen=True)
class Eligibility:
    """Where a facility kind may stand."""

    kind: str
    grid: Grid
    excluded: Mask
    score: NDArray[np.float64]  # 1 = no soft rule touches the cell, 0 = all do
    marks: dict[str, Mask]  # mask of each applied rule, by rule id
    ledger: tuple[LedgerLine, ...]

    @property
    def eligible(self) -> Mask:
        """Cells of the area that no rule excludes."""
        return self.grid.inside & ~self.excluded

    def rules_at(self, row: int, column: int, effect: str) -> tuple[str, ...]:
        """Ids of the rules with this effect that touch a cell."""
        return tuple(
            line.rule_id for line in self.ledger if line.effect == effect and self.marks_at(line.rule_id, row, column)
        )

    def marks_at(self, rule_id: str, row: int, column: int) -> bool:
        """Whether a rule touches a cell; False for rules that were not applied."""
        mask = self.marks.get(rule_id)
        return bool(mask is not None and mask[row, column])


class Masks:
    """Masks by what they burn, computed once and shared by every facility kind of a study."""

    def __init__(self, grid: Grid, layers: Layers) -> None:
        self.grid = grid
        self.layers = layers
        self._masks: dict[object, Mask | None] = {}
        self._distances: dict[object, NDArray[np.float64] | None] = {}

    def of_rule(self, bound: BoundRule) -> Mask | None:
        """Cells a rule touches; ``None`` where no layer of its role has the columns that it chooses by."""
        rule = bound.rule
        chosen = tuple(sorted((column, tuple(values)) for column, values in (rule.where or {}).items()))
        key = (rule.role, chosen, bound.distance_m)
        if key not in self._masks:
            distance = self._distance(rule.role, chosen)
            if distance is None:
                self._masks[key] = None
            elif bound.distance_m > 0:
                self._masks[key] = distance < bound.distance_m
            else:
                self._masks[key] = self._burned(rule.role, chosen)
        return self._masks[key]

    def _burned(self, role: str, chosen: tuple[tuple[str, tuple[str, ...]], ...]) -> Mask | None:
        frames = [layer.frame for layer in self.layers.of_role(role)]
        telling = [frame for frame in frames if all(column in frame for column, _ in chosen)]
        if not telling:
            return None
        mask = np.zeros(self.grid.shape, bool)
        for frame in telling:
            for column, values in chosen:
                frame = frame[frame[column].astype(str).isin(values)]
            mask |= self.grid.burn(frame.geometry)
        return mask

    def _distance(self, role: str, chosen: tuple[tuple[str, tuple[str, ...]], ...]) -> NDArray[np.float64] | None:
        key = (role, chosen)
        if key not in self._distances:
            burned = self._burned(role, chosen)
            self._distances[key] = None if burned is None else self.grid.distance_m(burned)
        return self._distances[key]

    def of_units(self, kind: str) -> dict[str, Mask]:
        """Cells by the default verdict of their control units on a facility kind; empty without units.

        A cell of several units has the verdict of each, so that the strictest decides. A cell of the
        area that no unit touches is ``unknown``, like a unit that the table does not list.
        """
        if not self.layers.of_role("units"):
            return {}
        by_verdict: dict[str, list[shapely.Geometry]] = {}
        for layer in self.layers.of_role("units"):
            for main, sub, shape in zip(
                layer.frame["class"], layer.frame["sub_class"], layer.frame.geometry, strict=True
            ):
                by_verdict.setdefault(unit_verdicts().verdict(main, sub, kind), []).append(shape)
        masks = {verdict: self.grid.burn(shapes) for verdict, shapes in sorted(by_verdict.items())}
        covered = np.any([np.zeros(self.grid.shape, bool), *masks.values()], axis=0)
        gaps = self.grid.inside & ~covered
        if gaps.any():
            masks["unknown"] = masks.get("unknown", False) | gaps
        return masks


def assess(kind: str, bound: Sequence[BoundRule], masks: Masks, on: date) -> Eligibility:
    """Apply every rule of a facility kind and keep the account; the order of rules does not matter.

    Parameters
    ----------
    kind
        Facility kind.
    bound
        Its rules as they bind in the study.
    masks
        The study's masks.
    on
        The day on which the law must be in force.
    """
    grid = masks.grid
    entries: list[tuple[LedgerLine, Mask | None]] = []
    for item in bound:
        rule = item.rule
        in_force = rule.in_force_on(on)
        mask = masks.of_rule(item) if in_force and not item.dropped else None
        line = LedgerLine(
            rule_id=rule.id,
            label=rule.label,
            effect=rule.effect,
            distance_m=item.distance_m,
            touched_ha=0.0,
            alone_ha=0.0,
            applied=mask is not None,
            role=rule.role,
            status=item.status,
            source=rule.source,
            reason=item.reason,
            superseded=rule.superseded_on(on),
            in_force=in_force,
        )
        entries.append((line, mask))
    verdicts: dict[str, Mask | None] = {**masks.of_units(kind)} or {"unknown": None}
    for verdict, unit_mask in verdicts.items():
        if verdict not in EFFECT_OF_VERDICT:
            continue
        line = LedgerLine(
            rule_id=f"{UNIT_RULE}-{verdict}",
            label=text(f"unit.{verdict}"),
            effect=EFFECT_OF_VERDICT[verdict],
            distance_m=0.0,
            touched_ha=0.0,
            alone_ha=0.0,
            applied=unit_mask is not None,
            role="units",
            status="user",
            source=unit_verdicts().source,
        )
        entries.append((line, unit_mask))
    return _account(kind, grid, entries)


def _account(kind: str, grid: Grid, entries: list[tuple[LedgerLine, Mask | None]]) -> Eligibility:
    hard = [mask for line, mask in entries if line.effect == "exclude" and mask is not None]
    soft = [mask for line, mask in entries if line.effect == "prefer_not" and mask is not None]
    times = np.zeros(grid.shape, np.uint8)
    for hard_mask in hard:
        times += hard_mask
    ledger = []
    for line, mask in entries:
        if mask is not None:
            alone = grid.area_ha(mask & (times == 1)) if line.effect == "exclude" else 0.0
            line = LedgerLine(**{**line.__dict__, "touched_ha": grid.area_ha(mask), "alone_ha": alone})
        ledger.append(line)
    touched = np.zeros(grid.shape)
    for soft_mask in soft:
        touched += soft_mask
    return Eligibility(
        kind=kind,
        grid=grid,
        excluded=times > 0,
        score=1.0 - touched / max(len(soft), 1),
        marks={line.rule_id: mask for line, mask in entries if mask is not None},
        ledger=tuple(ledger),
    )
