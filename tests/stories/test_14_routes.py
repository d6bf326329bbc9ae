"""A relay dies in mid-send: the one that stands by takes the rest, and nobody is lost or served twice."""

from collections import Counter

from mailer.campaign import route
from mailer.demo import show
from mailer.demo.organisation import AUTHOR
from mailer.model import DeliveryState
from tests.servers import SmtpSink
from tests.stories.conftest import Setting, children, connections, until

PEOPLE = 400


def test_the_one_that_stands_by_takes_the_rest(setting: Setting) -> None:
    with SmtpSink() as main, SmtpSink() as spare:
        scene = setting(PEOPLE, 60.0, tick=1.0, sink=main)
        with scene.house.database.write() as session:
            for name, sink, weight in (("main", main, 1), ("spare", spare, 0)):
                address = f"smtp://127.0.0.1:{sink.port}"
                route.add(session, scene.house.keys, name, address, AUTHOR, weight=weight)
        scene.hire("w1")
        scene.begin()
        until(lambda: main.taken() > PEOPLE // 4, 60)
        assert spare.taken() == 0
        (child,) = children(scene.workers["w1"].pid)
        on_the_wire = connections(child, main.port)
        main.kill()
        until(scene.finished, 90)
        scene.dismiss()

        arrived = Counter(mail.recipient for sink in (main, spare) for mail in sink.received())
        states = dict(show.ledger(scene.stage))
        doubts = {address for address, state in states.items() if state is DeliveryState.UNCERTAIN}
        assert spare.taken() > PEOPLE // 4
        assert len(doubts) <= on_the_wire
        assert states.keys() - doubts <= arrived.keys(), "somebody is missing"
        assert max(arrived.values()) == 1, "somebody got it twice"
