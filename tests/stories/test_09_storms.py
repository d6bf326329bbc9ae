"""A server in every kind of trouble, one after the other, and well in between: each row gets an honest end."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select

from mailer.campaign import limit
from mailer.campaign.campaign import find, pause, resume
from mailer.demo.organisation import AUTHOR
from mailer.model import Attempt, DeliveryState, Suppression
from mailer.model.delivery import among
from tests.patience import until
from tests.servers import Redis
from tests.sinks import SmtpSink
from tests.stories.conftest import SERVED, TLS_AT_LENGTH, Scene, Setting, come_due, judge

PEOPLE = 900
MEETINGS = 3
"""How often, and a little more, each server in trouble is met."""
RATE = 40.0
COMMANDS = ("CONNECT", "EHLO,HELO", "MAIL", "RCPT", "DATA", ".")
STORMS = (
    *(("-r", command) for command in COMMANDS),  # 4xx
    *(("-Q", command) for command in COMMANDS),  # 421, and the line is cut
    *(("-q", command) for command in COMMANDS[:-1]),  # the line is cut without a word, before the final dot
    *(("-f", command) for command in COMMANDS[:3]),  # 5xx at a step that says nothing of a reader
)
AFTER_THE_DOT = ("-q", ".")
# Its answers come in another order than what they answer, where it waits with one and is told several things at once.
TARPIT = ("-p", "-W", "RCPT:1")


@pytest.mark.promise(3, 11)
@pytest.mark.parametrize("setting", [SERVED, TLS_AT_LENGTH], indirect=True)
def test_a_storm_of_every_kind_passes(setting: Setting, redis: Redis) -> None:
    with SmtpSink() as bad:
        scene = setting(PEOPLE, RATE, tick=0.5, smtp_timeout=5.0, lease=10.0)
        bad.port = scene.sink.port
        scene.hire("w1")
        scene.begin()
        for storm in STORMS:
            _some_arrive(scene)
            _blow(scene, redis, bad, *storm)
        _some_arrive(scene)
        before = bad.taken()
        _blow(scene, redis, bad, *AFTER_THE_DOT)
        cut = bad.taken() - before
    assert isinstance(scene.sink, SmtpSink)
    with _at_rest(scene, redis):
        scene.sink.behave(*TARPIT)
    _some_arrive(scene)
    with _at_rest(scene, redis):
        scene.sink.behave()
    assert not scene.finished(), "too few people for all storms"
    with scene.house.database.write() as session:
        limit.change(session, "all", AUTHOR, per_second=10 * RATE)
    until(lambda: come_due(scene) >= 0 and scene.finished(), 120)
    scene.dismiss()

    verdict = judge(scene)
    assert (verdict.missing, verdict.doubled) == (set(), set())
    ends = set(verdict.states.values())
    assert ends <= {DeliveryState.SENT, DeliveryState.UNCERTAIN}, "somebody was lost to a server's trouble"
    # A body that left and a line that went dead: in doubt, and nothing else is.
    assert 0 < len(verdict.uncertain) <= cut
    with scene.house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Suppression)) == 0


def _some_arrive(scene: Scene) -> None:
    before = scene.sink.taken()
    until(lambda: scene.sink.taken() > before + 4, 60)


def _blow(scene: Scene, redis: Redis, bad: SmtpSink, *storm: str) -> None:
    """One server goes and another in trouble is there in its place until it was met; nothing is cut short by that."""
    assert isinstance(scene.sink, SmtpSink)
    with _at_rest(scene, redis):
        scene.sink.stop()
        bad.behave(*storm)
    before = _felt(scene)
    # Where it cuts no line, sessions go on.
    until(lambda: max(bad.sessions(), _felt(scene) - before) > MEETINGS, 60)
    with _at_rest(scene, redis):
        bad.stop()
        scene.sink.start()


@contextmanager
def _at_rest(scene: Scene, redis: Redis) -> Iterator[None]:
    """Nothing is on the wire for as long as the block lasts."""
    with scene.house.database.write() as session:
        pause(session, find(session, scene.stage.campaign), AUTHOR)
    until(lambda: not scene.count(among([DeliveryState.SENDING])), 30)
    yield
    # What the throttle has learnt of the server is forgotten: its rests are another story, and a long one.
    redis.flush()
    with scene.house.database.write() as session:
        resume(session, find(session, scene.stage.campaign), AUTHOR)
    scene.wake()


def _felt(scene: Scene) -> int:
    """How many tries and batches have come to nothing."""
    with scene.house.database.read() as session:
        tries = session.scalar(select(func.count()).select_from(Attempt)) or 0
    return tries + scene.log.read_text().count("relay.unavailable")
