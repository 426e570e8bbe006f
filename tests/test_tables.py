"""Lists as people keep them: titles, merged headers, units, totals, notes, codes and coordinates in many spellings.

Rows count from 1 below the header. Each fault stands beside its sound twin.
"""

from __future__ import annotations

import zipfile
from datetime import date, datetime

import geopandas as gpd
import openpyxl
import pytest
import shapely
from test_formats import codes, fault_of, faults_of, spec
from test_formats import opened as opened_as

HEAD = "place_id,name,population,lon,lat"
ROWS = ["V1,东村,120,109.5,40.4", "V2,西村,80,109.6,40.5"]
PLACES = "\n".join([HEAD, *ROWS]) + "\n"


def opened(folder, path, role="settlements", **more):
    return opened_as(folder, path, role, **more)


def fault(folder, path, role="settlements", **more):
    return fault_of(folder, path, role, **more)


def listed(folder, *lines, name="v.csv", encoding="utf-8"):
    (folder / name).write_bytes("\n".join(lines).encode(encoding))
    return name


def sheet(folder, *rows, name="v.xlsx", more=None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    if more:
        more(book)
    book.save(folder / name)
    return name


def cells(line):
    return [float(cell) if cell.replace(".", "").isdigit() else cell for cell in line.split(",")]


SHEET = (HEAD.split(","), cells(ROWS[0]), cells(ROWS[1]))


def points(layer):
    return [(round(p.x, 6), round(p.y, 6)) for p in layer.frame.geometry]


WHERE = [(109.5, 40.4), (109.6, 40.5)]

# --- the header ----------------------------------------------------------------------------------------


def test_titles_above_the_header_are_passed_over_and_told(tmp_path):
    path = listed(tmp_path, "达拉特旗村庄一览表（2024年）", "填表单位：农牧局,,,,", "", HEAD, *ROWS)
    layer = opened(tmp_path, path)
    assert points(layer) == WHERE and layer.frame["row"].tolist() == [1, 2]
    (remark,) = layer.certificate.found
    assert (remark.code, remark.count) == ("R-LAYER-HEADER", 4) and "一览表" in remark.text("zh")


def test_a_list_without_a_title_has_nothing_told_of_its_header(tmp_path):
    assert codes(opened(tmp_path, listed(tmp_path, HEAD, *ROWS)).certificate.found) == []


def test_no_header_says_where_it_was_sought(tmp_path):
    told = fault(tmp_path, listed(tmp_path, "title", "", "V1,东村,120,109.5,40.4", "V2,西村,80,109.6,40.5"))
    assert told.code == "E-LAYER-106" and "1–4" in told.text("zh") and "population" in told.text("en")


def test_the_study_may_name_the_row_of_the_header(tmp_path):
    path = listed(tmp_path, "a,b,c,d,e", "甲,乙,丙,lon,lat", *ROWS)
    fields = {"place_id": "甲", "name": "乙", "population": "丙"}
    assert points(opened(tmp_path, path, fields=fields, header_row=2)) == WHERE
    assert fault(tmp_path, path, header_row=9).code == "E-LAYER-106"


def test_a_header_of_two_rows_in_merged_cells_is_put_together(tmp_path):
    def merge(book):
        for area in ("A1:A2", "B1:B2", "C1:C2", "D1:E1"):
            book.active.merge_cells(area)

    rows = (["place_id", "name", "population", "坐标", None], [None, None, None, "经度", "纬度"], *SHEET[1:])
    layer = opened(tmp_path, sheet(tmp_path, *rows, more=merge))
    assert points(layer) == WHERE and layer.frame["row"].tolist() == [1, 2]
    (remark,) = [r for r in layer.certificate.found if r.code != "R-LAYER-ASSUMED"]  # two rows, and no title
    assert (remark.code, remark.facts["first"], remark.count) == ("R-LAYER-TWOROWS", 1, 2)


def test_a_title_in_merged_cells_or_with_commas_is_a_title(tmp_path):
    path = sheet(
        tmp_path, ["一览表", None, None, None, None], *SHEET, more=lambda book: book.active.merge_cells("A1:E1")
    )
    for title in (
        path,
        listed(tmp_path, "一览表，2024，旗", HEAD, *ROWS),
        listed(tmp_path, "一览表", HEAD, *ROWS, name="b.csv"),
    ):
        told = [r.code for r in opened(tmp_path, title).certificate.found if r.code != "R-LAYER-ASSUMED"]
        assert told == ["R-LAYER-HEADER"]


def test_a_header_of_two_rows_in_a_list_is_put_together(tmp_path):
    path = listed(tmp_path, "place_id,name,population,坐标,", ",,,经度,纬度", *ROWS)
    assert points(opened(tmp_path, path)) == WHERE


@pytest.mark.parametrize("degrees", ["°", "度", "度分秒", "dms"])
def test_a_row_of_units_below_the_header_is_no_data(tmp_path, degrees):
    layer = opened(tmp_path, listed(tmp_path, HEAD, f",,人,{degrees},{degrees}", *ROWS))
    assert layer.frame["population"].tolist() == [120.0, 80.0] and points(layer) == WHERE
    assert codes(layer.certificate.dropped) == ["R-LAYER-UNITROW"]


def test_a_unit_row_that_contradicts_the_header_is_refused_as_its_unit(tmp_path):
    head = "source_id,sector,年产生量（吨）,lon,lat"
    row = "E1,garage,5,109.5,40.4"
    told = fault(tmp_path, listed(tmp_path, head, ",,kg,°,°", row), "enterprises")
    assert told.code == "E-LAYER-072"
    assert opened(tmp_path, listed(tmp_path, head, ",,吨/年,°,°", row), "enterprises").frame["t_per_year"].tolist() == [
        5
    ]


def test_a_unit_row_that_contradicts_the_column_is_not_passed_over(tmp_path):
    told = faults_of(tmp_path, listed(tmp_path, HEAD, ",,万人,°,°", *ROWS), "settlements")
    assert any("万人" in one.text("zh") for one in told)


def test_a_nameless_column_that_only_counts_the_rows_is_left_out(tmp_path):
    path = listed(tmp_path, f",{HEAD}", *(f"{at},{row}" for at, row in enumerate(ROWS)))
    assert points(opened(tmp_path, path)) == WHERE
    assert fault(tmp_path, listed(tmp_path, f",{HEAD}", *(f"x,{row}" for row in ROWS))).code == "E-LAYER-020"


def test_a_list_with_nothing_in_it_says_so(tmp_path):
    assert (
        fault(tmp_path, listed(tmp_path, "")).code == fault(tmp_path, listed(tmp_path, "", ",,")).code == "E-LAYER-007"
    )


def test_line_breaks_in_a_header_are_no_part_of_the_name(tmp_path):
    path = listed(tmp_path, HEAD.replace("population", '"常住\n人口"'), *ROWS)
    assert opened(tmp_path, path).frame["population"].tolist() == [120.0, 80.0]


# --- rows that are no data ---------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["合计", "总 计", "小计：", "Total", "　合计　", "全旗合计", "树林召镇小计"])
def test_a_total_is_never_counted_and_always_told(tmp_path, word):
    layer = opened(tmp_path, listed(tmp_path, HEAD, *ROWS, f"{word},,200,,"))
    assert layer.frame["population"].sum() == 200
    (remark,) = layer.certificate.dropped
    assert (remark.code, remark.ids) == ("R-LAYER-TOTAL", ("3",))


def test_a_total_in_the_second_column_and_in_the_middle_is_found_too(tmp_path):
    layer = opened(tmp_path, listed(tmp_path, HEAD, ROWS[0], ",小计,120,,", ROWS[1], ",合计,200,,"))
    assert layer.frame["row"].tolist() == [1, 3] and layer.certificate.dropped[0].count == 2


def test_a_place_that_is_called_total_but_lies_somewhere_stays_and_is_doubted(tmp_path):
    layer = opened(tmp_path, listed(tmp_path, HEAD, *ROWS, "V3,Total,7,109.7,40.5"))
    assert len(layer.frame) == 3 and codes(layer.certificate.warned) == ["R-LAYER-TOTALLIKE"]


def test_notes_below_the_list_are_told_and_not_read(tmp_path):
    layer = opened(tmp_path, listed(tmp_path, HEAD, *ROWS, "", "注：人口为常住人口", "填表人：张三,,,,"))
    (remark,) = layer.certificate.dropped
    assert len(layer.frame) == 2 and (remark.code, remark.count) == ("R-LAYER-NOTE", 2)


FEET = [
    ["填表人：张三", "", "审核人：李四", "", ""],
    ["制表人", "张三", "审核人", "李四", "2024年3月15日"],
    ["填报单位（公章）：", "", "", "负责 人：", "王五"],
    ["单位（盖章）", "", "", "", date(2024, 3, 15)],
    ["Prepared by: A", "", "Checked by:", "B", "Date: 2024-03-01"],
]


@pytest.mark.parametrize("foot", FEET)
def test_signatures_and_dates_below_the_list_are_no_place(tmp_path, foot):
    notes = ["注：人口为常住人口", "", "", "", ""], ["2、坐标取自村委会", "", "", "", ""]
    written = sheet(tmp_path, *SHEET, *notes, foot)
    typed = listed(tmp_path, HEAD, *ROWS, *(",".join(map(str, row)) for row in (*notes, foot)))
    for path in (written, typed):
        layer = opened(tmp_path, path)
        (remark,) = layer.certificate.dropped
        assert len(layer.frame) == 2 and (remark.code, remark.rows) == ("R-LAYER-NOTE", (3, 4, 5))


@pytest.mark.parametrize("row", ["说明,南村,90,109.7,40.3", "审核,注：,90,109.7,40.3", "V3,日期：,90,109.7,40.3"])
def test_a_place_whose_cells_read_like_a_note_is_still_a_place(tmp_path, row):
    layer = opened(tmp_path, listed(tmp_path, HEAD, *ROWS, row))
    assert len(layer.frame) == 3 and layer.certificate.dropped == ()


@pytest.mark.parametrize("row", ["审核,南村,,109.7,40.3", "V3,,,,", "V3,张三,,,"])
def test_a_place_with_blank_cells_is_no_signature(tmp_path, row):
    assert {told.code for told in faults_of(tmp_path, listed(tmp_path, HEAD, *ROWS, row), "settlements")} == {
        "E-LAYER-008"
    }


@pytest.mark.parametrize("last", [1, 3])
@pytest.mark.parametrize(
    "joined", ["V{0};南村{0};90;109.7;40.{0}", '"V{0},南村,90,109.7,40.{0}",,,,', "V{0}；南村；90；109.7；40.{0}"]
)
def test_rows_under_another_separator_are_refused_and_no_notes(tmp_path, last, joined):
    rows = [joined.format(number) for number in range(3, 3 + last)]
    told = fault(tmp_path, listed(tmp_path, HEAD, *ROWS, *rows))
    assert told.code == "E-LAYER-021" and told.rows_meant.numbers == tuple(range(3, 3 + last))
    note = "以上数据由各镇统计上报，截至2024年3月31日，外出务工半年以上人口未计入，如有出入，以公安户籍为准。"
    assert len(opened(tmp_path, listed(tmp_path, HEAD, *ROWS, note)).frame) == 2


def test_an_id_that_excel_made_a_date_is_refused_and_a_date_elsewhere_is_none(tmp_path):
    head = [*HEAD.split(","), "调查日期"]
    rows = [[key, *cells(ROWS[at])[1:], date(2024, 5, 6)] for at, key in enumerate(("3-1", date(2024, 3, 2)))]
    told = fault(tmp_path, sheet(tmp_path, head, *rows))
    assert (told.code, told.field, told.rows_meant.numbers) == ("E-LAYER-107", "place_id", (2,))
    assert "2024-03-02" in told.text("zh") and "3-1" in told.text("en")
    rows[1][0] = "3-2"
    assert opened(tmp_path, sheet(tmp_path, head, *rows)).frame["place_id"].tolist() == ["3-1", "3-2"]
    rows[1][0], head[0] = date(2024, 3, 2), "代码"
    assert fault(tmp_path, sheet(tmp_path, head, *rows)).field == "代码"


def test_hidden_rows_and_sheets_are_told(tmp_path):
    def hide(book):
        book.active.row_dimensions[3].hidden = True
        book.create_sheet("旧").append(["x"])
        book["旧"].sheet_state = "hidden"

    layer = opened(tmp_path, sheet(tmp_path, *SHEET, more=hide))
    assert len(layer.frame) == 2 and sorted(codes(layer.certificate.warned)) == [
        "R-LAYER-HIDDENROWS",
        "R-LAYER-HIDDENSHEETS",
    ]
    assert next(r for r in layer.certificate.warned if r.code == "R-LAYER-HIDDENROWS").ids == ("2",)


def test_of_several_sheets_the_only_one_with_the_columns_is_taken_and_told(tmp_path):
    def notes(book):
        book.create_sheet("Sheet2")
        book.create_sheet("说明").append(["填表说明：人口为常住人口"])
        book.create_sheet("2023").append(["place_id"])

    layer = opened(tmp_path, sheet(tmp_path, *SHEET, more=notes))
    (remark,) = [r for r in layer.certificate.guessed if r.code == "R-LAYER-CHOSEN"]
    assert points(layer) == WHERE and remark.facts["layer"] == "Sheet" and "说明" in remark.text("zh")
    assert points(opened(tmp_path, sheet(tmp_path, *SHEET, more=lambda book: book.create_sheet("Sheet2")))) == WHERE


def test_several_sheets_that_suit_are_listed_and_one_is_named(tmp_path):
    def second(book):
        for row in SHEET:
            book["2023"].append(row) if "2023" in book.sheetnames else book.create_sheet("2023").append(row)
        book.create_sheet("说明").append(["填表说明"])

    path = sheet(tmp_path, *SHEET, more=second)
    told = fault(tmp_path, path)
    assert told.code == "E-LAYER-014" and told.facts["layers"] == "2023, Sheet"
    assert points(opened(tmp_path, path, layer="Sheet")) == WHERE


def test_sheets_of_which_none_suits_are_all_listed(tmp_path):
    path = sheet(tmp_path, ["a", "b"], [1, 2], more=lambda book: book.create_sheet("x").append(["c"]))
    assert fault(tmp_path, path).facts["layers"] == "Sheet, x"


# --- separators ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sign", "name"), [("，", "全角逗号"), ("；", "全角分号"), (";", "分号"), ("\t", "制表符")])
def test_another_separator_than_the_comma_is_read_and_told_by_name(tmp_path, sign, name):
    layer = opened(tmp_path, listed(tmp_path, *(line.replace(",", sign) for line in (HEAD, *ROWS))))
    (remark,) = [r for _, r in layer.certificate.remarks if r.code == "R-LAYER-SEPARATOR"]
    assert points(layer) == WHERE and name in remark.text("zh")
    assert layer.certificate.status == ("accepted" if sign in ";\t" else "repaired")


def test_a_header_with_another_separator_than_its_rows_is_read_and_told(tmp_path):
    mixed = (HEAD.replace(",", "，"), *ROWS), (HEAD, *(row.replace(",", "，") for row in ROWS))
    for lines in mixed:
        layer = opened(tmp_path, listed(tmp_path, *lines))
        assert points(layer) == WHERE and "R-LAYER-HEADSEPARATOR" in codes(layer.certificate.repaired)
    plain = opened(tmp_path, listed(tmp_path, HEAD, *(row.replace("村", "村，一队") for row in ROWS)))
    assert points(plain) == WHERE and codes(plain.certificate.repaired) == []


def test_a_list_without_a_header_is_refused_as_such(tmp_path):
    told = fault(tmp_path, listed(tmp_path, *ROWS))
    assert told.code == "E-LAYER-140" and "V1, 东村" in told.text("zh") and "place_id" in told.text("en")
    years = listed(tmp_path, "甲,乙,2022,2023", "V1,东村,110,120")
    assert {one.code for one in faults_of(tmp_path, years, "settlements")} == {
        "E-LAYER-005"
    }  # numbers that are years may name columns


# --- cells -------------------------------------------------------------------------------------------------


def test_formulas_that_were_never_computed_are_refused_by_column_and_row(tmp_path):
    rows = [list(row) for row in SHEET]
    rows[2][2] = "=C2-40"
    told = fault(tmp_path, sheet(tmp_path, *rows))
    assert told.code == "E-LAYER-105" and "population" in told.where and told.facts["rows"] == "2"


def test_formulas_with_their_results_are_values(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "v.xlsx") as book:
        page = book.add_worksheet()
        for at, row in enumerate(SHEET):
            page.write_row(at, 0, row)
        page.write_formula(2, 2, "=C2-40", None, 80)
    assert opened(tmp_path, "v.xlsx").frame["population"].tolist() == [120.0, 80.0]


def test_zeros_that_only_hold_the_place_of_a_result_are_no_results(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "v.xlsx") as book:
        page = book.add_worksheet()
        for at, row in enumerate(SHEET):
            page.write_row(at, 0, row)
        page.write_formula(2, 2, "=C2-40")
    assert fault(tmp_path, "v.xlsx").code == "E-LAYER-105"


def test_error_cells_are_told_with_their_rows(tmp_path):
    rows = [list(row) for row in SHEET]
    rows[2][2] = "#N/A"
    told = faults_of(tmp_path, sheet(tmp_path, *rows), "settlements")
    assert any("#N/A" in one.text("zh") and "2" in str(one.facts["rows"]) for one in told)


def test_dates_codes_and_numbers_of_a_sheet_keep_their_meaning(tmp_path):
    head = [*SHEET[0], "日", "时", "长码"]
    rows = [head, [1500.0, "东村", "120", 109.5, 40.4, date(2024, 5, 1), datetime(2024, 5, 1, 8, 30), 150621100201]]
    frame = opened(tmp_path, sheet(tmp_path, *rows)).frame
    assert frame[["place_id", "日", "时", "长码"]].to_numpy().tolist() == [
        ["1500", "2024-05-01", "2024-05-01 08:30:00", "150621100201"]
    ]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_separator_is_found_even_below_a_title_with_commas(tmp_path, delimiter):
    lines = [line.replace(",", delimiter) for line in (HEAD, *ROWS)]
    assert points(opened(tmp_path, listed(tmp_path, "村庄, 2024, 全旗", *lines))) == WHERE


def test_decimal_commas_are_read_where_they_can_be_nothing_else(tmp_path):
    lines = [line.replace(",", ";").replace(".", ",") for line in (HEAD, *ROWS)]
    layer = opened(tmp_path, listed(tmp_path, *lines))
    assert points(layer) == WHERE and set(codes(layer.certificate.repaired)) == {"R-LAYER-COMMA"}
    lines = [HEAD.replace(",", ";"), "V1;a;1,234;109.5;40.4"]
    faults = faults_or_none(tmp_path, listed(tmp_path, *lines))
    assert faults or opened(tmp_path, "v.csv").frame["population"].tolist() == [1234.0]


def faults_or_none(folder, path):
    try:
        opened(folder, path)
    except ValueError as error:
        return error.faults
    return ()


def test_a_row_too_short_or_too_long_is_told_with_its_number(tmp_path):
    assert fault(tmp_path, listed(tmp_path, HEAD, *ROWS, "V3,x,1")).facts["rows"] == "3"
    assert fault(tmp_path, listed(tmp_path, HEAD, *ROWS, "V3,x,1,109,40,9")).code == "E-LAYER-021"


def test_utf_16_without_a_mark_is_known_by_its_zeros(tmp_path):
    assert points(opened(tmp_path, listed(tmp_path, HEAD, *ROWS, encoding="utf-16-le"))) == WHERE


def test_one_damaged_byte_does_not_turn_a_list_into_another_encoding(tmp_path):
    lines = [HEAD, *(f"V{i},某某村{i},1,109.5,40.4" for i in range(20))]
    raw = bytearray("\n".join(lines).encode())
    assert len(opened(tmp_path, listed(tmp_path, *lines)).frame) == 20
    raw[raw.index("某".encode()) + 300] ^= 0xFF
    (tmp_path / "v.csv").write_bytes(raw)
    told = fault(tmp_path, "v.csv")
    assert told.code == "E-LAYER-114" and told.facts["line"] == raw[: raw.index("某".encode()) + 300].count(b"\n") + 1


def test_text_that_arrives_broken_is_doubted(tmp_path):
    for broken in ("锟斤拷锟斤拷", "¶«´å", "村\ufffd"):
        layer = opened(tmp_path, listed(tmp_path, HEAD, f"V1,{broken},1,109.5,40.4"))
        assert codes(layer.certificate.warned) == ["R-LAYER-BROKEN"]
    layer = opened(tmp_path, listed(tmp_path, HEAD, "V1,Ħal Għargħur São João,1,109.5,40.4"))
    assert codes(layer.certificate.warned) == []


# --- coordinates ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        ("经度", "纬度"),
        ("东经", "北纬"),
        ("Longitude", "Latitude"),
        ("经度（°）", "纬度（°）"),
        ("X坐标(°)", "Y坐标(°)"),
        ("x(经度)", "y(纬度)"),
        ("经度(E)", "纬度(N)"),
    ],
)
def test_coordinates_are_known_by_many_names(tmp_path, lon, lat):
    layer = opened(tmp_path, listed(tmp_path, HEAD.replace("lon,lat", f"{lon},{lat}"), *ROWS))
    assert points(layer) == WHERE and "R-LAYER-COORDINATES" in codes(layer.certificate.guessed)


def test_two_columns_that_may_both_be_the_longitude_are_refused(tmp_path):
    path = listed(tmp_path, "place_id,name,population,经度,东经,纬度", "V1,a,1,109.5,109.6,40.4")
    assert fault(tmp_path, path).code == "E-LAYER-070"


def test_a_name_that_says_online_map_must_be_declared(tmp_path):
    path = listed(tmp_path, HEAD.replace("lon,lat", "经度(GCJ02),纬度(GCJ02)"), *ROWS)
    assert fault(tmp_path, path).code == "E-LAYER-118"
    assert points(opened(tmp_path, path, crs="GCJ-02")) != WHERE


def test_projected_columns_want_a_declared_system(tmp_path):
    path = listed(tmp_path, "place_id,name,population,x,y", "V1,东村,120,372707.9,4473834.0")
    layer = opened(tmp_path, path, crs="EPSG:4508")
    assert layer.certificate.crs.startswith("EPSG:4508") and points(layer) == [(372707.9, 4473834.0)]
    assert faults_of(tmp_path, path, "settlements")
    named = listed(tmp_path, "place_id,name,population,东,北", "V1,东村,120,372707.9,4473834.0")
    assert points(opened(tmp_path, named, crs="EPSG:4508", fields={"x": "东", "y": "北"})) == [(372707.9, 4473834.0)]


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        ("109°30'", "40°24′"),
        ("109°30′00″", "40°24′00″"),
        ("东经109°30'", "北纬40°24'"),
        ("109度30分", "40度24分0秒"),
        ("109°30'E", "40°24'N"),
        ("１０９．５", "40.4"),
        ("109.5°", "40.4°"),
    ],
)
def test_degrees_and_minutes_are_computed_and_told(tmp_path, lon, lat):
    layer = opened(tmp_path, listed(tmp_path, HEAD, f"V1,a,1,{lon},{lat}", ROWS[1]))
    assert points(layer) == WHERE
    assert [r.count for r in layer.certificate.repaired if r.code == "R-LAYER-DMS"] in ([1, 1], [])


@pytest.mark.parametrize("lon", ["109°75'", "109°3x", "北纬109°30'", "约109°", "109-30", "°"])
def test_what_only_looks_like_degrees_is_told_with_its_row(tmp_path, lon):
    told = fault(tmp_path, listed(tmp_path, HEAD, ROWS[0], f"V2,b,1,{lon},40.4"))
    assert told.code == "E-LAYER-009" and str(told.facts["rows"]).startswith("2")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("经纬度", "109.5,40.4"),
        ("坐标", "109.5，40.4"),
        ("坐标", "40.4, 109.5"),
        ("lonlat", "109.5 40.4"),
        ("坐标", "北纬40°24′ 东经109°30′"),
        ("坐标", "(109.5; 40.4)"),
    ],
)
def test_one_column_may_hold_both_coordinates(tmp_path, name, cell):
    path = listed(tmp_path, f"place_id,name,population,{name}", f'V1,a,1,"{cell}"')
    assert points(opened(tmp_path, path)) == WHERE[:1]


def test_one_column_whose_order_is_open_or_changes_is_refused(tmp_path):
    path = listed(tmp_path, "place_id,name,population,坐标", 'V1,a,1,"14.4, 35.9"')
    assert fault(tmp_path, path).code == "E-LAYER-115"
    path = listed(tmp_path, "place_id,name,population,坐标", 'V1,a,1,"109.5, 40.4"', 'V2,b,1,"40.4, 109.5"')
    assert fault(tmp_path, path).code == "E-LAYER-115"


# --- joins ----------------------------------------------------------------------------------------------------

CODES = ["015062110001", "015062110002", "015062110003"]


def ground(folder, keys=CODES, name="ground.gpkg"):
    """Points with a code, to which lists are put."""
    places = [shapely.Point(109 + at / 10, 40) for at in range(len(keys))]
    frame = gpd.GeoDataFrame({"code": keys, "海拔": range(len(keys))}, geometry=places, crs=4490)
    frame.to_file(folder / name)
    return {"path": name, "key": "place_id", "other_key": "code"}


def census(folder, *keys):
    return listed(folder, "place_id,name,population", *(f"{key},村{at},{at + 1}" for at, key in enumerate(keys)))


def test_a_list_without_coordinates_takes_its_shapes_from_a_layer_by_code(tmp_path):
    layer = opened(tmp_path, census(tmp_path, *CODES), join=ground(tmp_path))
    assert [p.x for p in layer.frame.geometry] == pytest.approx([109, 109.1, 109.2]) and layer.frame[
        "海拔"
    ].tolist() == [0, 1, 2]
    assert codes(layer.certificate.found) == ["R-LAYER-JOINED"] and layer.certificate.repaired == ()


@pytest.mark.parametrize(
    "spoiled", ["15062110001", " 015062110001 ", "０１５０６２１１０００１", "15062110001.0", "'015062110001"]
)
def test_a_code_that_lost_its_zeros_is_repaired_where_the_match_becomes_one_to_one(tmp_path, spoiled):
    layer = opened(tmp_path, census(tmp_path, spoiled, *CODES[1:]), join=ground(tmp_path))
    assert len(layer.frame) == 3
    assert ("R-LAYER-JOINKEYS" in codes(layer.certificate.repaired)) == (spoiled.strip() != CODES[0])


def test_a_repair_that_two_codes_would_share_is_none(tmp_path):
    told = fault(tmp_path, census(tmp_path, "7"), join=ground(tmp_path, ["007", "07"]))
    assert told.code == "E-LAYER-111" and "7" in told.text("zh")


def test_a_row_without_a_partner_is_refused_and_spare_partners_are_told(tmp_path):
    told = fault(tmp_path, census(tmp_path, *CODES, "999"), join=ground(tmp_path))
    assert told.code == "E-LAYER-111" and "4 ('999')" in told.text("en")
    layer = opened(tmp_path, census(tmp_path, *CODES[:2]), join=ground(tmp_path))
    (remark,) = layer.certificate.warned
    assert (remark.code, remark.ids) == ("R-LAYER-JOINSPARE", (CODES[2],))


def test_a_key_that_stands_twice_on_the_other_side_is_refused(tmp_path):
    told = fault(tmp_path, census(tmp_path, CODES[0]), join=ground(tmp_path, [CODES[0], CODES[0]]))
    assert told.code == "E-LAYER-110" and "ground.gpkg" in told.where


def test_shapes_take_columns_from_a_list_by_code_and_those_left_alone_are_told(tmp_path):
    ground(tmp_path)
    join = {"path": census(tmp_path, *CODES[:2]), "key": "code", "other_key": "place_id"}
    layer = opened_as(tmp_path, "ground.gpkg", "context", join=join)
    assert layer.frame["population"].tolist()[:2] == ["1", "2"] and codes(layer.certificate.warned) == [
        "R-LAYER-JOINALONE"
    ]


def test_the_file_of_a_join_obeys_the_path_policy_and_its_columns_must_exist(tmp_path):
    path = census(tmp_path, *CODES)
    assert fault(tmp_path, path, join=ground(tmp_path) | {"path": "../ground.gpkg"}).code == "E-LAYER-002"
    assert fault(tmp_path, path, join=ground(tmp_path) | {"key": "x"}).code == "E-LAYER-005"
    assert fault(tmp_path, path, join=ground(tmp_path) | {"other_key": "x"}).code == "E-LAYER-005"
    assert fault(tmp_path, path, join={"path": path, "key": "place_id"}).code == "E-LAYER-121"


# --- workbooks that are none ------------------------------------------------------------------------------------


def test_an_old_or_locked_workbook_says_what_to_save_it_as(tmp_path):
    (tmp_path / "v.xlsx").write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    assert ".xlsx" in fault(tmp_path, "v.xlsx").text("zh")
    (tmp_path / "v.csv").write_bytes((tmp_path / "v.xlsx").read_bytes())
    assert fault(tmp_path, "v.csv").code == "E-LAYER-003"
    (tmp_path / "v.csv").write_bytes(b"<html><table><tr><td>place_id</td></tr></table></html>")
    assert fault(tmp_path, "v.csv").code == "E-LAYER-003"


def test_a_zip_that_is_no_workbook_and_a_cut_one_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "v.xlsx", "w") as archive:
        archive.writestr("a.txt", "x")
    assert fault(tmp_path, "v.xlsx").code == "E-LAYER-003"
    whole = (tmp_path / sheet(tmp_path, *SHEET)).read_bytes()
    (tmp_path / "v.xlsx").write_bytes(whole[: len(whole) // 2])
    assert fault(tmp_path, "v.xlsx").code == "E-LAYER-003"


def test_what_the_study_may_say_of_a_list_is_checked_before_reading():
    with pytest.raises(ValueError, match="header_row"):
        spec("v.csv", "settlements", header_row=0)
    with pytest.raises(ValueError, match="key"):
        spec("v.csv", "settlements", join={"path": "x.gpkg"})


def test_a_number_of_more_than_15_digits_lost_its_last_ones_and_is_no_code(tmp_path):
    """A spreadsheet keeps 15 digits: what it shows beyond is invented; a code of 15 digits is whole."""
    head = HEAD.split(",")
    lost = sheet(tmp_path, head, [1.50621100200001e17, *cells(ROWS[0])[1:]], [1.50621100200002e17, *cells(ROWS[1])[1:]])
    assert fault(tmp_path, lost).code == "E-LAYER-074"
    whole = sheet(tmp_path, head, [150621100200001, *cells(ROWS[0])[1:]], [150621100200002, *cells(ROWS[1])[1:]])
    assert opened(tmp_path, whole).frame["place_id"].tolist() == ["150621100200001", "150621100200002"]
