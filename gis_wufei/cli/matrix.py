"""``wufei network matrix``: distance and duration between places, and the reason where there is no way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console

from gis_wufei.cli.answer import Teller, print_json, tell
from gis_wufei.cli.graphs import facts_of, print_head
from gis_wufei.cli.outfile import refuse_target, suffix_of, whole
from gis_wufei.cli.points import Ints, Points, places_json, prepared, print_off_road
from gis_wufei.cli.roads import Roads
from gis_wufei.errors import Fault, InputError
from gis_wufei.network import REASONS, ODMatrix, Trips, nearest, od_matrix
from gis_wufei.plan.walk import LEAST_PART
from gis_wufei.report.sheets import inert
from gis_wufei.text import say

BLOCK_CELLS = 1_000_000
"""Cells computed and written at once: some 100 MB."""


@dataclass(frozen=True)
class Wanted:
    """What of the matrix is wanted."""

    limit_s: float | None
    nearest_k: int | None
    wide: str | None
    """``duration`` or ``distance``: a row for each origin."""
    out: Path | None
    overwrite: bool


def matrix(roads: Roads, origins: Points, others: Points | None, wanted: Wanted, lang: str, as_json: bool) -> None:
    """Distances and durations between places, to a file, as JSON, or as a summary."""
    goals = origins if others is None else others
    if wanted.out is not None:
        suffix_of(wanted.out, (".csv",))
        inputs = [points.file for points in (origins, goals) if points.file is not None]
        refuse_target(wanted.out, wanted.overwrite, [*roads.inputs, *inputs])
    trips, at = prepared(roads, origins) if others is None else prepared(roads, origins, others)
    rows, cols = at[0], at[-1]
    tally = _Tally()
    tables: list[pd.DataFrame] = []
    with Teller(None, lang, quiet=as_json) as teller:
        blocks = _tables(trips, origins, goals, rows, cols, wanted, tally, teller)
        if wanted.out is None:
            for frame in blocks:
                tables += [frame] if as_json else []
        else:
            with whole(wanted.out) as place, place.open("w", encoding="utf-8-sig", newline="") as stream:
                for number, frame in enumerate(blocks):
                    frame.to_csv(stream, index=False, header=number == 0, float_format="%.3f", lineterminator="\r\n")
    files = [] if wanted.out is None else [str(wanted.out)]
    summary = tally.summary()
    if as_json:
        told = facts_of(roads) | {"least_share": LEAST_PART, "limit_s": wanted.limit_s, "nearest": wanted.nearest_k}
        told |= {"origins": places_json(roads, trips, origins, rows)}
        told |= {"destinations": places_json(roads, trips, goals, cols), "summary": summary, "files": files}
        print_json(told | ({} if files else {"pairs": _columns(tables)}))
        return
    console = Console(highlight=False)
    print_head(console, roads, lang)
    for points, where in ((origins, rows), (goals, cols)) if others is not None else ((origins, rows),):
        print_off_road(console, roads, trips, points, where, lang)
    told = {"origins": len(origins), "destinations": len(goals), "pairs": summary["pairs"]}
    tell(console, say("road.matrix", lang, **told, found=summary["found"]))
    if summary["found"]:
        minutes = {name: summary[f"{name}_s"] / 60 for name in ("median", "longest")}
        tell(console, say("road.durations", lang, **minutes))
    for reason, count in summary["reasons"].items():
        tell(console, say("road.no_trips", lang, count=count, reason=say(f"no_trip.{reason}", lang)))
    if roads.network.open.any():
        units = trips.weighing().units
        tell(console, say("road.precision", lang, seconds=f"{units.first:g}", metres=f"{units.second:g}"))
    for file in files:
        tell(console, file)


def refuse_both(nearest_k: int | None, wide: object) -> None:
    """The nearest few of each origin are not the same for all: they make no wide table."""
    if nearest_k is not None and wide is not None:
        raise InputError([Fault("E-ROAD-011", "--wide", {"wanted": "--nearest / --wide"})])


class _Tally:
    """What is told of a matrix that passes by block after block."""

    def __init__(self) -> None:
        self.pairs = 0
        self.seconds: list[NDArray[np.float32]] = []
        self.reasons = np.zeros(len(REASONS), np.int64)

    def add(self, duration_s: NDArray[np.float64], why: NDArray[np.int8]) -> None:
        self.pairs += why.size
        self.seconds.append(duration_s[np.isfinite(duration_s)].astype(np.float32))
        self.reasons += np.bincount(why.ravel(), minlength=len(REASONS))

    def summary(self) -> dict[str, Any]:
        seconds = np.concatenate(self.seconds) if self.seconds else np.zeros(0, np.float32)
        told: dict[str, Any] = {"pairs": self.pairs, "found": len(seconds)}
        if len(seconds):
            told |= {"median_s": round(float(np.median(seconds)), 3), "longest_s": round(float(seconds.max()), 3)}
        named = zip(REASONS[1:], self.reasons[1:].tolist(), strict=True)
        return told | {"reasons": {name: count for name, count in named if count}}


def _tables(
    trips: Trips,
    origins: Points,
    goals: Points,
    rows: Ints,
    cols: Ints,
    wanted: Wanted,
    tally: _Tally,
    teller: Teller,
) -> Iterator[pd.DataFrame]:
    """The matrix as tables, a block of origins each; what lies beyond the limit is left out of the long form."""
    safe = inert if wanted.out is not None else str  # a spreadsheet would run what looks like a formula
    names = [np.array([safe(key) for key in points.ids], dtype=object) for points in (origins, goals)]
    teller.step("matrix", "", 0, len(rows))
    if wanted.nearest_k is not None:
        yield _nearest(trips, names, rows, cols, wanted, tally)
        return
    high = max(1, BLOCK_CELLS // max(len(cols), 1))
    for begin in range(0, len(rows), high):
        block = rows[begin : begin + high]
        found = od_matrix(trips, block, cols, wanted.limit_s)
        teller.step("matrix", "", begin + len(block), len(rows))
        tally.add(found.duration_s, found.why)
        label = names[0][begin : begin + len(block)]
        yield _long(found, label, names[1]) if wanted.wide is None else _wide(found, label, names[1], wanted.wide)


def _long(found: ODMatrix, origin: NDArray[np.object_], destination: NDArray[np.object_]) -> pd.DataFrame:
    row, col = np.nonzero(found.why != REASONS.index("beyond_limit"))
    return _pairs(origin[row], destination[col], found.distance_m[row, col], found.duration_s[row, col],
                  found.why[row, col])  # fmt: skip


def _pairs(
    origin: NDArray[np.object_],
    destination: NDArray[np.object_],
    distance_m: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    why: NDArray[np.int8],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "origin": origin,
            "destination": destination,
            "distance_m": np.where(np.isfinite(distance_m), distance_m, np.nan),
            "duration_s": np.where(np.isfinite(duration_s), duration_s, np.nan),
            "reason": np.array(REASONS, dtype=object)[why],
        }
    )


def _wide(found: ODMatrix, origin: NDArray[np.object_], destination: NDArray[np.object_], wide: str) -> pd.DataFrame:
    cells = found.duration_s if wide == "duration" else found.distance_m
    frame = pd.DataFrame(np.where(np.isfinite(cells), cells, np.nan), columns=list(destination))
    frame.insert(0, "origin \\ " + ("duration_s" if wide == "duration" else "distance_m"), origin)
    return frame


def _nearest(
    trips: Trips, names: list[NDArray[np.object_]], rows: Ints, cols: Ints, wanted: Wanted, tally: _Tally
) -> pd.DataFrame:
    """The nearest destinations of each origin; one that reaches none keeps a row with the reason."""
    found = nearest(trips, rows, cols, int(wanted.nearest_k or 1))
    reached = found.facility >= 0
    near = reached & (found.duration_s <= (np.inf if wanted.limit_s is None else wanted.limit_s))
    why = np.where(reached.any(axis=1), np.int8(0), found.why)
    why = np.where(reached.any(axis=1) & ~near.any(axis=1), np.int8(REASONS.index("beyond_limit")), why)
    row, rank = np.nonzero(near)
    lost = np.flatnonzero(~near.any(axis=1))
    tally.add(found.duration_s[near], np.zeros(len(row), np.int8))
    tally.add(np.zeros(0), why[lost].astype(np.int8))
    order = np.lexsort((np.concatenate([rank, np.zeros(len(lost), np.int64)]), np.concatenate([row, lost])))
    nothing = np.full(len(lost), np.nan)
    return _pairs(
        np.concatenate([names[0][row], names[0][lost]])[order],
        np.concatenate([names[1][found.facility[row, rank]], np.full(len(lost), "", dtype=object)])[order],
        np.concatenate([found.distance_m[row, rank], nothing])[order],
        np.concatenate([found.duration_s[row, rank], nothing])[order],
        np.concatenate([np.zeros(len(row), np.int8), why[lost].astype(np.int8)])[order],
    )


def _columns(tables: Sequence[pd.DataFrame]) -> dict[str, list[Any]]:
    """Tables as one, column by column, for JSON."""
    whole_table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    told: dict[str, list[Any]] = {}
    for column in whole_table.columns:
        cells = whole_table[column]
        if pd.api.types.is_float_dtype(cells.dtype):
            told[str(column)] = [None if cell != cell else round(cell, 3) for cell in cells.tolist()]
        else:
            told[str(column)] = cells.tolist()
    return told
