"""Orders of contraction kept on disk: they cost seconds to minutes for a province and depend on the roads alone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gis_wufei.network.graph import Ints

WORTH = 50_000
"""Below so many nodes an order is made faster than a user notices, so nothing is kept."""
FORM = b"wufei order 1\n"


def folder() -> Path:
    """Where orders are kept: ``WUFEI_CACHE``, or the usual place of the system."""
    told = os.environ.get("WUFEI_CACHE")
    if told:
        return Path(told)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "gis_wufei"
    return Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "gis_wufei"


def kept(key: str, nodes: int, make: Callable[[], Ints]) -> Ints:
    """The order of that key: read where it was kept whole, else made and kept.

    A file is the form's name, a SHA-256 of the rest, and int32 little-endian. A damaged one, or one
    that is no order of so many nodes, is made again; a folder that cannot be written keeps nothing.
    """
    if nodes < WORTH:
        return make()
    name = hashlib.sha256(key.encode()).hexdigest()[:32]
    path = folder() / f"order-{name}.bin"
    found = _read(path, nodes)
    if found is None:
        found = make()
        _write(path, found)
    return found


def _read(path: Path, nodes: int) -> Ints | None:
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    told, body = raw[len(FORM) : len(FORM) + 32], raw[len(FORM) + 32 :]
    if not raw.startswith(FORM) or len(body) != 4 * nodes or hashlib.sha256(body).digest() != told:
        return None
    order = np.frombuffer(body, "<i4").astype(np.int64)
    return order if np.array_equal(np.bincount(order, minlength=nodes), np.ones(nodes)) else None


def _write(path: Path, order: Ints) -> None:
    body = order.astype("<i4").tobytes()
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(FORM + hashlib.sha256(body).digest() + body)
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
