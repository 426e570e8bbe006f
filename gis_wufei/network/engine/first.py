"""A word when the kernels are compiled, which happens once on a machine: nobody should think that it hangs."""

from __future__ import annotations

import logging
from typing import Any

from numba.core import event


class _Tell(event.Listener):
    """Says so at the first kernel of ours that is not found compiled."""

    def __init__(self) -> None:
        self.told = False

    def on_start(self, event: Any) -> None:
        """A function is about to be compiled."""
        ours = event.data["dispatcher"].py_func.__module__.startswith(__package__)
        if ours and not self.told:
            self.told = True
            logging.getLogger("gis_wufei").warning(
                "首次使用路网引擎，正在编译（约 10 秒，以后不再需要） / first use of the road engine: compiling, "
                "about 10 s, kept for next time"
            )

    def on_end(self, event: Any) -> None:
        """Nothing to say."""


event.register("numba:compile", _Tell())
