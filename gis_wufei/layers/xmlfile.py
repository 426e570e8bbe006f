"""XML from elsewhere, looked through before anything else reads it: entities refused, depth bounded, counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.bytestext import damaged_line
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.notes import Notes
from gis_wufei.text import text

MOST_DEPTH = 100
CHUNK = 1 << 20
DECLARED = re.compile(rb"""^\s*<\?xml[^<>]*?\bencoding\s*=\s*["']([\w.:-]+)["']""")
DECLARATION = re.compile(r"^\s*<\?xml[^<>]*\?>")

Start = Callable[[str, dict[str, str], int], None]
End = Callable[[str, str], None]


def look_through(stream: BinaryIO, where: str, start: Start | None = None, end: End | None = None) -> Counter[str]:
    """How often each element stands in an XML file; ``start`` and ``end`` see each one as it passes.

    Parameters
    ----------
    start
        Called with the local name, the attributes and the depth (1: the root) of each element.
    end
        Called with the local name and the text directly inside, when the element closes.

    Raises
    ------
    InputError
        Not XML or cut, entities declared, nested deeper than any honest file.
    """
    counted: Counter[str] = Counter()
    stack: list[list[str]] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.entities")})])

    def opened(name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        stack.append([])
        if len(stack) > MOST_DEPTH:
            raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.depth")})])
        counted[name] += 1
        if start:
            start(name, attributes, len(stack))

    def closed(name: str) -> None:
        inside = "".join(stack.pop())
        if end:
            end(name.rpartition(":")[2], inside)

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    if end:
        parser.CharacterDataHandler = lambda data: stack[-1].append(data) if stack else None
    try:
        while block := stream.read(CHUNK):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})]) from error
    except (LookupError, ValueError) as error:  # an encoding that expat does not know
        if isinstance(error, InputError):
            raise
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})]) from error
    return counted


def xml_text(path: Path, where: str, notes: Notes) -> str:
    """An XML file as text that declares no encoding, so that it can be kept as UTF-8.

    The stated encoding is honoured if the bytes fit it, else UTF-8 and GB18030 are tried, and that is told.

    Raises
    ------
    InputError
        Bytes that fit none.
    """
    raw = path.read_bytes()
    found = DECLARED.match(raw)
    stated = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else found[1].decode().lower() if found else "utf-8"
    told = {"gbk": "gb18030", "gb2312": "gb18030", "utf8": "utf-8"}.get(stated, stated)
    for encoding in dict.fromkeys((told, "utf-8", "gb18030")):
        try:
            content = raw.decode("utf-8-sig" if encoding == "utf-8" else encoding)
        except (UnicodeError, LookupError):
            continue
        if encoding != told:
            line = damaged_line(raw) if encoding == "gb18030" else None
            if line is not None:
                raise InputError([Fault("E-LAYER-114", where, {"line": line})])
            notes.repaired.append(Remark("R-LAYER-ENCODING", 1, facts={"stated": stated, "found": encoding}))
        notes.encoding = encoding
        return DECLARATION.sub('<?xml version="1.0" encoding="UTF-8"?>', content, count=1)
    raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.encoding")})])
