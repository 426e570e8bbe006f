"""The path policy: which file a layer may name, decided before anything is opened."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath

from gis_wufei.errors import Fault, InputError, listed
from gis_wufei.layers.spec import LayerSpec
from gis_wufei.layers.tell import hint
from gis_wufei.text import text

FOLDERS = frozenset({".gdb"})  # datasets that are a folder
REMOTE = re.compile(r"://|^(/vsi|\\\\)")  # a URL, a virtual file system, a share
# Words for a library instead of a name: a driver's prefix (PG:…), data or markup written out, a pipe.
WORDS = re.compile(r"^\s*([A-Za-z][\w .+-]+:|[\[{<|]|-$)")
MOST_LISTED = 1000  # names of a folder that are looked at


def no_path(raw: str, folder: Path) -> str | None:
    """Why a text is no path (a key of the catalogue); ``None`` where it may be one.

    A file may have any name: what reads like words for a library is refused only where no such file is.
    """
    if REMOTE.search(raw):
        return "path.remote"
    if any(unicodedata.category(c)[0] in "CZ" and c != " " for c in raw):
        return "path.letters"
    return "path.words" if WORDS.match(raw) and not _there(folder / raw) else None


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long
        return False


def resolve(name: str, spec: LayerSpec, folder: Path) -> Path:
    """The file a layer names, once the path policy has let it through.

    Nothing is opened. The path is relative, stays in the folder (links followed) and names a plain
    file; ``allow_outside`` lifts the first two, never the ban on URLs and virtual file systems.

    Raises
    ------
    InputError
        E-LAYER-001 (no such file), E-LAYER-002 (refused), E-LAYER-119 (a folder).
    """
    raw, at = spec.path, f"layers.{name}.path"
    if (why := no_path(raw, folder)) is not None:
        raise refused(raw, at, why)
    if not spec.allow_outside and (PurePosixPath(raw).is_absolute() or PureWindowsPath(raw).drive):
        raise refused(raw, at, "path.outside")
    try:
        path = (folder / raw).resolve()
        inside = path.is_relative_to(folder.resolve())
        plain = path.is_file() or (path.suffix.lower() in FOLDERS and path.is_dir())
        there, is_folder = path.exists(), path.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name too long
        raise refused(raw, at, "path.none") from error
    if not spec.allow_outside and not inside:
        raise refused(raw, at, "path.link" if (folder / raw).is_symlink() else "path.outside")
    if plain:
        return path
    if is_folder:
        raise InputError([Fault("E-LAYER-119", raw, {"members": _members(path)})])
    if there:
        raise refused(raw, at, "path.device")
    beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    raise InputError([Fault("E-LAYER-001", raw, {"path": raw, "hint": hint(path.name, beside)})])


def refused(raw: str, where: str, why: str) -> InputError:
    """The fault of a path that the policy does not let through."""
    return InputError([Fault("E-LAYER-002", where, {"path": raw, "why": text(why)})])


def _members(folder: Path) -> str:
    """What lies in a folder, folders with a stroke."""
    try:
        return listed(part.name + "/" * part.is_dir() for part in islice(folder.iterdir(), MOST_LISTED))
    except OSError:
        return "-"
