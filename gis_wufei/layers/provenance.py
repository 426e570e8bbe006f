"""Where a layer comes from and who may see it: stated in the study, or in the sidecar that a fetch left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Secrecy = Literal["public", "internal", "confidential", "secret", "top_secret"]
"""Class of secrecy, from open to gravest: 公开, 内部, 秘密, 机密, 绝密."""
SECRECY: tuple[str, ...] = get_args(Secrecy)

Day = Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
MOST_BYTES = 1 << 20  # a sidecar is a page of text


class Provenance(BaseModel):
    """Who made a layer, when, under which licence, and who may see it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None = Field(None, min_length=1, description="Name of the dataset or document it was taken from.")
    licence: str | None = Field(None, min_length=1, description="Licence or terms, with the credit line if one is due.")
    date: Day | None = Field(None, description='State of the data, in quotes: "2023", "2023-06" or "2023-06-30".')
    authority: str | None = Field(None, min_length=1, description="Office or body that issued it.")
    secrecy: Secrecy | None = Field(
        None, description="Who may see it: public, internal, confidential (秘密), secret (机密) or top_secret (绝密)."
    )
    url: str | None = Field(None, min_length=1, description="Where it was taken from; never opened by a run.")

    @property
    def restricted(self) -> bool:
        """Whether what is made of it may not simply be published."""
        return self.secrecy not in (None, "public")

    @property
    def credit(self) -> str:
        """Source, issuer, date and licence as one line; empty where nothing is stated."""
        return ", ".join(part for part in (self.source, self.authority, self.date, self.licence) if part)


def sidecar_of(path: Path) -> Path:
    """The file beside a layer that says where it comes from: ``roads.source.json`` for ``roads.gpkg``."""
    return path.with_name(f"{path.stem}.source.json")


def read_sidecar(path: Path) -> dict[str, Any]:
    """What the sidecar of a layer says; empty where there is none or it is not one of ours."""
    try:
        side = sidecar_of(path)
        if not side.is_file() or side.stat().st_size > MOST_BYTES:
            return {}
        told = json.loads(side.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(told, dict) or told.get("file") != path.name:
        return {}
    return told


def provenance_of(path: Path, stated: Provenance | None) -> Provenance:
    """What the study states, and where it is silent, what the sidecar does."""
    told = read_sidecar(path)
    fromside = {
        "source": told.get("title"),
        "licence": told.get("licence"),
        "date": told.get("date"),
        "authority": told.get("authority"),
        "secrecy": told.get("secrecy"),
        "url": told.get("url"),
    }
    known = {key: value for key, value in fromside.items() if isinstance(value, str) and value}
    mine = {} if stated is None else stated.model_dump(exclude_none=True)
    try:
        return Provenance.model_validate({**known, **mine})
    except ValueError:  # a sidecar changed by hand
        return stated or Provenance()
