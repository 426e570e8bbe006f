"""The hall: a study goes in, a plan comes out; here land and solvers meet, and nowhere else."""

from gis_wufei.plan.model import Collection, Plan, StreamPlan, Warn
from gis_wufei.plan.walk import Ground, Reading, Step, make_plan, read_study

__all__ = ["Collection", "Ground", "Plan", "Reading", "Step", "StreamPlan", "Warn", "make_plan", "read_study"]
