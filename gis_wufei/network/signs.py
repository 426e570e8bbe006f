"""What the signs along a road say to one vehicle: row by row of the road layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gis_wufei.network.conditional import Moment, said
from gis_wufei.network.graph import Flags, Ints
from gis_wufei.network.profile import RoadProfile
from gis_wufei.network.tags import ACCESS, ONEWAY, limit, words_of

CAUSES = ("access", "sign", "dangerous_goods", "weight", "axle_load", "height", "width", "length", "time")
"""Why a sign closes a road, in the order in which it is told."""

SIZES = {
    "weight": ("maxweight", "mass_t"),
    "axle_load": ("maxaxleload", "axle_load_t"),
    "height": ("maxheight", "height_m"),
    "width": ("maxwidth", "width_m"),
    "length": ("maxlength", "length_m"),
}
"""Cause: the limit, and what of the profile must not be above it."""


@dataclass(frozen=True, eq=False)
class Signs:
    """Of each of R rows of a road layer."""

    why: Ints
    """int[R], position in ``CAUSES``; -1 = open."""
    avoid: Flags
    """bool[R], may be entered, but better not (destination only ...)."""
    no_forward: Flags
    no_backward: Flags
    """bool[R], a sign for this kind of vehicle forbids that way of the drawing."""
    unread: int
    """Rows with a conditional sign that is not understood."""


def read_signs(roads: pd.DataFrame, profile: RoadProfile) -> Signs:
    """Signs for the vehicle of a profile, from our columns or OpenStreetMap's own tags; absent columns say nothing."""
    size = len(roads)
    why, avoid = np.full(size, -1, np.int64), np.zeros(size, bool)
    no_way = np.zeros((2, size), bool)
    unread = np.zeros(size, bool)
    if not profile.signs:
        return Signs(why, avoid, no_way[0], no_way[1], 0)
    moment = _moment(profile)
    # Code of the policy for each row, and whether a sign for trucks or a condition decided it.
    policy = np.zeros(size, np.int64)
    by = np.full(size, CAUSES.index("access"), np.int64)
    for key in _keys(profile):
        for name in (key, f"{key}:conditional"):
            words = words_of(roads, name)
            if words is None:
                continue
            code, seen = pd.factorize(words)
            if not len(seen):
                continue
            if name == key:
                told = [str(word).strip().lower() for word in seen]
                holds, strange = np.array([True] * len(told), bool), np.zeros(len(told), bool)
                cause = "sign" if key in ("hgv", "goods") else "access"
            else:
                heard = [said(str(word), moment) for word in seen]
                told = [one.word or "" for one in heard]
                holds, strange = (
                    np.array([one.word is not None for one in heard], bool),
                    np.array([one.unread for one in heard], bool),
                )
                cause = "time"
            value = np.array([POLICY.index(profile.access.get(word, "open")) for word in told], np.int64)
            at = np.flatnonzero(code >= 0)
            unread[at[strange[code[at]]]] = True
            at = at[holds[code[at]]]
            policy[at], by[at] = value[code[at]], CAUSES.index(cause)
    avoid |= policy == POLICY.index("avoid")
    shut = [(by[at], at) for at in [np.flatnonzero(policy == POLICY.index("closed"))]]
    goods = words_of(roads, "hazmat") if profile.dangerous_goods else None
    if goods is not None:
        at = np.flatnonzero((goods == "no").to_numpy(bool))
        shut.append((np.full(len(at), CAUSES.index("dangerous_goods")), at))
    for cause, (key, own) in SIZES.items():
        value, most = getattr(profile, own), limit(roads, key)
        if value is not None and most is not None:
            at = np.flatnonzero(most < value)
            shut.append((np.full(len(at), CAUSES.index(cause)), at))
    for causes, at in reversed(shut):  # the first cause is written last
        why[at] = causes
    hgv = words_of(roads, "oneway:hgv") if "hgv" in profile.vehicle else None
    if hgv is not None:
        way = hgv.map(ONEWAY)
        no_way[0], no_way[1] = (way == "backward").to_numpy(bool), (way == "forward").to_numpy(bool)
    return Signs(why, avoid, no_way[0], no_way[1], int(unread.sum()))


POLICY = ("open", "avoid", "closed")


def _keys(profile: RoadProfile) -> list[str]:
    """Keys that speak to this vehicle, from the most general: those of trucks only to one that is called so."""
    return [key for key in ACCESS if key not in ("goods", "hgv") or key in profile.vehicle]


def _moment(profile: RoadProfile) -> Moment:
    sizes = {"weight": profile.mass_t, "axleload": profile.axle_load_t}
    sizes |= {"height": profile.height_m, "width": profile.width_m, "length": profile.length_m}
    return Moment(profile.at_hour, profile.at_day, sizes)
