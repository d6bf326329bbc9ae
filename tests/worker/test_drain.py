"""A drain on a way out that answers as told: who gets a mail, who does not, and what is written down."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from mailer import clock, queue
from mailer.campaign.count import reconcile
from mailer.db.types import now_in
from mailer.events.unsubscribe import unsubscribe
from mailer.installation import Installation
from mailer.model import (
    Attempt,
    Campaign,
    CampaignState,
    Delivery,
    DeliveryState,
    Limit,
    Subscriber,
    SubscriberState,
    Subscription,
    SubscriptionState,
    Suppression,
)
from mailer.reply import SILENT
from mailer.report.trouble import stuck
from tests.windows import fullest
from tests.worker.conftest import MemoryTransport, Run, states
from worker.drain import Drain
from worker.office import Office
from worker.throttle.redis import RedisThrottle
from worker.throttle.sql import SqlThrottle
from worker.throttle.store import store
from worker.transport import Fate, Outcome, Parcel

S = DeliveryState


def test_everybody_gets_one_mail_and_the_campaign_is_finished(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    assert drain() is False
    assert len({parcel.recipient for parcel in transport.sent}) == len(transport.sent) == 40
    assert states(house, sending.id) == {S.SENT: 40}
    with house.database.read() as session:
        assert session.get_one(Campaign, sending.id).state is CampaignState.FINISHED


def test_who_unsubscribes_after_the_expansion_gets_nothing(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    with house.database.write() as session:
        ref = session.scalars(select(Subscriber.ref).limit(1)).one()
        unsubscribe(session, ref, sending.topic_id, house.settings.withdrawals)
    drain()
    assert len(transport.sent) == 39
    assert states(house, sending.id) == {S.SENT: 39, S.SUPPRESSED: 1}


def test_every_fate_is_written_down(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    answers = {
        1: Outcome(Fate.FAILED, 550, "5.1.1", "5.1.1 no such mailbox"),
        2: Outcome(Fate.DEFERRED, 451, "4.7.1", "4.7.1 later"),
        3: Outcome(Fate.UNCERTAIN, reply="timeout", after_body=True),
        4: Outcome(Fate.UNSENT, reply="connection refused"),
    }
    transport.answer = lambda parcel: answers.get(parcel.delivery_id, Outcome(Fate.SENT, 250))
    drain(enough=lambda: len({parcel.delivery_id for parcel in transport.sent}) == 40)
    assert states(house, sending.id) == {S.SENT: 36, S.FAILED: 1, S.DEFERRED: 1, S.UNCERTAIN: 1, S.PENDING: 1}
    with house.database.read() as session:
        rows = {row.id: row for row in session.scalars(select(Delivery).where(Delivery.id.in_(answers)))}
        assert rows[1].reason == "550 5.1.1 no such mailbox"
        assert {number for number, row in rows.items() if row.next_at} == {2}
        assert rows[2].attempts == 1
        tries = {row.delivery_id: (row.code, row.after_body) for row in session.scalars(select(Attempt))}
        assert tries == {1: (550, False), 2: (451, False), 3: (None, True)}


def test_a_deferred_delivery_goes_again_when_it_is_due(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    transport.answer = lambda _: Outcome(Fate.DEFERRED, 451)
    drain()
    assert states(house, sending.id) == {S.DEFERRED: 40}
    with house.database.write() as session:
        session.execute(update(Delivery).values(next_at=now_in(-1)))
    transport.sent.clear()
    transport.answer = lambda _: Outcome(Fate.SENT, 250)
    drain()
    assert len(transport.sent) == 40
    assert states(house, sending.id) == {S.SENT: 40}


@pytest.mark.parametrize("state", [S.PENDING, S.DEFERRED])
def test_what_waits_for_its_time_keeps_no_drain_going(
    house: Installation, sending: Campaign, office: Office, transport: MemoryTransport, state: S
) -> None:
    """A lane that finds nothing would be opened again and again, as fast as the database answers."""
    with house.database.write() as session:
        (later,) = session.scalars(select(Delivery.id).limit(1))
        if state is S.DEFERRED:
            session.execute(update(Delivery).where(Delivery.id == later).values(state=state))
        session.execute(update(Delivery).where(Delivery.id == later).values(next_at=now_in(3600)))
        reconcile(session, sending.id)
    began = clock.monotonic()
    assert asyncio.run(Drain(office, began + 60).run()) is False
    assert (len(transport.sent), states(house, sending.id)) == (39, {S.SENT: 39, state: 1})


def test_a_paused_campaign_sends_nothing(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    with house.database.write() as session:
        session.execute(update(Campaign).values(state=CampaignState.PAUSED))
    assert drain() is False
    assert transport.sent == []
    assert states(house, sending.id) == {S.PENDING: 40}


def test_who_is_passed_over_is_so_for_the_true_reason(house: Installation, sending: Campaign, drain: Run) -> None:
    with house.database.write() as session:
        one, two, three, *_ = session.scalars(select(Subscriber).order_by(Subscriber.id)).all()
        session.add(Suppression(address_index=one.address_index, reason="complaint", at=one.created_at))
        two.state = SubscriberState.PAUSED
        unsubscribe(session, three.ref, sending.topic_id, house.settings.withdrawals)
    drain()
    with house.database.read() as session:
        found = select(Delivery.subscriber_id, Delivery.reason).where(Delivery.state == S.SUPPRESSED)
        reasons = dict(session.execute(found).all())
    assert reasons == {one.id: "suppressed", two.id: "paused", three.id: "withdrawn"}


def test_what_no_server_was_there_for_says_so_until_it_is_sent(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    transport.answer = lambda _: Outcome(Fate.UNSENT, reply="connection refused", kind=SILENT, unreached=True)
    with house.database.read() as session:
        everywhere = {(sending.id, provider) for provider in session.scalars(select(Delivery.provider))}

    def waiting() -> dict[tuple[int, str], str]:
        with house.database.read() as session:
            return stuck(session)

    drain(enough=lambda: waiting().keys() == everywhere)
    assert states(house, sending.id) == {S.PENDING: 40}
    assert waiting() == dict.fromkeys(everywhere, "silent")
    with house.database.read() as session:
        assert stuck(session, sending.id + 1) == {}
    transport.answer = lambda _: Outcome(Fate.SENT, 250)
    drain()
    with house.database.read() as session:
        assert stuck(session) == {}
        assert {*session.scalars(select(Delivery.reason))} == {None}


def test_a_stop_and_a_pause_hold_in_mid_batch(
    house: Installation, sending: Campaign, transport: MemoryTransport, office: Office
) -> None:
    def answer(_: Parcel) -> Outcome:
        if len(transport.sent) == 10:
            office.stopping = lambda: True
            office.sending = frozenset()
        return Outcome(Fate.SENT, 250)

    transport.answer = answer
    asyncio.run(Drain(office, clock.monotonic() + 30).run())
    assert len(transport.sent) < 40
    assert states(house, sending.id) == {S.SENT: len(transport.sent), S.PENDING: 40 - len(transport.sent)}


def test_who_withdraws_while_a_slow_server_thinks_gets_nothing(
    house: Installation,
    sending: Campaign,
    transport: MemoryTransport,
    office: Office,
    drain: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server takes its time with the name; meanwhile all withdraw; then it is ready for the body."""
    bodies: list[int] = []

    async def slow(parcel: Parcel, leaving: Callable[[], None], _: object = None) -> Outcome:
        with house.database.write() as session:
            session.execute(update(Subscription).values(state=SubscriptionState.WITHDRAWN))
        for _ in range(400):
            if parcel.delivery_id not in office.unwanted:
                await asyncio.sleep(0.05)
        leaving()
        bodies.append(parcel.delivery_id)
        return Outcome(Fate.SENT, 250)

    monkeypatch.setattr(transport, "send", slow)
    drain()
    assert bodies == []
    assert states(house, sending.id) == {S.SUPPRESSED: 40}


@pytest.mark.parametrize("broker", ["", "redis://127.0.0.1:1/0"])
def test_a_private_redis_shares_no_limits(house: Installation, broker: str) -> None:
    private = f"redis+socket://{queue.folder(house.settings)}/redis.sock?virtual_host=0"
    told = house.settings.model_copy(update={"broker_url": broker or private})
    kind = type(store(Installation(told, house.database, house.keys)))
    assert kind is (RedisThrottle if broker else SqlThrottle)


def test_a_mail_is_addressed_and_filled_for_its_reader_alone(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    assert sending
    drain()
    with house.database.read() as session:
        tokens = {
            house.keys.unsubscribe_token(ref, sending.topic_id)
            for ref in session.scalars(select(Subscriber.ref).join(Subscription))
        }
    seen: Counter[str] = Counter()
    for parcel in transport.sent:
        header = parcel.content.partition(b"\r\n\r\n")[0].decode()
        assert f"<{parcel.recipient}>" in header or f"To: {parcel.recipient}" in header
        seen.update(token for token in tokens if token in header)
    assert seen == dict.fromkeys(tokens, 1)


def test_limits_are_kept_by_lanes_together(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    assert sending
    with house.database.write() as session:
        session.add(Limit(scope="all", per_second=20.0))
    times: list[float] = []

    def note(_: Parcel) -> Outcome:
        times.append(clock.monotonic())
        return Outcome(Fate.SENT, 250)

    transport.answer = note
    drain()
    # One at either end of a second, and a batch that was granted early.
    assert fullest(times) <= 20 + 1 + house.settings.connections


def test_a_relay_that_is_away_is_not_hammered_and_then_used_again(
    house: Installation, sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    transport.answer = lambda _: Outcome(Fate.UNSENT, reply="connection refused")
    drain(2.0)
    assert len(transport.sent) <= 4 * 40
    assert states(house, sending.id) == {S.PENDING: 40}
    transport.sent.clear()
    transport.answer = lambda _: Outcome(Fate.SENT, 250)
    drain()
    assert len(transport.sent) == 40
    assert states(house, sending.id) == {S.SENT: 40}


def test_nothing_of_a_person_is_logged(
    sending: Campaign, transport: MemoryTransport, drain: Run, logged: Callable[[], str]
) -> None:
    assert sending
    transport.answer = lambda _: Outcome(Fate.UNSENT, reply="refused")
    drain(enough=lambda: "relay.unavailable" in logged())
    said = logged()
    assert "relay.unavailable" in said
    assert not any(parcel.recipient in said for parcel in transport.sent)
