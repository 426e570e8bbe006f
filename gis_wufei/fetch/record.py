"""What was brought in, and the sidecar that says where it comes from."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gis_wufei import __version__
from gis_wufei.errors import Fault, InputError
from gis_wufei.fetch.area import Box
from gis_wufei.fetch.sources import Source
from gis_wufei.layers.provenance import read_sidecar, sidecar_of

TOOLS = ("osmium", "osmnx", "pyogrio", "rasterio")


@dataclass(frozen=True)
class Made:
    """One file that was brought in, or was there already (``fresh`` is false), with its record."""

    path: Path
    record: dict[str, Any]
    fresh: bool = True

    def told(self, lang: str) -> str:
        """Its size in one line."""
        rows = self.record.get("rows")
        return f"{self.record['bytes']:,} B" if rows is None else f"{rows:,}"


def write_record(
    path: Path,
    source: Source,
    name: str,
    urls: Sequence[str],
    box: Box | None,
    more: Mapping[str, Any] | None = None,
    tools: Sequence[str] = (),
) -> Made:
    """Write the sidecar of a file that is in its place: URL, time, hash, licence, credit line, tools."""
    record: dict[str, Any] = {
        "made_by": "gis_wufei fetch",
        "format": 1,
        "file": path.name,
        "source": name,
        "title": source.title.en,
        "url": urls[0] if len(urls) == 1 else None,
        "urls": list(urls),
        "fetched_utc": datetime.now(UTC).replace(microsecond=0).isoformat(),
        "sha256": sha256_of(path),
        "bytes": path.stat().st_size,
        "bbox": None if box is None else list(box),
        "licence": source.licence,
        "licence_url": source.licence_url,
        "attribution": source.attribution,
        "authority": source.authority,
        "date": source.date,
        "secrecy": "public",
        "tools": {"gis_wufei": __version__, "python": platform.python_version(), **_versions(tools)},
        **(more or {}),
    }
    put(sidecar_of(path), (json.dumps(record, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
    return Made(path, record)


def kept(path: Path, name: str, box: Box | None, origin: str | None, overwrite: bool) -> Made | None:
    """What an earlier fetch left, if it is whole and of the same area; ``None`` where nothing stands in the way.

    Raises
    ------
    InputError
        E-FETCH-007: a file of that name that no fetch made, was changed since, or is of another area.
    """
    if overwrite or not path.exists():
        return None
    record = read_sidecar(path)
    reason = None
    if not record or record.get("source") != name:
        reason = "no source.json"
    elif record.get("sha256") != sha256_of(path):
        reason = "sha256"
    elif record.get("bbox") != (None if box is None else list(box)):
        reason = f"bbox {record.get('bbox')}"
    elif record.get("origin_sha256") != origin:
        reason = "origin"
    if reason is not None:
        raise InputError([Fault("E-FETCH-007", str(path), {"reason": reason})])
    return Made(path, record, fresh=False)


def put(path: Path, content: bytes) -> None:
    """A file whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """Hash of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def checked(path: Path, sha256: str | None) -> str:
    """Hash of a file carried in by hand, held against the one that was given and that of its sidecar.

    Raises
    ------
    InputError
        E-FETCH-014 (no such file) or E-FETCH-005 (another hash).
    """
    if not path.is_file():
        raise InputError([Fault("E-FETCH-014", str(path))])
    found = sha256_of(path)
    stated = [sha256] if sha256 else []
    beside = read_sidecar(path).get("sha256")
    stated += [beside] if isinstance(beside, str) else []
    for wanted in stated:
        if wanted.strip().lower() != found:
            raise InputError([Fault("E-FETCH-005", path.name, {"found": found, "wanted": wanted})])
    return found


def _versions(tools: Sequence[str]) -> dict[str, str]:
    found = {}
    for tool in tools:
        try:
            found[tool] = version(tool)
        except PackageNotFoundError:
            continue
    return found
