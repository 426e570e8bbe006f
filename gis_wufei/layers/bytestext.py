"""Bytes that were text: where what is UTF-8 for the most part is damaged."""

from __future__ import annotations


def damaged_line(raw: bytes) -> int | None:
    """The line of the first damaged byte in what is UTF-8 for the most part; ``None`` if it is whole, or no UTF-8.

    Such bytes would fit GB18030 by chance, and every text of the file would come out broken.
    """
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as stop:
        told = raw.decode("utf-8", "replace")
        broken = told.count("\ufffd")
        letters = sum(not letter.isascii() for letter in told) - broken
        return raw[: stop.start].count(b"\n") + 1 if letters > 4 * broken else None
    return None
