"""The house stands: floors, nevers and quiet doors, read from the imports and tried in a fresh interpreter."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gis_wufei"

# Floor of each room; a room imports only from rooms below, or from itself.
FLOOR = {
    "__main__": 5.1,
    "cli": 5,
    "fetch": 4.5,
    "template": 4,
    "maps": 4.1,
    "report": 4,
    "plan": 3,
    "study": 2,
    "demand": 1.3,
    "land": 1.3,
    "network": 1.3,
    "suitability": 1.4,
    "layers": 1.2,
    "siting": 1.1,
    "routing": 1.1,
    "standards": 0.3,
    "faults": 0.35,
    "yamlfile": 0.3,
    "crs": 0.2,
    "errors": 0.2,
    "text": 0.1,
}
SOLVERS = ("siting", "routing")
LAND = ("layers", "land", "demand", "network", "suitability", "crs")
DRAWING = ("folium", "matplotlib", "branca")
GEOMETRY = ("geopandas", "shapely", "rasterio", "pyproj", "pyogrio", "folium")
DOORS = ("__main__", "cli", "serve", "fetch")


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""


def own(path: Path) -> set[str]:
    """Rooms of ours that a file imports."""
    names = [name.split(".") for name in imports(path) if name.startswith("gis_wufei")]
    return {parts[1] for parts in names if len(parts) > 1}


def test_every_room_has_a_floor() -> None:
    assert {room(path) for path in modules()} == set(FLOOR)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_below(path: Path) -> None:
    here = room(path)
    above = {other for other in own(path) if other != here and FLOOR[other] >= FLOOR[here]}
    assert not above, f"{here} imports {above}"


def test_the_solver_side_knows_numbers_only() -> None:
    for path in (path for path in modules() if room(path) in SOLVERS):
        assert not own(path) & {*LAND, *SOLVERS} - {room(path)}, path
        assert not {name.split(".")[0] for name in imports(path)} & set(GEOMETRY), path


def test_the_land_side_never_imports_a_solver() -> None:
    for path in (path for path in modules() if room(path) in LAND):
        assert not own(path) & set(SOLVERS), path
        assert not {name.split(".")[0] for name in imports(path)} & {"highspy", "pyvrp"}, path


def test_only_the_roof_draws() -> None:
    for path in (path for path in modules() if FLOOR[room(path)] < 4):
        assert not {name.split(".")[0] for name in imports(path)} & set(DRAWING), path


def test_only_the_doors_import_a_door() -> None:
    for path in (path for path in modules() if room(path) not in DOORS):
        assert not own(path) & set(DOORS), path


def test_no_stream_and_no_county_is_named_in_code() -> None:
    """Streams and counties are data; docstrings' examples may name one, code may not."""
    words = ("straw", "hazard", "domestic", "秸秆", "危险废物", "生活垃圾", "dalad", "malta", "达拉特")
    for path in [*modules(), PACKAGE / "__init__.py"]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            told = ""
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                told = node.value
            elif isinstance(node, ast.Name):
                told = node.id
            elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.arg):
                told = node.name if not isinstance(node, ast.arg) else node.arg
            named = [word for word in words if word in told.lower()]
            # A layer's role is a contract of the land side: the geological hazard zone is no stream.
            assert not named or told == "hazard", f"{path}: {told!r}"


COUNTY_WORDS = ("达拉特", "达旗", "鄂尔多斯", "土默特", "孔兑", "苏木", "嘎查", "马耳他")
COUNTY_WORDS += ("dalad", "ordos", "malta", "gozo")


def told(value: object, at: str = "") -> Iterator[tuple[str, str]]:
    """Every key and text of a data file but sources of numbers and words of offices, which may be local."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield at, str(key)
            if key not in ("source", "aliases", "synonyms") and not str(key).startswith("cited."):
                yield from told(entry, f"{at}.{key}")
    elif isinstance(value, list):
        for entry in value:
            yield from told(entry, at)
    elif isinstance(value, str):
        yield at, value


def test_no_county_is_named_in_the_words_of_the_package() -> None:
    files = sorted(PACKAGE.rglob("*.yaml"))
    assert {"texts.yaml", "roles.yaml", "study.yaml", "factors.yaml"} <= {path.name for path in files}
    for path in files:
        for at, text in told(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))):
            named = [word for word in COUNTY_WORDS if word in text.lower()]
            assert not named, f"{path.relative_to(PACKAGE)}{at}: {text!r}"


def test_rooms_that_should_not_exist_do_not() -> None:
    banned = {"utils", "helpers", "common", "base", "manager", "handlers", "misc"}
    assert not {path.stem for path in modules()} & banned


def test_no_file_outgrows_a_screenful_of_ideas() -> None:
    long = {str(p.relative_to(ROOT)): n for p in modules() if (n := len(p.read_text("utf-8").splitlines())) > 400}
    assert not long


def test_every_file_begins_with_its_sentence() -> None:
    for path in modules():
        told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert told and told.splitlines()[0].endswith((".", "?", ":")), path


def fresh(code: str) -> dict[str, object]:
    """Run code in an interpreter of its own, where every socket and every warning is an error; returns its JSON."""
    guard = (
        "import socket, sys, json\n"
        "def refused(*a, **k): raise RuntimeError('a socket was opened')\n"
        "socket.socket.connect = refused; socket.create_connection = refused; socket.getaddrinfo = refused\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", guard + code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stderr == ""
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_importing_the_package_is_quiet_and_loads_no_heavy_library() -> None:
    loaded = fresh("import gis_wufei\nprint(json.dumps(sorted(sys.modules)))")
    assert not {"pandas", "geopandas", "pyvrp", "highspy", "numpy"} & set(loaded)


def test_the_face_is_a_table_of_contents_and_every_entry_exists() -> None:
    names = fresh(
        "import gis_wufei\nprint(json.dumps({name: getattr(gis_wufei, name).__module__ for name in gis_wufei.__all__}))"
    )
    assert all(str(home).startswith("gis_wufei.") for home in names.values())
    assert {"Study", "make_plan"} <= set(names)


def test_the_help_loads_no_heavy_library() -> None:
    loaded = fresh(
        "from gis_wufei import cli\n"
        "from typer.testing import CliRunner\n"
        "assert CliRunner().invoke(cli.app, ['--help']).exit_code == 0\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    assert not {"pandas", "geopandas", "pyvrp", "highspy"} & set(loaded)
