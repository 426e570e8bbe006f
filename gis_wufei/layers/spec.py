"""What a study says of a layer, and what each role asks of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from ruamel.yaml import YAML

from gis_wufei.errors import OneOf, unknown_name
from gis_wufei.layers.provenance import Provenance
from gis_wufei.standards import crops, facilities
from gis_wufei.standards import roads as road_classes
from gis_wufei.text import Text

COORDINATES = ("lon", "lat", "x", "y", "lonlat")  # columns of a list that `fields` may name, too
CODES: dict[str, Callable[[], Mapping[str, object]]] = {"facilities": facilities, "crops": crops, "roads": road_classes}


class Column(BaseModel):
    """One column that a role knows.

    ``aliases`` are names under which files keep it, ``short`` names that fit only with the unit in
    the header; ``synonyms`` are our values with the words that mean them; ``alphabets`` are sets of
    values read together. ``typical`` is the range outside which a value is doubted, ``unit`` that of
    the numbers, ``refers`` the role whose ids the values are, ``digits`` the lengths of a code,
    ``blank`` what the model does where a cell is empty, ``convert`` that another size of the unit in the
    header is converted unasked, since no decision rests on the number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["text", "number", "flag", "date"] = "text"
    required: bool = False
    empty: bool = True
    min: float | None = None
    max: float | None = None
    unit: str | None = None
    typical: tuple[float, float] | None = None
    allowed: tuple[str, ...] = ()
    synonyms: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    alphabets: tuple[dict[str, str], ...] = ()
    aliases: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    refers: str | None = None
    digits: tuple[int, ...] = ()
    codes: Literal["facilities", "crops", "roads"] | None = None
    blank: Text | None = None
    convert: bool = False
    label: Text

    @property
    def choices(self) -> tuple[str, ...]:
        """The only values the column may hold: listed, or the codes of a standard table; empty = any."""
        return self.allowed if self.codes is None else tuple(CODES[self.codes]())


class Role(BaseModel):
    """The contract of a role: geometry, identity and columns; whether its polygons ``tile`` or lie ``apart``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Text
    geometry: tuple[Literal["point", "line", "polygon", "raster"], ...]
    id: str | None = None
    tiles: bool = False
    apart: bool = False
    range: tuple[float, float] | None = None
    whole: bool = False
    columns: dict[str, Column] = Field(default_factory=dict)


@cache
def roles() -> dict[str, Role]:
    """Every role by name (``layers/roles.yaml``); all share the three provenance columns."""
    source = files("gis_wufei.layers").joinpath("roles.yaml").read_text(encoding="utf-8")
    data = YAML(typ="safe", pure=True).load(source)
    shared = data.pop("every_role")
    return {name: Role(**{**entry, "columns": {**entry.get("columns", {}), **shared}}) for name, entry in data.items()}


class JoinSpec(BaseModel):
    """A second file, put to the rows of a layer by a code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(min_length=1, description="The other file, relative to the study's folder.")
    layer: str | None = Field(None, description="Layer (or sheet) inside the other file, where it holds several.")
    key: str = Field(min_length=1, description="Column of this file that holds the code.")
    other_key: str | None = Field(None, description="Column of the other file that holds it; default: the same name.")


class LayerSpec(BaseModel):
    """One entry of ``layers:`` in a study file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    path: str = Field(min_length=1, description="File, relative to the study's folder.")
    role: Annotated[str, OneOf(roles)] = Field(
        description="What the layer is to the study; layers/roles.yaml says what each role asks for."
    )
    label: Text | None = Field(None, description="Name on maps and in reports; default: the role's.")
    layer: str | None = Field(None, description="Layer (or sheet) inside the file, where it holds several.")
    crs: str | None = Field(
        None,
        description="Declared system, for a file that states none: EPSG:…, GCJ-02 or BD-09 (online maps, undone), WKT.",
    )
    override_crs: bool = Field(False, description="Take the declared system although the file states another.")
    swap_axes: bool = Field(False, description="Exchange x and y of the rows that hold them the wrong way round.")
    convert_units: bool = Field(
        False, description="Convert numbers whose header states another size of the unit, kg for t; never a period."
    )
    fields: dict[str, str] = Field(
        default_factory=dict,
        description="Our column: the file's column, where names differ (lon and lat, x and y, or lonlat of a list).",
    )
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="Our column: {the file's value: our value}."
    )
    where: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Keep only rows whose column (ours or the file's) holds one of these values."
    )
    header_row: int | None = Field(
        None, ge=1, description="Row of a list that holds the names of its columns, where it is not found by itself."
    )
    join: JoinSpec | None = Field(
        None, description="A second file by code: shapes for a table that has none, or further columns for shapes."
    )
    provenance: Provenance | None = Field(
        None, description="Source, licence, date, issuer and class of secrecy, shown wherever the layer is."
    )
    allow_outside: bool = Field(False, description="Let the path leave the study's folder or be absolute.")

    @field_validator("fields", "values")
    @classmethod
    def _our_columns(cls, named: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        role = info.data.get("role")
        if role is None:  # itself at fault
            return named
        known = [*roles()[role].columns, *(COORDINATES if info.field_name == "fields" else ())]
        for name in named:
            if name not in known:
                raise unknown_name(name, known, at=name)
        return named
