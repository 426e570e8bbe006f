"""The roads that a command works on: of a study, of a file of lines or of an OpenStreetMap extract."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_wufei.cli.answer import Teller
from gis_wufei.cli.check import file_spec, is_study
from gis_wufei.crs import WGS84, is_metric, length_error, metric_crs
from gis_wufei.errors import Fault, InputError, listed, nearest
from gis_wufei.layers import Certificate, Layer, Layers, LayerSpec, gather, open_layer
from gis_wufei.layers.gather import MOST_LENGTH_ERROR
from gis_wufei.layers.path import no_path, refused
from gis_wufei.layers.shapes import project
from gis_wufei.layers.tell import as_text
from gis_wufei.network import Network, RoadGraph, RoadProfile, RoadsSpec, closures, network_of, read_lines
from gis_wufei.network.trucks import truck_profile
from gis_wufei.plan.roads import road_profile
from gis_wufei.standards import trucks, vehicles
from gis_wufei.study import BASE, Study
from gis_wufei.text import Text, text

EXTRACTS = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")
STATES_ANOTHER = "E-LAYER-023"
Kind = Literal["study", "lines", "osm"]


@dataclass(frozen=True)
class Asked:
    """What is asked of the roads, as it was typed."""

    source: str
    scenario: str | None = None
    vehicle: str | None = None
    loaded: bool = True
    dangerous_goods: bool = False
    tolerance_m: float | None = None
    crossings: str | None = None
    """``keep`` or ``split``"""
    close: tuple[str, ...] = ()
    crs: str | None = None
    layer: str | None = None
    fields: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    dem: str | None = None


@dataclass(frozen=True)
class Roads:
    """The network that was asked for, and where it comes from."""

    kind: Kind
    title: Text
    network: Network
    vehicle: str | None
    inputs: tuple[Path, ...]
    """Files that no result ever replaces."""
    study: Study | None = None
    layer: Layer | None = None
    """None: an extract has no certificate."""
    slope_unknown: int | None = None
    """Edges without a height; None: no heights were asked for."""

    @property
    def paper(self) -> Certificate | None:
        """What was told on reading the lines."""
        return None if self.layer is None else self.layer.certificate


def open_roads(asked: Asked, teller: Teller) -> Roads:
    """Read the roads and make them the network of the vehicle that was asked for.

    Raises
    ------
    InputError
        Every fault of the source, or options that do not go with it.
    """
    if (why := no_path(asked.source, Path.cwd())) is not None:
        raise refused(asked.source, "SOURCE", why)
    kind = kind_of(asked.source)
    _refuse_options(asked, kind)
    _known_vehicle(asked)
    teller.step("roads", asked.source)
    study = layer = layers = None
    tolerance = asked.tolerance_m
    inputs = [Path(asked.source)]
    title = Text(zh=Path(asked.source).name, en=Path(asked.source).name)
    if kind == "osm":
        graph = _extract(asked)
    else:
        if kind == "study":
            study = Study.open(asked.source, asked.scenario or BASE)
            layers = _of_study(study)
            layer = layers[study.spec.roads.layer]
            tolerance = study.spec.roads.tolerance_m if tolerance is None else tolerance
            inputs += [
                study.folder / name for name in ("study.yaml", *(one.path for one in study.spec.layers.values()))
            ]
            title = study.spec.title
        else:
            layer = _of_file(asked)
        graph = read_lines(layer.by_row, tolerance, "split" if asked.crossings == "split" else "keep")
    teller.step("network", "")
    profile = profile_of(asked, study.spec.roads if study is not None else None)
    slope = None
    if asked.dem is not None:
        slope = _slope(asked.dem, graph)
        inputs.append(Path(asked.dem))
    closed = closed_rows(graph.roads, asked.close)[graph.row]
    if study is not None and layers is not None:
        spec = study.spec.roads
        frames = {name: one.frame for name, one in layers.by_name.items()}
        closed |= closures(graph, spec.closures, spec.month, frames).edges
    network = network_of(graph, profile, closed, slope)
    unknown = None if slope is None else slope.unknown
    return Roads(kind, title, network, asked.vehicle, tuple(inputs), study, layer, unknown)


def kind_of(source: str) -> Kind:
    """What a source is, by its name."""
    if is_study(source, None):
        return "study"
    return "osm" if source.lower().endswith(EXTRACTS) else "lines"


def profile_of(asked: Asked, spec: RoadsSpec | None) -> RoadProfile:
    """The vehicle on the road: the classes' speeds and, where one was named, what its kind brings along."""
    kind = None if asked.vehicle is None or asked.vehicle in trucks() else vehicles()[asked.vehicle]
    bare = road_profile(spec, kind)
    if asked.vehicle not in trucks():
        return bare
    more = {name: getattr(bare, name) for name in ("banned_classes", "access_speed_kmh", "max_snap_m")}
    return truck_profile(str(asked.vehicle), asked.loaded, asked.dangerous_goods, bare.speeds_kmh, **more)


def closed_rows(table: pd.DataFrame, told: Sequence[str]) -> NDArray[np.bool_]:
    """bool[R], rows out of use: each option is ``ROW,ROW`` or ``COLUMN=VALUE,VALUE``; any of them closes a row."""
    shut, faults = np.zeros(len(table), bool), []
    labels = table.index.map(str)
    for option in told:
        head, sign, rest = option.partition("=")
        wanted = [word.strip() for word in (rest if sign else head).split(",") if word.strip()]
        column = head.strip()
        if sign and column not in table:
            facts = {"column": column, "hint": nearest(column, map(str, table.columns)), "known": listed(table.columns)}
            faults.append(Fault("E-ROAD-004", "--close", facts))
            continue
        cells = table[column].astype(object).map(as_text) if sign else pd.Series(labels, table.index)
        absent = [word for word in wanted if not (cells == word).any()]
        if absent or not wanted:
            facts = {"what": listed(absent) if absent else option, "of": column if sign else "-"}
            faults.append(Fault("E-ROAD-003", "--close", facts))
        shut |= cells.isin(wanted).to_numpy(bool)
    if faults:
        raise InputError(faults)
    return shut


def _refuse_options(asked: Asked, kind: Kind) -> None:
    """An option that would be passed over in silence is a fault."""
    of_file = {"--layer": asked.layer, "--field": asked.fields, "--set": asked.settings}
    of_lines = {"--tolerance-m": asked.tolerance_m, "--crossings": asked.crossings}
    idle: dict[str, object] = {}
    if kind != "study":
        idle["--scenario"] = asked.scenario
    if kind != "lines":
        idle |= of_file
    if kind == "osm":
        idle |= of_lines
    if kind == "study":
        idle["--crs"] = asked.crs
    if asked.vehicle not in trucks():
        idle |= {"--empty": not asked.loaded, "--dangerous-goods": asked.dangerous_goods, "--dem": asked.dem}
    told = [option for option, value in idle.items() if value not in (None, (), False)]
    truck_only = [option for option in told if option in ("--empty", "--dangerous-goods", "--dem")]
    faults = [Fault("E-ROAD-010", option, {"known": listed(trucks())}) for option in truck_only]
    faults += [
        Fault("E-ROAD-001", option, {"source": text(KINDS[kind])}) for option in told if option not in truck_only
    ]
    if faults:
        raise InputError(faults)


KINDS = {"study": "road.of_study", "lines": "road.of_lines", "osm": "road.of_osm"}


def _known_vehicle(asked: Asked) -> None:
    known = [*trucks(), *vehicles()]
    if asked.vehicle is not None and asked.vehicle not in known:
        facts = {"name": asked.vehicle, "hint": nearest(asked.vehicle, known), "known": ", ".join(known)}
        raise InputError([Fault("E-ROAD-002", "--vehicle", facts)])


def _of_study(study: Study) -> Layers:
    """The roads as a run of the study reads them, in the system that its boundary decides on, and what closes them."""
    spec = study.spec
    wanted = {spec.roads.layer, *(rule.layer for rule in spec.roads.closures)}
    specs = {name: entry for name, entry in spec.layers.items() if name in wanted or entry.role == "boundary"}
    return gather(specs, study.folder, spec.crs)


def _of_file(asked: Asked) -> Layer:
    declared = system_of(asked.crs)
    spec, folder = file_spec(asked.source, "roads", asked.layer, asked.crs, asked.fields, asked.settings)
    layer = open_stating(spec, folder)
    if declared is not None and is_metric(declared):
        return project(layer, declared)
    own = layer.frame.crs
    bounds = layer.frame.to_crs(WGS84).total_bounds
    if is_metric(own) and length_error(own, *bounds) <= MOST_LENGTH_ERROR:
        return layer
    return project(layer, metric_crs(*bounds))


def open_stating(spec: LayerSpec, folder: Path) -> Layer:
    """A file whose own system holds where it states one, and else the one that was typed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a library's remark on a damaged file is not for the planner
        try:
            return open_layer(spec.role, spec, folder)
        except InputError as error:
            if spec.crs is None or not any(fault.code == STATES_ANOTHER for fault in error.faults):
                raise
        return open_layer(spec.role, spec.model_copy(update={"crs": None}), folder)


def system_of(crs: str | None) -> CRS | None:
    """The system of an option; words that the door for layers knows besides (GCJ-02) are none."""
    if crs is None:
        return None
    try:
        return CRS.from_user_input(crs)
    except CRSError:
        return None


def _extract(asked: Asked) -> RoadGraph:
    from gis_wufei.network.osm import read_osm

    path = Path(asked.source)
    if not path.is_file():
        raise InputError([Fault("E-LAYER-001", asked.source, {"path": asked.source, "hint": ""})])
    declared = system_of(asked.crs)
    if asked.crs is not None and (declared is None or not is_metric(declared)):
        raise InputError([Fault("E-ROAD-012", "--crs", {"crs": asked.crs})])
    return read_osm(path, declared)


def _slope(dem: str, graph: RoadGraph) -> Any:
    """Grades of the roads, from heights that came through the door."""
    from gis_wufei.network.slope import slope_of

    spec, folder = file_spec(dem, "dem", None, None, (), ())
    layer = open_layer(spec.role, spec, folder)
    return slope_of(graph, layer.certificate.path)
