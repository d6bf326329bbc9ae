"""What commands write on: results on stdout, progress and remarks on stderr, in the person's language."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from mailer import i18n
from mailer.characters import sift
from mailer.config import language


class _Console(Console):
    """One on which words from elsewhere do nothing: [red] and :tada: stay as typed, and no escape gets through."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False)

    def render_str(self, text: str, **looks: Any) -> Text:
        """Every line and every cell of a table passes here."""
        return super().render_str(sift(text)[0], **looks)


@dataclass(frozen=True, slots=True)
class Screen:
    """Two consoles and a language."""

    language: str
    results: Console
    remarks: Console

    def say(self, message: str, **values: object) -> str:
        """A message of the catalogue in the person's language."""
        sentence = i18n.translator(self.language)(message)
        return sentence % values if values else sentence

    def out(self, line: str, style: str | None = None) -> None:
        """A line of the result; ``style`` is seen on a terminal alone."""
        self.results.print(line, style=style, highlight=False, soft_wrap=True)

    def remark(self, message: str, **values: object) -> None:
        """A remark on the way."""
        self.remarks.print(self.say(message, **values), highlight=False, soft_wrap=True)

    def json(self, value: dict[str, Any]) -> None:
        """A machine's result: one object on one line."""
        self.out(json.dumps(value, ensure_ascii=False))

    def attended(self) -> bool:
        """Whether somebody is there who could answer a question."""
        # There is no input at all where it was closed.
        return bool(sys.stdin) and sys.stdin.isatty()

    @contextmanager
    def waiting(self, message: str) -> Iterator[None]:
        """A sign of life on a terminal, for work of which nobody knows how long it takes."""
        if self.remarks.is_terminal:
            with self.remarks.status(self.say(message)):
                yield
        else:
            yield

    def progress(self) -> Progress:
        """Bars with count, rate and time left; on a pipe they are silent."""
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(compact=True),
            console=self.remarks,
            disable=not self.remarks.is_terminal,
            expand=True,
        )


class _Rate(ProgressColumn):
    """Messages per second, lately."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:5.1f}/s" if speed else "    –/s")


def show_help(context: typer.Context) -> None:
    """What a group of commands does when none of them was named."""
    if context.invoked_subcommand is None:
        screen().out(context.get_help())
        raise typer.Exit(2)


@lru_cache(maxsize=1)
def screen() -> Screen:
    """This process's screen."""
    return Screen(i18n.terminal(language()), _Console(), _Console(stderr=True))
