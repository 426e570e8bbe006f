"""The study file, checked and frozen: one folder, one ``study.yaml``, every number named with its unit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo

from gis_wufei.demand import DemandSpec, FactorId, layer_of
from gis_wufei.errors import Fault, InputError, unknown_name
from gis_wufei.land import CandidateSpec, RuleChange
from gis_wufei.layers import LayerSpec, roles
from gis_wufei.routing import RouteSpec
from gis_wufei.siting import SolveSpec
from gis_wufei.standards import Quantity, facilities, factors, roads, vehicles
from gis_wufei.text import Text
from gis_wufei.yamlfile import Path_, YamlData, read_yaml

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _vehicle(name: str, info: ValidationInfo) -> str:
    if name not in vehicles():
        raise unknown_name(name, vehicles())
    return name


def _kind(name: str, info: ValidationInfo) -> str:
    if name not in facilities():
        raise unknown_name(name, facilities())
    return name


def _role(layer: LayerSpec, info: ValidationInfo) -> LayerSpec:
    if layer.role not in roles():
        raise unknown_name(layer.role, roles())
    return layer


def _road_classes(speeds: dict[str, float], info: ValidationInfo) -> dict[str, float]:
    for name in speeds:
        if name not in roads():
            raise unknown_name(name, roads())
    return speeds


VehicleId = Annotated[str, AfterValidator(_vehicle)]
FacilityCode = Annotated[str, AfterValidator(_kind)]


class RoadsSpec(_Spec):
    """The road network and how a truck drives on it."""

    layer: Annotated[str, layer_of("roads")]
    speeds_kmh: Annotated[dict[str, Annotated[float, Field(gt=0)]], AfterValidator(_road_classes)] = Field(
        default_factory=dict, description="Speeds instead of the standard ones, by road class."
    )
    banned_classes: tuple[str, ...] = Field((), description="Road classes that trucks may not use.")
    access_speed_kmh: float = Field(10, gt=0, description="Speed between a place and its road.")
    max_snap_m: float = Field(2000, gt=0, description="A place farther from every road is off the network.")


class FacilitySpec(_Spec):
    """What is sited."""

    kind: FacilityCode = Field(description="Facility kind; it decides rules, sizes and costs.")
    sizes: tuple[str, ...] = Field((), description="Sizes offered; default: all of the kind.")
    existing: Annotated[str, layer_of("facilities")] | None = Field(
        None, description="Layer whose facilities of this kind stay in service."
    )
    candidates: CandidateSpec = Field(default_factory=CandidateSpec)
    rules: tuple[RuleChange, ...] = Field((), description="Changes to the standard rules, each with its reason.")


class SitingSpec(_Spec):
    """Limits and accuracy of the siting."""

    max_road_km: float = Field(gt=0, description="A place is served from no farther by road.")
    single_source: bool = Field(True, description="Each place is served from one site only.")
    min_open: int = Field(0, ge=0)
    max_open: int | None = Field(None, ge=1)
    solve: SolveSpec = Field(default_factory=SolveSpec)


class CollectionSpec(_Spec):
    """The rounds between places and their site."""

    vehicle: VehicleId
    cycle_days: int = Field(ge=1, le=366, description="Each place is emptied once in so many days.")
    workdays: int = Field(ge=1, le=366, description="Working days within a cycle.")
    cycles_per_year: float | None = Field(
        None, gt=0, le=366, description="Cycles a year; default 365 / cycle_days (a campaign: 1)."
    )
    stop_min: float = Field(gt=0, description="Minutes at a stop, whatever the load.")
    load_min_per_t: float = Field(0, ge=0, description="Minutes at a stop for each tonne loaded.")
    unload_min: float = Field(gt=0, description="Minutes to unload at the site.")
    shift_h: float = Field(8, gt=0, le=24)
    vehicle_days_per_year: float = Field(
        300, gt=0, le=366, description="Days over which a truck's fixed cost is spread."
    )
    solve: RouteSpec = Field(default_factory=RouteSpec)


class HaulSpec(_Spec):
    """The line-haul from a site to the facility where the stream ends."""

    layer: Annotated[str, layer_of("facilities")]
    kind: FacilityCode
    vehicle: VehicleId
    output_shares: tuple[FactorId, ...] = Field((), description="Shares of the intake that are hauled on.")
    load_min: float = Field(20, ge=0)
    unload_min: float = Field(20, ge=0)
    shift_h: float = Field(8, gt=0, le=24)
    vehicle_days_per_year: float = Field(300, gt=0, le=366)


class StreamSpec(_Spec):
    """One kind of waste on its walk: places, sites, rounds, haul."""

    label: Text
    note: Text | None = Field(None, description="A remark shown with the stream's results.")
    demand: DemandSpec
    facility: FacilitySpec
    siting: SitingSpec
    collection: CollectionSpec
    haul: HaulSpec | None = None


class ScenarioSpec(_Spec):
    """A named what-if: a set of overrides in the shape of the study itself."""

    label: Text
    set: dict[str, Any] = Field(description="Entries that replace or extend the study's.")


class StudySpec(_Spec):
    """Everything a ``study.yaml`` may say."""

    name: Slug
    title: Text
    notice: Text | None = Field(None, description="Shown on every map and table, e.g. that data is synthetic.")
    date: datetime.date = Field(description="The day whose law applies.")
    seed: int = Field(1, ge=0, le=2**31 - 1)
    crs: Annotated[str, Field(pattern=r"^(auto|EPSG:\d{4,6})$")] = "auto"
    cell_m: float = Field(100, ge=5, le=2000, description="Side of a cell of the exclusion masks.")
    layers: dict[Slug, Annotated[LayerSpec, AfterValidator(_role)]]
    roads: RoadsSpec
    factors: dict[str, Quantity] = Field(
        default_factory=dict, description="Numbers set by the user, each with unit, status and source."
    )
    streams: dict[Slug, StreamSpec] = Field(min_length=1)
    scenarios: dict[Slug, ScenarioSpec] = Field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """One county and its settings, in one scenario.

    ``spec`` is the study with the scenario's overrides in it; ``scenarios`` names all of them.
    """

    folder: Path
    spec: StudySpec
    scenario: str
    label: Text
    scenarios: tuple[str, ...]

    @classmethod
    def open(cls, path: str | Path, scenario: str = "base") -> Study:
        """Read a study folder (or its ``study.yaml``) and check it together with all its scenarios.

        Raises
        ------
        InputError
            Every fault of the file and of its scenarios, each with its line.
        """
        file = Path(path)
        file = file / "study.yaml" if file.is_dir() else file
        data = read_yaml(file)
        context = _context(data.value)
        spec, faults = _validated(data, data.value, (), context)
        checked: dict[str, StudySpec] = {}
        for name, entry in _scenarios(data.value):
            whole = merged(data.value, entry.get("set"))
            variant, more = _validated(data, whole, ("scenarios", name, "set"), _context(whole))
            faults.extend(fault for fault in more if fault not in faults)
            if variant is not None:
                checked[name] = variant
        if faults or spec is None:
            raise InputError(faults)
        names = ("base", *checked)
        if scenario not in names:
            near = get_close_matches(scenario, names, n=1)
            facts = {"name": scenario, "hint": near[0] if near else ", ".join(names)}
            raise InputError([Fault("E-STUDY-unknown_name", f"{file.name} scenarios", facts)])
        label = Text(zh="基准情景", en="Base") if scenario == "base" else spec.scenarios[scenario].label
        return cls(file.parent.resolve(), checked.get(scenario, spec), scenario, label, names)

    @property
    def numbers(self) -> Mapping[str, Quantity]:
        """Every factor by id: the standards', replaced by the study's own."""
        return {**factors(), **self.spec.factors}


def merged(base: Any, override: Any) -> Any:
    """``base`` with the entries of ``override``; mappings merge, everything else is replaced."""
    if isinstance(base, dict) and isinstance(override, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in override.items()}}
    return override


def study_schema() -> str:
    """JSON Schema of a study file, for editors."""
    return json.dumps(StudySpec.model_json_schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _scenarios(value: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    entries = value.get("scenarios")
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        if isinstance(entry, dict) and isinstance(entry.get("set"), dict):
            yield name, entry


def _context(value: Mapping[str, Any]) -> dict[str, Any]:
    """What the validators of names need to know of the rest of the file."""
    layers = value.get("layers")
    played = {
        name: str(entry.get("role", "")) if isinstance(entry, dict) else ""
        for name, entry in (layers.items() if isinstance(layers, dict) else ())
    }
    own = value.get("factors")
    return {"layers": played, "factors": tuple(own) if isinstance(own, dict) else ()}


def _validated(
    data: YamlData, value: Mapping[str, Any], prefix: Path_, context: dict[str, Any]
) -> tuple[StudySpec | None, list[Fault]]:
    """The spec, or the faults with the lines on which they stand (in a scenario's overrides first)."""
    try:
        # Through JSON, so that strict types still let lists be tuples and text be dates.
        return StudySpec.model_validate_json(json.dumps(value), strict=True, context=context), []
    except ValidationError as error:
        faults = []
        for item in error.errors(include_url=False):
            path, shown = _clean_path(item["loc"], value)
            own = (*prefix, *path)
            at = own if prefix and own in data.lines else path
            line = data.line_of(at)
            if prefix and at is path and path[-1:] and item["type"] == "missing":
                line = data.line_of(prefix)
            faults.append(_fault(f"{data.name}:{line}", shown, item, value, path))
        return None, faults


def _clean_path(loc: tuple[str | int, ...], value: Any) -> tuple[Path_, str]:
    """The path of keys in the file; pydantic's own steps (the tag of a union) are left out."""
    path: list[str | int] = []
    node = value
    for position, step in enumerate(loc):
        if isinstance(node, dict) and step not in node and position < len(loc) - 1:
            continue
        if isinstance(node, dict):
            path.append(step)
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int):
            path.append(step)
            node = node[step] if step < len(node) else None
        # A step below a plain value (a dict's "[key]" mark) has no place in the file.
    return tuple(path), ".".join(str(step) for step in path)


ERROR_CODES = {
    "missing": "missing",
    "extra_forbidden": "extra",
    "unknown_name": "unknown_name",
    "greater_than": "range",
    "greater_than_equal": "range",
    "less_than": "range",
    "less_than_equal": "range",
    "string_pattern_mismatch": "pattern",
    "literal_error": "choice",
    "union_tag_invalid": "choice",
    "union_tag_not_found": "missing",
}


def _fault(where: str, shown: str, item: Any, value: Any, path: Path_) -> Fault:
    kind, found = item["type"], item.get("input")
    context = item.get("ctx", {})
    facts: dict[str, object] = {"path": shown, "found": _short(found), "problem": item["msg"]}
    code = ERROR_CODES.get(kind, "type" if kind.endswith(("_type", "_parsing")) or "type" in kind else "other")
    if code == "unknown_name":
        facts |= {"name": context["name"], "hint": context["hint"]}
    elif code == "extra":
        known = [key for key in _known_keys(path) if key not in _at(value, path[:-1])]
        near = get_close_matches(str(path[-1]), known, n=1, cutoff=0.4) if path else []
        code = "extra_hint" if near else "extra"
        facts |= {"hint": near[0] if near else "-", "known": ", ".join(known) or "-"}
    elif code == "choice":
        expected = str(context.get("expected") or context.get("expected_tags") or "").replace("'", "")
        near = get_close_matches(str(context.get("tag", found)), expected.replace(" or ", ", ").split(", "), n=1)
        facts |= {"found": _short(context.get("tag", found)), "expected": expected, "hint": near[0] if near else "-"}
    elif kind == "union_tag_not_found":
        facts["path"] = f"{shown}.{str(context.get('discriminator', '')).strip(chr(39))}"
    return Fault(f"E-STUDY-{code}", where, facts)


def _short(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 60 else text[:57] + "..."


def _at(value: Any, path: Path_) -> Any:
    for step in path:
        inside = isinstance(value, dict) or (isinstance(value, list) and isinstance(step, int))
        value = value[step] if inside else {}
    return value if isinstance(value, dict) else {}


def _known_keys(path: Path_) -> list[str]:
    """The keys that the model allows beside the last key of a path, read from the JSON Schema."""
    schema = StudySpec.model_json_schema()
    nodes = [schema]
    for step in path[:-1]:
        nodes = [child for node in nodes for child in _below(schema, node, step)]
    keys = {key for node in nodes for variant in _variants(schema, node) for key in variant.get("properties", {})}
    return sorted(keys)


def _variants(schema: dict[str, Any], node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in node:
        yield from _variants(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[-1]])
        return
    parts = [*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())]
    if parts:
        for part in parts:
            yield from _variants(schema, part)
    else:
        yield node


def _below(schema: dict[str, Any], node: dict[str, Any], step: str | int) -> Iterator[dict[str, Any]]:
    for variant in _variants(schema, node):
        if isinstance(step, int):
            if isinstance(variant.get("items"), dict):
                yield variant["items"]
        elif step in variant.get("properties", {}):
            yield variant["properties"][step]
        elif isinstance(variant.get("additionalProperties"), dict):
            yield variant["additionalProperties"]
