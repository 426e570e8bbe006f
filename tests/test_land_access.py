"""The access list of the control units: what it says, what it leaves unknown, and what is only a default."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from test_land import TODAY, box, draw, frame, land, layers, point

from gis_wufei.land import Masks, assess
from gis_wufei.land.access import AccessList
from gis_wufei.land.verdicts import summary, verdicts
from gis_wufei.layers import LayerSpec, gather
from gis_wufei.layers.certificate import Layers
from gis_wufei.report import all_tables
from gis_wufei.text import Text

A, B, C = "ZH99000110001", "ZH99000120001", "ZH99000130001"
UNITS = frame(
    box(0.1, 0.1, 0.9, 0.9),
    box(1.1, 0.1, 1.9, 0.9),
    box(2.1, 0.1, 2.9, 0.9),
    unit_code=[A, B, C],
    name=["red", "park", "rest"],
    **{"class": ["priority", "key", "general"]},
    sub_class=["red_line", "park", "general"],
    version=["2023年更新", "2023", "2021"],
)


def listing(*rows):
    """A list from (unit, kind, verdict, clause), with the units' shapes as a join gives them."""
    shapes = dict(zip(UNITS["unit_code"], UNITS.geometry, strict=True))
    codes, kinds, said, clauses = zip(*rows, strict=True)
    return frame(
        *(shapes.get(code, shapely.Point(0, 0)) for code in codes),
        unit_code=list(codes),
        kind=list(kinds),
        verdict=list(said),
        clause=list(clauses),
        source=["list of 2023"] * len(rows),
    )


LISTED = listing(
    (A, "HWC", "forbid", "no new store of hazardous waste"),
    (B, "HWC", "allow", "stores of hazardous waste are admitted"),
    (B, "HWC", "restrict", "with an assessment of risk"),
    (B, "TS", "encourage", "shared stations are encouraged"),
)


def given(listed=None):
    return AccessList.of(layers(units=UNITS, **({} if listed is None else {"access_list": listed})))


def told(access, *kinds):
    table = access.conformity(kinds)
    return {(r["unit_code"], r["kind"], r["clause"]): (r["verdict"], r["basis"]) for r in table.to_dict("records")}


def test_every_clause_of_the_list_is_a_row_with_its_text_and_its_verdict():
    assert told(given(LISTED), "HWC") == {
        (A, "HWC", "no new store of hazardous waste"): ("forbidden", "list"),
        (B, "HWC", "stores of hazardous waste are admitted"): ("allowed", "list"),
        (B, "HWC", "with an assessment of risk"): ("conditional", "list"),
        (C, "HWC", ""): ("unknown", "none"),
    }


def test_what_the_list_does_not_cover_is_unknown_and_never_allowed_although_the_default_allows():
    access = given(LISTED)
    assert access.verdict(2, "HWC") == ("unknown", "none") and access.default(2, "HWC") == "allow"
    assert access.verdict(0, "TS") == ("unknown", "none") and access.default(0, "TS") == "forbid"
    (row,) = access.conformity(["TS"]).query("unit_code == @C").to_dict("records")
    assert (row["verdict"], row["basis"], row["default_verdict"]) == ("unknown", "none", "allow")


def test_of_several_clauses_the_strictest_decides():
    assert given(LISTED).verdict(1, "HWC") == ("restrict", "list")
    assert given(LISTED).verdict(1, "TS") == ("encourage", "list")


def test_without_a_list_the_defaults_by_class_hold_and_are_called_so():
    table = given().conformity(["HWC", "HWO"])
    assert table["basis"].tolist() == ["default"] * 3 + ["none"] * 3
    assert table["verdict"].tolist() == ["forbidden", "allowed", "allowed"] + ["unknown"] * 3
    assert all(isinstance(clause, Text) for clause in table["clause"][:3]) and set(table["status"]) == {"user"}
    assert table["source"][0] != "" and table["source"][3] == ""


def test_the_list_decides_on_the_grid_as_at_a_point():
    found = layers(units=UNITS, access_list=LISTED)
    result = assess("HWC", [], Masks(land(4, 1), found), TODAY)
    assert draw(result.excluded) == ["#..."]
    at = [result.rules_at(0, column, "condition") for column in range(4)]
    assert at == [(), ("R48-restrict",), ("R48-unknown",), ("R48-unknown",)]
    places = gpd.GeoSeries([point(x + 0.5, 0.5) for x in range(4)], crs=UNITS.crs)
    table = verdicts(places, "HWC", [], found, TODAY)
    assert summary(table)["verdict"].tolist() == ["excluded", "conditional", "eligible", "eligible"]
    assert table["rule_id"].tolist() == ["R48-forbid", "R48-allow", "R48-restrict", "R48-unknown", "R48-unknown"]
    assert table["clause"].tolist()[:3] == LISTED["clause"].tolist()[:3]
    assert table["nearest"].tolist() == [f"red · {A}", f"park · {B}", f"park · {B}", f"rest · {C}", ""]


def test_a_parcel_beside_a_unit_is_not_in_it_and_one_partly_in_none_is_partly_unknown():
    found = layers(units=frame(box(0, 0, 2, 1), box(2, 0, 4, 1), **{
        "unit_code": [A, B], "class": ["priority", "key"], "sub_class": ["red_line", "park"]}))  # fmt: skip
    places = gpd.GeoSeries([box(2, 0, 3, 1), box(1, 0, 3, 1), box(3, 0, 5, 1)], crs=UNITS.crs)
    table = verdicts(places, "HWC", [], found, TODAY)
    rules = [table.loc[table["place"] == place, "rule_id"].tolist() for place in range(3)]
    assert rules == [["R48-encourage"], ["R48-forbid", "R48-encourage"], ["R48-encourage", "R48-unknown"]]


def test_codes_that_name_another_class_and_old_versions_are_doubted():
    odd = UNITS.assign(unit_code=[A, "ZH99000110002", "unit 3"])
    wrong, old = AccessList.of(layers(units=odd)).doubts()
    assert wrong == ("ZH99000110002", "unit 3") and old == ("unit 3",)
    assert given().doubts() == ((), (C,))


def test_a_study_without_units_has_no_rows():
    access = AccessList.of(layers())
    assert len(access.units) == 0 and len(access.conformity(["TS"])) == 0 and not access.given


def test_the_report_has_every_unit_for_every_stream_with_where_its_verdict_is_from(tiny_plan):
    table = all_tables(tiny_plan, "en")["conformity"].frame
    assert len(table) == 2 * len(tiny_plan.streams) and set(table["verdict_basis"]) == {"default"}
    hazardous = table[table["stream_id"] == "hazardous"].set_index("unit_code")
    assert hazardous["conformity"].to_dict() == {"T-1": "forbidden", "T-2": "allowed"}
    assert hazardous.loc["T-1", "unit_name"] == "甲单元" and "red line" in hazardous.loc["T-1", "clause"]
    assert "W-UNIT-CODE" in {warning.code for warning in tiny_plan.warnings}  # T-1 is no code of a unit


# --- through the door ---


def test_a_list_in_a_table_gets_its_shapes_by_the_code_and_its_words_become_ours(tmp_path):
    border = gpd.GeoDataFrame({"name": ["x"]}, geometry=[box(0, 0, 3, 1)], crs=UNITS.crs)
    border.to_file(tmp_path / "border.geojson", driver="GeoJSON")
    UNITS.to_file(tmp_path / "units.geojson", driver="GeoJSON")
    rows = pd.DataFrame(
        {
            "环境管控单元编码": [A, B, B],
            "设施类型": ["HWC", "HWC", "TS"],
            "准入结论": ["禁止", "限制", "鼓励"],
            "管控维度": ["空间布局约束", "环境风险防控", "空间布局约束"],
            "管控要求": ["禁止新建", "须开展风险评估", "鼓励共建"],
        }
    )
    rows.to_csv(tmp_path / "list.csv", index=False, encoding="utf-8-sig")
    specs = {
        "border": {"path": "border.geojson", "role": "boundary"},
        "units": {"path": "units.geojson", "role": "units"},
        "list": {
            "path": "list.csv",
            "role": "access_list",
            "join": {"path": "units.geojson", "key": "环境管控单元编码", "other_key": "unit_code"},
        },
    }
    found = gather({name: LayerSpec.model_validate(spec) for name, spec in specs.items()}, tmp_path)
    assert isinstance(found, Layers)
    access = AccessList.of(found)
    assert access.given and [access.verdict(unit, "HWC")[0] for unit in range(3)] == ["forbid", "restrict", "unknown"]
    (row,) = access.conformity(["HWC"]).query("unit_code == @A").to_dict("records")
    assert (row["clause"], row["dimension"], row["verdict"]) == ("禁止新建", "空间布局约束", "forbidden")


@pytest.mark.parametrize("wrong", ["maybe", ""])
def test_a_verdict_that_is_none_is_refused(tmp_path, wrong):
    from gis_wufei.errors import InputError
    from gis_wufei.layers import open_layer

    LISTED.assign(verdict=wrong).to_file(tmp_path / "list.geojson", driver="GeoJSON")
    with pytest.raises(InputError):
        open_layer("list", LayerSpec(path="list.geojson", role="access_list"), tmp_path)
