"""YAML 1.2 as plain data with lines; what a careless or hostile hand may write is refused by name and line."""

from __future__ import annotations

import math
import re
import time

import pytest

from gis_wufei.errors import InputError
from gis_wufei.yamlfile import read_yaml


def written(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def faults_of(tmp_path, text):
    with pytest.raises(InputError) as caught:
        read_yaml(written(tmp_path, text))
    return caught.value.faults


def test_every_entry_and_list_item_knows_its_line(tmp_path):
    data = read_yaml(written(tmp_path, "# head\na: 1\nb:\n  c: [1,\n    2]\n  d:\n    - x\n    - {e: 5}\n"))
    assert data.value == {"a": 1, "b": {"c": [1, 2], "d": ["x", {"e": 5}]}}
    at = {("a",): 2, ("b",): 3, ("b", "c"): 4, ("b", "c", 1): 5, ("b", "d", 0): 7, ("b", "d", 1, "e"): 8}
    assert {path: data.lines[path] for path in at} == at


def test_a_path_that_is_not_there_has_the_line_of_its_nearest_parent(tmp_path):
    data = read_yaml(written(tmp_path, "a: 1\nb:\n  c: 2\n"))
    assert (data.line_of(("b", "x", "y")), data.line_of(("z",)), data.line_of(())) == (2, 1, 1)


@pytest.mark.parametrize(
    ("written_as", "value"),
    [
        ("012345", 12345),
        ("'012345'", "012345"),
        ("109:51:30", "109:51:30"),
        ("no", "no"),
        ("yes", "yes"),
        ("true", True),
        ("~", None),
        ("", None),
        ("2026-10-01", "2026-10-01"),
        ("2026-02-31", "2026-02-31"),
        ("1e3", 1000.0),
        ("0x10", 16),
        ("-.inf", -math.inf),
        ("=", "="),
        ("是", "是"),
    ],
)
def test_values_are_those_of_yaml_1_2_and_a_date_stays_text(tmp_path, written_as, value):
    assert read_yaml(written(tmp_path, f"a: {written_as}\n")).value == {"a": value}


def test_a_byte_order_mark_is_removed(tmp_path):
    assert read_yaml(written(tmp_path, b"\xef\xbb\xbfa: 1\n")).value == {"a": 1}


REFUSED = {
    "E-YAML-002": ("a: " + "x" * 300_000, 0, "300003"),
    "E-YAML-003": ("a: 1\nb: 达拉特\n".encode("gb18030"), 2, "UTF-8"),
    "E-YAML-004": ("a: 1\nb: 2\na: 3\n", 3, "line 1"),
    "E-YAML-005": ("a:\n\tb: 1\n", 2, "tab"),
    "E-YAML-006": ("- a\n- b\n", 1, "mapping"),
    "E-YAML-007": ("a: 1\n---\nb: 2\n", 2, "one document"),
    "E-YAML-008": ("a: &x 1\nb: 2\n", 1, "anchors"),
    "E-YAML-009": ("a: 1\nb: !!python/object/apply:os.system [x]\n", 2, "os.system"),
    "E-YAML-010": ("a: " + "[" * 50_000, 1, "20 levels"),
    "E-YAML-011": ("a: 1\n7: 2\n", 2, "quotes"),
    "E-YAML-012": ("a: 1\nb: " + "9" * 500, 2, "too long"),
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_is_refused_is_told_by_code_line_and_cure(tmp_path, code):
    text, line, cure = REFUSED[code]
    (fault,) = faults_of(tmp_path, text)
    assert fault.code == code and fault.where == ("study.yaml" if line == 0 else f"study.yaml:{line}")
    assert cure in fault.text("en") and re.search("[\u4e00-\u9fff]{2}", fault.text("zh"))


def test_a_missing_file_is_told_with_its_path(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(InputError) as caught:
            read_yaml(path)
        assert caught.value.faults[0].code == "E-YAML-001" and str(path) in caught.value.faults[0].where


@pytest.mark.parametrize(
    ("text", "line", "cure"),
    [
        ("a: b: c\n", 1, "colon"),
        ("a: 1\nb: 'x\nc: 2\n", 2, "quotation"),
        ('a: 1\nb: "x', 2, "quotation"),
        ("a:\n  - 1\n b: 2\n", 3, "indentation"),
        ("a: [1, 2\nb: 3\n", 2, "bracket"),
        ("a: {b: 1\n", 2, "bracket"),
        ("a: @x\n", 1, "quotes"),
        ("a:\n  b\nc\n", 3, "colon is missing"),
        ("a: 1\nb: \x07\n", 2, "control character"),
        ("a: |x\n", 1, "written"),
    ],
)
def test_broken_writing_is_explained_in_plain_words_on_its_line(tmp_path, text, line, cure):
    (fault,) = faults_of(tmp_path, text)
    assert (fault.code, fault.where) == ("E-YAML-005", f"study.yaml:{line}") and cure in fault.text("en")
    assert not re.search("[a-z]{4,} [a-z]+", fault.text("zh"))


def test_all_doubled_merged_and_non_text_keys_are_told_together(tmp_path):
    text = "a: 1\na: 2\nb: {c: 1, c: 2}\n~: 3\n<<: {d: 4}\n? [x]\n: 5\ntrue: 6\n"
    told = [(fault.code, int(fault.where.rpartition(":")[2])) for fault in faults_of(tmp_path, text)]
    assert told == [
        ("E-YAML-004", 2),
        ("E-YAML-004", 3),
        ("E-YAML-011", 4),
        ("E-YAML-008", 5),
        ("E-YAML-011", 6),
        ("E-YAML-011", 8),
    ]


def test_faults_of_keys_can_be_gathered_while_the_rest_is_read(tmp_path):
    gathered = []
    data = read_yaml(written(tmp_path, "a: 1\na: 2\nb: 3\n"), gathered)
    assert data.value == {"a": 1, "b": 3} and [fault.code for fault in gathered] == ["E-YAML-004"]


def test_an_alias_bomb_is_refused_at_once_with_every_alias_named(tmp_path):
    layers = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    started = time.process_time()
    faults = faults_of(tmp_path, "\n".join(layers))
    assert {fault.code for fault in faults} == {"E-YAML-008"} and len(faults) > 59
    assert time.process_time() - started < 5


@pytest.mark.parametrize("tag", ["!!python/name:os.system", "!include", "!!binary", "!!set", "!!int", "!"])
def test_no_tag_is_let_through(tmp_path, tag):
    assert [fault.code for fault in faults_of(tmp_path, f"a: {tag} x\n")] == ["E-YAML-009"]


def test_half_a_character_pair_is_refused(tmp_path):
    assert [fault.code for fault in faults_of(tmp_path, 'a: "\\ud800"\n')] == ["E-YAML-012"]


@pytest.mark.parametrize("text", ["", "# only a remark\n", "just words\n", "7\n"])
def test_a_file_without_entries_is_no_study(tmp_path, text):
    assert [fault.code for fault in faults_of(tmp_path, text)] == ["E-YAML-006"]
