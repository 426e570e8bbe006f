"""The walk: a study's land is read once, then every stream goes from its places to where it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_wufei.demand import Demand, estimate
from gis_wufei.errors import CheckFailedError, Fault, InputError, nearest
from gis_wufei.land import Eligibility, Masks, assess, binding_rules, candidate_sites, existing_sites, make_grid
from gis_wufei.layers import Layers, gather
from gis_wufei.network import (
    Closures,
    Network,
    NetworkReport,
    RoadGraph,
    Trips,
    closures,
    network_of,
    od_matrix,
    prepare,
    read_lines,
    snap,
)
from gis_wufei.plan import account
from gis_wufei.plan.collection import collect
from gis_wufei.plan.comparison import compared, judgement_warnings, reach_of
from gis_wufei.plan.cost import TruckCost, size_ladder, truck_cost
from gis_wufei.plan.haul import Haul, cheapest, haul_table, receivers
from gis_wufei.plan.model import Plan, StreamPlan, Warn
from gis_wufei.plan.numbers import numbers
from gis_wufei.plan.roads import road_profile
from gis_wufei.plan.siting import Reach, assignment_table, explain, site_table, siting_problem, unserved_table
from gis_wufei.siting import check, solve_siting
from gis_wufei.standards import Vehicle, facilities, vehicles
from gis_wufei.study import StreamSpec, Study

Ints = NDArray[np.int64]

LEAST_PART = 0.01
"""A piece of road network with less than this share of all length is a stray: nothing is joined to it."""


class Step(Protocol):
    """Told how far the walk has come: key of the step, what it works on, done and total (0 = unknown)."""

    def __call__(self, step: str, what: str, done: int = 0, total: int = 0) -> None:
        """Take the news."""


def silent(step: str, what: str, done: int = 0, total: int = 0) -> None:
    """Nobody listens."""


def make_plan(study: Study, streams: Sequence[str] | None = None, seed: int | None = None, step: Step = silent) -> Plan:
    """Plan every stream of a study: places, eligible land, sites with a proven bound, rounds on the road.

    Parameters
    ----------
    study
        The study in its scenario.
    streams
        Ids of the streams to plan; default: all.
    seed
        Instead of the study's.
    step
        Called as the walk goes on.

    Raises
    ------
    InputError
        Every fault of the layers, or a stream that the study does not have.
    CheckFailedError
        When a solver's result does not pass the independent check: a fault of the program.
    """
    chosen = _chosen(study, streams)
    walk = _read(study, seed, step)
    plans = {name: _stream(walk, name, ground) for name, ground in _grounds(walk, chosen).items()}
    network = walk.network(None).report()
    return Plan(
        study=study,
        seed=walk.seed,
        layers=walk.layers,
        grid=walk.masks.grid,
        network=network,
        streams=plans,
        numbers=numbers(study, walk.layers, plans),
        warnings=account.study_warnings(study, walk.layers, network, walk.graph, walk.closures),
        seconds=walk.seconds,
    )


def read_study(study: Study, streams: Sequence[str] | None = None, step: Step = silent) -> Reading:
    """Read and check everything a plan would use, and solve nothing.

    Raises
    ------
    InputError
        Every fault of the layers, the roads, the places and the facilities.
    """
    chosen = _chosen(study, streams)
    walk = _read(study, None, step)
    network = walk.network(None).report()
    grounds = _grounds(walk, chosen)
    specs = study.spec.streams
    few = [
        warn for name, on in grounds.items() for warn in account.site_warnings(specs[name], on.eligibility, on.sites)
    ]
    return Reading(
        study=study,
        layers=walk.layers,
        network=network,
        grounds=grounds,
        warnings=(
            *account.study_warnings(study, walk.layers, network, walk.graph, walk.closures),
            *few,
        ),
    )


@dataclass(frozen=True)
class Ground:
    """One stream before anything is solved: places, eligible land, sites, receivers, and their roads.

    Points of ``trips`` are the places, then the sites, then the receivers.
    """

    demand: Demand
    eligibility: Eligibility
    sites: gpd.GeoDataFrame
    to: gpd.GeoDataFrame | None
    trips: Trips  # as the collection truck drives
    haul_trips: Trips  # as the haul truck drives

    @property
    def place_points(self) -> Ints:
        """int[n], points of the places."""
        return np.arange(len(self.demand.places))

    @property
    def site_points(self) -> Ints:
        """int[m], points of the sites."""
        return len(self.demand.places) + np.arange(len(self.sites))

    @property
    def receiver_points(self) -> Ints:
        """int[r], points of the receivers."""
        return len(self.demand.places) + len(self.sites) + np.arange(0 if self.to is None else len(self.to))


@dataclass(frozen=True)
class Reading:
    """What ``read_study`` found."""

    study: Study
    layers: Layers
    network: NetworkReport
    grounds: dict[str, Ground]
    warnings: tuple[Warn, ...]


@dataclass
class _Walk:
    """What all streams share while a plan is made."""

    study: Study
    layers: Layers
    masks: Masks
    seed: int
    step: Step
    seconds: dict[str, float] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str, what: str) -> Iterator[None]:
        """Announce a step and keep its time."""
        self.step(step, what)
        began = time.perf_counter()
        yield
        name = f"{what}.{step}" if what else step
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began

    @cached_property
    def graph(self) -> RoadGraph:
        """The roads, for all vehicles."""
        spec = self.study.spec.roads
        return read_lines(self.layers[spec.layer].by_row, spec.tolerance_m)

    @cached_property
    def closures(self) -> Closures:
        """The roads out of use."""
        spec = self.study.spec.roads
        frames = {name: layer.frame for name, layer in self.layers.by_name.items()}
        return closures(self.graph, spec.closures, spec.month, frames)

    def network(self, vehicle: Vehicle | None) -> Network:
        """The roads as a vehicle drives them; ``None`` = one without a limit of its own."""
        profile = road_profile(self.study.spec.roads, vehicle)
        key = profile.model_dump_json()
        if key not in self.networks:
            with self.timed("network", ""):
                self.networks[key] = network_of(self.graph, profile, self.closures.edges)
        return self.networks[key]


def _chosen(study: Study, streams: Sequence[str] | None) -> tuple[str, ...]:
    known = tuple(study.spec.streams)
    strangers = [name for name in streams or () if name not in known]
    if strangers:
        facts = {"known": ", ".join(known)}
        told = ({"name": name, "hint": nearest(name, known), **facts} for name in strangers)
        raise InputError([Fault("E-STUDY-stream", "streams", entry) for entry in told])
    return tuple(name for name in known if streams is None or name in streams)


def _read(study: Study, seed: int | None, step: Step) -> _Walk:
    spec = study.spec
    bound = [
        rule
        for stream in spec.streams.values()  # also of streams left out: the grid stays the same
        for rule in binding_rules(stream.facility.kind, stream.facility.rules)
    ]
    reach_m = max((rule.distance_m for rule in bound if not rule.dropped), default=0.0)
    far_m = max(reach_m, reach_of(spec))
    step("layers", "")
    began = time.perf_counter()
    count = len(spec.layers)
    done = iter(range(count + 1))
    layers = gather(spec.layers, study.folder, spec.crs, far_m, lambda name: step("layers", name, next(done), count))
    read_s = time.perf_counter() - began
    grid = make_grid(layers.area, spec.cell_m, reach_m)
    walk = _Walk(study, layers, Masks(grid, layers), spec.seed if seed is None else seed, step)
    walk.seconds["layers"] = read_s
    return walk


def _grounds(walk: _Walk, chosen: Sequence[str]) -> dict[str, Ground]:
    """The ground of every stream; the faults of all are told together, before anything is solved."""
    grounds: dict[str, Ground] = {}
    faults: list[Fault] = []
    for name in chosen:
        try:
            grounds[name] = _ground(walk, name, walk.study.spec.streams[name])
        except InputError as error:
            faults += [fault for fault in error.faults if fault not in faults]
    if faults:
        raise InputError(faults)
    return grounds


def _stream(walk: _Walk, name: str, ground: Ground) -> StreamPlan:
    spec = walk.study.spec.streams[name]
    kind = facilities()[spec.facility.kind]
    interest = walk.study.numbers["discount_rate_per_year"].value
    ladder = size_ladder(kind, spec.facility.sizes, interest)
    rounds, hauls = _trucks(spec)

    with walk.timed("matrix", name):
        there = od_matrix(ground.trips, ground.place_points, ground.site_points)
        back = od_matrix(ground.trips, ground.site_points, ground.place_points)
        haul = _haul(walk, spec, ground, hauls)
        reach = Reach(there, back, haul.yuan_per_t)

    with walk.timed("siting", name):
        sites = _reached(ground.sites, reach)
        problem = siting_problem(ground.demand, sites, reach, kind, ladder, rounds, spec.collection, spec.siting)
        result = solve_siting(problem, spec.siting.solve.model_copy(update={"seed": walk.seed}))
        faults = check(problem, result)
        if faults:
            raise CheckFailedError(f"siting of {name}", faults)
        sites = site_table(sites, ladder, problem, result)
        assignments = assignment_table(ground.demand, ground.sites, reach, result)
        sites = sites.assign(
            t_per_year=assignments.groupby("site_id")["t_per_year"].sum().reindex(sites.index, fill_value=0.0)
        )
        unserved = unserved_table(ground.demand, reach, result, spec.siting.max_road_km)

    with walk.timed("routes", name):
        collection = collect(
            ground.demand,
            sites,
            assignments,
            ground.trips,
            spec.collection,
            rounds,
            walk.seed,
            lambda done, total: walk.step("routes", name, done, total),
        )

    with walk.timed("haul", name):
        opened = sites[sites["opened"]]
        # What trucks could not fetch does not travel on.
        lost = collection.unserved.groupby("detail")["t_per_year"].sum().reindex(opened.index, fill_value=0.0)
        onward = opened.assign(t_per_year=opened["t_per_year"] - lost)
        at = np.flatnonzero(sites["opened"].to_numpy())
        receivers_from = len(ground.demand.places) + len(sites)
        lines = haul_table(spec.haul, haul, onward, at, ground.to, ground.haul_trips, receivers_from, hauls)

    missed = pd.concat([unserved, collection.unserved], ignore_index=True)
    plan = StreamPlan(
        id=name,
        spec=spec,
        demand=ground.demand,
        eligibility=ground.eligibility,
        sites=sites,
        siting=result,
        assignments=assignments,
        collection=collection,
        haul=lines,
        unserved=missed,
        figures={},
        warnings=account.stream_warnings(
            spec, walk.layers.area, ground.demand, ground.eligibility, sites, collection, lines, ground.to
        )
        + judgement_warnings(spec, walk.study),
        explanation=explain(problem, result, ground.demand, kind),
    )
    return replace(plan, figures=account.figures(plan))


def _ground(walk: _Walk, name: str, spec: StreamSpec) -> Ground:
    study, layers, kind = walk.study, walk.layers, facilities()[spec.facility.kind]
    with walk.timed("demand", name):
        demand = estimate(spec.demand, layers, study.numbers)
    with walk.timed("masks", name):
        bound = binding_rules(spec.facility.kind, spec.facility.rules)
        eligibility = assess(spec.facility.kind, bound, walk.masks, study.spec.date)
    vehicle = vehicles()[spec.collection.vehicle]
    with walk.timed("sites", name):
        road_frame = layers[study.spec.roads.layer].frame
        open_roads = road_frame[~road_frame["class"].isin(_closed_classes(walk, vehicle))]
        sites = candidate_sites(eligibility, open_roads, spec.facility.candidates, kind)
        if spec.facility.existing is not None:
            layer = layers[spec.facility.existing]
            standing = existing_sites(eligibility, layer.frame, layer.certificate.path.name, kind)
            while set(standing.index) & set(sites.index):  # a facility may be called as we call a candidate
                sites = sites.rename(index="new-{}".format)
                sites["name"] = sites.index
            sites = gpd.GeoDataFrame(pd.concat([standing, sites]), crs=sites.crs)
        sites = compared(spec.facility.suitability, sites, layers, demand, study)
    to = None if spec.haul is None else receivers(spec.haul, layers[spec.haul.layer].frame)
    frames = [demand.places.geometry, sites.geometry, *([] if to is None else [to.geometry])]
    xy = shapely.get_coordinates(np.concatenate([frame.to_numpy() for frame in frames]))
    trips = _prepared(walk, vehicle, xy)
    haul_vehicle = vehicle if spec.haul is None else vehicles()[spec.haul.vehicle]
    same = road_profile(study.spec.roads, haul_vehicle) == road_profile(study.spec.roads, vehicle)
    return Ground(demand, eligibility, sites, to, trips, trips if same else _prepared(walk, haul_vehicle, xy))


def _closed_classes(walk: _Walk, vehicle: Vehicle) -> tuple[str, ...]:
    profile = road_profile(walk.study.spec.roads, vehicle)
    return (*profile.banned_classes, *profile.no_access_classes)


def _prepared(walk: _Walk, vehicle: Vehicle, xy: NDArray[np.float64]) -> Trips:
    network = walk.network(vehicle)
    return prepare(network, snap(network, xy, least_share=LEAST_PART))


def _trucks(spec: StreamSpec) -> tuple[TruckCost, TruckCost | None]:
    collection, haul = spec.collection, spec.haul
    rounds = truck_cost(vehicles()[collection.vehicle], collection.shift_h, collection.vehicle_days_per_year)
    if haul is None:
        return rounds, None
    return rounds, truck_cost(vehicles()[haul.vehicle], haul.shift_h, haul.vehicle_days_per_year)


def _haul(walk: _Walk, spec: StreamSpec, ground: Ground, truck: TruckCost | None) -> Haul:
    if spec.haul is None or truck is None:
        return Haul.none(len(ground.sites))
    there = od_matrix(ground.haul_trips, ground.site_points, ground.receiver_points)
    back = od_matrix(ground.haul_trips, ground.receiver_points, ground.site_points)
    share = float(np.prod([walk.study.numbers[factor].value for factor in spec.haul.output_shares]))
    return cheapest(spec.haul, there, back, truck, share)


def _reached(sites: gpd.GeoDataFrame, reach: Reach) -> gpd.GeoDataFrame:
    """Sites with why they may not be used: no road to any place, or no way on to a receiver."""
    served = np.isfinite(reach.round_km).any(axis=0)
    onward = np.isfinite(reach.haul_yuan_per_t)
    return sites.assign(left_out=np.where(~served, "site.no_road", np.where(~onward, "site.no_way_on", "")))
