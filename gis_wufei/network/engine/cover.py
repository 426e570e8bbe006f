"""Which pieces of which edges lie within a cost of a place, for many places and several limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis_wufei.network.engine.ends import Ends
from gis_wufei.network.engine.fan import Fan
from gis_wufei.network.graph import Flags, Floats, Ints

FIRST_ROOM = 1 << 20
"""Pieces that the result has room for at first."""
NONE = np.uint32(2**32 - 1)
"""No way there."""

Pieces = tuple[Ints, NDArray[np.int32], Floats, Floats, NDArray[np.int16]]


@dataclass(frozen=True, eq=False)
class Sides:
    """What each slot of a fan is on the road graph."""

    arc: NDArray[np.int32]
    """int32[S], arc id, ``2 * edge + way``."""
    back: NDArray[np.uint32]
    """uint32[S], cost of the same edge the other way; ``NONE`` = closed."""
    several: Flags
    """bool[E], edges with an arc that leaves more than one node (a state of a banned turn)."""


def sides(fan: Fan, arc: Ints, edges: int) -> Sides:
    """Edges of E that the slots drive, by their arc ids."""
    count = np.bincount(arc, minlength=2 * edges)
    ways = np.zeros(2 * edges, np.uint32)
    ways[arc] = fan.cost
    back = np.where(count[arc ^ 1] > 0, ways[arc ^ 1], NONE).astype(np.uint32)
    return Sides(arc.astype(np.int32), back, np.asarray((count.reshape(-1, 2) > 1).any(axis=1)))


def cover(
    fan: Fan,
    on: Sides,
    backward: bool,
    sources: Ends,
    source_cost: Ints,
    spot_first: Ints,
    spot_edge: Ints,
    spot_share: Floats,
    spot_costs: Floats,
    limits: Floats,
) -> Pieces:
    """Reached pieces of edges, each with the band of limits it lies in.

    Parameters
    ----------
    fan, on
        Arcs from the places, or backward to them, and their edges.
    backward
        The fan is backward.
    sources, source_cost
        Where each of M places enters the graph, and at what cost.
    spot_first, spot_edge, spot_share
        Where each place stands inside edges: place i has the spots ``spot_first[i]:spot_first[i + 1]``.
    spot_costs
        float[K, 2], of each spot: cost of its whole edge downward (to share 0) and upward, in the way in
        which the place is left (or, backward, reached); inf = closed.
    limits
        float[M, B], ascending in each row: the limits of each place; negative = nothing is reached.

    Returns
    -------
    first
        int[M + 1]: the pieces of place i are ``first[i]:first[i + 1]``.
    edge, start, stop, band
        Of each piece: the edge, from which share of it to which (start < stop, as drawn), and the
        position of the least limit that it lies within.
    """
    shift = fan.shift
    most = float(limits.max(initial=0.0)) if limits.size else 0.0
    buckets = (int(most) >> shift) + 2
    while buckets > 1 << 20:
        shift += 1
        buckets = (int(most) >> shift) + 2
    rows, row, size = len(sources), 0, 0
    begin = np.zeros(rows + 1, np.int64)
    room = FIRST_ROOM
    out: tuple[NDArray[np.int32], Floats, Floats, NDArray[np.int16]] | None = None
    while True:
        # Made here and not in the kernel: numpy asks for large pages, and what is not written takes no memory.
        more = (np.empty(room, np.int32), np.empty(room), np.empty(room), np.empty(room, np.int16))
        if out is not None:
            more[0][:size], more[1][:size] = out[0][:size], out[1][:size]
            more[2][:size], more[3][:size] = out[2][:size], out[3][:size]
        out = more
        row, size = _cover(
            fan.first, fan.to, fan.cost, on.back, on.arc, on.several, 1 if backward else 0, sources.first,
            sources.node, source_cost, spot_first, spot_edge, spot_share, spot_costs, limits, shift, buckets,
            row, size, begin, *out,
        )  # fmt: skip
        if row >= rows:
            return begin, out[0][:size], out[1][:size], out[2][:size], out[3][:size]
        room = max(2 * room, int(1.2 * size / max(row, 1) * rows))


@njit(cache=True)
def _cover(  # type: ignore[no-untyped-def]
    first, to, cost, back, arc, several, turned, s_first, s_node, s_cost,
    k_first, k_edge, k_share, k_costs, limits, shift, buckets,
    row_from, count, begin, out_edge, out_start, out_stop, out_band,
):  # fmt: skip
    """Fill in the pieces from a row on; told are the row that found no room, or the number of rows, and the pieces."""
    size = len(first) - 1
    closed = np.inf
    best = np.full(size, NONE, np.uint32)
    fresh = np.zeros(size, np.bool_)
    met = np.empty(size, np.int32)
    head = np.full(buckets, -1, np.int32)
    item = np.empty(1024, np.int32)
    rest = np.empty(1024, np.int32)
    # Edges that a state or a place makes special: cost at the begin and the whole way from there, and at the end.
    special = several.copy()
    most_special = 0
    for row in range(len(k_first) - 1):
        most_special = max(most_special, k_first[row + 1] - k_first[row])
    most_special += several.sum()
    low = np.full((most_special, 2), closed)
    high = np.full((most_special, 2), closed)
    touched = np.empty(most_special, np.int32)
    listed = np.full(len(special), -1, np.int32)  # position among the touched
    room = len(out_edge)
    rows = len(s_first) - 1
    bands = limits.shape[1]
    for row in range(row_from, rows):
        lim = limits[row]
        top = lim[bands - 1]
        if top < 0:
            begin[row + 1] = count
            continue
        limit = np.int64(np.floor(min(top, 4294967294.0)))
        found = 0
        free = np.int32(-1)
        used = 0
        pending = 0
        for s in range(s_first[row], s_first[row + 1]):
            a = s_node[s]
            if s_cost[s] <= limit and s_cost[s] < best[a]:
                if best[a] == NONE:
                    met[found] = a
                    found += 1
                best[a] = s_cost[s]
                fresh[a] = True
                if used == len(item):
                    item = np.concatenate((item, np.empty(used, np.int32)))
                    rest = np.concatenate((rest, np.empty(used, np.int32)))
                slot = s_cost[s] >> shift
                item[used] = a
                rest[used] = head[slot]
                head[slot] = used
                used += 1
                pending += 1
        now = 0
        while pending > 0:
            while head[now] >= 0:
                e = head[now]
                head[now] = rest[e]
                rest[e] = free
                free = e
                pending -= 1
                a = item[e]
                if not fresh[a] or (best[a] >> shift) != now:
                    continue
                fresh[a] = False
                c = np.int64(best[a])
                for p in range(first[a], first[a + 1]):
                    b = to[p]
                    way = c + np.int64(cost[p])
                    if way > limit or way >= best[b]:
                        continue
                    if best[b] == NONE:
                        met[found] = b
                        found += 1
                    best[b] = way
                    fresh[b] = True
                    goal = way >> shift
                    if free >= 0:
                        e = free
                        free = rest[e]
                    else:
                        if used == len(item):
                            item = np.concatenate((item, np.empty(used, np.int32)))
                            rest = np.concatenate((rest, np.empty(used, np.int32)))
                        e = np.int32(used)
                        used += 1
                    item[e] = b
                    rest[e] = head[goal]
                    head[goal] = e
                    pending += 1
            now += 1

        for k in range(k_first[row], k_first[row + 1]):
            special[k_edge[k]] = True
        n = 0
        # Most nodes met: in the order of memory. Few: in that of meeting.
        most = 4 * found > size
        for k in range(size if most else found):
            a = np.int32(k) if most else met[k]
            if best[a] == NONE:
                continue
            here_cost = np.float64(best[a])
            if count + (first[a + 1] - first[a]) * (2 * bands + 2) > room:
                return row, begin[row]
            for p in range(first[a], first[a + 1]):
                e = arc[p] >> 1
                upward = (arc[p] & 1) == turned
                if special[e]:
                    if listed[e] < 0:
                        listed[e] = n
                        touched[n] = e
                        n += 1
                    x = listed[e]
                    if upward:
                        if here_cost < low[x, 0]:
                            low[x, 0] = here_cost
                            low[x, 1] = cost[p]
                    elif here_cost < high[x, 0]:
                        high[x, 0] = here_cost
                        high[x, 1] = cost[p]
                    continue
                w = np.float64(cost[p])
                if back[p] != NONE and best[to[p]] != NONE:
                    if not upward:
                        continue  # done from the other end
                    d = np.float64(best[to[p]])
                    v = np.float64(back[p])
                    least = min(here_cost, d)
                    band = 0
                    while lim[band] < least:
                        band += 1
                    if (lim[band] - here_cost) * v + (lim[band] - d) * w >= w * v and w + v > 0:
                        out_edge[count] = e
                        out_start[count] = 0.0
                        out_stop[count] = 1.0
                        out_band[count] = band
                        count += 1
                        continue
                    mark = count
                    count = _pieces(out_start, out_stop, out_band, count, 0.0, 1.0, here_cost, w, d, v, lim)
                else:
                    band = 0
                    while lim[band] < here_cost:
                        band += 1
                    if here_cost + w <= lim[band]:
                        out_edge[count] = e
                        out_start[count] = 0.0
                        out_stop[count] = 1.0
                        out_band[count] = band
                        count += 1
                        continue
                    mark = count
                    if upward:
                        count = _pieces(
                            out_start, out_stop, out_band, count, 0.0, 1.0, here_cost, w, closed, closed, lim
                        )
                    else:
                        count = _pieces(
                            out_start, out_stop, out_band, count, 0.0, 1.0, closed, closed, here_cost, w, lim
                        )
                for j in range(mark, count):
                    out_edge[j] = e
        for k in range(k_first[row], k_first[row + 1]):
            e = k_edge[k]
            if listed[e] < 0:
                listed[e] = n
                touched[n] = e
                n += 1
        if count + n * (4 * bands + 8) > room:
            return row, begin[row]
        for k in range(n):
            e = touched[k]
            own = -1
            for j in range(k_first[row], k_first[row + 1]):
                if k_edge[j] == e:
                    own = j
            mark = count
            c0, w0 = low[k, 0], low[k, 1]
            c1, w1 = high[k, 0], high[k, 1]
            if own < 0:
                count = _pieces(out_start, out_stop, out_band, count, 0.0, 1.0, c0, w0, c1, w1, lim)
            else:
                # The place itself parts its edge. Where it cannot be left (or reached) that way, others pass it.
                share, down, up = k_share[own], k_costs[own, 0], k_costs[own, 1]
                here, way = (0.0, down) if np.isfinite(down) else (c1 + (1 - share) * w1 if c1 < closed else closed, w1)
                count = _pieces(out_start, out_stop, out_band, count, 0.0, share, c0, w0, here, way, lim)
                here, way = (0.0, up) if np.isfinite(up) else (c0 + share * w0 if c0 < closed else closed, w0)
                count = _pieces(out_start, out_stop, out_band, count, share, 1.0, here, way, c1, w1, lim)
            for j in range(mark, count):
                out_edge[j] = e
            listed[e] = -1
            low[k, 0] = closed
            high[k, 0] = closed
        for k in range(k_first[row], k_first[row + 1]):
            special[k_edge[k]] = several[k_edge[k]]
        for k in range(found):
            best[met[k]] = NONE
        begin[row + 1] = count
    return rows, count


@njit(cache=True)
def _pieces(start, stop, band, n, lo, hi, c0, w0, c1, w1, limits):  # type: ignore[no-untyped-def]
    """Pieces of the stretch from lo to hi, its ends reached at the costs c0 and c1; w0, w1: over the whole edge."""
    if np.isfinite(c0):
        if not np.isfinite(c1):
            meet = hi
        elif w0 + w1 > 0:
            meet = min(max((c1 - c0 + lo * w0 + hi * w1) / (w0 + w1), lo), hi)
        else:
            meet = hi if c0 <= c1 else lo
    elif np.isfinite(c1):
        meet = lo
    else:
        return n
    bands = len(limits)
    at = lo
    last = -1
    if np.isfinite(c0):
        for k in range(bands):
            if at >= meet:
                break
            if limits[k] < c0:
                continue
            end = meet if w0 <= 0 else min(meet, lo + (limits[k] - c0) / w0)
            if end > at:
                start[n] = at
                stop[n] = end
                band[n] = k
                last = n
                n += 1
                at = end
    joins = last >= 0 and at >= meet
    at = hi
    if np.isfinite(c1):
        for k in range(bands):
            if at <= meet:
                break
            if limits[k] < c1:
                continue
            end = meet if w1 <= 0 else max(meet, hi - (limits[k] - c1) / w1)
            if end < at:
                if joins and end <= meet and band[last] == k:
                    stop[last] = at  # both sides meet in one band
                else:
                    start[n] = end
                    stop[n] = at
                    band[n] = k
                    n += 1
                at = end
    return n
