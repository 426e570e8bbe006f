"""A YAML file as plain data with the line of every entry; tags, aliases and doubled keys are refused."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionStartEvent, DocumentStartEvent, Event, NodeEvent

from gis_wufei.errors import Fault, InputError

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class YamlData:
    """Plain values and, for every path of keys, the line (from 1) on which it stands."""

    name: str
    value: dict[str, Any]
    lines: Mapping[Path_, int]

    def line_of(self, path: Path_) -> int:
        """Line of a path, or of the nearest of its parents."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_yaml(path: Path) -> YamlData:
    """Read a YAML 1.2 file written by a person.

    Raises
    ------
    InputError
        File missing, too large, not UTF-8, not YAML; a tag, an alias, a doubled or non-text key.
    """
    name = path.name
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError([Fault("E-YAML-001", str(path), {})]) from error
    if len(raw) > MAX_BYTES:
        raise InputError([Fault("E-YAML-002", name, {"bytes": len(raw), "limit": MAX_BYTES})])
    try:
        source = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError([Fault("E-YAML-003", name, {"position": error.start})]) from error
    try:
        faults = list(_refused(name, source))
        if faults:
            raise InputError(faults)
        tree = YAML(typ="rt", pure=True).load(io.StringIO(source))
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        key = str(error.problem).split('"')[1] if '"' in str(error.problem) else "?"
        raise InputError([Fault("E-YAML-004", f"{name}:{line}", {"key": key})]) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise InputError([Fault("E-YAML-005", f"{name}:{line}", {"problem": error.problem or "?"})]) from error
    except (YAMLError, RecursionError, ValueError) as error:
        raise InputError([Fault("E-YAML-005", f"{name}:1", {"problem": str(error).splitlines()[0]})]) from error
    if not isinstance(tree, CommentedMap):
        raise InputError([Fault("E-YAML-006", f"{name}:1", {})])
    lines: dict[Path_, int] = {}
    found: list[Fault] = []
    value = _plain(tree, (), lines, name, found)
    if found:
        raise InputError(found)
    return YamlData(name, value, lines)


def _refused(name: str, source: str) -> Iterator[Fault]:
    """Look at the events before anything is built: an alias bomb never grows."""
    depth, documents = 0, 0
    event: Event
    for event in YAML(typ="rt", pure=True).parse(io.StringIO(source)):
        line = f"{name}:{event.start_mark.line + 1}"
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1 or event.version is not None or event.tags:
                yield Fault("E-YAML-007", line, {})
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            yield Fault("E-YAML-008", line, {})
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) != "!":
            yield Fault("E-YAML-009", line, {"tag": str(tag)})
        if isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                yield Fault("E-YAML-010", line, {"limit": MAX_DEPTH})
                return
        elif type(event).__name__ in ("MappingEndEvent", "SequenceEndEvent"):
            depth -= 1


def _plain(node: Any, path: Path_, lines: dict[Path_, int], name: str, faults: list[Fault]) -> Any:
    if isinstance(node, CommentedMap):
        result: dict[str, Any] = {}
        for key, item in node.items():
            line = node.lc.key(key)[0] + 1
            if not isinstance(key, str):
                faults.append(Fault("E-YAML-011", f"{name}:{line}", {"key": key}))
                continue
            lines[(*path, str(key))] = line
            result[str(key)] = _plain(item, (*path, str(key)), lines, name, faults)
        return result
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            lines[(*path, index)] = node.lc.item(index)[0] + 1
        return [_plain(item, (*path, index), lines, name, faults) for index, item in enumerate(node)]
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, str):
        return str(node)
    if isinstance(node, int):
        return int(node)
    if isinstance(node, float):
        return float(node)
    if isinstance(node, date):
        return node.isoformat()
    return str(node)
