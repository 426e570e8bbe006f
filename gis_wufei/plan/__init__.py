"""The hall: a study goes in, a plan comes out; here land and solvers meet, and nowhere else."""

from gis_wufei.plan.model import Collection, Plan, StreamPlan, Warn
from gis_wufei.plan.walk import Ground, Reading, Step, make_plan, read_study
from gis_wufei.plan.why import Why, why

__all__ = [
    "Collection",
    "Ground",
    "Plan",
    "Reading",
    "Step",
    "StreamPlan",
    "Warn",
    "Why",
    "make_plan",
    "read_study",
    "why",
]
