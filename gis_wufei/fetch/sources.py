"""The list of public sources: address, licence and credit line of each (``fetch/sources.yaml``)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

from gis_wufei.text import Text


class Source(BaseModel):
    """One public source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Text
    kind: Literal["osm", "tiles", "country"]
    url: str
    tile_deg: int = Field(1, gt=0)
    licence: str
    licence_url: str
    attribution: str
    authority: str
    date: str | None = None
    unit: str | None = None
    by_hand: Text


@cache
def sources() -> dict[str, Source]:
    """Every source by its name."""
    told = files("gis_wufei.fetch").joinpath("sources.yaml").read_text(encoding="utf-8")
    return {name: Source(**entry) for name, entry in YAML(typ="safe", pure=True).load(told).items()}
