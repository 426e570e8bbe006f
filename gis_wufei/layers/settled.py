"""What is decided on a layer's system: the frame, its faults and the remarks on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from gis_wufei.errors import Fault
from gis_wufei.layers.certificate import Remark


@dataclass
class Settled:
    """The frame with its system, and what was found on the way.

    ``frame.crs`` is ``None`` where the faults leave it open; rows that were found to be exchanged are put
    right in it, so that what is checked after tells its own faults only. ``datum`` names the online map's
    datum that was undone, else it is empty.
    """

    frame: gpd.GeoDataFrame
    faults: list[Fault] = field(default_factory=list)
    repaired: list[Remark] = field(default_factory=list)
    warned: list[Remark] = field(default_factory=list)
    datum: str = ""


def middle(box: NDArray[np.float64]) -> tuple[float, float]:
    """Middle of a row's box, for a sentence: degrees to the metre, metres to the decimetre."""
    x, y = float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2
    digits = 5 if max(abs(x), abs(y)) <= 1000 else 1
    return round(x, digits), round(y, digits)
