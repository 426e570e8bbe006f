"""Words of the map out of the catalogue: field labels, units, and the values of coded columns."""

from __future__ import annotations

import re
from typing import Any

from gis_wufei.layers import Layer
from gis_wufei.layers.spec import roles
from gis_wufei.standards import crops, facilities, roads, unit_verdicts
from gis_wufei.text import Text, catalogue, text

Json = dict[str, Any]

MOST_CREDITS = 8
_IDS = re.compile(r"\b[a-z]?\d{5,}\b")


def pair(words: Text) -> Json:
    """``{zh, en}``."""
    return {"zh": words.zh, "en": words.en}


def words(key: str, **facts: object) -> Json:
    """A sentence of the catalogue with its facts, in both languages; a fact may be a ``Text``."""
    return pair(fill(key, **facts))


def fill(key: str, **facts: object) -> Text:
    """The same as a ``Text``."""

    def in_lang(lang: str) -> str:
        told = {name: fact.in_lang(lang) if isinstance(fact, Text) else fact for name, fact in facts.items()}
        return text(key).in_lang(lang).format(**told)

    return Text(zh=in_lang("zh"), en=in_lang("en"))


def column(name: str, unit: str | None = None, digits: int | None = None) -> Json:
    """A row of a popup: label ``map.field.<name>``, unit ``map.unit.<unit>``."""
    return {
        "name": name,
        "label": words(f"map.field.{name}"),
        "unit": words(f"map.unit.{unit}") if unit else None,
        "digits": digits,
    }


def coded(role: str, name: str, value: object) -> Text | None:
    """What a value of a role's coded column means; None where it is its own word."""
    if (role, name) == ("roads", "class"):
        return roads()[str(value)].label if value in roads() else None
    if (role, name) == ("fields", "crop"):
        return crops()[str(value)].label if value in crops() else None
    if (role, name) == ("facilities", "kind"):
        return facilities()[str(value)].label if value in facilities() else None
    if (role, name) == ("units", "sub_class"):
        return next((row.label for row in unit_verdicts().rows if row.sub_class == value), None)
    return catalogue().get(f"value.{role}.{name}.{value}")


def role_label(role: str, name: str) -> Text:
    """The label of a role's column; a column the role does not know is called by its own name."""
    known = roles()[role].columns.get(name)
    return known.label if known else catalogue().get(f"map.field.{name}", Text(zh=name, en=name))


def credits_of(layer: Layer) -> list[str]:
    """The sources of a layer's rows; lists of single records shrink to one line each."""
    distinct = sorted({_IDS.sub("…", source) for source in layer.certificate.sources})
    stated = layer.certificate.provenance.credit
    distinct = [stated, *distinct] if stated else distinct
    more = len(distinct) - MOST_CREDITS
    return distinct[:MOST_CREDITS] + ([f"+{more}"] if more > 0 else [])


def source_of(layer: Layer) -> Json:
    """File, sources and accuracy of a layer as one line."""
    line = " · ".join([layer.certificate.path.name, *credits_of(layer)[:2]])
    metres = layer.frame["accuracy_m"].dropna() if "accuracy_m" in layer.frame else ()
    if not len(metres):
        return {"zh": line, "en": line}
    low, high = f"{min(metres):,.4g}", f"{max(metres):,.4g}"
    return words("map.source_accuracy", source=line, metres=low if low == high else f"{low}–{high}")
