"""The only place that opens a connection: forbidden by a word, and given up after seconds."""

from __future__ import annotations

import os
import threading
import urllib.error
import urllib.request

from gis_wufei import __version__
from gis_wufei.errors import Fault, InputError

OFFLINE = "GIS_WUFEI_OFFLINE"
PROBE_S = 4.0  # for a name to be found and a server to answer
AGENT = f"gis_wufei/{__version__} (county waste planning; one polite request)"
NO = ("", "0", "no", "false", "off")


def forbidden(offline: bool) -> bool:
    """Whether the network must not be used."""
    return offline or os.environ.get(OFFLINE, "").strip().lower() not in NO


def allow(offline: bool, name: str, by_hand: str) -> None:
    """Refuse, naming the next step, where the network is forbidden."""
    if forbidden(offline):
        raise InputError([Fault("E-FETCH-003", name, {"variable": OFFLINE, "name": name, "by_hand": by_hand})])


def probe(url: str, name: str, by_hand: str) -> int:
    """Ask whether a server answers; its status, or a fault that names the next step, within seconds.

    The question runs in a thread of its own: looking a name up may hang far longer than any time limit
    of the connection.
    """
    answer: list[int | str] = []

    def ask() -> None:
        wanted = urllib.request.Request(url, method="HEAD", headers={"User-Agent": AGENT})
        try:
            with urllib.request.urlopen(wanted, timeout=PROBE_S) as reply:
                answer.append(int(reply.status))
        except urllib.error.HTTPError as error:  # it is there, whatever it thinks of the question
            answer.append(error.code)
        except (OSError, ValueError) as error:
            answer.append(str(getattr(error, "reason", None) or error))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_S + 1.0)
    status = answer[0] if answer else "timeout"
    if isinstance(status, int):
        return status
    raise InputError([Fault("E-FETCH-002", url, {"reason": status[:200], "name": name, "by_hand": by_hand})])
