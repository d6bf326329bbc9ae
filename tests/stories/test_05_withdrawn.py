"""Readers unsubscribe while the edition goes out: nothing reaches them from one second later on."""

import random
import urllib.request

import pytest
from sqlalchemy import select

from mailer import clock
from mailer.demo import show
from mailer.model import Delivery, DeliveryState, Subscriber
from mailer.web import app as web
from tests.patience import until
from tests.site import serving
from tests.stories.conftest import LOCAL, SERVED, TLS_AT_LENGTH, Scene, Setting, judge, seconds

PEOPLE = 900
RATE = 60.0
WITHDRAWING = 40


def _waiting(scene: Scene) -> dict[int, bytes]:
    """The numbers of those who are still to come, and what their links are made of."""
    with scene.house.database.read() as session:
        waiting = select(Subscriber.id, Subscriber.ref).join(Delivery, Delivery.subscriber_id == Subscriber.id)
        return dict(session.execute(waiting.where(Delivery.state == DeliveryState.PENDING)).all())


@pytest.mark.promise(7)
@pytest.mark.parametrize("setting", [LOCAL, SERVED, TLS_AT_LENGTH], indirect=True)
def test_who_unsubscribes_is_passed_over_within_a_second(setting: Setting) -> None:
    scene = setting(PEOPLE, RATE, tick=1.0)
    addresses = dict(show.addresses(scene.house))
    scene.hire("w1")
    scene.hire("w2")
    scene.begin()
    answered: dict[str, float] = {}
    chance = random.Random(5)  # noqa: S311 — the same readers each time
    with serving(web.create(scene.house)) as url:
        until(lambda: scene.sink.taken() > PEOPLE // 10, 60)
        for _ in range(WITHDRAWING):
            number, ref = chance.choice(sorted(_waiting(scene).items()))
            address, path = addresses[number], scene.house.keys.unsubscribe_token(ref, 1)
            with urllib.request.urlopen(f"{url}/u/{path}", b"List-Unsubscribe=One-Click") as answer:  # noqa: S310 — ours
                assert answer.status == 200
            answered.setdefault(address, clock.now().timestamp())
            clock.sleep(0.1)
        until(scene.finished, 60)
    scene.dismiss()

    late = {m.recipient for m in scene.sink.received() if seconds(m) > answered.get(m.recipient, 9e9) + 1.0}
    assert late == set()
    verdict = judge(scene)
    assert (verdict.missing, verdict.doubled, verdict.uncertain) == (set(), set(), set())
    passed_over = answered.keys() - verdict.arrived.keys()
    assert len(passed_over) > WITHDRAWING // 2, "too few for this to show anything"
    assert {verdict.states[address] for address in passed_over} == {DeliveryState.SUPPRESSED}
