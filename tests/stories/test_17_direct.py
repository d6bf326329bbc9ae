"""Mail goes straight to the exchangers of its readers' domains, each of which keeps what it got."""

from collections import Counter
from contextlib import ExitStack

import pytest

from mailer import url
from mailer.demo import show
from mailer.model import DeliveryState
from tests.network import network
from tests.patience import until
from tests.servers import Zone
from tests.sinks import SmtpSink
from tests.stories.conftest import LOCAL, Setting

PEOPLE = 300
OFFICE = "office"
GMAIL, SPARE, ELSEWHERE, NOBODY = (f"198.20.0.{number}" for number in range(1, 5))
"""Public ones, as they must be; in here they are the hub's."""
DEAD, REFUSING, GONE = "qq.com", "kite-island.example", "oyster-shell-bay.example"
ZONE = {
    "gmail.com": ["MX 5 mx.google.example."],
    # The first has been switched off; its second takes over.
    DEAD: ["MX 10 mx1.tencent.example.", "MX 20 mx2.tencent.example."],
    # Names nobody, so that it is itself who takes its mail.
    "pritchard-and-daughters.example": [f"A {ELSEWHERE}"],
    # Takes no mail, and says so (RFC 7505); another does not exist at all.
    REFUSING: ["MX 0 ."],
    **{
        domain: ["MX 10 mx.elsewhere.example."]
        for domain in ("yahoo.com.hk", "outlook.com", "hotmail.com", "icloud.com", "163.com", "xn--usw99d.example")
    },
    "mx.google.example": [f"A {GMAIL}"],
    "mx1.tencent.example": [f"A {NOBODY}"],
    "mx2.tencent.example": [f"A {SPARE}"],
    "mx.elsewhere.example": [f"A {ELSEWHERE}"],
}


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


@pytest.mark.parametrize("setting", [LOCAL], indirect=True)
def test_each_exchanger_gets_the_mail_of_its_domains(setting: Setting) -> None:
    with network(OFFICE) as cables, Zone(cables, ZONE), ExitStack() as listening:
        cables.settle(GMAIL, SPARE, ELSEWHERE, NOBODY)
        sinks = {
            host: listening.enter_context(SmtpSink(place=cables, host=host, port=25))
            for host in (GMAIL, SPARE, ELSEWHERE)
        }
        scene = setting(PEOPLE, 100.0, sink=sinks[ELSEWHERE], tick=0.5, relay_url=url.DIRECT, dns=Zone.address)
        scene.station(cables, OFFICE, scene.settings)
        scene.begin()
        until(scene.finished, 120)
        scene.dismiss()

        states = dict(show.ledger(scene.stage))
        arrived = {host: [mail.recipient for mail in sink.received()] for host, sink in sinks.items()}
        meant = {_domain(address) for address in states}
        assert {DEAD, REFUSING, GONE} <= meant, "the people of this story are at other domains"
        assert {*map(_domain, arrived[GMAIL])} == {"gmail.com"}
        assert {*map(_domain, arrived[SPARE])} == {DEAD}
        assert {*map(_domain, arrived[ELSEWHERE])} == meant - {"gmail.com", DEAD, REFUSING, GONE}
        counted = Counter(address for addresses in arrived.values() for address in addresses)
        assert max(counted.values()) == 1, "somebody got it twice"
        nowhere = {address for address in states if _domain(address) in (REFUSING, GONE)}
        assert states.keys() - nowhere == counted.keys()
        assert {states[address] for address in nowhere} == {DeliveryState.FAILED}
