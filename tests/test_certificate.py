"""The certificate: what it knows of a file, how it grades it, and its three files for people and machines."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pydantic import ValidationError

from gis_wufei.errors import Fault, InputError, Rows
from gis_wufei.layers import Certificate, LayerSpec, Provenance, Remark, examine, open_layer
from gis_wufei.layers.provenance import sidecar_of
from gis_wufei.report import certificate_json, facts_of, write_certificate
from gis_wufei.report.quarantine import quarantine_table

VILLAGES = "place_id,name,population,lon,lat\nV1,东村,120,109.5,40.4\nV2,西村,80,109.6,40.5\n"
HOSTILE = "<script>alert(1)</script>\"'${7*7}{{7*7}}\u202e=1+1"


def spec(path="villages.csv", role="settlements", **more):
    return LayerSpec.model_validate({"path": path, "role": role, **more})


def listed(tmp_path, text=VILLAGES, name="villages.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return name


def paper(**more):
    base = Certificate(Path("v.csv"), None, "00", "utf-8", "EPSG:4326 WGS 84", 2, 2, name="v", role="settlements")
    return replace(base, **more)


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


# --- what it knows ------------------------------------------------------------------------------


def test_an_accepted_file_has_system_datum_axes_extent_counts_hash_and_size(tmp_path):
    found = examine("villages", spec(listed(tmp_path)), tmp_path)
    assert (found.status, found.faults, found.rows_read, found.rows_kept) == ("accepted", (), 2, 2)
    assert (found.bytes, found.sha256) == (len(VILLAGES.encode()), hashlib.sha256(VILLAGES.encode()).hexdigest())
    assert found.crs == "EPSG:4326 WGS 84" and "World Geodetic System 1984" in found.datum
    assert "north" in found.axes and found.unit == "degree" and found.extent == (109.5, 40.4, 109.6, 40.5)
    assert found.shapes["point"] == 2 and "population" in found.columns


def test_a_zone_is_told_by_its_central_meridian_and_the_number_in_its_eastings(tmp_path):
    lines = "place_id,name,population,x,y\nV1,东村,1,37450000,4470000\nV2,西村,2,37460000,4480000\n"
    found = examine("v", spec(listed(tmp_path, lines), crs="EPSG:4525"), tmp_path)
    assert found.status != "rejected", found.faults
    assert found.zone == "CM 111°, 37" and "China 2000" in found.datum and found.unit == "metre"


def test_a_rejected_file_keeps_what_was_learned_before(tmp_path):
    found = examine("v", spec(listed(tmp_path, VILLAGES.replace("120", "many"))), tmp_path)
    assert found.status == "rejected" and found.sha256 and found.rows_read == 2 and found.encoding == "utf-8"
    (fault,) = found.faults
    assert fault.rows_meant.numbers == (1,) and fault.rows_meant.values == ("many",)
    assert fault.rows_meant.column == "population" and found.ids[1] == "V1"


def test_a_file_that_is_not_there_has_a_certificate_too(tmp_path):
    found = examine("v", spec("nothing.csv"), tmp_path)
    assert (found.status, found.sha256, found.faults[0].code) == ("rejected", "", "E-LAYER-001")


def test_a_trouble_that_nobody_foresaw_is_a_refusal_and_no_traceback(tmp_path, monkeypatch):
    def breaks(*args, **more):
        raise ZeroDivisionError

    monkeypatch.setattr("gis_wufei.layers.read.read_source", breaks)
    found = examine("v", spec(listed(tmp_path)), tmp_path)
    assert found.status == "rejected" and found.faults[0].code == "E-LAYER-099"
    assert "ZeroDivisionError" in found.faults[0].text("zh")


def test_the_examination_and_the_door_agree(tmp_path):
    listed(tmp_path)
    assert examine("v", spec(), tmp_path) == open_layer("v", spec(), tmp_path).certificate
    listed(tmp_path, VILLAGES.replace("V2", "V1"))
    with pytest.raises(InputError) as caught:
        open_layer("v", spec(), tmp_path)
    assert examine("v", spec(), tmp_path).faults == caught.value.faults


# --- how it grades -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ((), "accepted"),
        (("found",), "accepted"),
        (("guessed",), "accepted"),
        (("repaired",), "repaired"),
        (("dropped",), "repaired"),
        (("repaired", "warned"), "warned"),
        (("warned", "faults"), "rejected"),
    ],
)
def test_the_gravest_answer_decides_the_status(answers, status):
    remark, fault = Remark("R-LAYER-NOTHING", 1, ("2",)), Fault("E-LAYER-004", "v.csv")
    given = {answer: ((fault if answer == "faults" else remark),) for answer in answers}
    assert paper(**given).status == status
    assert [answer for answer, _ in paper(**given).remarks] == [answer for answer in answers if answer != "faults"]


def test_rows_told_to_people_remember_all_of_themselves():
    fault = Fault("E-LAYER-008", "v.csv", {"rows": Rows("1, 2, +1", (1, 2, 3), ("a", "b", "c"), "name")})
    assert "1, 2, +1" in fault.text() and fault.rows_meant.numbers == (1, 2, 3) and fault.rows_meant.column == "name"
    stated = Fault("E-LAYER-008", "v.csv", {"rows": "9"}, field="x", rows=(9,), values=("z",))
    assert stated.rows_meant.numbers == (9,) and stated.rows_meant.values == ("z",)
    assert stated == Fault("E-LAYER-008", "v.csv", {"rows": "9"})  # the places are no part of what a fault is


# --- where it comes from --------------------------------------------------------------------------


def test_what_the_study_states_of_a_layer_stands_in_its_certificate(tmp_path):
    stated = {
        "source": "三调", "licence": "内部使用", "date": "2023-06", "authority": "自然资源局", "secrecy": "internal",
        "url": "https://example.org/x",
    }  # fmt: skip
    found = examine("v", spec(listed(tmp_path), provenance=stated), tmp_path)
    assert found.provenance.model_dump() == stated and found.provenance.restricted
    shown = facts_of(found, "zh")
    assert {"三调", "内部使用", "2023-06", "自然资源局", "内部"} <= set(shown.values())


@pytest.mark.parametrize("wrong", [{"secrecy": "hush"}, {"date": "last year"}, {"source": ""}, {"owner": "x"}])
def test_a_provenance_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        Provenance.model_validate(wrong)


@pytest.mark.parametrize(
    ("secrecy", "restricted"), [(None, False), ("public", False), ("internal", True), ("top_secret", True)]
)
def test_only_what_is_above_public_is_restricted(secrecy, restricted):
    assert Provenance(secrecy=secrecy).restricted is restricted


def test_a_sidecar_speaks_where_the_study_is_silent_and_only_of_its_own_file(tmp_path):
    path = tmp_path / listed(tmp_path)
    told = {"file": "villages.csv", "title": "A list", "licence": "CC0", "authority": "Somebody", "secrecy": "public"}
    sidecar_of(path).write_text(json.dumps(told), encoding="utf-8")
    found = examine("v", spec(provenance={"licence": "ours"}), tmp_path).provenance
    assert (found.source, found.licence, found.authority, found.secrecy) == ("A list", "ours", "Somebody", "public")
    for broken in ("{", "[]", json.dumps({**told, "file": "other.csv"}), json.dumps({**told, "secrecy": "hush"})):
        sidecar_of(path).write_text(broken, encoding="utf-8")
        assert examine("v", spec(), tmp_path).provenance == Provenance()


# --- its files -------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.words = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_asks_for_nothing_runs_nothing_and_shows_hostile_text_as_text(tmp_path):
    fault = Fault("E-LAYER-008", HOSTILE, {"rows": Rows("1", (1,), (HOSTILE,), HOSTILE)})
    hostile = paper(
        path=Path(f"{HOSTILE.replace('/', '')}.csv"), faults=(fault,), columns=(HOSTILE,), ids={1: HOSTILE},
        provenance=Provenance(source=HOSTILE, url="javascript:alert(1)"),
    )  # fmt: skip
    write_certificate(hostile, tmp_path, "en")
    page = Page((tmp_path / "certificate.html").read_text("utf-8"))
    assert not {"script", "img", "link", "iframe", "a", "form"} & set(page.tags)
    assert not [value for name, value in page.attributes if name.startswith("on") or name in ("src", "href")]
    words = "".join(page.words)
    assert "<script>alert(1)</script>" in words and "\u202e" not in words
    policy = dict(page.attributes)["content"]
    assert not re.search(r"https?:", (tmp_path / "certificate.html").read_text("utf-8")) and policy


def test_a_remark_in_json_has_the_ids_of_its_rows_and_none_where_the_layer_has_no_ids(tmp_path):
    told = Remark("R-LAYER-HEIGHTS", 2, ("1", "2"), rows=(1, 2))
    shown = Remark("R-LAYER-OUTLIER", 1, ("2 ('80')",), {"column": "population", "middle": "1"}, rows=(2,))
    own = Remark("R-LAYER-UNMATCHED", 1, ("V9",), {"column": "place_id", "layer": "a"}, rows=(2,))
    papers = paper(found=(told, shown, own), ids={1: "V1", 2: "V2"}), paper(found=(told, shown, own))
    with_ids, without = ([(r["ids"], r["rows"]) for r in certificate_json(one)["found"]] for one in papers)
    assert with_ids == [(["V1", "V2"], [1, 2]), (["V2"], [2]), (["V9"], [2])]
    assert without == [([], [1, 2]), ([], [2]), (["V9"], [2])]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_page_and_json_say_the_same_of_a_rejected_file(tmp_path, lang):
    found = examine("v", spec(listed(tmp_path, VILLAGES.replace("80", ""))), tmp_path)
    write_certificate(found, tmp_path / "out", lang)
    told = json.loads((tmp_path / "out" / "certificate.json").read_text("utf-8"))
    page = "".join(Page((tmp_path / "out" / "certificate.html").read_text("utf-8")).words)
    assert told["status"] == "rejected" and told["rows_read"] == 2 and told["file"] == "villages.csv"
    (fault,) = told["faults"]
    assert (fault["code"], fault["rows"], fault["ids"], fault["field"]) == ("E-LAYER-008", [2], ["V2"], "population")
    assert fault["code"] in page and told["sha256"] in page
    assert str(tmp_path) not in json.dumps(told) and str(tmp_path) not in page


def test_the_quarantine_table_has_a_line_for_every_row_with_id_column_value_and_code(tmp_path):
    lines = ["place_id,name,population,lon,lat", *(f"V{i},村{i},x{i},109.{i:02d},40.4" for i in range(1, 13))]
    found = examine("v", spec(listed(tmp_path, "\n".join(lines) + "\n")), tmp_path)
    write_certificate(found, tmp_path / "out", "zh")
    rows = [row for row in table(tmp_path / "out" / "quarantine.csv") if row["answer"] == "rejected"]
    assert [(row["row"], row["id"], row["value"]) for row in rows] == [(str(i), f"V{i}", f"x{i}") for i in range(1, 13)]
    assert {row["field"] for row in rows} == {"population"}
    assert all(re.match(r"E-[A-Z]+-\d+", row["code"]) and row["sentence"] for row in rows)
    assert (tmp_path / "out" / "quarantine.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_remarks_of_an_accepted_file_are_listed_row_by_row_too():
    remark = Remark("R-LAYER-NOTHING", 2, ("2", "5"))
    exact = Remark("R-LAYER-NOTHING", 3, ("7",), field="geometry", rows=(7, 8, 9), values=("a", "b", "c"))
    rows = quarantine_table(paper(dropped=(remark,), repaired=(exact,), ids={8: "V8"}), "en")
    assert rows["row"].tolist() == [7, 8, 9, 2, 5] and rows["id"].tolist() == ["", "V8", "", "", ""]
    assert rows["answer"].tolist() == ["repaired"] * 3 + ["dropped"] * 2 and rows["value"][1] == "b"


def test_a_fault_that_only_tells_its_rows_in_words_is_listed_with_those(tmp_path):
    fault = Fault("E-LAYER-008", "v.csv", {"rows": "14 ('a, 3'), 15, +3"})
    write_certificate(paper(faults=(fault,)), tmp_path, "en")
    assert [row["row"] for row in table(tmp_path / "quarantine.csv")] == ["14", "15"]


def test_no_cell_of_the_quarantine_table_is_run_by_a_spreadsheet(tmp_path):
    cells = ("=1+1", "+1", "-1", "@x", "\t=1", "plain")
    fault = Fault("E-LAYER-008", "v", {"rows": Rows("1", range(1, 7), cells, "=x")})
    write_certificate(paper(faults=(fault,)), tmp_path, "en")
    assert not [
        row for row in table(tmp_path / "quarantine.csv") if row["value"].startswith(("=", "+", "-", "@", "\t"))
    ]


def test_without_rows_there_is_no_quarantine_table_and_an_old_one_goes(tmp_path):
    fault = Fault("E-LAYER-008", "v", {"rows": Rows("1", (1,))})
    assert [file.name for file in write_certificate(paper(faults=(fault,)), tmp_path)][-1] == "quarantine.csv"
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    write_certificate(paper(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["certificate.html", "certificate.json", "mine.txt"]


def test_equal_certificates_give_equal_bytes(tmp_path):
    found = examine("v", spec(listed(tmp_path)), tmp_path)
    for name in ("a", "b"):
        write_certificate(found, tmp_path / name)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "out").write_text("a file", "utf-8")
    with pytest.raises(InputError) as caught:
        write_certificate(paper(), tmp_path / "out")
    assert caught.value.faults[0].code == "E-OUT-002"


def test_numbers_before_and_after_a_repair_are_told():
    remark = Remark("R-LAYER-NOTHING", 1, ("3",), before=100.0, after=99.5, unit="m²")
    (told,) = certificate_json(paper(repaired=(remark,)))["repaired"]
    assert (told["before"], told["after"], told["unit"]) == (100.0, 99.5, "m²")
