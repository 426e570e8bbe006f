"""What no plan can undercut: a lower bound on the yuan of a cycle."""

from __future__ import annotations

import math

import numpy as np

from gis_wufei.routing.problem import TOLERANCE, Floats, RoutingProblem


def lower_bound(problem: RoutingProblem, load_t: Floats) -> float:
    r"""Yuan that collecting ``load_t`` (float[n]) costs at least, however trips and shifts are cut.

    With q_i the load of a stop, Q the capacity, r_i the cheapest way there and back over any stops,
    u the unloading, s_i the service (all in yuan), F the price of a vehicle-day:

    .. math:: \sum_i \frac{q_i}{Q} r_i + u \left\lceil \sum_i \frac{q_i}{Q} \right\rceil
              + \sum_i s_i \left\lceil \frac{q_i}{Q} \right\rceil + F D

    A trip that takes loads a_i costs at least max r_i over its stops, thus at least sum(a_i r_i) / Q
    as its loads sum to at most Q (Haimovich and Rinnooy Kan 1985, Mathematics of Operations
    Research 10(4), https://doi.org/10.1287/moor.10.4.527). Legs need not obey the triangle
    inequality, nor be the same both ways: r is taken over shortest paths in the matrix. D, the
    vehicle-days, is the same sum in seconds divided by the shift, rounded up.
    """
    hourly = problem.yuan_per_h / 3600
    driving = _radial(problem, load_t, problem.leg_yuan(), problem.service_s * hourly, problem.unload_s * hourly)
    return driving + least_vehicle_days(problem, load_t) * problem.yuan_per_vehicle_day


def least_vehicle_days(problem: RoutingProblem, load_t: Floats) -> int:
    """Vehicle-days that collecting ``load_t`` (float[n]) takes at least: D of ``lower_bound``."""
    legs = np.where(np.isinf(problem.distance_m), np.inf, problem.duration_s)
    seconds = _radial(problem, load_t, legs, problem.service_s, problem.unload_s)
    return max(math.ceil(seconds / problem.shift_s - TOLERANCE), int(load_t.any()))


def _radial(problem: RoutingProblem, load_t: Floats, legs: Floats, service: Floats, unload: float) -> float:
    """The first three terms in the unit of ``legs``, ``service`` (float[n]) and ``unload``."""
    trucks = load_t / problem.capacity_t
    way = _there_and_back(legs)[trucks > 0]
    return float(trucks[trucks > 0] @ way + _up(trucks) @ service + _up(trucks.sum()) * unload)


def _up(trucks: Floats | np.float64) -> Floats:
    return np.ceil(trucks - TOLERANCE)


def _there_and_back(legs: Floats) -> Floats:
    """Shortest way from 0 to each stop and back, over any stops; float[n] (Floyd and Warshall)."""
    short = legs.copy()
    for k in range(len(short)):
        short = np.minimum(short, short[:, [k]] + short[[k], :])
    return np.asarray(short[0, 1:] + short[1:, 0])
