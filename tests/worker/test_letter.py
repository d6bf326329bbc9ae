"""Letters: whom each is addressed to, and what it calls them."""

from email import message_from_bytes
from email.policy import default

from lxml.html import document_fromstring

from mailer.demo.people import people
from mailer.i18n import EN, ZH, languages
from mailer.model import Campaign
from mailer.values import greeting
from tests.worker.conftest import MemoryTransport, Run


def test_readers_are_called_what_they_asked_to_be_called(
    sending: Campaign, transport: MemoryTransport, drain: Run
) -> None:
    assert sending
    drain()
    called = {person.address: person for person in people(40) if person.greeting_name}
    assert {tag for person in called.values() for tag in languages(person.mode)} >= {ZH, EN}
    mails = {parcel.recipient: message_from_bytes(parcel.content, policy=default) for parcel in transport.sent}
    for address, person in called.items():
        assert mails[address]["To"].addresses[0].display_name == person.name
        for body in map(mails[address].get_body, (["plain"], ["html"])):
            assert body is not None
            said = "".join(map(str, document_fromstring(body.get_content()).itertext()))
            assert all(greeting(person.greeting_name, tag) in said for tag in languages(person.mode))
            assert person.name not in said
