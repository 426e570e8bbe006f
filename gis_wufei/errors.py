"""What can go wrong, told once: what, where and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from pydantic_core import PydanticCustomError

from gis_wufei.text import say


class WufeiError(Exception):
    """Root of every error of this package; each subclass is a builtin error, too."""


class ProblemError(WufeiError, ValueError):
    """Arrays handed to a solver make no sense (shape, NaN, negative load)."""


class MissingExtraError(WufeiError, ImportError):
    """An optional library is needed; the text names the command that installs it."""


@dataclass(frozen=True)
class Fault:
    """One fault of an input: a stable code, the place, and the facts for its sentence.

    ``where`` is file, layer, row and column as a person would name them ("study.yaml:8").
    The sentence itself stands in the catalogue (``texts.yaml``) under ``code``.
    """

    code: str
    where: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def text(self, lang: str = "en") -> str:
        """The fault as one sentence with its code and place."""
        return f"{self.where}: {self.code} {say(self.code, lang, **self.facts)}"


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


def unknown_name(name: str, known: Iterable[str]) -> PydanticCustomError:
    """The complaint of a spec that names something which does not exist, with the closest that does."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.4)
    return PydanticCustomError(
        "unknown_name", "'{name}' is not known (closest: {hint})", {"name": name, "hint": near[0] if near else "-"}
    )
