"""The doors: what a planner types, what comes back, and with which exit code."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from conftest import draw_county
from typer.testing import CliRunner

from gis_wufei import __version__
from gis_wufei.cli import BAD_INPUT, FAILURE, INFEASIBLE, INTERRUPTED, app
from gis_wufei.cli.answer import Teller
from gis_wufei.errors import CheckFailedError, MissingExtraError, ProblemError
from gis_wufei.siting import SolverError
from gis_wufei.study import Study


def wufei(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_run_writes_map_tables_geopackage_and_record(tiny_study: Path, tmp_path: Path) -> None:
    done = wufei("run", tiny_study, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "tiny" / "base"
    assert {"index.html", "plan.gpkg", "run.json", "tables", "tables.xlsx"} <= {p.name for p in folder.iterdir()}
    assert str(folder) in done.stdout.replace("\n", "")
    assert "秸秆" in done.stdout and "测试数据" in done.stdout  # the notice is printed, too
    assert not list(tmp_path.rglob("*.tmp*"))


def test_json_is_the_only_thing_on_stdout(tiny_study: Path, tmp_path: Path) -> None:
    done = wufei("run", tiny_study, "--out", tmp_path, "--json", "--stream", "hazardous", "--lang", "en")
    told = json.loads(done.stdout)
    assert set(told["streams"]) == {"hazardous"}
    assert told["streams"]["hazardous"]["figures"]["t_per_year"] == pytest.approx(9)
    assert Path(told["folder"]).is_dir()


def test_two_runs_write_the_same_bytes_but_for_the_times(tiny_study: Path, tmp_path: Path) -> None:
    folders = []
    for name in ("a", "b"):
        assert wufei("run", tiny_study, "--out", tmp_path / name).exit_code == 0
        folders.append(tmp_path / name / "tiny" / "base")
    files = sorted(p.relative_to(folders[0]) for p in folders[0].rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(folders[1]) for p in folders[1].rglob("*") if p.is_file())
    for file in files:
        first, second = ((folder / file).read_bytes() for folder in folders)
        if file.name == "run.json":
            told = [json.loads(text) for text in (first, second)]
            assert [entry.pop("timings_s") is not None for entry in told] == [True, True]
            assert told[0] == told[1]
        else:
            assert first == second, file


def test_another_seed_is_written_down(tiny_study: Path, tmp_path: Path) -> None:
    assert wufei("run", tiny_study, "--out", tmp_path, "--seed", 99, "--stream", "hazardous").exit_code == 0
    assert json.loads((tmp_path / "tiny" / "base" / "run.json").read_text("utf-8"))["seed"] == 99


def test_an_infeasible_scenario_ends_with_3_and_still_shows_the_land(tiny_study: Path, tmp_path: Path) -> None:
    done = wufei("run", tiny_study, "--scenario", "too_small", "--out", tmp_path, "--lang", "en")
    assert done.exit_code == INFEASIBLE
    assert "infeasible" in done.stdout.lower() or "no place" in done.stdout
    assert (tmp_path / "tiny" / "too_small" / "index.html").is_file()


def test_check_reads_everything_and_writes_nothing(tiny_study: Path, tmp_path: Path) -> None:
    done = wufei("check", tiny_study, "--lang", "en")
    assert done.exit_code == 0, done.output
    assert "Tiny" not in done.stderr and "villages" in done.stdout and "nothing was solved" in done.stdout
    told = json.loads(wufei("check", tiny_study, "--json").stdout)
    assert told["streams"]["domestic"]["places_off_road"] == 1
    assert told["layers"]["villages"]["synthetic"] == "all"


def test_faults_end_with_2_in_the_language_asked_for(tmp_path: Path) -> None:
    county = draw_county(tmp_path)
    text = (county / "study.yaml").read_text("utf-8")
    (county / "study.yaml").write_text(text.replace("max_road_km: 15}", "max_road_kms: 15}", 1), "utf-8")
    line = text.splitlines().index("    siting: {max_road_km: 15}") + 1
    for lang, word in (("zh", "是否想写 'max_road_km'"), ("en", "did you mean 'max_road_km'")):
        done = wufei("run", county, "--out", tmp_path / "out", "--lang", lang)
        assert done.exit_code == BAD_INPUT
        assert f"study.yaml:{line}" in done.stderr and word in done.stderr
        assert "Traceback" not in done.stderr and done.stdout == ""
    told = json.loads(wufei("run", county, "--json").stdout)
    assert told["faults"][0]["code"].startswith("E-STUDY") and not (tmp_path / "out").exists()


def test_a_study_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    done = wufei("run", tmp_path / "nowhere")
    assert done.exit_code == BAD_INPUT and "Traceback" not in done.output


@pytest.mark.parametrize("words", [("run",), ("fly",), ("run", "x", "--lang", "fr"), ("run", "x", "--seed", "-1")])
def test_a_command_line_that_makes_no_sense_ends_with_2(words: tuple[str, ...]) -> None:
    assert wufei(*words).exit_code == BAD_INPUT


def test_a_fault_of_the_program_ends_with_1(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise CheckFailedError("siting of x", ["the sum is wrong"])

    monkeypatch.setattr("gis_wufei.plan.make_plan", broken)
    done = wufei("run", tiny_study, "--lang", "en")
    assert done.exit_code == FAILURE and "the sum is wrong" in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProblemError("a load is negative"), "E-PROGRAM-001"),
        (SolverError("HiGHS stopped with Unknown"), "E-PROGRAM-001"),
        (MissingExtraError("pip install x"), "E-PROGRAM-001"),
        (ZeroDivisionError("division by zero\nsecond line"), "E-PROGRAM-002"),
        (MemoryError(), "E-PROGRAM-002"),
    ],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_any_other_failure_is_one_sentence_and_a_traceback_only_for_who_asks(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str, lang: str
) -> None:
    def broken(*args: object) -> None:
        raise error

    monkeypatch.setattr("gis_wufei.plan.read_study", broken)
    done = wufei("check", tiny_study, "--lang", lang)
    assert done.exit_code == FAILURE and done.stdout == ""
    assert code in done.stderr and "--debug" in done.stderr and type(error).__name__ in done.stderr
    assert len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr
    assert "Traceback" in wufei("check", tiny_study, "--debug").stderr
    told = json.loads(wufei("check", tiny_study, "--json").stdout)
    assert [fault["code"] for fault in told["faults"]] == [code]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_results_that_cannot_be_written_are_told_before_the_work(tiny_study: Path, tmp_path: Path, lang: str) -> None:
    (tmp_path / "taken").write_text("a file", "utf-8")
    (tmp_path / "mine" / "tiny" / "base").mkdir(parents=True)
    (tmp_path / "mine" / "tiny" / "base" / "letter.txt").write_text("mine", "utf-8")
    reason = {"zh": "不是文件夹", "en": "a file stands where a folder is needed"}[lang]
    for out, code, word in (("taken", "E-OUT-002", reason), ("mine", "E-OUT-001", "--out")):
        done = wufei("run", tiny_study, "--out", tmp_path / out, "--lang", lang)
        assert done.exit_code == BAD_INPUT and code in done.stderr and word in done.stderr
        assert len(done.stderr.splitlines()) == 2  # the fault and its count: no step was taken
    assert not (tmp_path / "taken").is_dir()


@pytest.mark.parametrize(("lang", "label", "layer"), [("zh", "秸秆", "村庄与社区"), ("en", "Straw", "Villages")])
def test_progress_names_streams_as_people_do_and_leaves_no_blank_line(
    tiny_study: Path, lang: str, label: str, layer: str
) -> None:
    lines = wufei("check", tiny_study, "--lang", lang).stderr.splitlines()
    assert all(line.strip() for line in lines)
    assert any(line.endswith(f" · {label}") for line in lines)
    assert not any("straw" in line or "villages" in line for line in lines)
    teller = Teller(Study.open(tiny_study), lang, quiet=True)
    assert layer in teller._label("layers", "villages")


def test_a_warning_stands_on_one_line_with_its_mark(tiny_study: Path) -> None:
    lines = wufei("check", tiny_study, "--lang", "zh").stdout.splitlines()
    marked = [line for line in lines if line.startswith("!")]
    assert marked and all(len(line) > 10 for line in marked)


def test_a_stream_that_is_not_there_is_told_with_the_closest(tiny_study: Path) -> None:
    done = wufei("check", tiny_study, "--stream", "Domestik", "--stream", "zzz", "--lang", "en")
    assert done.exit_code == BAD_INPUT
    assert "'Domestik' (closest: domestic)" in done.stderr and "'zzz'; known: straw, domestic, hazardous" in done.stderr


def test_an_interrupted_run_ends_with_130_and_leaves_the_old_results(tiny_study: Path, tmp_path: Path) -> None:
    """A real signal to a real process, in the middle of its work."""
    assert wufei("run", tiny_study, "--out", tmp_path, "--stream", "hazardous").exit_code == 0
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    patient = (
        "import signal, time, gis_wufei.plan.walk as walk\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background ignores it
        "walk.solve_siting = lambda *_: (print('waiting', flush=True), time.sleep(60))\n"
        "from gis_wufei.cli import main\n"
        "main()"
    )
    command = [sys.executable, "-c", patient, "run", str(tiny_study), "--out", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"waiting\n"
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == INTERRUPTED
    assert b"Traceback" not in complaint
    assert {p: p.read_bytes() for p in before} == before
    assert sorted(p.name for p in (tmp_path / "tiny").iterdir()) == ["base"]


def test_an_interrupt_while_libraries_load_ends_as_quietly() -> None:
    """Ctrl-C comes as the command line is imported."""
    early = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from gis_wufei.__main__ import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", early, "--version"], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, b"", b"")


def test_the_package_itself_is_the_command_too() -> None:
    command = [sys.executable, "-m", "gis_wufei", "--version"]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert done.stdout.strip() == f"gis_wufei {__version__}"


def test_a_trouble_nobody_foresaw_in_a_reader_is_a_fault_of_the_layer(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choke(path: Path, *args: object, **kwargs: object) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr("gis_wufei.layers.read.read_source", choke)
    for command in (
        ("run", tiny_study, "--out", tmp_path),
        ("check", tiny_study),
        ("check", tiny_study / "villages.csv", "--role", "settlements"),
        ("export", tiny_study, "villages", "--to", tmp_path / "v.gpkg"),
    ):
        done = wufei(*command, "--json")
        assert done.exit_code == BAD_INPUT, command
        assert {fault["code"] for fault in json.loads(done.stdout)["faults"]} == {"E-LAYER-099"}
    assert not list(tmp_path.iterdir())


def test_every_refusal_in_json_has_the_shape_of_a_certificates_fault(tiny_study: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", "utf-8")
    (tmp_path / "v.csv").write_text("a,b\n1,2\n", "utf-8")
    paper = json.loads(wufei("check", tmp_path / "v.csv", "--role", "settlements", "--json").stdout)
    shape = set(paper["faults"][0])
    assert {"code", "where", "zh", "en"} <= shape
    for command in (
        ("run", tmp_path / "nowhere"),
        ("run", tiny_study, "--scenario", "nope"),
        ("run", tiny_study, "--out", tmp_path / "taken"),
        ("run", tiny_study, "--stream", "nope"),
        ("check", tmp_path / "v.csv", "--role", "nope"),
        ("check", tmp_path / "v.csv", "--role", "settlements", "--set", "nope=1"),
        ("check", "http://example.org/v.csv", "--role", "settlements"),
        ("export", tiny_study, "nope", "--to", tmp_path / "v.gpkg"),
        ("export", tiny_study, "villages", "--to", tmp_path / "v.dxf"),
        ("fetch", "nope"),
    ):
        done = wufei(*command, "--json")
        told = json.loads(done.stdout)
        assert done.exit_code == BAD_INPUT and told["status"] == "rejected", command
        assert told["faults"] and all(set(fault) == shape for fault in told["faults"]), command


def test_a_console_without_chinese_letters_shows_marks_instead_of_failing(tiny_study: Path) -> None:
    command = [sys.executable, "-c", "from gis_wufei.cli import main; main()", "check", str(tiny_study)]
    for encoding in ("cp1252", "ascii", "gbk"):
        env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
        done = subprocess.run(command, capture_output=True, env=env, check=False)
        assert done.returncode == 0, done.stderr.decode(encoding, "replace")


def test_version_and_help_tell_who_they_are() -> None:
    assert wufei("--version").stdout.strip() == f"gis_wufei {__version__}"
    text = wufei("--help").stdout
    assert all(word in text for word in ("init", "check", "run"))


def test_a_new_county_from_init_to_map(tmp_path: Path) -> None:
    """As a planner would: init, check tells what is missing, fill the tables in, run."""
    county, drawn = (
        tmp_path / "新县",
        draw_county(tmp_path / "drawn" if (tmp_path / "drawn").mkdir() is None else tmp_path),
    )
    done = wufei("init", county)
    assert done.exit_code == 0, done.output
    assert {p.name for p in county.iterdir()} == {
        "study.yaml", "villages.csv", "facilities.csv", "README.md", "study.schema.json",
    }  # fmt: skip
    missing = wufei("check", county, "--lang", "en")
    assert missing.exit_code == BAD_INPUT
    for word in ("boundary.geojson", "roads.gpkg", "villages.csv", "facilities.csv"):
        assert word in missing.stderr  # all at once
    for name in ("boundary.geojson", "roads.geojson"):
        shutil.copy(drawn / name, county / name)
    for name in ("villages.csv", "facilities.csv"):
        header, *_ = (county / name).read_text("utf-8-sig").splitlines()
        columns = header.split(",")
        rows = [line.split(",") for line in (drawn / name).read_text("utf-8-sig").splitlines()]
        where = {column: position for position, column in enumerate(rows[0])}
        filled = [",".join(row[where[c]] for c in columns) for row in rows[1:]]
        (county / name).write_text("\n".join([header, *filled]) + "\n", "gb18030")  # as a spreadsheet saves it
    text = (county / "study.yaml").read_text("utf-8").replace("roads.gpkg", "roads.geojson")
    (county / "study.yaml").write_text(text, "utf-8")
    assert wufei("check", county).exit_code == 0, wufei("check", county).output
    done = wufei("run", county, "--out", tmp_path / "maps", "--lang", "en")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "maps" / "county" / "base" / "index.html").is_file()


def test_init_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("mine", "utf-8")
    done = wufei("init", tmp_path)
    assert done.exit_code == BAD_INPUT and (tmp_path / "study.yaml").read_text("utf-8") == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["study.yaml"]


def test_init_says_what_to_type_next_even_for_a_folder_with_blanks(tmp_path: Path) -> None:
    folder = tmp_path / "my county"
    said = wufei("init", folder, "--lang", "en").stdout.splitlines()[-1]
    command = said.split("run: ")[1]
    assert shlex.split(command) == ["wufei", "check", str(folder)]


def test_init_into_a_file_says_why_in_the_language_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    for lang, word in (("zh", "不是文件夹"), ("en", "a file stands where a folder is needed")):
        done = wufei("init", tmp_path / "file" / "county", "--lang", lang)
        assert done.exit_code == BAD_INPUT and word in done.stderr
