"""How the commands answer: results on stdout, progress and complaints on stderr, an exit code for each end."""

from __future__ import annotations

import errno
import json
import os
import shlex
import subprocess
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from gis_wufei.errors import CheckFailedError, Fault, InputError, WufeiError, os_reason
from gis_wufei.text import say

if TYPE_CHECKING:
    from gis_wufei.study import Study

FAULT, WARNING = "[red]✗[/] ", "[yellow]![/] "
OK, FAILURE, BAD_INPUT, INFEASIBLE, INTERRUPTED = 0, 1, 2, 3, 130


class Language(StrEnum):
    """Language of what people read."""

    zh = "zh"
    en = "en"


Lang = Annotated[Language, typer.Option("--lang", help="输出语言 / language of the results")]
Json = Annotated[bool, typer.Option("--json", help="结果以 JSON 写到标准输出 / results as JSON on stdout")]
Debug = Annotated[bool, typer.Option("--debug", help="程序出错时显示出错位置 / show where the program failed")]


@contextmanager
def answering(lang: str, as_json: bool, debug: bool) -> Iterator[None]:
    """Every failure becomes sentences and an exit code; a traceback is shown to who asks for it."""
    try:
        yield
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise  # the command line's own
    except InputError as error:
        if debug and error.__cause__ is not None:
            traceback.print_exc()
        complain(list(error.faults), lang, as_json)
        tell(console_of(stderr=True), say("cli.faults", lang, count=len(error.faults)))
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        tell(console_of(stderr=True), say("cli.interrupted", lang))
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        if debug:
            traceback.print_exc()
        complain([_own_fault(error)], lang, as_json, "failed")
        raise typer.Exit(FAILURE) from None


def _own_fault(error: Exception) -> Fault:
    """What the program, not its user, got wrong."""
    if isinstance(error, CheckFailedError):
        return error.fault
    reason = next(iter(str(error).splitlines()), "") or "-"
    code = "E-PROGRAM-001" if isinstance(error, WufeiError) else "E-PROGRAM-002"
    return Fault(code, "wufei", {"kind": type(error).__name__, "reason": reason[:300].rstrip(".")})


def complain(faults: list[Fault], lang: str, as_json: bool, status: str = "rejected") -> None:
    """Every fault on stderr, and as JSON on stdout where that was asked for: each as in a certificate."""
    if as_json:
        from gis_wufei.report import fault_json

        print_json({"status": status, "faults": [fault_json(fault, {}) for fault in faults]})
    console = console_of(stderr=True)
    for fault in faults:
        tell(console, fault.text(lang), FAULT)


def console_of(*, stderr: bool = False) -> Console:
    """A console that shows text of files as it stands: no colours by guess, no pictures for ``:words:``."""
    return Console(stderr=stderr, highlight=False, emoji=False)


def tell(console: Console, words: str, mark: str = "") -> None:
    """One line, which the terminal itself breaks: a path stays whole, and a mark with its sentence."""
    console.print(mark + escape(words), soft_wrap=True)


def typed(path: Path) -> str:
    """A path as one types it on a command line."""
    return subprocess.list2cmdline([str(path)]) if os.name == "nt" else shlex.quote(str(path))


def refuse_unwritable(target: Path) -> None:
    """A folder that cannot be made is told before a long run; what fails later is told then."""
    there = next(folder for folder in (target, *target.absolute().parents) if folder.exists())
    if not there.is_dir():
        refused = OSError(errno.ENOTDIR, "")
    elif not os.access(there, os.W_OK | os.X_OK):
        refused = OSError(errno.EACCES, "")
    else:
        return
    raise InputError([Fault("E-OUT-002", str(target), {"reason": os_reason(refused)})])


def print_json(value: Any) -> None:
    """Plain values on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False))


class Teller:
    """Progress on stderr: a live line in a terminal, one line a step elsewhere."""

    def __init__(self, study: Study | None, lang: str, quiet: bool) -> None:
        self.study, self.lang, self.quiet, self.last = study, lang, quiet, ""
        self.console = console_of(stderr=True)
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
        self.live = self.console.is_interactive
        if self.live:
            self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:  # elsewhere stopping prints a blank line
            self.progress.stop()

    def step(self, step: str, what: str, done: int = 0, total: int = 0) -> None:
        """The walk's news; see ``gis_wufei.plan.Step``."""
        name = say(f"step.{step}", self.lang)
        shown = f"{name} · {self._label(step, what)}" if what else name
        if self.live:
            self.progress.update(self.task, description=escape(shown), completed=done, total=total or None)
            return
        line = name if step == "layers" else shown
        if not self.quiet and line != self.last:
            tell(self.console, line)
        self.last = line

    def _label(self, step: str, what: str) -> str:
        """What a step works on as people call it: a layer or a stream."""
        from gis_wufei.layers import roles

        if self.study is None:
            return what
        spec = self.study.spec
        if step == "layers" and what in spec.layers:
            layer = spec.layers[what]
            return (layer.label or roles()[layer.role].label).in_lang(self.lang)
        return spec.streams[what].label.in_lang(self.lang) if what in spec.streams else what


def table(title: str, *columns: str) -> Table:
    """An empty table for the terminal, the first column to the left."""
    table = Table(title=escape(title), title_justify="left", title_style="bold", header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(escape(column), justify="left" if number == 0 else "right", overflow="fold")
    return table
