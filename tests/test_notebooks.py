"""Every notebook runs from top to bottom, without a network, and makes what it says."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))

# The kernel is a process of its own: there, too, warnings are errors and only this machine may be reached.
GUARD = """
import socket, warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", ".*do_shutdown", PendingDeprecationWarning)  # the kernel's own, at its end
_connect = socket.socket.connect
def _local(self, address):
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1"):
        raise OSError(f"a notebook reached for {address}")
    _connect(self, address)
socket.socket.connect = _local
"""


def read(path: Path) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = jupytext.read(path)
    return notebook


# What each notebook writes, below maps/notebook.
WRITTEN = {
    "01_walk": ("dalad/base/index.html", "dalad/base/run.json"),
    "02_roads": ("roads/findings.gpkg", "roads/findings.html", "roads/matrix.csv"),
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_writes_its_results(path: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "layers" / "dalad", tmp_path / "layers" / "dalad")
    (tmp_path / "notebooks").mkdir()
    notebook = read(path)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(GUARD))
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path / "notebooks")}}
    )
    client.execute()
    for name in WRITTEN[path.stem]:
        assert (tmp_path / "maps" / "notebook" / name).is_file(), name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_holds_no_logic(path: Path) -> None:
    code = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    logic = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.While, ast.For, ast.If, ast.Try)
    assert [node for node in ast.walk(ast.parse(code)) if isinstance(node, logic)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_text_of_a_notebook_is_told_in_both_languages(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert any("\u4e00" <= letter <= "\u9fff" for letter in cell.source), cell.source
            assert any(letter.isascii() and letter.isalpha() for letter in cell.source), cell.source
