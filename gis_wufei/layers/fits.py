"""Which coordinate systems would fit given numbers: told to people, never chosen for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from gis_wufei.crs import prefixed_zone, six_degree_zone, three_degree_zone
from gis_wufei.text import Text, text

Bounds = tuple[float, float, float, float]
"""Least x, least y, largest x, largest y."""

NORTHINGS = (1_800_000.0, 6_100_000.0)  # m, 16 to 55 degrees north: the mainland and the islands of China
EASTINGS = (100_000.0, 900_000.0)  # m, within 4.5 degrees of a meridian with a false easting of 500 km
MERCATOR = 20_037_509.0  # m, half the circumference: the edge of Web Mercator
MERIDIANS = range(75, 136, 3)


@dataclass(frozen=True)
class Fit:
    """One system that the numbers may be in, and whether x and y would have to be exchanged."""

    code: str
    swap: bool = False

    def line(self) -> str:
        """What to write in the study: ``crs: EPSG:4524 (…name…)``."""
        name = CRS.from_user_input(self.code).name
        return f"crs: {self.code} ({name})" + (" + swap_axes: true" if self.swap else "")


def bounds_of(boxes: NDArray[np.float64]) -> Bounds | None:
    """Bounds of rows' boxes, single wild rows left aside; ``None`` where no row has a place."""
    sound = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(sound):
        return None
    if len(sound) >= 20:  # one wild vertex would make every system impossible
        low, high = np.percentile(sound[:, :2], 2, axis=0), np.percentile(sound[:, 2:], 98, axis=0)
    else:
        low, high = sound[:, :2].min(axis=0), sound[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _within(low: float, high: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= low and high <= limits[1]


def prefix_of(easting: float) -> int:
    """Zone number before a Gauss-Krueger easting (38 of 38 512 345 m); 0 where it has none or is no easting."""
    prefix, rest = divmod(easting, 1_000_000)
    return int(prefix) if prefixed_zone(int(prefix)) and _within(rest, rest, EASTINGS) else 0


def prefixes_of(eastings: NDArray[np.float64]) -> NDArray[np.int64]:
    """``prefix_of`` of each of many eastings."""
    prefix, rest = np.divmod(np.where(np.isfinite(eastings), eastings, 0.0), 1_000_000)
    known = np.array([prefixed_zone(number) is not None for number in range(50)])
    there = (prefix >= 0) & (prefix < len(known))
    numbered = there & known[np.where(there, prefix, 0).astype(int)]
    return np.where(numbered & (rest >= EASTINGS[0]) & (rest <= EASTINGS[1]), prefix, 0).astype(np.int64)


def fits(bounds: Bounds | None) -> list[Fit]:
    """Systems in use in China, and those that the whole world uses, which could hold such numbers.

    An easting of six digits does not tell its meridian; ``open_zone`` says whether that is so.
    """
    if bounds is None:
        return []
    found = _fits(bounds)
    if found or open_zone(bounds):
        return found
    x0, y0, x1, y1 = bounds
    return [Fit(fit.code, swap=True) for fit in _fits((y0, x0, y1, x1)) if fit.code != "EPSG:3857"]


def _fits(bounds: Bounds) -> list[Fit]:
    x0, y0, x1, y1 = bounds
    if max(abs(x0), abs(x1)) <= 180 and max(abs(y0), abs(y1)) <= 90:
        return [Fit("EPSG:4490"), Fit("EPSG:4326")]
    found = []
    if _within(y0, y1, NORTHINGS):
        for easting in dict.fromkeys(map(prefix_of, (x0, x1))):
            if easting:
                found.append(Fit(f"EPSG:{prefixed_zone(easting)}"))
    # Web Mercator in China; elsewhere its numbers look like those of too many other systems.
    if y0 >= 2_000_000 and y1 <= 7_200_000 and 8_000_000 <= x0 <= x1 <= 15_200_000:
        found.append(Fit("EPSG:3857"))
    return found


def open_zone(bounds: Bounds | None) -> bool | None:
    """Whether these are eastings of six digits, which do not tell their meridian; ``None``: so, but exchanged."""
    if bounds is None:
        return False
    x0, y0, x1, y1 = bounds
    if _within(x0, x1, EASTINGS) and (_within(y0, y1, NORTHINGS) or 0 <= y0 <= y1 <= 10_000_000):
        return True
    if _within(y0, y1, EASTINGS) and _within(x0, x1, NORTHINGS):
        return None
    return False


def known(bounds: Bounds | None) -> bool:
    """Whether any system in use could hold such numbers; otherwise they are counted from a point of the surveyor's."""
    return bool(fits(bounds)) or open_zone(bounds) is not False


def told(bounds: Bounds | None) -> Text:
    """The systems that would fit as words for a sentence, each with the line to write."""
    lines = [fit.line() for fit in fits(bounds)]
    zone = open_zone(bounds)
    if zone is not False:
        swap = "" if zone else " + swap_axes: true"
        every = ", ".join(f"{three_degree_zone(lon)} ({lon}°E)" for lon in MERIDIANS)
        say = text("fits.open_zone")
        return Text(**{lang: say.in_lang(lang).format(zones=every, swap=swap) for lang in ("zh", "en")})
    if not lines:
        return text("fits.none")
    return Text(zh=" ／ ".join(lines), en=" / ".join(lines))


def possible(codes: Iterable[int] = ()) -> list[int]:
    """Every zone of CGCS2000 without zone number, three-degree ones first, for a search by place."""
    return [*codes, *map(three_degree_zone, MERIDIANS), *map(six_degree_zone, range(75, 136, 6))]
