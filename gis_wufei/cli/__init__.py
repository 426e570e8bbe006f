"""The command line: ``wufei init``, ``check``, ``run``, ``why``, ``export``, ``fetch``, ``network``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gis_wufei import __version__
from gis_wufei.cli.answer import (
    BAD_INPUT,
    FAILURE,
    INFEASIBLE,
    INTERRUPTED,
    OK,
    Debug,
    Json,
    Lang,
    Language,
    Teller,
    answering,
    console_of,
    print_json,
    refuse_unwritable,
    tell,
    typed,
)
from gis_wufei.cli.data import export, fetch
from gis_wufei.cli.network import app as network
from gis_wufei.cli.why import why
from gis_wufei.text import say

__all__ = ["BAD_INPUT", "FAILURE", "INFEASIBLE", "INTERRUPTED", "OK", "app", "main"]

app = typer.Typer(
    name="wufei",
    help="无废：县域废物设施选址、收运线路与地图。/ Siting studies, route plans and maps for county waste systems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

StudyPath = Annotated[Path, typer.Argument(help="研究文件夹或 study.yaml / study folder or study.yaml")]
CheckPath = Annotated[
    str, typer.Argument(metavar="PATH", help="研究，或要检查的单个数据文件 / a study, or a single file of data")
]
Scenario = Annotated[str, typer.Option("--scenario", help="情景名 / name of the scenario")]
Streams = Annotated[
    list[str] | None, typer.Option("--stream", help="只算这些废物流（可重复）/ only these streams (repeatable)")
]
Role = Annotated[
    str | None,
    typer.Option(
        "--role",
        help="单个文件的角色 / the role a single file plays: boundary, settlements, fields, enterprises, facilities, "
        "candidates, roads, units, red_line, dem …（不写则列出全部 / left out, all are listed）",
    ),
]
Papers = Annotated[
    Path | None, typer.Option("--out", help="证书写到此文件夹 / write certificates into this folder", file_okay=False)
]


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="新研究的文件夹 / folder of the new study")],
    lang: Lang = Language.zh,
    debug: Debug = False,
) -> None:
    """新建一个县的研究文件夹。/ Make the folder of a new county, with a commented study file."""
    with answering(lang, as_json=False, debug=debug):
        from gis_wufei.template import write_template

        made = write_template(folder)
        out = console_of()
        for path in made:
            tell(out, str(path))
        tell(out, say("cli.init.next", lang, folder=folder, typed=typed(folder)))


@app.command()
def check(
    path: CheckPath,
    role: Role = None,
    out: Papers = None,
    layer: Annotated[
        str | None, typer.Option("--layer", help="文件含多个图层或工作表时指明 / layer or sheet inside the file")
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option("--crs", help="文件未写明时的坐标系，如 EPSG:4490 / system of a file that states none"),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", help="我们的列=文件的列（可重复）/ our column=the file's column (repeatable)"),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="图层的其他设置，键=值（可重复）/ another setting of the layer, KEY=VALUE (repeatable)"
        ),
    ] = None,
    scenario: Scenario = "base",
    stream: Streams = None,
    lang: Lang = Language.zh,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """检查一个研究，或（用 --role）一个数据文件；不求解。/ Check a study, or with --role one file; solve nothing."""
    with answering(lang, as_json, debug):
        from gis_wufei.cli.check import check_file, check_study, is_study

        own = {"role": role, "layer": layer, "crs": crs, "field": field, "setting": setting}
        if is_study(path, role):
            check_study(Path(path), scenario, stream, own, out, lang, as_json)
        elif not check_file(path, role, layer, crs, field or [], setting or [], out, lang, as_json):
            raise typer.Exit(BAD_INPUT)


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
    with answering(lang, as_json, debug):
        from gis_wufei.cli.study import print_plan
        from gis_wufei.maps import write_map
        from gis_wufei.plan import make_plan
        from gis_wufei.report import publish, summary_json, target_folder
        from gis_wufei.study import Study

        opened = Study.open(study, scenario)
        refuse_unwritable(target_folder(opened, out))  # before the work, not after it
        with Teller(opened, lang, quiet=as_json) as teller:
            plan = make_plan(opened, stream, seed, teller.step)
            teller.step("write", "")
            folder = publish(plan, out, lang, [write_map])
        if as_json:
            print_json({**summary_json(plan), "folder": str(folder)})
        else:
            print_plan(plan, folder, lang)
        if plan.infeasible:
            raise typer.Exit(INFEASIBLE)


app.command()(export)
app.command()(fetch)
app.command(context_settings={"ignore_unknown_options": True})(why)  # a longitude may be below zero
app.add_typer(network, name="network")


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
