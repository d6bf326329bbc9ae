"""``mailer queue limit`` and ``hold`` as an operator types them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mailer import clock
from mailer.campaign import limit
from mailer.campaign.defaults import DEFAULTS
from mailer.installation import Installation
from mailer.model import AuditEntry, Campaign, Departure, Limit
from tests.cli.conftest import Run, one_line
from worker.claim import claim

FOLDER = {"broker_url": "filesystem://"}


@pytest.fixture
def ask(run: Run, housed: dict[str, str]) -> Any:
    """A command's JSON answer."""

    def call(*words: str) -> Any:
        done = run("queue", *words, "--json", **FOLDER, **housed)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


def test_limits_are_set_shown_and_taken_back(ask: Any, house: Installation) -> None:
    shipped = DEFAULTS["gmail"]
    before = ask("limit")["limits"]
    assert list(before) == ["all", "relay", *DEFAULTS]
    assert (before["gmail"]["per_second"], before["gmail"]["own"]) == (shipped.per_second, [])
    words = ("--rate", "30/minute", "--per-day", "5000", "--quiet", "22:00-07:00", "--as", "Ada")
    set_ = ask("limit", "gmail", *words)
    assert (set_["per_second"], set_["per_day"], set_["quiet"], set_["used"]) == (0.5, 5000, "22:00-07:00", 0)
    assert (set_["own"], set_["in_hand"]) == (["per_second", "per_day", "quiet"], 0)
    assert ask("limit", "route:relay", "--warm-up", "today", "--connections", "4", "--as", "Bo")["cap"] == 50
    now = ask("limit")["limits"]
    assert now["gmail"]["own"] == ["per_second", "per_day", "quiet"]
    assert now["gmail"]["connections"] == shipped.connections
    assert now["relay"]["warm_up_from"]
    assert ask("limit", "gmail", "--no-quiet", "--as", "Ada")["quiet"] is None
    assert ask("limit", "relay", "--no-warm-up", "--as", "Ada")["cap"] is None
    assert ask("limit", "gmail", "--default", "--as", "Ada")["own"] == []
    assert ask("limit", "gmail")["limits"].keys() == {"gmail"}
    with house.database.read() as session:
        said = session.execute(select(AuditEntry.name, AuditEntry.action, AuditEntry.subject)).all()
    assert ("Bo", "queue.limit", "route:relay") in [tuple(each) for each in said]
    assert ("Ada", "queue.default", "provider:gmail") in [tuple(each) for each in said]


def test_a_hold_is_set_shown_and_released(ask: Any) -> None:
    assert ask("hold", "gmail", "--as", "Ada")["held"] is True
    assert ask("limit")["limits"]["gmail"]["held"] is True
    assert ask("hold", "all", "--as", "Ada")["scope"] == "all"
    assert ask("status")["limits"]["all"]["held"] is True
    assert ask("hold", "gmail", "--release", "--as", "Ada")["held"] is False


@pytest.mark.databases("sqlite")
def test_a_hold_is_seen_though_nothing_waits(ask: Any, run: Run, housed: dict[str, str]) -> None:
    ask("hold", "gmail", "--as", "Ada")
    assert ask("status")["limits"]["gmail"]["held"] is True
    shown = run("queue", "status", **housed).stdout
    assert "Nothing waits." in shown
    assert "Gmail" in shown
    assert "QQ" not in shown


def test_what_is_in_hand_is_said_to_finish(
    ask: Any, run: Run, housed: dict[str, str], house: Installation, sending: Campaign
) -> None:
    with house.database.write() as session:
        assert len(claim(session, sending.id, "gmail", 4, "a", 60.0)) == 4
    assert ask("limit", "gmail", "--per-day", "2", "--as", "Ada")["in_hand"] == 4
    shown = run("queue", "hold", "gmail", "--as", "Ada", **FOLDER, **housed).stdout
    assert "4 mails are in hand and will finish." in shown


def test_the_status_shows_what_keeps_each_provider(
    ask: Any, run: Run, housed: dict[str, str], house: Installation, sending: Campaign
) -> None:
    assert sending
    local = clock.now() + timedelta(hours=8)
    hours = f"{local - timedelta(hours=1):%H:%M}-{local + timedelta(hours=2):%H:%M}"
    with house.database.write() as session:
        hour = clock.now().replace(minute=0, second=0, microsecond=0)
        session.add(Departure(hour=hour, route="relay", provider="gmail", n=1234))
        limit.change(session, "provider:gmail", "Ada", per_second=0.5, per_day=5000)
        limit.change(session, "route:relay", "Ada", quiet=hours)
        limit.hold(session, "provider:qq", "Ada")
    now = ask("status")
    assert {key: now["providers"]["gmail"]["limits"][key] for key in ("per_second", "used", "cap", "held")} == {
        "per_second": 0.5, "used": 1234, "cap": 5000, "held": False,
    }  # fmt: skip
    assert now["limits"]["relay"]["quiet_until"].endswith("+08:00")
    shown = run("queue", "status", **housed).stdout
    assert "≤ 30 a minute · 1,234 of 5,000" in shown
    assert f"quiet until {local + timedelta(hours=2):%H:%M} HKT" in shown
    assert "Held" in shown


@pytest.mark.databases("sqlite")
def test_the_table_marks_what_was_decided_here(run: Run, housed: dict[str, str]) -> None:
    plain = run("queue", "limit", **housed).stdout
    assert "20 a second" in plain
    assert "*" not in plain
    assert run("queue", "limit", "qq", "--rate", "200/hour", "--as", "Ada", **FOLDER, **housed).returncode == 0
    shown = run("queue", "limit", **housed).stdout
    assert "200 an hour *" in " ".join(shown.split())
    assert "2 a second *" not in shown


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("limit", "gmial", "--rate", "5", "--as", "Ada"), 2, "gmial"),
        (("limit", "gmial"), 2, "gmial"),
        (("limit", "gmail", "--rate", "5"), 2, "--as"),
        (("limit", "--rate", "5", "--as", "Ada"), 2, "what to limit"),
        (("limit", "gmail", "--rate", "0", "--as", "Ada"), 2, "--rate"),
        (("limit", "gmail", "--rate=-1", "--as", "Ada"), 2, "--rate"),
        (("limit", "gmail", "--rate", "nan", "--as", "Ada"), 2, "--rate"),
        (("limit", "gmail", "--rate", "1e99", "--as", "Ada"), 2, "--rate"),
        (("limit", "gmail", "--rate", "", "--as", "Ada"), 2, "--rate"),
        (("limit", "gmail", "--connections", "0", "--as", "Ada"), 2, "--connections"),
        (("limit", "gmail", "--connections", "few", "--as", "Ada"), 2, "--connections"),
        (("limit", "gmail", "--per-day", "9" * 30, "--as", "Ada"), 2, "--per-day"),
        (("limit", "gmail", "--quiet", "night", "--as", "Ada"), 2, "--quiet"),
        (("limit", "gmail", "--quiet", "", "--as", "Ada"), 2, "--quiet"),
        (("limit", "gmail", "--quiet", "7:00-07:00", "--as", "Ada"), 1, "never end"),
        (("limit", "relay", "--warm-up", "9999-01-01", "--as", "Ada"), 1, "still to come"),
        (("limit", "relay", "--warm-up", "soon", "--as", "Ada"), 2, "--warm-up"),
        (("limit", "relay", "--warm-up", "today", "--no-warm-up", "--as", "Ada"), 2, "Choose one"),
        (("limit", "gmail", "--quiet", "22:00-07:00", "--no-quiet", "--as", "Ada"), 2, "Choose one"),
        (("limit", "gmail", "--default", "--rate", "5", "--as", "Ada"), 2, "Choose one"),
        (("hold", "gmail"), 2, "--as"),
        (("hold", "gmail", "--release", "--as", "Ada"), 1, "not held"),
        (("hold", b"\xff", "--as", "Ada"), 2, "control character"),
    ],
)
def test_what_cannot_be_is_one_line_and_changes_nothing(
    run: Run, housed: dict[str, str], house: Installation, words: tuple[str | bytes, ...], code: int, said: str
) -> None:
    one_line(run("queue", *words, **FOLDER, **housed), code, said)
    with house.database.read() as session:
        assert session.scalars(select(Limit)).all() == []
        assert not session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("queue."))).all()
