"""One run at a time writes into a folder: a lock that its holder's death releases."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WAIT_S = 0.1


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file ``path``, waiting for another holder; the file is gone afterwards."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if _taken(handle) and _still_there(handle, path):
                break
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        time.sleep(WAIT_S)
    try:
        yield
    finally:
        if sys.platform == "win32":  # an open file cannot be deleted there
            os.close(handle)
            with suppress(OSError):  # the next in line has it open
                path.unlink()
        else:
            with suppress(FileNotFoundError):
                path.unlink()
            os.close(handle)


def _still_there(handle: int, path: Path) -> bool:
    """Whether the file that was locked still bears the name: its last holder has deleted it perhaps."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _taken(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _taken(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
