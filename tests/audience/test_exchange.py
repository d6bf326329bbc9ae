"""Who enrols is in the group that is known at once; a ticker finds the others', asks seldom, and forgets no answer."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from dns import rcode
from sqlalchemy import delete, func, select, update

from mailer import clock
from mailer.audience import exchange, exchanger
from mailer.audience.enrol import enrol
from mailer.audience.exchange import groups, renew
from mailer.campaign.campaign import create, start
from mailer.campaign.count import reconcile
from mailer.compose.draft import Draft
from mailer.compose.edition import save
from mailer.config import Settings
from mailer.db.types import now_in
from mailer.demo import organisation
from mailer.installation import Installation
from mailer.model import Count, Delivery, Exchange, Subscriber, Topic
from mailer.render.approval import approve
from tests.audience.test_enrol import Somebody
from tests.nameserver import NameServer, mx, refusing, serving

Enrol = Callable[..., None]
GOOGLE = mx("1 smtp.google.com.")


@pytest.fixture
def server() -> Iterator[NameServer]:
    with serving() as started:
        yield started


@pytest.fixture
def chosen(chosen: Settings, server: NameServer) -> Settings:
    return chosen.model_copy(update={"dns": server.address})


@pytest.fixture
def come(house: Installation, topic: Topic) -> Enrol:
    """Have people of these domains enrol."""

    def enrolled(*domains: str) -> None:
        with house.database.read() as session:
            there = session.scalar(select(func.count()).select_from(Subscriber)) or 0
        who = [Somebody(f"reader{there + number}@{name}") for number, name in enumerate(domains)]
        list(enrol(house.database, house.keys, topic, "form-3", who))

    return enrolled


def _providers(house: Installation) -> list[str]:
    with house.database.read() as session:
        return list(session.scalars(select(Subscriber.provider).order_by(Subscriber.id)))


def _all_due(house: Installation) -> None:
    """Weeks later."""
    with house.database.write() as session:
        session.execute(update(Subscriber).where(Subscriber.provider_due.is_not(None)).values(provider_due=now_in(-1)))
        session.execute(update(Exchange).values(expires_at=now_in(-1)))


def test_who_enrols_waits_for_no_name_server(house: Installation, server: NameServer, come: Enrol) -> None:
    server.answers["school.edu.hk"] = GOOGLE
    come("gmail.com", "school.edu.hk", "kite-island.example")
    assert _providers(house) == ["gmail", "other", "other"]
    assert server.asked == []
    with house.database.read() as session:
        due = list(session.scalars(select(Subscriber.provider_due).order_by(Subscriber.id)))
    # No finer than the hour: a person's enrolment is not either.
    assert [moment and (moment.minute, moment.second, moment.microsecond) for moment in due] == [None, (0, 0, 0), None]


def test_the_others_are_found_each_domain_once(house: Installation, server: NameServer, come: Enrol) -> None:
    server.answers = {"school.edu.hk": GOOGLE, "shop.tw": mx("5 mxbiz1.qq.com.")}
    come(*["school.edu.hk", "shop.tw", "nowhere.hk", "gmail.com"] * 40)
    assert renew(house) == 120
    assert _providers(house) == ["gmail", "qq", "other", "gmail"] * 40
    assert sorted(server.asked) == ["nowhere.hk", "school.edu.hk", "shop.tw"]
    assert renew(house) == 0


def test_what_was_found_is_known_to_the_next_who_enrol(house: Installation, server: NameServer, come: Enrol) -> None:
    server.answers["school.edu.hk"] = GOOGLE
    come("school.edu.hk")
    renew(house)
    come("school.edu.hk")
    assert _providers(house) == ["gmail", "gmail"]
    assert renew(house) == 0
    assert server.asked == ["school.edu.hk"]


def test_what_was_found_is_looked_for_again_when_its_time_is_over(
    house: Installation, server: NameServer, come: Enrol
) -> None:
    server.answers["school.edu.hk"] = GOOGLE
    come("school.edu.hk")
    renew(house)
    server.answers["school.edu.hk"] = mx("0 school-edu-hk.mail.protection.outlook.com.")
    _all_due(house)
    assert renew(house) == 1
    assert _providers(house) == ["outlook"]
    with house.database.read() as session:
        found = session.scalars(select(Exchange)).one()
        person = session.scalars(select(Subscriber)).one()
    assert found.expires_at == person.provider_due == found.found_at + timedelta(days=7)


def test_a_silent_server_changes_nothing_and_is_asked_again_the_same_day(
    house: Installation, server: NameServer, come: Enrol
) -> None:
    server.answers["school.edu.hk"] = GOOGLE
    come("school.edu.hk")
    renew(house)
    server.answers = dict.fromkeys(["school.edu.hk", "new.hk"], refusing(rcode.SERVFAIL))
    _all_due(house)
    come("new.hk")
    renew(house)
    assert _providers(house) == ["gmail", "other"]
    with house.database.read() as session:
        due = session.scalars(select(Subscriber.provider_due)).all()
    assert {moment and moment - clock.this_hour() for moment in due} <= {timedelta(hours=6), timedelta(hours=5)}


def test_only_so_many_domains_are_asked_for_at_once(
    house: Installation, server: NameServer, come: Enrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "_DOMAINS_AT_ONCE", 3)
    server.answers = {f"school{number}.hk": GOOGLE for number in range(7)}
    come(*server.answers)
    for known in (3, 6, 7):
        renew(house)
        assert _providers(house).count("gmail") == known
    assert renew(house) == 0
    assert len(server.asked) == 7


def test_where_the_cache_was_lost_nobody_leaves_their_group_unasked(
    house: Installation, server: NameServer, come: Enrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first domain is asked for in vain, the second has to wait."""
    server.answers = {"a.hk": GOOGLE, "b.hk": GOOGLE}
    come("a.hk", "b.hk")
    renew(house)
    monkeypatch.setattr(exchange, "_DOMAINS_AT_ONCE", 1)
    server.answers = dict.fromkeys(server.answers, refusing(rcode.SERVFAIL))
    _all_due(house)
    with house.database.write() as session:
        session.execute(delete(Exchange))
    renew(house)
    assert _providers(house) == ["gmail", "gmail"]


def test_a_domain_that_takes_no_mail_is_noted(house: Installation, server: NameServer, come: Enrol) -> None:
    server.answers = {"gone.hk": mx("0 ."), "school.edu.hk": GOOGLE}
    come("gone.hk", "school.edu.hk")
    renew(house)
    with house.database.read() as session:
        noted = dict(session.execute(select(Exchange.provider, Exchange.null_mx)).all())
    assert noted == {"other": True, "gmail": False}


def test_no_domain_is_kept(house: Installation, server: NameServer, come: Enrol) -> None:
    come("harbour-school.edu.hk")
    renew(house)
    with house.database.read() as session:
        row = session.scalars(select(Exchange)).one()
    assert server.asked == ["harbour-school.edu.hk"]
    assert row.domain_index == house.keys.domain_index("harbour-school.edu.hk")
    assert b"harbour" not in b"".join(path.read_bytes() for path in house.settings.home.rglob("*") if path.is_file())


def test_answers_of_domains_that_nobody_has_any_more_are_forgotten(
    house: Installation, server: NameServer, come: Enrol
) -> None:
    come("left.hk")
    renew(house)
    assert server.asked
    with house.database.write() as session:
        session.execute(update(Exchange).values(expires_at=now_in(-31 * 86400)))
        session.execute(update(Subscriber).values(provider_due=None))
    come("new.hk")
    renew(house)
    with house.database.read() as session:
        assert session.scalars(select(Exchange.domain_index)).all() == [house.keys.domain_index("new.hk")]


def test_while_it_is_off_nobody_is_asked(house: Installation, server: NameServer, come: Enrol) -> None:
    silent = Installation(house.settings.model_copy(update={"dns": "off"}), house.database, house.keys)
    come("school.edu.hk")
    assert renew(silent) == 0
    assert server.asked == []
    # Once it is on again, what was left undone is done.
    assert renew(house) == 1


def test_an_address_that_does_not_open_keeps_nobody_else_waiting(
    house: Installation, server: NameServer, come: Enrol, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["school.edu.hk"] = GOOGLE
    come("school.edu.hk", "school.edu.hk")
    with house.database.write() as session:
        session.execute(update(Subscriber).where(Subscriber.id == 1).values(address=b"damaged" * 9))
    renew(house)
    assert _providers(house) == ["other", "gmail"]
    assert "provider.unreadable" in "".join(capsys.readouterr())
    assert renew(house) == 0


def test_no_transaction_is_open_while_the_name_server_thinks(
    house: Installation, server: NameServer, come: Enrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has one writer at a time: one that waited for the DNS would keep all others waiting."""
    come("school.edu.hk")

    def asked(*arguments: object) -> dict[str, exchanger.Found]:
        with house.database.write() as session:
            session.execute(update(Subscriber).values(pace="yearly"))
        return exchanger.ask(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(exchange, "ask", asked)
    assert renew(house) == 1
    assert server.asked


def test_deliveries_that_are_there_stay_in_their_lane(
    house: Installation, topic: Topic, draft: Draft, server: NameServer, come: Enrol
) -> None:
    server.answers["school.edu.hk"] = GOOGLE
    come("school.edu.hk")
    lanes = []
    with house.database.write() as session:
        found = session.merge(topic)
        edition = save(session, found.newsletter, draft, organisation.AUTHOR)
        approve(session, edition, organisation.APPROVER)
    for _ in range(2):
        with house.database.write() as session:
            campaign = create(session, session.merge(edition), session.merge(topic), organisation.AUTHOR)
            start(session, campaign, organisation.AUTHOR)
        renew(house)
        with house.database.write() as session:
            assert reconcile(session, campaign.id) == 0
            lanes.append(session.scalars(select(Delivery.provider).where(Delivery.campaign_id == campaign.id)).one())
            assert session.scalars(select(Count.provider).where(Count.campaign_id == campaign.id)).one() == lanes[-1]
    assert lanes == ["other", "gmail"]
    with house.database.read() as session:
        assert set(session.scalars(select(Delivery.provider))) == {"other", "gmail"}


def test_groups_are_told_without_asking(house: Installation, server: NameServer) -> None:
    with house.database.read() as session:
        told = groups(session, house.keys, ["gmail.com", "school.edu.hk"])
    assert {name: group.provider for name, group in told.items()} == {"gmail.com": "gmail", "school.edu.hk": "other"}
    assert [group.stale for group in told.values()] == [False, True]
    assert server.asked == []
