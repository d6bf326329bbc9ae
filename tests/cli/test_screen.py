"""What commands write: words stay words, wherever they come from."""

import json

import pytest
from rich.table import Table

from mailer.cli.screen import screen
from tests.cli.conftest import Run, one_line

HOSTILE = "[/b] [red]Ada[/red] :tada: \x1b[31m\x1b]0;mine\x07"
HARMLESS = "[/b] [red]Ada[/red] :tada: [31m]0;mine"


def test_a_line_is_shown_as_typed_and_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    screen().out(HOSTILE)
    assert capsys.readouterr().out == f"{HARMLESS}\n"


def test_so_is_a_remark(capsys: pytest.CaptureFixture[str]) -> None:
    screen().remark("%(name)s", name=HOSTILE)
    assert capsys.readouterr().err == f"{HARMLESS}\n"


def test_so_is_a_cell_of_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("Who")
    table.add_row(HOSTILE)
    screen().results.print(table)
    shown = capsys.readouterr().out
    assert HARMLESS in shown
    assert "\x1b" not in shown


def test_a_machine_gets_what_was_there(capsys: pytest.CaptureFixture[str]) -> None:
    screen().json({"title": HOSTILE})
    assert json.loads(capsys.readouterr().out) == {"title": HOSTILE}


def test_a_name_that_is_no_text_is_shown_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    screen().json({"folder": "\udca4\udca4"})
    assert json.loads(capsys.readouterr().out) == {"folder": ""}


def test_a_complaint_is_one_line_and_commands_no_terminal(run: Run) -> None:
    done = run("edition", "render", "\x1b[31mmy\nfolder")
    one_line(done, 2, "[31mmy folder")
    assert "\x1b" not in done.stderr
