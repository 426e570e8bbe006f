r"""The siting problem as a mixed integer program for HiGHS: its columns, its rows, one run.

With y_jk = 1 when site j is open at size k, and x_ijk the fraction of place i served there:

.. math::
    \min \sum f_{jk} y_{jk} + \sum c_{ij} x_{ijk} \quad
    \sum_{jk} x_{ijk} = 1, \quad x_{ijk} \le y_{jk}, \quad \sum_k y_{jk} \le 1, \quad
    b_{jk} y_{jk} \le \sum_i q_i x_{ijk} \le u_{jk} y_{jk}

A fraction for each *size* (not one for the site) makes three times the columns, but the relaxation
cannot buy a slice of a large, cheap size for the load of a small one: on county-like data (300
places, 80 sites, 3 sizes) its value rose from 4 % to 0.8 % below the best plan. Strong links
x <= y: Cornuejols, Sridharan and Thizy 1991, EJOR 50(3), https://doi.org/10.1016/0377-2217(91)90261-S.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import highspy
import numpy as np
from scipy.sparse import csr_array

from gis_wufei.siting.problem import CLOSED, Bools, Floats, Ints, SitingProblem, SolverError

SOLVER = f"highs {highspy.HIGHS_VERSION_MAJOR}.{highspy.HIGHS_VERSION_MINOR}.{highspy.HIGHS_VERSION_PATCH}"

FEASIBILITY = 1e-8
"""Of rows (each scaled to 1) and of whole numbers; far below what ``check`` grants."""


@dataclass(frozen=True)
class Answer:
    """What one run of HiGHS leaves: a plan or None, a proven bound, and what stopped it."""

    values: Floats | None
    bound: float
    nodes: int
    stopped_by: Literal["gap", "nodes", "seconds", "infeasible"]
    reduced_cost: Floats | None = None
    """Of a relaxation: what a plan costs more, at least, for every unit of the column."""


class Model:
    """Columns y (site, size), x (place, site, size) and, if elastic, the part of each place left behind.

    Parameters
    ----------
    sizes
        bool[m, k], sizes offered; default all that are possible.
    pairs
        bool[n, m, k], pairs offered; default all that are allowed.
    elastic
        Load may stay behind; the least such load is sought and yuan do not count.
    forced
        All sizes offered are open.
    """

    def __init__(
        self,
        problem: SitingProblem,
        sizes: Bools | None = None,
        pairs: Bools | None = None,
        elastic: bool = False,
        forced: bool = False,
    ) -> None:
        self.problem, self.elastic, self.forced = problem, elastic, forced
        offered = problem.possible if sizes is None else problem.possible & sizes
        self.places = np.flatnonzero(problem.allowed.any(axis=1))
        self.site, self.rung = np.nonzero(offered)
        can = np.isfinite(problem.serve_cost)[:, :, None] & offered
        if problem.single_source:
            can &= problem.load[:, None, None] <= problem.capacity
        if pairs is not None:
            can &= pairs
        self.pair_place, self.pair_site, self.pair_rung = np.nonzero(can)
        self.y_count, self.x_count = len(self.site), len(self.pair_place)
        self.left_count = len(self.places) if elastic else 0

    def run(
        self,
        whole: bool = True,
        whole_pairs: bool | None = None,
        start: Floats | None = None,
        mip_gap: float = 0.0,
        max_nodes: int = 2**31 - 1,
        seconds: float = float("inf"),
        seed: int = 0,
    ) -> Answer:
        """Solve; ``whole`` False: the relaxation; ``whole_pairs``: x whole, too (default single_source)."""
        if self.y_count + self.x_count + self.left_count == 0:  # HiGHS has no answer to an empty model
            asked = len(self.places) > 0 or self.problem.min_open > 0 or bool(self.problem.keep.any())
            nothing = np.zeros(0)
            return Answer(None if asked else nothing, 0.0, 0, "infeasible" if asked else "gap", nothing)
        lp = self._program(whole, self.problem.single_source if whole_pairs is None else whole_pairs)
        highs = _QuietHighs()
        options: dict[str, bool | int | float | str] = {
            "threads": 1,
            "parallel": "off",
            "random_seed": seed,
            "mip_rel_gap": mip_gap,
            "mip_abs_gap": 0.0,
            "mip_max_nodes": max_nodes,
            "mip_feasibility_tolerance": FEASIBILITY,
            "time_limit": max(seconds, 0.01),
        }
        for option, value in options.items():
            if highs.setOptionValue(option, value) != highspy.HighsStatus.kOk:
                raise SolverError(f"HiGHS does not take {option} = {value}")
        if highs.passModel(lp) == highspy.HighsStatus.kError:
            raise SolverError("HiGHS does not take the siting model")
        if start is not None:
            solution = highspy.HighsSolution()
            solution.col_value = start.tolist()
            highs.setSolution(solution)
        highs.solve_or_stop()
        return self._answer(highs, whole)

    def _answer(self, highs: highspy.Highs, whole: bool) -> Answer:
        ends: dict[highspy.HighsModelStatus, Literal["gap", "nodes", "seconds", "infeasible"]] = {
            highspy.HighsModelStatus.kOptimal: "gap",
            highspy.HighsModelStatus.kSolutionLimit: "nodes",
            highspy.HighsModelStatus.kTimeLimit: "seconds",
            highspy.HighsModelStatus.kInfeasible: "infeasible",
            # No cost is negative, so nothing is unbounded.
            highspy.HighsModelStatus.kUnboundedOrInfeasible: "infeasible",
        }
        status, info = highs.getModelStatus(), highs.getInfo()
        if status not in ends:
            raise SolverError(f"HiGHS stopped with {highs.modelStatusToString(status)}")
        solved = info.primal_solution_status == highspy.kSolutionStatusFeasible and ends[status] != "infeasible"
        solution = highs.getSolution()
        if not whole:
            done = solved and ends[status] == "gap"
            return Answer(
                np.array(solution.col_value) if done else None,
                info.objective_function_value if done else 0.0,
                0,
                ends[status],
                np.array(solution.col_dual) if done else None,
            )
        bound = info.mip_dual_bound
        return Answer(
            np.array(solution.col_value) if solved else None,
            max(0.0, bound) if np.isfinite(bound) else 0.0,
            max(0, int(info.mip_node_count)),
            ends[status],
        )

    def _program(self, whole: bool, whole_pairs: bool) -> highspy.HighsLp:
        problem, rows = self.problem, _Rows()
        y, x = np.arange(self.y_count), self.y_count + np.arange(self.x_count)
        left = self.y_count + self.x_count + np.arange(self.left_count)
        m = len(problem.site_ids)
        y_of = np.zeros(problem.open_cost.shape, dtype=np.int64)
        y_of[self.site, self.rung] = y
        y_of_x = y_of[self.pair_site, self.pair_rung]
        row_of = np.zeros(len(problem.place_ids), dtype=np.int64)
        row_of[self.places] = np.arange(len(self.places))
        load = problem.load[self.pair_place]

        # Every place in full (what may stay behind counts).
        rows.add(
            len(self.places),
            (row_of[self.pair_place], x, np.ones(self.x_count)),
            (np.arange(self.left_count), left, np.ones(self.left_count)),
            low=1.0,
            high=1.0,
        )
        # One size a site at most, and one for those to keep.
        rows.add(m, (self.site, y, np.ones(self.y_count)), low=problem.keep.astype(float), high=1.0)
        # Served only at the size that is open.
        pair = np.arange(self.x_count)
        rows.add(self.x_count, (pair, x, np.ones(self.x_count)), (pair, y_of_x, -np.ones(self.x_count)), high=0.0)
        # Capacity, as much of it as places can fill; each row in its own unit, so that errors are relative.
        reach = np.bincount(y_of_x, load, self.y_count)
        capacity = np.minimum(problem.capacity[self.site, self.rung], reach)
        unit = np.where(capacity > 0, capacity, 1.0)
        rows.add(self.y_count, (y_of_x, x, load / unit[y_of_x]), (y, y, -capacity / unit), high=0.0)
        # Least throughput.
        least = problem.min_throughput[self.site, self.rung]
        unit = np.where(least > 0, least, 1.0)
        some = least[y_of_x] > 0
        rows.add(self.y_count, (y_of_x[some], x[some], load[some] / unit[y_of_x[some]]), (y, y, -least / unit), low=0.0)
        # Number of sites.
        most = np.inf if problem.max_open is None else float(problem.max_open)
        rows.add(1, (np.zeros_like(y), y, np.ones(self.y_count)), low=float(problem.min_open), high=most)
        # All capacity together: implied, but a knapsack to cut from.
        total = problem.load[self.places].sum()
        if total > 0:
            need = np.zeros_like(left), left, problem.load[self.places][: self.left_count] / total
            rows.add(1, (np.zeros_like(y), y, capacity / total), need, low=1.0)

        lp = highspy.HighsLp()
        columns = self.y_count + self.x_count + self.left_count
        lp.num_col_, lp.num_row_ = columns, rows.count
        lp.col_cost_ = self._cost()
        lp.col_lower_, lp.col_upper_ = np.zeros(columns), np.ones(columns)
        if self.forced:
            lp.col_lower_ = np.concatenate([np.ones(self.y_count), np.zeros(columns - self.y_count)])
        rows.into(lp, columns)
        if whole:
            kind = {False: highspy.HighsVarType.kContinuous, True: highspy.HighsVarType.kInteger}
            lp.integrality_ = [kind[True]] * self.y_count + [kind[whole_pairs]] * (self.x_count + self.left_count)
        return lp

    def _cost(self) -> Floats:
        problem = self.problem
        if self.elastic:
            load = problem.load[self.places]
            # A place without load counts a little, too: it wants to be served.
            weight = load + 1e-6 * max(float(load.mean()) if len(load) else 0.0, 1e-6)
            return np.concatenate([np.zeros(self.y_count + self.x_count), weight])
        return np.concatenate(
            [problem.open_cost[self.site, self.rung], problem.serve_cost[self.pair_place, self.pair_site]]
        )

    def plan(self, values: Floats) -> tuple[Ints, Floats]:
        """Sizes (int[m]) and shares (float[n, m]) that the columns mean, as they are."""
        n, m = self.problem.serve_cost.shape
        size = np.full(m, CLOSED, dtype=np.int64)
        opened = values[: self.y_count] > 0.5
        size[self.site[opened]] = self.rung[opened]
        share = np.zeros((n, m))
        x = values[self.y_count : self.y_count + self.x_count] * (size[self.pair_site] == self.pair_rung)
        np.add.at(share, (self.pair_place, self.pair_site), x)
        return size, share

    def left(self, values: Floats) -> Floats:
        """What stays behind of each place, float[n]."""
        left = np.zeros(len(self.problem.place_ids))
        left[self.places] = values[self.y_count + self.x_count :]
        return left

    def values(self, size: Ints, share: Floats) -> Floats:
        """The columns of a plan; the inverse of ``plan``."""
        y = (size[self.site] == self.rung).astype(float)
        x = share[self.pair_place, self.pair_site] * (size[self.pair_site] == self.pair_rung)
        return np.concatenate([y, x])


class _QuietHighs(highspy.Highs):
    """HiGHS that prints nothing among a program's results on stdout and ends at Ctrl-C."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def enableCallbacks(self) -> None:  # noqa: N802 - HiGHS's own name; called by its constructor
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]

    def solve_or_stop(self) -> None:
        """Solve in a thread of its own, so that an interrupt is heard at once and ends the search."""
        self.HandleUserInterrupt = True
        thread = self.startSolve()
        try:
            while not self.wait(0.2)[0]:
                pass
        except KeyboardInterrupt:
            self.cancelSolve()  # type: ignore[no-untyped-call]
            thread.join()
            raise


class _Rows:
    """Rows of a sparse program, gathered block by block."""

    def __init__(self) -> None:
        self.count = 0
        self._parts: list[tuple[Ints, Ints, Floats]] = []
        self._low: list[Floats] = []
        self._high: list[Floats] = []

    def add(
        self,
        count: int,
        *parts: tuple[Ints, Ints, Floats],
        low: Floats | float = -np.inf,
        high: Floats | float = np.inf,
    ) -> None:
        """``count`` rows from (row within the block, column, coefficient)."""
        self._parts += [(row + self.count, column, value) for row, column, value in parts]
        self._low.append(np.broadcast_to(np.asarray(low, dtype=np.float64), (count,)))
        self._high.append(np.broadcast_to(np.asarray(high, dtype=np.float64), (count,)))
        self.count += count

    def into(self, lp: highspy.HighsLp, columns: int) -> None:
        """Write all blocks into a program."""
        row, column, value = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        matrix = csr_array((value, (row, column)), shape=(self.count, columns))
        matrix.eliminate_zeros()
        lp.row_lower_, lp.row_upper_ = np.concatenate(self._low), np.concatenate(self._high)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
        lp.a_matrix_.value_ = matrix.data
