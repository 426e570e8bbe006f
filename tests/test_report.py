"""The report: what a plan comes to, in tables, a GeoPackage and the record of the run, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
from conftest import draw_county

from gis_wufei.errors import InputError
from gis_wufei.plan import Plan, make_plan
from gis_wufei.report import all_tables, publish, summary_json, summary_table, target_folder
from gis_wufei.report.folder import _safe
from gis_wufei.report.geodata import LAYERS, write_gpkg
from gis_wufei.report.grounds import about, source_in
from gis_wufei.report.lineage import row_states, together
from gis_wufei.report.lock import locked
from gis_wufei.report.measures import header, measure_of
from gis_wufei.report.sheets import write_csv
from gis_wufei.standards import crops, facilities, factors, roads, rules, seasons, vehicles
from gis_wufei.study import Study
from gis_wufei.text import say

LANGS = ("zh", "en")
HOSTILE = ["=1+1", "<b>村</b>", "😀 village", "-2+3", "+86 1", '@SUM(A1) "quoted", comma']


@pytest.fixture(scope="module")
def results(tiny_plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything written once, in Chinese."""
    return publish(tiny_plan, tmp_path_factory.mktemp("maps"), "zh")


@pytest.fixture(scope="module")
def hostile_plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A plan of the tiny county whose villages have names that attack."""
    folder = draw_county(tmp_path_factory.mktemp("hostile"))
    villages = pd.read_csv(folder / "villages.csv")
    villages.assign(name=HOSTILE).to_csv(folder / "villages.csv", index=False)
    return make_plan(Study.open(folder), ["domestic"])


def empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def record(folder: Path) -> dict[str, Any]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    found: dict[str, Any] = json.loads((folder / "run.json").read_text("utf-8"), parse_constant=refuse)
    return found


def csv(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "tables" / f"{name}.csv", encoding="utf-8-sig", dtype=str, keep_default_na=False)


# --- tables -----------------------------------------------------------------------------------


def test_tonnes_in_are_tonnes_served_and_unserved(tiny_plan: Plan) -> None:
    tables = all_tables(tiny_plan, "zh")
    for name, stream in tiny_plan.streams.items():
        rows = {key: table.frame[table.frame["stream_id"] == name] for key, table in tables.items() if key in ROWS}
        served = rows["assignments"]["served_t_per_year"].sum()
        unserved = rows["unserved"]["t_per_year"].sum()
        assert served + unserved == pytest.approx(rows["places"]["t_per_year"].sum())
        assert served == pytest.approx(stream.figures["served_t_per_year"])
        assert rows["months"].filter(regex="^month_").to_numpy().sum() == pytest.approx(stream.demand.t_per_year)
        assert rows["rounds"]["collection_yuan_per_year"].sum() == pytest.approx(
            stream.figures["collection_yuan_per_year"]
        )
    assert tables["unserved"].frame["place_id"].tolist() == ["V6"]


ROWS = ("assignments", "unserved", "places", "months", "rounds")


def test_tonnes_that_trucks_leave_behind_count_as_unserved_not_as_served(tiny_plan: Plan) -> None:
    """A place assigned to a site, of which the trucks fetch nothing, is served with 0 t."""
    stream = tiny_plan.streams["hazardous"]
    row = stream.assignments.iloc[0]
    lost = pd.DataFrame(
        [(row["place_id"], "", "", row["t_per_year"], "unserved.longer_than_a_shift", row["site_id"])],
        columns=["place_id", "name", "township", "t_per_year", "reason", "detail"],
    )
    left = replace(stream, unserved=lost, collection=replace(stream.collection, unserved=lost))
    tables = all_tables(replace(tiny_plan, streams={"hazardous": left}), "en")
    assert tables["assignments"].frame["served_t_per_year"].iloc[0] == 0
    assert tables["unserved"].frame.loc[0, ["site_id", "detail"]].tolist() == [row["site_id"], ""]
    assert tables["unserved"].frame["reason"].tolist() == [say("unserved.longer_than_a_shift", "en")]


def test_every_figure_of_the_summary_is_that_of_the_plan(tiny_plan: Plan) -> None:
    frame = all_tables(tiny_plan, "en")["summary"].frame.set_index("figure_id")
    for name, stream in tiny_plan.streams.items():
        assert set(stream.figures) <= set(frame.index)
        for key, value in stream.figures.items():
            assert frame.loc[key, name] == value
        assert frame.loc["eligible_mu", name] == pytest.approx(15 * stream.figures["eligible_ha"])


@pytest.mark.parametrize("lang", LANGS)
def test_every_header_has_its_words_in_both_languages_and_no_two_are_alike(tiny_plan: Plan, lang: str) -> None:
    for table in all_tables(tiny_plan, lang).values():
        assert len(set(table.headers)) == len(table.headers), table.id
        assert table.frame.columns.str.isascii().all()
        assert 0 < len(table.title) <= 31 and not set(table.title) & set("[]:*?/\\")
        assert say(f"about.{table.id}", lang)


def test_headers_tell_the_unit() -> None:
    assert header("t_per_year", "zh") == "吨数（吨/年）"
    assert header("yuan_per_cycle", "zh", "yuan10k") == "费用（万元/周期）"
    assert header("yuan_per_cycle", "en") == "cost (yuan/cycle)"
    assert header("township", "en") == "township"
    assert measure_of("siting_bound_yuan_per_year").money and not measure_of("yuan_per_t").money
    assert measure_of("t_per_year_high") == measure_of("t_per_year")


def test_the_summary_for_a_terminal_is_text_with_money_in_ten_thousands(tiny_plan: Plan) -> None:
    table = summary_table(tiny_plan, "zh").set_index("指标")
    yuan = tiny_plan.streams["straw"].figures["yuan_per_year"]
    assert table.loc["总费用（万元/年）", "秸秆"] == f"{yuan / 1e4:,.2f}"
    assert table.loc["选址最优间隙", "秸秆"] == "0.00 %"
    assert all(isinstance(cell, str) for cell in table.to_numpy().ravel())


def test_tables_do_not_depend_on_the_order_of_the_numbers(tiny_plan: Plan) -> None:
    turned = replace(tiny_plan, numbers=tiny_plan.numbers.iloc[::-1])
    pd.testing.assert_frame_equal(
        all_tables(tiny_plan, "zh")["numbers"].frame, all_tables(turned, "zh")["numbers"].frame
    )


# --- synthetic or not -------------------------------------------------------------------------


def test_a_row_that_does_not_say_whether_it_is_synthetic_is_unknown_and_never_real():
    flags = pd.DataFrame({"synthetic": pd.array([True, False, pd.NA], dtype="boolean")})
    assert row_states(flags).tolist() == ["all", "none", "unknown"]
    assert row_states(pd.DataFrame({"synthetic": [True, False]})).tolist() == ["all", "none"]
    assert row_states(pd.DataFrame(index=[1])).tolist() == ["unknown"]


@pytest.mark.parametrize(
    ("states", "joint"),
    [
        (["all", "all"], "all"),
        (["all", "none"], "some"),
        (["none", "some"], "some"),
        (["none", "unknown"], "unknown"),
        (["all", "unknown"], "some"),
        (["none"], "none"),
        ([], "unknown"),
    ],
)
def test_data_is_real_only_if_all_of_it_is(states: list[str], joint: str) -> None:
    assert together(states) == joint


def test_every_row_of_places_and_sites_says_whether_it_is_synthetic(tiny_plan: Plan, results: Path) -> None:
    for name in ("places", "sites", "assignments", "trips", "rounds", "hauls", "unserved", "months"):
        assert set(csv(results, name)["数据性质"]) == {"合成"}, name


def test_a_layer_that_says_nothing_of_its_data_leaves_the_rows_unknown(tmp_path: Path) -> None:
    folder = draw_county(tmp_path)
    villages = pd.read_csv(folder / "villages.csv").drop(columns="synthetic")
    villages.to_csv(folder / "villages.csv", index=False)
    tables = all_tables(make_plan(Study.open(folder), ["domestic"]), "en")
    assert set(tables["places"].frame["synthetic"]) == {"not stated"}
    assert set(tables["rounds"].frame["synthetic"]) == {"partly synthetic"}
    assert tables["sites"].frame.set_index("site_id")["synthetic"]["X1"] == "synthetic"


# --- spreadsheets -----------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_csv_files_begin_with_the_mark_for_excel_and_read_back(tiny_plan: Plan, tmp_path: Path, lang: str) -> None:
    write_csv(tiny_plan, tmp_path, lang)
    for name, table in all_tables(tiny_plan, lang).items():
        raw = (tmp_path / "tables" / f"{name}.csv").read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf") and raw.count(b"\xef\xbb\xbf") == 1
        frame = pd.read_csv(io.BytesIO(raw), encoding="utf-8-sig", dtype=str, keep_default_na=False)
        assert list(frame.columns) == table.headers and len(frame) == len(table.frame)
        for column, values in table.frame.select_dtypes("number").items():
            read = pd.to_numeric(frame[table.headers[table.frame.columns.get_loc(column)]].replace("", np.nan))
            np.testing.assert_allclose(read.to_numpy(float), values.to_numpy(float), rtol=1e-9)


def test_numbers_among_texts_are_as_short_as_in_a_column_of_numbers(results: Path) -> None:
    cells = csv(results, "summary").iloc[:, 3:].to_numpy().ravel()
    numbers = [cell for cell in cells if re.fullmatch(r"[\d.e+-]+", cell)]
    assert len(numbers) > 20 and all(len(re.sub(r"\D", "", cell.split("e")[0]).strip("0")) <= 10 for cell in numbers)


def cited(value: object) -> Iterator[str]:
    """Every source in a table of the standards, however deep."""
    if isinstance(value, dict):
        yield from ([str(value["source"])] if "source" in value else [])
        value = list(value.values())
    for item in value if isinstance(value, list | tuple) else ():
        yield from cited(item)


def test_a_source_that_occurs_again_and_again_is_no_english_phrase_on_a_chinese_page() -> None:
    """Standards and laws keep their names; the other sources that occur more than once are translated."""
    tables = (factors, rules, vehicles, facilities, seasons, crops, roads)
    sources = Counter(one for table in tables for entry in table().values() for one in cited(entry.model_dump()))
    recurring = [source for source, count in sources.items() if count > 1]
    assert len(recurring) > 50
    assert [one for one in recurring if re.search(r"(^|; )[a-z]", source_in(one, "zh"))] == []


def test_the_read_me_tells_what_the_costs_leave_out(tiny_plan: Plan) -> None:
    told = [text for _, text in about(tiny_plan, "en")]
    assert say("report.costs_text", "en") in told
    kinds = {facilities()[stream.spec.facility.kind] for stream in tiny_plan.streams.values()}
    for kind in kinds:
        assert kind.costs_leave_out and any(kind.costs_leave_out.en in line for line in told)


def test_a_source_of_ours_is_told_in_the_language_of_the_reader(tiny_plan: Plan) -> None:
    """Documents keep their own names; what occurs again and again without one does not stay English."""
    told = "planning default, 2024–2026 prices; GB 1589-2016"
    assert source_in(told, "zh") == "规划默认值，2024–2026 年价格; GB 1589-2016" and source_in(told, "en") == told
    sources = all_tables(tiny_plan, "zh")["numbers"].frame["source"]
    ours = r"planning default(, (2024|no|as)|;|$)|^usual |^definition"
    assert not [source for source in sources if re.search(ours, source)]


@pytest.mark.parametrize("lang", LANGS)
def test_the_workbook_reads_back_without_a_formula(tiny_plan: Plan, tmp_path: Path, lang: str) -> None:
    folder = publish(tiny_plan, tmp_path, lang)
    book = openpyxl.load_workbook(folder / "tables.xlsx")
    tables = all_tables(tiny_plan, lang)
    assert book.sheetnames == [say("table.about", lang), *(table.title for table in tables.values())]
    notice = tiny_plan.study.spec.notice
    assert notice is not None
    for table in tables.values():
        sheet = book[table.title]
        assert notice.in_lang(lang) in str(sheet["A1"].value)
        assert sheet.max_row == len(table.frame) + 2
        assert [cell.value for cell in sheet[2]] == table.in_ten_thousands().headers
        assert sheet.freeze_panes is not None and sheet.freeze_panes.endswith("3")
        assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    about = {(row[0].value, row[1].value) for row in book[say("table.about", lang)].iter_rows()}
    assert (say("report.notice", lang), notice.in_lang(lang)) in about


def test_money_stands_in_ten_thousands_in_the_workbook_and_in_yuan_in_csv(tiny_plan: Plan, results: Path) -> None:
    yuan = tiny_plan.streams["straw"].figures["yuan_per_year"]
    sheet = openpyxl.load_workbook(results / "tables.xlsx")["主要指标"]
    row = next(row for row in sheet.iter_rows(values_only=True) if row[0] == "yuan_per_year")
    assert row[2:4] == ("万元/年", pytest.approx(yuan / 1e4))
    line = csv(results, "summary").set_index("指标代码").loc["yuan_per_year"]
    assert line["单位"] == "元/年" and float(line["秸秆"]) == pytest.approx(yuan)


def test_hostile_names_stay_text(hostile_plan: Plan, tmp_path: Path) -> None:
    folder = publish(hostile_plan, tmp_path, "zh")
    told = csv(folder, "places")["名称"].tolist()
    assert told == ["'=1+1", "<b>村</b>", "😀 village", "'-2+3", "'+86 1", "'" + HOSTILE[5]]
    sheet = openpyxl.load_workbook(folder / "tables.xlsx")[say("table.places", "zh")]
    cells = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row if cell.value in HOSTILE}
    assert cells == dict.fromkeys(HOSTILE, "s")
    assert pyogrio.read_dataframe(folder / "plan.gpkg", layer="places")["name"].tolist() == HOSTILE


def test_ids_that_look_like_numbers_keep_their_zeros(tmp_path: Path) -> None:
    folder = draw_county(empty(tmp_path / "study"))
    villages = pd.read_csv(folder / "villages.csv")
    ids = [f"00{n}" for n in range(len(villages))]
    villages.assign(place_id=ids).to_csv(folder / "villages.csv", index=False)
    made = publish(make_plan(Study.open(folder), ["domestic"]), tmp_path / "maps", "en")
    assert csv(made, "places")["place id"].tolist() == ids
    sheet = openpyxl.load_workbook(made / "tables.xlsx")["Places and waste"]
    assert [row[2] for row in sheet.iter_rows(min_row=3, values_only=True)] == ids


# --- GeoPackage -------------------------------------------------------------------------------


def test_the_geopackage_holds_every_layer_in_the_study_system(tiny_plan: Plan, results: Path) -> None:
    path = results / "plan.gpkg"
    assert pyogrio.list_layers(path)[:, 0].tolist() == list(LAYERS)
    streams = tiny_plan.streams.values()
    counts = {
        "study_area": 1,
        "places": sum(len(s.demand.places) for s in streams),
        "sites": sum(len(s.sites) for s in streams),
        "assignments": sum(len(s.assignments) for s in streams),
        "trips": sum(len(s.collection.lines) for s in streams),
        "hauls": sum(len(s.haul) for s in streams),
        "numbers": len(tiny_plan.numbers),
        "ledger": sum(len(s.eligibility.ledger) for s in streams),
    }
    for name in LAYERS:
        frame = pyogrio.read_dataframe(path, layer=name)
        assert len(frame) == counts.get(name, len(frame)) > 0
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", column) for column in frame.columns)
        if isinstance(frame, gpd.GeoDataFrame):
            assert frame.crs == tiny_plan.grid.crs and frame.is_valid.all()
            assert set(frame["synthetic"]) == {"all"}
    places = pyogrio.read_dataframe(path, layer="places").set_index("place_id")
    assert places.loc["V6", "unserved_reason"] == "unserved.off_network"


def test_the_classes_of_land_cover_the_area_once_and_agree_with_the_plan(tiny_plan: Plan, results: Path) -> None:
    frame = pyogrio.read_dataframe(results / "plan.gpkg", layer="eligibility")
    for name, stream in tiny_plan.streams.items():
        part = frame[frame["stream_id"] == name]
        area_ha = part.groupby("class")["area_ha"].sum()
        assert area_ha.sum() == pytest.approx(stream.figures["land_ha"])
        assert area_ha.drop("excluded", errors="ignore").sum() == pytest.approx(stream.figures["eligible_ha"])
        # A new site stands on ground of its class.
        opened = stream.opened[stream.opened["state"] == "candidate"]
        for point, conditions, score in zip(opened.geometry, opened["conditions"], opened["score"], strict=True):
            stands = part[part.contains(point)]["class"].tolist()
            assert stands == ["conditional" if conditions else "eligible" if score == 1 else "avoid"]


def test_the_geopackage_is_of_the_version_that_old_programs_open(results: Path) -> None:
    base = sqlite3.connect(results / "plan.gpkg")
    try:
        assert base.execute("PRAGMA user_version").fetchone() == (10200,)
    finally:
        base.close()


def test_the_settings_of_gdal_are_as_before(tiny_plan: Plan, tmp_path: Path) -> None:
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2020-02-02T00:00:00Z"})
    try:
        write_gpkg(tiny_plan, tmp_path, "zh")
        assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == "2020-02-02T00:00:00Z"
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


# --- the record -------------------------------------------------------------------------------


def test_the_record_knows_every_file_by_its_hash(results: Path) -> None:
    told = record(results)["outputs"]
    found = {name: raw for name, raw in files(results).items() if name != "run.json"}
    assert {name: entry["sha256"] for name, entry in told.items()} == {
        name: hashlib.sha256(raw).hexdigest() for name, raw in found.items()
    }
    assert {"plan.gpkg", "tables.xlsx", "tables/summary.csv"} <= set(told)


def test_the_record_tells_what_went_in_and_what_was_proven(tiny_plan: Plan, tiny_study: Path, results: Path) -> None:
    told = record(results)
    roads = told["inputs"]["roads"]
    assert roads["sha256"] == hashlib.sha256((tiny_study / "roads.geojson").read_bytes()).hexdigest()
    assert roads["file"] == "roads.geojson"
    assert told["seed"] == 3 and told["versions"]["gis_wufei"] and told["synthetic"]["roads"] == "all"
    for name, stream in tiny_plan.streams.items():
        entry = told["streams"][name]
        assert (entry["status"], entry["gap"]) == (stream.siting.status, stream.siting.gap)
        assert entry["bound_yuan_per_year"] == stream.siting.bound
        assert [warn["code"] for warn in entry["warnings"]] == [warn.code for warn in stream.warnings]
    assert set(told["timings_s"]["steps"]) == set(tiny_plan.seconds)


def test_no_file_holds_a_path_of_this_machine(tiny_study: Path, results: Path) -> None:
    told = [str(tiny_study).encode(), str(results).encode()]
    assert not [name for name, raw in files(results).items() if any(path in raw for path in told)]


def test_what_is_no_number_is_null_in_json(tiny_plan: Plan) -> None:
    stream = tiny_plan.streams["straw"]
    odd = replace(stream, figures={**stream.figures, "yuan_per_t": np.nan, "max_road_km": np.float64("inf")})
    told = summary_json(replace(tiny_plan, streams={"straw": odd}))
    assert told["streams"]["straw"]["figures"]["yuan_per_t"] is None
    assert told["streams"]["straw"]["figures"]["max_road_km"] is None
    json.dumps(told, allow_nan=False)


def test_two_runs_give_the_same_bytes_but_for_the_timings(tiny_plan: Plan, results: Path, tiny_study: Path) -> None:
    again = publish(make_plan(Study.open(tiny_study)), results.parents[1] / "again", "zh")
    first, second = files(results), files(again)
    assert list(first) == list(second)
    assert [name for name in first if first[name] != second[name]] in ([], ["run.json"])
    one, two = record(results), record(again)
    assert one.pop("timings_s") and two.pop("timings_s")
    assert one == two


# --- the folder -------------------------------------------------------------------------------


def test_results_stand_under_study_and_scenario_with_nothing_beside_them(results: Path) -> None:
    assert results.parts[-2:] == ("tiny", "base")
    assert [path.name for path in results.parent.iterdir()] == ["base"]


def test_further_writers_write_into_the_same_folder(tiny_plan: Plan, tmp_path: Path) -> None:
    def write_page(plan: Plan, folder: Path, lang: str) -> None:
        (folder / "index.html").write_text(f"{plan.study.spec.name} {lang}", encoding="utf-8")

    folder = publish(tiny_plan, tmp_path, "en", [write_page])
    assert (folder / "index.html").read_text("utf-8") == "tiny en"
    told = record(folder)
    assert "index.html" in told["outputs"] and "write_page" in told["timings_s"]["writing"]


@pytest.mark.parametrize("failure", [RuntimeError("no"), KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_failure_leaves_earlier_results_as_they_were(tiny_plan: Plan, tmp_path: Path, failure: BaseException) -> None:
    def fail(plan: Plan, folder: Path, lang: str) -> None:
        (folder / "half.html").write_text("half", encoding="utf-8")
        raise failure

    folder = publish(tiny_plan, tmp_path, "zh")
    before = files(folder)
    expected = InputError if isinstance(failure, OSError) else type(failure)
    with pytest.raises(expected):
        publish(tiny_plan, tmp_path, "zh", [fail])
    assert files(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["base"]


@pytest.mark.parametrize("most_kib", [1, 8, 40, 100])
def test_a_full_disk_is_told_whichever_library_meets_it(tiny_plan: Plan, tmp_path: Path, most_kib: int) -> None:
    """No file may grow beyond so many KiB: the table, the workbook or the GeoPackage is the first that cannot."""
    resource = pytest.importorskip("resource")
    folder = publish(tiny_plan, tmp_path, "zh")
    before = files(folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_kib * 1024, hard))
    try:
        with pytest.raises(InputError, match=r"E-OUT-002.*(disk is full|did not take all)"):
            publish(tiny_plan, tmp_path, "zh")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(folder) == before and [path.name for path in folder.parent.iterdir()] == ["base"]


def test_a_geopackage_that_lost_rows_is_no_result(
    tiny_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = pyogrio.write_dataframe
    monkeypatch.setattr(pyogrio, "write_dataframe", lambda frame, *args, **kw: write(frame.iloc[1:], *args, **kw))
    with pytest.raises(InputError, match=r"E-OUT-002.*did not take all"):
        publish(tiny_plan, tmp_path, "zh")
    assert not files(tmp_path)


def test_a_failed_swap_puts_earlier_results_back(
    tiny_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = publish(tiny_plan, tmp_path, "zh")
    before = files(folder)
    rename = Path.rename

    def stuck(self: Path, target: Path) -> Path:
        if self.name == ".base.new":
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stuck)
    with pytest.raises(InputError, match=r"E-OUT-002.*not permitted"):
        publish(tiny_plan, tmp_path, "zh")
    assert files(folder) == before


def test_new_results_replace_all_of_the_old(tiny_plan: Plan, tmp_path: Path) -> None:
    def extra(plan: Plan, folder: Path, lang: str) -> None:
        (folder / "extra.txt").write_text("once", encoding="utf-8")

    publish(tiny_plan, tmp_path, "zh", [extra])
    folder = publish(tiny_plan, tmp_path, "en")
    assert not (folder / "extra.txt").exists()
    assert "waste, low (t/a)" in csv(folder, "places").columns


def test_files_of_others_among_the_results_are_kept_beside(
    tiny_plan: Plan, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = publish(tiny_plan, tmp_path, "zh")
    (folder / "mine.qgz").write_text("work of hours", encoding="utf-8")
    (folder / "plan.gpkg-wal").write_text("", encoding="utf-8")
    for _ in range(2):
        publish(tiny_plan, tmp_path, "zh")
    assert sorted(path.name for path in folder.parent.iterdir()) == ["base", "base.kept"]
    assert list(files(folder.with_name("base.kept"))) == ["mine.qgz"]
    [told] = caplog.messages
    assert told == say("W-OUT-KEPT", "zh", folder=folder.with_name("base.kept"), files="mine.qgz")


def test_what_a_killed_run_left_is_cleared_away_or_put_back(tiny_plan: Plan, tmp_path: Path) -> None:
    folder = publish(tiny_plan, tmp_path, "zh")
    before = files(folder)
    folder.rename(folder.with_name(".base.old"))  # killed between the two renames
    folder.with_name(".base.new").mkdir()
    (folder.with_name(".base.new") / "half").write_text("half", encoding="utf-8")

    def fail(plan: Plan, folder: Path, lang: str) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        publish(tiny_plan, tmp_path, "zh", [fail])
    assert files(folder) == before and [path.name for path in folder.parent.iterdir()] == ["base"]


def test_two_runs_at_once_leave_one_whole_result(tiny_plan: Plan, tmp_path: Path) -> None:
    """The second waits until the first has finished; a waiting run does not see half a folder."""
    inside, faults = [], []

    def slow(plan: Plan, folder: Path, lang: str) -> None:
        inside.append(lang)
        assert len(inside) == 1, "two runs wrote at once"
        inside.pop()

    def run(lang: str) -> None:
        try:
            publish(tiny_plan, tmp_path, lang, [slow])
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(lang,)) for lang in LANGS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    folder = tmp_path / "tiny" / "base"
    assert {name for name in files(folder) if name != "run.json"} == set(record(folder)["outputs"])
    assert [path.name for path in folder.parent.iterdir()] == ["base"]


def test_the_lock_outlives_a_holder_that_deleted_it(tmp_path: Path) -> None:
    order: list[int] = []

    def hold(number: int) -> None:
        with locked(tmp_path / "lock"):
            order.append(number)
            assert order[-1] == number
            order.append(number)

    threads = [threading.Thread(target=hold, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order[::2] == order[1::2] and sorted(order[::2]) == list(range(8))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", ["file", "folder", "link", "other record"])
def test_what_is_not_ours_is_never_replaced(tiny_plan: Plan, tmp_path: Path, what: str) -> None:
    target = tmp_path / "tiny" / "base"
    target.parent.mkdir()
    if what == "file":
        target.write_text("mine", encoding="utf-8")
    elif what == "link":
        (tmp_path / "elsewhere").mkdir()
        target.symlink_to(tmp_path / "elsewhere")
    else:
        target.mkdir()
        (target / ("run.json" if what == "other record" else "letter.txt")).write_text("[1]", encoding="utf-8")
    before = files(tmp_path)
    for ask in (lambda: target_folder(tiny_plan.study, tmp_path), lambda: publish(tiny_plan, tmp_path, "zh")):
        with pytest.raises(InputError) as caught:
            ask()
        assert [fault.code for fault in caught.value.faults] == ["E-OUT-001"]
    assert files(tmp_path) == before


def test_an_empty_folder_may_be_filled(tiny_plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "tiny" / "base").mkdir(parents=True)
    assert (publish(tiny_plan, tmp_path, "zh") / "run.json").is_file()


def test_a_place_that_cannot_be_written_is_told_in_both_languages(tiny_plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "maps").write_text("a file where a folder should be", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        publish(tiny_plan, tmp_path / "maps", "zh")
    (fault,) = caught.value.faults
    assert fault.code == "E-OUT-002" and "不能写入" in fault.text("zh") and "cannot be written" in fault.text("en")


def test_the_record_knows_the_study_file_and_every_layer_by_size_and_hash(
    tiny_plan: Plan, results: Path, tiny_study: Path
) -> None:
    told = record(results)
    known = [told["study_file"], *told["inputs"].values()]
    paths = [tiny_study / "study.yaml", *(tiny_study / spec.path for spec in tiny_plan.study.spec.layers.values())]
    assert told["study_file"]["name"] == "study.yaml" and len(known) == len(paths)
    for entry, path in zip(known, paths, strict=True):
        raw = path.read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(raw), hashlib.sha256(raw).hexdigest())


def test_a_study_named_like_a_device_is_told_its_folder(
    tiny_plan: Plan, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec = tiny_plan.study.spec.model_copy(update={"name": "con"})
    folder = publish(replace(tiny_plan, study=replace(tiny_plan.study, spec=spec)), tmp_path, "en")
    assert folder.parent.name == "con_" and caplog.messages == [say("W-OUT-RENAMED", "en", name="con", folder="con_")]


def test_names_of_windows_devices_are_no_folders() -> None:
    assert [_safe(name) for name in ("con", "com1", "base", "console")] == ["con_", "com1_", "base", "console"]


def test_results_outlive_the_move_to_another_place(results: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(results, tmp_path / "elsewhere" / "county")
    assert {name: hashlib.sha256(raw).hexdigest() for name, raw in files(moved).items() if name != "run.json"} == {
        name: entry["sha256"] for name, entry in record(moved)["outputs"].items()
    }


def test_an_infeasible_stream_still_makes_every_file(tmp_path: Path) -> None:
    """Fields of which one site at most may take all, more than its largest size: unserved, and nothing to draw."""
    folder = draw_county(empty(tmp_path / "study"))
    file = folder / "study.yaml"
    text = file.read_text("utf-8").replace("layer: fields, ", "layer: fields, level: high, ")
    file.write_text(text.replace("siting: {max_road_km: 15}", "siting: {max_road_km: 15, max_open: 1}"), "utf-8")
    plan = make_plan(Study.open(folder), ["straw"])
    stream = plan.streams["straw"]
    assert stream.siting.status == "infeasible"
    made = publish(plan, tmp_path / "maps", "en")
    assert len(csv(made, "unserved")) == len(csv(made, "places")) == len(stream.demand.places)
    assert len(csv(made, "trips")) == len(csv(made, "rounds")) == len(csv(made, "hauls")) == 0
    trips = pyogrio.read_dataframe(made / "plan.gpkg", layer="trips")
    assert len(trips) == 0 and trips.crs == plan.grid.crs
    told = record(made)["streams"]["straw"]
    assert told["status"] == "infeasible" and told["figures"]["yuan_per_t"] is None and told["explanation"]
    codes = csv(made, "warnings")["code"].tolist()
    assert [warn.code for warn in stream.explanation] == [code for code in codes if code.startswith("infeasible")]
    assert say("status.infeasible", "en") in summary_table(plan, "en").iloc[0].tolist()
