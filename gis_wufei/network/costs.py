"""How long a vehicle takes on each edge, each way, and why it may not go there."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_wufei.errors import Fault, InputError, ProblemError
from gis_wufei.network.grades import grade_kmh
from gis_wufei.network.graph import Flags, Floats, Ints, RoadGraph
from gis_wufei.network.profile import RoadProfile
from gis_wufei.network.signs import CAUSES, Signs, read_signs
from gis_wufei.network.slope import Slopes
from gis_wufei.network.tags import limit, mapped, words_of

Closed = Collection[Hashable] | pd.Series | NDArray[np.bool_]
WHY = ("", "class", "closure", *CAUSES)
"""Why an edge is closed to a vehicle: its class is banned, it is out of use (a scenario's closure), or a
sign: ``access`` (private ...), ``sign`` (no trucks), ``dangerous_goods``, ``weight``, ``axle_load``,
``height``, ``width``, ``length``, ``time`` (at this hour). The first cause that holds is told."""


@dataclass(frozen=True, eq=False)
class EdgeCosts:
    """Seconds of each edge, for one vehicle."""

    forward_s: Floats
    backward_s: Floats
    """float[E], end to end as drawn and against; inf = may not be driven."""
    why: NDArray[np.int8]
    """int8[E], position in ``WHY``; 0 where the edge is open, at least one way."""
    closed_rows: Mapping[str, int] = field(default_factory=dict)
    """Rows of the road layer without any open edge, by cause."""
    kmh: Mapping[str, float] = field(default_factory=dict)
    """Mean speed (km/h, by length) on the open edges of each class, both ways: the speed table used."""
    unread: int = 0
    """Rows with a conditional sign that is not understood; it is taken not to hold."""


def edge_costs(
    graph: RoadGraph, profile: RoadProfile, closed: Closed = (), slope: Slopes | Floats | None = None
) -> EdgeCosts:
    """Seconds of each edge: 3.6 x metres / (km/h).

    Parameters
    ----------
    graph, profile
        The roads and the vehicle.
    closed
        Roads out of use: index labels of ``graph.roads``, a boolean Series on its index, or bool[E].
    slope
        ``slope_of`` a raster, or float[E], rise over run as drawn; default: flat. It counts where the
        profile has a driving power.

    Raises
    ------
    InputError
        Classes without a speed (E-NET-001), all of them.
    ProblemError
        A closed row that is not in the layer.
    """
    out = _closed(graph, closed)
    _known_classes(graph, profile)
    row, size = graph.row, len(graph.roads)
    banned = np.isin(graph.class_code, [k for k, c in enumerate(graph.classes) if c in profile.banned_classes])
    signs = read_signs(graph.roads, profile)
    by_sign = _by_hour(graph, profile, signs.why[row])
    shift = WHY.index(CAUSES[0])
    why = np.where(by_sign >= 0, by_sign + shift, 0)
    why = np.where(banned, WHY.index("class"), why)
    why = np.where(out, WHY.index("closure"), why)

    kmh = _kmh(graph, profile, signs)
    forward = graph.forward & ~signs.no_forward[row]
    backward = graph.backward & ~signs.no_backward[row]
    why = np.where((why == 0) & ~(forward | backward), WHY.index("sign"), why).astype(np.int8)
    factor = np.where(signs.avoid[row], profile.avoid_factor, 1.0)
    ahead, back = _seconds(graph, kmh, factor, profile, slope)
    can = why == 0
    ahead, back = np.where(can & forward, ahead, np.inf), np.where(can & backward, back, np.inf)
    return EdgeCosts(ahead, back, why, _rows(graph, why, size), _table(graph, ahead, back), signs.unread)


def _closed(graph: RoadGraph, closed: Closed) -> Flags:
    """bool[E]: out of use."""
    if isinstance(closed, pd.Series):
        labels = list(closed.index[closed.fillna(False).astype(bool)])
    elif isinstance(closed, np.ndarray) and closed.dtype == bool:
        if closed.shape != graph.tail.shape:
            raise ProblemError(f"closed: bool[{len(graph.tail)}] is needed, one for each edge, not {closed.shape}")
        return closed
    else:
        labels = list(closed)
        strangers = (
            [str(label) for label in pd.Index(labels).difference(graph.roads.index, sort=False)] if labels else []
        )
        if strangers:
            raise ProblemError(f"roads: closed rows that are not in the layer: {', '.join(strangers)}")
    if not labels:
        return np.zeros(len(graph.tail), bool)
    return np.asarray(graph.roads.index.isin(labels))[graph.row]


def _known_classes(graph: RoadGraph, profile: RoadProfile) -> None:
    known = sorted({*profile.speeds_kmh, *profile.banned_classes})
    unknown = sorted(set(graph.classes) - set(known)) + (["(empty)"] if (graph.class_code < 0).any() else [])
    if unknown:
        facts: dict[str, object] = {
            "classes": ", ".join(unknown),
            "known": ", ".join(known),
            "rows": int((~graph.roads["class"].isin(known)).sum()),
        }
        raise InputError([Fault("E-NET-001", "roads", facts)])


def _by_hour(graph: RoadGraph, profile: RoadProfile, cause: Ints) -> Ints:
    """Causes of the signs, with the profile's own bans of the hour where nothing else closes an edge."""
    if profile.at_hour is None:
        return cause
    for ban in profile.hour_bans:
        if ban.holds(profile.at_hour):
            codes = [k for k, name in enumerate(graph.classes) if not ban.classes or name in ban.classes]
            cause = np.where((cause < 0) & np.isin(graph.class_code, codes), CAUSES.index("time"), cause)
    return cause


def _kmh(graph: RoadGraph, profile: RoadProfile, signs: Signs) -> Floats:
    """float[E], speed on level ground: of the class, on its surface, under its limit."""
    of_class = np.array([profile.speeds_kmh.get(name, np.nan) for name in graph.classes] + [np.nan])
    kmh = of_class[graph.class_code]
    if profile.surface_factor:
        told = _surface(graph.roads, profile)
        usual = [profile.surface_factor.get(profile.class_surface.get(name, ""), 1.0) for name in graph.classes]
        # The class's speed is told for its usual surface: a gravel road loses nothing for being one.
        share = told[graph.row] / np.array([*usual, 1.0])[graph.class_code]
        kmh = kmh * np.where(np.isfinite(share), np.minimum(share, 1.0), 1.0)
    if profile.signs and profile.maxspeed:
        for key in ("maxspeed", "maxspeed:hgv") if "hgv" in profile.vehicle else ("maxspeed",):
            most = limit(graph.roads, key)
            if most is not None:
                kmh = np.fmin(kmh, most[graph.row])
    return np.asarray(kmh, np.float64)


def _surface(roads: pd.DataFrame, profile: RoadProfile) -> Floats:
    """float[R], factor of the surface told (else of the track type, else of the policy); nan = none."""
    assumed = np.nan if profile.unknown_surface is None else profile.surface_factor.get(profile.unknown_surface, np.nan)
    told = np.full(len(roads), np.nan)
    for key in ("surface", "tracktype"):
        words = words_of(roads, key)
        if words is not None:
            factor = mapped(words, lambda word: profile.surface_factor.get(str(word).strip().lower(), np.nan))
            told = np.where(np.isfinite(told), told, factor)
    return np.where(np.isfinite(told), told, assumed)


def _seconds(
    graph: RoadGraph, kmh: Floats, factor: Floats, profile: RoadProfile, slope: Slopes | Floats | None
) -> tuple[Floats, Floats]:
    """Seconds as drawn and against, before the signs."""
    full = graph.length_m * factor * 3.6
    if slope is None or profile.power_kw is None or not len(kmh):
        return full / kmh, full / kmh
    if not isinstance(slope, Slopes):
        ahead, back = (full / np.minimum(kmh, grade_kmh(profile, sign * slope)) for sign in (1, -1))
        return ahead, back
    edge = np.repeat(np.arange(len(kmh)), np.diff(slope.offset))
    piece, level = full[edge] * slope.share, kmh[edge]
    ahead, back = (
        np.add.reduceat(piece / np.minimum(level, grade_kmh(profile, sign * slope.grade)), slope.offset[:-1])
        for sign in (1, -1)
    )
    return ahead, back


def _rows(graph: RoadGraph, why: NDArray[np.int8], size: int) -> dict[str, int]:
    """Rows without any open edge, by the cause of their first edge; ``closed`` and ``banned`` are always told."""
    opened = np.zeros(size, bool)
    opened[graph.row[why == 0]] = True
    shut = ~opened[graph.row]
    first = np.unique(graph.row[shut], return_index=True)[1]
    counts = np.bincount(why[shut][first], minlength=len(WHY))
    told = {"closed": int(counts[WHY.index("closure")]), "banned": int(counts[WHY.index("class")])}
    return told | {name: int(counts[at]) for at, name in enumerate(WHY) if counts[at] and name in CAUSES}


def _table(graph: RoadGraph, ahead: Floats, back: Floats) -> dict[str, float]:
    metres, seconds = np.zeros(len(graph.classes)), np.zeros(len(graph.classes))
    for way in (ahead, back):
        on = np.isfinite(way)
        metres += np.bincount(graph.class_code[on], graph.length_m[on], minlength=len(graph.classes))
        seconds += np.bincount(graph.class_code[on], way[on], minlength=len(graph.classes))
    used = zip(graph.classes, metres, seconds, strict=True)
    return {name: float(m / s * 3.6) for name, m, s in used if s > 0}
