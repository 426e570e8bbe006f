"""A layer named by another entry of the study: it is there, and it plays the role that is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import AfterValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from gis_wufei.errors import unknown_name
from gis_wufei.layers.spec import roles


def layer_of(*wanted: str) -> AfterValidator:
    """Validator of a layer's name: the study has it and it plays one of the wanted roles."""

    def check(name: str, info: ValidationInfo) -> str:
        played: Mapping[str, str] = (info.context or {}).get("layers", {})
        fits = [layer for layer, role in played.items() if role in wanted]
        role = played.get(name)
        if not played or role in wanted or (role is not None and role not in roles()):
            return name  # without layers, or with a role that is itself at fault, nothing can be said
        if role is not None:
            facts: dict[str, Any] = {"name": name, "found": role, "role": ", ".join(wanted)}
            raise PydanticCustomError("layer_role", "{name} plays the role {found}, not {role}", facts)
        if not fits:
            raise PydanticCustomError("no_layer", "no layer of the role {role}", {"role": ", ".join(wanted)})
        raise unknown_name(name, fits)

    return AfterValidator(check)
