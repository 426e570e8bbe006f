"""Suitability of a stream's sites, beside what the rules say of them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from gis_wufei.demand import Demand
from gis_wufei.layers import Layers
from gis_wufei.plan.model import Warn
from gis_wufei.study import StreamSpec, Study, StudySpec
from gis_wufei.suitability import Ground, SuitabilitySpec, doubts, suitability, weigh
from gis_wufei.text import Text


def compared(
    spec: SuitabilitySpec | None, sites: gpd.GeoDataFrame, layers: Layers, demand: Demand, study: Study
) -> gpd.GeoDataFrame:
    """The sites with columns ``suitability`` (0 to 1) and ``suitability_rank`` (1 the best, nan for a site left out).

    Sites that stand and candidates are compared with each other; ways to the waste are straight.
    """
    if spec is None or not len(sites):
        return sites
    found = suitability(spec, sites, Ground(layers, demand.places), study.folder).table
    rank = found["rank"].to_numpy(float, na_value=np.nan)
    return sites.assign(suitability=found["score"].to_numpy(), suitability_rank=rank)


def reach_of(spec: StudySpec) -> float:
    """How far (m) beyond the area layers matter to the criteria of any stream."""
    criteria = (stream.facility.suitability for stream in spec.streams.values())
    return max((one.reach_m for one in criteria if one is not None), default=0.0)


def judgement_warnings(spec: StreamSpec, study: Study) -> tuple[Warn, ...]:
    """Warnings of experts' judgements that contradict each other."""
    if spec.facility.suitability is None:
        return ()
    _, panel = weigh(spec.facility.suitability, study.folder)
    told = (Text(zh=doubt.sentence("zh"), en=doubt.sentence("en")) for doubt in doubts(panel))
    return tuple(Warn("W-SUIT-STREAM", {"stream": spec.label, "told": words}) for words in told)
