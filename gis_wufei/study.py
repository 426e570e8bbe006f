"""The study file, checked and frozen: one folder, one ``study.yaml``, every number named with its unit."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_wufei.crs import is_metric
from gis_wufei.demand import DemandSpec, PartId, with_standard
from gis_wufei.errors import Fault, InputError, OneOf, closest, listed, unknown_name
from gis_wufei.faults import Complaint, Verdict, as_fault, merged, shown, validated
from gis_wufei.land import CandidateSpec, RuleChange
from gis_wufei.layers import LayerSpec, layer_of
from gis_wufei.layers.path import resolve
from gis_wufei.network import RoadsSpec
from gis_wufei.routing import RouteSpec
from gis_wufei.siting import SolveSpec
from gis_wufei.standards import Quantity, facilities, factors, rules, streams, vehicles
from gis_wufei.suitability import SuitabilitySpec
from gis_wufei.text import Text
from gis_wufei.yamlfile import FileRead, Path_, YamlData, read_yaml

BASE = "base"  # the study without a scenario

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
VehicleId = Annotated[str, OneOf(vehicles)]
FacilityCode = Annotated[str, OneOf(facilities)]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FacilitySpec(_Spec):
    """What is sited."""

    kind: FacilityCode = Field(description="Facility kind; it decides rules, sizes and costs.")
    sizes: tuple[str, ...] = Field((), description="Sizes offered; default: all of the kind.")
    existing: Annotated[str, layer_of("facilities")] | None = Field(
        None, description="Layer whose facilities of this kind stay in service."
    )
    candidates: CandidateSpec = Field(
        default_factory=CandidateSpec,
        description="How candidate sites are drawn from the eligible land.",
    )
    rules: tuple[RuleChange, ...] = Field((), description="Changes to the standard rules, each with its reason.")
    suitability: SuitabilitySpec | None = Field(None, description="How sites are compared; default: they are not.")

    @field_validator("sizes")
    @classmethod
    def _sizes_of_the_kind(cls, sizes: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        kind = facilities().get(info.data.get("kind", ""))
        known = [size.id for size in kind.sizes] if kind else list(sizes)
        for at, name in enumerate(sizes):
            if name not in known:
                raise unknown_name(name, known, at=at)
        return sizes

    @model_validator(mode="after")
    def _something_to_open(self) -> Self:
        if not facilities()[self.kind].sizes and self.existing is None:
            known = listed(name for name, kind in facilities().items() if kind.sizes)
            raise PydanticCustomError("no_sizes", "{kind} comes in no size", {"kind": self.kind, "known": known})
        return self

    @field_validator("rules")
    @classmethod
    def _rules_of_the_kind(cls, changes: tuple[RuleChange, ...], info: ValidationInfo) -> tuple[RuleChange, ...]:
        kind = info.data.get("kind")
        binding = [name for name, rule in rules().items() if kind in rule.kinds]
        for at, change in enumerate(changes):
            if kind and change.add is None and change.rule not in binding:
                facts = {"name": change.rule, "kind": kind, "known": listed(binding), "at": at}
                raise PydanticCustomError("rule_kind", "rule {name} does not bind the kind {kind}", facts)
        return changes


class SitingSpec(_Spec):
    """Limits and accuracy of the siting."""

    max_road_km: float = Field(gt=0, description="A place is served from no farther (km) by road.")
    single_source: bool = Field(True, description="Each place is served from one site only.")
    min_open: int = Field(0, ge=0, description="Least number of sites in service, existing ones included.")
    max_open: int | None = Field(
        None, ge=1, description="Largest number of sites in service, existing ones included; default: no limit."
    )
    solve: SolveSpec = Field(default_factory=SolveSpec, description="How hard the solver searches.")

    @field_validator("max_open")
    @classmethod
    def _not_below_the_least(cls, value: int | None, info: ValidationInfo) -> int | None:
        least = info.data.get("min_open")
        if value is not None and least is not None and value < least:
            raise PydanticCustomError("below", "less than {other} {limit}", {"other": "min_open", "limit": least})
        return value


class CollectionSpec(_Spec):
    """The rounds between places and their site."""

    vehicle: VehicleId = Field(description="Kind of truck that collects.")
    cycle_days: int = Field(ge=1, le=366, description="Each place is emptied once in so many days.")
    workdays: int = Field(ge=1, le=366, description="Working days within a cycle.")
    cycles_per_year: float | None = Field(
        None, gt=0, le=366, description="Cycles a year; default 365 / cycle_days (a campaign: 1)."
    )
    stop_min: float = Field(gt=0, description="Minutes at a stop, whatever the load.")
    load_min_per_t: float = Field(0, ge=0, description="Minutes at a stop for each tonne loaded.")
    unload_min: float = Field(gt=0, description="Minutes to unload at the site.")
    shift_h: float = Field(8, gt=0, le=24, description="Hours of a shift.")
    vehicle_days_per_year: float = Field(
        300, gt=0, le=366, description="Days a year over which a truck's fixed cost is spread."
    )
    solve: RouteSpec = Field(default_factory=RouteSpec, description="How hard the search for rounds is.")

    @field_validator("workdays")
    @classmethod
    def _within_the_cycle(cls, value: int, info: ValidationInfo) -> int:
        days = info.data.get("cycle_days")
        if days is not None and value > days:
            raise PydanticCustomError("above", "more than {other} {limit}", {"other": "cycle_days", "limit": days})
        return value


class HaulSpec(_Spec):
    """The line-haul from a site to the facility where the stream ends."""

    layer: Annotated[str, layer_of("facilities")] = Field(description="Layer of facilities that holds the receivers.")
    kind: FacilityCode = Field(description="Facility kind of the receivers.")
    vehicle: VehicleId = Field(description="Kind of truck that hauls.")
    output_shares: tuple[PartId, ...] = Field(
        (), description="Factors (shares of 1) of the intake that are hauled on; default: all of it."
    )
    load_min: float = Field(20, ge=0, description="Minutes to load a truck at the site.")
    unload_min: float = Field(20, ge=0, description="Minutes to unload at the receiver.")
    shift_h: float = Field(8, gt=0, le=24, description="Hours of a shift.")
    vehicle_days_per_year: float = Field(
        300, gt=0, le=366, description="Days a year over which a truck's fixed cost is spread."
    )


class StreamSpec(_Spec):
    """One kind of waste on its walk: places, sites, rounds, haul."""

    standard: Annotated[str, OneOf(streams)] | None = Field(
        None, description="Standard stream; what label and demand leave out, it says."
    )
    label: Text = Field(description="Name of the stream in both languages.")
    note: Text | None = Field(None, description="A remark shown with the stream's results.")
    demand: DemandSpec = Field(description="How much waste arises where: one formula.")
    facility: FacilitySpec = Field(description="What is sited.")
    siting: SitingSpec = Field(description="Limits and accuracy of the siting.")
    collection: CollectionSpec = Field(description="The rounds between places and their site.")
    haul: HaulSpec | None = Field(None, description="The line-haul to where the stream ends; default: none.")

    @model_validator(mode="before")
    @classmethod
    def _under_its_standard(cls, raw: Any, info: ValidationInfo) -> Any:
        return with_standard(raw, info)


class ScenarioSpec(_Spec):
    """A named what-if: a set of overrides in the shape of the study itself."""

    label: Text = Field(description="Name of the scenario in both languages.")
    set: dict[str, Any] = Field(
        description="Entries that replace or extend the study's; mappings merge, lists and values are replaced."
    )


class StudySpec(_Spec):
    """Everything a ``study.yaml`` may say."""

    name: Slug = Field(description="Short name; results are written to a folder of this name.")
    title: Text = Field(description="Title on pages and reports in both languages.")
    notice: Text | None = Field(None, description="Shown on every map and table, for instance that data is synthetic.")
    date: datetime.date = Field(description="The day whose law applies.")
    seed: int = Field(1, ge=0, le=2**31 - 1, description="Seed of every random choice.")
    crs: Annotated[str, Field(pattern=r"^(auto|EPSG:\d{4,6})$")] = Field(
        "auto", description="Projected system in metres (EPSG:…), or auto: derived from the boundary."
    )
    cell_m: float = Field(100, ge=5, le=2000, description="Side (m) of a cell of the exclusion masks.")
    layers: dict[Slug, LayerSpec] = Field(description="Layers by name; exactly one plays the role boundary.")
    townships: Annotated[str, layer_of("context")] | None = Field(
        None, description="Layer of townships (column name) that places are summed by; default: their own column."
    )
    roads: RoadsSpec = Field(description="The road network and how a truck drives on it.")
    factors: dict[str, Quantity] = Field(
        default_factory=dict, description="Numbers set by the user, each with unit, status and source."
    )
    streams: dict[Slug, StreamSpec] = Field(min_length=1, description="Waste streams by name.")
    scenarios: dict[Slug, ScenarioSpec] = Field(
        default_factory=dict, description="What-ifs by name; all are checked before any work."
    )

    @field_validator("crs")
    @classmethod
    def _metric(cls, value: str) -> str:
        try:
            metric = value == "auto" or is_metric(CRS.from_user_input(value))
        except CRSError:
            metric = False
        if not metric:
            raise PydanticCustomError("crs", "not a projected system in metres")
        return value

    @field_validator("layers")
    @classmethod
    def _one_boundary(cls, layers: dict[str, LayerSpec]) -> dict[str, LayerSpec]:
        count = sum(layer.role == "boundary" for layer in layers.values())
        if count != 1:
            raise PydanticCustomError("boundary", "exactly one boundary layer, found {count}", {"count": count})
        return layers

    @field_validator("factors")
    @classmethod
    def _same_unit(cls, own: dict[str, Quantity]) -> dict[str, Quantity]:
        for name, quantity in own.items():
            if name in factors() and quantity.unit != factors()[name].unit:
                facts = {"name": name, "found": quantity.unit, "unit": factors()[name].unit, "at": name}
                raise PydanticCustomError("unit", "{name} is in {found}, not in {unit}", facts)
        return own

    @field_validator("scenarios")
    @classmethod
    def _base_is_kept(cls, scenarios: dict[str, ScenarioSpec]) -> dict[str, ScenarioSpec]:
        if BASE in scenarios:
            raise PydanticCustomError("reserved", "the name {name} is reserved", {"name": BASE, "at": BASE})
        return scenarios


@dataclass(frozen=True)
class Study:
    """One county and its settings, in one scenario.

    ``spec`` is the study with the scenario's overrides in it; ``scenarios`` names all of them; ``source`` is
    the file as it was read.
    """

    folder: Path
    spec: StudySpec
    scenario: str
    label: Text
    scenarios: tuple[str, ...]
    source: FileRead

    @classmethod
    def open(cls, path: str | Path, scenario: str = BASE) -> Study:
        """Read a study folder (or its ``study.yaml``) and check it together with all its scenarios.

        A layer's path must be allowed; whether the file exists is told here only beside other
        faults, and by ``gather`` otherwise, so that a study can be read without its data.

        Raises
        ------
        InputError
            Every fault of the file and of its scenarios, each with its line, in the order of lines.
        """
        file = Path(path)
        file = file / "study.yaml" if file.is_dir() else file
        faults: list[Fault] = []
        data = read_yaml(file, faults)
        base = validated(StudySpec, data.value, _context)
        faults.extend(_located(data, base.complaints))
        checked: dict[str, StudySpec] = {}
        for name, override in _overrides(base.mended):
            prefix = ("scenarios", name, "set")
            variant, complaints = _variant(base, override)
            faults.extend(_located(data, complaints, prefix, base))
            if variant is not None:
                checked[name] = variant
        missing = list(_path_faults(data, base, file.parent))
        if faults or any(fault.code != "E-LAYER-001" for fault in missing):
            raise InputError(sorted((*faults, *missing), key=_line))
        spec = cast(StudySpec, base.spec)
        names = (BASE, *checked)
        if scenario not in names:
            hint = closest(scenario, names)
            facts = {"path": "scenarios", "name": scenario, "hint": hint, "known": ", ".join(names)}
            raise InputError([Fault(f"E-STUDY-unknown_{'name' if hint else 'list'}", file.name, facts)])
        label = Text(zh="基准情景", en="Base") if scenario == BASE else spec.scenarios[scenario].label
        return cls(file.parent.resolve(), checked.get(scenario, spec), scenario, label, names, data.source)

    @property
    def numbers(self) -> Mapping[str, Quantity]:
        """Every factor by id: the standards', replaced by the study's own."""
        return {**factors(), **self.spec.factors}


def study_schema() -> str:
    """JSON Schema of a study file, for editors."""
    return json.dumps(StudySpec.model_json_schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _overrides(value: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    entries = value.get("scenarios")
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        if isinstance(entry, dict) and isinstance(entry.get("set"), dict):
            yield name, entry["set"]


def _context(value: Mapping[str, Any]) -> dict[str, Any]:
    """What the validators of names need to know of the rest of the file."""
    layers, own = value.get("layers"), value.get("factors")
    return {
        "layers": {
            name: str(entry.get("role", "")) if isinstance(entry, dict) else ""
            for name, entry in (layers.items() if isinstance(layers, dict) else ())
        },
        "factors": {
            name: entry if isinstance(entry, dict) else {}
            for name, entry in (own.items() if isinstance(own, dict) else ())
        },
    }


NAMED = ("layers", "streams", "factors")  # sections of the study whose keys a scenario may add to


def _variant(base: Verdict[StudySpec], override: dict[str, Any]) -> tuple[StudySpec | None, list[Complaint]]:
    """The study in a scenario, or what only the scenario gets wrong; paths are those of the overrides."""
    complaints: list[Complaint] = []
    if "scenarios" in override:
        complaints.append(Complaint("nested", ("scenarios",), {}))
        override = {key: value for key, value in override.items() if key != "scenarios"}
    known = {(item.code, item.path) for item in validated(StudySpec, base.mended, _context).complaints}
    renamed: dict[Path_, Path_] = {}
    verdict = validated(StudySpec, merged(base.mended, override), _context, override)
    for item in verdict.complaints:
        # A new entry that lacks what is required, named almost like one of the study: a slip.
        section, name = (*item.path, "", "")[:2]
        of_study = base.mended.get(str(section))
        if item.code != "missing" or section not in NAMED or not isinstance(of_study, dict) or name in of_study:
            continue
        hint = closest(str(name), of_study)
        if hint is not None and (section, hint) not in renamed and name in override.get(str(section), {}):
            complaints.append(Complaint("new_name", (section, name), {"hint": hint}))
            entries = {hint if key == name else key: entry for key, entry in override[str(section)].items()}
            override = {**override, str(section): entries}
            renamed[section, hint] = (section, name)
    if renamed:
        verdict = validated(StudySpec, merged(base.mended, override), _context, override)
    for item in verdict.complaints:
        if (item.code, item.path) not in known:
            path = (*renamed.get(item.path[:2], item.path[:2]), *item.path[2:])
            complaints.append(Complaint(item.code, path, item.facts))
    return (None if complaints else verdict.spec), complaints


def _located(
    data: YamlData, complaints: Iterable[Complaint], prefix: Path_ = (), base: Verdict[StudySpec] | None = None
) -> Iterator[Fault]:
    """Complaints as faults; one that a scenario causes elsewhere stands at the scenario."""
    for item in complaints:
        path = base.written((*prefix, *item.path)) if base else item.path
        name = shown(path)
        if base and base.written((*prefix, *item.path[:1])) not in data.lines:
            name = f"{shown(base.written(prefix))} → {shown(item.path)}"
        yield as_fault(item, f"{data.name}:{data.line_of(path)}", name)


def _path_faults(data: YamlData, base: Verdict[StudySpec], folder: Path) -> Iterator[Fault]:
    """Layers, in the study and its scenarios, whose path is not allowed or whose file does not exist."""
    places: list[tuple[Path_, Any]] = [((), base.mended)]
    places += [(("scenarios", name, "set"), override) for name, override in _overrides(base.mended)]
    for prefix, value in places:
        layers = value.get("layers")
        for name, entry in layers.items() if isinstance(layers, dict) else ():
            if isinstance(entry, dict) and isinstance(entry.get("path"), str) and entry["path"]:
                known = base.mended.get("layers") if prefix else None
                outside = {**(known.get(name) or {}), **entry} if isinstance(known, dict) else entry
                allowed = outside.get("allow_outside") is True
                spec = LayerSpec.model_construct(path=entry["path"], role="", allow_outside=allowed)
                try:
                    resolve(name, spec, folder)
                except InputError as error:
                    line = data.line_of(base.written((*prefix, "layers", name, "path")))
                    yield from (Fault(fault.code, f"{data.name}:{line}", fault.facts) for fault in error.faults)


def _line(fault: Fault) -> int:
    line = fault.where.rpartition(":")[2]
    return int(line) if line.isdecimal() else 0
