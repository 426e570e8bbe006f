"""The only place that opens a connection: forbidden by a word, and given up after seconds."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from gis_wufei import __version__
from gis_wufei.errors import Fault, InputError
from gis_wufei.text import Text, text

OFFLINE = "GIS_WUFEI_OFFLINE"
PROBE_S = 4.0  # for a name to be found and a server to answer
AGENT = f"gis_wufei/{__version__} (county waste planning; one polite request)"
Answer = TypeVar("Answer")
NO = ("", "0", "no", "false", "off")


def forbidden(offline: bool) -> bool:
    """Whether the network must not be used."""
    return offline or os.environ.get(OFFLINE, "").strip().lower() not in NO


def allow(offline: bool, name: str, by_hand: Text) -> None:
    """Refuse, naming the next step, where the network is forbidden."""
    if forbidden(offline):
        raise InputError([Fault("E-FETCH-003", name, {"variable": OFFLINE, "name": name, "by_hand": by_hand})])


def in_time(work: Callable[[], Answer], limit_s: float) -> Answer:
    """What ``work`` returns or raises, if it does so in time; what comes later is thrown away.

    Raises
    ------
    TimeoutError
        It is not done after ``limit_s`` seconds.
    """
    done: list[Callable[[], Answer]] = []

    def run() -> None:
        try:
            answer = work()
        except BaseException as error:  # raised again where it is waited for
            done.append(partial(_raise, error))
        else:
            done.append(lambda: answer)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit_s)
    if not done:
        raise TimeoutError(f"timeout ({limit_s:g} s)")
    return done[0]()


def _raise(error: BaseException) -> Any:
    raise error


def probe(url: str, name: str, by_hand: Text) -> int:
    """Ask whether a server answers; its status, or a fault that names the next step, within seconds.

    The question runs in a thread of its own: looking a name up may hang far longer than any time limit
    of the connection.
    """

    def ask() -> int:
        wanted = urllib.request.Request(url, method="HEAD", headers={"User-Agent": AGENT})
        try:
            with urllib.request.urlopen(wanted, timeout=PROBE_S) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:  # it is there, whatever it thinks of the question
            with error:
                return error.code

    try:
        return in_time(ask, PROBE_S + 1.0)
    except (OSError, ValueError) as error:
        facts = {"reason": _reason(error), "name": name, "by_hand": by_hand}
        raise InputError([Fault("E-FETCH-002", url, facts)]) from error


def _reason(error: Exception) -> Text:
    """Why no server answers, in words of the catalogue; what nobody foresaw stays in its own."""
    cause = getattr(error, "reason", None) or error
    kinds = (
        (TimeoutError, "reason.net.timeout"),
        (socket.gaierror, "reason.net.name"),
        (ConnectionRefusedError, "reason.net.refused"),
        (ConnectionError, "reason.net.broken"),
        (ssl.SSLError, "reason.net.secure"),
    )
    key = next((key for kind, key in kinds if isinstance(cause, kind)), None)
    if key is None and getattr(cause, "errno", None) in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN):
        key = "reason.net.unreachable"
    words = str(cause)[:200]
    return text(key) if key is not None else Text(zh=words, en=words)
