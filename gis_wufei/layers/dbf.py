"""The table of a shapefile as its bytes say it: names, records, encodings and what a driver would pass over."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HEADER = 32  # bytes of the file's head, and of each field's description
DELETED = ord("*")
# Language driver of the table's head: the code page it states. 0 and 0x57 ("ANSI") state none.
PAGES = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x13: "cp932", 0x4D: "gb18030", 0x4E: "cp949", 0x4F: "cp950",
    0x7A: "gb18030", 0x7B: "cp932", 0x78: "cp950", 0x79: "cp949", 0xC8: "cp1250", 0xC9: "cp1251",
}  # fmt: skip
HANZI_PAIRS = re.compile(rb"(?:[\xb0-\xf7][\xa1-\xfe])+")
HIGH = re.compile(rb"[\x80-\xff]+")
THREE_BYTES = re.compile(rb"[\xe3-\xe9][\x80-\xbf][\x80-\xbf]")


@dataclass(frozen=True)
class DbfField:
    """One field: its name as bytes, type letter, place in the record and width."""

    name: bytes
    kind: str
    start: int
    width: int


@dataclass(frozen=True)
class Dbf:
    """A table's bytes: ``records`` is one row of bytes a record, the first byte its deletion mark."""

    fields: tuple[DbfField, ...]
    stated: int
    records: NDArray[np.uint8]
    page: int
    whole: bool

    @property
    def deleted(self) -> NDArray[np.bool_]:
        return np.asarray(self.records[:, 0] == DELETED)

    @cached_property
    def letters(self) -> list[bytes]:
        """Every different text that is not plain ASCII."""
        told: list[bytes] = []
        for field in self.fields:
            if field.kind in "CM" and (self.records[:, field.start : field.start + field.width] > 127).any():
                column = self.cells(field)
                told.extend(np.unique(column[_high(column)]).tolist())
        return told

    def cells(self, field: DbfField) -> NDArray[np.bytes_]:
        """The cells of one field, with the blanks that fill them removed."""
        cut = np.ascontiguousarray(self.records[:, field.start : field.start + field.width])
        return np.char.strip(cut.view(f"S{field.width}").ravel())


def read_dbf(path: Path) -> Dbf | None:
    """The table, or ``None`` where the head does not describe one."""
    raw = np.fromfile(path, dtype=np.uint8)
    if len(raw) < HEADER + 1:
        return None
    head = raw[:HEADER].tobytes()
    stated, start, width = (int.from_bytes(head[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
    if start <= HEADER or start > len(raw) or width < 1:
        return None
    fields, at = [], 1
    for place in range(HEADER, start - 1, HEADER):
        part = raw[place : place + HEADER].tobytes()
        if part[:1] == b"\r" or len(part) < HEADER:
            break
        kind = chr(part[11])
        wide = part[16] + (256 * part[17] if kind == "C" else 0)
        fields.append(DbfField(part[:11].split(b"\0")[0].rstrip(), kind, at, wide))
        at += wide
    if at > width or any(field.width == 0 for field in fields):
        return None
    there = (len(raw) - start) // width
    count = min(stated, there)
    records = raw[start : start + count * width].reshape(count, width)
    return Dbf(tuple(fields), stated, records, head[29], there >= stated)


def encoding_of(table: Dbf, stated: str | None) -> tuple[str, str | None]:
    """The encoding of names and texts, and the stated one where the bytes refuse it.

    A stated encoding is honoured if the bytes fit it; otherwise UTF-8 is tried strictly, then GB18030.
    Bytes of a text cut by its field's width may end within a character.
    """
    told = [cell for cell in (*(field.name for field in table.fields), *table.letters) if not cell.isascii()]
    known = _codec(stated) or PAGES.get(table.page)
    if not told:
        return known or "utf-8", None
    fits = [encoding for encoding in ("utf-8", "gb18030") if all(_fits(cell, encoding) for cell in told)]
    if known is None:
        return (fits[0] if fits else "latin-1"), None
    if all(_fits(cell, known) for cell in told) and not _better(told, known, fits):
        return known, None
    return (fits[0], known) if fits else (known, known)


def _better(told: list[bytes], known: str, fits: list[str]) -> bool:
    """Whether the bytes fit the stated encoding by chance only: they are UTF-8, or pairs of common characters."""
    if known == "utf-8" or not fits:
        return False
    if "utf-8" in fits:
        return any(THREE_BYTES.search(cell) for cell in told) or known in ("latin-1", "cp1252", "cp437", "cp850")
    if known in ("gb18030", "cp950", "cp932", "cp949"):
        return False
    return all(HANZI_PAIRS.fullmatch(run) for cell in told for run in HIGH.findall(cell))


def _codec(name: str | None) -> str | None:
    """Python's name of a stated encoding; GBK and GB2312 are parts of GB18030."""
    if not name:
        return None
    plain = name.strip().strip("\ufeff").lower().replace("_", "-")
    digits = re.fullmatch(r"(?:ansi[ -]?|cp|windows-|oem )?(\d{3,5})", plain)
    if digits:
        plain = {"936": "gbk", "65001": "utf-8", "54936": "gb18030"}.get(digits[1], f"cp{digits[1]}")
        plain = "latin-1" if plain in ("cp88591", "cp28591") else plain
    try:
        found = codecs.lookup(plain).name
    except LookupError:
        return None
    return {"gbk": "gb18030", "gb2312": "gb18030", "iso8859-1": "latin-1"}.get(found, found)


def _high(column: NDArray[np.bytes_]) -> NDArray[np.bool_]:
    width = column.dtype.itemsize
    return np.asarray((column.view(np.uint8).reshape(len(column), width) > 127).any(axis=1))


def _fits(cell: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(cell, final=False)
    except UnicodeDecodeError:
        return False
    return True


def decoded(cell: bytes, encoding: str) -> str:
    """A text in its encoding; half a character at its end is left out."""
    return codecs.getincrementaldecoder(encoding)("replace").decode(cell, final=False).strip()
