"""Experts' judgements out of a workbook: one sheet an expert, one block of cells a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from openpyxl.utils import get_column_letter

from gis_wufei.errors import Fault, InputError, listed, visible
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import LayerSpec
from gis_wufei.layers.units import plain
from gis_wufei.layers.workbook import Sheet, read_sheet, sheet_names
from gis_wufei.suitability.pairwise import PairwiseMatrix, pairwise
from gis_wufei.suitability.panel import Judgements, Structure


@dataclass(frozen=True)
class Block:
    """A table found on a sheet: the header's row and column (from 0) and the names along it."""

    row: int
    column: int
    names: tuple[str, ...]


def read_panel(
    path: Path, shape: Structure, labels: Mapping[str, str] | None = None, where: str | None = None
) -> dict[str, Judgements]:
    """Every expert's matrices, by the sheets' names.

    A sheet holds a square table a comparison: names along its top and down its left side, in any order,
    judgements between them; one triangle is enough. Two levels of criteria are several tables with a
    blank row between them, recognised by their names. Sheets without anything and hidden sheets are left
    out.

    Parameters
    ----------
    path
        The workbook (.xlsx).
    shape
        What is to be compared.
    labels
        Other names of criteria and groups (such as their Chinese names) and the ids they mean.
    where
        The file as a person would name it; default its name.

    Raises
    ------
    InputError
        Every fault of every sheet, with its cell and how to mend it.
    """
    where = where or path.name
    known = {plain(name): name for _, names in shape.blocks() for name in names}
    known |= {plain(label): name for label, name in (labels or {}).items()}
    panel: dict[str, Judgements] = {}
    faults: list[Fault] = []
    for title in sheet_names(path, where):
        notes = Notes("experts", LayerSpec(path=path.name, role="context"))
        sheet = read_sheet(path, title, where, notes, lambda rows: True)
        try:
            panel[title] = dict(_matrices(sheet, shape, known, f"{where} {visible(title)}"))
        except InputError as error:
            faults.extend(error.faults)
    if not panel and not faults:
        faults.append(Fault("E-AHP-EMPTY", where, {}))
    if faults:
        raise InputError(faults)
    return panel


def _matrices(
    sheet: Sheet, shape: Structure, known: Mapping[str, str], where: str
) -> Iterator[tuple[str, PairwiseMatrix]]:
    faults: list[Fault] = []
    blocks: dict[frozenset[str], Block] = {}
    strange: list[Fault] = []
    for block in _blocks(sheet, known):
        cells = [(block.row, block.column + 1 + n) for n in range(len(block.names))]
        unknown = [(name, at) for name, at in zip(block.names, cells, strict=True) if known.get(plain(name)) is None]
        for name, at in unknown:
            facts = {"name": visible(name), "known": listed(set(known.values()))}
            strange.append(Fault("E-AHP-NAME", f"{where}!{_cell(*at)}", facts))
        ids = frozenset(known[plain(name)] for name in block.names if plain(name) in known)
        if not unknown and len(ids) < len(block.names):
            strange.append(Fault("E-AHP-TWICE", f"{where}!{_cell(*cells[0])}", {"names": listed(block.names)}))
        elif not unknown:
            if ids in blocks:
                strange.append(Fault("E-AHP-TWICE", f"{where}!{_cell(*cells[0])}", {"names": listed(block.names)}))
            blocks[ids] = block
    faults.extend(strange)
    found = []
    for key, names in shape.blocks():
        chosen = blocks.get(frozenset(names))
        if chosen is None:
            if not strange:  # a name that is not known may well belong to this table
                faults.append(Fault("E-AHP-NOTABLE", where, {"names": listed(names)}))
            continue
        try:
            found.append((key, _matrix(sheet, chosen, names, known, where)))
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(faults)
    yield from found


def _blocks(sheet: Sheet, known: Mapping[str, str]) -> Iterator[Block]:
    """Tables by their headers: a row in which at least two cells are names, below a blank row or the top."""
    fresh = True
    for row, cells in enumerate(sheet.rows):
        filled = [column for column, cell in enumerate(cells) if cell.strip()]
        if not filled:
            fresh = True
            continue
        named = [column for column in filled if known.get(plain(cells[column])) is not None]
        if fresh and len(named) >= 2:
            # What stands at the left side below is a name, too; the header begins one column right of it.
            below = sheet.rows[row + 1] if row + 1 < len(sheet.rows) else []
            left = next((column for column, cell in enumerate(below) if cell.strip()), filled[0])
            along = [column for column in filled if column > left]
            if along:
                last = along[-1]
                yield Block(row, left, tuple(cells[column].strip() for column in range(left + 1, last + 1)))
            fresh = False


def _matrix(sheet: Sheet, block: Block, names: tuple[str, ...], known: Mapping[str, str], where: str) -> PairwiseMatrix:
    along = [known[plain(name)] for name in block.names]
    size = len(along)
    down: dict[str, int] = {}
    faults: list[Fault] = []
    for row in range(block.row + 1, min(block.row + 1 + size, len(sheet.rows))):
        told = sheet.rows[row][block.column]
        name = known.get(plain(told))
        if name is None or name not in along or name in down:
            code = "E-AHP-TWICE" if name in down else "E-AHP-NAME"
            facts = {"name": visible(told) or "-", "known": listed(along), "names": visible(told)}
            faults.append(Fault(code, f"{where}!{_cell(row, block.column)}", facts))
        else:
            down[name] = row
    absent = [name for name in along if name not in down]
    if absent and not faults:
        faults.append(Fault("E-AHP-ROWS", f"{where}!{_cell(block.row, block.column)}", {"names": listed(absent)}))
    if faults:
        raise InputError(faults)
    across = {name: block.column + 1 + n for n, name in enumerate(along)}
    cells: dict[tuple[int, int], str] = {}
    rows: list[list[str]] = []
    for i, first in enumerate(names):
        line: list[str] = []
        for j, second in enumerate(names):
            at = (down[first], across[second])
            cells[i, j] = f"!{_cell(*at)}"
            text = sheet.rows[at[0]][at[1]] if at[1] < len(sheet.rows[at[0]]) else ""
            if (at[0] + 1, at[1]) in sheet.uncomputed:
                faults.append(Fault("E-AHP-FORMULA", f"{where}!{_cell(*at)}", {}))
                text = "1"
            line.append(text)
        rows.append(line)
    if faults:
        raise InputError(faults)
    return pairwise(rows, names, where, cells)


def _cell(row: int, column: int) -> str:
    """A cell by its name in the spreadsheet, from row and column counted from 0."""
    return f"{get_column_letter(column + 1)}{row + 1}"
