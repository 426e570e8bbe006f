"""Loads into truckloads, trips into shifts, shifts into the calendar."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

import numpy as np

from gis_wufei.routing.problem import TOLERANCE, Floats

LITTLE = TOLERANCE / 10
"""Relative excess that is rounding, not overload: 0.1 + 0.2 fills 0.3."""


def fits(lasting_s: float, shift_s: float) -> bool:
    """Whether a shift is long enough."""
    return lasting_s <= shift_s * (1 + LITTLE)


def truckloads(load_t: Floats, capacity_t: float) -> tuple[list[tuple[int, float]], Floats]:
    """Full truckloads as (stop from 1, tonnes), one entry each, and the rest of each stop, float[n]."""
    times = np.floor(load_t / capacity_t + LITTLE)
    rest_t = load_t - times * capacity_t
    rest_t[(times > 0) & (rest_t <= LITTLE * capacity_t)] = 0.0
    each_t = (load_t - rest_t) / np.maximum(times, 1)
    return [(i + 1, float(each_t[i])) for i in range(len(load_t)) for _ in range(int(times[i]))], rest_t


def pack(trip_s: Sequence[float], used_s: Sequence[float], shift_s: float) -> list[int]:
    """Put trips into shifts that have room, and into new ones where none has.

    Best fit decreasing: the longest trip first, each into the fullest shift that still holds it; at
    most 11/9 of the fewest shifts plus a constant (Johnson et al. 1974, SIAM Journal on Computing
    3(4), https://doi.org/10.1137/0203025).

    Parameters
    ----------
    trip_s
        Duration of each trip, none longer than the shift.
    used_s
        Time already used in the shifts that exist.

    Returns
    -------
    list[int]
        The shift of each trip; numbers from ``len(used_s)`` on are new shifts.
    """
    whole = shift_s * (1 + LITTLE)
    room = sorted((whole - used, shift) for shift, used in enumerate(used_s))
    shift_of, shifts = [0] * len(trip_s), len(used_s)
    for trip in sorted(range(len(trip_s)), key=lambda i: (-trip_s[i], i)):
        at = bisect_left(room, (trip_s[trip], -1))
        if at < len(room):
            left, shift = room.pop(at)
        else:
            left, shift = whole, shifts
            shifts += 1
        shift_of[trip] = shift
        insort(room, (left - trip_s[trip], shift))
    return shift_of


def calendar(shift_s: Sequence[float], workdays: int) -> list[tuple[int, int]]:
    """Give each shift its (day, truck), both counted from 1, with days alike.

    The longest shifts are dealt first, one a day, there and back over the days, so that no two days
    differ by more than a shift; ceil(shifts / workdays) trucks are used.
    """
    dealt: list[tuple[int, int]] = [(0, 0)] * len(shift_s)
    for rank, shift in enumerate(sorted(range(len(shift_s)), key=lambda i: (-shift_s[i], i))):
        lap, day = divmod(rank, workdays)
        dealt[shift] = (workdays - day if lap % 2 else day + 1, lap + 1)
    return dealt
