"""The columns of a file under our names: aliases, names that were cut, and the units that headers state."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import geopandas as gpd

from gis_wufei.errors import Fault, InputError, listed
from gis_wufei.layers.aliases import Fit, apart, fitting, same_cells
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.misnamed import OURS, doubt_names, refuse_periods, spare_columns
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import Column, Role
from gis_wufei.layers.units import Unit, parse_unit, plain, words
from gis_wufei.text import text

DBF = (".shp", ".dbf", ".zip")
PERIOD_WORDS = {"a": ("年", "year", "annual"), "d": ("日", "天", "day", "daily")}


def name_columns(
    frame: gpd.GeoDataFrame,
    role: Role,
    mapped: Mapping[str, str],
    where: str,
    faults: list[Fault],
    notes: Notes,
    keep: Collection[str] = (),
) -> gpd.GeoDataFrame:
    """The frame with every column the role knows under our name.

    Parameters
    ----------
    frame
        Columns as in the file, but for those that ``mapped`` has renamed already.
    mapped
        Our column: the file's, as the study says; these are not sought, but their units are checked.
    keep
        The file's columns that must also stay under their own name (``where:`` asks for them).

    A column of ours that is absent is sought by its aliases and, where names were cut at ten bytes, by
    its beginning. One that fits is taken and told; several are a fault, and so is one that fits
    several of ours, unless they hold the same cells.

    Raises
    ------
    InputError
        Two columns with one name.
    """
    twice = list(dict.fromkeys(str(name) for name in frame.columns[frame.columns.duplicated()]))
    if twice:
        raise InputError([Fault("E-LAYER-020", where, {"column": name}, field=name) for name in twice])
    frame = frame.drop(columns=spare_columns(frame, role, where, notes))
    for own, theirs in mapped.items():
        contract = role.columns.get(own)
        if contract and contract.unit:
            _unit(own, contract, theirs, apart(theirs)[1], where, faults, notes)
    free = [str(header) for header in frame.columns if header not in OURS and header not in role.columns]
    wanted = {own: column for own, column in role.columns.items() if own not in frame}
    dbf = notes.path is not None and notes.path.suffix.lower() in DBF
    every = {own: found for own, column in role.columns.items() if (found := fitting(own, column, free, dbf))}
    fits = {own: found for own, found in every.items() if own in wanted}
    taken: dict[str, str] = {}
    for header, ours in _shared(every).items():
        absent = [own for own in ours if own in wanted]
        if absent == ours:
            facts = {"found": header, "columns": listed(ours)}
            faults.append(Fault("E-LAYER-071", f"{where} {header}", facts, field=header))
        elif absent:  # it may be one that is there already, once more
            told = {"column": header, "wanted": absent[0], "label": role.columns[absent[0]].label}
            notes.warned.append(Remark("R-LAYER-MISSPELT", 1, facts=told, field=header))
        for own in absent:
            fits.pop(own, None)
    for own, found in fits.items():
        contract = role.columns[own]
        chosen = _chosen(own, contract, found, frame, where, faults, notes)
        if chosen is None:
            continue
        short = chosen.name in map(plain, contract.short)
        if short and not _short_unit(own, contract, chosen, role, where, faults, notes):
            continue
        if contract.unit and not _unit(own, contract, chosen.header, chosen.unit, where, faults, notes):
            continue
        taken[own] = chosen.header
        code = "R-LAYER-CUT" if chosen.cut else "R-LAYER-ALIAS"
        book = notes.repaired if chosen.cut else notes.guessed
        book.append(Remark(code, 1, facts={"old": chosen.header, "new": own}, field=own))
    stay = {header: frame[header] for header in taken.values() if header in keep}
    renamed = frame.rename(columns={header: own for own, header in taken.items()})
    left = [header for header in free if header not in taken.values() and header not in keep]
    refuse_periods(renamed, role, left, where, faults)
    doubt_names(renamed, role, left, faults, notes)
    return renamed.assign(**stay) if stay else renamed


def _shared(fits: Mapping[str, list[Fit]]) -> dict[str, list[str]]:
    """Headers that fit several of our columns, with those columns; names that need a unit are settled by it."""
    ours: dict[str, list[str]] = {}
    for own, found in fits.items():
        for one in found:
            if one.cut:
                ours.setdefault(one.header, []).append(own)
    return {header: names for header, names in ours.items() if len(names) > 1}


def _chosen(
    own: str,
    contract: Column,
    found: list[Fit],
    frame: gpd.GeoDataFrame,
    where: str,
    faults: list[Fault],
    notes: Notes,
) -> Fit | None:
    """The one that fits. Of several with the same cells any will do; else the planner must say which."""
    own_name = [one for one in found if one.name == plain(own)]
    telling = [one for one in found if one.name not in words()["vague"]]
    found = own_name if len(own_name) == 1 else telling or found
    if contract.short:  # of 处理能力(吨/日) and 处理能力(吨/年) each column takes its own
        told = [one for one in found if one.unit and _same_kind(contract, one.unit)]
        short = set(map(plain, contract.short))
        found = told or [
            one for one in found if not (one.name in short and one.unit and _other_period(contract, one.unit))
        ]
    if not found:
        return None
    if len(found) == 1 or all(same_cells(frame[found[0].header], frame[one.header]) for one in found[1:]):
        return found[0]
    headers = listed(one.header for one in found)
    if contract.required or contract.kind != "text" or contract.allowed:
        facts = {"column": own, "columns": headers, "first": found[0].header}
        faults.append(Fault("E-LAYER-070", where, facts, field=own))
    else:  # a label that the plan can do without
        notes.warned.append(Remark("R-LAYER-CHOICE", len(found), facts={"column": own, "columns": headers}, field=own))
    return None


def _same_kind(contract: Column, unit: str) -> bool:
    found, wanted = parse_unit(unit), parse_unit(contract.unit or "")
    return found is not None and wanted is not None and (found.kind, found.period) == (wanted.kind, wanted.period)


def _other_period(contract: Column, unit: str) -> bool:
    found, wanted = parse_unit(unit), parse_unit(contract.unit or "")
    return bool(found and wanted and found.kind == wanted.kind and found.period and found.period != wanted.period)


def _short_unit(
    own: str, contract: Column, chosen: Fit, role: Role, where: str, faults: list[Fault], notes: Notes
) -> bool:
    """Whether a name such as 处理能力 says by its unit which of our columns it is; else it is told, once.

    A column that alone has such a name is only doubted, and not used, where its unit is not said.
    """
    if chosen.unit is not None and _same_kind(contract, chosen.unit):
        return True
    rivals = [name for name, other in role.columns.items() if chosen.name in map(plain, other.short)]
    if rivals == [own]:
        if chosen.unit is not None:
            return True  # refused by its unit
        facts = {"column": chosen.header, "unit": contract.unit, "wanted": own}
        notes.warned.append(Remark("R-LAYER-NOUNIT", 1, facts=facts, field=chosen.header))
        return False
    if not any(fault.code == "E-LAYER-071" and fault.facts["found"] == chosen.header for fault in faults):
        facts = {"found": chosen.header, "columns": listed(rivals)}
        faults.append(Fault("E-LAYER-071", f"{where} {chosen.header}", facts, field=chosen.header))
    return False


def _unit(
    own: str, contract: Column, header: str, unit: str | None, where: str, faults: list[Fault], notes: Notes
) -> bool:
    """Whether a header's unit is the column's, or is turned into it as the study asks.

    A header without a unit is taken at our word. Only the size of the unit is ever changed, never its period.
    """
    if unit is None:
        return True
    wanted, found = parse_unit(contract.unit or ""), parse_unit(unit)
    facts: dict[str, object] = {"found": unit, "wanted": contract.label, "column": own, "unit": contract.unit}
    place = f"{where} {header}"
    if wanted is not None and found is not None and _measures(found, wanted, header):
        if found.factor == wanted.factor:
            return True
        if notes.spec.convert_units or contract.convert:
            notes.factors[own] = (unit, found.factor / wanted.factor)
            return True
        facts["factor"] = f"{found.factor / wanted.factor:g}"
        faults.append(Fault("E-LAYER-072", place, facts, field=header))
        return False
    if wanted is not None and found is not None:
        facts["why"] = text("header.period" if found.kind == wanted.kind else "header.other")
    else:
        facts["why"] = text("unit.strange")
    faults.append(Fault("E-LAYER-073", place, facts, field=header))
    return False


def _measures(found: Unit, wanted: Unit, header: str) -> bool:
    """Whether both measure the same; 吨 under a name that says 年 is 吨/年."""
    if found.kind != wanted.kind:
        return False
    if found.period or not wanted.period:
        return found.period == wanted.period
    told = {period for period, hints in PERIOD_WORDS.items() if any(hint in header.casefold() for hint in hints)}
    return told <= {wanted.period}
