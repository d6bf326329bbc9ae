"""Limits: what operators may decide, how it stands with what is shipped, and that each decision is on record."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.audience import provider as providers
from mailer.campaign import limit
from mailer.campaign.defaults import DEFAULTS, Terms
from mailer.errors import MailerError, RefusedError, WrongUsageError
from mailer.installation import Installation
from mailer.model import AuditEntry, Limit, Topic, names

GMAIL = "provider:gmail"


def _said(session: Session) -> list[tuple[str, str, str, dict[str, object]]]:
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("queue.")).order_by(AuditEntry.id))
    return [(entry.name, entry.action, entry.subject, entry.detail) for entry in entries]


def test_every_provider_has_terms_and_a_name() -> None:
    assert set(DEFAULTS) == set(names.PROVIDERS) == set(providers._NAMES)  # noqa: SLF001 — the table of all
    assert all(terms.per_second and terms.connections for terms in DEFAULTS.values())


def test_what_nobody_decided_is_as_shipped(house: Installation) -> None:
    with house.database.read() as session:
        terms = limit.in_force(session)
        assert tuple(terms) == limit.scopes(session)
    assert (terms["all"], terms["route:relay"]) == (Terms(), Terms())
    assert {limit.short(scope): each for scope, each in list(terms.items())[2:]} == DEFAULTS


def test_a_decision_replaces_what_is_shipped_field_by_field(house: Installation) -> None:
    with house.database.write() as session:
        limit.change(session, GMAIL, "Ada", per_second=0.5, quiet="22:00-07:00")
        limit.change(session, GMAIL, "Bo", per_day=5000)
    with house.database.read() as session:
        shipped = DEFAULTS["gmail"]
        decided = Terms(0.5, shipped.connections, 5000, None, "22:00-07:00")
        assert limit.in_force(session) == {
            **{f"provider:{name}": each for name, each in DEFAULTS.items()},
            "all": Terms(),
            "route:relay": Terms(),
            GMAIL: decided,
        }
        assert _said(session) == [
            ("Ada", "queue.limit", GMAIL, {"per_second": 0.5, "quiet": "22:00-07:00"}),
            ("Bo", "queue.limit", GMAIL, {"per_day": 5000}),
        ]


def test_back_to_what_is_shipped_but_a_hold_stays(house: Installation) -> None:
    with house.database.write() as session:
        for scope in (GMAIL, "all"):
            limit.change(session, scope, "Ada", per_second=0.5, per_day=7)
        limit.hold(session, GMAIL, "Ada")
        for scope in (GMAIL, "all"):
            limit.reset(session, scope, "Ada")
    with house.database.write() as session:
        assert limit.in_force(session)[GMAIL] == Terms(
            DEFAULTS["gmail"].per_second, DEFAULTS["gmail"].connections, held=True
        )
        assert [row.scope for row in session.scalars(select(Limit))] == [GMAIL]
        limit.release(session, GMAIL, "Bo")
        limit.reset(session, GMAIL, "Bo")
    with house.database.read() as session:
        assert session.scalars(select(Limit)).all() == []
        assert [action for _, action, _, _ in _said(session)] == [
            *["queue.limit"] * 2, "queue.hold", *["queue.default"] * 2, "queue.release", "queue.default",
        ]  # fmt: skip


def test_what_is_not_held_is_not_released(house: Installation) -> None:
    with house.database.write() as session:
        limit.hold(session, "all", "Ada")
    with pytest.raises(RefusedError, match="gmail is not held"), house.database.write() as session:
        limit.release(session, GMAIL, "Ada")
    with house.database.read() as session:
        assert session.scalars(select(Limit.scope)).all() == ["all"]


def test_lifted_limits_are_no_limits(house: Installation) -> None:
    with house.database.write() as session:
        limit.lift(session, "Ada")
    with house.database.read() as session:
        rates = {terms.per_second for terms in limit.in_force(session).values()}
    assert rates == {None, limit.FASTEST}


@pytest.mark.parametrize(
    ("typed", "scope"),
    [("all", "all"), ("relay", "route:relay"), ("route:relay", "route:relay"), ("Gmail ", GMAIL), (GMAIL, GMAIL)],
)
def test_a_scope_is_known_by_its_short_name_too(house: Installation, typed: str, scope: str) -> None:
    with house.database.read() as session:
        assert limit.scope(session, typed) == scope


@pytest.mark.parametrize("typed", ["", "gmial", "gmail.com", "route:gmail", "provider:", "provider:all", "all,gmail"])
def test_what_is_no_scope_is_told_which_there_are(house: Installation, typed: str) -> None:
    with house.database.read() as session, pytest.raises(WrongUsageError, match=r"all, relay, gmail, .*netease"):
        limit.scope(session, typed)


@pytest.mark.parametrize(
    ("typed", "per_second"),
    [("20", 20), ("0.5", 0.5), ("30/minute", 0.5), ("200/hour", 1 / 18), ("1/hour", 1 / 3600), ("5/second", 5)],
)
def test_a_rate_is_written_as_people_do(typed: str, per_second: float) -> None:
    assert math.isclose(limit.rate(typed), per_second)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0",
        "-1",
        "nan",
        "inf",
        "1e3",
        "0/minute",
        "0.5/hour",
        "100001",
        "1/day",
        "ten",
        "5 /second",
        "1" * 400,
        "５",
    ],
)
def test_what_is_no_rate_is_refused(typed: str) -> None:
    with pytest.raises(WrongUsageError, match="--rate"):
        limit.rate(typed)


@pytest.mark.parametrize(
    "given",
    [
        *({"per_second": rate} for rate in (0.0, -1.0, math.nan, math.inf, 1e9)),
        *({"connections": n} for n in (0, -1, 10_001)),
        *({"per_day": n} for n in (0, -5, 10**10)),
        {"quiet": "22:00"},
        {"quiet": "07:00-07:00"},
    ],
)
def test_what_no_limit_can_be_changes_nothing(house: Installation, given: dict[str, float | str]) -> None:
    with pytest.raises(MailerError), house.database.write() as session:
        limit.change(session, GMAIL, "Ada", **given)
    with house.database.read() as session:
        assert session.scalars(select(Limit)).all() == []
        assert _said(session) == []


def test_a_warm_up_begins_today_or_on_a_day_of_the_newsletters(house: Installation, topic: Topic) -> None:
    zone = topic.newsletter.zone
    assert zone == "Asia/Hong_Kong"
    now = clock.now()
    with house.database.read() as session:
        assert abs(limit.warm_up(session, "today") - now) < timedelta(minutes=1)
        day = (now - timedelta(days=3)).date()
        assert limit.warm_up(session, day.isoformat()) == datetime.fromisoformat(f"{day}T00:00+08:00")


@pytest.mark.parametrize(
    ("typed", "error", "said"),
    [
        (lambda now: f"{now + timedelta(days=2):%Y-%m-%d}", RefusedError, "still to come"),
        (lambda _: "9999-12-31", RefusedError, "still to come"),
        (lambda now: f"{now - timedelta(days=14):%Y-%m-%d}", RefusedError, "is over"),
        (lambda _: "0001-01-01", RefusedError, "is over"),
        (lambda _: "2026-02-30", WrongUsageError, "--warm-up"),
        (lambda _: "yesterday", WrongUsageError, "--warm-up"),
        (lambda _: "", WrongUsageError, "--warm-up"),
    ],
)
def test_a_warm_up_that_cannot_be_is_refused(
    house: Installation, typed: Callable[[datetime], str], error: type[MailerError], said: str
) -> None:
    with pytest.raises(error, match=said), house.database.read() as session:
        limit.warm_up(session, typed(clock.now()))
