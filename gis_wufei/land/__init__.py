"""Land: from clauses to eligible ground and candidate sites, with an account of every hectare."""

from gis_wufei.land.eligibility import Eligibility, LedgerLine, Masks, assess
from gis_wufei.land.grid import Grid, make_grid
from gis_wufei.land.rules import BoundRule, RuleChange, binding_rules
from gis_wufei.land.sites import CandidateSpec, candidate_sites, existing_sites

__all__ = [
    "BoundRule",
    "CandidateSpec",
    "Eligibility",
    "Grid",
    "LedgerLine",
    "Masks",
    "RuleChange",
    "assess",
    "binding_rules",
    "candidate_sites",
    "existing_sites",
    "make_grid",
]
