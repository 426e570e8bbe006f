"""What sites, rounds and hauls cost in a year (yuan), from the standards' factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis_wufei.standards import FacilityKind, Vehicle

Floats = NDArray[np.float64]


def capital_recovery(rate: float, years: float) -> float:
    """Share of an investment to be paid each year: r (1+r)^n / ((1+r)^n - 1); 1/n without interest.

    Source: standard engineering economics (capital recovery factor), e.g. Park, Contemporary
    Engineering Economics, ch. 3.
    """
    if rate == 0:
        return 1 / years
    growth = (1 + rate) ** years
    return float(rate * growth / (growth - 1))


@dataclass(frozen=True)
class TruckCost:
    """Cost of one kind of truck at work."""

    yuan_per_km: float
    yuan_per_day: float  # crew, depreciation and insurance of one shift
    shift_h: float
    payload_t: float

    @property
    def yuan_per_h(self) -> float:
        """A shift's fixed cost spread over its hours."""
        return self.yuan_per_day / self.shift_h

    def yuan_per_t(self, round_km: Floats, hours: Floats) -> Floats:
        """Full truckloads there and back: driving and time of one trip over its payload."""
        return np.asarray((round_km * self.yuan_per_km + hours * self.yuan_per_h) / self.payload_t)


def truck_cost(vehicle: Vehicle, shift_h: float, days_per_year: float) -> TruckCost:
    """A vehicle's costs by kilometre and shift."""
    return TruckCost(
        yuan_per_km=vehicle.variable_yuan_per_km,
        yuan_per_day=vehicle.fixed_yuan_per_year / days_per_year,
        shift_h=shift_h,
        payload_t=vehicle.payload_t,
    )


@dataclass(frozen=True)
class SizeLadder:
    """The sizes offered: capacity in the kind's unit, yuan a year to open new and to keep running."""

    ids: tuple[str, ...]
    capacity: Floats
    open_yuan: Floats
    running_yuan: Floats
    land_m2: Floats


def size_ladder(kind: FacilityKind, sizes: tuple[str, ...], rate: float) -> SizeLadder:
    """Yearly cost of each size: capital recovery plus operation as a share of the investment."""
    chosen = [size for size in kind.sizes if not sizes or size.id in sizes]
    capex = np.array([size.capex_yuan.value for size in chosen])
    running = capex * kind.opex_share.value
    return SizeLadder(
        ids=tuple(size.id for size in chosen),
        capacity=np.array([getattr(size, kind.capacity_column) for size in chosen], float),
        open_yuan=capex * capital_recovery(rate, kind.life_years) + running,
        running_yuan=running,
        land_m2=np.array([size.land_m2 for size in chosen], float),
    )
