"""What leaves is what arrives: our mails through our SMTP to a real sink."""

import asyncio
import json
from pathlib import Path

import pytest

from mailer.demo import show
from mailer.demo.sink import RECORD
from mailer.i18n import EN
from mailer.render.holes import Form
from tests.render.test_message import SMUGGLED, issue, sent
from worker.transport import Fate, Parcel
from worker.transport.endpoint import Endpoint
from worker.transport.smtp import Smtp

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


def mails() -> list[bytes]:
    """Attack cases 5 and 6, and lines far beyond 998 octets, as texts that people type and readers' names."""
    hostile = [*SMUGGLED, "\n.\n.\n..\n", "." * 5000, "x" * 5000, "潮" * 5000 + "\n.\n", ".\n" * 500]
    forms = [
        Form((text, f"潮{text}." if number % 2 else text), (f"greeting-{EN}",)) for number, text in enumerate(hostile)
    ]
    return [sent(issue(form, form), name=".") for form in forms]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sink").mkdir()
    return tmp_path / "sink"


@pytest.mark.promise(12)
def test_every_mail_arrives_once_octet_for_octet(folder: Path) -> None:
    """Attack cases 5 and 6: nothing in a mail ends it early, nothing is lost of it, nothing is added."""
    contents = [*(HEAD + body for body in DOTTED), *mails()]

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
