"""Weights of a panel: several experts, one or two levels of criteria, and what each expert changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from gis_wufei.errors import ProblemError
from gis_wufei.suitability.ahp import LIMIT_CR, Mend, Priorities, aggregate, aggregate_priorities, mends, priorities
from gis_wufei.suitability.pairwise import Floats, PairwiseMatrix

Aggregation = Literal["judgements", "priorities"]
TOP = ""
"""Key of the matrix that compares the groups, or all criteria where there are none."""


@dataclass(frozen=True)
class Structure:
    """The criteria and, where there are two levels, the groups they belong to."""

    criteria: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]

    def blocks(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Every comparison to be made: its key and what is compared; a group of one needs none."""
        yield TOP, tuple(self.groups) if self.groups else self.criteria
        yield from ((group, members) for group, members in self.groups.items() if len(members) > 1)

    def compose(self, local: Mapping[str, Mapping[str, float]]) -> Floats:
        """Weights of the criteria: the group's times the one within it (Saaty 1980, hierarchic composition)."""
        if not self.groups:
            return np.array([local[TOP][name] for name in self.criteria])
        found = {
            name: local[TOP][group] * (local[group][name] if len(members) > 1 else 1.0)
            for group, members in self.groups.items()
            for name in members
        }
        return np.array([found[name] for name in self.criteria])


def structure(criteria: Sequence[str], group_of: Mapping[str, str] | None = None) -> Structure:
    """The structure of criteria; ``group_of`` names the group of each (all of them, or none)."""
    groups: dict[str, list[str]] = {}
    for name in criteria if group_of else ():
        if not (group_of or {}).get(name):
            raise ProblemError(f"structure: criterion {name} has no group, the others have")
        groups.setdefault((group_of or {})[name], []).append(name)
    return Structure(tuple(criteria), {group: tuple(members) for group, members in groups.items()})


Judgements = Mapping[str, PairwiseMatrix]
"""One expert's matrices by block: ``TOP`` and the groups."""


@dataclass(frozen=True, eq=False)
class GroupWeights:
    """Weights of a panel.

    ``blocks`` are the priorities of each comparison: of the common judgements, or with ``priorities``
    aggregated their mean, with the worst of the experts' consistency. ``experts`` has index ``expert``, a
    column a criterion and ``cr``, the largest consistency ratio of that expert's matrices. ``drop_one``
    says the same of the panel without each expert, with ``most`` the largest change of any weight and
    ``order_changes``; it is empty for one expert. ``revise`` names, for each expert whose judgements
    contradict each other (CR above 0.10), the judgement to look at first.
    """

    criteria: tuple[str, ...]
    weights: Floats
    blocks: Mapping[str, Priorities]
    experts: pd.DataFrame
    drop_one: pd.DataFrame
    revise: Mapping[str, Mend]

    @property
    def cr(self) -> float:
        """The largest consistency ratio among the blocks."""
        return max(block.cr for block in self.blocks.values())


def group_weights(
    panel: Mapping[str, Judgements], shape: Structure, aggregation: Aggregation = "judgements"
) -> GroupWeights:
    """Weights of all experts together, each alone, and of the panel without each.

    Parameters
    ----------
    panel
        Judgements by expert; each has every block of ``shape``.
    shape
        The criteria and their groups.
    aggregation
        ``judgements``: the geometric mean of each judgement, then the eigenvector (Aczel & Saaty 1983);
        for experts who speak with one voice. ``priorities``: eigenvectors first, then their geometric
        mean (Forman & Peniwati 1998, EJOR 108:165); for experts who each keep their own view.
    """
    if not panel:
        raise ProblemError("group_weights: no expert")
    wanted = {key: set(names) for key, names in shape.blocks()}
    for expert, judged in panel.items():
        told = {key: set(judged[key].names) for key in judged}
        if told != wanted:
            raise ProblemError(f"group_weights: the matrices of {expert} do not compare what is to be compared")
    weights, blocks = _together(panel, shape, aggregation)
    alone = {expert: _together({expert: judged}, shape, aggregation) for expert, judged in panel.items()}
    columns = [*shape.criteria]
    experts = pd.DataFrame([own for own, _ in alone.values()], columns=columns, index=_index(panel, "expert"))
    experts["cr"] = [max(block.cr for block in own.values()) for _, own in alone.values()]
    return GroupWeights(
        criteria=shape.criteria,
        weights=weights,
        blocks=blocks,
        experts=experts,
        drop_one=_drop_one(panel, shape, aggregation, weights),
        revise={expert: found for expert, judged in panel.items() if (found := _first_mend(judged)) is not None},
    )


def _first_mend(judged: Judgements) -> Mend | None:
    loosest = max(judged.values(), key=lambda matrix: priorities(matrix).cr)
    return mends(loosest)[0] if priorities(loosest).cr > LIMIT_CR + 1e-12 else None


def _together(
    panel: Mapping[str, Judgements], shape: Structure, aggregation: Aggregation
) -> tuple[Floats, dict[str, Priorities]]:
    blocks = {}
    for key, names in shape.blocks():
        matrices = [judged[key].sorted_as(names) for judged in panel.values()]
        common = priorities(aggregate(matrices))
        if aggregation == "priorities":
            each = [priorities(matrix) for matrix in matrices]
            worst = max(each, key=lambda one: one.cr)
            rows = np.exp(np.mean([np.log(one.row_mean) for one in each], axis=0))
            common = Priorities(
                names, aggregate_priorities(each), rows / rows.sum(), worst.lambda_max, worst.ci, worst.cr
            )
        blocks[key] = common
    local = {key: dict(zip(block.names, block.weights.tolist(), strict=True)) for key, block in blocks.items()}
    return shape.compose(local), blocks


def _drop_one(
    panel: Mapping[str, Judgements], shape: Structure, aggregation: Aggregation, weights: Floats
) -> pd.DataFrame:
    left = list(panel) if len(panel) > 1 else []
    rows = []
    for out in left:
        rest = {expert: judged for expert, judged in panel.items() if expert != out}
        own, blocks = _together(rest, shape, aggregation)
        row: dict[str, object] = dict(zip(shape.criteria, own.tolist(), strict=True))
        row["cr"] = max(block.cr for block in blocks.values())
        row["most"] = float(np.abs(own - weights).max())
        row["order_changes"] = _order(own) != _order(weights)
        rows.append(row)
    columns = [*shape.criteria, "cr", "most", "order_changes"]
    return pd.DataFrame(rows, columns=columns, index=_index(left, "left_out"))


def _order(weights: Floats) -> list[int]:
    return [int(at) for at in np.argsort(-weights.round(12), kind="stable")]


def _index(names: Mapping[str, object] | Sequence[str], name: str) -> pd.Index:
    return pd.Index(list(names), name=name, dtype=object)
