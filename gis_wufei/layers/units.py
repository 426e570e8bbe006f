"""Units as people write them in headers and cells: what they measure, and their factor."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

_BRACKET = re.compile(r"^(.*?)\s*[(\[{【〔]([^()\[\]{}【】〔〕]*)[)\]}】〕]\s*$")
_TAIL = re.compile(r"[\s_/:,;|-]+")
_YEAR = re.compile(r"(\d{4})(年度?)?")
_PER = re.compile(r"\s*(?:/|每|·|\*|(?<![a-z])per(?![a-z]))\s*")


@dataclass(frozen=True)
class Unit:
    """What is measured (``mass``, ``people`` …), per which period (``a``, ``d`` or none), and how much one is."""

    kind: str
    period: str
    factor: float


@cache
def words() -> dict[str, Any]:
    """The lists of ``layers/words.yaml``."""
    source = files("gis_wufei.layers").joinpath("words.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(source)
    return loaded


@cache
def _known() -> dict[str, tuple[str, float]]:
    return {
        str(word).casefold(): (kind, float(factor))
        for kind, table in words()["units"].items()
        for word, factor in table.items()
    }


def halfwidth(text: str) -> str:
    """Text with full-width letters, digits and signs in their usual width."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


@lru_cache(maxsize=1 << 16)  # each header is asked for by every column of a role
def plain(name: str) -> str:
    """A name without case, width, blanks and joining signs, for comparing headers."""
    return re.sub(r"[\s_\-.·、()（）\[\]\u200b\u2060\ufeff]+", "", halfwidth(name)).casefold()


def parse_unit(text: str) -> Unit | None:
    """The unit that a text names, such as ``吨/年``, ``kg/d``, ``t_per_year``, ``万人``; ``None`` if it names none."""
    told = halfwidth(text).strip().casefold().replace("²", "2").replace("³", "3").replace("_", " ")
    first, *rest = _PER.split(told)
    periods = [words()["periods"].get(part) for part in rest]
    if first not in _known() or len(rest) > 1 or None in periods:
        return None
    kind, factor = _known()[first]
    return Unit(kind, periods[0] if periods else "", factor)


@lru_cache(maxsize=1 << 16)
def split_header(header: str) -> tuple[str, str | None]:
    """A header as its name and what its brackets or its tail say: ``年产生量（吨）`` is 年产生量 and 吨.

    A year in brackets belongs to the name; a tail counts only if it is a known unit.
    """
    told = halfwidth(header).strip()
    bracket = _BRACKET.match(told)
    if bracket and bracket[1]:
        return bracket[1], None if _YEAR.fullmatch(bracket[2].strip()) or not bracket[2].strip() else bracket[2].strip()
    for cut in _TAIL.finditer(told):
        tail = told[cut.end() :]
        if cut.start() and not tail.isdigit() and parse_unit(tail) is not None:
            return told[: cut.start()], tail
    return told, None
