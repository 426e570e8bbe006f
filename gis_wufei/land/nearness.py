"""Distance to what is burned on a grid, exact up to a reach, made for the rows that are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis_wufei.land.grid import OVERLOOKED, Mask

Reals = NDArray[np.float32]
TILE = 256


@dataclass(frozen=True, eq=False)
class Near:
    """Least possible distance (m) from each cell's centre to the shapes burned in ``burned``.

    As ``Grid.distance_m``: Euclidean between centres less half a cell's diagonal. Exact where it is
    at most ``reach_m``, infinite beyond; so 10 m cells of a county need the memory of some rows only.

    ``near[first:last]`` is float32[last - first, columns].
    """

    burned: Mask
    cell_m: float
    reach_m: float

    def __getitem__(self, rows: slice) -> Reals:
        first, last, _ = rows.indices(self.burned.shape[0])
        slack = np.sqrt(0.5) * (1 + 2 * OVERLOOKED)
        reach = int(np.ceil(self.reach_m / self.cell_m + slack))
        top = max(first - reach, 0)
        part = self.burned[top : min(last + reach, self.burned.shape[0])]
        touched = np.flatnonzero(part.any(axis=0))
        near = np.full((last - first, part.shape[1]), np.inf, np.float32)
        if len(touched):
            west, east = max(touched[0] - reach, 0), min(touched[-1] + reach + 1, part.shape[1])
            square = _squares(part[:, west:east], first - top, last - top, reach)
            near[:, west:east] = self._metres(reach)[np.minimum(square, reach**2 + 1)]
        return near

    def _metres(self, reach: int) -> Reals:
        """Metres by square of the distance in cells; one more than the reach is too far to tell.

        Rounded to the feature's side, so that a cell is never said to be farther than it is.
        """
        slack = np.sqrt(0.5) * (1 + 2 * OVERLOOKED)
        exact = np.maximum((np.sqrt(np.arange(reach**2 + 1)) - slack) * self.cell_m, 0.0)
        return np.append(np.nextafter(exact.astype(np.float32), np.float32(0)), np.float32(np.inf))


def _squares(part: Mask, first: int, last: int, reach: int) -> NDArray[np.signedinteger[Any]]:
    """Square of the distance in cells, for the rows from ``first`` to ``last``; beyond ``reach`` any larger number.

    First along columns, then the least over the cells of a row: Saito and Toriwaki (1994), Pattern Recognition 27.
    """
    far = reach + 1
    kind = np.int16 if far**2 + reach**2 < 2**15 else np.int32
    down = np.minimum(_since(part[:last], far)[first:], _since(part[first:][::-1], far)[::-1][: last - first])
    columns = down.shape[1]
    padded = np.full((last - first, columns + 2 * reach), far**2, kind)
    padded[:, reach : reach + columns] = down.astype(kind) ** 2
    least = np.empty(down.shape, kind)
    for west in range(0, columns, TILE):  # what fits the processor's cache, and may be done soon
        east = min(west + TILE, columns)
        least[:, west:east] = _along_rows(padded[:, west : east + 2 * reach], reach)
    return least


def _along_rows(padded: NDArray[Any], reach: int) -> NDArray[Any]:
    """Least square over the cells of each row, from the squares along columns, padded by the reach on both sides."""
    columns = padded.shape[1] - 2 * reach
    least = padded[:, reach : reach + columns].copy()
    moved = np.empty_like(least)
    for step in range(1, reach + 1):
        if step % 4 == 1 and int(least.max()) <= step**2:
            break  # nothing so far away is nearer
        for shift in (reach - step, reach + step):
            np.add(padded[:, shift : shift + columns], least.dtype.type(step**2), out=moved)
            np.minimum(least, moved, out=least)
    return least


def _since(part: Mask, far: int) -> NDArray[np.int16]:
    """Rows since the last marked cell above, at most ``far``: one row from the other, each in one sweep."""
    rows = np.empty(part.shape, np.int16)
    open_ = (~part).view(np.int8)
    last = np.full(part.shape[1], far - 1, np.int16)
    for row in range(len(part)):
        here = rows[row]
        np.add(last, 1, out=here)
        np.minimum(here, far, out=here)
        np.multiply(here, open_[row], out=here)
        last = here
    return rows
