"""The documents say what is true: examples work, links lead somewhere, words and commands exist."""

from __future__ import annotations

import ast
import importlib
import re
import runpy
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from ruamel.yaml import YAML
from typer.main import get_command

import gis_wufei
from gis_wufei.cli import BAD_INPUT, FAILURE, INFEASIBLE, INTERRUPTED, OK, app
from gis_wufei.layers import roles
from gis_wufei.network.costs import WHY
from gis_wufei.network.matrix import REASONS
from gis_wufei.network.qa import KINDS
from gis_wufei.plan import Plan
from gis_wufei.report import publish
from gis_wufei.routing import RouteSpec, RoutingProblem, check, solve_routing
from gis_wufei.siting import SitingResult
from gis_wufei.standards import Quantity, Rule, facilities, rules
from gis_wufei.standards.models import Effect, Status, Verdict
from gis_wufei.study import Study
from gis_wufei.template import write_template
from gis_wufei.text import catalogue

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "layers" / "README.md", ROOT / "maps" / "README.md", *sorted(DOCS.glob("*.md"))]
REFERENCE = runpy.run_path(str(DOCS / "reference.py"))

FENCE = re.compile(r"^```(\S*)[ ]?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(language: str, mark: str = "") -> Iterator[tuple[str, str]]:
    """Code blocks of a language with a mark, as (page, code)."""
    for page in PAGES:
        for found in FENCE.finditer(text_of(page)):
            if found[1] == language and found[2] == mark:
                yield page.name, found[3]


def named(cases: list[tuple[str, str]]) -> dict[str, Any]:
    return {"argvalues": cases, "ids": [f"{name}-{number}" for number, (name, _) in enumerate(cases, 1)]}


def anchors(page: Path) -> set[str]:
    plain = FENCE.sub("", text_of(page))
    return {REFERENCE["slug"](line.lstrip("#").strip()) for line in plain.splitlines() if re.match(r"#+ ", line)}


def merged(base: Any, more: Any) -> Any:
    if isinstance(base, dict) and isinstance(more, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in more.items()}}
    return more


# --- the reference ------------------------------------------------------------------------------


def test_the_study_file_reference_is_the_one_made_from_the_models() -> None:
    renewed = REFERENCE["page"]()
    assert text_of(DOCS / "study-file.md") == renewed, "run: python docs/reference.py"


def test_every_field_is_told_in_chinese_too() -> None:
    assert REFERENCE["untranslated"]() == []


# --- links and pictures ---------------------------------------------------------------------------


@pages
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    plain = FENCE.sub("", text_of(page))
    for target in LINK.findall(plain):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def test_the_picture_of_the_walk_is_well_formed_and_asks_for_nothing() -> None:
    root = ElementTree.parse(DOCS / "img" / "walk.svg").getroot()
    assert {"title", "desc"} <= {element.tag.rsplit("}", 1)[-1] for element in root}
    wanted = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href") or "://" in v]
    assert wanted == []


@pages
def test_no_page_leans_on_the_network_for_a_picture(page: Path) -> None:
    assert re.findall(r"!\[[^\]]*\]\(https?:", text_of(page)) == []


# --- examples -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "code"), **named(list(blocks("yaml", "study"))))
def test_a_piece_of_a_study_fits_into_a_study(page: str, code: str, tmp_path: Path) -> None:
    write_template(tmp_path / "county")
    file = tmp_path / "county" / "study.yaml"
    yaml = YAML(typ="safe", pure=True)
    with file.open(encoding="utf-8") as base:
        whole = merged(yaml.load(base), yaml.load(code))
    with file.open("w", encoding="utf-8") as out:
        yaml.dump(whole, out)
    for scenario in Study.open(file).scenarios:
        Study.open(file, scenario)


@pytest.mark.parametrize(("page", "code"), **named(list(blocks("yaml", "rule"))))
def test_a_new_clause_is_a_rule(page: str, code: str) -> None:
    rule = Rule.model_validate(YAML(typ="safe", pure=True).load(code))
    assert rule.id not in rules()
    assert rule.role in roles()
    assert set(rule.kinds) <= set(facilities())


def test_every_yaml_block_is_marked_for_a_test() -> None:
    assert list(blocks("yaml")) == []


@pytest.mark.parametrize(("page", "code"), **named(list(blocks("python"))))
def test_a_python_block_imports_what_exists(page: str, code: str) -> None:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            assert all(hasattr(module, name.name) for name in node.names)


def extension(name: str) -> Any:
    """What the block of ``extending.md`` that defines ``name`` makes."""
    (code,) = [code for page, code in blocks("python") if page == "extending.md" and f" {name}(" in code]
    space: dict[str, Any] = {"__name__": name}
    exec(compile(code, name, "exec", dont_inherit=True), space)
    return space[name]


def test_the_example_of_a_writer_writes(tiny_plan: Plan, tmp_path: Path) -> None:
    folder = publish(tiny_plan, tmp_path, "zh", [extension("write_townships")])
    assert {path.name for path in folder.glob("townships_*.csv")} == {f"townships_{s}.csv" for s in tiny_plan.streams}


def test_the_example_of_a_formula_makes_places(tiny_plan: Plan) -> None:
    told = {"value": 200, "unit": "kg/km/yr", "status": "user", "source": "by pencil"}
    formula = extension("PerLengthDemand").model_validate(
        {"formula": "per_length", "layer": "roads", "factor": "sweepings"}, context={"factors": {"sweepings": told}}
    )
    numbers = {"sweepings": Quantity.model_validate(told)}
    places = formula.places(tiny_plan.layers, numbers)
    roads = tiny_plan.layers["roads"].frame
    assert places["t_per_year_default"].sum() == pytest.approx(roads.length.sum() / 1000 * 200 / 1000)
    assert (places.geom_type == "Point").all()


def test_the_example_of_a_solver_passes_the_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    way_m = np.array([[0, 3000, 4000], [3000, 0, 5000], [4000, 5000, 0]])
    problem = RoutingProblem(
        stop_ids=("north", "east"),
        load_t=np.array([2, 2]),
        service_s=np.array([600, 600]),
        distance_m=way_m,
        duration_s=way_m / 10,
        capacity_t=5,
        shift_s=8 * 3600,
        unload_s=900,
        yuan_per_vehicle_day=500,
        yuan_per_km=2,
        yuan_per_h=0,
        workdays=3,
    )
    monkeypatch.setitem(gis_wufei.routing.SOLVERS, "alone", extension("search_alone"))  # type: ignore[attr-defined]
    plan = solve_routing(problem, RouteSpec(), "alone")
    assert check(problem, plan) == []
    assert plan.distance_m == 14_000


# --- commands ---------------------------------------------------------------------------------------


def commands() -> Iterator[str]:
    for page in PAGES:
        yield from re.findall(r"wufei(?:\.exe)? ((?:init|check|run|[a-z]+)\b[^\n`#；]*)", code_of(page))


def code_of(page: Path) -> str:
    fenced = [found[3] for found in FENCE.finditer(text_of(page)) if found[1] in ("sh", "powershell")]
    return "\n".join([*fenced, *re.findall(r"`(wufei [^`]+)`", text_of(page))])


def test_every_command_and_option_in_the_documents_exists() -> None:
    known: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    told = list(commands())
    assert {command.split()[0] for command in told} == set(known)
    for command in told:
        verb, *words = command.split()
        door = known[verb]
        while hasattr(door, "commands"):  # a group of commands, such as network
            assert words and words[0] in door.commands, command
            door = door.commands[words.pop(0)]
        options = {option for parameter in door.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("-")} <= options, command


def test_the_readme_opens_with_the_two_commands_and_make_has_them() -> None:
    first = next(FENCE.finditer(text_of(ROOT / "README.md")))
    targets = re.findall(r"^make (\w+)", first[3], re.MULTILINE)
    assert targets == ["run", "test"]
    makefile = text_of(ROOT / "Makefile")
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_the_readme_tells_every_exit_code_twice() -> None:
    told = re.findall(r"^\| (\d+) \|", text_of(ROOT / "README.md"), re.MULTILINE)
    codes = [str(code) for code in (OK, FAILURE, BAD_INPUT, INFEASIBLE, INTERRUPTED)]
    assert told == [*codes, *codes]


def test_the_readme_lists_what_a_run_writes(tiny_plan: Plan, tmp_path: Path) -> None:
    folder = publish(tiny_plan, tmp_path, "zh", [gis_wufei.write_map])
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    written = {re.sub(r"tables/.*\.csv", "tables/*.csv", file) for file in files}
    for page in (ROOT / "README.md", ROOT / "maps" / "README.md"):
        assert written == set(re.findall(r"`([\w/*]+\.(?:html|xlsx|csv|gpkg|json))`", text_of(page)))


# --- both languages ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["README.md", "docs/concepts.md", "docs/network.md"])
def test_both_languages_have_the_same_sections_code_and_lists(name: str) -> None:
    _, chinese, english = re.split(r"^## (?:中文|English)$", text_of(ROOT / name), flags=re.MULTILINE)

    def shape(half: str) -> dict[str, int]:
        return {
            "sections": len(re.findall(r"^### ", half, re.MULTILINE)),
            "items": len(re.findall(r"^(?:-|\d\.) ", half, re.MULTILINE)),
            "rows": len(re.findall(r"^\|", half, re.MULTILINE)),
            "blocks": len(re.findall(r"^```", half, re.MULTILINE)),
        }

    assert shape(chinese) == shape(english)
    assert set(re.findall(r"`(W-[A-Z-]+)`", chinese)) == set(re.findall(r"`(W-[A-Z-]+)`", english))


def test_the_warnings_named_in_the_concepts_exist() -> None:
    named = set(re.findall(r"`(W-[A-Z-]+)`", text_of(DOCS / "concepts.md")))
    assert named
    assert named <= set(catalogue())


# --- words --------------------------------------------------------------------------------------------


def words(heading: str) -> list[str]:
    """First cells of the table under a heading of the vocabulary."""
    part = text_of(DOCS / "vocabulary.md").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `([^`]+)` \|", part, re.MULTILINE)


def test_every_noun_of_the_vocabulary_exists_and_the_face_is_told_in_full() -> None:
    nouns = words("程序里的名词 / Nouns of the program")
    for noun in nouns:
        module, _, name = noun.rpartition(".")
        assert hasattr(importlib.import_module(module), name), noun
    assert {f"gis_wufei.{name}" for name in gis_wufei.__all__} == {noun for noun in nouns if noun.count(".") == 1}


def test_the_vocabulary_has_every_kind_and_role() -> None:
    assert words("设施类型 / Facility kinds") == list(facilities())
    assert words("图层角色 / Layer roles") == list(roles())


def test_the_vocabulary_has_every_word_of_the_road_network() -> None:
    assert words("路网的发现 / Findings of a road network") == list(KINDS)
    assert words("道路对车不通的原因 / Why a road is closed to a vehicle") == [code for code in WHY if code]
    assert words("两地不通的原因 / Why there is no way between two places") == [code for code in REASONS if code]
    ignored = [key.removeprefix("ignored.") for key in catalogue() if key.startswith("ignored.")]
    assert words("未采用的原因 / What a network leaves out") == [code for code in ignored if code not in WHY]


def test_the_vocabulary_has_every_status_and_reason() -> None:
    keys = ("status", "state", "effect", "synthetic")
    told = {key.split(".")[1] for key in catalogue() if key.split(".")[0] in keys and key.count(".") == 1}
    kinds = (Status, Effect, Verdict, SitingResult.__annotations__["status"])
    literal = {
        word for kind in kinds for word in (get_args(kind) or re.findall(r"\w+", str(kind))) if word != "Literal"
    }
    assert set(words("状态 / Statuses")) == told | literal
    reasons = {key.removeprefix("unserved.") for key in catalogue() if key.startswith("unserved.")}
    assert set(words("未服务的原因 / Reasons for which a place is not served")) == reasons
