"""How fast a truck climbs and descends: what its power can hold against weight, rolling and air."""

from __future__ import annotations

import numpy as np

from gis_wufei.network.graph import Floats
from gis_wufei.network.profile import RoadProfile

GRAVITY_M_PER_S2 = 9.80665
AIR_KG_PER_M3 = 1.2
STEEPEST = 0.30
STEP = 0.001


def grade_kmh(profile: RoadProfile, grade: Floats) -> Floats:
    """Highest steady speed (km/h) on grades (rise over run, downhill negative); inf where nothing holds it back.

    Uphill, and wherever the engine must pull, the driving power in use bounds the speed, as in the
    speed model of HDM-III (Watanatada et al. 1987, VDRIVE; from memory):

        P = v [m g (CR + G) + 0.5 rho CD AR v2]

    Downhill, where the grade is steeper than the rolling resistance, the braking power in use does
    (VBRAKE): ``P_brake = v m g (-G - CR)``. Never below ``crawl_kmh``. Grades are rounded to 0.1 %
    by linear interpolation and cut at 30 %.
    """
    if profile.power_kw is None or profile.mass_t is None:
        return np.full(np.shape(grade), np.inf)
    steps = np.linspace(-STEEPEST, STEEPEST, 2 * round(STEEPEST / STEP) + 1)
    kmh = np.maximum(np.minimum(_drive(profile, steps), _brake(profile, steps)), profile.crawl_kmh)
    return np.interp(grade, steps, kmh)


def _drive(profile: RoadProfile, grade: Floats) -> Floats:
    """Speed at which the driving power is used up, by bisection; at most 200 km/h."""
    weight_n = (profile.mass_t or 0.0) * 1000 * GRAVITY_M_PER_S2
    low, high = np.zeros(len(grade)), np.full(len(grade), 200 / 3.6)
    for _ in range(60):
        middle = (low + high) / 2
        force = weight_n * (profile.rolling + grade) + 0.5 * AIR_KG_PER_M3 * profile.drag_m2 * middle**2
        can = middle * force <= (profile.power_kw or 0.0) * 1000
        low, high = np.where(can, middle, low), np.where(can, high, middle)
    return low * 3.6


def _brake(profile: RoadProfile, grade: Floats) -> Floats:
    """Speed at which the braking power is used up; 200 km/h where nothing pushes."""
    if profile.brake_kw is None:
        return np.full(len(grade), 200.0)
    push_n = (profile.mass_t or 0.0) * 1000 * GRAVITY_M_PER_S2 * (-grade - profile.rolling)
    with np.errstate(divide="ignore"):
        return np.where(push_n > 0, np.minimum(200.0, profile.brake_kw * 1000 / np.maximum(push_n, 1e-9) * 3.6), 200.0)
