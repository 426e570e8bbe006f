"""Archives: only what one dataset needs leaves them, into a private folder, within limits of count, size and ratio."""

from __future__ import annotations

import re
import shutil
import stat
import zlib
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from weakref import finalize
from zipfile import BadZipFile, ZipFile, ZipInfo

from gis_wufei.errors import Fault, InputError, listed
from gis_wufei.text import text

MOST_MEMBERS = 2000  # a file geodatabase has some hundred
MOST_BYTES = 2 << 30  # of what is taken out
MOST_RATIO = 200  # of a member above SMALL; blanks of a shapefile's table shrink a hundredfold
SMALL = 16 << 20
CHUNK = 1 << 20
UTF8_NAME = 0x800  # flag of a member whose name is stated to be UTF-8
ENCRYPTED = 0x1
CLUTTER = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._)", re.IGNORECASE)
ARCHIVES = (".zip", ".kmz", ".rar", ".7z", ".gz", ".tar", ".tgz", ".bz2", ".xz")
OTHERS = {b"Rar!": "RAR", b"7z\xbc\xaf": "7z", b"\x1f\x8b": "gzip", b"BZh": "bzip2"}


class PrivateFolder:
    """A folder of our own that goes when the last one who holds this object does."""

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="wufei-"))
        finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def opened_zip(path: Path, where: str) -> ZipFile:
    """The archive with its members' names in their own letters, once all of them are harmless.

    Raises
    ------
    InputError
        No ZIP, cut, too many members, a member that climbs out, is a link, is encrypted or unpacks to
        a multiple that no data does.
    """
    with path.open("rb") as stream:
        head = stream.read(4)
    other = next((name for magic, name in OTHERS.items() if head.startswith(magic)), None)
    if other:
        raise _refused(where, "archive.other", kind=other)
    if not head.startswith(b"PK"):
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.content")})])
    try:
        archive = ZipFile(path)
    except (BadZipFile, OSError, ValueError, NotImplementedError, EOFError, IndexError) as error:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})]) from error
    try:
        _harmless(archive.infolist(), where)
    except InputError:
        archive.close()
        raise
    return archive


def _harmless(members: list[ZipInfo], where: str) -> None:
    if len(members) > MOST_MEMBERS:
        raise _refused(where, "archive.many", count=len(members), limit=MOST_MEMBERS)
    names: set[str] = set()
    for member in members:
        name = name_of(member)
        if not name:
            raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})])
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or re.match(r"^[A-Za-z]:", name) or "\0" in name:
            raise _refused(where, "archive.climbs", member=name)
        if stat.S_ISLNK(member.external_attr >> 16):
            raise _refused(where, "archive.link", member=name)
        if not member.is_dir() and name in names:
            raise _refused(where, "archive.twice", member=name)
        names.add(name)
        if member.file_size > SMALL and member.file_size > MOST_RATIO * max(member.compress_size, 1):
            raise _refused(where, "archive.bomb", member=name)
    if sum(member.file_size for member in members) > MOST_BYTES:
        raise _refused(where, "archive.large", limit=f"{MOST_BYTES >> 30} GiB")


def name_of(member: ZipInfo) -> str:
    """A member's name; archives made on Chinese Windows keep it in GBK without saying so."""
    name = member.filename
    if not member.flag_bits & UTF8_NAME and not name.isascii():
        try:
            raw = name.encode("cp437")
        except UnicodeEncodeError:
            return name.replace("\\", "/")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/")


def datasets(archive: ZipFile, kinds: tuple[str, ...]) -> dict[str, list[ZipInfo]]:
    """The datasets in an archive by their path: a file with its side files, or a ``.gdb`` folder."""
    files = {name_of(m): m for m in archive.infolist() if not m.is_dir() and not CLUTTER.search(name_of(m))}
    found: dict[str, list[ZipInfo]] = {}
    for name, member in sorted(files.items()):
        parts = PurePosixPath(name).parts
        folder = next((i for i, part in enumerate(parts) if part.lower().endswith(".gdb")), None)
        if folder is not None and folder < len(parts) - 1:
            found.setdefault("/".join(parts[: folder + 1]), []).append(member)
        elif PurePosixPath(name).suffix.lower() in kinds:
            stem = name[: -len(PurePosixPath(name).suffix)]
            found[name] = [m for other, m in files.items() if other.startswith(stem) and _with(name, other)]
    return found


def _with(name: str, other: str) -> bool:
    """Whether ``other`` belongs to the dataset ``name``: itself, or a side file of a shapefile or a GeoPackage."""
    if other == name:
        return True
    kind = PurePosixPath(name).suffix.lower()
    if kind == ".shp" and other[: -len(PurePosixPath(other).suffix)] == name[: -len(kind)]:
        return PurePosixPath(other).suffix.lower() in (".shx", ".dbf", ".prj", ".cpg")
    if kind in (".tif", ".tiff"):
        return other == f"{name[: -len(kind)]}.tfw"
    return kind == ".gpkg" and other in (name + "-wal", name + "-journal")


def unpacked(archive: ZipFile, name: str, members: list[ZipInfo], folder: Path, where: str) -> Path:
    """One dataset out of an archive in a private folder, under plain names; bytes are counted as they come."""
    kind = PurePosixPath(name).suffix.lower()
    home = folder / ("set.gdb" if kind == ".gdb" else "set")
    home.mkdir()
    total = 0
    for member in members:
        inside = PurePosixPath(name_of(member))
        target = home / (inside.name if kind == ".gdb" else _plain(inside, name))
        try:
            with archive.open(member) as source, target.open("xb") as sink:
                while block := source.read(CHUNK):
                    total += len(block)
                    if total > MOST_BYTES:
                        raise _refused(where, "archive.large", limit=f"{MOST_BYTES >> 30} GiB")
                    sink.write(block)
        except InputError:
            raise
        except RuntimeError as error:  # zipfile's word for a password
            if member.flag_bits & ENCRYPTED:
                raise _refused(where, "archive.locked", member=str(inside)) from error
            raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})]) from error
        except (BadZipFile, OSError, zlib.error, EOFError, NotImplementedError, ValueError) as error:
            raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})]) from error
    return home if kind == ".gdb" else home / f"data{kind}"


def _plain(inside: PurePosixPath, name: str) -> str:
    """The name of a part in the private folder: letters of an archive never become a path."""
    if str(inside).startswith(name + "-"):
        return f"data.gpkg{str(inside)[len(name) :]}"
    return f"data{inside.suffix.lower()}"


def choose(archive: ZipFile, kinds: tuple[str, ...], wanted: str | None, where: str) -> tuple[str, bool]:
    """The one dataset of an archive, or the one that ``wanted`` names; and whether ``wanted`` was used up by it.

    Raises
    ------
    InputError
        None, or several and none named.
    """
    found = datasets(archive, kinds)
    named = [name for name in found if wanted in (name, PurePosixPath(name).name, PurePosixPath(name).stem)]
    if len(found) > 1 and len(named) == 1:
        return named[0], True
    if len(found) > 1:
        raise InputError([Fault("E-LAYER-103", where, {"members": listed(found)})])
    if not found:
        names = [name_of(m) for m in archive.infolist() if not m.is_dir()]
        inner = [name for name in names if name.lower().endswith(ARCHIVES)]
        if inner:
            raise _refused(where, "archive.nested", member=inner[0])
        raise InputError([Fault("E-LAYER-104", where, {"members": listed(names), "allowed": ", ".join(kinds)})])
    return next(iter(found)), False


def _refused(where: str, reason: str, **facts: object) -> InputError:
    words = text(reason)
    told = type(words)(zh=words.zh.format(**facts), en=words.en.format(**facts))
    return InputError([Fault("E-LAYER-102", where, {"reason": told})])
