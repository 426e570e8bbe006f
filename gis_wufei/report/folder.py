"""Results appear whole or not at all: written beside, then swapped in by two renames."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from gis_wufei.errors import Fault, InputError, writing
from gis_wufei.plan import Plan
from gis_wufei.report.geodata import write_gpkg
from gis_wufei.report.lock import locked
from gis_wufei.report.manifest import made_by_us, outputs_of, write_manifest
from gis_wufei.report.sheets import write_csv, write_xlsx
from gis_wufei.study import Study
from gis_wufei.text import say

log = logging.getLogger(__name__)

Writer = Callable[[Plan, Path, str], object]
"""Writes files of a plan into an existing folder, in a language; what it returns is not used."""

# Names that Windows keeps for devices.
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))})
# What other programs leave beside files that they have open, and desktops in folders.
LITTER = ("-wal", "-shm", "-journal", ".DS_Store", "Thumbs.db", "desktop.ini", ".aux.xml")


def publish(plan: Plan, out_root: Path | str, lang: str = "zh", writers: Sequence[Writer] = ()) -> Path:
    """Write all results of a plan into ``<out_root>/<study>/<scenario>`` and return that folder.

    Everything is written into a folder beside the target first. On any failure, an interrupt
    among them, that folder is removed and earlier results stand as they were. Files that somebody
    else put among earlier results are kept in ``<scenario>.kept``, beside the new ones; a warning of
    this module's logger, which Python shows on stderr, says so in ``lang``.

    Parameters
    ----------
    plan
        What to write.
    out_root
        Root of all results; made if need be.
    lang
        ``zh`` or ``en``.
    writers
        Further writers, such as that of the map, called after our own; ``run.json`` comes last.

    Raises
    ------
    InputError
        The target holds something that is not ours (E-OUT-001), or cannot be written (E-OUT-002).
    """
    target = target_folder(plan.study, out_root)
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent / f".{target.name}.lock"):
            fresh, old = _tidied(target, lang)
            try:
                with writing(target):  # here, too: while the disk is still as full as they met it
                    fresh.mkdir()
                    _filled(fresh, plan, lang, (*WRITERS, *writers))
                _refuse_strangers(target)  # again: something may have come meanwhile
                _swap(fresh, target, old, lang)
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True)
                raise
    for name in (plan.study.spec.name, plan.study.scenario):
        if _safe(name) != name:
            log.warning("%s", say("W-OUT-RENAMED", lang, name=name, folder=_safe(name)))
    return target


def _filled(fresh: Path, plan: Plan, lang: str, writers: Sequence[Writer]) -> None:
    seconds: dict[str, float] = {}
    for number, writer in enumerate(writers, 1):
        began = time.perf_counter()
        writer(plan, fresh, lang)
        name = getattr(writer, "__name__", f"writer_{number}")
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - began
    write_manifest(plan, fresh, seconds)


def target_folder(study: Study, out_root: Path | str) -> Path:
    """Where a study's results go; ask before a long run, too.

    Raises
    ------
    InputError
        E-OUT-001 when results would replace something that is not ours.
    """
    target = Path(out_root) / _safe(study.spec.name) / _safe(study.scenario)
    with writing(target):
        _refuse_strangers(target)
    return target


def _refuse_strangers(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise InputError([Fault("E-OUT-001", str(target))])
    if target.is_dir() and any(target.iterdir()) and not made_by_us(target):
        raise InputError([Fault("E-OUT-001", str(target))])


def _tidied(target: Path, lang: str) -> tuple[Path, Path]:
    """Names of the folders beside the target, once what a killed run left there is cleared away.

    We hold the lock, so what bears these names has no owner any more.
    """
    fresh, old = target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")
    if old.exists():
        if target.exists():
            _discard(old, target, lang)
        else:  # killed between the two renames
            old.rename(target)
    if fresh.exists():
        shutil.rmtree(fresh)
    return fresh, old


def _swap(fresh: Path, target: Path, old: Path, lang: str) -> None:
    moved = target.exists()
    if moved:
        target.rename(old)
    try:
        fresh.rename(target)
    except BaseException:
        if moved and not target.exists():
            old.rename(target)
        raise
    if moved:
        # The new results stand; what cannot be deleted now is cleared away by the next run.
        with suppress(OSError):
            _discard(old, target, lang)


def _discard(old: Path, target: Path, lang: str) -> None:
    """Delete earlier results, but keep what others put among them."""
    foreign = _foreign(old) if made_by_us(old) else []
    if foreign:
        kept = _free_name(target.with_name(f"{target.name}.kept"))
        for name in foreign:
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            (old / name).rename(kept / name)
        names = ("、" if lang == "zh" else ", ").join(foreign)
        log.warning("%s", say("W-OUT-KEPT", lang, folder=kept, files=names))
    shutil.rmtree(old)


def _foreign(folder: Path) -> list[str]:
    """Files of a folder of results that its run did not write."""
    ours = outputs_of(folder)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return [name for name in names if name not in ours and not _is_litter(name)]


def _is_litter(name: str) -> bool:
    return name.endswith(LITTER) or name.rsplit("/", 1)[-1].startswith(("~$", ".~lock"))


def _free_name(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def _safe(name: str) -> str:
    """A study's or scenario's name as a folder's on every system; slugs need care for Windows' devices only."""
    return f"{name}_" if name.lower() in DEVICES else name


# Our own files, written before those of other rooms.
WRITERS: tuple[Writer, ...] = (write_csv, write_xlsx, write_gpkg)
