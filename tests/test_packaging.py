"""What a fresh machine needs stands in the project's own files, and they agree."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def yaml(name: str) -> dict[str, object]:
    loaded: dict[str, object] = YAML(typ="safe", pure=True).load((ROOT / name).read_text(encoding="utf-8"))
    return loaded


def test_environment_yml_is_the_one_made_from_pyproject(tmp_path: Path) -> None:
    made = tmp_path / "environment.yml"
    recipe = re.search(r"pyproject2conda (yaml .*?)-o \$@", (ROOT / "Makefile").read_text(), re.DOTALL)
    assert recipe is not None
    options = re.findall(r'"[^"]*"|[^\s\\]+', recipe[1])
    command = [
        str(Path(sys.executable).with_name("pyproject2conda")),
        *(o.strip('"') for o in options),
        "-o",
        str(made),
    ]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    assert made.read_text() == (ROOT / "environment.yml").read_text()


def test_environment_yml_has_every_runtime_dependency_with_its_bound() -> None:
    entries = yaml("environment.yml")["dependencies"]
    assert isinstance(entries, list)
    plain = [entry for entry in entries if isinstance(entry, str)]
    pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))

    def parts(requirement: str) -> tuple[str, frozenset[str]]:
        name, bounds = re.match(r"([\w.-]+)(.*)", requirement).groups()  # type: ignore[union-attr]
        return name.replace(".", "-"), frozenset(bounds.split(","))

    have = {parts(entry) for entry in [*plain, *pip]}
    assert {parts(entry) for entry in PROJECT["project"]["dependencies"]} <= have
    assert yaml("environment.yml")["channels"] == ["conda-forge"]


def test_the_core_asks_for_no_gpl_and_no_server() -> None:
    names = {re.split(r"[<>=]", entry)[0] for entry in PROJECT["project"]["dependencies"]}
    assert not names & {"pandana", "hygese", "matplotlib-map-utils", "fastapi", "quarto"}


def test_licence_version_and_citation_agree() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    cited = yaml("CITATION.cff")
    assert cited["license"] == PROJECT["project"]["license"]
    assert cited["version"] == PROJECT["project"]["version"]
    assert f"## {PROJECT['project']['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_ci_runs_the_test_command() -> None:
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("exec make test")


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.rstrip("\0").split("\0")


def test_no_path_of_a_machine_stands_in_a_tracked_file() -> None:
    places = re.compile(rb"(?<![\w./])/(?:home|root|work|Users|tmp)/\w")
    named = [name for name in tracked() if places.search((ROOT / name).read_bytes())]
    assert named == []
