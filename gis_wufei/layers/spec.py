"""What a study says of a layer, and what each role asks of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from ruamel.yaml import YAML

from gis_wufei.errors import OneOf, unknown_name
from gis_wufei.standards import crops, facilities
from gis_wufei.standards import roads as road_classes
from gis_wufei.text import Text

CODES: dict[str, Callable[[], Mapping[str, object]]] = {"facilities": facilities, "crops": crops, "roads": road_classes}


class Column(BaseModel):
    """One column that a role knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["text", "number", "flag"] = "text"
    required: bool = False
    empty: bool = True
    min: float | None = None
    max: float | None = None
    allowed: tuple[str, ...] = ()
    codes: Literal["facilities", "crops", "roads"] | None = None
    label: Text

    @property
    def choices(self) -> tuple[str, ...]:
        """The only values the column may hold: listed, or the codes of a standard table; empty = any."""
        return self.allowed if self.codes is None else tuple(CODES[self.codes]())


class Role(BaseModel):
    """The contract of a role: geometry, identity and columns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Text
    geometry: tuple[Literal["point", "line", "polygon"], ...]
    id: str | None = None
    columns: dict[str, Column] = Field(default_factory=dict)


@cache
def roles() -> dict[str, Role]:
    """Every role by name (``layers/roles.yaml``); all share the three provenance columns."""
    source = files("gis_wufei.layers").joinpath("roles.yaml").read_text(encoding="utf-8")
    data = YAML(typ="safe", pure=True).load(source)
    shared = data.pop("every_role")
    return {name: Role(**{**entry, "columns": {**entry.get("columns", {}), **shared}}) for name, entry in data.items()}


class LayerSpec(BaseModel):
    """One entry of ``layers:`` in a study file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    path: str = Field(min_length=1, description="File, relative to the study's folder.")
    role: Annotated[str, OneOf(roles)] = Field(
        description="What the layer is to the study; layers/roles.yaml says what each role asks for."
    )
    label: Text | None = Field(None, description="Name on maps and in reports; default: the role's.")
    layer: str | None = Field(None, description="Layer (or sheet) inside the file, where it holds several.")
    crs: str | None = Field(None, description="Declared system (EPSG:…), only for a file that states none.")
    fields: dict[str, str] = Field(
        default_factory=dict,
        description="Our column: the file's column, where the names differ (lon and lat: the coordinates of a table).",
    )
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="Our column: {the file's value: our value}."
    )
    where: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Keep only rows whose column (ours or the file's) holds one of these values."
    )
    allow_outside: bool = Field(False, description="Let the path leave the study's folder or be absolute.")

    @field_validator("fields", "values")
    @classmethod
    def _our_columns(cls, named: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        role = info.data.get("role")
        if role is None:  # itself at fault
            return named
        known = [*roles()[role].columns, *(("lon", "lat") if info.field_name == "fields" else ())]
        for name in named:
            if name not in known:
                raise unknown_name(name, known, at=name)
        return named
