"""The command line: ``wufei init``, ``check``, ``run``. Results on stdout, progress and complaints on stderr."""

from __future__ import annotations

import errno
import json
import os
import shlex
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from gis_wufei import __version__
from gis_wufei.errors import CheckFailedError, Fault, InputError, WufeiError, os_reason
from gis_wufei.text import say

if TYPE_CHECKING:
    from gis_wufei.plan import Plan, Reading
    from gis_wufei.study import Study

WARNING = "[yellow]![/] "
OK, FAILURE, BAD_INPUT, INFEASIBLE, INTERRUPTED = 0, 1, 2, 3, 130

app = typer.Typer(
    name="wufei",
    help="无废：县域废物设施选址、收运线路与地图。/ Siting studies, route plans and maps for county waste systems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Language(StrEnum):
    """Language of what people read."""

    zh = "zh"
    en = "en"


StudyPath = Annotated[Path, typer.Argument(help="研究文件夹或 study.yaml / study folder or study.yaml")]
Lang = Annotated[Language, typer.Option("--lang", help="输出语言 / language of the results")]
Json = Annotated[bool, typer.Option("--json", help="结果以 JSON 写到标准输出 / results as JSON on stdout")]
Debug = Annotated[bool, typer.Option("--debug", help="程序出错时显示出错位置 / show where the program failed")]
Scenario = Annotated[str, typer.Option("--scenario", help="情景名 / name of the scenario")]
Streams = Annotated[
    list[str] | None, typer.Option("--stream", help="只算这些废物流（可重复）/ only these streams (repeatable)")
]


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="新研究的文件夹 / folder of the new study")],
    lang: Lang = Language.zh,
    debug: Debug = False,
) -> None:
    """新建一个县的研究文件夹。/ Make the folder of a new county, with a commented study file."""
    with _answering(lang, as_json=False, debug=debug):
        from gis_wufei.template import write_template

        made = write_template(folder)
        out = Console(highlight=False)
        for path in made:
            _tell(out, str(path))
        _tell(out, say("cli.init.next", lang, folder=folder, typed=_typed(folder)))


@app.command()
def check(
    study: StudyPath,
    scenario: Scenario = "base",
    stream: Streams = None,
    lang: Lang = Language.zh,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """读取并检查全部输入，不求解。/ Read and check everything, solve nothing."""
    with _answering(lang, as_json, debug):
        from gis_wufei.plan import read_study
        from gis_wufei.study import Study

        opened = Study.open(study, scenario)
        with _Teller(opened, lang, quiet=as_json) as teller:
            reading = read_study(opened, stream, teller.step)
        if as_json:
            _print_json(_reading_json(reading, lang))
        else:
            _print_reading(reading, lang)


@app.command()
def run(
    study: StudyPath,
    scenario: Scenario = "base",
    stream: Streams = None,
    out: Annotated[Path, typer.Option("--out", help="成果根目录 / root of the results")] = Path("maps"),
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="随机种子 / instead of the study's seed")] = None,
    lang: Lang = Language.zh,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """计算方案并写出地图与表格。/ Make the plan and write maps and tables."""
    with _answering(lang, as_json, debug):
        from gis_wufei.maps import write_map
        from gis_wufei.plan import make_plan
        from gis_wufei.report import publish, summary_json, target_folder
        from gis_wufei.study import Study

        opened = Study.open(study, scenario)
        _refuse_unwritable(target_folder(opened, out))  # before the work, not after it
        with _Teller(opened, lang, quiet=as_json) as teller:
            plan = make_plan(opened, stream, seed, teller.step)
            teller.step("write", "")
            folder = publish(plan, out, lang, [write_map])
        if as_json:
            _print_json({**summary_json(plan), "folder": str(folder)})
        else:
            _print_plan(plan, folder, lang)
        if plan.infeasible:
            raise typer.Exit(INFEASIBLE)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gis_wufei {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="版本 / version")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry of the ``wufei`` command."""
    for stream in (sys.stdout, sys.stderr):
        # A console without Chinese letters shows "?" instead of ending the program.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()


@contextmanager
def _answering(lang: str, as_json: bool, debug: bool) -> Iterator[None]:
    """Every failure becomes sentences and an exit code; a traceback is shown to who asks for it."""
    try:
        yield
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise  # the command line's own
    except InputError as error:
        _complain(list(error.faults), lang, as_json)
        _tell(Console(stderr=True, highlight=False), say("cli.faults", lang, count=len(error.faults)))
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        _tell(Console(stderr=True, highlight=False), say("cli.interrupted", lang))
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        if debug:
            traceback.print_exc()
        _complain([_own_fault(error)], lang, as_json)
        raise typer.Exit(FAILURE) from None


def _own_fault(error: Exception) -> Fault:
    """What the program, not its user, got wrong."""
    if isinstance(error, CheckFailedError):
        return error.fault
    reason = next(iter(str(error).splitlines()), "") or "-"
    code = "E-PROGRAM-001" if isinstance(error, WufeiError) else "E-PROGRAM-002"
    return Fault(code, "wufei", {"kind": type(error).__name__, "reason": reason[:300].rstrip(".")})


def _complain(faults: list[Fault], lang: str, as_json: bool) -> None:
    if as_json:
        told = [{"code": fault.code, "where": fault.where, "text": fault.text(lang)} for fault in faults]
        _print_json({"faults": told})
    console = Console(stderr=True, highlight=False)
    for fault in faults:
        _tell(console, fault.text(lang), "[red]✗[/] ")


def _tell(console: Console, words: str, mark: str = "") -> None:
    """One line, which the terminal itself breaks: a path stays whole, and a mark with its sentence."""
    console.print(mark + escape(words), soft_wrap=True)


def _typed(path: Path) -> str:
    """A path as one types it on a command line."""
    return subprocess.list2cmdline([str(path)]) if os.name == "nt" else shlex.quote(str(path))


def _refuse_unwritable(target: Path) -> None:
    """A folder that cannot be made is told before a long run; what fails later is told then."""
    there = next(folder for folder in (target, *target.absolute().parents) if folder.exists())
    if not there.is_dir():
        refused = OSError(errno.ENOTDIR, "")
    elif not os.access(there, os.W_OK | os.X_OK):
        refused = OSError(errno.EACCES, "")
    else:
        return
    raise InputError([Fault("E-OUT-002", str(target), {"reason": os_reason(refused)})])


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False))


class _Teller:
    """Progress on stderr: a live line in a terminal, one line a step elsewhere."""

    def __init__(self, study: Study, lang: str, quiet: bool) -> None:
        self.study, self.lang, self.quiet, self.last = study, lang, quiet, ""
        self.console = Console(stderr=True, highlight=False)
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self.task = self.progress.add_task("", total=None)

    def __enter__(self) -> _Teller:
        self.live = self.console.is_interactive
        if self.live:
            self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:  # elsewhere stopping prints a blank line
            self.progress.stop()

    def step(self, step: str, what: str, done: int = 0, total: int = 0) -> None:
        """The walk's news; see ``gis_wufei.plan.Step``."""
        name = say(f"step.{step}", self.lang)
        shown = f"{name} · {self._label(step, what)}" if what else name
        if self.live:
            self.progress.update(self.task, description=escape(shown), completed=done, total=total or None)
            return
        line = name if step == "layers" else shown
        if not self.quiet and line != self.last:
            _tell(self.console, line)
        self.last = line

    def _label(self, step: str, what: str) -> str:
        """What a step works on as people call it: a layer or a stream."""
        from gis_wufei.layers import roles

        spec = self.study.spec
        if step == "layers" and what in spec.layers:
            layer = spec.layers[what]
            return (layer.label or roles()[layer.role].label).in_lang(self.lang)
        return spec.streams[what].label.in_lang(self.lang) if what in spec.streams else what


def _table(title: str, *columns: str) -> Table:
    table = Table(title=escape(title), title_justify="left", title_style="bold", header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(escape(column), justify="left" if number == 0 else "right", overflow="fold")
    return table


def _print_plan(plan: Plan, folder: Path, lang: str) -> None:
    from gis_wufei.report import summary_table

    console = Console(highlight=False)
    title = plan.study.spec.title.in_lang(lang)
    frame = summary_table(plan, lang)
    table = _table(f"{title} · {plan.study.label.in_lang(lang)}", *(str(column) for column in frame.columns))
    for row in frame.itertuples(index=False):
        table.add_row(*(escape(str(cell)) for cell in row))
    console.print(table)
    if plan.study.spec.notice is not None:
        _tell(console, plan.study.spec.notice.in_lang(lang))
    for warning in plan.warnings:
        _tell(console, warning.text(lang), WARNING)
    for stream in plan.streams.values():
        for warning in (*stream.explanation, *stream.warnings):
            _tell(console, warning.text(lang), WARNING)
    _tell(console, say("cli.written", lang, folder=folder))


def _print_reading(reading: Reading, lang: str) -> None:
    console = Console(highlight=False)
    layers = _table(say("cli.layers", lang), *(say(f"cli.layers.{key}", lang) for key in LAYER_KEYS))
    for name, layer in reading.layers.by_name.items():
        paper = layer.certificate
        kind = say(f"synthetic.{paper.synthetic}", lang)
        shown = (f"{layer.label.in_lang(lang)} ({name})", f"{paper.rows_kept:,}", paper.crs, kind)
        layers.add_row(*(escape(cell) for cell in shown))
    console.print(layers)
    streams = _table(say("cli.streams", lang), *(say(f"cli.streams.{key}", lang) for key in STREAM_KEYS))
    for name, facts in _ground_facts(reading).items():
        label = reading.study.spec.streams[name].label.in_lang(lang)
        cells = [f"{label} ({name})", *(f"{value:,.0f}" for value in facts.values())]
        streams.add_row(*(escape(cell) for cell in cells))
    console.print(streams)
    road = reading.network
    _tell(console, say("cli.network", lang, nodes=road.nodes, km=road.length_km, parts=road.components))
    for warning in reading.warnings:
        _tell(console, warning.text(lang), WARNING)
    _tell(console, say("cli.checked", lang))


LAYER_KEYS = ("layer", "rows", "crs", "synthetic")
STREAM_KEYS = ("stream", "places", "off_road", "t_per_year", "eligible_ha", "sites")


def _ground_facts(reading: Reading) -> dict[str, dict[str, float]]:
    return {
        name: {
            "places": len(ground.demand.places),
            "places_off_road": int((ground.trips.node[ground.place_points] < 0).sum()),
            "t_per_year": ground.demand.t_per_year,
            "eligible_ha": ground.eligibility.grid.area_ha(ground.eligibility.eligible),
            "sites": len(ground.sites),
        }
        for name, ground in reading.grounds.items()
    }


def _reading_json(reading: Reading, lang: str) -> dict[str, Any]:
    return {
        "study": reading.study.spec.name,
        "scenario": reading.study.scenario,
        "layers": {
            name: {
                "rows": layer.certificate.rows_kept,
                "crs": layer.certificate.crs,
                "synthetic": layer.certificate.synthetic,
                "sha256": layer.certificate.sha256,
            }
            for name, layer in reading.layers.by_name.items()
        },
        "network": {
            "nodes": reading.network.nodes,
            "length_km": reading.network.length_km,
            "components": reading.network.components,
        },
        "streams": _ground_facts(reading),
        "warnings": [warning.text(lang) for warning in reading.warnings],
    }
