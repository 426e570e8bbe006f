"""What can go wrong, told once: what, where and how to mend it."""

from __future__ import annotations

import errno
import os
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from gis_wufei.text import Text, say, text

OS_REASONS = {
    "reason.os.permission": (errno.EACCES, errno.EPERM, errno.EROFS),
    "reason.os.space": (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    "reason.os.not_folder": (errno.ENOTDIR, errno.EEXIST, errno.EISDIR),
    "reason.os.missing": (errno.ENOENT,),
    "reason.os.name": (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ),
    "reason.os.busy": (errno.EBUSY, errno.ETXTBSY),
    "reason.os.short": (errno.EIO,),
}
OS_WORDS = {
    "reason.os.space": ("disk is full", "no space left", "quota exceeded"),
    "reason.os.permission": ("readonly database", "read-only file system", "permission denied"),
}
"""What libraries say that hand on the system's words without its number."""
PROBE_BYTES = 1_000_000


class WufeiError(Exception):
    """Root of every error of this package; each subclass is a builtin error, too."""


class ProblemError(WufeiError, ValueError):
    """Arrays handed to a solver make no sense (shape, NaN, negative load)."""


class MissingExtraError(WufeiError, ImportError):
    """An optional library is needed; the text names the command that installs it."""


class Rows(str):
    """The rows that a sentence means, as text that remembers all of them.

    It reads like any text ("14 ('x'), 15 ('y'), +3"); ``numbers`` are all row numbers (from 1),
    ``values`` their cells as text where a column is meant, ``column`` its name.
    """

    numbers: tuple[int, ...]
    values: tuple[str, ...]
    column: str

    def __new__(
        cls, shown: str, numbers: Iterable[int] = (), values: Iterable[str] = (), column: str | None = None
    ) -> Rows:
        made = super().__new__(cls, shown)
        made.numbers, made.values, made.column = tuple(numbers), tuple(values), column or ""
        return made


@dataclass(frozen=True)
class Fault:
    """One fault of an input: a stable code, the place, and the facts for its sentence.

    ``where`` is file, layer, row and column as a person would name them ("study.yaml:8").
    The sentence itself stands in the catalogue (``texts.yaml``) under ``code``; a fact that differs
    between the languages is a ``Text``.

    For machines (the quarantine table of ``wufei check``) a fault may also say ``layer``, ``field``
    (the column), ``rows`` (data rows from 1), ``ids`` and ``values``, one a row. Whoever makes a fault
    with ``layers.tell.rows(frame, mask, column)`` among its facts need not: that text remembers its
    rows and their cells, and ``rows_meant`` finds it.
    """

    code: str
    where: str
    facts: Mapping[str, object] = dataclass_field(default_factory=dict)
    layer: str | None = dataclass_field(default=None, compare=False)
    field: str | None = dataclass_field(default=None, compare=False)
    rows: tuple[int, ...] = dataclass_field(default=(), compare=False)
    ids: tuple[str, ...] = dataclass_field(default=(), compare=False)
    values: tuple[str, ...] = dataclass_field(default=(), compare=False)

    @property
    def rows_meant(self) -> Rows:
        """Every row concerned with its cell, whether stated or remembered by a text among the facts."""
        told = [fact for fact in self.facts.values() if isinstance(fact, Rows) and fact.numbers]
        if self.rows or not told:
            return Rows("", self.rows, self.values, self.field)
        numbers = [number for fact in told for number in fact.numbers]
        values = [value for fact in told for value in (fact.values or ("",) * len(fact.numbers))]
        return Rows("", numbers, values, self.field or told[0].column)

    def text(self, lang: str = "en") -> str:
        """The fault as one sentence with its code and place, on one line."""
        return visible(f"{self.where}: {self.code} {say(self.code, lang, **self.facts)}")

    def sentence(self, lang: str = "en") -> str:
        """What is wrong and how to mend it, without code and place."""
        return visible(say(self.code, lang, **self.facts))


class InputError(WufeiError, ValueError):
    """The study or its layers cannot be used; carries every fault found, not the first."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(fault.text("en") for fault in faults))


class CheckFailedError(WufeiError, RuntimeError):
    """A solver's result did not pass the independent check: a fault of the program, nothing is written."""

    def __init__(self, what: str, problems: list[str]) -> None:
        shown = "; ".join(problems[:5]) + (f"; +{len(problems) - 5}" if len(problems) > 5 else "")
        self.fault = Fault("E-PLAN-CHECK", what, {"problems": shown})
        super().__init__(self.fault.text("en"))


def os_reason(error: OSError) -> Text:
    """Why the operating system refused, in words of the catalogue: its own words come in one language only."""
    key = next((key for key, numbers in OS_REASONS.items() if error.errno in numbers), None)
    if key is not None:
        return text(key)
    words = text("reason.os.other")
    number = error.errno if error.errno is not None else "?"
    return Text(zh=words.zh.format(number=number), en=words.en.format(number=number))


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` was most likely meant to be; ``None`` rather than a wild guess."""
    plain = {key.casefold(): key for key in sorted(known)}
    near = get_close_matches(name.casefold(), list(plain), n=1, cutoff=0.6)
    return plain[near[0]] if near else None


def nearest(name: str, known: Iterable[str]) -> Text:
    """The closest known name as words to put behind ``name``; none where nothing is close."""
    near, words = closest(name, known), text("hint.closest")
    return Text(zh=words.zh.format(name=near), en=words.en.format(name=near)) if near else Text(zh="", en="")


def unknown_name(name: str, known: Iterable[str], at: str | int | None = None) -> PydanticCustomError:
    """The complaint of a spec that names something which does not exist, with the closest that does.

    ``at`` is the key or position of the name where a validator looks at a whole mapping or list.
    """
    facts: dict[str, Any] = {"name": name, "hint": closest(name, known), "known": listed(known), "at": at}
    return PydanticCustomError("unknown_name", "there is no '{name}' (known: {known})", facts)


@dataclass(frozen=True)
class OneOf:
    """Marks a text as a name out of a table; the table is read at its first use, and editors get its names."""

    table: Callable[[], Iterable[str]]

    def check(self, name: str) -> str:
        """The name, if the table has it."""
        known = tuple(self.table())
        if name not in known:
            raise unknown_name(name, known)
        return name

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "enum": sorted(self.table())}


def listed(names: Iterable[str], most: int = 16) -> str:
    """Names in alphabetical order for a sentence, the rest only counted."""
    every = sorted(str(name) for name in names)
    more = f", … +{len(every) - most}" if len(every) > most else ""
    return ", ".join(every[:most]) + more if every else "-"


def visible(text: str) -> str:
    """Text out of files with its control, direction and line characters made harmless."""
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in text)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """What the file system refuses is the user's to mend, and told as such: E-OUT-002, whichever library met it.

    Libraries that write files wrap the system's answer into errors of their own, or fail at what a full
    disk kept them from writing before. Enter it inside whatever clears away, too: space that was given
    back tells nothing any more.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = _refusal(error, target)
        if reason is None:
            raise
        raise InputError([Fault("E-OUT-002", str(target), {"reason": reason})]) from error


def _refusal(error: BaseException, target: Path) -> Text | None:
    """Why the system refused, if that is what an error comes from; ``None`` for a fault of the program."""
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__) is not None and cause not in chain:
        chain.append(cause)
    chain += [told for told in error.args if isinstance(told, OSError)]
    told = next((found for found in chain if isinstance(found, OSError)), None)
    if told is not None and told.errno is not None:
        return os_reason(told)
    words = " ".join(str(found) for found in chain).casefold()
    for key, signs in OS_WORDS.items():
        if any(sign in words for sign in signs):
            return text(key)
    refused = _full(target)
    return os_reason(refused) if refused else None if told is None else os_reason(told)


def _full(target: Path) -> OSError | None:
    """What the disk answers to a few more bytes; ``None`` where it takes them."""
    folder = next((place for place in (target, *target.absolute().parents) if place.is_dir()), Path.cwd())
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(PROBE_BYTES))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return error
    return None
