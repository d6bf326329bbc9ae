"""Departures are counted once, in the transaction that settles them, and added up by all workers."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailer import clock
from mailer.campaign import departure, retention
from mailer.campaign.ledger import transition
from mailer.installation import Installation
from mailer.model import Campaign, Delivery, DeliveryState, Departure

S = DeliveryState


def _sending(session: Session, n: int) -> list[int]:
    """So many deliveries that are on the wire."""
    ids = list(session.scalars(select(Delivery.id).where(Delivery.state == S.PENDING).order_by(Delivery.id).limit(n)))
    return transition(session, S.PENDING, S.SENDING, ids, new_claim="a")


def _left(house: Installation) -> int:
    with house.database.read() as session:
        return sum(session.scalars(select(Departure.n)))


def test_what_was_taken_or_may_have_been_has_left(house: Installation, sending: Campaign) -> None:
    assert sending
    with house.database.write() as session:
        ids = _sending(session, 20)
        transition(session, S.SENDING, S.SENT, ids[:8], claim="a")
        transition(session, S.SENDING, S.UNCERTAIN, ids[8:12], claim="a")
        transition(session, S.SENDING, S.DEFERRED, ids[12:15], claim="a")
        transition(session, S.SENDING, S.FAILED, ids[15:18], claim="a")
        transition(session, S.SENDING, S.PENDING, ids[18:], claim="a")
        wanted = (
            session.execute(select(Delivery.provider).where(Delivery.state.in_((S.SENT, S.UNCERTAIN)))).scalars().all()
        )
    with house.database.read() as session:
        rows = session.scalars(select(Departure)).all()
        assert {row.provider: row.n for row in rows} == {name: wanted.count(name) for name in wanted}
        assert {row.route for row in rows} == {"relay"}
        # By the hour, whose first moment names it.
        assert {(row.hour.minute, row.hour.second, row.hour.microsecond) for row in rows} == {(0, 0, 0)}
        assert all(timedelta(0) <= clock.now() - row.hour < timedelta(hours=1, minutes=1) for row in rows)


def test_a_doubt_that_is_settled_does_not_count_again(house: Installation, sending: Campaign) -> None:
    assert sending
    with house.database.write() as session:
        ids = _sending(session, 6)
        transition(session, S.SENDING, S.UNCERTAIN, ids, claim="a")
    with house.database.write() as session:
        transition(session, S.UNCERTAIN, S.SENT, ids[:4])
        transition(session, S.UNCERTAIN, S.PENDING, ids[4:])
    assert _left(house) == 6


def test_what_is_not_committed_has_not_left(house: Installation, sending: Campaign) -> None:
    assert sending

    def fail(session: Session) -> None:
        transition(session, S.SENDING, S.SENT, _sending(session, 5), claim="a")
        raise RuntimeError

    with pytest.raises(RuntimeError), house.database.write() as session:
        fail(session)
    assert _left(house) == 0


def test_two_units_of_work_that_cross_add_up_and_do_not_wait_for_each_other(
    house: Installation, sending: Campaign
) -> None:
    assert sending
    with house.database.write() as session:
        _sending(session, 40)
        rows = session.execute(select(Delivery.id, Delivery.provider)).all()
    groups = sorted({row.provider for row in rows})
    assert len(groups) > 1
    faults: list[Exception] = []
    start = threading.Barrier(2)

    def leave(half: int, order: list[str]) -> None:
        try:
            start.wait(60)
            with house.database.write() as session:
                for provider in order:
                    mine = [row.id for row in rows if row.provider == provider][half::2]
                    transition(session, S.SENDING, S.SENT, mine, claim="a")
        except Exception as error:  # noqa: BLE001 — told by the test
            faults.append(error)

    threads = [threading.Thread(target=leave, args=(0, groups)), threading.Thread(target=leave, args=(1, groups[::-1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert _left(house) == 40


def test_hours_of_long_ago_are_cleared_and_those_of_the_last_days_kept(house: Installation) -> None:
    with house.database.write() as session:
        departure.note(session, [("relay", "gmail"), (None, "gmail"), ("relay", "qq")])
    with house.database.write() as session:
        session.execute(
            update(Departure).where(Departure.provider == "qq").values(hour=clock.now() - timedelta(days=31))
        )
        session.execute(
            update(Departure).where(Departure.provider == "gmail").values(hour=clock.now() - timedelta(days=7))
        )
    with house.database.write() as session:
        retention.clear(session)
    with house.database.read() as session:
        assert session.scalars(select(Departure.provider)).all() == ["gmail"]
