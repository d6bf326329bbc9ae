"""What may go: limits as a drain sees them, and caps that claims keep exactly, side by side."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from mailer import clock
from mailer.campaign import limit
from mailer.campaign.allowance import Allowance, allowances, cap, use
from mailer.campaign.campaign import cancel, find
from mailer.campaign.defaults import DEFAULTS, Terms
from mailer.campaign.ledger import transition
from mailer.campaign.route import RELAY, Way
from mailer.installation import Installation
from mailer.model import Campaign, Delivery, DeliveryState, Departure, Newsletter
from worker.claim import claim, lanes
from worker.record import record
from worker.transport import Fate, Outcome

S = DeliveryState
GMAIL = "provider:gmail"
LIFETIME = 172_800.0


def _change(house: Installation, scope: str, **given: float | str | datetime | None) -> None:
    with house.database.write() as session:
        limit.change(session, scope, "Ada", **given)


def _claim(
    house: Installation, campaign: Campaign, provider: str = "gmail", most: int = 40, by: str = "a"
) -> list[int]:
    with house.database.write() as session:
        return [row.id for row in claim(session, campaign.id, provider, most, by, 60.0)]


def _open(house: Installation) -> set[str]:
    with house.database.read() as session:
        return {provider for provider, _ in allowances(session, lanes(session))}


def _send(house: Installation, campaign: Campaign, provider: str, most: int, fate: Fate = Fate.SENT) -> int:
    """Claim and send so many at once; how many it were."""
    with house.database.write() as session:
        rows = claim(session, campaign.id, provider, most, "s", 60.0)
        record(session, [(row, Outcome(fate, 250)) for row in rows], "s", LIFETIME)
    return len(rows)


def _quiet_now(hours: int = 2) -> str:
    """Quiet hours that have begun an hour ago, by the clock of Hong Kong."""
    local = clock.now() + timedelta(hours=8)
    return f"{local - timedelta(hours=1):%H:%M}-{local + timedelta(hours=hours):%H:%M}"


def test_a_lane_has_the_limits_of_all_that_it_passes_and_adapts_to_its_provider_alone(
    house: Installation, campaign: Campaign
) -> None:
    shipped, pair = DEFAULTS["gmail"], ("gmail", campaign.id)
    with house.database.write() as session:
        limit.reset(session, GMAIL, "Ada")
    with house.database.read() as session:
        assert allowances(session, {pair, ("qq", campaign.id)}).keys() == {pair, ("qq", campaign.id)}
        assert allowances(session, {pair}) == {
            pair: (
                Allowance(
                    Way(RELAY),
                    levels=((f"{GMAIL}@relay", shipped.per_second or 0, True),),
                    connections=((GMAIL, shipped.connections or 0),),
                ),
            )
        }
    _change(house, "all", per_second=50.0)
    _change(house, "route:relay", per_second=30.0, connections=4)
    _change(house, GMAIL, per_second=3.0)
    with house.database.read() as session:
        assert allowances(session, {pair})[pair] == (
            Allowance(
                Way(RELAY),
                levels=(("all", 50.0, False), ("route:relay", 30.0, False), (f"{GMAIL}@relay", 3.0, True)),
                connections=(("route:relay", 4), (GMAIL, shipped.connections or 0)),
            ),
        )
    with house.database.write() as session:
        limit.hold(session, "all", "Ada")
        assert allowances(session, {pair}) == {}


@pytest.mark.parametrize("scope", ["all", "route:relay", GMAIL])
def test_what_is_held_is_neither_open_nor_claimed_until_it_is_released(
    house: Installation, sending: Campaign, scope: str
) -> None:
    everything = _open(house)
    assert {"gmail", "other"} <= everything
    with house.database.write() as session:
        limit.hold(session, scope, "Ada")
    assert _open(house) == (everything - {"gmail"} if scope == GMAIL else set())
    assert _claim(house, sending) == []
    with house.database.write() as session:
        limit.release(session, scope, "Ada")
    assert _open(house) == everything
    assert len(_claim(house, sending)) > 2


@pytest.mark.parametrize("scope", ["all", "route:relay", GMAIL])
def test_in_quiet_hours_nothing_is_open_or_claimed(house: Installation, sending: Campaign, scope: str) -> None:
    everything = _open(house)
    _change(house, scope, quiet=_quiet_now())
    assert _open(house) == (everything - {"gmail"} if scope == GMAIL else set())
    assert _claim(house, sending) == []
    # The same hours by another newsletter's clock are over, or have not begun.
    with house.database.write() as session:
        session.execute(update(Newsletter).values(zone="America/Los_Angeles"))
    assert _open(house) == everything
    assert _claim(house, sending)


@pytest.mark.parametrize("scope", ["all", "route:relay", GMAIL])
def test_a_cap_counts_what_left_and_what_is_in_hand(house: Installation, sending: Campaign, scope: str) -> None:
    _change(house, scope, per_day=7)
    assert _send(house, sending, "gmail", 2) == 2
    assert len(_claim(house, sending, most=3, by="a")) == 3
    assert len(_claim(house, sending, most=40, by="b")) == 2
    assert _claim(house, sending, by="c") == []
    assert "gmail" not in _open(house)
    assert ("other" in _open(house)) is (scope == GMAIL)
    # What goes back makes room again.
    with house.database.write() as session:
        held = session.scalars(select(Delivery.id).where(Delivery.claim == "b")).all()
        transition(session, S.SENDING, S.PENDING, held, claim="b")
    assert "gmail" in _open(house)
    assert len(_claim(house, sending, by="d")) == 2


def test_doubts_use_a_cap_up_and_what_is_deferred_does_not(house: Installation, sending: Campaign) -> None:
    _change(house, GMAIL, per_day=4)
    assert _send(house, sending, "gmail", 1, Fate.DEFERRED) == 1
    assert _send(house, sending, "gmail", 1, Fate.UNCERTAIN) == 1
    assert len(_claim(house, sending)) == 3


def test_a_cap_below_what_is_in_hand_lets_that_finish_and_takes_no_more(house: Installation, sending: Campaign) -> None:
    held = _claim(house, sending, most=6)
    _change(house, GMAIL, per_day=2)
    assert _claim(house, sending) == []
    with house.database.write() as session:
        assert len(transition(session, S.SENDING, S.SENT, held, claim="a")) == 6


def test_a_cap_looks_back_a_whole_day_and_at_most_an_hour_more(house: Installation, sending: Campaign) -> None:
    _change(house, GMAIL, per_day=5)
    this_hour = clock.now().replace(minute=0, second=0, microsecond=0)
    with house.database.write() as session:
        session.add(Departure(hour=this_hour - timedelta(hours=26), route="relay", provider="gmail", n=100))
        session.add(Departure(hour=this_hour - timedelta(hours=24), route="relay", provider="gmail", n=3))
        session.add(Departure(hour=this_hour, route="relay", provider="qq", n=50))
    assert len(_claim(house, sending)) == 2


def test_what_a_cancelled_campaign_has_on_the_wire_counts(house: Installation, sending: Campaign) -> None:
    held = _claim(house, sending, most=4)
    with house.database.write() as session:
        cancel(session, find(session, sending.id), "Ada")
    with house.database.read() as session:
        assert use(session).in_hand == Counter({"all": len(held), "route:relay": len(held), GMAIL: len(held)})


def test_a_warm_up_lets_fifty_go_on_its_first_day_and_no_more_than_a_cap(
    house: Installation, sending: Campaign
) -> None:
    now = clock.now()
    assert cap(Terms(warm_up_from=now), now) == 50
    assert cap(Terms(warm_up_from=now, per_day=20), now) == 20
    assert cap(Terms(warm_up_from=now - timedelta(days=20), per_day=20), now) == 20
    assert cap(Terms(warm_up_from=now - timedelta(days=20)), now) is None
    _change(house, "route:relay", warm_up_from=now - timedelta(hours=2))
    with house.database.write() as session:
        hour = now.replace(minute=0, second=0, microsecond=0)
        session.add(Departure(hour=hour, route="relay", provider="gmail", n=47))
    assert len(_claim(house, sending)) == 3
    assert _open(house) == set()
    _change(house, "route:relay", warm_up_from=now - timedelta(hours=25))
    assert len(_claim(house, sending, by="b")) > 3


def test_a_test_mail_waits_for_no_cap_and_no_quiet_hours_but_for_a_hold(house: Installation, sending: Campaign) -> None:
    with house.database.write() as session:
        session.execute(update(Campaign).values(test=True))
    _change(house, "all", per_day=1, quiet=_quiet_now())
    with house.database.write() as session:
        session.add(
            Departure(hour=clock.now().replace(minute=0, second=0, microsecond=0), route="relay", provider="gmail", n=5)
        )
    assert "gmail" in _open(house)
    with house.database.write() as session:
        limit.hold(session, GMAIL, "Ada")
    assert "gmail" not in _open(house)
    assert _claim(house, sending) == []


def test_claims_side_by_side_take_no_more_than_a_cap(house: Installation, sending: Campaign) -> None:
    """Eight at once, over two providers, for a cap on all: without the lock each would see the same room."""
    _change(house, "all", per_day=11)
    taken: list[int] = []
    start = threading.Barrier(8)
    with house.database.read() as session:
        waiting = session.scalars(select(Delivery.provider).where(Delivery.provider.in_(("gmail", "other")))).all()
    assert min(waiting.count("gmail"), waiting.count("other")) >= 4
    assert len(waiting) > 15

    def take(number: int) -> None:
        start.wait(60)
        taken.extend(_claim(house, sending, ("gmail", "other")[number % 2], most=4, by=str(number)))

    _together(take, 8)
    assert len(taken) == len(set(taken)) == 11


def test_whoever_sends_meanwhile_hides_nothing_from_a_cap(house: Installation, sending: Campaign) -> None:
    """Claims and records side by side: what leaves a worker's hand enters what has left, at the same moment."""
    _change(house, GMAIL, per_day=9)
    start = threading.Barrier(6)

    def work(number: int) -> None:
        start.wait(60)
        for turn in range(4):
            token = f"{number}.{turn}"
            with house.database.write() as session:
                rows = claim(session, sending.id, "gmail", 1, token, 60.0)
            with house.database.write() as session:
                record(session, [(row, Outcome(Fate.SENT, 250)) for row in rows], token, LIFETIME)

    _together(work, 6)
    with house.database.read() as session:
        assert use(session).left[GMAIL] == 9
        assert use(session).in_hand[GMAIL] == 0


def _together(work: Callable[[int], None], n: int) -> None:
    faults: list[Exception] = []

    def run(number: int) -> None:
        try:
            work(number)
        except Exception as error:  # noqa: BLE001 — told by the test
            faults.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
