"""What goes wrong is told once: what, where and the closest name; every error is a builtin one, too."""

from __future__ import annotations

import errno
from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from gis_wufei.errors import (
    CheckFailedError,
    Fault,
    InputError,
    MissingExtraError,
    OneOf,
    ProblemError,
    WufeiError,
    closest,
    listed,
    unknown_name,
    writing,
)


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (InputError, ValueError),
        (ProblemError, ValueError),
        (MissingExtraError, ImportError),
        (CheckFailedError, RuntimeError),
    ],
)
def test_each_error_is_ours_and_a_builtin(error, builtin):
    assert issubclass(error, WufeiError) and issubclass(error, builtin)


def test_an_input_error_carries_every_fault_a_line_each():
    faults = [Fault("E-YAML-006", "study.yaml:1"), Fault("E-LAYER-016", "a.csv", {"crs": "X"})]
    error = InputError(faults)
    assert error.faults == tuple(faults) and len(str(error).splitlines()) == 2


def test_a_fault_says_where_its_code_and_what_in_either_language():
    fault = Fault("E-LAYER-016", "a.csv", {"crs": "X"})
    assert fault.text() == fault.text("en") == "a.csv: E-LAYER-016 " + fault.text("en").split("016 ")[1]
    assert "'X'" in fault.text("en") and "无法识别" in fault.text("zh")


def test_text_of_a_file_cannot_break_a_line_nor_steer_the_terminal():
    fault = Fault("E-LAYER-016", "a\n.csv", {"crs": "\x1b[31mred\u202e\r\u2028\x00"})
    for lang in ("zh", "en"):
        assert not set("\x1b\u202e\r\n\u2028\x00") & set(fault.text(lang))
    assert "坐标系" in fault.text("zh")


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("max_road_kms", ["max_road_km", "min_open"], "max_road_km"),
        ("Seed", ["seed", "name"], "seed"),
        ("ts", ["TS", "LF"], "TS"),
        ("村庄图", ["村庄图层", "道路"], "村庄图层"),
        ("xyzzy", ["seed", "name"], None),
        ("XX", ["TS", "LF", "CS"], None),
        ("a", [], None),
    ],
)
def test_the_closest_name_is_found_whatever_its_case_and_none_is_better_than_nonsense(name, known, meant):
    assert closest(name, known) == meant


def test_a_long_list_is_shortened_and_counted():
    assert listed("ba") == "a, b" and listed([]) == "-"
    assert listed(map(str, range(20))).endswith("… +4")


def test_an_unknown_name_tells_name_hint_and_the_known():
    error = unknown_name("strow", ["straw", "film"])
    assert error.type == "unknown_name" and error.context["hint"] == "straw" and error.context["known"] == "film, straw"


def test_a_name_out_of_a_table_is_checked_and_offered_to_editors_and_the_table_read_only_when_used():
    reads = []

    def table():
        reads.append(1)
        return ["b", "a"]

    adapter = TypeAdapter(Annotated[str, OneOf(table)])
    assert reads == []
    assert adapter.validate_python("a") == "a" and adapter.json_schema()["enum"] == ["a", "b"]
    with pytest.raises(ValidationError, match="known: a, b"):
        adapter.validate_python("c")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "no"), "disk is full"),
        (RuntimeError("could not insert: database or disk is full"), "disk is full"),
        (Exception(OSError(errno.EACCES, "no")), "not permitted"),  # as the writer of workbooks hands it on
        (RuntimeError("attempt to write a readonly database"), "not permitted"),
    ],
)
def test_what_the_system_refuses_is_told_as_such_whoever_says_it(tmp_path, error, told):
    with pytest.raises(InputError, match=f"E-OUT-002.*{told}") as caught, writing(tmp_path / "plan.gpkg"):
        raise error
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [RuntimeError("no such table: places"), KeyError("t"), KeyboardInterrupt()])
def test_a_fault_of_the_program_is_no_full_disk(tmp_path, error):
    with pytest.raises(type(error)), writing(tmp_path / "plan.gpkg"):
        raise error
    assert not list(tmp_path.iterdir())


def test_a_driver_that_stumbles_over_what_a_full_disk_lost_is_seen_through(tmp_path, monkeypatch):
    def no_room(*args, **kwargs):
        raise OSError(errno.ENOSPC, "no")

    monkeypatch.setattr("tempfile.TemporaryFile", no_room)
    with pytest.raises(InputError, match=r"E-OUT-002.*disk is full"), writing(tmp_path / "plan.gpkg"):
        raise RuntimeError("no such table: gpkg_contents")
