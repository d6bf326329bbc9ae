"""``mailer bench``: a whole small one, to a real sink, and what it refuses."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from mailer.bench.case import CASES
from mailer.bench.drive import Driven
from mailer.bench.measure import Measured, Report, Round
from mailer.bench.reference import Sent
from mailer.cli import bench as command
from mailer.db import connect
from tests.cli.conftest import Begin, Run, one_line
from tests.servers import Postgres, Redis

Bench = Callable[..., dict[str, Any]]

SUBSCRIBERS, FEWER, MANY = 300, 50, 20_000
WORKER_MB = 150
STAGES = {"throttle", "claim", "render", "transmit", "journal", "record"}
FOLDER = {"broker_url": "filesystem://"}
_LONGEST = 180.0


@pytest.fixture
def bench(begin: Begin, servers: None) -> Bench:  # noqa: ARG001 — it needs smtp-sink
    """What ``mailer bench --json`` says on its last line."""

    def call(*words: str, **settings: str) -> dict[str, Any]:
        process, said = begin("bench", "--json", "--repeat=1", *words, **settings)
        assert process.wait(_LONGEST) == 0, said()
        found: dict[str, Any] = json.loads(said().splitlines()[-1])
        return found

    return call


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[str]:
    """A database with nothing in it."""
    postgres.create("bench")
    yield postgres.url("bench")
    postgres.drop("bench")


def test_every_case_is_sent_and_set_beside_both_references(bench: Bench, tmp_path: Path) -> None:
    found = bench(f"--subscribers={SUBSCRIBERS}", "--home", str(tmp_path / "home"), **FOLDER)
    assert [case["name"] for case in found["cases"]] == list(CASES)
    for case, people in [(each, SUBSCRIBERS) for each in found["cases"]] + [(found["pictures"], FEWER)]:
        assert case["messages"] == people
        assert min(case["messages_per_second"], case["cpu_us_per_message"]) > 0
        assert min(case["ratio_to_smtp_source"], case["ratio_to_baseline_cpu"]) > 0
        assert set(case["stages_cpu_us"]) == STAGES
    assert all(case["octets"] == pytest.approx(43_000, rel=0.15) for case in found["cases"])
    assert found["pictures"]["octets"] == pytest.approx(410_000, rel=0.15)
    assert found["expand_ratio"] > 0
    assert 50 < found["worker_rss_mb"] < 500
    with sqlite3.connect(tmp_path / "home" / "twinletter.db") as database:
        states = dict(database.execute("SELECT state, count(*) FROM delivery GROUP BY state"))
    # Each case to everybody, the pictures to fewer, and the stages of each to as few again.
    assert states == {"sent": len(CASES) * (SUBSCRIBERS + FEWER) + 2 * FEWER}


def test_what_servers_spend_is_told_and_their_database_left_empty(bench: Bench, empty: str, redis: Redis) -> None:
    """So many people as would show a worker that keeps what it has sent. Ratios beside other tests say nothing."""
    found = bench("--case=unsigned", f"--subscribers={MANY}", "--database-url", empty, broker_url=redis.url)
    (case,) = found["cases"]
    assert case["messages"] == MANY
    assert found["worker_rss_mb"] <= WORKER_MB
    assert (found["database"], found["broker"], found["pictures"]) == ("postgresql", "redis+socket", None)
    assert case["database_cpu_us"] > 0
    assert case["broker_cpu_us"] > 0
    database = connect(empty)
    assert inspect(database.engine).get_table_names() == []
    database.dispose()


def _round(ours: float, *, celery: float | None = 12.5) -> Round:
    """A round of a thousand mails, of which ours took so many seconds, smtp-source one and plain code twenty."""
    spent = {"workers": ours * 500, "celery": celery, "database": None, "broker": 3.0, "sink": 80.0}
    return Round(
        reference=Sent(1000, 1.0, 0.03),
        baseline=Sent(1000, 20.0, 18.0),
        ours=Driven(1000, ours, spent, None, 95_000_000, expand_seconds=0.5, bare_seconds=0.2),
    )


@pytest.mark.usefixtures("servers")
def test_for_people_it_is_a_table_with_a_column_for_each_case(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [
        Measured("rsa", 43_012, [_round(2.0), _round(1.25), _round(1.6)], dict.fromkeys(STAGES, 7.5)),
        Measured("pictures", 409_600, [_round(4.0, celery=None)], {"render": 31.0}),
    ]
    # What is measured is another test's matter, and takes its time.
    monkeypatch.setattr(command, "measure", lambda *_, **__: Report(found, "sqlite", "folder"))
    command.bench(1000, 2, 3, ["rsa", "pictures"], "", None, as_json=False)
    out, err = capsys.readouterr()
    assert err == "Database: sqlite. Broker: folder.\n"
    lines = [line for line in out.splitlines() if line[0] in "│┃"]
    # Nobody knows of any case what the database spent, nor how its end was by its beginning: those are no rows.
    assert [[cell.strip() for cell in re.split("[│┃]", line)[1:-1]] for line in lines] == [
        ["", "rsa", "pictures"],
        ["Octets a message", "43012", "409600"],
        ["Messages", "1000", "1000"],
        ["Messages a second", "625", "250"],
        ["… of smtp-source", "1000", "1000"],
        ["… of the plain baseline", "50", "50"],
        ["Ours by smtp-source", "0.625", "0.25"],
        ["CPU of the workers, µs a message", "800", "2000"],
        ["… of smtp-source", "30", "30"],
        ["… of the plain baseline", "18000", "18000"],
        ["The baseline by ours", "22", "9"],
        ["… of the broker", "3", "3"],
        ["… of the sink", "80", "80"],
        ["Of the workers: Celery's own process", "12", "–"],
        ["Most memory of a worker's child, MB", "95", "95"],
        *([f"Alone: {what}", "7.5", "–"] for what in ("throttle", "claim")),
        ["Alone: open, splice and sign", "7.5", "31"],
        *([f"Alone: {what}", "7.5", "–"] for what in ("transmit", "journal", "record")),
        ["Expansion by a bare INSERT … SELECT", "2.5", ""],
    ]


@pytest.mark.usefixtures("servers")
def test_a_database_that_is_in_use_is_left_alone(run: Run, housed: dict[str, str], tmp_path: Path) -> None:
    url = housed["database_url"] or f"sqlite:///{housed['home']}/twinletter.db"
    one_line(run("bench", "--subscribers=5", "--database-url", url, **FOLDER), 1, "an installation in this")
    database = connect(url)
    assert "delivery" in inspect(database.engine).get_table_names()
    database.dispose()
    assert not list(tmp_path.glob("twinletter-bench-*"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--subscribers=0",), "--subscribers"),
        (("--workers=0",), "--workers"),
        (("--repeat=0",), "--repeat"),
        (("--case=pigeon",), "unsigned"),
    ],
)
def test_what_cannot_be_is_refused_at_once(run: Run, words: tuple[str, ...], said: str) -> None:
    one_line(run("bench", *words), 2, said)


@pytest.mark.usefixtures("servers")
def test_a_home_that_holds_something_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / "mine").touch()
    one_line(run("bench", "--home", "h"), 1, "empty")
