"""Suitability of sites and of cells: measured, valued, weighted, scored, and told criterion by criterion."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_wufei.errors import Fault, InputError, ProblemError
from gis_wufei.land import Grid
from gis_wufei.land.grid import Mask
from gis_wufei.layers.path import resolve
from gis_wufei.layers.spec import LayerSpec
from gis_wufei.suitability.ahp import LIMIT_CR
from gis_wufei.suitability.criteria import CELLS
from gis_wufei.suitability.judgements import read_panel
from gis_wufei.suitability.measure import Ground
from gis_wufei.suitability.methods import TopsisMethod
from gis_wufei.suitability.pairwise import Floats, pairwise, written
from gis_wufei.suitability.panel import TOP, GroupWeights, Judgements, group_weights
from gis_wufei.suitability.ranks import ranks
from gis_wufei.suitability.result import Suitability
from gis_wufei.suitability.spec import DirectWeights, SuitabilitySpec

SHOWN = 5


def weigh(spec: SuitabilitySpec, folder: Path | None = None) -> tuple[Floats, GroupWeights | None]:
    """Weights of the criteria, sum 1, and the panel they come from (``None`` where they are set directly).

    Parameters
    ----------
    spec
        Criteria and weights.
    folder
        The study's folder, in which the workbook of judgements lies.

    Raises
    ------
    InputError
        Every fault of the judgements.
    """
    if isinstance(spec.weights, DirectWeights):
        direct = np.array([spec.weights.weights[name] for name in spec.criteria])
        return direct / direct.sum(), None
    panel: dict[str, Judgements]
    if spec.weights.matrix is not None:
        panel = {"-": {TOP: pairwise(spec.weights.matrix, tuple(spec.criteria), "suitability.weights.matrix")}}
    else:
        name = str(spec.weights.workbook)
        path = resolve("suitability.weights", LayerSpec(path=name, role="context"), folder or Path())
        panel = read_panel(path, spec.shape, spec.labels(), name)
    found = group_weights(panel, spec.shape, spec.weights.aggregation)
    return found.weights, found


def suitability(
    spec: SuitabilitySpec, sites: gpd.GeoDataFrame, ground: Ground, folder: Path | None = None
) -> Suitability:
    """Score and rank sites.

    Parameters
    ----------
    spec
        Criteria, weights, method.
    sites
        Points or parcels in the study's metric system, index ``site_id`` without doubles.
    ground
        Layers, places of demand and ways by road.
    folder
        The study's folder.

    Raises
    ------
    InputError
        Every fault of the judgements and of all criteria together: no such layer or column, or a site of
        which nothing is known where the criterion says ``refuse``.
    """
    if not sites.index.is_unique:
        doubled = ", ".join(map(str, sites.index[sites.index.duplicated()].unique()[:SHOWN]))
        raise ProblemError(f"suitability: site_id is not unique ({doubled})")
    faults: list[Fault] = []
    weights, panel = _gathered(spec, folder, faults)
    measured: dict[str, NDArray[np.generic]] = {}
    values: dict[str, Floats] = {}
    blank = np.zeros((len(sites), len(spec.criteria)), bool)
    for at, (name, one) in enumerate(spec.criteria.items()):
        where = f"suitability.criteria.{name}"
        try:
            measured[name] = one.measured(sites, ground, where)
        except InputError as error:
            faults.extend(error.faults)
            continue
        found = one.value.of(measured[name])
        blank[:, at] = np.isnan(found)
        if one.missing == "refuse" and blank[:, at].any():
            named = [str(site) for site in sites.index[blank[:, at]]]
            more = f", +{len(named) - SHOWN}" if len(named) > SHOWN else ""
            faults.append(Fault("E-SUIT-MISSING", where, {"sites": ", ".join(named[:SHOWN]) + more}))
        values[name] = _filled(found, one.missing)
    if faults or weights is None:
        raise InputError(faults)
    index = pd.Index(sites.index.astype(str), name="site_id")
    table = pd.DataFrame(values, index=index, columns=list(spec.criteria))
    known = table.notna().all(axis=1).to_numpy()
    parts = np.full(table.shape, np.nan)
    if known.any():
        parts[known] = spec.method.parts(table.to_numpy()[known], weights)
    score = np.where(known, parts.sum(axis=1), np.nan)
    place = ranks(score)
    names = np.array(list(spec.criteria), object)
    missing = [", ".join(names[row]) for row in blank]
    return Suitability(
        spec=spec,
        measured=pd.DataFrame(measured, index=index, columns=list(spec.criteria)),
        values=table,
        weights=pd.Series(weights, index=pd.Index(spec.criteria, name="criterion"), name="weight"),
        parts=pd.DataFrame(parts, index=index, columns=list(spec.criteria)),
        table=pd.DataFrame(
            {"score": score, "rank": pd.Series(place, index=index, dtype="Int64").where(place > 0), "missing": missing},
            index=index,
        ),
        panel=panel,
        doubts=doubts(panel),
    )


def suitability_map(
    spec: SuitabilitySpec, grid: Grid, ground: Ground, where: Mask | None = None, folder: Path | None = None
) -> Floats:
    """Score of every cell; nan outside ``where`` (default: the area) and where nothing is known.

    Measured at the cells' centres, distances by the grid (never more than the true ones). Here a criterion
    that would ``refuse`` leaves the cell without a score: a hole in a map is seen, one in a table is not.
    TOPSIS compares the cells with each other.

    Returns
    -------
    numpy.ndarray
        float[rows, columns].
    """
    faults: list[Fault] = []
    weights, _ = _gathered(spec, folder, faults)
    row, column = np.nonzero(grid.inside if where is None else where)
    values = np.full((len(row), len(spec.criteria)), np.nan)
    for at, (name, one) in enumerate(spec.criteria.items()):
        try:
            there = one.measured_in_cells(grid, row, column, ground, f"suitability.criteria.{name}")
        except InputError as error:
            faults.extend(error.faults)
            continue
        values[:, at] = _filled(one.value.of(there), "leave_out" if one.missing == "refuse" else one.missing)
    if faults or weights is None:
        raise InputError(faults)
    known = ~np.isnan(values).any(axis=1)
    score = np.full(len(row), np.nan)
    step = len(row) if isinstance(spec.method, TopsisMethod) else CELLS
    chosen = np.flatnonzero(known)
    for start in range(0, len(chosen), max(step, 1)):
        part = chosen[start : start + step]
        score[part] = spec.method.scores(values[part], weights)
    found = np.full(grid.shape, np.nan)
    found[row, column] = score
    return found


def _gathered(
    spec: SuitabilitySpec, folder: Path | None, faults: list[Fault]
) -> tuple[Floats | None, GroupWeights | None]:
    try:
        return weigh(spec, folder)
    except InputError as error:
        faults.extend(error.faults)
        return None, None


def _filled(values: Floats, missing: str | float) -> Floats:
    if isinstance(missing, float | int):
        return np.where(np.isnan(values), float(missing), values)
    return np.where(np.isnan(values), 0.0, values) if missing == "worst" else values


def doubts(panel: GroupWeights | None) -> tuple[Fault, ...]:
    """Warnings of judgements that contradict each other, those of the panel and of each expert."""
    if panel is None:
        return ()
    loose = [
        f"{expert} {mend.cr:.2f}: {mend.first} / {mend.second} {written(mend.judged)} → {written(mend.value)}"
        for expert, mend in panel.revise.items()
    ]
    found = []
    if panel.cr > LIMIT_CR + 1e-12:
        found.append(Fault("W-SUIT-CR", "suitability.weights", {"cr": f"{panel.cr:.2f}"}))
    if loose:
        found.append(Fault("W-SUIT-EXPERTS", "suitability.weights", {"experts": "; ".join(loose)}))
    return tuple(found)
