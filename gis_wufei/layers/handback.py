"""A layer handed back: written apart, reopened and counted, and only then moved to its name."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path

from gis_wufei.errors import Fault, InputError, writing
from gis_wufei.layers.certificate import Layer
from gis_wufei.layers.outgoing import HandBack, rows_of, write_gpkg_layer
from gis_wufei.layers.shapefile import write_shapefile
from gis_wufei.layers.spec import roles

SUFFIXES = (".gpkg", ".shp")


def hand_back(layer: Layer, target: Path, overwrite: bool = False, inputs: Iterable[Path] = ()) -> HandBack:
    """Write a layer as a GeoPackage or, by the suffix of ``target``, as a shapefile in GBK.

    Parameters
    ----------
    layer
        Any layer with geometry; its rows and columns go out as they were kept.
    target
        The file to make; its folder exists.
    overwrite
        Replace a file of that name.
    inputs
        Files that are never replaced, whatever ``overwrite`` says.

    Raises
    ------
    InputError
        A raster, another suffix, a file in the way, no right to write, or a file that does not hold all rows.
    """
    suffix = target.suffix.lower()
    if layer.raster is not None:  # its frame is only its footprint
        raise InputError([Fault("E-EXPORT-005", layer.name)])
    if suffix not in SUFFIXES:
        raise InputError([Fault("E-EXPORT-002", str(target), {"found": suffix or "-"})])
    kept = {path.resolve() for path in inputs}
    with (
        writing(target),
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".wufei-") as private,
        warnings.catch_warnings(),
        writing(target),  # here, too: while the disk is still as full as the driver met it
    ):
        warnings.simplefilter("ignore")  # told by ourselves, with rows
        place = Path(private) / f"{target.stem}{suffix}"
        if suffix == ".gpkg":
            made = write_gpkg_layer(layer.frame, place, layer.name)
        else:
            made = write_shapefile(layer.frame, place, roles().get(layer.role))
        _counted(made, len(layer.frame), target)
        moves = {file: target.parent / file.name for file in made.files}
        for goal in moves.values():
            if goal.resolve() in kept:
                raise InputError([Fault("E-EXPORT-004", str(goal))])
            if goal.exists() and not overwrite:
                raise InputError([Fault("E-EXPORT-003", str(goal))])
        for file, goal in moves.items():
            file.replace(goal)
    return HandBack(tuple(moves.values()), made.names, made.losses)


def _counted(made: HandBack, rows: int, target: Path) -> None:
    """Whether the files hold every row."""
    found = sum(sum(rows_of(file).values()) for file in made.files if file.suffix in SUFFIXES)
    if found != rows:
        raise InputError([Fault("E-EXPORT-006", str(target), {"problem": f"{found} ≠ {rows}"})])
