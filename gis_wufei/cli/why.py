"""``wufei why``: what every rule says of a facility at a point or at parcels."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from gis_wufei.cli.answer import WARNING, Debug, Json, Lang, Language, answering, print_json, table, tell
from gis_wufei.text import Text, say

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from gis_wufei.plan.why import Why

COLOURS = {"excluded": "red", "conditional": "yellow", "avoided": "cyan", "clear": "green", "eligible": "green"}
MOST_PLACES = 20
COLUMNS = ("verdict", "rule_id", "measured", "required", "clause")


def why(
    degrees: Annotated[
        list[float] | None, typer.Argument(metavar="[LON LAT]", help="经度 纬度（度）/ longitude and latitude")
    ] = None,
    facility: Annotated[
        str, typer.Option("--facility", metavar="KIND", help="设施类型，如 TS、HWC / kind of facility")
    ] = ...,  # type: ignore[assignment]
    study: Annotated[Path, typer.Option("--study", help="研究文件夹 / study folder")] = Path(),
    parcels: Annotated[
        str | None, typer.Option("--parcels", help="地块或点的文件，代替经纬度 / file of parcels or points instead")
    ] = None,
    layer: Annotated[str | None, typer.Option("--layer", help="文件含多个图层时指明 / layer inside the file")] = None,
    key: Annotated[str | None, typer.Option("--key", help="地块编号列 / column with the name of each place")] = None,
    crs: Annotated[
        str | None, typer.Option("--crs", help="文件未写明时的坐标系 / system of a file that states none")
    ] = None,
    stream: Annotated[
        str | None, typer.Option("--stream", help="采用哪个废物流的规则改动 / whose changes hold")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--all", help="连符合的规则也印出依据 / print the source of rules that are met, too")
    ] = False,
    scenario: Annotated[str, typer.Option("--scenario", help="情景名 / name of the scenario")] = "base",
    lang: Lang = Language.zh,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """为何可建、为何不可：一点或一块地上每条规则的结论。/ Why here, why not there: every rule at a place."""
    with answering(lang, as_json, debug):
        from gis_wufei.plan.why import why as ask
        from gis_wufei.study import Study

        opened = Study.open(study, scenario)
        shapes = _shapes(degrees or [], parcels, layer, key, crs)
        answer = ask(opened, facility, shapes, stream)
        if as_json:
            print_json(answer.told(lang))
        else:
            _print(answer, whole, lang)


def _shapes(
    degrees: list[float], parcels: str | None, layer: str | None, key: str | None, crs: str | None
) -> gpd.GeoSeries:
    import geopandas as gpd
    import shapely

    from gis_wufei.cli.check import file_spec
    from gis_wufei.crs import WGS84
    from gis_wufei.errors import Fault, InputError
    from gis_wufei.layers import open_layer
    from gis_wufei.layers.path import no_path, refused
    from gis_wufei.layers.tell import as_text, missing_column

    if (parcels is None) == (not degrees) or (degrees and len(degrees) != 2):
        raise InputError([Fault("E-WHY-006", "LON LAT", {})])
    if parcels is None:
        lon, lat = degrees
        if not (abs(lon) <= 180 and abs(lat) <= 90):
            raise InputError([Fault("E-WHY-007", "LON LAT", {"found": f"{lon:g} {lat:g}"})])
        return gpd.GeoSeries([shapely.Point(lon, lat)], index=[f"{lon:g},{lat:g}"], crs=WGS84)
    if (banned := no_path(parcels, Path.cwd())) is not None:
        raise refused(parcels, "--parcels", banned)
    spec, folder = file_spec(parcels, "context", layer, crs, [], [])
    frame = open_layer("context", spec, folder).frame
    if key is not None and key not in frame:
        raise InputError([missing_column("--key", key, frame)])
    names = [as_text(cell) for cell in frame[key]] if key else [f"#{row}" for row in frame["row"]]
    if len(set(names)) < len(names):
        raise InputError([Fault("E-WHY-008", "--key", {"column": key})])
    return gpd.GeoSeries(frame.geometry.to_numpy(), index=names, crs=frame.crs)


def _print(answer: Why, whole: bool, lang: str) -> None:
    console = Console(highlight=False)
    notice = answer.study.spec.notice
    if notice is not None:
        tell(console, notice.in_lang(lang), WARNING)
    for place in answer.places.index[:MOST_PLACES]:
        _print_place(console, answer, place, whole, lang)
    if len(answer.places) > MOST_PLACES:
        tell(console, say("why.more", lang, count=len(answer.places) - MOST_PLACES))
    tell(console, say("why.screen", lang))


def _print_place(console: Console, answer: Why, place: Hashable, whole: bool, lang: str) -> None:
    from gis_wufei.errors import visible

    row = answer.verdicts.loc[[place]].iloc[0]
    verdict = str(row["verdict"])
    facts = {"place": visible(str(place)), "facility": answer.label, "verdict": say(f"says.{verdict}", lang)}
    by = f" ({row['by']})" if row["by"] else ""
    console.print(f"[bold {COLOURS[verdict]}]{escape(say('why.head', lang, **facts) + by)}[/]")
    lines = answer.lines(place)
    told = lines[lines["nearest"].ne("") | lines["measured"].notna()]
    rows = table("", *(say(f"why.column.{name}", lang) for name in COLUMNS))
    rows.columns[-1].justify = "left"
    for column in rows.columns[:-1]:
        column.no_wrap = True
    for line in told.to_dict("records"):
        said = say(f"says.{line['verdict']}", lang)
        colour = COLOURS.get(str(line["verdict"]), "default")
        rows.add_row(
            f"[{colour}]{escape(said)}[/]",
            escape(str(line["rule_id"])),
            _number(line["measured"], str(line["unit"])),
            escape(_required(line, lang)),
            escape("\n".join(map(visible, _words(line, whole or line["verdict"] != "clear", lang)))),
        )
    console.print(rows)
    _print_doubts(console, lines, lang)


def _words(line: Mapping[Any, Any], sourced: bool, lang: str) -> list[str]:
    """The clause, the feature measured to, and what both rest on."""
    from gis_wufei.report.grounds import source_in

    clause = line["clause"]
    words = clause.in_lang(lang) if isinstance(clause, Text) else str(clause)
    if line["reason"]:
        words += f" [{line['reason']}]"
    told = [words, f"→ {line['nearest']}"] if line["nearest"] else [words]
    if not sourced:
        return told
    old = f" {say('why.old', lang)}" if line["superseded"] else ""
    status = say(f"status.{line['status']}", lang)
    return [*told, f"{source_in(str(line['source']), lang)}{old} · {status}"]


def _number(value: object, unit: str) -> str:
    number = float(str(value))
    if number != number:
        return "–"
    shown = f"{number:,.0f}" if number >= 1000 else f"{number:,.1f}"
    return f"{shown} {'°' if unit == 'deg' else unit}"


def _required(line: Mapping[Any, Any], lang: str) -> str:
    """What the rule asks, in words short enough for a cell."""
    if line["operator"] == "units":
        return "–"
    if line["operator"] == "outside":
        return say("why.inside", lang)
    if line["operator"] == "above":
        return "≤ " + _number(line["required"], str(line["unit"]))
    return "≥ " + _number(line["required"], "m") if float(str(line["required"])) > 0 else say("why.outside", lang)


def _print_doubts(console: Console, lines: pd.DataFrame, lang: str) -> None:
    """What no layer tells, and what rests on a law that was replaced."""
    from gis_wufei.layers import roles

    none = lines[lines["verdict"].eq("clear") & lines["nearest"].eq("") & lines["measured"].isna()]
    if len(none):
        tell(console, say("why.none", lang, rules=", ".join(none["rule_id"])))
    off = lines[lines["verdict"].isin(["dropped", "not_in_force"])]
    for line in off.to_dict("records"):
        verdict = say(f"says.{line['verdict']}", lang)
        told = f"{line['rule_id']}: {verdict}"
        tell(console, f"{told} ({line['reason']})" if line["reason"] else told)
    blind = lines[(lines["verdict"] == "unknown") & (lines["nearest"] == "")]
    if len(blind):
        wanted = ", ".join(roles()[role].label.in_lang(lang) for role in dict.fromkeys(blind["role"]))
        tell(
            console,
            say("why.unknown", lang, count=len(blind), rules=", ".join(blind["rule_id"]), roles=wanted),
            WARNING,
        )
    old = lines[lines["superseded"].astype(bool) & ~lines["verdict"].isin(["unknown", "dropped", "not_in_force"])]
    if len(old):
        tell(console, say("why.superseded", lang, rules=", ".join(old["rule_id"])), WARNING)
