"""The command line: ``wufei init``, ``check``, ``run``. Results on stdout, progress and complaints on stderr."""

from __future__ import annotations

import json
import sys
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
from gis_wufei.errors import CheckFailedError, Fault, InputError
from gis_wufei.text import say

if TYPE_CHECKING:
    from gis_wufei.plan import Plan, Reading

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
Scenario = Annotated[str, typer.Option("--scenario", help="情景名 / name of the scenario")]
Streams = Annotated[
    list[str] | None, typer.Option("--stream", help="只算这些废物流（可重复）/ only these streams (repeatable)")
]


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="新研究的文件夹 / folder of the new study")],
    lang: Lang = Language.zh,
) -> None:
    """新建一个县的研究文件夹。/ Make the folder of a new county, with a commented study file."""
    with _answering(lang, as_json=False):
        from gis_wufei.template import write_template

        made = write_template(folder)
        out = Console(highlight=False)
        for path in made:
            out.print(escape(str(path)))
        out.print(escape(say("cli.init.next", lang, folder=folder)))


@app.command()
def check(
    study: StudyPath,
    scenario: Scenario = "base",
    stream: Streams = None,
    lang: Lang = Language.zh,
    as_json: Json = False,
) -> None:
    """读取并检查全部输入，不求解。/ Read and check everything, solve nothing."""
    with _answering(lang, as_json):
        from gis_wufei.plan import read_study
        from gis_wufei.study import Study

        with _Teller(lang, quiet=as_json) as teller:
            reading = read_study(Study.open(study, scenario), stream, teller.step)
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
) -> None:
    """计算方案并写出地图与表格。/ Make the plan and write maps and tables."""
    with _answering(lang, as_json):
        from gis_wufei.maps import write_map
        from gis_wufei.plan import make_plan
        from gis_wufei.report import publish, summary_json
        from gis_wufei.study import Study

        with _Teller(lang, quiet=as_json) as teller:
            plan = make_plan(Study.open(study, scenario), stream, seed, teller.step)
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
def _answering(lang: str, as_json: bool) -> Iterator[None]:
    """Faults of the user become sentences and an exit code, never a traceback."""
    try:
        yield
    except InputError as error:
        _complain(list(error.faults), lang, as_json)
        raise typer.Exit(BAD_INPUT) from None
    except CheckFailedError as error:
        _complain([error.fault], lang, as_json)
        raise typer.Exit(FAILURE) from None
    except KeyboardInterrupt:
        Console(stderr=True).print(escape(say("cli.interrupted", lang)))
        raise typer.Exit(INTERRUPTED) from None


def _complain(faults: list[Fault], lang: str, as_json: bool) -> None:
    if as_json:
        told = [{"code": fault.code, "where": fault.where, "text": fault.text(lang)} for fault in faults]
        _print_json({"faults": told})
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for fault in faults:
        console.print(f"[red]✗[/] {escape(fault.text(lang))}")
    console.print(escape(say("cli.faults", lang, count=len(faults))))


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False))


class _Teller:
    """Progress on stderr: a live line in a terminal, one line a step elsewhere."""

    def __init__(self, lang: str, quiet: bool) -> None:
        self.lang, self.quiet, self.last = lang, quiet, ""
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
        if self.console.is_terminal:
            self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def step(self, step: str, what: str, done: int = 0, total: int = 0) -> None:
        """The walk's news; see ``gis_wufei.plan.Step``."""
        shown = say(f"step.{step}", self.lang) + (f" · {what}" if what else "")
        self.progress.update(self.task, description=escape(shown), completed=done, total=total or None)
        name = say(f"step.{step}", self.lang) + (f" · {what}" if what and step != "layers" else "")
        if not self.quiet and not self.console.is_terminal and name != self.last:
            self.console.print(escape(name))
        self.last = name


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
        console.print(escape(plan.study.spec.notice.in_lang(lang)))
    for warning in plan.warnings:
        console.print(f"[yellow]![/] {escape(warning.text(lang))}")
    for stream in plan.streams.values():
        for warning in (*stream.explanation, *stream.warnings):
            console.print(f"[yellow]![/] {escape(warning.text(lang))}")
    console.print(escape(say("cli.written", lang, folder=folder)))


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
    console.print(escape(say("cli.network", lang, nodes=road.nodes, km=road.length_km, parts=road.components)))
    for warning in reading.warnings:
        console.print(f"[yellow]![/] {escape(warning.text(lang))}")
    console.print(escape(say("cli.checked", lang)))


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
