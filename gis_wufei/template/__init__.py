"""The folder of a new county: a commented study and tables to fill in."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from gis_wufei.errors import Fault, InputError, os_reason

TABLES = ("study.yaml", "villages.csv", "facilities.csv", "README.md")
SCHEMA = "study.schema.json"


def write_template(folder: Path) -> list[Path]:
    """Write the files of a new study into a folder; nothing that exists is replaced.

    Raises
    ------
    InputError
        When one of the files exists already, or the folder cannot be made.
    """
    name = _slug(folder.resolve().name)
    there = [str(folder / entry) for entry in (*TABLES, SCHEMA) if (folder / entry).exists()]
    if there:
        raise InputError([Fault("E-INIT-001", path, {}) for path in there])
    home = files("gis_wufei")
    texts = {entry: home.joinpath("template", entry).read_text(encoding="utf-8") for entry in TABLES}
    texts["study.yaml"] = texts["study.yaml"].replace("name: county\n", f"name: {name}\n", 1)
    texts[SCHEMA] = home.joinpath(SCHEMA).read_text(encoding="utf-8")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for entry, text in texts.items():
            # Tables begin with a byte-order mark, so that a spreadsheet program reads the Chinese in them.
            encoding = "utf-8-sig" if entry.endswith(".csv") else "utf-8"
            (folder / entry).write_text(text, encoding=encoding, newline="\n")
    except OSError as error:
        raise InputError([Fault("E-INIT-002", str(folder), {"reason": os_reason(error)})]) from error
    return [folder / entry for entry in texts]


def _slug(name: str) -> str:
    """The folder's name as a study's name; ``county`` where it has no letter for one."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower()).strip("-")[:40]
    return kept or "county"
