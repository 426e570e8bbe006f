"""What a round is asked and what it answers: the problem, its plan, and nothing of how it is solved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from gis_wufei.errors import ProblemError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNREACHABLE, TOO_LONG, FLEET = "unreachable", "longer_than_a_shift", "fleet_too_small"
REASONS = (UNREACHABLE, TOO_LONG, FLEET)
"""Why load stays behind: no way there or back; the stop alone, there and back with its service and
the unloading, exceeds the shift; more vehicle-days needed than the given trucks have."""

TOLERANCE = 1e-6
"""Relative rounding error granted to sums of tonnes, seconds, metres and yuan."""


class RouteSpec(BaseModel):
    """How hard to search. The same seed and iterations give the same plan on every machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    iterations: int = Field(
        default=2000,
        ge=1,
        description="Steps of the search; fewer for few stops, half as many again where a day may be saved.",
    )
    seed: int = Field(default=0, ge=0)
    max_seconds: float | None = Field(
        default=None,
        gt=0,
        description="Stop the search of one facility after so long; plans may then differ between runs.",
    )


@dataclass(frozen=True, eq=False)
class RoutingProblem:
    """One facility (position 0), where trucks are garaged and unloaded, and its n stops (1 to n).

    In a cycle every stop's load is cleared once. A truck's shift is a *vehicle-day*: trips from the
    facility over stops and back, each ended by an unloading, so that a parked truck is empty.
    Vehicle-days may be driven on any day of the cycle.

    Raises
    ------
    ProblemError
        When shapes differ, an id repeats, or a number is NaN, negative or (matrices apart) infinite;
        the text tells all faults.
    """

    stop_ids: tuple[str, ...]
    load_t: Floats
    """float[n], to collect in the cycle; a stop without load is not visited."""
    service_s: Floats
    """float[n], for each visit."""
    distance_m: Floats
    """float[n+1, n+1], directed; inf = no way. The diagonal is never used."""
    duration_s: Floats
    capacity_t: float
    shift_s: float
    unload_s: float
    """For each trip; within the shift."""
    yuan_per_vehicle_day: float
    yuan_per_km: float
    yuan_per_h: float
    """For the whole duration: driving, service, unloading."""
    workdays: int
    """Of the cycle; a truck works one shift on each."""
    trucks: int | None = None
    """None = as many as needed."""
    max_trip_stops: int | None = None

    def __post_init__(self) -> None:
        for name in ("load_t", "service_s", "distance_m", "duration_s"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "stop_ids", tuple(self.stop_ids))
        faults = list(_faults(self))
        if faults:
            raise ProblemError("routing problem: " + "; ".join(faults))

    def subset(self, stops: Sequence[int], load_t: Floats, yuan_per_vehicle_day: float) -> RoutingProblem:
        """The same facility with some of its stops (positions from 1), other loads and price of a day."""
        at = np.asarray(stops, dtype=np.int64)
        cell = np.ix_(np.append(0, at), np.append(0, at))
        kept = {f.name: getattr(self, f.name) for f in fields(self)} | {
            "stop_ids": tuple(self.stop_ids[i - 1] for i in stops),
            "load_t": load_t,
            "service_s": self.service_s[at - 1],
            "distance_m": self.distance_m[cell],
            "duration_s": self.duration_s[cell],
            "yuan_per_vehicle_day": yuan_per_vehicle_day,
        }
        return RoutingProblem(**kept)

    def leg_yuan(self) -> Floats:
        """Price of driving each leg, float[n+1, n+1]; inf = no way."""
        priced = self.yuan_per_km * np.where(np.isinf(self.distance_m), 0, self.distance_m) / 1000
        priced = priced + self.yuan_per_h * np.where(np.isinf(self.duration_s), 0, self.duration_s) / 3600
        return np.where(np.isinf(self.distance_m) | np.isinf(self.duration_s), np.inf, priced)

    def alone_s(self) -> Floats:
        """Duration of a trip to one stop: there, service, back, unloading; float[n], inf = no way."""
        way = self.duration_s + np.where(np.isinf(self.distance_m), np.inf, 0)
        return np.asarray(way[0, 1:] + self.service_s + way[1:, 0] + self.unload_s)


def _faults(problem: RoutingProblem) -> list[str]:
    n, faults = len(problem.stop_ids), []
    if len(set(problem.stop_ids)) < n:
        faults.append("stop_ids repeat")
    for name, shape in (
        ("load_t", (n,)),
        ("service_s", (n,)),
        ("distance_m", (n + 1,) * 2),
        ("duration_s", (n + 1,) * 2),
    ):
        array = getattr(problem, name)
        if array.shape != shape:
            faults.append(f"{name} has shape {array.shape}, not {shape}")
        elif np.isnan(array).any() or (array < 0).any():
            faults.append(f"{name} holds NaN or a negative number")
        elif array.ndim == 1 and np.isinf(array).any():
            faults.append(f"{name} holds inf")
    for name in ("capacity_t", "shift_s"):
        if not 0 < getattr(problem, name) < np.inf:
            faults.append(f"{name} must be above 0 and finite")
    for name in ("unload_s", "yuan_per_vehicle_day", "yuan_per_km", "yuan_per_h"):
        if not 0 <= getattr(problem, name) < np.inf:
            faults.append(f"{name} must be 0 or more and finite")
    for name, least in (("workdays", 1), ("trucks", 0), ("max_trip_stops", 1)):
        value = getattr(problem, name)
        if value is not None and value < least:
            faults.append(f"{name} must be {least} or more")
    return faults


@dataclass(frozen=True)
class Trip:
    """From the facility over ``stops`` (positions from 1) back to it, unloading at the end."""

    stops: tuple[int, ...]
    load_t: tuple[float, ...]
    """Taken at each of the stops."""


@dataclass(frozen=True)
class VehicleDay:
    """One truck's shift. Days and trucks are counted from 1."""

    day: int
    truck: int
    trips: tuple[Trip, ...]
    duration_s: float
    distance_m: float


class Unserved(NamedTuple):
    """Load that stays behind at a stop, and why (one of ``REASONS``)."""

    stop_id: str
    reason: str
    load_t: float


@dataclass(frozen=True)
class RoutePlan:
    """The vehicle-days of one cycle, by day and truck, and what they cost."""

    vehicle_days: tuple[VehicleDay, ...]
    unserved: tuple[Unserved, ...]
    cost_yuan: float
    distance_m: float
    duration_s: float
    tonnes: float
    bound: float
    """yuan; no plan that collects the same loads costs less (see ``bound.py``)."""
    gap: float
    """(cost - bound) / cost; 0 when nothing costs anything."""
    status: Literal["feasible", "infeasible"]
    """infeasible = the given trucks do not suffice; the plan holds what they can do."""
    solver: str
    """Name and version."""
    seed: int
    iterations: int
    stopped_by: Literal["iterations", "seconds", "no_search"]
    """no_search = there was nothing to decide (at most one stop needs a shared trip)."""


@dataclass(frozen=True)
class Search:
    """What a solver hands back: vehicle-days as trips as stops (positions from 1) of the problem it got."""

    days: tuple[tuple[tuple[int, ...], ...], ...]
    solver: str
    iterations: int
    stopped_by: Literal["iterations", "seconds"]
