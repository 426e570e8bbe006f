"""The account of a facility kind in a study: what ``assess`` marked, held against the ground itself."""

from __future__ import annotations

from collections.abc import Sequence

from gis_wufei.land.areas import CellAreas, cell_areas
from gis_wufei.land.eligibility import Eligibility, LedgerLine, Masks
from gis_wufei.land.ledger import Ledger, Taking, ledger
from gis_wufei.land.rules import BoundRule

NO_DATA = "-nodata"
"""End of the id of the line that tells where a rule's raster says nothing."""


def account(
    eligibility: Eligibility, bound: Sequence[BoundRule], masks: Masks, areas: CellAreas | None = None
) -> Ledger:
    """Every hectare of the area of interest, by rule and in all, on the ellipsoid.

    Beyond a rule's own distance its curve knows the features within the study's reach only: near the
    boundary more may go than it tells.

    Parameters
    ----------
    eligibility
        What ``assess`` made.
    bound
        The rules it was made with.
    masks
        The masks it was made with.
    areas
        Ground of the grid's cells; made here if left out (share it between facility kinds).
    """
    areas = cell_areas(masks.grid, masks.layers.area) if areas is None else areas
    rules = {item.rule.id: item for item in bound}
    lines = [line for line in eligibility.ledger if not line.rule_id.endswith(NO_DATA)]
    return ledger(areas, [_taking(line, rules.get(line.rule_id), eligibility, masks) for line in lines])


def _taking(line: LedgerLine, item: BoundRule | None, eligibility: Eligibility, masks: Masks) -> Taking:
    near = masks.near(item) if item is not None and line.applied else None
    return Taking(
        rule_id=line.rule_id,
        effect=line.effect,
        mask=eligibility.marks.get(line.rule_id),
        near_m=None if near is None else near[0],
        distance_m=0.0 if near is None else near[1],
        blank=eligibility.marks.get(line.rule_id + NO_DATA),
        dropped=item is not None and (item.dropped or not line.in_force),
    )
