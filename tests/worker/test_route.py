"""Which way a batch goes: by weight, around what is out of order, and each way under limits of its own."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import pytest
from sqlalchemy import inspect, select

from mailer import clock
from mailer.audience.enrol import enrol
from mailer.campaign import limit, route
from mailer.campaign.allowance import Allowance
from mailer.campaign.campaign import create, start
from mailer.campaign.route import Way
from mailer.compose.draft import Draft
from mailer.compose.edition import save
from mailer.demo import organisation
from mailer.demo.people import people
from mailer.installation import Installation
from mailer.model import Campaign, Delivery, DeliveryState, Departure, Newsletter, Topic
from mailer.render.approval import approve
from tests.worker.conftest import MemoryTransport
from worker.drain import Drain
from worker.office import Office
from worker.route import Routes
from worker.transport import Fate, Outcome

UNREACHED = Outcome(Fate.UNSENT, reply="connection refused", unreached=True)
SENT = Outcome(Fate.SENT, 250)
OFFING = f"offing@{organisation.DOMAIN}"


def _ways(**weights: int) -> list[Allowance]:
    return [Allowance(Way(name, weight=weight), (), ()) for name, weight in weights.items()]


def _chosen(routes: Routes, among: list[Allowance], times: int = 400) -> Counter[str]:
    return Counter(routes.choose(among).way.name for _ in range(times))


@pytest.fixture
def routes() -> Routes:
    return Routes(lambda _: MemoryTransport())


def test_weights_share_the_mail_out_and_a_weight_of_nothing_stands_by(routes: Routes) -> None:
    chosen = _chosen(routes, _ways(one=3, two=1, spare=0))
    assert chosen["spare"] == 0
    assert 2 < chosen["one"] / chosen["two"] < 4.5


def test_what_is_out_of_order_is_gone_around_and_tried_again_by_one_at_a_time(
    routes: Routes, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(clock, "monotonic", lambda: now)
    one, spare = _ways(one=1, spare=0)
    routes.tell(one.way, [UNREACHED, UNREACHED], now)
    # Who was under way by then tells of the same outage.
    routes.tell(one.way, [UNREACHED], now - 1)
    assert _chosen(routes, [one, spare]) == {"spare": 400}
    now += 6
    # Its turn to be tried has come, and is not over until somebody tries it.
    assert _chosen(routes, [one, spare], 10) == {"one": 10}
    begun = routes.begin(one.way)
    assert _chosen(routes, [one, spare], 10) == {"spare": 10}
    routes.tell(one.way, [UNREACHED], begun)
    now += 6
    assert _chosen(routes, [one, spare], 10) == {"spare": 10}
    now += 5
    assert routes.choose([one, spare]).way.name == "one"
    routes.tell(one.way, [SENT], routes.begin(one.way))
    assert _chosen(routes, [one, spare], 10) == {"one": 10}


def test_who_is_silent_is_tried_by_one_for_as_long_as_that_takes(
    routes: Routes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that drops what is sent to it is known to be away only after a minute."""
    now = 1000.0
    monkeypatch.setattr(clock, "monotonic", lambda: now)
    one, spare = _ways(one=1, spare=0)
    routes.tell(one.way, [UNREACHED], routes.begin(one.way, 60.0))
    now += 6
    begun = routes.begin(one.way, 60.0)
    now += 59
    assert _chosen(routes, [one, spare], 10) == {"spare": 10}
    routes.tell(one.way, [SENT], begun)
    assert _chosen(routes, [one, spare], 10) == {"one": 10}
    # One that is in order is everybody's all the time.
    routes.begin(one.way, 60.0)
    assert _chosen(routes, [one, spare], 10) == {"one": 10}


def test_a_route_that_is_added_anew_is_another_one(routes: Routes) -> None:
    one, spare = _ways(one=1, spare=0)
    routes.tell(one.way, [UNREACHED], routes.begin(one.way))
    heavier = replace(one, way=replace(one.way, weight=9))
    assert _chosen(routes, [heavier, spare], 10) == {"spare": 10}
    anew = replace(one, way=replace(one.way, ref=b"another"))
    assert _chosen(routes, [anew, spare], 10) == {"one": 10}


def test_where_all_are_out_of_order_the_one_is_tried_whose_turn_is_next(routes: Routes) -> None:
    one, two = _ways(one=1, two=1)
    routes.tell(two.way, [UNREACHED], routes.begin(two.way))
    routes.tell(one.way, [UNREACHED], routes.begin(one.way))
    routes.tell(one.way, [UNREACHED], routes.begin(one.way))
    assert _chosen(routes, [one, two], 10) == {"two": 10}


def test_an_outage_of_days_is_waited_out_and_ends(routes: Routes) -> None:
    one, spare = _ways(one=1, spare=0)
    for _ in range(2000):
        routes.tell(one.way, [UNREACHED], routes.begin(one.way))
    assert _chosen(routes, [one, spare], 10) == {"spare": 10}
    routes.tell(one.way, [SENT], routes.begin(one.way))
    assert _chosen(routes, [one, spare], 10) == {"one": 10}


def test_what_we_broke_ourselves_tells_nothing_of_a_route(routes: Routes) -> None:
    one, spare = _ways(one=1, spare=0)
    routes.tell(one.way, [UNREACHED], routes.begin(one.way))
    routes.tell(one.way, [Outcome(Fate.UNSENT, reply="KeyError")], routes.begin(one.way))
    assert _chosen(routes, [one, spare], 10) == {"spare": 10}


def test_an_answer_of_any_kind_shows_that_a_route_works(routes: Routes) -> None:
    one, two = _ways(one=1, two=0)
    routes.tell(one.way, [UNREACHED, Outcome(Fate.DEFERRED, 450)], routes.begin(one.way))
    assert _chosen(routes, [one, two], 10) == {"one": 10}
    routes.tell(one.way, [Outcome(Fate.KEPT, reply="stopped")], routes.begin(one.way))
    assert _chosen(routes, [one, two], 10) == {"one": 10}


def _add(house: Installation, name: str, **more: int | str) -> None:
    with house.database.write() as session:
        route.add(session, house, name, f"smtp://{name}.example", "Ada", **more)  # type: ignore[arg-type]  # of several types


def _left(house: Installation) -> dict[str, int]:
    with house.database.read() as session:
        return {
            name: int(n)
            for name, n in Counter(session.scalars(select(Delivery.route).where(Delivery.state == "sent"))).items()
            if name
        }


def test_a_relay_that_is_down_costs_nobody_their_mail(
    house: Installation, sending: Campaign, office: Office, drain: Callable[..., bool]
) -> None:
    down, up = MemoryTransport(), MemoryTransport()
    down.answer = lambda _: UNREACHED
    office.routes = Routes(lambda way: down if way.name == "down" else up)
    _add(house, "down", weight=1000)
    _add(house, "up", weight=0)
    drain()
    assert len(up.sent) == 40
    assert _left(house) == {"up": 40}
    with house.database.read() as session:
        assert set(session.scalars(select(Delivery.state).where(Delivery.campaign_id == sending.id))) == {
            DeliveryState.SENT
        }
        assert {row.route: row.n for row in session.scalars(select(Departure).where(Departure.provider == "gmail"))}


@pytest.fixture
def offing(house: Installation, topic: Topic, draft: Draft) -> Newsletter:
    """A second newsletter, whose campaign is being sent to forty people of its own."""
    with house.database.write() as session:
        first = session.merge(topic).newsletter
        same = {column.key: getattr(first, column.key) for column in inspect(Newsletter).columns if column.key != "id"}
        newsletter = Newsletter(**same | {"slug": "offing", "return_address": OFFING})
        session.add(other := Topic(newsletter=newsletter, slug="offing", name=topic.name))
        edition = save(session, newsletter, draft, organisation.AUTHOR)
        approve(session, edition, organisation.APPROVER)
    list(enrol(house.database, house.keys, other, "test-1", islice(people(80), 40, None)))
    with house.database.write() as session:
        campaign = create(session, session.merge(edition), session.merge(other), organisation.AUTHOR)
        start(session, campaign, organisation.AUTHOR)
    return newsletter


def test_a_provider_and_a_newsletter_have_their_own_routes(
    house: Installation, sending: Campaign, offing: Newsletter, office: Office, drain: Callable[..., bool]
) -> None:
    assert sending
    ways: dict[str, MemoryTransport] = {}
    office.routes = Routes(lambda way: ways.setdefault(way.name, MemoryTransport()))
    _add(house, "for-gmail", provider="gmail")
    _add(house, "for-offing", for_newsletter=offing.slug)
    drain()
    gone = Counter(
        (name, parcel.sender == OFFING, parcel.recipient.endswith("@gmail.com"))
        for name, way in ways.items()
        for parcel in way.sent
    )
    # A newsletter's own goes before a provider's.
    assert gone.keys() == {
        ("relay", False, False),
        ("for-gmail", False, True),
        ("for-offing", True, False),
        ("for-offing", True, True),
    }
    assert gone.total() == 80


def test_a_cap_of_one_route_leaves_the_rest_to_the_other(
    house: Installation, sending: Campaign, office: Office
) -> None:
    assert sending
    _add(house, "small")
    _add(house, "large")
    with house.database.write() as session:
        limit.change(session, "route:small", "Ada", per_day=5)
    asyncio.run(Drain(office, clock.monotonic() + 20.0).run())
    left = _left(house)
    assert sum(left.values()) == 40
    assert 0 < left["small"] <= 5


def test_a_held_route_is_not_taken(house: Installation, sending: Campaign, drain: Callable[..., bool]) -> None:
    assert sending
    _add(house, "one")
    _add(house, "two")
    with house.database.write() as session:
        limit.hold(session, "route:one", "Ada")
    drain()
    assert _left(house) == {"two": 40}
