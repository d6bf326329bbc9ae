"""Before a message: what a server offers, how it is greeted, whose names and how much it takes."""

import socket
from functools import partial

import pytest

from tests.worker.desk import HERE, PARCEL, heard, sent
from tests.worker.mailhost import Host
from worker.transport import Fate, Parcel
from worker.transport.endpoint import Endpoint, Security

GREEK = Parcel(1, "returns@news.example", "δοκιμή@reader.example", PARCEL.pieces)
DOMAIN = Parcel(2, "returns@news.example", "mei@信.example", PARCEL.pieces)


def test_a_name_beyond_ascii_goes_to_who_takes_it() -> None:
    outcomes, desk = sent(Endpoint(HERE, 0), GREEK, PARCEL, enable_SMTPUTF8=True)
    assert [outcome.fate for outcome in outcomes] == [Fate.SENT] * 2
    assert "SMTPUTF8" in desk.came[0][0]
    assert GREEK.recipient in desk.came[0][0]
    assert "SMTPUTF8" not in desk.came[1][0]


def test_a_name_beyond_ascii_waits_where_it_is_not_taken_and_others_go_on() -> None:
    outcomes, desk = sent(Endpoint(HERE, 0), GREEK, PARCEL)
    assert [outcome.fate for outcome in outcomes] == [Fate.DEFERRED, Fate.SENT]
    assert outcomes[0].kind
    assert outcomes[0].kind.key == "ascii-only"
    assert len(desk.came) == len(desk.sessions) == 1


def test_a_domain_beyond_ascii_is_written_so_that_everybody_reads_it() -> None:
    (outcome,), desk = sent(Endpoint(HERE, 0), DOMAIN)
    assert outcome.fate is Fate.SENT
    assert desk.came[0][0][-1] == "mei@xn--vuq.example"


@pytest.mark.parametrize(
    "recipient", ["mei\r\nRCPT TO:<x@other.example>@reader.example", "a@b.example> SIZE=1", "a b@c"]
)
def test_no_address_says_anything_else(recipient: str) -> None:
    outcomes, desk = sent(Endpoint(HERE, 0), Parcel(1, "returns@news.example", recipient, PARCEL.pieces), PARCEL)
    assert [outcome.fate for outcome in outcomes] == [Fate.FAILED, Fate.SENT]
    assert len(desk.came) == len(desk.sessions) == 1


def test_what_is_larger_than_a_server_takes_costs_no_connection() -> None:
    large = Parcel(2, PARCEL.sender, PARCEL.recipient, (PARCEL.content, b"x" * 3000 + b"\r\n"))
    outcomes, desk = sent(Endpoint(HERE, 0), large, PARCEL, data_size_limit=2000)
    assert (outcomes[0].fate, outcomes[0].halts) == (Fate.UNSENT, True)
    assert outcomes[0].kind
    assert outcomes[0].kind.key == "too-big"
    assert outcomes[1].fate is Fate.SENT
    assert f"SIZE={len(PARCEL.content)}" in desk.came[0][0]
    assert len(desk.came) == len(desk.sessions) == 1


def test_what_is_larger_than_a_server_takes_is_not_announced_to_it() -> None:
    host = Host("SIZE 10")
    assert heard(lambda port: Endpoint(HERE, port), host).halts
    assert not any(b"MAIL" in chunk for chunk in host.heard)


def test_a_server_of_another_time_is_greeted_in_its_own_way() -> None:
    host = Host("PIPELINING", answer=lambda verb, _: "502 what is EHLO" if verb == "EHLO" else None)
    assert heard(lambda port: Endpoint(HERE, port), host).fate is Fate.SENT
    assert [chunk.split()[0] for chunk in host.heard[:3]] == [b"EHLO", b"HELO", b"MAIL"]


def test_a_machine_without_a_full_name_says_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, said in (("box", f"[{HERE}]"), ("mail.news.example", "mail.news.example"), ("a b.example", f"[{HERE}]")):
        monkeypatch.setattr(socket, "gethostname", partial(str, name))
        _, desk = sent(Endpoint(HERE, 0))
        assert desk.greeted == [said]


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("smtp://mx.example", Endpoint("mx.example", 25)),
        ("smtp://[::1]:2525/", Endpoint("::1", 2525)),
        ("smtps://mx.example", Endpoint("mx.example", 465, Security.TLS)),
        ("smtp+starttls://mx.example", Endpoint("mx.example", 587, Security.STARTTLS)),
    ],
)
def test_a_url_names_an_endpoint(url: str, endpoint: Endpoint) -> None:
    assert Endpoint.of(url) == endpoint
