"""Attributes as county offices send them: each fault is told with its row and cell, beside a sound twin that passes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis_wufei.errors import InputError
from gis_wufei.layers import LayerSpec, examine, open_layer, roles
from gis_wufei.layers.aliases import claimed
from gis_wufei.layers.cells import is_broken, key_of
from gis_wufei.layers.dates import read_date
from gis_wufei.layers.joins import match_keys
from gis_wufei.layers.keys import loose
from gis_wufei.layers.numbers import outliers, read_numbers
from gis_wufei.layers.units import Unit, parse_unit, plain, split_header, words
from gis_wufei.standards import crops, facilities

WHERE = ["109.51234,40.41234", "109.61234,40.51234", "109.71234,40.31234", "109.81234,40.21234", "109.91234,40.11234"]


def table(tmp_path, header, *rows, name="list.csv"):
    """A list with places that are nothing special; its name."""
    lines = [f"{header},lon,lat", *(f"{row},{WHERE[i % 5]}{i // 5}" for i, row in enumerate(rows))]
    (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name


def paper(tmp_path, path, role="settlements", **more):
    """The certificate of a file, accepted or not."""
    return examine("layer", LayerSpec.model_validate({"path": path, "role": role, **more}), tmp_path)


def frame(tmp_path, path, role="settlements", **more):
    return open_layer("layer", LayerSpec.model_validate({"path": path, "role": role, **more}), tmp_path).frame


def codes(certificate):
    """Codes of the faults, or of the remarks where there is no fault."""
    told = [remark.code for _, remark in certificate.remarks if remark.code != "R-LAYER-ASSUMED"]  # of degrees
    return [fault.code for fault in certificate.faults] or told


VILLAGE = "place_id,name,population"
FIVE = [("V1", "东村"), ("V2", "西村"), ("V3", "南村"), ("V4", "北村"), ("V5", "中村")]


def villages(tmp_path, *population, header=VILLAGE):
    return table(
        tmp_path, header, *(f'{key},{name},"{cell}"' for (key, name), cell in zip(FIVE, population, strict=False))
    )


# --- names of columns --------------------------------------------------------------------------


def test_chinese_names_of_columns_are_known_and_each_is_told(tmp_path):
    path = table(tmp_path, "行政区划代码,村名,所属乡镇,常住人口（人）", "150621001001,东村,树林召镇,120")
    certificate = paper(tmp_path, path)
    assert certificate.status == "accepted"
    told = {(r.facts["old"], r.facts["new"]) for r in certificate.guessed if r.code == "R-LAYER-ALIAS"}
    assert {("村名", "name"), ("常住人口（人）", "population"), ("行政区划代码", "place_id")} < told
    assert frame(tmp_path, path)[["place_id", "township", "population"]].to_numpy().tolist() == [
        ["150621001001", "树林召镇", 120.0]
    ]


def test_our_own_name_goes_before_any_alias(tmp_path):
    path = table(tmp_path, f"{VILLAGE},常住人口", "V1,东村,120,999")
    found = frame(tmp_path, path)
    assert found["population"].tolist() == [120.0] and found["常住人口"].tolist() == ["999"]
    assert codes(paper(tmp_path, path)) == [] or "R-LAYER-ALIAS" not in codes(paper(tmp_path, path))


def test_two_columns_that_fit_are_refused_by_both_names_unless_they_say_the_same(tmp_path):
    path = table(tmp_path, "place_id,name,人口,常住人口", "V1,东村,120,110")
    (fault,) = paper(tmp_path, path).faults
    assert fault.code == "E-LAYER-070" and "人口, 常住人口" in fault.text("zh") and "population:" in fault.text("en")
    assert frame(tmp_path, path, fields={"population": "人口"})["population"].tolist() == [120.0]
    same = table(tmp_path, "place_id,name,人口,常住人口", "V1,东村,120,120")
    assert frame(tmp_path, same)["population"].tolist() == [120.0]


def test_a_telling_name_goes_before_one_that_says_little(tmp_path):
    path = table(tmp_path, "编号,村代码,名称,村名,population", "1,V1,东村委会,东村,120")
    found = frame(tmp_path, path)
    assert (found["place_id"].tolist(), found["name"].tolist()) == (["V1"], ["东村"])


def test_a_label_with_two_readings_is_left_out_and_told(tmp_path):
    path = table(tmp_path, f"{VILLAGE},乡镇,镇名", "V1,东村,120,a,b")
    certificate = paper(tmp_path, path)
    assert "R-LAYER-CHOICE" in codes(certificate) and not certificate.faults
    assert "township" not in frame(tmp_path, path)


def test_a_name_cut_at_ten_bytes_is_taken_and_told_if_it_fits_one_column(tmp_path):
    path = table(tmp_path, "facility_i,name,kind,capacity_t_per_day", "F1,厂,LF,5")
    certificate = paper(tmp_path, path, "facilities")
    (remark,) = [r for r in certificate.repaired if r.code == "R-LAYER-CUT"]
    assert remark.facts == {"old": "facility_i", "new": "facility_id"} and "facility_i" in remark.text("zh")
    path = table(tmp_path, "facility_id,name,kind,capacity_t", "F1,厂,LF,5")
    (fault,) = paper(tmp_path, path, "facilities").faults
    assert fault.code == "E-LAYER-071" and "capacity_t_per_day, capacity_t_per_year" in fault.text("en")


def test_chinese_names_cut_by_a_shapefile_are_taken(tmp_path):
    shapes = gpd.GeoDataFrame(
        {"地块编号": ["a"], "种植作物": ["玉米"]}, geometry=[shapely.box(109.1, 40.1, 109.2, 40.2)], crs=4490
    )
    shapes.to_file(tmp_path / "f.shp", encoding="GBK")
    assert frame(tmp_path, "f.shp", "fields")["crop"].tolist() == ["corn"]
    cut = gpd.GeoDataFrame({"facility_i": ["a"], "name": ["x"], "kind": ["LF"], "capacity_k": [5]})
    cut.set_geometry(gpd.points_from_xy([109.51234], [40.41234]), crs=4490).to_file(tmp_path / "k.shp")
    (remark,) = paper(tmp_path, "k.shp", "facilities").warned  # capacity_kg_per_day, cut: in what unit is not known
    assert remark.code == "R-LAYER-MISSPELT" and "capacity_k" in remark.text("en")
    units = gpd.GeoDataFrame(
        {"管控单元编": ["a"], "管控单元分": ["优先保护单元"], "sub_class": ["x"]}, geometry=shapes.geometry
    )
    units.to_file(tmp_path / "u.shp", encoding="GBK")
    certificate = paper(tmp_path, "u.shp", "units")
    assert [r.facts["new"] for r in certificate.repaired if r.code == "R-LAYER-CUT"] == ["unit_code", "class"]


def test_a_missing_column_names_the_closest_to_any_of_its_names(tmp_path):
    (fault,) = paper(tmp_path, table(tmp_path, "place_id,name,常住人口总", "V1,东村,1")).faults
    assert fault.code == "E-LAYER-005" and "常住人口总" in fault.text("en").split("closest")[1]


def test_a_missing_column_is_told_with_the_names_that_stand_in_the_file(tmp_path):
    (fault,) = paper(tmp_path, table(tmp_path, "编号,村名,户数", "V1,东村,1")).faults
    assert fault.facts["have"] == "户数, 村名, 编号"
    assert paper(tmp_path, table(tmp_path, "编号,村名,户数", "V1,东村,1"), fields={"population": "户数"}).faults == ()


def test_two_columns_of_one_name_are_refused(tmp_path):
    assert "E-LAYER-020" in codes(paper(tmp_path, table(tmp_path, f"{VILLAGE},name", "V1,东村,1,x")))


@pytest.mark.parametrize("names", [("name", "Name"), ("CM", "cm"), ("population", "Ｐopulation")])
def test_two_columns_that_differ_in_case_or_width_only_are_one_if_they_hold_the_same(tmp_path, names):
    one, other = names
    rest = [name for name in VILLAGE.split(",") if name != one and not (one == "CM" and name == "name")]
    head = ",".join([*rest, one, other])
    cells = ["1" if name == "population" else "V1" for name in rest]
    different = table(tmp_path, head, ",".join([*cells, "7", "8"]))
    (fault,) = paper(tmp_path, different).faults
    assert fault.code == "E-LAYER-020" and one in fault.text("zh")
    same = table(tmp_path, head, ",".join([*cells, "7", "7"]))
    assert codes(paper(tmp_path, same))[0] == "R-LAYER-SAMENAME" and not paper(tmp_path, same).faults


def test_columns_that_nobody_asks_for_may_have_like_names(tmp_path):
    path = table(tmp_path, f"{VILLAGE},Foo,foo", "V1,东村,1,a,b")
    assert codes(paper(tmp_path, path)) == [] and frame(tmp_path, path)[["Foo", "foo"]].to_numpy().tolist() == [
        ["a", "b"]
    ]
    mapped = {"population": "Pop"}  # the study has chosen
    assert frame(tmp_path, table(tmp_path, "place_id,name,pop,Pop", "V1,东村,1,2"), fields=mapped)["population"][0] == 2


def test_a_longitude_that_stands_twice_in_two_cases_is_refused(tmp_path):
    text = f"{VILLAGE},lon,lat,Lon\nV1,东村,1,109.51234,40.41234,{{}}\n"
    for cell, told in (("108.11234", ["E-LAYER-020"]), ("109.51234", ["R-LAYER-SAMENAME"])):
        (tmp_path / "list.csv").write_text(text.format(cell), encoding="utf-8")
        assert codes(paper(tmp_path, "list.csv")) == told


PLANT = "facility_id,name,kind"


@pytest.mark.parametrize("name", ["capcity_t_per_day", "capacity_t_per_days", "日处理能为", "townshp", "surfce"])
def test_a_misspelt_column_is_not_used_and_told_with_the_name_it_nearly_has(tmp_path, name):
    role, head, row = (
        ("facilities", PLANT, "F1,厂,LF") if "t_per" in name or "能" in name else ("settlements", VILLAGE, "V1,东村,1")
    )
    if name == "surfce":
        path, role = lines(tmp_path, **{"class": ["county"], name: ["x"]}), "roads"
    else:
        path = table(tmp_path, f"{head},{name}", f"{row},5")
    (remark,) = paper(tmp_path, path, role).warned
    assert (
        remark.code == "R-LAYER-MISSPELT"
        and name in remark.text("zh")
        and str(remark.facts["wanted"]) in remark.text("en")
    )


@pytest.mark.parametrize(
    "name", ["备注", "户籍人口", "乡镇编码", "name1", "采集单位", "placeid2", "数据来源单位", "status", "area"]
)
def test_a_column_of_another_meaning_is_no_misspelling(tmp_path, name):
    assert codes(paper(tmp_path, table(tmp_path, f"{VILLAGE},{name}", "V1,东村,1,x"))) == []


def test_headers_of_a_role_are_recognised_for_finding_a_header_row():
    assert claimed(roles()["settlements"], ["村名", "人口(人)", "备注", "place_id"]) == {"村名", "人口(人)", "place_id"}


# --- units in headers ----------------------------------------------------------------------------

SHOP = "企业编号,企业名称,行业,年产生量{unit}"


@pytest.mark.parametrize("unit", ["", "(吨)", "（吨/年）", "(t/a)", "_吨", "(2023年)", " 吨/年"])
def test_the_columns_own_unit_in_a_header_is_fine(tmp_path, unit):
    path = table(tmp_path, SHOP.format(unit=unit), "E1,厂,garage,3.5")
    assert frame(tmp_path, path, "enterprises")["t_per_year"].tolist() == [3.5]


@pytest.mark.parametrize(
    ("unit", "factor"), [("(kg)", "0.001"), ("（万吨）", "10000"), ("(千克/年)", "0.001"), ("_公斤", "0.001")]
)
def test_another_unit_in_a_header_is_refused_with_its_factor_and_never_converted_unasked(tmp_path, unit, factor):
    (fault,) = paper(tmp_path, table(tmp_path, SHOP.format(unit=unit), "E1,厂,garage,3500"), "enterprises").faults
    assert fault.code == "E-LAYER-072" and fault.facts["factor"] == factor and factor in fault.text("zh")


@pytest.mark.parametrize(
    ("role", "name", "value"),
    [
        ("enterprises", "kg_per_year", 3.5), ("enterprises", "年产生量(kg)", 3.5),
        ("enterprises", "年产生量（g）", 0.0035),
        ("enterprises", "年产生量（万吨）", 35_000_000), ("facilities", "capacity_kg_per_day", 3.5),
        ("facilities", "日处理能力（kg）", 3.5),
    ],
)  # fmt: skip
def test_a_unit_of_another_size_is_converted_only_where_the_study_asks_and_then_told(tmp_path, role, name, value):
    head, row, own = {
        "enterprises": ("source_id,sector", "E1,garage", "t_per_year"),
        "facilities": (PLANT, "F1,厂,LF", "capacity_t_per_day"),
    }[role]
    path = table(tmp_path, f"{head},{name}", f'{row},"3,500"')
    (fault,) = paper(tmp_path, path, role).faults
    assert fault.code == "E-LAYER-072" and "convert_units: true" in fault.text("zh") and "t/" in fault.text("en")
    assert frame(tmp_path, path, role, convert_units=True)[own].tolist() == [value]
    told = [r for r in paper(tmp_path, path, role, convert_units=True).repaired if r.code == "R-LAYER-CONVERTED"]
    assert told[0].rows == (1,) and f"→ {value:g}" in told[0].text("zh")


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("facilities", "日处理能力（吨/年）"), ("facilities", "年处理能力(t/d)"),
        ("facilities", "capacity_t_per_month"),
        ("facilities", "设计规模（吨/小时）"), ("enterprises", "t_per_day"), ("enterprises", "kg_per_month"),
    ],
)  # fmt: skip
def test_a_period_of_another_length_is_refused_whatever_the_study_asks(tmp_path, role, name):
    head, row = ("source_id,sector", "E1,garage") if role == "enterprises" else (PLANT, "F1,厂,LF")
    for more in ({}, {"convert_units": True}):
        (fault,) = paper(tmp_path, table(tmp_path, f"{head},{name}", f"{row},5"), role, **more).faults
        assert fault.code == "E-LAYER-073" and "周期" in fault.text("zh") and "t/" in fault.text("en")


def test_another_capacity_beside_ours_is_no_contradiction(tmp_path):
    for more in ("capacity_kg_per_day", "设计规模（吨/小时）", "日处理能力（吨/日）"):
        path = table(tmp_path, f"{PLANT},capacity_t_per_day,{more}", "F1,厂,LF,5,5000")
        assert frame(tmp_path, path, "facilities")["capacity_t_per_day"].tolist() == [5.0]


def test_blank_tonnes_of_an_enterprise_are_told_with_what_follows(tmp_path):
    head = "source_id,sector,t_per_year"
    (remark,) = paper(tmp_path, table(tmp_path, head, "E1,garage,3", "E2,garage,"), "enterprises").warned
    assert (remark.code, remark.rows) == ("R-LAYER-BLANK", (2,)) and "sector_factors" in remark.text("zh")
    assert codes(paper(tmp_path, table(tmp_path, head, "E1,garage,3"), "enterprises")) == []


@pytest.mark.parametrize("unit", ["(车)", "(立方米)", "(吨/日)", "（户）"])
def test_a_header_that_measures_something_else_is_refused(tmp_path, unit):
    (fault,) = paper(tmp_path, table(tmp_path, SHOP.format(unit=unit), "E1,厂,garage,35"), "enterprises").faults
    assert fault.code == "E-LAYER-073" and unit.strip("()（）") in fault.text("en")


def test_a_unit_is_checked_in_a_column_that_the_study_names_itself(tmp_path):
    path = table(tmp_path, "place_id,name,户籍(万人)", "V1,东村,1.2")
    assert codes(paper(tmp_path, path, fields={"population": "户籍(万人)"})) == ["E-LAYER-072"]


def test_a_capacity_is_by_the_day_or_the_year_as_its_unit_says_and_refused_where_it_does_not(tmp_path):
    head = "设施编号,设施名称,设施类型,"
    day = frame(tmp_path, table(tmp_path, head + "设计规模(吨/日)", "F1,厂,LF,50"), "facilities")
    year = frame(tmp_path, table(tmp_path, head + "处理能力（吨/年）", "F1,厂,LF,50"), "facilities")
    assert day["capacity_t_per_day"].tolist() == [50.0] and year["capacity_t_per_year"].tolist() == [50.0]
    both = frame(tmp_path, table(tmp_path, head + "设计规模(吨/日),设计规模(吨/年)", "F1,厂,LF,50,9000"), "facilities")
    assert both[["capacity_t_per_day", "capacity_t_per_year"]].to_numpy().tolist() == [[50.0, 9000.0]]
    for name in ("设计规模", "处理能力(吨)"):
        (fault,) = paper(tmp_path, table(tmp_path, head + name, "F1,厂,LF,50"), "facilities").faults
        assert fault.code == "E-LAYER-071" and "capacity_t_per_day, capacity_t_per_year" in fault.text("zh")


@pytest.mark.parametrize("name", ["capacity_t_per", "capacity_t_p", "处理能力吨"])
def test_a_capacity_whose_name_does_not_say_the_period_is_refused(tmp_path, name):
    head = "facility_id,name,kind,"
    (fault,) = paper(tmp_path, table(tmp_path, head + name, "F1,厂,LF,50"), "facilities").faults
    assert fault.code == "E-LAYER-071" and "capacity_t_per_day, capacity_t_per_year" in fault.text("zh")
    both = table(tmp_path, head + f"capacity_t_per_day,{name}", "F1,厂,LF,50,18250")
    assert paper(tmp_path, both, "facilities").status == ("warned" if name.isascii() else "rejected")


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("日处理能力吨", "capacity_t_per_day"),
        ("处理能力吨/日", "capacity_t_per_day"),
        ("capacity_t_per_d", "capacity_t_per_day"),
        ("capacity_t_per_ye", "capacity_t_per_year"),
    ],
)
def test_a_unit_right_behind_a_name_and_a_name_cut_within_its_period_have_one_reading(tmp_path, name, own):
    path = table(tmp_path, f"facility_id,name,kind,{name}", "F1,厂,LF,50")
    assert frame(tmp_path, path, "facilities")[own].tolist() == [50.0]
    assert codes(paper(tmp_path, path, "facilities")) in (["R-LAYER-ALIAS"], ["R-LAYER-CUT"])


def test_a_capacity_left_blank_where_its_like_have_one_is_doubted(tmp_path):
    head = "facility_id,name,kind,capacity_t_per_day,capacity_t_per_year"
    gap = table(tmp_path, head, "F1,厂,LF,50,", "F2,厂,LF,,", "F3,店,AGF,,", "F4,厂,PLANT,,9000")
    (remark,) = paper(tmp_path, gap, "facilities").warned
    assert (remark.code, remark.rows) == ("R-LAYER-BLANK", (2,)) and "不是 0 也不是无限" in remark.text("zh")
    sound = table(tmp_path, head, "F1,厂,LF,50,", "F2,厂,LF,,18000", "F3,店,AGF,,", "F4,厂,PLANT,,9000")
    assert paper(tmp_path, sound, "facilities").status == "accepted"


def test_capacities_by_the_day_and_by_the_year_that_contradict_are_doubted(tmp_path):
    head = "facility_id,name,kind,capacity_t_per_day,capacity_t_per_year"
    odd = table(tmp_path, head, "F1,厂,LF,50,18250", "F2,厂,LF,60,219000", "F3,厂,LF,0,900")
    (remark,) = paper(tmp_path, odd, "facilities").warned
    assert (remark.code, remark.ids) == ("R-LAYER-ATODDS", ("2 ('60 / 219000')", "3 ('0 / 900')"))
    agreed = table(tmp_path, head, "F1,厂,LF,50,18250", "F2,厂,LF,60,18000", "F3,厂,LF,70,", "F4,厂,LF,40,14640")
    assert paper(tmp_path, agreed, "facilities").status == "accepted"


def test_units_are_read_as_people_write_them():
    assert parse_unit("吨/年") == parse_unit("t/a") == Unit("mass", "a", 1.0)
    assert parse_unit("ｋｇ／日") == Unit("mass", "d", 0.001) and parse_unit("万人") == Unit("people", "", 10_000.0)
    assert parse_unit("车") is None and parse_unit("吨/车") is None
    assert split_header("年产生量（吨）") == ("年产生量", "吨") and split_header("产生量_吨") == ("产生量", "吨")
    assert split_header("人口(2023)") == ("人口", None) and split_header("t_per_year") == ("t_per_year", None)


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "value"),
    [("１２０", 120), ("1,200", 1200), ("1，234", 1234), ("1 200", 1200), ("'120", 120), ("−0", 0), ("\u200b12", 12)],
)
def test_numbers_with_one_reading_are_read_and_told(tmp_path, cell, value):
    path = villages(tmp_path, cell)
    certificate = paper(tmp_path, path)
    (remark,) = [r for r in certificate.repaired if r.code == "R-LAYER-NUMBERS"] or [None]
    if cell != "\u200b12":  # a hidden sign is stripped, and told, before
        assert remark is not None and remark.count == 1 and "→" in remark.text("zh")
    assert frame(tmp_path, path)["population"].tolist() == [value] and not certificate.faults


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("120人", "a unit"), ("约120", "approximation"), ("120+", "approximation"), ("100-150", "range"),
        ("100～150", "range"), ("—", "for nothing"), ("无", "for nothing"), ("/", "for nothing"),
        ("NaN", "for nothing"),
        ("#REF!", "error"), ("#N/A", "error"), ("1e999", "endless"), ("Infinity", "endless"), ("-5", "below"),
        ("1,2", "comma"), ("1.2.3", "marks"), ("12 34", "marks"), ("12%", "percentage"), ("=A1+B1", "formula"),
        ("十二", "no number"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_with_row_cell_and_reason(tmp_path, cell, why):
    (fault,) = paper(tmp_path, villages(tmp_path, "100", cell)).faults
    assert (fault.code, fault.rows_meant.numbers) == ("E-LAYER-009", (2,))
    assert cell in fault.text("zh") and why in fault.text("en") and fault.field == "population"


def test_plain_numbers_of_every_kind_pass_in_silence(tmp_path):
    for cell in ("120", "120.0", "1.2e2", "0120", " 120 ", "+120"):
        certificate = paper(tmp_path, villages(tmp_path, cell))
        assert (
            frame(tmp_path, villages(tmp_path, cell))["population"].tolist() == [120.0]
            and certificate.status == "accepted"
        )


def test_a_share_may_be_written_in_per_cent_and_another_number_may_not(tmp_path):
    head = "point_id,place_id,share"
    path = table(tmp_path, head, "P1,V1,25%", "P2,V1,0.75")
    assert frame(tmp_path, path, "collection_points")["share"].tolist() == [0.25, 0.75]
    assert codes(paper(tmp_path, path, "collection_points")) == ["R-LAYER-PERCENT"]
    assert codes(paper(tmp_path, table(tmp_path, head, "P1,V1,25"), "collection_points")) == ["E-LAYER-009"]
    assert codes(paper(tmp_path, table(tmp_path, "point_id,place_id,占比(%)", "P1,V1,25"), "collection_points")) == [
        "E-LAYER-072"
    ]


def test_a_value_a_thousand_times_off_is_doubted_with_its_row(tmp_path):
    certificate = paper(tmp_path, villages(tmp_path, 900, 1100, 850, 1000, 950_000))
    (remark,) = [r for r in certificate.warned if r.code == "R-LAYER-OUTLIER"]
    assert (remark.rows, certificate.status) == ((5,), "warned") and "5 ('950000')" in remark.text("zh")
    assert paper(tmp_path, villages(tmp_path, 900, 1100, 850, 1000, 95_000)).status == "accepted"


def test_a_value_beyond_the_usual_is_doubted_even_alone(tmp_path):
    assert codes(paper(tmp_path, villages(tmp_path, 2_000_000))) == ["R-LAYER-RANGE"]
    assert paper(tmp_path, villages(tmp_path, 0)).status == "accepted"


def test_outliers_are_sought_on_both_sides_of_the_median_and_zeros_do_not_count():
    assert outliers(np.array([0.0, 5, 6, 7, 8, 6000, 0.001, np.nan])).tolist() == [False] * 5 + [True, True, False]
    assert not outliers(np.array([1.0, 1000])).any()


def test_numbers_of_any_type_of_column_are_read():
    none = np.zeros(2, dtype=bool)
    assert read_numbers(pd.Series([1, 2]), none).found.tolist() == [1.0, 2.0]
    assert read_numbers(pd.Series([1.0, np.inf]), none).bad == {1: "cell.endless"}
    assert read_numbers(pd.Series([True, 3], dtype=object), none).bad == {0: "cell.word"}


# --- words -----------------------------------------------------------------------------------------


def lines(tmp_path, **columns):
    count = len(next(iter(columns.values())))
    shapes = [shapely.LineString([(109.1 + i / 50, 40.11), (109.11 + i / 50, 40.12)]) for i in range(count)]
    gpd.GeoDataFrame(columns, geometry=shapes, crs=4490).to_file(tmp_path / "roads.gpkg")
    return "roads.gpkg"


def test_road_classes_in_chinese_become_ours_and_ambiguous_ones_are_asked_for(tmp_path):
    words = ["高速公路", "国道", "省道", "县道", "乡道", "村道"]
    path = lines(tmp_path, 道路等级=words)
    found = frame(tmp_path, path, "roads")["class"].tolist()
    assert found == ["expressway", "national", "provincial", "county", "township", "village"]
    (remark,) = [r for r in paper(tmp_path, path, "roads").repaired if r.code == "R-LAYER-WORDS"]
    assert remark.count == 6 and "国道 → national" in remark.text("en")
    with pytest.raises(InputError, match=r"E-LAYER-011.*7 \('三级公路'\), 8 \('primary'\)"):
        frame(tmp_path, lines(tmp_path, 道路等级=[*words, "三级公路", "primary"]), "roads")


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        (["yes", "no", "-1"], ["forward", "no", "backward"]),
        (["1", "0", "reverse"], ["forward", "no", "backward"]),
        (["FT", "TF", "B"], ["forward", "backward", "no"]),
        (["True", "False", "True"], ["forward", "no", "forward"]),
        (["B", "F", "T"], ["no", "forward", "backward"]),
        (["是", "否", "否"], ["forward", "no", "no"]),
        ([1, 0, -1], ["forward", "no", "backward"]),
    ],
)
def test_spellings_of_one_way_are_known(tmp_path, spelt, meant):
    path = lines(tmp_path, **{"class": ["county"] * 3, "oneway": spelt})
    assert frame(tmp_path, path, "roads")["oneway"].tolist() == meant


def test_an_unknown_or_ambiguous_spelling_of_one_way_is_refused(tmp_path):
    for spelt in (["F", "T"], ["maybe", "no"]):
        (fault,) = paper(tmp_path, lines(tmp_path, **{"class": ["county"] * 2, "oneway": spelt}), "roads").faults
        assert fault.code == "E-LAYER-011" and "forward" in fault.text("zh")


def test_classes_of_units_in_chinese_become_ours_and_others_are_refused(tmp_path):
    def units(*kinds):
        shapes = [shapely.box(109 + i, 40, 110 + i, 41) for i in range(len(kinds))]
        keys = [f"ZH{i}" for i in range(len(kinds))]
        data = {"环境管控单元编码": keys, "管控单元分类": kinds, "亚类": "x"}
        gpd.GeoDataFrame(data, geometry=shapes, crs=4490).to_file(tmp_path / "units.gpkg")
        return "units.gpkg"

    path = units("优先保护单元", "重点管控", " 一般管控单元", "Priority")
    assert frame(tmp_path, path, "units")["class"].tolist() == ["priority", "key", "general", "priority"]
    assert codes(paper(tmp_path, units("优先保护单元", "其他"), "units")) == ["E-LAYER-011"]


def test_flags_know_ticks_and_words(tmp_path):
    path = table(tmp_path, f"{VILLAGE},synthetic", *(f"V{i},n,1,{w}" for i, w in enumerate(["√", "×", "是", "无", ""])))
    assert frame(tmp_path, path)["synthetic"].tolist() == [True, False, True, False, pd.NA]
    (remark,) = paper(tmp_path, path).warned  # blank is neither
    assert (remark.code, remark.rows) == ("R-LAYER-BLANK", (5,)) and "未知" in remark.text("zh")


def test_every_word_of_the_contracts_means_one_thing_and_something_that_exists():
    for name, role in roles().items():
        claims = [plain(alias) for column in role.columns.values() for alias in column.aliases]
        assert len(claims) == len(set(claims)), name
        assert not set(claims) & set(role.columns), name
        for column in role.columns.values():
            told = [key_of(word) for synonyms in column.synonyms.values() for word in synonyms]
            assert len(told) == len(set(told)) and (not column.allowed or set(column.synonyms) <= set(column.allowed))
            assert column.unit is None or parse_unit(column.unit) is not None
            assert column.refers is None or roles()[column.refers].id is not None
    assert set(roles()["fields"].columns["crop"].synonyms) <= set(crops())
    assert facilities() and set(words()) == {"yes", "no", "vague", "nothing", "errors", "about", "units", "periods"}


# --- ids and codes -----------------------------------------------------------------------------------


def coded(tmp_path, *keys):
    return table(tmp_path, VILLAGE, *(f"{key},村{i},{100 + i}" for i, key in enumerate(keys)))


def test_an_id_that_stands_twice_or_is_blank_is_refused(tmp_path):
    assert codes(paper(tmp_path, coded(tmp_path, "V1", "V1"))) == ["E-LAYER-010"]
    assert codes(paper(tmp_path, coded(tmp_path, "V1", ""))) == ["E-LAYER-008"]


@pytest.mark.parametrize("pair", [("V1", "v1"), ("VO1", "V01"), ("V 1", "V1"), ("Ｖ1", "V1"), ("A1l", "A11")])
def test_ids_that_only_look_alike_are_doubted(tmp_path, pair):
    (remark,) = [r for r in paper(tmp_path, coded(tmp_path, *pair)).warned if r.code == "R-LAYER-ALIKE"]
    assert remark.rows == (1, 2) and len(frame(tmp_path, coded(tmp_path, *pair))) == 2


@pytest.mark.parametrize("nothing", ["NULL", "—", "无", "n/a", "#N/A", "-", "None"])
def test_a_word_for_nothing_is_no_id(tmp_path, nothing):
    (fault,) = paper(tmp_path, coded(tmp_path, "V1", nothing, "V3")).faults
    assert fault.code == "E-LAYER-008" and fault.rows_meant.numbers == (2,) and nothing in fault.text("zh")
    assert codes(paper(tmp_path, coded(tmp_path, "V1", "V-2", "无名1"))) == []


@pytest.mark.parametrize(
    "pair", [("\u0420001", "P001"), ("\u0391B1", "AB1"), ("\u043e1", "O1"), ("\u0425\u0422-5", "XT-5")]
)
def test_letters_of_other_alphabets_that_look_latin_are_doubted(tmp_path, pair):
    (remark,) = paper(tmp_path, coded(tmp_path, *pair)).warned
    assert (remark.code, remark.rows) == ("R-LAYER-ALIKE", (1, 2))
    assert codes(paper(tmp_path, coded(tmp_path, "\u0416001", "P001"))) == []


def test_codes_in_scientific_notation_come_back_whole_or_are_refused(tmp_path):
    path = coded(tmp_path, "1.50621001001E+11", "1.50621001002E+11")
    assert frame(tmp_path, path)["place_id"].tolist() == ["150621001001", "150621001002"]
    assert codes(paper(tmp_path, path)) == ["R-LAYER-DIGITS"]
    (fault,) = paper(tmp_path, coded(tmp_path, "1.50622E+11", "150621001002")).faults
    assert fault.code == "E-LAYER-074" and "1.50622E+11" in fault.text("zh") and fault.rows_meant.numbers == (1,)


def test_codes_read_as_numbers_with_a_point_come_back(tmp_path):
    assert frame(tmp_path, coded(tmp_path, "150621001001.0"))["place_id"].tolist() == ["150621001001"]
    points = gpd.GeoDataFrame(
        {"place_id": [150621001001.0, 150621001002.0], "name": ["a", "b"], "population": [1, 2]},
        geometry=gpd.points_from_xy([109.51234, 109.6], [40.41234, 40.5]), crs=4490,
    )  # fmt: skip
    points.to_file(tmp_path / "v.gpkg")
    assert frame(tmp_path, "v.gpkg")["place_id"].tolist() == ["150621001001", "150621001002"]
    points.assign(place_id=[1.5062100100100123e17, 150621001002.0]).to_file(tmp_path / "lost.gpkg")
    assert codes(paper(tmp_path, "lost.gpkg")) == ["E-LAYER-074"]


def test_codes_in_full_width_are_put_in_half_width_and_told(tmp_path):
    path = coded(tmp_path, "Ｖ１", "V2")
    assert frame(tmp_path, path)["place_id"].tolist() == ["V1", "V2"] and codes(paper(tmp_path, path)) == [
        "R-LAYER-WIDTH"
    ]


def test_codes_that_lost_a_zero_are_doubted_and_running_numbers_are_not(tmp_path):
    (remark,) = paper(tmp_path, coded(tmp_path, "0101", "0102", "0103", "104")).warned
    assert (remark.code, remark.rows) == ("R-LAYER-UNEVEN", (4,))
    assert paper(tmp_path, coded(tmp_path, "8", "9", "10", "11")).status == "accepted"
    codes_ = ("150621001001", "150621001002", "150621001003", "15062100100")
    assert paper(tmp_path, coded(tmp_path, *codes_)).warned[0].rows == (4,)


def test_codes_of_which_half_lost_their_end_are_doubted(tmp_path):
    mixed = [f"150621{100 + i}{201 + i}"[: 9 if i % 2 else 12] for i in range(8)]
    (remark,) = paper(tmp_path, coded(tmp_path, *mixed)).warned
    assert (remark.code, remark.rows) == ("R-LAYER-UNEVEN", (2, 4, 6, 8))
    whole = [f"150621{100 + i}{201 + i}" + ("001" if i % 2 else "") for i in range(8)]  # both lengths are in use
    assert codes(paper(tmp_path, coded(tmp_path, *whole))) == []


@pytest.mark.parametrize("digits", [9, 10, 11, 13, 14])
def test_codes_that_all_have_a_wrong_length_are_doubted(tmp_path, digits):
    keys = [f"{'15062100100100'[: digits - 2]}{i:02d}" for i in range(1, 4)]
    (remark,) = paper(tmp_path, coded(tmp_path, *keys)).warned
    assert (remark.code, remark.rows) == ("R-LAYER-LENGTH", (1, 2, 3)) and "12 / 15" in remark.text("zh")


@pytest.mark.parametrize("key", ["150621001{:03d}", "150621001001{:03d}", "150621{:02d}", "99{:09d}", "V{:010d}", "{}"])
def test_codes_of_the_right_length_and_ids_of_ones_own_are_not(tmp_path, key):
    assert codes(paper(tmp_path, coded(tmp_path, *(key.format(i) for i in range(1, 4))))) == []


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("０１５", "15"),
        (" 00 15", "15"),
        ("'015", "15"),
        ("ab1", "ＡＢ1"),
        ("15.0", "15"),
        ("1.5E+1", "15"),
        ("000", "0"),
    ],
)
def test_a_code_in_another_writing_is_the_same_to_both_joins(key, meant):
    assert loose(key) == loose(meant)


def test_a_code_that_lost_its_digits_is_no_other():
    assert loose("1.5E+11") != loose("150000000000")


def test_keys_match_once_written_alike_if_that_is_one_to_one():
    match = match_keys(pd.Series(["１", "v2", "3", "9"]), pd.Series(["001", "V2", "3", "4"]))
    assert match.keys.tolist() == ["001", "V2", "3", "9"] and match.mended == {"v2": "V2", "１": "001"}
    assert (match.left_only, match.right_only, match.ambiguous) == (("9",), ("4",), ())
    match = match_keys(pd.Series(["1", "01"]), pd.Series(["001"]))
    assert match.mended == {} and match.ambiguous == ("01", "1")


# --- text and dates ------------------------------------------------------------------------------------


def test_hidden_signs_are_stripped_and_told_and_line_ends_stay(tmp_path):
    path = table(tmp_path, VILLAGE, "V1,东\u202e村\x07,1", 'V2,"西\n村",2')
    assert frame(tmp_path, path)["name"].tolist() == ["东村", "西\n村"]
    assert "R-LAYER-CONTROL" in codes(paper(tmp_path, path))


def test_a_label_longer_than_any_page_is_shortened_and_told(tmp_path):
    path = table(tmp_path, VILLAGE, f"V1,{'村' * 500},1")
    assert len(frame(tmp_path, path)["name"][0]) == 200 and codes(paper(tmp_path, path)) == ["R-LAYER-LONG"]
    assert codes(paper(tmp_path, table(tmp_path, VILLAGE, f"V1,{'村' * 200},1"))) == []


BROKEN = ["锟斤拷锟斤拷", "ÕÅ¼Ò¹µ´å", "å¼ å®¶æ²\x9f", "村\ufffd", "????", "涓滄潙涓滄潙", "SchrÃ¶der"]
WHOLE = [
    "张家沟村",
    "Raħal Ġdid",
    "«Café»",
    "Ñandú",
    "达拉特旗",
    "𠮷村",
    "Ærø",
    "为什么？？？",
    "a?b",
    "L'Île-d'Été",
    "联通",
]


@pytest.mark.parametrize("told", BROKEN)
def test_text_that_arrives_broken_is_doubted(tmp_path, told):
    assert is_broken(told)
    told_of = paper(tmp_path, table(tmp_path, VILLAGE, f"V1,{told},1")).warned
    assert any(remark.code.startswith("R-LAYER-BROKEN") for remark in told_of)


@pytest.mark.parametrize("told", WHOLE)
def test_text_of_many_tongues_is_not_called_broken(told):
    assert not is_broken(told)


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("2024-05-06", "2024-05-06"), ("2024/5/6", "2024-05-06"), ("2024年5月6日", "2024-05-06"),
        ("20240506", "2024-05-06"),
        ("2024.5", "2024-05"), ("2024年", "2024"), ("25/12/2024", "2024-12-25"), ("2024-05-06 12:30:00", "2024-05-06"),
        ("2024-02-30", None), ("03/04/2024", None), ("2024-13-01", None), ("春季", None), ("45000", None),
        ("0000-00-00", None),
    ],
)  # fmt: skip
def test_a_date_is_read_if_it_has_one_reading(cell, read):
    assert read_date(cell) == read


def test_a_date_that_cannot_be_stays_as_text_and_is_doubted(tmp_path):
    path = table(tmp_path, f"{VILLAGE},调查日期", "V1,东村,1,2024年5月6日", "V2,西村,2,2024-02-30")
    assert frame(tmp_path, path)["date"].tolist() == ["2024-05-06", "2024-02-30"]
    (remark,) = paper(tmp_path, path).warned
    assert (remark.code, remark.rows, remark.values) == ("R-LAYER-DATE", (2,), ("2024-02-30",))  # noqa: PD011
    assert "2 ('2024-02-30')" in remark.text("en")


# --- candidate sites -------------------------------------------------------------------------------------


def test_candidate_sites_have_a_contract_of_their_own(tmp_path):
    path = table(tmp_path, "候选点编号,名称,面积（亩）,规模等级,状态", "C1,甲地,30,中,备选", "C2,乙地,12,小,现有")
    found = frame(tmp_path, path, "candidates")
    assert found["site_id"].tolist() == ["C1", "C2"] and found["state"].tolist() == ["candidate", "keep"]
    assert found["area_m2"].round(6).tolist() == [20_000, 8000]
    assert "R-LAYER-CONVERTED" in codes(paper(tmp_path, path, "candidates"))  # exact, and nothing rests on it
    assert (
        codes(paper(tmp_path, table(tmp_path, "site_id,area_m2,size_class,state", "C1,5000,S,candidate"), "candidates"))
        == []
    )


@pytest.mark.parametrize(
    ("header", "row", "code"),
    [
        ("name,area_m2", "甲,5000", "E-LAYER-005"),
        ("site_id,area_m2", "C1,约5000", "E-LAYER-009"),
        ("site_id,area_m2", ",5000", "E-LAYER-008"),
        ("site_id,state", "C1,bygone", "E-LAYER-011"),
        ("site_id,面积（吨）", "C1,50", "E-LAYER-073"),
    ],
)
def test_what_is_wrong_with_a_candidate_site_is_refused(tmp_path, header, row, code):
    assert codes(paper(tmp_path, table(tmp_path, header, row), "candidates")) == [code]


def test_an_area_without_a_unit_is_not_guessed(tmp_path):
    path = table(tmp_path, "site_id,面积", "C1,30")
    assert codes(paper(tmp_path, path, "candidates"))[0] != "E-LAYER-071"
    (remark,) = paper(tmp_path, path, "candidates").warned
    assert remark.code == "R-LAYER-NOUNIT" and "area_m2" not in frame(tmp_path, path, "candidates")
