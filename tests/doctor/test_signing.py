"""Whether mails will be signed so that receivers can tell, by what the key file and the DNS say."""

from collections.abc import Callable

import pytest
from dns.message import Message

from mailer import resolver
from mailer.doctor.signing import signing
from mailer.vault import Algorithm, DkimKey, KeyState
from mailer.vault.rotation import made, retired
from tests.damage import damaged
from tests.doctor.conftest import Under, says, states
from tests.nameserver import NameServer, txt

pytestmark = pytest.mark.databases("sqlite")
DOMAIN = "letters.example"
RSA = made(DOMAIN, Algorithm.RSA, KeyState.SIGNING)
ED25519 = made(DOMAIN, Algorithm.ED25519, KeyState.SIGNING)
NEXT = made(DOMAIN, Algorithm.ED25519, KeyState.NEXT)


def _silence(_: Message) -> None:
    return None


def test_a_key_whose_record_is_published_is_fine(under: Under, server: NameServer) -> None:
    house = under(RSA)
    (key,) = house.keys.dkim
    server.answers[key.record_name] = txt(key.record_value)
    checks = signing(house, [DOMAIN, f"sub.{DOMAIN}"])
    assert states(checks) == {
        ("signing", DOMAIN): "fine",
        ("signing", f"sub.{DOMAIN}"): "fine",
        ("dkim", key.record_name): "fine",
    }


@pytest.mark.parametrize(
    ("answer", "state", "word"),
    [
        (None, "broken", "no record"),
        (lambda key: txt(key.record_value[:-8] + "AAAAAAA="), "broken", "not this key's record"),
        (lambda _: txt("v=DKIM1; p="), "broken", "revoked"),
        (lambda _: _silence, "look", "did not answer"),
    ],
)
def test_what_the_dns_says_else_is_said(
    under: Under,
    server: NameServer,
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[DkimKey], Callable[[Message], bytes | None]] | None,
    state: str,
    word: str,
) -> None:
    monkeypatch.setattr(resolver, "SECONDS", 1.0)
    house = under(RSA)
    (key,) = house.keys.dkim
    if answer:
        server.answers[key.record_name] = answer(key)
    checks = signing(house, [DOMAIN])
    assert states(checks)["dkim", key.record_name] == state
    assert word in says(checks, "dkim")


def test_without_any_key_mails_leave_unsigned_and_that_is_said(under: Under) -> None:
    assert states(signing(under(), [DOMAIN])) == {("signing", DOMAIN): "look"}
    checks = signing(under(sign="required"), [DOMAIN])
    assert states(checks) == {("signing", DOMAIN): "broken"}
    assert f"mailer keys dkim new {DOMAIN}" in says(checks, "signing")


def test_a_domain_that_no_key_signs_for_is_broken(under: Under, server: NameServer) -> None:
    house = under(RSA)
    (key,) = house.keys.dkim
    server.answers[key.record_name] = txt(key.record_value)
    checks = signing(house, ["other.example"])
    assert states(checks) == {("signing", "other.example"): "broken", ("dkim", key.record_name): "fine"}


def test_a_damaged_key_is_broken(under: Under) -> None:
    checks = signing(under(RSA, lambda keys: list(map(damaged, keys))), [DOMAIN])
    assert states(checks)["signing", DOMAIN] == "broken"
    assert "damaged" in says(checks, "signing")


def test_where_the_relay_signs_nothing_is_asked(under: Under, server: NameServer) -> None:
    assert [check.state for check in signing(under(RSA, sign="off"), [DOMAIN])] == ["fine"]
    assert server.asked == []


def test_ed25519_alone_is_warned_of(under: Under) -> None:
    checks = signing(under(ED25519, dns="off"), [DOMAIN])
    assert states(checks)["signing", DOMAIN] == "look"
    assert "many receivers cannot verify" in says(checks, "signing")
    assert "MAILER_DNS is off" in says(checks, "dkim")
    assert states(signing(under(RSA, dns="off"), [DOMAIN]))["signing", DOMAIN] == "fine"


def test_a_key_that_waits_says_what_for(under: Under, server: NameServer) -> None:
    house = under(NEXT)
    (key,) = house.keys.dkim
    waiting = signing(house, [])
    assert states(waiting) == {("dkim", key.record_name): "look"}
    assert "no record" in says(waiting, "dkim")
    server.answers[key.record_name] = txt(key.record_value)
    assert f"mailer keys dkim use {DOMAIN} {key.selector}" in says(signing(house, []), "dkim")


def test_a_retired_key_is_nobodys_concern(under: Under) -> None:
    house = under(RSA)
    assert signing(under(retired(DOMAIN, house.keys.dkim[0].selector)), []) == []
