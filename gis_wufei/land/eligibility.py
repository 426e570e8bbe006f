"""From clauses to eligible ground: one mask per rule, and an account of what each took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_wufei.crs import WGS84, length_error, transformer
from gis_wufei.land.access import EFFECT_OF_VERDICT, UNIT_RULE, AccessList
from gis_wufei.land.features import Features, features_of, selection
from gis_wufei.land.grid import Grid, Mask
from gis_wufei.land.rasters import cells_above
from gis_wufei.land.rules import BoundRule
from gis_wufei.layers import Layers
from gis_wufei.standards import unit_verdicts
from gis_wufei.text import Text, text

LIST = "access list of the study"


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
    """Masks by what they burn, computed once and shared by every facility kind of a study.

    Conservative: the centre of a cell that no mask marks is not touched by the rule when it is
    measured true to the ellipsoid (``gis_wufei.land.verdicts``); of ``distance_m`` 0, of ``outside``
    and of ``above`` nor is any other place in the cell, but for a hundredth of a cell at its border.
    """

    def __init__(self, grid: Grid, layers: Layers) -> None:
        self.grid = grid
        self.layers = layers
        self._features: dict[object, Features | None] = {}
        self._masks: dict[object, Mask | None] = {}
        self._distances: dict[object, NDArray[np.float64] | None] = {}
        # Lengths on the map may be too long by so much; what is truly closer must not pass.
        self._stretch = 1 + length_error(grid.crs, *_degrees(grid))

    def of_rule(self, bound: BoundRule) -> Mask | None:
        """Cells a rule touches; ``None`` where no layer of its role tells what it chooses by."""
        key = (selection(bound.rule), bound.rule.operator, bound.required, bound.rule.no_data)
        if key not in self._masks:
            self._masks[key] = MASKS[bound.rule.operator](self, bound)
        return self._masks[key]

    def blank(self, bound: BoundRule) -> Mask | None:
        """Cells of the area of which the rule's raster tells nothing, where that leaves them unknown."""
        if bound.rule.operator != "above" or bound.rule.no_data != "unknown" or self.of_rule(bound) is None:
            return None
        return self._above(bound)[1] & self.grid.inside

    def closer(self, bound: BoundRule) -> Mask | None:
        """Cells closer than the distance to a feature (0: that a feature touches)."""
        key = selection(bound.rule)
        if bound.distance_m <= 0 or self._burned(bound) is None:
            return self._burned(bound)
        if key not in self._distances:
            burned = self._burned(bound)
            self._distances[key] = None if burned is None else self.grid.distance_m(burned)
        distance = self._distances[key]
        return None if distance is None else distance < bound.distance_m * self._stretch

    def near(self, bound: BoundRule) -> tuple[NDArray[np.float64], float] | None:
        """Distances (m) by which a rule marks cells and the least that leaves them free; ``None`` for other rules."""
        if bound.rule.operator != "closer" or bound.distance_m <= 0 or self.of_rule(bound) is None:
            return None
        distance = self._distances[selection(bound.rule)]
        return None if distance is None else (distance, bound.distance_m * self._stretch)

    def outside(self, bound: BoundRule) -> Mask | None:
        """Cells that do not lie wholly in features."""
        found = self._found(bound)
        if found is None:
            return None
        rows, columns = self.grid.shape
        (west, east), (north, south) = self.grid.centres(np.array([-1, rows]), np.array([-1, columns]))
        return self.grid.burn(
            shapely.get_parts([shapely.difference(shapely.box(west, south, east, north), found.ground)])
        )

    def above(self, bound: BoundRule) -> Mask | None:
        """Cells that a raster's cell above the threshold touches, and those without a number if that excludes."""
        if not any(layer.raster for layer in self.layers.of_role(bound.rule.role)):
            return None
        above, blank = self._above(bound)
        return above | blank if bound.rule.no_data == "exclude" else above

    def _above(self, bound: BoundRule) -> tuple[Mask, Mask]:
        """Cells above, and cells of which no raster of the role tells anything."""
        rasters = [layer.raster for layer in self.layers.of_role(bound.rule.role) if layer.raster]
        parts = [cells_above(raster, self.grid, bound.required) for raster in rasters]
        return np.any([above for above, _ in parts], axis=0), np.all([blank for _, blank in parts], axis=0)

    def _found(self, bound: BoundRule) -> Features | None:
        key = selection(bound.rule)
        if key not in self._features:
            self._features[key] = features_of(bound.rule, self.layers)
        return self._features[key]

    def _burned(self, bound: BoundRule) -> Mask | None:
        key = (selection(bound.rule), "burned")
        if key not in self._masks:
            found = self._found(bound)
            self._masks[key] = None if found is None else self.grid.burn(found.shapes)
        return self._masks[key]

    @cached_property
    def access(self) -> AccessList:
        """The control units and what their list says."""
        return AccessList.of(self.layers)

    def of_units(self, kind: str) -> dict[str, Mask]:
        """Cells by the verdict of their control units on a facility kind; empty without units.

        A cell of several units has the verdict of each, so that the strictest decides. A cell of the
        area that no unit touches is ``unknown``, like a unit of which neither list nor table speaks.
        """
        shapes = self.access.units.geometry.to_numpy()
        if not self.layers.of_role("units"):
            return {}
        by_verdict: dict[str, list[shapely.Geometry]] = {}
        for unit, shape in enumerate(shapes):
            by_verdict.setdefault(self.access.verdict(unit, kind)[0], []).append(shape)
        masks = {verdict: self.grid.burn(shapes) for verdict, shapes in sorted(by_verdict.items())}
        covered = np.any([np.zeros(self.grid.shape, bool), *masks.values()], axis=0)
        gaps = self.grid.inside & ~covered
        if gaps.any():
            masks["unknown"] = masks.get("unknown", False) | gaps
        return masks


# An operator: one method that marks its cells, and one function in verdicts.py that measures it.
MASKS: dict[str, Callable[[Masks, BoundRule], Mask | None]] = {
    "closer": Masks.closer,
    "outside": Masks.outside,
    "above": Masks.above,
}


def _degrees(grid: Grid) -> tuple[float, float, float, float]:
    rows, columns = grid.shape
    (west, east), (north, south) = grid.centres(np.array([0, rows - 1]), np.array([0, columns - 1]))
    return transformer(grid.crs, WGS84).transform_bounds(west, south, east, north)


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
        blank = masks.blank(item) if mask is not None else None
        if blank is not None and blank.any():
            unknown = replace(line, rule_id=f"{rule.id}-nodata", label=text("land.nodata"), effect="condition")
            entries.append((unknown, blank))
    verdicts: dict[str, Mask | None] = {**masks.of_units(kind)} or {"unknown": None}
    for verdict, unit_mask in verdicts.items():
        if verdict not in EFFECT_OF_VERDICT:
            continue
        line = LedgerLine(
            rule_id=f"{UNIT_RULE}-{verdict}",
            label=text(f"listed.{verdict}" if masks.access.given else f"unit.{verdict}"),
            effect=EFFECT_OF_VERDICT[verdict],
            distance_m=0.0,
            touched_ha=0.0,
            alone_ha=0.0,
            applied=unit_mask is not None,
            role="units",
            status="user",
            source=LIST if masks.access.given else unit_verdicts().source,
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
