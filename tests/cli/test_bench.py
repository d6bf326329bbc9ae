"""``mailer bench``: a whole small one, to a real sink, and what it refuses."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from mailer.bench.case import CASES
from mailer.db import connect
from tests.cli.conftest import Begin, Run, one_line
from tests.servers import Postgres, Redis

Bench = Callable[..., dict[str, Any]]

SUBSCRIBERS, FEWER = 300, 50
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
    found = bench("--case=unsigned", "--subscribers=60", "--database-url", empty, broker_url=redis.url)
    (case,) = found["cases"]
    assert (found["database"], found["broker"], found["pictures"]) == ("postgresql", "redis+socket", None)
    assert case["database_cpu_us"] > 0
    assert case["broker_cpu_us"] > 0
    database = connect(empty)
    assert inspect(database.engine).get_table_names() == []
    database.dispose()


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
