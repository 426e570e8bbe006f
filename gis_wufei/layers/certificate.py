"""A layer with the certificate it entered with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd

from gis_wufei.text import Text, say


@dataclass(frozen=True)
class Remark:
    """One thing found, repaired or dropped while reading: catalogue key, count, first ids."""

    code: str
    count: int
    ids: tuple[str, ...] = ()

    def text(self, lang: str) -> str:
        """The remark as a sentence, with the first ids and the number of others."""
        shown = ", ".join(self.ids)
        more = self.count - len(self.ids)
        named = f" ({shown}{f', +{more}' if more > 0 else ''})" if shown else ""
        return say(self.code, lang, count=self.count) + named


@dataclass(frozen=True)
class Certificate:
    """What was found, repaired, dropped and doubted on reading one layer."""

    path: Path
    layer: str | None
    sha256: str
    encoding: str
    crs: str
    rows_read: int
    rows_kept: int
    repaired: tuple[Remark, ...] = ()
    warned: tuple[Remark, ...] = ()
    synthetic: str = "unknown"  # all | some | none | unknown
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layer:
    """One input dataset in the study's metric system."""

    name: str
    role: str
    label: Text
    frame: gpd.GeoDataFrame
    certificate: Certificate


@dataclass(frozen=True)
class Layers:
    """All layers of a study by name, with the area of interest."""

    area: gpd.GeoDataFrame
    by_name: dict[str, Layer] = field(default_factory=dict)

    def of_role(self, role: str) -> tuple[Layer, ...]:
        """Every layer that plays ``role``, in the order of the study file."""
        return tuple(layer for layer in self.by_name.values() if layer.role == role)

    def __getitem__(self, name: str) -> Layer:
        return self.by_name[name]
