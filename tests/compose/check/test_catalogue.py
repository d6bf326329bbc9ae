"""Each check catches what it is there for, leaves alone what only looks like it, and can be said to anybody."""

import re

import pytest

from mailer.compose.check import CHECKS, Fault, Severity
from mailer.i18n import EN, HANS, ZH, translator
from mailer.resources import folder
from tests.compose.check.cases import CASES
from tests.compose.check.parts import Found

PAGE = folder("templates").parent / "docs" / "editions.md"


def _cases(side: int) -> list[object]:
    return [
        pytest.param(fault, found, id=f"{fault}-{number}")
        for fault, sides in CASES.items()
        for number, found in enumerate(sides[side])
    ]


def test_every_check_has_both_kinds_of_sample_and_is_described() -> None:
    assert set(Fault) == set(CHECKS) == set(CASES)
    assert all(caught and left for caught, left in CASES.values())
    assert list(CHECKS) == list(Fault)


@pytest.mark.parametrize(("fault", "found"), _cases(0))
def test_it_is_caught_and_can_be_said_in_every_language(fault: Fault, found: Found) -> None:
    caught = [each for each in found() if each.fault is fault]
    assert caught
    for each in caught:
        assert each.severity is CHECKS[fault].severity
        assert all("%(" not in each.say(translator(tag)) for tag in (ZH, HANS, EN))


@pytest.mark.parametrize(("fault", "found"), _cases(1))
def test_it_is_left_alone(fault: Fault, found: Found) -> None:
    assert [each.say(str) for each in found() if each.fault is fault] == []


def test_what_makes_a_mail_unfit_can_be_let_pass_by_nobody() -> None:
    # Whether a page answers is a matter of the moment: there is nothing to let pass.
    never = {fault for fault, check in CHECKS.items() if not check.acknowledgeable} - {Fault.UNREACHABLE}
    assert never == {
        Fault.UNWRITTEN,
        Fault.MISSING,
        Fault.DRAFT,
        Fault.DEAD_LINK,
        Fault.TOO_LONG,
        Fault.TOO_HEAVY,
        Fault.FOREIGN_HOST,
    }
    assert all(CHECKS[fault].severity is Severity.ERROR for fault in never)


def table() -> str:
    """The checks as docs/editions.md lists them."""
    marks = {True: "error, can be acknowledged", False: "error"}
    rows = [
        f"| `{fault}` | {marks[check.acknowledgeable] if check.severity is Severity.ERROR else 'warning'}"
        f" | {check.what} |"
        for fault, check in CHECKS.items()
    ]
    return "\n".join(["| check | severity | what it finds |", "|---|---|---|", *rows])


def test_the_page_lists_every_check() -> None:
    found = re.search(
        r"<!-- checks -->\n\n(.*?)\n\n<!-- end of checks -->", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    assert found, "the table stands between two comments"
    assert found[1] == table()
