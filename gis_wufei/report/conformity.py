"""What every control unit says of every facility that is sited: unit x kind x clause, with the text beside it."""

from __future__ import annotations

import pandas as pd

from gis_wufei.land.access import AccessList
from gis_wufei.plan import Plan, StreamPlan
from gis_wufei.report.grounds import source_in
from gis_wufei.report.lineage import state_of
from gis_wufei.report.table import Table, by_stream
from gis_wufei.standards import facilities, unit_verdicts
from gis_wufei.text import Text, catalogue, say


def conformity(plan: Plan, lang: str) -> Table:
    """Verdict of each clause of each control unit on the facilities of each stream; what is not covered is unknown."""
    access = AccessList.of(plan.layers)
    names = [layer.name for role in ("units", "access_list") for layer in plan.layers.of_role(role)]
    state = say(f"synthetic.{state_of(plan, names)}", lang)
    sub_classes = {row.sub_class: row.label.in_lang(lang) for row in unit_verdicts().rows}

    def rows(stream: StreamPlan) -> pd.DataFrame:
        kind = stream.spec.facility.kind
        said = access.conformity([kind])
        return pd.DataFrame(
            {
                "unit_code": said["unit_code"],
                "unit_name": said["name"],
                "unit_class": [_class(one, lang) for one in said["class"]],
                "sub_class": [sub_classes.get(one, one) for one in said["sub_class"]],
                "kind": facilities()[kind].label.in_lang(lang),
                "conformity": [say(f"conforms.{one}", lang) for one in said["verdict"]],
                "verdict_basis": [say(f"basis.{one}", lang) for one in said["basis"]],
                "default_verdict": [say(f"access.{one}", lang) for one in said["default_verdict"]],
                "dimension": said["dimension"],
                "clause": [one.in_lang(lang) if isinstance(one, Text) else str(one) for one in said["clause"]],
                "parameter": said["parameter"],
                "status": [say(f"status.{one}", lang) for one in said["status"]],
                "version": said["version"],
                "source": [source_in(one, lang) for one in said["source"]],
                "synthetic": state,
            }
        )

    return by_stream("conformity", plan, lang, rows)


def _class(value: str, lang: str) -> str:
    words = catalogue().get(f"value.units.class.{value}")
    return words.in_lang(lang) if words else value
