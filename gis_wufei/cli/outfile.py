"""A file of results: refused before the work where it must not be written, moved in whole after it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gis_wufei.cli.answer import refuse_unwritable
from gis_wufei.errors import Fault, InputError, listed, writing


def suffix_of(target: Path, suffixes: Sequence[str]) -> str:
    """The kind of file asked for; a fault where it is none of those that are written."""
    suffix = target.suffix.lower()
    if suffix not in suffixes:
        raise InputError([Fault("E-ROAD-013", str(target), {"found": suffix or "-", "known": listed(suffixes)})])
    return suffix


def refuse_target(target: Path, overwrite: bool, inputs: Iterable[Path]) -> None:
    """Tell before a long run what would be told after it: an input, a file in the way, no right to write."""
    if target.resolve() in {path.resolve() for path in inputs}:
        raise InputError([Fault("E-EXPORT-004", str(target))])
    if target.exists() and not overwrite:
        raise InputError([Fault("E-EXPORT-003", str(target))])
    refuse_unwritable(target.parent)


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A private place to write to, of the target's name; the file is moved in when it is whole, or not at all."""
    from pyogrio.errors import DataSourceError

    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".wufei-") as private:
            place = Path(private) / target.name
            try:
                yield place
            except DataSourceError as error:
                raise InputError([Fault("E-OUT-002", str(target), {"reason": str(error)[:200]})]) from error
            place.replace(target)
