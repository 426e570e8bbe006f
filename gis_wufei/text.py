"""The catalogue of all words people read, in Chinese and English."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

Lang = Literal["zh", "en"]


class Text(BaseModel):
    """The same words in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: str
    en: str

    def in_lang(self, lang: str) -> str:
        """The words in ``lang`` (``zh`` or ``en``)."""
        return self.zh if lang == "zh" else self.en


@cache
def catalogue() -> dict[str, Text]:
    """Every text of the package by its key (``texts.yaml``)."""
    source = files("gis_wufei").joinpath("texts.yaml").read_text(encoding="utf-8")
    entries = YAML(typ="safe", pure=True).load(source)
    return {key: Text(**entry) for key, entry in entries.items()}


def text(key: str) -> Text:
    """The catalogue's entry for ``key``; a missing key is a fault of the package."""
    return catalogue()[key]


def say(key: str, lang: str, /, **facts: object) -> str:
    """The sentence ``key`` in ``lang`` with its ``{facts}`` filled in; a fact may itself be a ``Text``."""
    spoken = {name: fact.in_lang(lang) if isinstance(fact, Text) else fact for name, fact in facts.items()}
    return text(key).in_lang(lang).format(**spoken)
