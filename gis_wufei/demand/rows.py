"""Rows of a layer: those an entry chooses, what is synthetic, numbers that must be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_wufei.demand.formula import first_rows
from gis_wufei.demand.names import Floats
from gis_wufei.errors import Fault, InputError, listed
from gis_wufei.layers import Layer
from gis_wufei.layers.tell import as_text, missing_column


def chosen(layer: Layer, where: Mapping[str, Sequence[str]]) -> gpd.GeoDataFrame:
    """Rows of a layer whose columns have one of the values of ``where``."""
    frame, file = layer.frame, layer.certificate.path.name
    for column, values in where.items():
        if column not in frame:
            raise InputError([missing_column(file, column, frame)])
        have = frame[column].map(as_text)
        frame = frame[have.isin(values)]
        if frame.empty:
            facts = {"column": column, "wanted": ", ".join(values), "have": listed(set(have))}
            raise InputError([Fault("E-LAYER-024", file, facts)])
    return frame


def flag(frame: pd.DataFrame) -> pd.Series:
    """Whether each row is synthetic; a row that does not say so is neither."""
    told = frame["synthetic"] if "synthetic" in frame else pd.Series(pd.NA, frame.index)
    return told.astype("boolean")


def counts(frame: pd.DataFrame, column: str, file: str) -> Floats:
    """A column of counts as numbers; what is empty, negative or no number is a fault, never 0."""
    if column not in frame:
        raise InputError([missing_column(file, column, frame)])
    found = pd.to_numeric(frame[column], errors="coerce").to_numpy(float)
    wrong = ~(np.isfinite(found) & (found >= 0))
    if wrong.any():
        told = first_rows(frame["row"][wrong], map(as_text, frame[column][wrong]))
        raise InputError([Fault("E-DEMAND-006", f"{file} {column}", {"rows": told})])
    return found
