"""What is written of promises and their tests."""

from datetime import date

from tests.reliability import LATER, PROMISES, page


def test_what_failed_is_said_and_what_nothing_shows_yet_is_named() -> None:
    written = page({1: ["`stories/test_01_kills.py::test_kills` **failed**: 3 missing"]}, date(2026, 11, 29))
    assert "| 1 | Nobody is lost, however often workers are killed | `stories/" in written
    assert "**failed**: 3 missing" in written
    assert f"to come: {LATER[4]}" in written
    assert all(promise in written for promise in PROMISES.values())
