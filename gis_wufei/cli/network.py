"""``wufei network``: roads from lines or OpenStreetMap, looked over, measured, driven."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gis_wufei.cli.answer import BAD_INPUT, FAULT, Debug, Json, Lang, Language, Teller, answering, tell

if TYPE_CHECKING:
    from gis_wufei.cli.roads import Asked, Roads

app = typer.Typer(
    help="路网：由线图层或 OSM 构建、质检、求距离、路径、服务范围。/ Roads: build, look over, measure, drive.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Crossings(StrEnum):
    """What to do where lines of one level cross without a common vertex."""

    KEEP = "keep"
    SPLIT = "split"


class Wide(StrEnum):
    """What the cells of a wide matrix hold."""

    DURATION = "duration"
    DISTANCE = "distance"


Source = Annotated[
    str,
    typer.Argument(metavar="SOURCE", help="研究、道路线文件或 .osm.pbf/.osm / a study, a file of road lines, or OSM"),
]
Scenario = Annotated[str | None, typer.Option("--scenario", help="研究的情景 / scenario of the study")]
VehicleKind = Annotated[
    str | None,
    typer.Option("--vehicle", help="车型，如 medium 或 compactor_5t；默认只用各级道路车速 / kind of vehicle"),
]
Loaded = Annotated[bool, typer.Option("--loaded/--empty", help="货车载货或空驶 / the truck carries its load, or none")]
Dangerous = Annotated[
    bool, typer.Option("--dangerous-goods", help="运危险货物：hazmat=no 的道路不通 / it carries dangerous goods")
]
Dem = Annotated[str | None, typer.Option("--dem", help="高程栅格：货车按坡度减速 / heights: grades slow the truck")]
Tolerance = Annotated[
    float | None,
    typer.Option("--tolerance-m", min=0, max=10, help="接合断口的上限，默认由数据定 / largest gap that is closed (m)"),
]
Cross = Annotated[
    Crossings | None, typer.Option("--crossings", help="无节点的平面交叉：不连或打断 / crossings without a node")
]
Close = Annotated[
    list[str] | None,
    typer.Option("--close", help="停用的道路：行号或 列=值（可重复）/ roads out of use: rows or COLUMN=VALUE"),
]
System = Annotated[
    str | None,
    typer.Option("--crs", help="工作坐标系，也用于未写明的文件 / system to work in, and of a file without one"),
]
LayerName = Annotated[str | None, typer.Option("--layer", help="文件含多个图层时指明 / layer inside the file")]
Field = Annotated[
    list[str] | None, typer.Option("--field", help="我们的列=文件的列，如 class=道路等级 / our column=the file's")
]
Setting = Annotated[
    list[str] | None,
    typer.Option("--set", help="图层的其他设置，如 values.class.主干路=county / another setting of the layer"),
]
Folder = Annotated[
    Path | None, typer.Option("--out", help="写到此文件夹；默认不写 / write into this folder", file_okay=False)
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="替换已有文件 / replace a file of that name")]
PointsFile = Annotated[
    str, typer.Option("--points", help="地点：文件，或研究的图层名 / places: a file, or a layer of the study")
]
Key = Annotated[str | None, typer.Option("--key", help="地点的编号列 / column with the key of each place")]
PointsCrs = Annotated[
    str | None, typer.Option("--points-crs", help="地点文件未写明时的坐标系 / system of points that state none")
]


@contextmanager
def _roads(asked: Asked, lang: Language, as_json: bool, debug: bool) -> Iterator[Roads]:
    """The roads of a command, with progress on stderr; what goes wrong becomes sentences and an exit code."""
    with answering(lang, as_json, debug):
        from gis_wufei.cli.roads import open_roads
        from gis_wufei.errors import MissingExtraError

        try:
            with Teller(None, lang, quiet=as_json) as teller:
                roads = open_roads(asked, teller)
            yield roads
        except MissingExtraError as error:  # no fault of the program: the sentence names the command that mends it
            tell(Console(stderr=True, highlight=False), str(error), FAULT)
            raise typer.Exit(BAD_INPUT) from None


@app.command()
def build(
    source: Source,
    out: Folder = None,
    overwrite: Overwrite = False,
    scenario: Scenario = None,
    vehicle: VehicleKind = None,
    loaded: Loaded = True,
    dangerous_goods: Dangerous = False,
    dem: Dem = None,
    tolerance_m: Tolerance = None,
    crossings: Cross = None,
    close: Close = None,
    crs: System = None,
    layer: LayerName = None,
    field: Field = None,
    setting: Setting = None,
    lang: Lang = Language.zh,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """构建路网并报告。/ Build the network and tell what it is made of."""
    from gis_wufei.cli.roads import Asked

    asked = Asked(
        source, scenario, vehicle, loaded, dangerous_goods, tolerance_m, crossings, tuple(close or ()), crs,
        layer, tuple(field or ()), tuple(setting or ()), dem,
    )  # fmt: skip
    with _roads(asked, lang, as_json, debug) as roads:
        from gis_wufei.cli.graphs import build as answer

        answer(roads, out, overwrite, lang, as_json)


@app.command()
def qa(
    source: Source,
    out: Folder = None,
    overwrite: Overwrite = False,
    scenario: Scenario = None,
    vehicle: VehicleKind = None,
    loaded: Loaded = True,
    dangerous_goods: Dangerous = False,
    dem: Dem = None,
    tolerance_m: Tolerance = None,
    crossings: Cross = None,
    close: Close = None,
    crs: System = None,
    layer: LayerName = None,
    field: Field = None,
    setting: Setting = None,
    lang: Lang = Language.zh,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """质检路网：断口、孤立部分、断头路、单行陷阱，附地图。/ Look the roads over: gaps, pieces, traps; with a map."""
    from gis_wufei.cli.roads import Asked

    asked = Asked(
        source, scenario, vehicle, loaded, dangerous_goods, tolerance_m, crossings, tuple(close or ()), crs,
        layer, tuple(field or ()), tuple(setting or ()), dem,
    )  # fmt: skip
    with _roads(asked, lang, as_json, debug) as roads:
        from gis_wufei.cli.graphs import quality

        quality(roads, out, overwrite, lang, as_json)


@app.command()
def matrix(
    source: Source,
    points: PointsFile,
    to: Annotated[
        str | None, typer.Option("--to", help="终点，默认同起点 / destinations; default: the same places")
    ] = None,
    limit_min: Annotated[
        float | None, typer.Option("--limit-min", min=0, help="最长时间（分钟）/ longest trip of interest")
    ] = None,
    nearest: Annotated[
        int | None, typer.Option("--nearest", min=1, help="每个起点只要最近的几个 / only so many, the nearest")
    ] = None,
    wide: Annotated[
        Wide | None, typer.Option("--wide", help="每个起点一行：时间或距离 / a row for each origin")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="写到此 .csv 文件 / write this .csv file", dir_okay=False)
    ] = None,
    overwrite: Overwrite = False,
    key: Key = None,
    to_key: Annotated[str | None, typer.Option("--to-key", help="终点的编号列 / the same of the destinations")] = None,
    points_crs: PointsCrs = None,
    scenario: Scenario = None,
    vehicle: VehicleKind = None,
    loaded: Loaded = True,
    dangerous_goods: Dangerous = False,
    dem: Dem = None,
    tolerance_m: Tolerance = None,
    crossings: Cross = None,
    close: Close = None,
    crs: System = None,
    layer: LayerName = None,
    field: Field = None,
    setting: Setting = None,
    lang: Lang = Language.zh,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """各地点之间的道路距离和时间，以及不通的原因。/ Distance and time by road between places, and why there is none."""
    from gis_wufei.cli.roads import Asked

    asked = Asked(
        source, scenario, vehicle, loaded, dangerous_goods, tolerance_m, crossings, tuple(close or ()), crs,
        layer, tuple(field or ()), tuple(setting or ()), dem,
    )  # fmt: skip
    with _roads(asked, lang, as_json, debug) as roads:
        from gis_wufei.cli.matrix import Wanted, refuse_both
        from gis_wufei.cli.matrix import matrix as answer
        from gis_wufei.cli.points import open_points

        refuse_both(nearest, wide)
        origins = open_points(points, roads, key, points_crs, "--points")
        others = None if to is None else open_points(to, roads, to_key, points_crs, "--to")
        wanted = Wanted(None if limit_min is None else 60 * limit_min, nearest, wide, out, overwrite)
        answer(roads, origins, others, wanted, lang, as_json)


@app.command(context_settings={"ignore_unknown_options": True})  # a longitude may be below zero
def path(
    source: Source,
    degrees: Annotated[
        list[float] | None,
        typer.Argument(metavar="[LON LAT LON LAT]", help="起点和终点（度）/ from and to, in degrees"),
    ] = None,
    begin: Annotated[str | None, typer.Option("--from", help="起点编号 / key of the origin")] = None,
    end: Annotated[str | None, typer.Option("--to", help="终点编号 / key of the destination")] = None,
    points: Annotated[str | None, typer.Option("--points", help="含这两个编号的文件 / file with both keys")] = None,
    key: Key = None,
    points_crs: PointsCrs = None,
    alternatives: Annotated[
        int, typer.Option("--alternatives", min=1, max=10, help="几条不同的路 / how many different ways")
    ] = 1,
    out: Annotated[
        Path | None, typer.Option("--out", help="写到此 .geojson 或 .gpkg / write this file", dir_okay=False)
    ] = None,
    overwrite: Overwrite = False,
    scenario: Scenario = None,
    vehicle: VehicleKind = None,
    loaded: Loaded = True,
    dangerous_goods: Dangerous = False,
    dem: Dem = None,
    tolerance_m: Tolerance = None,
    crossings: Cross = None,
    close: Close = None,
    crs: System = None,
    layer: LayerName = None,
    field: Field = None,
    setting: Setting = None,
    lang: Lang = Language.zh,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """两地之间的路，逐个转弯。/ The way between two places, turn by turn."""
    from gis_wufei.cli.roads import Asked

    asked = Asked(
        source, scenario, vehicle, loaded, dangerous_goods, tolerance_m, crossings, tuple(close or ()), crs,
        layer, tuple(field or ()), tuple(setting or ()), dem,
    )  # fmt: skip
    with _roads(asked, lang, as_json, debug) as roads:
        from gis_wufei.cli.path import path as answer
        from gis_wufei.cli.points import open_ends

        ends, pair = open_ends(roads, degrees or [], begin, end, points, key, points_crs)
        code = answer(roads, ends, pair, alternatives, out, overwrite, lang, as_json)
        if code:
            raise typer.Exit(code)


@app.command()
def area(
    source: Source,
    points: PointsFile,
    minutes: Annotated[str, typer.Option("--minutes", help="时间，如 10,20,30 / minutes, ascending")],
    to: Annotated[bool, typer.Option("--to", help="到达这些地点的范围，而不是从其出发 / towards the places")] = False,
    places: Annotated[str | None, typer.Option("--places", help="居民点文件或研究的图层 / where people live")] = None,
    people: Annotated[str | None, typer.Option("--people", help="其中的人口列 / their column of people")] = None,
    width_m: Annotated[
        float, typer.Option("--width-m", min=1, max=10_000, help="道路两侧多宽算服务范围（米）/ land beside the road")
    ] = 250.0,
    out: Annotated[
        Path | None, typer.Option("--out", help="写到此 .gpkg / write this .gpkg file", dir_okay=False)
    ] = None,
    overwrite: Overwrite = False,
    key: Key = None,
    points_crs: PointsCrs = None,
    scenario: Scenario = None,
    vehicle: VehicleKind = None,
    loaded: Loaded = True,
    dangerous_goods: Dangerous = False,
    dem: Dem = None,
    tolerance_m: Tolerance = None,
    crossings: Cross = None,
    close: Close = None,
    crs: System = None,
    layer: LayerName = None,
    field: Field = None,
    setting: Setting = None,
    lang: Lang = Language.zh,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """若干分钟内的服务范围和人口。/ What lies, and who lives, within some minutes of the places."""
    from gis_wufei.cli.roads import Asked

    asked = Asked(
        source, scenario, vehicle, loaded, dangerous_goods, tolerance_m, crossings, tuple(close or ()), crs,
        layer, tuple(field or ()), tuple(setting or ()), dem,
    )  # fmt: skip
    with _roads(asked, lang, as_json, debug) as roads:
        from gis_wufei.cli.area import area as answer
        from gis_wufei.cli.area import minutes_of
        from gis_wufei.cli.points import open_people, open_points

        breaks = minutes_of(minutes)
        facilities = open_points(points, roads, key, points_crs, "--points")
        lived_in = open_people(places, people, roads, points_crs)
        answer(roads, facilities, lived_in, breaks, to, width_m, out, overwrite, lang, as_json)
