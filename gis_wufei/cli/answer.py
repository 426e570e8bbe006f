"""How the commands answer: results on stdout, progress and complaints on stderr, an exit code for each end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from gis_wufei.errors import CheckFailedError, Fault, InputError, MissingExtraError
from gis_wufei.text import say

OK, FAILURE, BAD_INPUT, INFEASIBLE, INTERRUPTED = 0, 1, 2, 3, 130


class Language(StrEnum):
    """Language of what people read."""

    zh = "zh"
    en = "en"


Lang = Annotated[Language, typer.Option("--lang", help="输出语言 / language of the results")]
Json = Annotated[bool, typer.Option("--json", help="结果以 JSON 写到标准输出 / results as JSON on stdout")]


@contextmanager
def answering(lang: str, as_json: bool) -> Iterator[None]:
    """Faults of the user become sentences and an exit code, never a traceback."""
    try:
        yield
    except InputError as error:
        complain(list(error.faults), lang, as_json)
        raise typer.Exit(BAD_INPUT) from None
    except CheckFailedError as error:
        complain([error.fault], lang, as_json)
        raise typer.Exit(FAILURE) from None
    except MissingExtraError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"[red]✗[/] {escape(str(error))}")
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        Console(stderr=True).print(escape(say("cli.interrupted", lang)))
        raise typer.Exit(INTERRUPTED) from None


def complain(faults: list[Fault], lang: str, as_json: bool) -> None:
    """Every fault on stderr, and as JSON on stdout where that was asked for."""
    if as_json:
        told = [{"code": fault.code, "where": fault.where, "text": fault.text(lang)} for fault in faults]
        print_json({"faults": told})
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for fault in faults:
        console.print(f"[red]✗[/] {escape(fault.text(lang))}")
    console.print(escape(say("cli.faults", lang, count=len(faults))))


def print_json(value: Any) -> None:
    """Plain values on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False))


class Teller:
    """Progress on stderr: a live line in a terminal, one line a step elsewhere."""

    def __init__(self, lang: str, quiet: bool) -> None:
        self.lang, self.quiet, self.last = lang, quiet, ""
        self.console = Console(stderr=True, highlight=False)
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self.task = self.progress.add_task("", total=None)

    def __enter__(self) -> Teller:
        if self.console.is_terminal:
            self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def step(self, step: str, what: str, done: int = 0, total: int = 0) -> None:
        """The walk's news; see ``gis_wufei.plan.Step``."""
        shown = say(f"step.{step}", self.lang) + (f" · {what}" if what else "")
        self.progress.update(self.task, description=escape(shown), completed=done, total=total or None)
        name = say(f"step.{step}", self.lang) + (f" · {what}" if what and step != "layers" else "")
        if not self.quiet and not self.console.is_terminal and name != self.last:
            self.console.print(escape(name))
        self.last = name


def table(title: str, *columns: str) -> Table:
    """An empty table for the terminal, the first column to the left."""
    table = Table(title=escape(title), title_justify="left", title_style="bold", header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(escape(column), justify="left" if number == 0 else "right", overflow="fold")
    return table
