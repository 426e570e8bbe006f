"""The engine under the network: numbered arcs and whole milliseconds in, fastest ways out; flat arrays, no geometry."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from gis_wufei.network.engine.ends import Ends, Routes

if TYPE_CHECKING:
    from gis_wufei.network.network import Network


class Engine(Protocol):
    """What finds least ways in a network; all engines give the same whole numbers."""

    name: str

    def table(
        self,
        network: Network,
        costs: tuple[str, str],
        sources: Ends,
        targets: Ends,
        out: NDArray[np.unsignedinteger],
    ) -> None:
        """Least packed cost from each source to each target into ``out``, uint64[M, N]."""

    def routes(self, network: Network, costs: tuple[str, str], sources: Ends, targets: Ends) -> Routes:
        """Arcs of the least way from source p to target p."""


def default_engine() -> Engine:
    """The embedded engine; the plain one of scipy where numba has no wheel, which takes longer."""
    if find_spec("numba") is None:
        from gis_wufei.network.engine.plain import Plain

        return Plain()
    from gis_wufei.network.engine.embedded import Embedded

    return Embedded()
