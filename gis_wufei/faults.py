"""A model's complaints about a YAML file as faults: each with its line, a hint and words in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from gis_wufei.errors import Fault, closest, listed
from gis_wufei.text import Text, catalogue, text
from gis_wufei.yamlfile import Path_

Spec = TypeVar("Spec", bound=BaseModel)
ROUNDS = 6  # misspelt keys may stand in misspelt blocks; nothing is nested deeper

LIMITS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
WANTED = {
    "float_type": "number",
    "float_parsing": "number",
    "finite_number": "finite",
    "int_type": "integer",
    "int_parsing": "integer",
    "int_parsing_size": "integer",
    "int_from_float": "integer",
    "string_type": "text",
    "bool_type": "flag",
    "bool_parsing": "flag",
    "list_type": "list",
    "tuple_type": "list",
    "dict_type": "mapping",
    "model_type": "mapping",
    "model_attributes_type": "mapping",
    "mapping_type": "mapping",
    "date_type": "date",
    "date_parsing": "date",
    "date_from_datetime_parsing": "date",
    "date_from_datetime_inexact": "date",
}
FORMS = {r"^[a-z0-9][a-z0-9_-]{0,39}$": "form.slug", r"^(auto|EPSG:\d{4,6})$": "form.crs", r"\S\s*\S": "form.blank"}


@dataclass(frozen=True)
class Complaint:
    """One thing wrong with a value: what, at which path of keys, and how it could be meant."""

    code: str
    path: Path_
    facts: dict[str, object]
    rename: str | None = None  # the key as it was probably meant
    replace: Any = None  # the value as it was probably meant

    @property
    def mendable(self) -> bool:
        """Whether the closest reading lets the check go on below this point."""
        return self.rename is not None or self.replace is not None


@dataclass(frozen=True)
class Verdict(Generic[Spec]):
    """What came of a check: the spec or the complaints, and the value with every hint taken."""

    spec: Spec | None
    complaints: tuple[Complaint, ...]
    mended: dict[str, Any]
    origin: Mapping[Path_, Path_]

    def written(self, path: Path_) -> Path_:
        """A path of ``mended`` as the file has it."""
        return _written(path, self.origin)


def validated(
    model: type[Spec], value: Mapping[str, Any], context: Any, written: Mapping[str, Any] | None = None
) -> Verdict[Spec]:
    """Hold plain values against a model and find everything that is wrong.

    A misspelt key would hide what stands below it and leave its true name missing. So after each
    round the closest reading is taken and the check repeated: one typo is one complaint, and those
    below it are found, too. ``context`` maps the value to what the validators need to know of it.
    ``written`` are the overrides where the value is a study with a scenario's overrides in it: what
    only the study has may still be what a key of the scenario means.
    """
    mended, told = deepcopy(dict(value)), list[Complaint]()
    origin: dict[Path_, Path_] = {}
    for _ in range(ROUNDS):
        found: list[Complaint] = []
        try:
            # Through JSON, so that strict types still let lists be tuples and text be dates.
            spec = model.model_validate_json(json.dumps(mended), strict=True, context=context(mended))
        except ValidationError as error:
            found = [_complaint(model, item, mended, written or {}) for item in error.errors(include_url=False)]
            spec = None
        fixes = [complaint for complaint in found if complaint.mendable]
        if not fixes or spec is not None:
            break
        told.extend(_as_written(fix, origin) for fix in fixes)
        for fix in sorted(fixes, key=lambda fix: -len(fix.path)):
            _mend(mended, fix, origin)
    told.extend(_as_written(complaint, origin) for complaint in found)
    unique = {(complaint.code, complaint.path): complaint for complaint in told}
    return Verdict(None if told else spec, tuple(unique.values()), mended, origin)


def merged(base: Any, override: Any) -> Any:
    """``base`` with the entries of ``override``; mappings merge, everything else is replaced."""
    if isinstance(base, dict) and isinstance(override, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in override.items()}}
    return override


def shown(path: Path_) -> str:
    """A path of keys as a person would name it; the line tells which entry of a list is meant."""
    return ".".join(step for step in path if isinstance(step, str))


def as_fault(complaint: Complaint, where: str, path: str) -> Fault:
    """The complaint at its place, ``path`` being the keys as written."""
    return Fault(f"E-STUDY-{complaint.code}", where, {"path": path, **complaint.facts})


def _mend(value: dict[str, Any], fix: Complaint, origin: dict[Path_, Path_]) -> None:
    holder: Any = value
    for step in fix.path[:-1]:
        holder = holder[step]
    last = fix.path[-1]
    if fix.rename is None:
        holder[last] = fix.replace
    else:
        holder[fix.rename] = merged(holder.get(fix.rename), holder.pop(last))
        origin[(*fix.path[:-1], fix.rename)] = _written(fix.path, origin)


def _written(path: Path_, origin: Mapping[Path_, Path_]) -> Path_:
    """The path as the file has it, before keys were read as they were meant."""
    for cut in range(len(path), 0, -1):
        if path[:cut] in origin:
            return (*origin[path[:cut]], *path[cut:])
    return path


def _as_written(complaint: Complaint, origin: Mapping[Path_, Path_]) -> Complaint:
    path = _written(complaint.path, origin)
    return Complaint(complaint.code, path, complaint.facts, complaint.rename, complaint.replace)


def _complaint(model: type[BaseModel], item: Any, value: Any, written: Mapping[str, Any]) -> Complaint:
    kind, found, facts = item["type"], item.get("input"), dict(item.get("ctx", {}))
    at = () if facts.get("at") is None else (facts["at"],)
    path = _keys_only((*item["loc"], *at), value, lacks=kind == "missing")
    if kind == "missing":
        return Complaint("missing", path, {})
    if kind == "extra_forbidden":
        return _unknown_key(model, path, value, written)
    if kind == "union_tag_not_found":
        return _no_tag(path, str(facts["discriminator"]).strip("'"), found)
    if kind == "union_tag_invalid":
        path = (*path, str(facts["discriminator"]).strip("'"))
        return _choice(path, facts["tag"], str(facts["expected_tags"]))
    if kind in ("literal_error", "enum"):
        return _choice(path, found, str(facts["expected"]))
    if kind == "unknown_name":
        return _unknown_name(path, facts, value)
    if f"E-STUDY-{kind}" in catalogue():
        return Complaint(kind, path, {"found": _short(found), **facts})
    return _wrong_value(kind, path, found, facts)


def _wrong_value(kind: str, path: Path_, found: Any, facts: Mapping[str, Any]) -> Complaint:
    if found is None:
        return Complaint("empty", path, {})
    for bound, sign in LIMITS.items():
        if bound in facts:
            return Complaint("range", path, {"found": _short(found), "limit": f"{sign} {facts[bound]:g}"})
    if kind.endswith("too_short"):
        return Complaint("short", path, {"found": _short(found), "least": facts.get("min_length", 1)})
    if kind.endswith("too_long"):
        return Complaint("long", path, {"most": facts.get("max_length", 0)})
    if kind == "string_pattern_mismatch":
        form = FORMS.get(str(facts["pattern"]))
        words = text(form) if form else _filled("form.other", pattern=facts["pattern"])
        # The key of a mapping is itself the value found.
        return Complaint("pattern", path, {"found": _short(found), "form": words})
    wanted = WANTED.get(kind)
    if wanted in ("number", "integer") and isinstance(found, str):
        return Complaint("number_text", path, {"found": _short(found)}, replace=_number(found, wanted))
    if wanted == "text" and isinstance(found, int | float):
        return Complaint("text_number", path, {"found": _short(found)})
    if wanted:
        return Complaint("type", path, {"found": _short(found), "wanted": text(f"wanted.{wanted}")})
    return Complaint("other", path, {"found": _short(found)})


def _unknown_key(model: type[BaseModel], path: Path_, value: Any, written: Mapping[str, Any]) -> Complaint:
    known, beside = _known_keys(model, path[:-1], value), _at(written, path[:-1])
    if path[-1] not in beside:  # not a scenario's
        beside = _at(value, path[:-1])
    # A key that is written already was not meant; taken as it, this one would hide its block.
    hint = closest(str(path[-1]), [key for key in known if key not in beside])
    if hint is None:
        return Complaint("extra", path, {"known": listed(known)})
    return Complaint("extra_hint", path, {"hint": hint}, rename=hint)


def _no_tag(path: Path_, tag: str, found: Any) -> Complaint:
    near = closest(tag, map(str, found)) if isinstance(found, dict) else None
    if near is None:
        return Complaint("missing", (*path, tag), {})
    return Complaint("extra_hint", (*path, near), {"hint": tag}, rename=tag)


def _choice(path: Path_, found: Any, expected: str) -> Complaint:
    names = expected.replace("'", "").replace(" or ", ", ").split(", ")
    hint = closest(found, names) if isinstance(found, str) else None
    facts: dict[str, object] = {"found": _short(found), "expected": ", ".join(names)}
    if hint is None:
        return Complaint("choice", path, facts)
    return Complaint("choice_hint", path, {**facts, "hint": hint}, replace=hint)


def _unknown_name(path: Path_, facts: Mapping[str, Any], value: Any) -> Complaint:
    told: dict[str, object] = {"name": facts["name"]}
    hint = facts["hint"]
    if hint is None:
        return Complaint("unknown_list", path, {**told, "known": facts["known"]})
    beside = _at(value, path[:-1])
    is_key = facts["name"] in beside and path[-1:] == (facts["name"],)
    told["hint"] = hint
    if is_key and hint in beside:  # told, but not taken: it would replace what is there
        return Complaint("unknown_name", path, told)
    return Complaint("unknown_name", path, told, **({"rename": hint} if is_key else {"replace": hint}))


def _number(found: str, wanted: str) -> float | int | None:
    try:
        return int(found) if wanted == "integer" else float(found)
    except ValueError:
        return None


def _filled(key: str, **facts: object) -> Text:
    words = text(key)
    return Text(zh=words.zh.format(**facts), en=words.en.format(**facts))


def _keys_only(loc: tuple[str | int, ...], value: Any, lacks: bool = False) -> Path_:
    """The path of keys in the file; pydantic's own steps (the tag of a union, "[key]") are left out.

    ``lacks``: the last step is a key that the file lacks.
    """
    path: list[str | int] = []
    node = value
    for position, step in enumerate(loc):
        last = position == len(loc) - 1
        if isinstance(node, dict):
            if step not in node and not (last and lacks):
                continue
            path.append(step)
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int):
            path.append(step)
            node = node[step] if step < len(node) else None
    return tuple(path)


def _short(found: object) -> str:
    words = json.dumps(found, ensure_ascii=False, default=str)
    return words if len(words) <= 60 else words[:57] + "..."


def _at(value: Any, path: Path_) -> Mapping[str, Any]:
    for step in path:
        inside = (isinstance(value, dict) and step in value) or (isinstance(value, list) and isinstance(step, int))
        value = value[step] if inside else {}
    return value if isinstance(value, dict) else {}


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _known_keys(model: type[BaseModel], path: Path_, value: Any) -> list[str]:
    """The keys that the model allows at a path, read from its JSON Schema."""
    schema = _schema(model)
    nodes = [schema]
    for depth, step in enumerate(path):
        here = _at(value, path[:depth])
        nodes = [child for node in nodes for child in _below(schema, node, step, here)]
    here = _at(value, path)
    return sorted({key for node in nodes for part in _parts(schema, node, here) for key in part.get("properties", {})})


def _parts(schema: dict[str, Any], node: dict[str, Any], value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The alternatives of a node; where a tag decides, only the one that the value names."""
    tag = node.get("discriminator", {})
    chosen = tag.get("mapping", {}).get(value.get(tag.get("propertyName")))
    if "$ref" in node or chosen:
        reference = str(chosen or node["$ref"])
        yield from _parts(schema, schema["$defs"][reference.rsplit("/", 1)[-1]], value)
        return
    parts = [*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())]
    if not parts:
        yield node
    for part in parts:
        yield from _parts(schema, part, value)


def _below(
    schema: dict[str, Any], node: dict[str, Any], step: str | int, value: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for part in _parts(schema, node, value):
        if isinstance(step, int):
            if isinstance(part.get("items"), dict):
                yield part["items"]
        elif step in part.get("properties", {}):
            yield part["properties"][step]
        elif isinstance(part.get("additionalProperties"), dict):
            yield part["additionalProperties"]
        yield from part.get("patternProperties", {}).values()
