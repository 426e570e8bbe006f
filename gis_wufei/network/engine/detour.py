"""What the closing of a road costs those who use it: the affected part of the search is done again, and no more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from gis_wufei.network.engine.fan import FAR, Fan
from gis_wufei.network.engine.grow import Forest
from gis_wufei.network.graph import Floats, Ints


@dataclass(frozen=True, eq=False)
class Options:
    """By which ways each of P places gets on: place i has the options ``first[i]:first[i + 1]``."""

    first: Ints
    node: Ints
    """int[K], node where the place meets the forest; -1 = it stays on its edge until the end."""
    cost: Ints
    """int[K], from the place to the node; without a node the whole cost."""
    edge: Ints
    """int[K], the edge on which that begins; -1 = none, the place is a junction."""


@dataclass(frozen=True, eq=False)
class Detours:
    """Of each of C closings."""

    using: Ints
    using_weight: Floats
    """Places, and their weight, whose least way uses what is closed."""
    extra: Floats
    """Sum over them of weight x extra cost, in units; those cut off and those on it not counted."""
    longest: Ints
    """Largest extra cost of one place, in units."""
    on_it: Ints
    on_it_weight: Floats
    """Places that stand on what is closed and have no other road."""
    cut: Ints
    cut_weight: Floats
    """Places left without a way."""
    cut_closing: Ints
    cut_place: Ints
    """int[X]: each closing and place that it cuts off."""


def detours(
    away: Fan,
    back: Fan,
    away_group: Ints,
    back_group: Ints,
    forest: Forest,
    entry_node: Ints,
    entry_cost: Ints,
    entry_group: Ints,
    options: Options,
    option_group: Ints,
    weight: Floats,
    groups: int,
) -> Detours:
    """Close each group of edges in turn, all ways, and see what the places lose.

    Parameters
    ----------
    away
        The fan by which the forest grew from its sources; ``back`` is the one in the other way.
    away_group, back_group
        int[S], what each slot is closed with, 0 to C - 1; -1 = never closed.
    forest
        Least costs to the sources with everything open.
    entry_node, entry_cost, entry_group
        The entries that the forest grew from.
    options, option_group
        How each place gets on, and what each option is closed with.
    weight
        float[P]
    groups
        C
    """
    by = forest.by.astype(np.int64)
    grown = by >= 0
    parent = np.full(len(by), -1, np.int64)
    parent[grown] = away.origin[by[grown]]
    closed_with = np.full(len(by), -1, np.int64)
    closed_with[grown] = away_group[by[grown]]
    root = by <= -2
    closed_with[root] = entry_group[-2 - by[root]]
    order = np.argsort(parent, kind="stable")
    child = np.searchsorted(parent[order], np.arange(len(by) + 1)).astype(np.int64)
    enter, leave, preorder = _preorder(child, order, np.flatnonzero(root))

    # The least option of each place, and the places by where it meets the forest.
    total = np.where(options.node >= 0, options.cost + forest.cost[options.node], options.cost)
    owner = np.repeat(np.arange(len(weight)), np.diff(options.first))
    rank = np.lexsort((total, owner))
    place, first = np.unique(owner[rank], return_index=True)
    best = np.full(len(weight), -1)
    best[place] = rank[first]
    least = np.full(len(weight), FAR, np.int64)
    least[place] = total[best[place]]
    best[least >= FAR] = -1
    has = np.flatnonzero(best >= 0)
    node = options.node[best[has]]
    at = np.where(node >= 0, enter[node], -1)
    met = has[np.argsort(at, kind="stable")]
    at = np.sort(at)

    # Nodes and places by what their way begins with.
    of_node = np.argsort(closed_with, kind="stable")
    node_first = np.searchsorted(closed_with[of_node], np.arange(groups + 1)).astype(np.int64)
    starts = np.where(best >= 0, option_group[best], -1) if len(option_group) else np.full(len(weight), -1)
    of_place = np.argsort(starts, kind="stable")
    place_first = np.searchsorted(starts[of_place], np.arange(groups + 1)).astype(np.int64)
    entry_order = np.argsort(entry_node, kind="stable")
    entry_first = np.searchsorted(entry_node[entry_order], np.arange(len(by) + 1)).astype(np.int64)
    return Detours(
        *_detours(
            away.first, away.to, away.cost, away_group, back.first, back.to, back.cost, back_group,
            forest.cost, enter, leave, preorder, entry_first, entry_cost[entry_order], entry_group[entry_order],
            options.first, options.node, options.cost, option_group, weight, least, at, met,
            of_node, node_first, of_place, place_first, groups,
        )
    )  # fmt: skip


@njit(cache=True)
def _preorder(child, order, roots):  # type: ignore[no-untyped-def]
    """Each subtree as one stretch of a list."""
    size = len(child) - 1
    enter = np.full(size, -1, np.int64)
    leave = np.full(size, -1, np.int64)
    listed = np.empty(size, np.int64)
    stack = np.empty(size + 1, np.int64)
    cursor = child[:-1].copy()
    n = 0
    for root in roots:
        depth = 0
        stack[0] = root
        enter[root] = n
        listed[n] = root
        n += 1
        while depth >= 0:
            a = stack[depth]
            if cursor[a] < child[a + 1]:
                b = order[cursor[a]]
                cursor[a] += 1
                depth += 1
                stack[depth] = b
                enter[b] = n
                listed[n] = b
                n += 1
            else:
                leave[a] = n
                depth -= 1
    return enter, leave, listed[:n].copy()


@njit(inline="always")
def _push(keys, items, size, key, item):  # type: ignore[no-untyped-def]
    i = size
    while i > 0:
        p = (i - 1) >> 1
        if keys[p] <= key:
            break
        keys[i] = keys[p]
        items[i] = items[p]
        i = p
    keys[i] = key
    items[i] = item
    return size + 1


@njit(inline="always")
def _pop(keys, items, size):  # type: ignore[no-untyped-def]
    key = keys[0]
    item = items[0]
    size -= 1
    last = keys[size]
    moved = items[size]
    i = 0
    while True:
        c = 2 * i + 1
        if c >= size:
            break
        if c + 1 < size and keys[c + 1] < keys[c]:
            c += 1
        if keys[c] >= last:
            break
        keys[i] = keys[c]
        items[i] = items[c]
        i = c
    keys[i] = last
    items[i] = moved
    return key, item, size


@njit(cache=True)
def _detours(  # type: ignore[no-untyped-def]
    a_first, a_to, a_cost, a_group, b_first, b_to, b_cost, b_group,
    cost, enter, leave, preorder, e_first, e_cost, e_group,
    o_first, o_node, o_cost, o_group, weight, least, at, met,
    of_node, node_first, of_place, place_first, groups,
):  # fmt: skip
    size = len(cost)
    far = np.int64(1) << np.int64(62)
    using = np.zeros(groups, np.int64)
    using_weight = np.zeros(groups)
    extra = np.zeros(groups)
    longest = np.zeros(groups, np.int64)
    on_it = np.zeros(groups, np.int64)
    on_it_weight = np.zeros(groups)
    cut = np.zeros(groups, np.int64)
    cut_weight = np.zeros(groups)
    cut_closing = np.empty(64, np.int64)
    cut_place = np.empty(64, np.int64)
    cuts = 0
    lost = np.zeros(size, np.bool_)
    again = cost.copy()
    nodes = np.empty(size, np.int64)
    keys = np.empty(len(a_to) + len(e_cost) + size + 2, np.int64)
    items = np.empty(len(keys), np.int64)
    hit = np.empty(len(weight), np.int64)
    struck = np.zeros(len(weight), np.bool_)
    for g in range(groups):
        # The places whose way uses it.
        hits = 0
        for k in range(place_first[g], place_first[g + 1]):
            p = of_place[k]
            if not struck[p]:
                struck[p] = True
                hit[hits] = p
                hits += 1
        for k in range(node_first[g], node_first[g + 1]):
            a = of_node[k]
            if enter[a] < 0:
                continue
            for j in range(np.searchsorted(at, enter[a]), np.searchsorted(at, leave[a])):
                p = met[j]
                if not struck[p]:
                    struck[p] = True
                    hit[hits] = p
                    hits += 1
        if hits == 0:
            continue

        # The nodes behind it lose their cost and get it anew from those around.
        n = 0
        for k in range(node_first[g], node_first[g + 1]):
            a = of_node[k]
            if enter[a] < 0 or lost[a]:
                continue
            for j in range(enter[a], leave[a]):
                b = preorder[j]
                if not lost[b]:
                    lost[b] = True
                    again[b] = far
                    nodes[n] = b
                    n += 1
        held = 0
        for k in range(n):
            a = nodes[k]
            for q in range(e_first[a], e_first[a + 1]):
                if e_group[q] != g and e_cost[q] < again[a]:
                    again[a] = e_cost[q]
            for q in range(b_first[a], b_first[a + 1]):
                b = b_to[q]
                if b_group[q] != g and not lost[b] and cost[b] < far:
                    way = cost[b] + np.int64(b_cost[q])
                    if way < again[a]:
                        again[a] = way
            if again[a] < far:
                held = _push(keys, items, held, again[a], a)
        while held > 0:
            c, a, held = _pop(keys, items, held)
            if c > again[a]:
                continue
            for q in range(a_first[a], a_first[a + 1]):
                b = a_to[q]
                if lost[b] and a_group[q] != g:
                    way = c + np.int64(a_cost[q])
                    if way < again[b]:
                        again[b] = way
                        held = _push(keys, items, held, way, b)

        for k in range(hits):
            p = hit[k]
            struck[p] = False
            using[g] += 1
            using_weight[g] += weight[p]
            now = far
            able = False
            for q in range(o_first[p], o_first[p + 1]):
                if o_group[q] == g and g >= 0:
                    continue
                able = True
                way = o_cost[q]
                if o_node[q] >= 0:
                    if again[o_node[q]] >= far:
                        continue
                    way += again[o_node[q]]
                if way < now:
                    now = way
            if not able:
                on_it[g] += 1
                on_it_weight[g] += weight[p]
            elif now >= far:
                cut[g] += 1
                cut_weight[g] += weight[p]
                if cuts == len(cut_place):
                    cut_closing = np.concatenate((cut_closing, np.empty(cuts, np.int64)))
                    cut_place = np.concatenate((cut_place, np.empty(cuts, np.int64)))
                cut_closing[cuts] = g
                cut_place[cuts] = p
                cuts += 1
            else:
                extra[g] += weight[p] * (now - least[p])
                longest[g] = max(longest[g], now - least[p])
        for k in range(n):
            lost[nodes[k]] = False
            again[nodes[k]] = cost[nodes[k]]
    return (
        using, using_weight, extra, longest, on_it, on_it_weight, cut, cut_weight,
        cut_closing[:cuts].copy(), cut_place[:cuts].copy(),
    )  # fmt: skip
