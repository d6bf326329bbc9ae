"""The address of the pages: set, and its name in the DNS."""

import pytest
from dns.message import Message

from mailer import resolver
from mailer.config import Settings
from mailer.doctor.pages import pages
from tests.doctor.conftest import Under
from tests.nameserver import Answer, NameServer, records

pytestmark = pytest.mark.databases("sqlite")
HOST = "news.example.org"


def _silence(_: Message) -> None:
    return None


@pytest.mark.parametrize(
    ("answer", "state", "word"),
    [
        (records("A 192.0.2.1"), "fine", "one-click"),
        (records("AAAA 2001:db8::1"), "fine", "one-click"),
        (records("TXT hello"), "broken", "not in the DNS"),
        (None, "broken", "not in the DNS"),
        (_silence, "look", "did not answer"),
    ],
)
def test_its_name_is_looked_up(
    under: Under, server: NameServer, monkeypatch: pytest.MonkeyPatch, answer: Answer | None, state: str, word: str
) -> None:
    monkeypatch.setattr(resolver, "SECONDS", 1.0)
    if answer:
        server.answers[HOST] = answer
    check = pages(under(public_url=f"https://{HOST}:8443").settings)
    assert (check.state, word in str(check.says)) == (state, True)


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ({"public_url": Settings.model_fields["public_url"].default}, "broken"),
        ({"public_url": "https://192.0.2.1"}, "look"),
        ({"public_url": f"https://{HOST}", "dns": "off"}, "look"),
    ],
)
def test_what_needs_no_question_asks_none(
    under: Under, server: NameServer, settings: dict[str, str], state: str
) -> None:
    assert pages(under(**settings).settings).state == state
    assert server.asked == []
