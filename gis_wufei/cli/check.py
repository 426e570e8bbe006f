"""``wufei check``: a whole study, or one file held against a role, with its certificate."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table
from ruamel.yaml import YAML

from gis_wufei.cli.answer import FAULT, WARNING, Teller, console_of, print_json, refuse_unwritable, tell
from gis_wufei.cli.options import as_options
from gis_wufei.cli.settings import layer_spec
from gis_wufei.cli.study import print_reading, reading_json
from gis_wufei.errors import Fault, InputError
from gis_wufei.layers import Certificate, LayerSpec, examine, roles
from gis_wufei.layers.path import no_path, refused
from gis_wufei.layers.tell import hint
from gis_wufei.report import certificate_json, facts_of, remarks_of, verdict_of, write_certificate
from gis_wufei.study import Study
from gis_wufei.text import say

YAML_SUFFIXES = (".yaml", ".yml")
COLOURS = {"accepted": "green", "repaired": "cyan", "warned": "yellow", "rejected": "red"}
SIGNS = {"rejected": FAULT, "warned": WARNING, "dropped": "[yellow]−[/] ", "repaired": "[cyan]~[/] "}


def is_study(path: str, role: str | None) -> bool:
    """Whether a path names a study: a folder that is no database, a YAML file, or nothing that looks like a file."""
    place = Path(path)
    suffix = place.suffix.lower()
    try:
        if no_path(path, Path.cwd()):
            return False
        if place.is_dir():
            return suffix != ".gdb" and (role is None or (place / "study.yaml").exists())
        return suffix in YAML_SUFFIXES or (suffix == "" and role is None and not place.is_file())
    except (OSError, ValueError):  # a name too long, or with characters that no file has
        return False


def check_study(
    path: Path,
    scenario: str,
    streams: list[str] | None,
    own: Mapping[str, object],
    out: Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Read everything of a study and solve nothing; certificates of all layers go to ``out``."""
    from gis_wufei.plan import read_study

    if any(own.values()):
        raise InputError([Fault("E-CHECK-004", str(path))])
    study = Study.open(path, scenario)
    if out is not None:
        refuse_unwritable(out)  # before the work, not after it
    try:
        with Teller(study, lang, quiet=as_json) as teller:
            reading = read_study(study, streams, teller.step)
    except InputError:
        if out is not None:
            papers = [examine(name, spec, study.folder) for name, spec in study.spec.layers.items()]
            _write_all(papers, out, lang, as_json)
        raise
    if out is not None:
        _write_all([layer.certificate for layer in reading.layers.by_name.values()], out, lang, as_json)
    if as_json:
        print_json(reading_json(reading, lang))
    else:
        print_reading(reading, lang)


def check_file(
    path: str,
    role: str | None,
    layer: str | None,
    crs: str | None,
    fields: Sequence[str],
    settings: Sequence[str],
    out: Path | None,
    lang: str,
    as_json: bool,
) -> bool:
    """Print and write the certificate of one file; whether it is accepted."""
    if (why := no_path(path, Path.cwd())) is not None:
        raise refused(path, "PATH", why)
    spec, folder = file_spec(path, _role(role), layer, crs, fields, settings)
    if out is not None:
        refuse_unwritable(out)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a library's remark on a damaged file is not for the planner
        paper = as_options(examine(spec.role, spec, folder))
    written = [] if out is None else write_certificate(paper, out, lang)
    if as_json:
        print_json(certificate_json(paper))
    else:
        _print(paper, written, lang)
    return paper.status != "rejected"


def _role(role: str | None) -> str:
    """The role by its name, its label or another name of it (``role_names.yaml``)."""
    known = roles()
    others = files("gis_wufei.cli").joinpath("role_names.yaml").read_text(encoding="utf-8")
    words = YAML(typ="safe", pure=True).load(others)
    named = {name.casefold(): name for name in known}
    for name, contract in known.items():
        for word in (contract.label.zh, contract.label.en, *words.get(name, ())):
            named.setdefault(word.casefold(), name)
    told = (role or "").strip().casefold()
    if told in named:
        return named[told]
    listed = "; ".join(f"{name} {contract.label.zh} {contract.label.en}" for name, contract in known.items())
    if not told:
        raise InputError([Fault("E-CHECK-001", "--role", {"roles": listed})])
    raise InputError([Fault("E-CHECK-002", "--role", {"role": role, "hint": hint(told, known), "roles": listed})])


def file_spec(
    path: str, role: str, layer: str | None, crs: str | None, fields: Sequence[str], settings: Sequence[str]
) -> tuple[LayerSpec, Path]:
    """What a study would say of the file, and the folder it lies in: that is the study's, and the path policy holds.

    Folders above may be links; a file that is one out of its folder needs ``--set allow_outside=true``, as in a study.
    """
    file = Path(path)
    told: dict[str, Any] = {"path": file.name or path, "role": role}
    told |= {key: value for key, value in (("layer", layer), ("crs", crs)) if value is not None}
    spec = layer_spec(told, fields, settings)
    try:
        folder = file.absolute().parent.resolve()
    except (OSError, RuntimeError, ValueError):  # the door refuses it in its own words
        folder = Path.cwd()
    return spec, folder


def _write_all(papers: Sequence[Certificate], out: Path, lang: str, as_json: bool) -> None:
    written = [file for paper in papers for file in write_certificate(paper, out / paper.name, lang)]
    if not as_json:
        tell(console_of(stderr=True), say("cli.papers", lang, count=len(written), folder=out))


def _print(paper: Certificate, written: Sequence[Path], lang: str) -> None:
    console = console_of()
    tell(console, verdict_of(paper, lang), f"[bold {COLOURS[paper.status]}]")
    for answer, code, sentence in remarks_of(paper, lang):
        tell(console, f"{code} {sentence}", SIGNS.get(answer, "· "))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(overflow="fold", style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in facts_of(paper, lang).items():
        grid.add_row(escape(label), escape(value))
    console.print(grid)
    for file in written:
        tell(console, str(file))
