"""Routes: what may be one, which of them a mail may take, and what is kept of it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from mailer import vault
from mailer.campaign import limit, route
from mailer.campaign.route import RELAY, Way, fit
from mailer.errors import MailerError, NotFoundError, RefusedError, WrongUsageError
from mailer.installation import Installation
from mailer.model import AuditEntry, Route, Topic
from mailer.model.route import route_place

GENERAL, BACKUP = Way("one", "smtp://one.example"), Way("two", "smtp://two.example", weight=0)
FOR_QQ, FOR_NEWS = (
    Way("qq-out", "smtp://qq.example", provider="qq"),
    Way("news", "smtp://news.example", newsletter_id=7),
)
FOR_BOTH = Way("both", "smtp://both.example", provider="qq", newsletter_id=7)


@pytest.mark.parametrize(
    ("provider", "newsletter_id", "among", "chosen"),
    [
        ("gmail", 1, [GENERAL, BACKUP, FOR_QQ, FOR_NEWS, FOR_BOTH], ["one", "two"]),
        ("qq", 1, [GENERAL, BACKUP, FOR_QQ, FOR_NEWS, FOR_BOTH], ["qq-out"]),
        ("qq", 7, [GENERAL, FOR_QQ, FOR_NEWS], ["news"]),
        ("qq", 7, [GENERAL, FOR_QQ, FOR_NEWS, FOR_BOTH], ["both"]),
        ("gmail", 7, [GENERAL, FOR_BOTH], ["one"]),
    ],
)
def test_the_narrowest_route_takes_a_mail(
    provider: str, newsletter_id: int, among: list[Way], chosen: list[str]
) -> None:
    assert [way.name for way in fit(among, provider, newsletter_id)] == chosen


def _add(house: Installation, name: str, url: str = "smtp://mail.example:2525", **more: Any) -> None:
    with house.database.write() as session:
        route.add(session, house, name, url, "Ada", **more)


def _names(house: Installation) -> list[str]:
    with house.database.read() as session:
        return [way.name for way in route.ways(session)]


def test_the_relay_of_the_settings_takes_what_no_added_route_is_for(house: Installation) -> None:
    assert _names(house) == [RELAY]
    _add(house, "qq-out", provider="qq")
    assert _names(house) == [RELAY, "qq-out"]
    _add(house, "main")
    assert _names(house) == ["qq-out", "main"]
    with house.database.read() as session:
        assert {"route:main", "route:qq-out"} < {*limit.scopes(session)}
        assert limit.scope(session, "qq-out") == "route:qq-out"


def test_who_we_are_there_is_sealed_and_on_nobodys_record(house: Installation) -> None:
    _add(house, "main", "smtps://mail.example", username="office@letters.example", secret="open sesame")  # noqa: S106 — a test's
    with house.database.read() as session:
        kept = session.scalars(select(Route)).one()
        assert b"sesame" not in (kept.secret or b"")
        assert b"office" not in (kept.username or b"")
        with house.keys.open("test") as opener:
            assert kept.secret is not None
            assert opener.text(kept.secret, kept.data_key, route_place("secret", kept.ref)) == "open sesame"
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "route.add")).one()
        assert (entry.name, entry.subject) == ("Ada", "main")
        assert "sesame" not in str(entry.detail)
        assert "office" not in str(entry.detail)
        assert "sesame" not in repr(route.ways(session))


@pytest.mark.parametrize("name", ["", "relay", "all", "gmail", "Main", "a b", "ä", "1st", "x" * 31])
def test_a_name_that_limits_have_or_nobody_can_type_is_refused(house: Installation, name: str) -> None:
    with pytest.raises(WrongUsageError, match="cannot name a route"):
        _add(house, name)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://mail.example"},
        {"url": "smtp://"},
        {"url": "smtp://me:secret@mail.example"},
        {"url": "smtp://mail.example:0"},
        {"url": "direct:", "username": "me", "secret": "x"},
        {"username": "me"},
        {"secret": "x"},
        {"weight": -1},
        {"weight": 1001},
        {"provider": "gmial"},
        {"mechanism": "CRAM-MD5"},
        {"for_newsletter": "nothing"},
    ],
)
def test_what_no_route_can_be_is_refused_in_one_line_without_a_secret(
    house: Installation, topic: Topic, wrong: dict[str, Any]
) -> None:
    assert topic
    with pytest.raises(MailerError) as refused:
        _add(house, "main", **wrong)
    assert "\n" not in str(refused.value)
    assert "secret@" not in str(refused.value)
    assert _names(house) == [RELAY]


def test_a_route_can_be_weighed_and_removed_and_one_that_is_not_there_is_said(house: Installation) -> None:
    _add(house, "main")
    with pytest.raises(RefusedError, match="already"):
        _add(house, "main")
    with house.database.write() as session:
        route.weigh(session, "main", 0, "Ada")
        assert [way.weight for way in route.ways(session)] == [0]
        route.remove(session, "main", "Ada")
    assert _names(house) == [RELAY]
    with house.database.write() as session, pytest.raises(NotFoundError, match="mailer route list"):
        route.remove(session, "main", "Ada")


@pytest.mark.databases("postgresql")
def test_of_two_who_add_the_same_name_at_once_one_is_told_so(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, new_ref = threading.Barrier(2), vault.new_ref

    def wait_for_the_other() -> bytes:
        together.wait()
        return new_ref()

    monkeypatch.setattr(vault, "new_ref", wait_for_the_other)
    with ThreadPoolExecutor(2) as pool:
        ended = [
            pool.submit(_add, house, "main", url).exception for url in ("smtp://one.example", "smtp://two.example")
        ]
        refused = [error for each in ended if (error := each())]
    assert [(type(each), str(each)) for each in refused] == [
        (RefusedError, "There is a route main already: remove it first, or choose another name.")
    ]
    assert _names(house) == ["main"]


def test_a_removed_routes_limits_go_with_it_and_no_others(house: Installation) -> None:
    _add(house, "main")
    _add(house, "main-2")
    with house.database.write() as session:
        limit.change(session, "route:main", "Ada", per_day=5)
        limit.hold(session, "route:main", "Ada")
        for scope in ("route:main-2", "provider:qq", "all"):
            limit.change(session, scope, "Ada", per_day=7)
        route.remove(session, "main", "Ada")
    _add(house, "main")
    with house.database.read() as session:
        terms = limit.in_force(session)
    assert (terms["route:main"].per_day, terms["route:main"].held) == (None, False)
    assert {terms[scope].per_day for scope in ("route:main-2", "provider:qq", "all")} == {7}


def test_a_newsletters_own_route(house: Installation, topic: Topic) -> None:
    _add(house, "news", for_newsletter=topic.newsletter.slug)
    with house.database.read() as session:
        (_, way) = route.ways(session)
        assert route.newsletters(session, [way]) == {topic.newsletter_id: topic.newsletter.slug}
