"""Suitability: which of the eligible sites is the best, by which criteria, and how firmly."""

from gis_wufei.suitability.acceptability import (
    Acceptability,
    WeightRegion,
    acceptability,
    all_weights,
    around,
    of_experts,
)
from gis_wufei.suitability.ahp import Mend, Priorities, aggregate, aggregate_priorities, mends, priorities
from gis_wufei.suitability.assess import doubts, suitability, suitability_map, weigh
from gis_wufei.suitability.changes import least_changes
from gis_wufei.suitability.criteria import CriterionSpec
from gis_wufei.suitability.judgements import read_panel
from gis_wufei.suitability.measure import Ground
from gis_wufei.suitability.methods import MethodSpec, OwaMethod, TopsisMethod, WlcMethod, owa, topsis, wlc
from gis_wufei.suitability.order import order_weights, orness, quantifier, trade_off
from gis_wufei.suitability.pairwise import PairwiseMatrix, pairwise
from gis_wufei.suitability.panel import GroupWeights, Structure, group_weights, structure
from gis_wufei.suitability.ranks import ranks
from gis_wufei.suitability.result import Suitability
from gis_wufei.suitability.reversal import rank_reversals
from gis_wufei.suitability.spec import AhpWeights, DirectWeights, SuitabilitySpec
from gis_wufei.suitability.stability import weight_intervals
from gis_wufei.suitability.values import ValueSpec

__all__ = [
    "Acceptability",
    "AhpWeights",
    "CriterionSpec",
    "DirectWeights",
    "Ground",
    "GroupWeights",
    "Mend",
    "MethodSpec",
    "OwaMethod",
    "PairwiseMatrix",
    "Priorities",
    "Structure",
    "Suitability",
    "SuitabilitySpec",
    "TopsisMethod",
    "ValueSpec",
    "WeightRegion",
    "WlcMethod",
    "acceptability",
    "aggregate",
    "aggregate_priorities",
    "all_weights",
    "around",
    "doubts",
    "group_weights",
    "least_changes",
    "mends",
    "of_experts",
    "order_weights",
    "orness",
    "owa",
    "pairwise",
    "priorities",
    "quantifier",
    "rank_reversals",
    "ranks",
    "read_panel",
    "structure",
    "suitability",
    "suitability_map",
    "topsis",
    "trade_off",
    "weigh",
    "weight_intervals",
    "wlc",
]
