"""Signatures, judged by others: dkimpy, and OpenDKIM, which most mail servers that check them use."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from itertools import islice, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.demo.people import people
from mailer.i18n import EN, ZH
from mailer.render.frozen import Reader
from mailer.render.holes import Form
from mailer.render.message import NOBODY, Mail, compile_mail
from mailer.vault import Algorithm, DkimKey, KeyState
from mailer.vault.rotation import made
from tests import dkimpy
from tests.opendkim import OpenDkim
from tests.render.test_header import REFUSED
from tests.render.test_message import defects, demand_lawful, issue
from tests.samples import FOLDERS, compiled, variants
from worker.sign import Signer

DATE = datetime(2026, 12, 20, 9, tzinfo=UTC)
SAMPLES = [(name, mode) for name in FOLDERS for mode in variants(name)]
RSA, ED25519 = Algorithm.RSA, Algorithm.ED25519
ARRANGEMENTS = {"RSA": [RSA], "RSA and Ed25519": [RSA, ED25519], "Ed25519": [ED25519]}


def _keys() -> dict[Algorithm, DkimKey]:
    """A key of each kind, of one domain; made once, since it takes its time."""
    keys: Sequence[DkimKey] = []
    for algorithm in (RSA, ED25519):
        keys = made(NOBODY.domain, algorithm, KeyState.SIGNING)(keys)
    return {key.algorithm: key for key in keys}


KEYS = _keys()
SIMPLE = compile_mail(issue(Form(("潮水\n", "."), (f"greeting-{EN}",)), subject="五一 | May Day"), NOBODY, {})

each_arrangement = pytest.mark.parametrize("algorithms", ARRANGEMENTS.values(), ids=ARRANGEMENTS)


def a_reader(name: str = "陳Alex", greeting_name: str = "") -> Reader:
    since = datetime(2025, 5, 1, tzinfo=UTC)
    return Reader(name, {ZH: "《潮信》", EN: "Tideline"}, since, "https://letters.example/u/TOKEN", greeting_name)


def signed(mail: Mail, algorithms: Sequence[Algorithm] = (RSA, ED25519), reader: Reader | None = None) -> bytes:
    signer = Signer([KEYS[algorithm] for algorithm in algorithms], mail.shared)
    return mail.fill(reader or a_reader(), "zoe@reader.example", "abc123", DATE, signer.sign)


def verdicts(mail: bytes) -> list[bool]:
    """What dkimpy says of each signature of a mail."""
    return dkimpy.passed(mail, KEYS.values())


@pytest.fixture
def opendkim(tmp_path: Path) -> OpenDkim:
    return OpenDkim(list(KEYS.values()), tmp_path)


@each_arrangement
@pytest.mark.parametrize(("name", "mode"), SAMPLES)
def test_every_variant_is_signed_and_verified(name: str, mode: str, algorithms: list[Algorithm]) -> None:
    mail = signed(compiled(name)[mode], algorithms)
    demand_lawful(mail)
    assert verdicts(mail) == [True] * len(algorithms)


@pytest.mark.usefixtures("servers")
@pytest.mark.promise(12)
def test_opendkim_verifies_every_variant(opendkim: OpenDkim) -> None:
    for name, mode in SAMPLES:
        assert opendkim.passed(signed(compiled(name)[mode])) == [True, True]


def fields(mail: bytes) -> list[bytes]:
    """The header's fields, with their line ends."""
    return re.findall(rb"[^\r]+(?:\r\n[ \t][^\r]*)*\r\n", mail.partition(b"\r\n\r\n")[0] + b"\r\n")


def named(mail: bytes) -> list[str]:
    """What the header's first signature says that it covers."""
    (listed,) = re.findall(r"\bh=([^;]*);", message_from_bytes(mail)["DKIM-Signature"])
    return [each.strip() for each in listed.split(":")]


def tampered(mail: bytes) -> Iterator[tuple[str, bytes]]:
    """The mail with something about it changed: what, and what is left of it."""
    header, _, body = mail.partition(b"\r\n\r\n")
    found = fields(mail)
    for number, field in enumerate(found):
        name = field.partition(b":")[0].decode()
        if name == "DKIM-Signature":
            continue
        less = found[:number] + found[number + 1 :]
        yield f"without {name}", b"".join(less) + b"\r\n" + body
        yield f"another {name}", mail.replace(field, field[:-2] + b"x\r\n", 1)
    for name in sorted({*named(mail), "cc", "content-transfer-encoding"}):
        yield f"{name} on top", name.encode() + b": x@evil.example\r\n" + mail
        yield f"{name} below", header + b"\r\n" + name.encode() + b": x@evil.example\r\n\r\n" + body
    yield "a letter of the body", mail[:-40] + bytes([mail[-40] ^ 1]) + mail[-39:]
    yield "more body", mail + b"x\r\n"
    yield "less body", mail[:-30] + b"\r\n"


def test_whatever_is_changed_removed_or_put_on_top_is_noticed() -> None:
    mail = signed(SIMPLE)
    assert verdicts(mail) == [True, True]
    assert [what for what, other in tampered(mail) if any(verdicts(other))] == []


@pytest.mark.usefixtures("servers")
def test_opendkim_notices_as_well(opendkim: OpenDkim) -> None:
    mail = signed(SIMPLE)
    assert opendkim.passed(mail) == [True, True]
    assert [what for what, other in tampered(mail) if any(opendkim.passed(other))] == []


def test_what_relays_may_do_breaks_nothing() -> None:
    """They put their own fields on top, fold anew, change the case of names, and add empty lines at the end."""
    mail = signed(SIMPLE)
    received = b"Received: from a.example by b.example; Sun, 20 Dec 2026 09:00:01 +0000\r\n"
    folded = mail.replace(b"List-Id: ", b"list-ID:\r\n\t  ").replace(b"MIME-Version: 1.0", b"mime-version:1.0  ")
    assert folded != mail
    for other in (received + mail, folded, mail + b"\r\n\r\n"):
        assert verdicts(other) == [True, True]


def test_every_field_that_we_send_is_named_and_both_ways_to_unsubscribe_are() -> None:
    for (name, mode), algorithms in product(SAMPLES, ARRANGEMENTS.values()):
        mail = signed(compiled(name)[mode], algorithms)
        covered = set(named(mail))
        assert {"list-unsubscribe", "list-unsubscribe-post"} <= covered
        sent = {field.partition(b":")[0].decode().lower() for field in fields(mail)}
        assert sent - {"dkim-signature"} <= covered
        for signature in message_from_bytes(mail).get_all("DKIM-Signature", []):
            tags = re.sub(r"\bh=[^;]*;", "", signature).partition("bh=")[0]
            assert not re.search(r"\b[lxti]=", tags)


@each_arrangement
def test_a_signature_is_folded_and_says_how_it_was_made(algorithms: list[Algorithm]) -> None:
    found = [field for field in fields(signed(SIMPLE, algorithms)) if field.startswith(b"DKIM-Signature: ")]
    for field, algorithm in zip(found, algorithms, strict=True):
        assert max(map(len, field.split(b"\r\n"))) <= 78
        for tag in (
            "v=1;",
            f"a={algorithm};",
            "c=relaxed/simple;",
            "d=letters.example;",
            f"s={KEYS[algorithm].selector};",
        ):
            assert tag in field.decode()


def test_without_a_key_nothing_is_added() -> None:
    assert signed(SIMPLE, ()) == SIMPLE.fill(a_reader(), "zoe@reader.example", "abc123", DATE)


def test_a_long_domain_still_verifies() -> None:
    key = replace(KEYS[ED25519], domain=".".join(["x" * 60] * 3 + ["example"]))
    mail = SIMPLE.fill(a_reader(), "zoe@reader.example", "a", DATE, Signer([key], SIMPLE.shared).sign)
    assert dkimpy.passed(mail, [key]) == [True]


_PIECES = st.one_of(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=REFUSED),
    st.sampled_from(' 潮汐𨋢㘭👩🏽‍🚀e\u0301?=_,."<>\\@%\u3000\u00a0'),
    st.sampled_from(["x" * 200, "潮" * 90, ". ", "  ", "=?utf-8?q?x?=", "From "]),
)
_WORDS = st.lists(_PIECES, max_size=30).map("".join)


@given(_WORDS, _WORDS, _WORDS, _WORDS)
def test_whatever_people_are_called_and_type_is_verified(subject: str, sender: str, name: str, greeting: str) -> None:
    form = Form((subject, sender, ""), (f"greeting-{EN}", f"since-{EN}"))
    mail = compile_mail(issue(form, form, subject=subject, sender=sender), NOBODY, {})
    assert verdicts(signed(mail, [ED25519], a_reader(name, greeting))) == [True]


@pytest.fixture
def many(pytestconfig: pytest.Config) -> int:
    return 10_000 if pytestconfig.getoption("chaos") else 200


@pytest.mark.usefixtures("servers")
@pytest.mark.promise(12)
def test_thousands_of_mails_are_lawful_parsed_and_verified(many: int, opendkim: OpenDkim) -> None:
    """Of every variant in turn, to people of all kinds of names; each by OpenDKIM, some by dkimpy, which is slow."""
    chance = random.Random(2026)  # noqa: S311 — the same mails in each run
    mails = [compiled(name)[mode] for name, mode in SAMPLES]
    signers = [Signer(list(KEYS.values()), mail.shared) for mail in mails]
    for number, person in enumerate(islice(people(many), many)):
        mail, signer = mails[number % len(mails)], signers[number % len(mails)]
        date = DATE + timedelta(seconds=chance.randrange(10**7))
        reader = a_reader(person.name, person.greeting_name)
        octets = mail.fill(reader, person.address, f"m{number}", date, signer.sign)
        demand_lawful(octets)
        message = message_from_bytes(octets, policy=default)
        assert defects(message) == []
        assert message["To"].addresses[0].addr_spec == person.address
        assert opendkim.passed(octets) == [True, True]
        if number % 50 == 0:
            assert verdicts(octets) == [True, True]
