"""A YAML file as plain data with the line of every entry; tags, aliases and doubled keys are refused."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionStartEvent, DocumentStartEvent, Event, NodeEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gis_wufei.errors import Fault, InputError
from gis_wufei.text import text

MAX_BYTES = 300_000
MAX_DEPTH = 20
MAX_DIGITS = 400  # a number longer than a float can be is no number of a study
Path_ = tuple[str | int, ...]

# What the parser's commonest complaints mean to the person who wrote the file.
PROBLEMS = {
    r"character '\\t'": "yaml.tab",
    r"cannot start any token": "yaml.sign",
    r"mapping values are not allowed": "yaml.colon",
    r"could not find expected ':'": "yaml.no_colon",
    r"expected <block end>|bad indentation": "yaml.indent",
    r"unexpected end of stream|quoted scalar": "yaml.quote",
    r"expected ',' or|flow (sequence|mapping)|node content": "yaml.bracket",
    r"special characters": "yaml.character",
}
# What is noticed only further down; the line where it begins helps more.
FROM_ITS_START = frozenset({"yaml.no_colon", "yaml.quote"})


@dataclass(frozen=True)
class FileRead:
    """Name, size and hash of a file as it was read, for the record of a run."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class YamlData:
    """Plain values and, for every path of keys, the line (from 1) on which it stands."""

    name: str
    value: dict[str, Any]
    lines: Mapping[Path_, int]
    source: FileRead

    def line_of(self, path: Path_) -> int:
        """Line of a path, or of the nearest of its parents."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_yaml(path: Path, gathered: list[Fault] | None = None) -> YamlData:
    """Read a YAML 1.2 file written by a person; a date stays the text it is.

    Parameters
    ----------
    path
        The file.
    gathered
        Where given, doubled, merged and non-text keys are put here instead of raised, so that they
        are told together with what else is wrong; the rest of the file is read.

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
    return parse_yaml(name, raw, gathered)


def parse_yaml(name: str, raw: bytes, gathered: list[Fault] | None = None) -> YamlData:
    """The bytes of such a file; ``name`` is how faults call it."""
    if len(raw) > MAX_BYTES:
        raise InputError([Fault("E-YAML-002", name, {"bytes": len(raw), "limit": MAX_BYTES})])
    try:
        source = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError([Fault("E-YAML-003", f"{name}:{line}", {"position": error.start})]) from error
    try:
        refused = list(_refused(name, source))
        if refused:
            raise InputError(refused)
        yaml = YAML(typ="safe", pure=True)
        tree = yaml.compose(io.StringIO(source))
    except MarkedYAMLError as error:
        key = _problem(error.problem or "")
        marks = [error.context_mark, error.problem_mark] if key in FROM_ITS_START else [error.problem_mark]
        line = next((mark.line + 1 for mark in marks if mark), 1)
        raise InputError([Fault("E-YAML-005", f"{name}:{line}", {"problem": text(key)})]) from error
    except YAMLError as error:  # a character that YAML does not allow
        line = source[: getattr(error, "position", 0)].count("\n") + 1
        raise InputError([Fault("E-YAML-005", f"{name}:{line}", {"problem": text(_problem(str(error)))})]) from error
    if not isinstance(tree, MappingNode):
        raise InputError([Fault("E-YAML-006", f"{name}:1", {})])
    reader = _Reader(name, yaml.constructor)
    value = reader.plain(tree, ())
    if reader.faults and gathered is None:
        raise InputError(reader.faults)
    if gathered is not None:
        gathered.extend(reader.faults)
    return YamlData(name, value, reader.lines, FileRead(name, len(raw), hashlib.sha256(raw).hexdigest()))


def _problem(complaint: str) -> str:
    return next((key for pattern, key in PROBLEMS.items() if re.search(pattern, complaint)), "yaml.other")


def _refused(name: str, source: str) -> Iterator[Fault]:
    """Look at the events before anything is built: an alias bomb never grows."""
    depth, documents = 0, 0
    event: Event
    for event in YAML(typ="safe", pure=True).parse(io.StringIO(source)):
        line = f"{name}:{event.start_mark.line + 1}"
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1 or event.version is not None or event.tags:
                yield Fault("E-YAML-007", line, {})
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            yield Fault("E-YAML-008", line, {})
        tag = getattr(event, "tag", None)
        if tag is not None:
            yield Fault("E-YAML-009", line, {"tag": str(tag)})
        if isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                yield Fault("E-YAML-010", line, {"limit": MAX_DEPTH})
                return
        elif type(event).__name__ in ("MappingEndEvent", "SequenceEndEvent"):
            depth -= 1


class _Reader:
    """Turns the tree of nodes into plain values, and notes every line."""

    def __init__(self, name: str, constructor: Any) -> None:
        self.name = name
        self.constructor = constructor
        self.lines: dict[Path_, int] = {}
        self.faults: list[Fault] = []

    def plain(self, node: Node, path: Path_) -> Any:
        if isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                self.lines[(*path, index)] = item.start_mark.line + 1
            return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        return self._scalar(node)

    def _mapping(self, node: MappingNode, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, item in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if key_node.tag == "tag:yaml.org,2002:merge":
                self._fault("E-YAML-008", line)
            elif not isinstance(key_node, ScalarNode):
                self._fault("E-YAML-011", line, key="…")
            elif not isinstance(self._scalar(key_node), str):
                self._fault("E-YAML-011", line, key=key)
            elif key in result:
                self._fault("E-YAML-004", line, key=key, first=self.lines[(*path, key)])
            else:
                self.lines[(*path, key)] = line
                result[key] = self.plain(item, (*path, key))
        return result

    def _scalar(self, node: Node) -> Any:
        kind = str(node.tag).rpartition(":")[2]
        line = node.start_mark.line + 1
        if kind in ("int", "float") and len(node.value) > MAX_DIGITS:
            self._fault("E-YAML-012", line)
            return None
        if kind == "int":
            return int(self.constructor.construct_yaml_int(node))
        if kind == "float":
            return float(self.constructor.construct_yaml_float(node))
        if kind == "bool":
            return bool(self.constructor.construct_yaml_bool(node))
        if kind == "null":
            return None
        if any("\ud800" <= sign <= "\udfff" for sign in node.value):
            self._fault("E-YAML-012", line)
            return ""
        return str(node.value)

    def _fault(self, code: str, line: int, **facts: object) -> None:
        self.faults.append(Fault(code, f"{self.name}:{line}", facts))
