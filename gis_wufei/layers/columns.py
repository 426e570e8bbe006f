"""Attributes held against the contract of a role: each column in its own type, every bad row told."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_wufei.errors import Fault
from gis_wufei.layers.spec import Column, Role
from gis_wufei.layers.tell import as_text, missing_column, rows

TRUE_WORDS = {"true", "1", "yes", "y", "t", "是"}
FALSE_WORDS = {"false", "0", "no", "n", "f", "否"}


def check_column(
    frame: gpd.GeoDataFrame, column: str, contract: Column, where: str, faults: list[Fault]
) -> gpd.GeoDataFrame:
    """Hold one column against its contract; returns the frame with the column in its own type."""
    if column not in frame:
        if contract.required:
            faults.append(missing_column(where, column, frame))
        return frame
    place = f"{where} {column}"
    raw = frame[column]
    blank = raw.isna() | (raw.astype(str).str.strip() == "")
    values: pd.Series
    if contract.kind == "number":
        values = pd.to_numeric(raw.where(~blank), errors="coerce").astype(float)
        bad = (values.isna() & ~blank) | np.isinf(values)
        if contract.min is not None:
            bad |= values < contract.min
        if contract.max is not None:
            bad |= values > contract.max
        if bad.any():
            low, high = ("∞" if end is None else f"{end:g}" for end in (contract.min, contract.max))
            facts = {"rows": rows(frame, bad, column), "limits": f"[{low.replace('∞', '-∞')}, {high}]"}
            faults.append(Fault("E-LAYER-009", place, facts))
    elif contract.kind == "flag":
        if blank.all():  # a column without any value says nothing
            return frame.drop(columns=column)
        words = raw.map(as_text).str.lower()
        bad = ~(blank | words.isin(TRUE_WORDS | FALSE_WORDS))
        if bad.any():
            faults.append(Fault("E-LAYER-011", place, {"rows": rows(frame, bad, column), "allowed": "true, false"}))
        values = words.isin(TRUE_WORDS)
    else:
        values = raw.map(as_text).where(~blank, None)
        if contract.allowed:
            bad = ~blank & ~values.isin(contract.allowed)
            if bad.any():
                facts = {"rows": rows(frame, bad, column), "allowed": ", ".join(contract.allowed)}
                faults.append(Fault("E-LAYER-011", place, facts))
    if blank.any() and not contract.empty:
        faults.append(Fault("E-LAYER-008", place, {"rows": rows(frame, blank)}))
    return frame.assign(**{column: values})


def check_ids(frame: gpd.GeoDataFrame, role: Role, where: str, faults: list[Fault]) -> None:
    if role.id is None or role.id not in frame:
        return
    twice = frame[role.id].notna() & frame[role.id].duplicated(keep=False)
    if twice.any():
        faults.append(Fault("E-LAYER-010", f"{where} {role.id}", {"rows": rows(frame, twice, role.id)}))
