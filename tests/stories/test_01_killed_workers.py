"""Two workers, each killed once in mid-send: nobody is lost, nobody is written to twice."""

from collections import Counter
from collections.abc import Callable

from sqlalchemy import func, select

from mailer.demo import show
from mailer.demo.people import people
from mailer.demo.show import Stage
from mailer.model import CampaignState, Delivery, DeliveryState
from mailer.report.figures import figures
from tests.stories.conftest import Crew, kill, sender_of

PEOPLE = 2000


def _in_hand(stage: Stage) -> int:
    with stage.installation.database.read() as session:
        sending = select(func.count()).where(Delivery.state == DeliveryState.SENDING)
        return session.scalar(sending) or 0


def _finished(stage: Stage) -> bool:
    with stage.installation.database.read() as session:
        return figures(session, stage.campaign).state is CampaignState.FINISHED


def test_killed_workers_lose_nobody(stage: Callable[..., Stage], crew: Callable[[Stage], Crew]) -> None:
    scene = stage(PEOPLE, 250.0, smtp_timeout=2.0, lease=5.0, tick=1.0)
    team = crew(scene)
    one, two = team.hire(), team.hire()
    team.begin()

    # The first loses its sending child, and Celery gives it another; the second dies whole.
    team.until(lambda: team.received() > PEOPLE // 5, 60)
    victim = sender_of(one)
    kill(victim)
    in_hand = _in_hand(scene)
    team.until(lambda: team.received() > PEOPLE // 2, 60)
    child = sender_of(two)
    kill(two.pid)
    kill(child)
    two.wait()
    in_hand += _in_hand(scene)
    team.hire()
    team.until(lambda: _finished(scene), 120)
    assert sender_of(one) != victim

    states = dict(show.ledger(scene))
    arrived = Counter(mail.recipient for mail in scene.mailbox.received())
    meant = {person.address for person in people(PEOPLE)}
    assert set(states) == meant
    # Sink and ledger agree on every recipient; only doubt is allowed to be either way.
    assert {a for a, state in states.items() if state is DeliveryState.SENT} <= arrived.keys()
    uncertain = {a for a, state in states.items() if state is DeliveryState.UNCERTAIN}
    assert arrived.keys() | uncertain == meant
    assert arrived.total() == len(arrived), "somebody got it twice"
    assert len(uncertain) <= in_hand
    assert set(states.values()) <= {DeliveryState.SENT, DeliveryState.UNCERTAIN}
    # The kills hit workers that were sending: else this story shows nothing.
    assert in_hand > 0
