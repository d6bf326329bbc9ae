"""What is written of promises and their tests."""

import pytest

from tests.reliability import LATER, PAGE, PROMISES, page, read

KILLS = "stories/test_01_kills.py::test_kills[a-b]"


def test_what_failed_is_said_and_what_nothing_shows_yet_is_named() -> None:
    written = page({1: {KILLS: "**failed** on 2026-11-29: 3 missing"}})
    assert f"| 1 | Nobody is lost, however often workers are killed | `{KILLS}` **failed**" in written
    assert f"to come: {LATER[4]}" in written
    assert all(promise in written for promise in PROMISES.values())


def test_a_page_is_read_as_it_was_written_but_for_tests_that_are_no_more() -> None:
    told = {1: {KILLS: "held on 2026-11-29: 3 kills", "stories/test_01_kills.py::test_of_old": "held on 2020-01-01"}}
    assert read(page(told))[1] == {KILLS: "held on 2026-11-29: 3 kills"}


@pytest.mark.parametrize("number", PROMISES)
def test_the_page_as_it_stands_says_of_each_promise_what_shows_it(number: int) -> None:
    written = PAGE.read_text()
    (row,) = (line for line in written.splitlines() if line.startswith(f"| {number} | "))
    assert PROMISES[number] in row
    assert "**failed**" not in row
    # Tests that are no more are not read.
    assert row.count("::") == len(read(written)[number])
    assert "::" in row or number in LATER
