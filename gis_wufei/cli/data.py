"""``wufei export`` hands a layer back as a file; ``wufei fetch`` brings public data in, once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gis_wufei.cli.answer import (
    BAD_INPUT,
    WARNING,
    Debug,
    Json,
    Lang,
    Language,
    answering,
    complain,
    console_of,
    print_json,
    tell,
)
from gis_wufei.text import say


def export(
    study: Annotated[Path, typer.Argument(help="研究文件夹或 study.yaml / study folder or study.yaml")],
    layer: Annotated[str, typer.Argument(help="图层名 / name of the layer in the study")],
    to: Annotated[Path, typer.Option("--to", help="写出的文件 .gpkg 或 .shp / file to write, .gpkg or .shp")],
    crs: Annotated[
        str | None,
        typer.Option("--crs", help="换到此坐标系，如 EPSG:4490；默认不变 / in this system; default: its own"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="替换已有文件 / replace a file of that name")] = False,
    lang: Lang = Language.zh,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """把检查、修复后的图层交回：GeoPackage 或 GBK shapefile。/ Hand a checked layer back as GeoPackage or shapefile."""
    with answering(lang, as_json, debug):
        from pyproj import CRS
        from pyproj.exceptions import CRSError

        from gis_wufei.errors import Fault, InputError, listed
        from gis_wufei.layers import open_layer
        from gis_wufei.layers.handback import hand_back
        from gis_wufei.layers.tell import hint
        from gis_wufei.study import Study

        opened = Study.open(study)
        specs = opened.spec.layers
        if layer not in specs:
            facts = {"name": layer, "hint": hint(layer, specs), "known": listed(specs)}
            raise InputError([Fault("E-EXPORT-001", "layers", facts)])
        try:
            system = None if crs is None else CRS.from_user_input(crs)
        except CRSError:
            raise InputError([Fault("E-LAYER-016", "--crs", {"crs": crs})]) from None
        read = open_layer(layer, specs[layer], opened.folder, system)
        inputs = [opened.folder / spec.path for spec in specs.values()]
        made = hand_back(read, to, overwrite, inputs)
        losses = [
            {"code": loss.code, "column": loss.column, "count": loss.count, "rows": list(loss.rows)}
            | {tongue: say(loss.code, tongue, count=loss.count, **loss.facts) for tongue in ("zh", "en")}
            for loss in made.losses
        ]
        restricted = read.certificate.provenance
        if as_json:
            told = {"files": [str(file) for file in made.files], "names": made.names, "losses": losses}
            print_json(told | {"secrecy": restricted.secrecy})
            return
        console = console_of()
        for file in made.files:
            tell(console, str(file))
        for loss in losses:
            column = f"{loss['column']}: " if loss["column"] else ""
            tell(console, f"{column}{loss[lang.value]}", WARNING)
        if restricted.restricted:
            facts = {"layers": layer, "secrecy": say(f"secrecy.{restricted.secrecy}", lang)}
            tell(console, say("W-SECRECY", lang, **facts), WARNING)


def fetch(
    source: Annotated[str, typer.Argument(help="来源名：osm、dem 等 / name of a source: osm, dem, …")] = "",
    to: Annotated[
        Path | None, typer.Option("--to", help="写到此文件夹；默认研究文件夹 / folder to write; default: the study's")
    ] = None,
    study: Annotated[Path | None, typer.Option("--study", help="取该研究的范围 / take the area of this study")] = None,
    bbox: Annotated[
        str | None, typer.Option("--bbox", help="西,南,东,北（度）/ west,south,east,north in degrees")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--from", help="采用带进来的文件，不联网 / adopt a file carried in by hand")
    ] = None,
    sha256: Annotated[
        str | None, typer.Option("--sha256", help="文件应有的校验值 / hash that the file must have")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", envvar="GIS_WUFEI_OFFLINE", help="禁止联网 / forbid the network")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="重新获取 / fetch again what is there")] = False,
    country: Annotated[
        str | None, typer.Option("--country", help="国家三字母代码，如 CHN / country, three letters")
    ] = None,
    url: Annotated[str | None, typer.Option("--url", help="镜像地址 / address of a mirror")] = None,
    lang: Lang = Language.zh,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """获取公开数据（各取一次，附出处）；计算时从不联网。/ Bring public data in, once, with its origin."""
    with answering(lang, as_json, debug):
        from gis_wufei.errors import Fault, MissingExtraError
        from gis_wufei.fetch import bring, sources

        if not source:
            listing = {name: entry.title.in_lang(lang) for name, entry in sources().items()}
            if as_json:
                print_json(listing)
            else:
                for name, title in listing.items():
                    tell(console_of(), f"{name:12} {title}")
            return
        try:
            made = bring(source, to, study, bbox, file, sha256, offline, overwrite, url, country)
        except MissingExtraError as error:  # no fault of the program: the sentence names the command that mends it
            complain([Fault("E-FETCH-013", source, {"reason": str(error)})], lang, as_json)
            raise typer.Exit(BAD_INPUT) from None
        if as_json:
            print_json([entry.record for entry in made])
            return
        console = console_of()
        for entry in made:
            key = "fetch.made" if entry.fresh else "fetch.kept"
            tell(console, say(key, lang, file=entry.path, what=entry.told(lang)))
        if made and made[0].record["attribution"]:
            tell(console, made[0].record["attribution"])
