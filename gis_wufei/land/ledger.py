"""The account of every hectare: what each rule takes, alone and with others, and what comes back if it changes.

The ground is that of ``CellAreas``: the ellipsoid's, cut off at the boundary. Each cell is excluded (a hard
rule takes it), unknown (none does, but the data of one that is applied tell nothing there) or open; the three
sum to the area of interest. No figure depends on the order of the rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_wufei.land.areas import CellAreas
from gis_wufei.land.grid import Mask

SHARES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0)
"""Parts of a rule's distance at which its curve is told."""

M2_PER_HA = 10_000.0
MU_PER_HA = 15.0
HARD = "exclude"
BLOCK_ROWS = 128
EXCLUDED, UNKNOWN, OPEN = 0, 1, 2


class Rows(Protocol):
    """Distances (m) that give their rows: an array, or ``nearness.Near``, which makes them when asked."""

    def __getitem__(self, rows: slice, /) -> NDArray[np.floating[Any]]:
        """float[n, columns], 0 in the feature."""


@dataclass(frozen=True, eq=False)
class Taking:
    """What one rule takes on the grid: the cells of ``mask``, or those nearer than ``distance_m``.

    With neither ``mask`` nor ``near_m`` no layer tells what the rule asks, or the study dropped it:
    the rule is not applied and takes nothing; all is without data for it, unless ``dropped``. A rule
    by ``near_m`` has a curve, if its distances reach to twice ``distance_m``. ``blank`` marks cells of
    which its data tell nothing.
    """

    rule_id: str
    effect: str  # exclude | condition | prefer_not
    mask: Mask | None = None
    near_m: Rows | None = None
    distance_m: float = 0.0
    blank: Mask | None = None
    dropped: bool = False

    @property
    def curved(self) -> bool:
        """Whether it is told how the account changes with the rule's distance."""
        return self.effect == HARD and self.near_m is not None and self.distance_m > 0


@dataclass(frozen=True)
class Entry:
    """One line of the account, in square metres.

    ``touched``: ground that the rule touches. Of a hard rule: ``alone`` what it takes and no other,
    ``shared`` the rest, ``marginal`` what of ``alone`` would be open, not unknown, without it;
    ``curve`` what comes back (+) or goes (-) at each of ``SHARES`` of its distance. Of a soft one:
    ``left`` what of ``touched`` no hard rule takes. ``no_data``: ground of which its data tell nothing.
    """

    rule_id: str
    effect: str
    touched: float
    alone: float
    shared: float
    marginal: float
    left: float
    no_data: float
    curve: tuple[float, ...] = ()


@dataclass(frozen=True)
class Ledger:
    """The account of a facility kind; ``excluded + unknown + open = total`` (m2)."""

    total: float
    excluded: float
    unknown: float
    open: float
    shared: float  # excluded by two rules or more
    entries: Mapping[str, Entry] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """One row a rule, index ``rule_id``: effect and every figure in ha and mu, NaN where it has no meaning."""
        rows = {}
        for name, entry in self.entries.items():
            hard = entry.effect == HARD
            told = {"touched": entry.touched, "no_data": entry.no_data}
            told |= {key: getattr(entry, key) if hard else np.nan for key in ("alone", "shared", "marginal")}
            told["left"] = np.nan if hard else entry.left
            ha = {f"{key}_ha": value / M2_PER_HA for key, value in told.items()}
            rows[name] = {"effect": entry.effect, **ha, **{f"{k[:-2]}mu": v * MU_PER_HA for k, v in ha.items()}}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("rule_id")

    def curves(self) -> pd.DataFrame:
        """Change of the ground that is not excluded (ha), by rule and part of its distance."""
        rows = {name: np.array(e.curve) / M2_PER_HA for name, e in self.entries.items() if e.curve}
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(SHARES)).rename_axis("rule_id")

    def sums(self) -> dict[str, float]:
        """Hectares and mu of the whole, what is excluded, unknown, open, and excluded more than once."""
        ha = {f"{key}_ha": getattr(self, key) / M2_PER_HA for key in ("total", "excluded", "unknown", "open", "shared")}
        return {**ha, **{f"{key[:-2]}mu": value * MU_PER_HA for key, value in ha.items()}}


def ledger(areas: CellAreas, takings: Sequence[Taking], workers: int = 2) -> Ledger:
    """Account for every cell in one pass over the rules' masks and distances, a block of rows at a time.

    Parameters
    ----------
    areas
        Ground in each cell.
    takings
        What each rule takes; their order does not matter.
    workers
        Threads; the figures are the same with any number.
    """
    rows = areas.grid.shape[0]
    blocks = [(first, min(first + BLOCK_ROWS, rows)) for first in range(0, rows, BLOCK_ROWS)]
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(lambda block: _block(areas.rows(*block), takings, slice(*block)), blocks))
    whole, lines = sum((part[0] for part in parts), np.zeros(4)), sum(part[1] for part in parts)
    entries = {taking.rule_id: _entry(taking, line) for taking, line in zip(takings, lines, strict=True)}
    classes = {"excluded": whole[EXCLUDED], "unknown": whole[UNKNOWN], "open": whole[OPEN]}
    told = {key: float(value) for key, value in classes.items()}
    return Ledger(total=sum(told.values()), **told, shared=float(whole[3]), entries=entries)


TOUCHED, ALONE, MARGINAL, LEFT, NO_DATA, CURVE = 0, 1, 2, 3, 4, 5
BINS = len(SHARES)


def _block(m2: NDArray[np.float64], takings: Sequence[Taking], rows: slice) -> tuple[Any, Any]:
    """Sums (m2) of one block: of the classes and of what is shared; and of each rule, with its curve's bins."""
    inside = m2 > 0
    if not inside.any():
        return np.zeros(4), np.zeros((len(takings), CURVE + BINS))
    ground = m2[inside]
    # Rules of one feature share their distances, which are made once a block.
    shared = {id(taking.near_m): taking.near_m for taking in takings if taking.near_m is not None}
    near_m = {key: near[rows][inside] for key, near in shared.items()}
    masks = [_mask(taking, near_m.get(id(taking.near_m)), rows, inside) for taking in takings]
    blanks = [_blank(taking, mask, rows, inside) for taking, mask in zip(takings, masks, strict=True)]
    hard = [at for at, taking in enumerate(takings) if taking.effect == HARD]
    times, unknown = np.zeros(ground.shape, np.uint16), np.zeros(ground.shape, np.uint16)
    for at in hard:
        mask, blank = masks[at], blanks[at]
        if mask is not None:
            times += mask
        if blank is not None and mask is not None:
            unknown += blank
    free, low = times == 0, np.flatnonzero(times <= 1)
    whole = np.array([_sum(ground, ~free), _sum(ground, free & (unknown > 0)), 0.0, _sum(ground, times > 1)])
    whole[OPEN] = _sum(ground, free & (unknown == 0))
    # Only ground that no rule takes, or one alone, can come back or go.
    low_ground, low_free, low_unknown = ground[low], free[low], unknown[low]
    low_near = {key: near[low] for key, near in near_m.items()}
    lines = np.zeros((len(takings), CURVE + BINS))
    for at, (taking, mask, blank) in enumerate(zip(takings, masks, blanks, strict=True)):
        line = lines[at]
        line[NO_DATA] = 0.0 if blank is None else _sum(ground, blank)
        if mask is None:
            continue
        line[TOUCHED] = _sum(ground, mask)
        here = mask[low]
        if taking.effect != HARD:
            line[LEFT] = low_ground[here & low_free].sum()
            continue
        alone = np.flatnonzero(here & ~low_free)
        line[ALONE] = low_ground[alone].sum()
        line[MARGINAL] = low_ground[alone[low_unknown[alone] == 0]].sum()
        if taking.curved:
            near = low_near[id(taking.near_m)]
            could = np.flatnonzero((near < SHARES[-1] * taking.distance_m) & (low_free | here))
            which = np.searchsorted(_edges(taking.distance_m, near.dtype), near[could], side="right")
            line[CURVE:] = np.bincount(which, low_ground[could], BINS)[:BINS]
    return whole, lines


def _sum(ground: NDArray[np.float64], mask: Mask) -> float:
    return float(ground[mask].sum())  # no matrix product: its own threads would fight with ours


def _edges(distance_m: float, kind: np.dtype[Any]) -> NDArray[np.floating[Any]]:
    """Upper edges of a curve's bins, rounded as the distances are; the first bin is the feature itself."""
    return np.array([np.finfo(kind).tiny, *(share * distance_m for share in SHARES[1:])], kind)


def _mask(taking: Taking, near: NDArray[np.floating[Any]] | None, rows: slice, inside: Mask) -> Mask | None:
    """Which cells of the area the rule takes; of distance 0 those in the feature itself."""
    if taking.mask is not None:
        return taking.mask[rows][inside]
    if near is None:
        return None
    return near < taking.distance_m if taking.distance_m > 0 else near <= 0


def _blank(taking: Taking, mask: Mask | None, rows: slice, inside: Mask) -> Mask | None:
    """Which cells of the area the rule's data tell nothing of; what it takes all the same is not among them."""
    if mask is None:
        return None if taking.dropped else np.ones(int(np.count_nonzero(inside)), bool)
    return None if taking.blank is None else taking.blank[rows][inside] & ~mask


def _entry(taking: Taking, line: NDArray[np.float64]) -> Entry:
    curve: tuple[float, ...] = ()
    if taking.curved:
        barred = np.cumsum(line[CURVE:])  # at each share: the bins below it
        curve = tuple(float(value) for value in barred[SHARES.index(1.0)] - barred)
    touched, alone = float(line[TOUCHED]), float(line[ALONE])
    hard = taking.effect == HARD
    return Entry(
        rule_id=taking.rule_id,
        effect=taking.effect,
        touched=touched,
        alone=alone,
        shared=touched - alone if hard else 0.0,
        marginal=float(line[MARGINAL]),
        left=float(line[LEFT]),
        no_data=float(line[NO_DATA]),
        curve=curve,
    )
