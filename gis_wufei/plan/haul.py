"""The line-haul: from each site to the facility where the stream ends, there full and back empty."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_wufei.errors import Fault, InputError, listed
from gis_wufei.network import ODMatrix, Trips, paths
from gis_wufei.plan.cost import TruckCost
from gis_wufei.study import HaulSpec

Floats = NDArray[np.float64]

COLUMNS = [
    "site_id",
    "destination_id",
    "destination",
    "t_per_year",
    "road_km",
    "minutes",
    "trips_per_year",
    "km_per_year",
]
COLUMNS += ["hours_per_year", "yuan_per_year"]


@dataclass(frozen=True)
class Haul:
    """The cheapest way on from every site.

    ``yuan_per_t`` is float[m], yuan for what a tonne of intake leaves at the site; inf = no way.
    ``destination`` is int[m], row of the cheapest receiver; -1 = none.
    """

    yuan_per_t: Floats
    destination: NDArray[np.int64]
    output_share: float

    @classmethod
    def none(cls, sites: int) -> Haul:
        """A stream that ends at its sites."""
        return cls(np.zeros(sites), np.full(sites, -1, dtype=np.int64), 0.0)


def receivers(spec: HaulSpec, facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The facilities that may receive the haul, by their id.

    Raises
    ------
    InputError
        When the layer has none of the kind.
    """
    chosen = facilities[facilities["kind"] == spec.kind]
    if chosen.empty:
        facts = {"layer": spec.layer, "kind": spec.kind, "have": listed(facilities["kind"].unique())}
        raise InputError([Fault("E-STUDY-haul", f"layers.{spec.layer}", facts)])
    return chosen.set_index("facility_id").sort_index()


def cheapest(spec: HaulSpec, there: ODMatrix, back: ODMatrix, truck: TruckCost, output_share: float) -> Haul:
    """The receiver that costs each site least, full truckloads there and back.

    Parameters
    ----------
    there, back
        Sites to receivers and receivers to sites.
    output_share
        Tonnes hauled on per tonne of intake.
    """
    km = (there.distance_m + back.distance_m.T) / 1000
    hours = (there.duration_s + back.duration_s.T) / 3600 + (spec.load_min + spec.unload_min) / 60
    price = truck.yuan_per_t(km, hours) * output_share
    rows = np.arange(len(price))
    best = price.argmin(axis=1)
    least = price[rows, best]
    return Haul(least, np.where(np.isfinite(least), best, -1), output_share)


def haul_table(
    spec: HaulSpec | None,
    haul: Haul,
    opened: gpd.GeoDataFrame,
    at: NDArray[np.int64],
    to: gpd.GeoDataFrame | None,
    trips: Trips,
    first_receiver: int,
    truck: TruckCost | None,
) -> gpd.GeoDataFrame:
    """One row per opened site with what it hauls on, drawn on the road.

    Parameters
    ----------
    opened
        Sites in service, with ``t_per_year`` of intake.
    at
        int[len(opened)], their positions among all sites, which is also their place in ``haul``.
    first_receiver
        Point of the first receiver in ``trips``; sites stand right before the receivers.
    """
    if spec is None or to is None or truck is None or opened.empty:
        return gpd.GeoDataFrame(pd.DataFrame(columns=COLUMNS), geometry=[], crs=opened.crs)
    first_site = first_receiver - len(haul.destination)
    rows, shapes = [], []
    for site_id, position, intake in zip(opened.index, at.tolist(), opened["t_per_year"], strict=True):
        target = int(haul.destination[position])
        out, home = paths(
            trips,
            [(first_site + position, first_receiver + target), (first_receiver + target, first_site + position)],
        )
        if out is None or home is None:  # the siting opens no site without a way on
            raise AssertionError(f"{site_id} was opened without a way to its receiver")
        tonnes = float(intake) * haul.output_share
        loads = float(np.ceil(round(tonnes / truck.payload_t, 6)))
        km = (out.distance_m + home.distance_m) / 1000
        hours = (out.duration_s + home.duration_s) / 3600 + (spec.load_min + spec.unload_min) / 60
        yuan = loads * (km * truck.yuan_per_km + hours * truck.yuan_per_h)
        name = str(to["name"].iloc[target])
        minutes = out.duration_s / 60
        rows.append(
            (
                site_id,
                to.index[target],
                name,
                tonnes,
                out.distance_m / 1000,
                minutes,
                loads,
                loads * km,
                loads * hours,
                yuan,
            )
        )
        shapes.append(shapely.linestrings(out.xy))
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=COLUMNS), geometry=shapes, crs=opened.crs)
