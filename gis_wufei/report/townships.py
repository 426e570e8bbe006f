"""Tonnes by township beside the target of a plan: modelled, and labelled so."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gis_wufei.demand import roll_up
from gis_wufei.plan import Plan, StreamPlan
from gis_wufei.report.grounds import source_in
from gis_wufei.report.lineage import demand_layers, state_of
from gis_wufei.report.table import Table, by_stream, yes
from gis_wufei.standards import Target, streams, targets
from gis_wufei.text import say

TONNES = ("t_per_year_low", "t_per_year_default", "t_per_year_high", "t_per_year", "served_t_per_year")


def townships(plan: Plan, lang: str) -> Table:
    """What arises and is served in each township, the last row the whole; a share beside the target of a plan.

    The share is modelled and no reported statistic: the table says so in every row.
    """
    layer = plan.study.spec.townships
    areas = None if layer is None else plan.layers[layer].frame

    def rows(stream: StreamPlan) -> pd.DataFrame:
        places, target = stream.demand.places, _target(stream)
        missed = stream.unserved.groupby("place_id")["t_per_year"].sum().reindex(places.index, fill_value=0.0)
        found = roll_up(stream.demand, areas, (places["t_per_year"] - missed).clip(lower=0.0), target)
        names = [*found.index[:-1], say("township.total", lang)]
        layers = (*demand_layers(stream), *([layer] if layer else []))
        return pd.DataFrame(
            {
                "township": [name or say("township.none", lang) for name in names],
                "places": found["places"].to_numpy(),
                **{name: found[name].to_numpy() for name in TONNES},
                "modelled_share": found["modelled_share"].to_numpy(),
                "target_share": np.nan if target is None else target.share.value,
                "target": "" if target is None else target.label.in_lang(lang),
                "reached": "" if target is None else yes(found["reached"], lang),
                "modelled": say("township.modelled", lang),
                "source": "" if target is None else source_in(target.source, lang),
                "synthetic": say(f"synthetic.{state_of(plan, layers)}", lang),
            }
        )

    return by_stream("townships", plan, lang, rows)


def _target(stream: StreamPlan) -> Target | None:
    """The target of the stream's standard, if it has one."""
    name = None if stream.spec.standard is None else streams()[stream.spec.standard].target
    return None if name is None else targets()[name]
