"""Joins by code between two tables: what matches, what matches once written alike, and what has no partner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from gis_wufei.layers.cells import each
from gis_wufei.layers.certificate import Certificate, Layer, Remark
from gis_wufei.layers.keys import loose
from gis_wufei.layers.spec import roles
from gis_wufei.layers.tell import SHOWN_IDS, remark


@dataclass(frozen=True)
class Match:
    """A join by code: ``keys`` are the left keys as the right writes them (or as they were), by row of the left.

    ``mended`` are pairs that match only without case, width, blanks and lost zeros; ``left_only`` and
    ``right_only`` have no partner; ``ambiguous`` would fit several.
    """

    keys: pd.Series
    mended: dict[str, str]
    left_only: tuple[str, ...]
    right_only: tuple[str, ...]
    ambiguous: tuple[str, ...]


def match_keys(left: pd.Series, right: pd.Series) -> Match:
    """Match codes of two tables; what differs only in writing matches where that makes it one-to-one."""
    theirs = {str(code) for code in right.dropna()}
    ours = {str(code) for code in left.dropna()}
    strangers = sorted(ours - theirs)
    others: dict[str, set[str]] = {}
    for code in theirs:
        others.setdefault(loose(code), set()).add(code)
    mine: dict[str, set[str]] = {}
    for code in ours:
        mine.setdefault(loose(code), set()).add(code)
    mended: dict[str, str] = {}
    ambiguous = []
    for code in strangers:
        fits = others.get(loose(code), set())
        if len(fits) == 1 and len(mine[loose(code)]) == 1:
            mended[code] = next(iter(fits))
        elif fits:
            ambiguous.append(code)
    keys = each(left, lambda code: mended.get(str(code), str(code)))
    met = set(mended.values()) | (ours & theirs)
    left_only = tuple(code for code in strangers if code not in mended)
    return Match(keys, mended, left_only, tuple(sorted(theirs - met)), tuple(ambiguous))


def joined(layers: Mapping[str, Layer]) -> dict[str, Layer]:
    """The layers of a study with every column that refers to another layer's ids written as that layer writes them.

    Codes without a partner stay as they are and are told on both sides; whoever needs them refuses them.
    """
    told = dict(layers)
    for name, layer in layers.items():
        for column, contract in roles()[layer.role].columns.items():
            owners = [other for other in layers.values() if contract.refers and other.role == contract.refers]
            key = roles()[contract.refers].id if contract.refers else None
            if not owners or key is None or column not in layer.frame:
                continue
            match = match_keys(layer.frame[column], pd.concat([owner.frame[key] for owner in owners]))
            told[name] = _referring(told[name], column, match, owners[0].name)
            if len(owners) == 1:
                told[owners[0].name] = _referred(told[owners[0].name], key, match, name)
    return told


def _referring(layer: Layer, column: str, match: Match, other: str) -> Layer:
    paper, frame = layer.certificate, layer.frame
    if match.mended:
        pairs = ", ".join(f"{old} → {new}" for old, new in list(match.mended.items())[:SHOWN_IDS])
        mask = frame[column].isin(list(match.mended))
        mended = remark("R-LAYER-KEYS", frame, mask, column, layer=other, pairs=pairs)
        paper = replace(paper, repaired=(*paper.repaired, mended))
        layer = replace(layer, frame=frame.assign(**{column: match.keys}))
    return replace(layer, certificate=_with_strangers(paper, layer, column, match.left_only, other))


def _referred(layer: Layer, key: str, match: Match, other: str) -> Layer:
    return replace(layer, certificate=_with_strangers(layer.certificate, layer, key, match.right_only, other))


def _with_strangers(paper: Certificate, layer: Layer, column: str, codes: tuple[str, ...], other: str) -> Certificate:
    if not codes:
        return paper
    told: Remark = remark("R-LAYER-UNMATCHED", layer.frame, layer.frame[column].isin(codes), column, layer=other)
    return replace(paper, warned=(*paper.warned, replace(told, ids=codes[:SHOWN_IDS], count=len(codes))))
