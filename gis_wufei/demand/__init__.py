"""How much waste arises where and when: one class per formula, the factors named in the study."""

from __future__ import annotations

from gis_wufei.demand.area import PerAreaDemand
from gis_wufei.demand.crops import CropResidueDemand, MoistureSpec
from gis_wufei.demand.estimate import Demand, TotalFound, estimate
from gis_wufei.demand.formula import StorageSpec, TotalSpec, _Formula
from gis_wufei.demand.formulas import DemandSpec
from gis_wufei.demand.names import LEVELS, MU_M2, Level, PartId, SeasonId, ShareId, factor_in, rate_of
from gis_wufei.demand.people import PerPersonDemand
from gis_wufei.demand.reported import LedgerFigure, ReportedDemand
from gis_wufei.demand.standard import with_standard
from gis_wufei.demand.townships import roll_up, township_of
from gis_wufei.layers import layer_of

__all__ = [
    "LEVELS",
    "MU_M2",
    "CropResidueDemand",
    "Demand",
    "DemandSpec",
    "LedgerFigure",
    "Level",
    "MoistureSpec",
    "PartId",
    "PerAreaDemand",
    "PerPersonDemand",
    "ReportedDemand",
    "SeasonId",
    "ShareId",
    "StorageSpec",
    "TotalFound",
    "TotalSpec",
    "_Formula",
    "estimate",
    "factor_in",
    "layer_of",
    "rate_of",
    "roll_up",
    "township_of",
    "with_standard",
]
