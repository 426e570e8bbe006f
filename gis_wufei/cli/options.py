"""A certificate of one file for its command line: what a study would write stands there as options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TypeVar

from gis_wufei.errors import Fault, visible
from gis_wufei.layers import Certificate, Remark
from gis_wufei.text import Text, text

Told = TypeVar("Told", Fault, Remark)

WORDS = (
    (r"where: \{\{.*?\}\}(?: 或 | or )", ""),  # a filter of rows has no option
    (r"在(?:研究)?该图层下| (?:in the study|to the layer)(?=[.,;:])|研究该图层下的? ?", ""),
    (r"在 fields: 中", "用 --field "),
    (r"under fields:", "with --field"),
    (r"\{column\}: \{first\}", "--field {column}={first}"),
    (r"\bcrs: (?=[\"A-Z…])", "--crs "),
    (
        r"(?:写 )?join: ?[（(](path)[、,] ?(key)[、,] ?(other_key)[）)]",
        r"--set join.\1=… --set join.\2=… --set join.\3=…",
    ),
    (r"在该图层下写 (?=convert_units)", "用 "),
    (r"\b(override_crs|swap_axes|allow_outside|header_row|convert_units): ?(true|\{\w+\})", r"--set \1=\2"),
    (r"\bheader_row:", "--set header_row=…"),
    (r"\b(override_crs|swap_axes|allow_outside):", r"--set \1=…"),
    (r"(?<![\w-])(crs|layer):(?![\w/])", r"--\1"),
)


def as_options(paper: Certificate) -> Certificate:
    """The certificate with every mend that a study would hold as the option to type."""
    return replace(
        paper,
        faults=tuple(_typed(fault, _Fault) for fault in paper.faults),
        found=_remarks(paper.found),
        guessed=_remarks(paper.guessed),
        repaired=_remarks(paper.repaired),
        dropped=_remarks(paper.dropped),
        warned=_remarks(paper.warned),
    )


def _remarks(remarks: tuple[Remark, ...]) -> tuple[Remark, ...]:
    return tuple(_typed(remark, _Remark) for remark in remarks)


def _typed(told: Told, kind: type[Told]) -> Told:
    return kind(**{field.name: getattr(told, field.name) for field in fields(told)})


def _words(words: str) -> str:
    for pattern, option in WORDS:
        words = re.sub(pattern, option, words)
    return words


def _say(code: str, lang: str, facts: Mapping[str, object]) -> str:
    """The catalogue's sentence; what a file holds is left as it is, only words of ours are turned."""
    told = {name: _words(fact.in_lang(lang)) if isinstance(fact, Text) else fact for name, fact in facts.items()}
    return _words(text(code).in_lang(lang)).format(**told)


class _Fault(Fault):
    def text(self, lang: str = "en") -> str:
        return visible(f"{self.where}: {self.code} {_say(self.code, lang, self.facts)}")

    def sentence(self, lang: str = "en") -> str:
        return visible(_say(self.code, lang, self.facts))


class _Remark(Remark):
    def text(self, lang: str) -> str:
        more = self.count - len(self.ids)
        shown = ", ".join(self.ids) + (f", +{more}" if more > 0 else "")
        return _say(self.code, lang, {"count": self.count, **self.facts}) + (f" ({shown})" if self.ids else "")
