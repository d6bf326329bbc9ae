"""What docs/reliability.md says: each promise, the tests that show it, and how their last run by ``make chaos`` ended.

A test says which promises it shows: ``@pytest.mark.promise(1, 2)``.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
PROMISES = {
    1: "Nobody is lost, however often workers are killed",
    2: "Nobody gets a mail twice, but those whose delivery says that it is in doubt",
    3: "A body that left and got no answer is in doubt, and is not sent again by itself",
    4: "After a power cut the last state that was acknowledged holds",
    5: "A Redis that forgets everything costs no mail",
    6: "A database that restarts, or has no room, lets no mail go that is not in the ledger",
    7: "Who unsubscribes gets nothing that is begun a second later",
    8: "A backup that is restored writes to nobody who has left since",
    9: "No window of time takes more than a limit, over eight workers and with wrong clocks",
    10: "A provider that stands still costs the others less than a twentieth",
    11: "No answer to how we send suppresses an address",
    12: "Each mail is as the standards want it, and signed",
    13: "No input of any kind crashes or hangs it",
    14: "No address is in a log, in the broker, in a URL",
    15: "What the screens show, the ledger and what arrived are one; a queue that stands still is told of",
}
LATER = {
    4: "the power cut itself, on a machine that can be switched off",
    12: "DMARC by an outside judge",
    13: "a million mutated inputs, with the bounces to come",
    14: "a scan of everything after each run, with the console to come",
    15: "the alarm, with the console to come",
}
_HEAD = """# What Twinletter promises

SMTP itself cannot promise that a mail arrives exactly once: a server may take it and its answer be lost. What can be
promised stands here, with the tests that show it and how each ended when `make chaos` last ran it. The runs write it
themselves: the tests are in `tests/`, judged by what a mail server kept, not by our ledger.

| | promise | shown by |
|---|---|---|
"""
_RESULT = re.compile(r"`([^`]+)` (.+)")
Results = Mapping[str, str]
"""Of each test how it ended, and when."""


@dataclass(eq=False)  # pytest keeps its plugins in sets
class Page:
    """A plugin of pytest that brings the page up to date when a run ends."""

    day: date
    told: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        said = dict(report.user_properties)
        figures = f": {said['figures']}" if "figures" in said else ""
        ended = "held" if report.passed else "**failed**"
        for number in str(said.get("promises", "")).split():
            self.told[int(number)][report.nodeid.removeprefix("tests/")] = f"{ended} on {self.day}{figures}"

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        if self.told:
            before = read(PAGE.read_text()) if PAGE.exists() else {}
            PAGE.write_text(page({number: {**before.get(number, {}), **self.told[number]} for number in PROMISES}))


def page(told: Mapping[int, Results]) -> str:
    """The page: what was told of each promise."""
    return (
        _HEAD + "\n".join(f"| {number} | {PROMISES[number]} | {_shown(number, told)} |" for number in PROMISES) + "\n"
    )


def _shown(number: int, told: Mapping[int, Results]) -> str:
    later = [f"to come: {LATER[number]}"] if number in LATER else []
    return "<br>".join([*(f"`{test}` {ended}" for test, ended in sorted(told.get(number, {}).items())), *later])


def read(written: str) -> dict[int, dict[str, str]]:
    """What a page says of each promise; of tests that are no more, nothing."""
    rows = [line.split(" | ", 2) for line in written.splitlines() if re.match(r"\| \d+ \|", line)]
    return {
        int(number.strip("| ")): {
            found[1]: found[2]
            for result in shown.removesuffix(" |").split("<br>")
            if (found := _RESULT.fullmatch(result)) and is_there(found[1])
        }
        for number, _, shown in rows
    }


def is_there(test: str) -> bool:
    """Whether a test of this name (``stories/test_a.py::test_b[c]``) still is."""
    module, name = re.split(r"::|\[", test)[:2]
    path = Path(__file__).parent / module
    return path.exists() and f"def {name}(" in path.read_text()
