"""Roads drawn twice, wholly or in part: one of the copies stays."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gis_wufei.network.graph import Floats, Ints


def drop_copies(
    place: Floats, vertex: Ints, part: Ints, row_of_part: Ints, alike: Ints, against: Ints
) -> tuple[Ints, Ints, Ints, pd.DataFrame]:
    """Lines without the pieces that a longer line with the same attributes has as well.

    Parameters
    ----------
    place
        float[V, 2], metres.
    vertex, part, row_of_part
        The lines, as ``assemble`` takes them; no vertex twice in a row.
    alike
        int[L], lines with the same number agree in all attributes that count, driven as drawn.
    against
        int[L], the number of those attributes driven the other way (equal to ``alike`` for two-way roads).

    Returns
    -------
    Vertex, part and row of what is left (a line may come in several parts), and a table of what was
    dropped, a line each: x, y, size_m, row, other (row of the line that stays), whole.
    """
    at = np.flatnonzero(part[:-1] == part[1:])
    a, b, line = vertex[at], vertex[at + 1], part[at]
    size = np.hypot(*(place[b] - place[a]).T)
    length = np.bincount(line, size, minlength=len(row_of_part))
    # The same piece drawn the other way round agrees where its sign points the other way, too.
    kind = np.where(a < b, alike[line], against[line])
    key = np.minimum(a, b) * len(place) + np.maximum(a, b)
    order = np.lexsort((at, line, -length[line], kind, key))
    first = (np.diff(key[order], prepend=-1) != 0) | (np.diff(kind[order], prepend=-1) != 0)
    keeper = np.empty(len(at), np.int64)
    keeper[order] = line[order[np.flatnonzero(first)[np.cumsum(first) - 1]]] if len(order) else 0
    dropped = np.zeros(len(at), bool)
    dropped[order] = ~first

    gone = pd.DataFrame(
        {
            "line": line[dropped],
            "other": row_of_part[keeper[dropped]],
            "size_m": size[dropped],
            "x": (place[a] + place[b])[dropped, 0] / 2,
            "y": (place[a] + place[b])[dropped, 1] / 2,
        }
    )
    table = gone.groupby("line", as_index=False).agg({"x": "first", "y": "first", "size_m": "sum", "other": "first"})
    pieces_left = np.bincount(line[~dropped], minlength=len(row_of_part))
    table["row"] = row_of_part[table["line"]]
    table["whole"] = pieces_left[table["line"]] == 0

    begins = np.diff(part, prepend=-1) != 0
    begins[at[dropped] + 1] = True
    run = np.cumsum(begins) - 1
    row = row_of_part[part[begins]]
    # What is left of a dropped stretch is single vertices; a line that never had a piece stays, to be counted.
    lone = (np.bincount(run, minlength=len(row)) == 1) & (length[part[begins]] > 0)
    keep = ~lone[run]
    renumber = np.cumsum(~lone) - 1
    return vertex[keep], renumber[run[keep]], row[~lone], table
