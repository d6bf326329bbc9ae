"""Counts are proved against the rows, and mended while others go on."""

import threading

import pytest
from sqlalchemy import select, text, update

from mailer.campaign.count import reconcile
from mailer.campaign.ledger import transition
from mailer.installation import Installation
from mailer.model import Campaign, Count, Delivery, DeliveryState
from mailer.report.figures import figures
from tests.patience import until

S = DeliveryState


def test_counts_that_are_right_are_left_alone(house: Installation, sending: Campaign) -> None:
    with house.database.write() as session:
        assert reconcile(session, sending.id) == 0


def test_counts_that_are_wrong_are_mended(house: Installation, sending: Campaign) -> None:
    with house.database.write() as session:
        session.execute(update(Count).values(n=Count.n + 2))
        session.add(Count(campaign_id=sending.id, variant_id=1, provider="ghost", state=S.SENT, n=5))
    with house.database.write() as session:
        assert reconcile(session, sending.id) > 5
    with house.database.write() as session:
        assert reconcile(session, sending.id) == 0
        assert +figures(session, sending.id).states == {S.PENDING: 40}


def test_two_units_of_work_that_cross_do_not_wait_for_each_other(house: Installation, sending: Campaign) -> None:
    """Each moves rows of the same groups, in opposite orders: with counts written at once this is a deadlock."""
    with house.database.read() as session:
        rows = session.execute(select(Delivery.id, Delivery.provider).order_by(Delivery.provider)).all()
    groups = sorted({row.provider for row in rows})
    assert len(groups) > 1
    faults: list[Exception] = []
    start = threading.Barrier(2)

    def move(half: int, order: list[str]) -> None:
        try:
            start.wait(60)
            with house.database.write() as session:
                for provider in order:
                    mine = [row.id for row in rows if row.provider == provider][half::2]
                    transition(session, S.PENDING, S.SENDING, mine, new_claim=str(half))
        except Exception as error:  # noqa: BLE001 — told by the test
            faults.append(error)

    threads = [threading.Thread(target=move, args=(0, groups)), threading.Thread(target=move, args=(1, groups[::-1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with house.database.write() as session:
        assert reconcile(session, sending.id) == 0
        assert +figures(session, sending.id).states == {S.SENDING: 40}


@pytest.mark.databases("postgresql")
def test_two_who_mend_at_once_do_not_mend_twice(house: Installation, sending: Campaign) -> None:
    """The second comes while the first has looked and not yet written: it waits, and finds nothing left to mend."""
    with house.database.write() as session:
        session.execute(update(Count).values(n=Count.n + 2))
    second = threading.Thread(target=_mend, args=(house, sending.id))
    with house.database.write() as session:
        assert reconcile(session, sending.id) > 0
        second.start()
        until(lambda: waits(house) or not second.is_alive(), 10)
    second.join()
    with house.database.read() as session:
        assert +figures(session, sending.id).states == {S.PENDING: 40}


def waits(house: Installation) -> bool:
    """Whether somebody waits for a lock in this database."""
    with house.database.read() as session:
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(session.scalar(waiting))


def _mend(house: Installation, campaign: int) -> None:
    with house.database.write() as session:
        reconcile(session, campaign)
