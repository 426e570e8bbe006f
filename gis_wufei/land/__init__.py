"""Land: from clauses to eligible ground and candidate sites, with an account of every hectare."""

from gis_wufei.land.access import AccessList
from gis_wufei.land.eligibility import Eligibility, LedgerLine, Masks, assess
from gis_wufei.land.grid import Grid, make_grid
from gis_wufei.land.measures import Places
from gis_wufei.land.rules import BoundRule, OwnClause, RuleChange, binding_rules
from gis_wufei.land.sites import CandidateSpec, candidate_sites, existing_sites
from gis_wufei.land.verdicts import summary, verdicts

__all__ = [
    "AccessList",
    "BoundRule",
    "CandidateSpec",
    "Eligibility",
    "Grid",
    "LedgerLine",
    "Masks",
    "OwnClause",
    "Places",
    "RuleChange",
    "assess",
    "binding_rules",
    "candidate_sites",
    "existing_sites",
    "make_grid",
    "summary",
    "verdicts",
]
