"""Names that are nearly ours: the same but for case or width, of another period, or a slip away."""

from __future__ import annotations

from collections.abc import Collection
from difflib import SequenceMatcher

import geopandas as gpd
import pandas as pd

from gis_wufei.errors import Fault, InputError, listed
from gis_wufei.layers.aliases import claimed, same_cells
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.coordinates import is_coordinate
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import Role
from gis_wufei.layers.tell import LONLAT
from gis_wufei.layers.units import halfwidth, plain, split_header
from gis_wufei.text import Text, text

OURS = ("row", "geometry", LONLAT)


def spare_columns(frame: pd.DataFrame, role: Role, where: str, notes: Notes) -> list[str]:
    """Columns that repeat another whose name differs in case or width only, where the role or the study may mean it.

    Raises
    ------
    InputError
        They hold different cells: it is open which is meant.
    """
    groups: dict[str, list[str]] = {}
    for header in map(str, frame.columns):
        if header not in OURS:
            groups.setdefault(halfwidth(header).strip().casefold(), []).append(header)
    faults, spare = [], []
    settled, kept = set(notes.spec.fields.values()), set(notes.spec.where)
    for names in groups.values():
        if len(names) == 1 or settled & set(names):
            continue
        if not (claimed(role, names) or kept & set(names) or any(map(is_coordinate, names))):
            continue
        names.sort(key=lambda name: name not in (*role.columns, "lon", "lat"))
        if all(same_cells(frame[names[0]], frame[name]) for name in names[1:]):
            spare += [name for name in names[1:] if name not in kept]
            facts = {"columns": listed(names), "column": names[0]}
            notes.found.append(Remark("R-LAYER-SAMENAME", len(names), facts=facts, field=names[0]))
        else:
            faults.append(Fault("E-LAYER-020", where, {"column": " / ".join(names)}, field=names[0]))
    if faults:
        raise InputError(faults)
    return spare


def refuse_periods(frame: gpd.GeoDataFrame, role: Role, left: Collection[str], where: str, faults: list[Fault]) -> None:
    """A fault for a name such as 处理能力(吨/月) that is none of ours by its period, where ours are all absent."""
    told = {fault.field for fault in faults}
    for header in left:
        base, unit = split_header(header)
        rivals = [own for own, column in role.columns.items() if plain(base) in map(plain, column.short)]
        if unit is None or not rivals or header in told or any(own in frame for own in rivals):
            continue
        units = " / ".join(f"{role.columns[own].unit}" for own in rivals)
        labels = [role.columns[own].label for own in rivals]
        wanted = Text(zh="、".join(one.zh for one in labels), en=", ".join(one.en for one in labels))
        facts = {"found": unit, "wanted": wanted, "columns": listed(rivals), "column": listed(rivals), "unit": units}
        faults.append(Fault("E-LAYER-073", f"{where} {header}", {**facts, "why": text("header.period")}, field=header))


def doubt_names(frame: gpd.GeoDataFrame, role: Role, left: Collection[str], faults: list[Fault], notes: Notes) -> None:
    """Doubt columns that no role knows and whose name is a slip away from one that is wanted and absent."""
    told = {str(fault.field) for fault in faults} | {str(fault.facts.get("column")) for fault in faults}
    free = [name for name in left if name not in told and not claimed(role, [name])]
    for own, column in role.columns.items():
        if own in frame or own in told or column.required:  # a required one is refused, with the closest name
            continue
        words = (own, *column.aliases, *column.short)
        near = next((name for name in free if any(_slip(name, word) for word in words)), None)
        if near is not None:
            free.remove(near)
            facts = {"column": near, "wanted": own, "label": column.label}
            notes.warned.append(Remark("R-LAYER-MISSPELT", 1, facts=facts, field=near))


def _slip(name: str, wanted: str) -> bool:
    """Whether a name is another one but for a letter lost, doubled, exchanged or wrong; never but for a number."""
    one, other = plain(name), plain(wanted)
    if len(other) < 4 or one.strip("0123456789") == other:
        return False
    if not other.isascii():  # 企业地址 is no slip of 企业名称, 数据来源单位 none of 数据来源: one sign of as many
        return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1
    near = len(other) > 5 and abs(len(one) - len(other)) < 3
    return near and SequenceMatcher(None, one, other).ratio() >= 0.88
