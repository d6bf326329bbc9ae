"""Unsubscribing and taking it back: in the file first, then in the database."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mailer import clock
from mailer.errors import UnavailableError, UnrecordedError
from mailer.events.replay import replay
from mailer.events.restored import catch_up
from mailer.events.unsubscribe import STATES
from mailer.events.withdrawals import Entry, Kind
from mailer.installation import Installation
from mailer.model import (
    Campaign,
    SubscriptionState,
)
from tests.events.conftest import change, entries, events_noted, readers, state_of


def test_a_withdrawal_is_in_the_file_before_it_is_in_the_database(
    house: Installation, campaign: Campaign, file: Path
) -> None:
    (ref, index), *_ = readers(house, 1)
    for undo in (False, False, True, True, False):
        change(house, campaign, ref, undo=undo)
    kinds = [Kind.WITHDRAW, Kind.RESTORE, Kind.WITHDRAW]
    assert entries(file) == [Entry(clock.this_hour(), kind, campaign.topic_id, index) for kind in kinds]
    assert state_of(house, ref) is SubscriptionState.WITHDRAWN


def test_an_impatient_reader_has_one_order_in_file_and_database(
    house: Installation, campaign: Campaign, file: Path
) -> None:
    (ref, _), *_ = readers(house, 1)
    with ThreadPoolExecutor(6) as pool:
        pages = [pool.submit(change, house, campaign, ref, undo=n % 2 > 0) for n in range(60)]
        replays = [pool.submit(replay, house) for _ in range(10)]
        assert [page.result(60) for page in pages] == [None] * 60
        assert sum(replayed.result(60).applied for replayed in replays) == 0
    written = entries(file)
    assert STATES[written[-1].kind] is state_of(house, ref)
    # Each was a change: they take turns.
    assert [entry.kind for entry in written] == [(Kind.WITHDRAW, Kind.RESTORE)[n % 2] for n in range(len(written))]
    assert events_noted(house) == len(written)


def test_without_the_file_nothing_changes(house: Installation, campaign: Campaign, file: Path) -> None:
    file.mkdir()
    (ref, _), *_ = readers(house, 1)
    with pytest.raises(UnavailableError):
        change(house, campaign, ref)
    assert state_of(house, ref) is SubscriptionState.ACTIVE
    assert events_noted(house) == 0


def test_a_file_that_is_lost_is_not_begun_anew_by_a_page(house: Installation, campaign: Campaign, file: Path) -> None:
    (one, _), (other, _) = readers(house, 2)
    change(house, campaign, one)
    catch_up(house)
    file.unlink()
    with pytest.raises(UnrecordedError):
        change(house, campaign, other)
    assert not file.exists()
    assert state_of(house, other) is SubscriptionState.ACTIVE
