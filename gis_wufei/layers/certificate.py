"""A layer with the certificate it entered with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd

from gis_wufei.errors import Fault
from gis_wufei.layers.provenance import Provenance
from gis_wufei.text import Text, say

if TYPE_CHECKING:
    from gis_wufei.layers.raster import Raster

STATUSES = ("accepted", "repaired", "warned", "rejected")
ANSWERS = ("found", "guessed", "repaired", "dropped", "warned")


@dataclass(frozen=True)
class Remark:
    """One thing found, guessed, repaired, dropped or doubted while reading: catalogue key, count, first ids.

    ``facts`` fill further names of its sentence. ``before`` and ``after`` are the number that a repair
    changed, in ``unit`` (rows, m², %). For the quarantine table: ``field`` is the column, ``rows`` are
    all data rows concerned (from 1) and ``values`` their cells, one a row.
    """

    code: str
    count: int
    ids: tuple[str, ...] = ()
    facts: Mapping[str, object] = dataclass_field(default_factory=dict)
    before: float | None = None
    after: float | None = None
    unit: str = ""
    field: str | None = None
    rows: tuple[int, ...] = ()
    values: tuple[str, ...] = ()

    def text(self, lang: str) -> str:
        """The remark as a sentence, with the first ids and the number of others."""
        shown = ", ".join(self.ids)
        more = self.count - len(self.ids)
        named = f" ({shown}{f', +{more}' if more > 0 else ''})" if shown else ""
        return say(self.code, lang, **{"count": self.count, **self.facts}) + named


@dataclass(frozen=True)
class Certificate:
    """What was found, guessed, repaired, dropped and doubted on reading one layer, or why it was refused.

    ``crs`` and what follows from it (``datum``, ``zone``, ``axes``, ``unit``) are those of the file.
    ``extent`` is west, south, east, north in degrees; ``shapes`` counts kinds of geometry, parts, holes
    and vertices as kept; ``columns`` are the file's own names. A certificate with ``faults`` is that of a
    rejected file and holds what was learned before the refusal.
    """

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
    found: tuple[Remark, ...] = ()
    guessed: tuple[Remark, ...] = ()
    dropped: tuple[Remark, ...] = ()
    faults: tuple[Fault, ...] = ()
    name: str = ""
    role: str = ""
    format: str = ""
    bytes: int = 0
    datum: str = ""
    zone: str = ""
    axes: str = ""
    unit: str = ""
    working: str = ""  # the system that a study works in; empty where the file was checked by itself
    extent: tuple[float, float, float, float] | None = None
    shapes: Mapping[str, int] = dataclass_field(default_factory=dict)
    columns: tuple[str, ...] = ()
    provenance: Provenance = dataclass_field(default_factory=Provenance)
    ids: Mapping[int, str] = dataclass_field(default_factory=dict, repr=False)

    @property
    def status(self) -> str:
        """``accepted``, ``repaired``, ``warned`` or ``rejected``: the gravest answer that was given."""
        if self.faults:
            return "rejected"
        if self.warned:
            return "warned"
        return "repaired" if self.repaired or self.dropped else "accepted"

    @property
    def remarks(self) -> Iterator[tuple[str, Remark]]:
        """Every remark with its answer, in the order of ``ANSWERS``."""
        for answer in ANSWERS:
            for remark in getattr(self, answer):
                yield answer, remark


@dataclass(frozen=True)
class Layer:
    """One input dataset in the study's metric system."""

    name: str
    role: str
    label: Text
    frame: gpd.GeoDataFrame  # of a raster: its footprint
    certificate: Certificate
    raster: Raster | None = None

    @property
    def by_row(self) -> gpd.GeoDataFrame:
        """The frame indexed by the rows of the file, as the certificate calls them: from 1, without the header."""
        return self.frame.set_index("row") if "row" in self.frame and self.frame["row"].is_unique else self.frame


@dataclass(frozen=True)
class Layers:
    """All layers of a study by name, with the area of interest."""

    area: gpd.GeoDataFrame
    by_name: dict[str, Layer] = dataclass_field(default_factory=dict)

    def of_role(self, role: str) -> tuple[Layer, ...]:
        """Every layer that plays ``role``, in the order of the study file."""
        return tuple(layer for layer in self.by_name.values() if layer.role == role)

    def __getitem__(self, name: str) -> Layer:
        return self.by_name[name]
