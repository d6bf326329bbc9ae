"""What leaves is what arrives: our mails through our SMTP to a real sink."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.demo import show
from mailer.demo.sink import RECORD
from mailer.i18n import EN
from mailer.render.frozen import Frozen
from mailer.render.holes import Form
from mailer.render.message import NOBODY, compile_mail
from tests.render.test_message import SMUGGLED, issue, sent
from tests.samples import compiled, variants
from tests.worker.authority import Authority
from tests.worker.line import Loop, each_loop, fates, run
from tests.worker.mailhost import Host, secret, speak
from tests.worker.test_sign import DATE, ED25519, KEYS, a_reader, verdicts
from worker.sign import Signer
from worker.transport import Fate, Parcel
from worker.transport.endpoint import Endpoint, Security
from worker.transport.smtp import Smtp

SAMPLE = "letter-2026-08"
HEAD = b"Subject: x\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
DOTTED = [
    b".\r\n",
    b"..\r\n",
    b"...\r\n.\r\n.\r\n",
    b".QUIT\r\n..\r\nRSET\r\n.\r\n",
    b"." * 998 + b"\r\n",
    b"x" * 998 + b"\r\n." + b"y" * 997 + b"\r\n",
]
"""Attack case 6, octets as they are."""


def issues() -> list[Frozen]:
    """Attack cases 5 and 6, and lines far beyond 998 octets, as texts that people type."""
    hostile = [*SMUGGLED, "\n.\n.\n..\n", "." * 5000, "x" * 5000, "潮" * 5000 + "\n.\n", ".\n" * 500]
    forms = [
        Form((text, f"潮{text}." if number % 2 else text), (f"greeting-{EN}",)) for number, text in enumerate(hostile)
    ]
    return [issue(form, form) for form in forms]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sink").mkdir()
    return tmp_path / "sink"


@pytest.mark.promise(12)
def test_every_mail_arrives_once_octet_for_octet(folder: Path) -> None:
    """Attack cases 5 and 6: nothing in a mail ends it early, nothing is lost of it, nothing is added."""
    contents = [*(HEAD + body for body in DOTTED), *(sent(each, name=".") for each in issues())]

    async def send(port: int) -> list[Fate]:
        relay = Smtp(Endpoint("127.0.0.1", port), 30.0)
        connection = relay.connect()
        fates = []
        for number, content in enumerate(contents):
            parcel = Parcel(number, "returns@news.example", f"reader{number}@reader.example", (content,))
            fates.append((await connection.send(parcel, lambda: None)).fate)
        await connection.close()
        return fates

    with show.sink(folder) as port:
        fates = asyncio.run(send(port))
    assert fates == [Fate.SENT] * len(contents)
    record = [json.loads(line) for line in (folder / RECORD).read_text().splitlines()]
    assert [entry["to"] for entry in record] == [[f"reader{n}@reader.example"] for n in range(len(contents))]
    assert [(folder / f"{entry['n']:06}.eml").read_bytes() for entry in record] == contents


def made() -> Iterator[Parcel]:
    """What a worker makes of these and of a sample edition: in pieces, signed, and sent as it is."""
    mails = [compiled(SAMPLE)[mode] for mode in variants(SAMPLE)]
    mails += [compile_mail(each, NOBODY, {}) for each in issues()]
    for number, mail in enumerate(mails):
        signer = Signer([KEYS[ED25519]], mail.shared)
        address, reader = f"reader{number}@reader.example", a_reader("." * (number % 3))
        pieces = mail.pieces(reader, address, f"m{number}", DATE, signer.sign)
        yield Parcel(number, "returns@news.example", address, pieces, dotless=True)


@each_loop
@pytest.mark.parametrize("security", [Security.NONE, Security.STARTTLS, Security.TLS])
@pytest.mark.promise(12)
def test_what_a_worker_signs_arrives_as_it_was_signed(tmp_path: Path, security: Security, loop: Loop) -> None:
    """One after another, with the next one's envelope behind it, and in one write with its own."""

    async def far(writer: asyncio.StreamWriter, reply: bytes) -> None:
        if reply.startswith(b"250-mx"):
            await asyncio.sleep(0.02)
        await speak(writer, reply)

    authority, parcels = Authority(tmp_path / "authority"), [*made()]
    shown = None if security is Security.NONE else authority.server()
    endpoint = Endpoint("127.0.0.1", 0, security, ca_file=str(authority.file))
    for offers, together in (((), False), (("PIPELINING",), True), (("PIPELINING", "CHUNKING"), False)):
        host = Host(*offers, speak=far, tls=shown, wrapped=security is Security.TLS)
        assert fates(run(host, parcels, together=together, endpoint=endpoint, loop=loop)) == [Fate.SENT] * len(parcels)
        assert [letter.recipient for letter in host.letters] == [parcel.recipient for parcel in parcels]
        assert [letter.body for letter in host.letters] == [b"".join(parcel.pieces) for parcel in parcels]
        assert [letter.counted for letter in host.letters[1:]] == ["CHUNKING" in offers] * (len(parcels) - 1)
        assert secret(host) or not shown
        # The same octets three times: what holds of the last holds of all.
    assert [verdicts(letter.body) for letter in host.letters] == [[True]] * len(parcels)
