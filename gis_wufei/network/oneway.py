"""Which way a road may be driven, in every spelling that road layers use."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd

from gis_wufei.errors import Fault, InputError, Rows

NO, FORWARD, BACKWARD, CLOSED = "no", "forward", "backward", "closed"

SPELLINGS: dict[str, tuple[str, ...]] = {
    NO: (
        *(
            "",
            "no",
            "n",
            "false",
            "0",
            "both",
            "b",
            "bi",
            "two-way",
            "twoway",
            "none",
            "nan",
            "reversible",
            "alternating",
        ),
        *("否", "无", "双向", "双向通行", "双行", "双行道", "双方向", "不是", "非单行", "×"),
    ),
    FORWARD: (
        *("yes", "y", "true", "1", "ft", "forward", "along", "oneway", "one-way"),
        *("是", "单向", "单向通行", "单行", "单行道", "单行线", "顺向", "顺方向", "顺行", "正向", "正方向", "√"),
    ),
    BACKWARD: ("-1", "tf", "backward", "reverse", "against", "逆向", "逆方向", "逆行", "反向", "反方向"),
    CLOSED: ("禁行", "禁止通行", "不通", "双向禁行", "双向不通"),
}
"""Spellings with one reading, wherever they stand. OSM (yes, 1, -1; a lane whose way changes with the hour is
open both ways here), TomTom (FT, TF), words of Chinese road tables."""

ALPHABETS: tuple[tuple[frozenset[str], dict[str, str]], ...] = (
    # HERE (DIR_TRAVEL) and Geofabrik: from / to the reference node; a B or an F beside a T without yes-or-no words.
    (frozenset("b"), {"b": NO, "f": FORWARD, "t": BACKWARD}),
    # TomTom MultiNet (ONEWAY): N is closed both ways there, and no elsewhere.
    (frozenset({"ft"}), {"ft": FORWARD, "tf": BACKWARD, "n": CLOSED}),
    (frozenset({"tf"}), {"ft": FORWARD, "tf": BACKWARD, "n": CLOSED}),
    # Chinese navigation data (DIRECTION): 0 not surveyed, 1 both ways, 2 along, 3 against the drawing.
    (frozenset("3"), {"0": NO, "1": NO, "2": FORWARD, "3": BACKWARD}),
)
"""Spellings that must be read together: where a column has the first, the others mean what stands behind.

So a 1 is one-way in OSM and both ways in navigation data, and only a 3 in the same column tells which. F and T alone
(false and true, or from and to) and a 2 without a 3 have two readings: they are refused.
"""

SHOWN = 5


def read_oneway(roads: pd.DataFrame) -> pd.Series:
    """The signs of a road table in the words no, forward, backward (against the drawing) and closed.

    Parameters
    ----------
    roads
        Column ``oneway`` in any spelling; missing cells, or no such column: both ways, but a
        roundabout (column ``junction``: roundabout, circular) is driven as it was drawn.

    Raises
    ------
    InputError
        Spellings that are not known or have two readings (E-NET-002), each with its rows.
    """
    words = _words(roads["oneway"]) if "oneway" in roads else pd.Series("", index=roads.index)
    if "junction" in roads:
        round_ = roads["junction"].isin(("roundabout", "circular")) & (words == "")
        words = words.mask(round_, "yes")
    cells = set(words)
    table = {word: way for way, spelt in SPELLINGS.items() for word in spelt}
    for key, alphabet in ALPHABETS:
        if key <= cells and cells <= {"", *alphabet}:
            table |= alphabet
    told = words.map(table)
    unknown = sorted(set(words[told.isna()]))
    if unknown:
        raise InputError([_fault(roads, words, word) for word in unknown])
    return told.astype(object)


def _words(cells: pd.Series) -> pd.Series:
    code, different = pd.factorize(cells.astype(object), use_na_sentinel=False)
    return pd.Series(np.array([_plain(cell) for cell in different], dtype=object)[code], index=cells.index)


def _plain(cell: object) -> str:
    """A cell as a word of the table: full-width letters, capitals and the .0 of a number with gaps undone."""
    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    word = unicodedata.normalize("NFKC", str(cell)).strip().casefold()
    return word[:-2] if word.endswith(".0") else word


def _fault(roads: pd.DataFrame, words: pd.Series, word: str) -> Fault:
    at = np.flatnonzero(words == word)
    labels = [str(roads.index[k]) for k in at[:SHOWN]]
    more = f", +{len(at) - SHOWN}" if len(at) > SHOWN else ""
    values = [str(value)[:40] for value in roads["oneway"].iloc[at]]
    told = Rows(", ".join(labels) + more, [int(k) + 1 for k in at], values, "oneway")
    return Fault("E-NET-002", "roads", {"value": word[:40], "rows": told})
