"""Whether receivers may believe a sender's domain, and whether an answer finds its way back."""

import pytest
from dns.message import Message

from mailer import resolver
from mailer.demo.organisation import DOMAIN
from mailer.doctor import sender
from mailer.doctor.sender import Domains
from mailer.model import Newsletter, Topic
from mailer.vault import Algorithm, KeyState
from mailer.vault.rotation import made
from tests.doctor.conftest import Under, says, states
from tests.nameserver import Answer, NameServer, records, txt

pytestmark = pytest.mark.databases("sqlite")
ONE = Domains(["letters.example.org"], ["bounces.example.org"])
SENDER, BACK = ONE.seen[0], ONE.returned[0]


def _silence(_: Message) -> None:
    return None


def test_the_domains_are_those_of_newsletters(under: Under, topic: Topic) -> None:
    house = under()
    assert sender.domains(house) == Domains([DOMAIN], [DOMAIN])
    with house.database.write() as session:
        session.get_one(Newsletter, topic.newsletter_id).return_address = "x@bounces.example"
    assert sender.domains(house) == Domains([DOMAIN], ["bounces.example"])


def test_before_there_is_a_newsletter_they_are_those_of_keys(under: Under) -> None:
    house = under(made("letters.example", Algorithm.ED25519, KeyState.SIGNING))
    assert sender.domains(house) == Domains(["letters.example"], ["letters.example"])


def test_records_that_are_there_are_fine(under: Under, server: NameServer) -> None:
    server.answers[BACK] = txt("v=spf1 include:relay.example -all", "google-site-verification=x")
    server.answers[f"_dmarc.{SENDER}"] = txt("v=DMARC1; p=none")
    assert states(sender.believed(under(), ONE)) == {("spf", BACK): "fine", ("dmarc", SENDER): "fine"}


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        ([], "There is no SPF record"),
        (["v=spf10 -all", "spf1 -all"], "There is no SPF record"),
        (["v=spf1 mx -all", "v=spf1 a -all"], "several"),
        (["v=spf1 -all"], "nobody may send"),
    ],
)
def test_spf_that_helps_nobody_is_said(under: Under, server: NameServer, texts: list[str], word: str) -> None:
    if texts:
        server.answers[BACK] = txt(*texts)
    checks = sender.believed(under(), ONE)
    assert states(checks)["spf", BACK] == "look"
    assert word in says(checks, "spf")


def test_dmarc_may_stand_at_the_domain_above(under: Under, server: NameServer) -> None:
    server.answers["_dmarc.example.org"] = txt("v=DMARC1;p=reject")
    checks = sender.believed(under(), ONE)
    assert states(checks)["dmarc", SENDER] == "fine"
    assert "_dmarc.example.org" in says(checks, "dmarc")


def test_without_dmarc_it_is_said_what_to_publish(under: Under, server: NameServer) -> None:
    checks = sender.believed(under(), ONE)
    assert states(checks)["dmarc", SENDER] == "look"
    assert f"v=DMARC1; p=none at _dmarc.{SENDER}" in says(checks, "dmarc")
    # Nobody's policy stands at a top level.
    assert "_dmarc.org" not in server.asked


@pytest.mark.parametrize(
    ("answer", "state", "word"),
    [
        (records("MX 10 mx.example."), "fine", "MX"),
        (records("A 192.0.2.1"), "fine", "its own address"),
        (records("AAAA 2001:db8::1"), "fine", "its own address"),
        (records("MX 0 ."), "look", "null MX"),
        (None, "look", "publish an MX record"),
        (_silence, "look", "did not answer"),
    ],
)
def test_replies_find_their_way_or_not(
    under: Under,
    server: NameServer,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer | None,
    state: str,
    word: str,
) -> None:
    monkeypatch.setattr(resolver, "SECONDS", 1.0)
    if answer:
        server.answers[SENDER] = answer
    checks = sender.answerable(under(), Domains([SENDER], [SENDER]))
    assert states(checks) == {("mx", SENDER): state}
    assert word in says(checks, "mx")


def test_a_dns_that_is_silent_is_said_of_each(
    under: Under, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "SECONDS", 1.0)
    server.answers |= {BACK: _silence, f"_dmarc.{SENDER}": _silence}
    checks = sender.believed(under(), ONE)
    assert set(states(checks).values()) == {"look"}
    assert all("did not answer" in str(check.says) for check in checks)
