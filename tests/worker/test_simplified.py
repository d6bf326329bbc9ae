"""A reader of Simplified Chinese, whom nobody writes for: from the ledger to the mail, the page and the web version."""

from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from mailer.audience.enrol import enrol
from mailer.campaign.campaign import create, start
from mailer.compose.edition import save
from mailer.compose.folder import read
from mailer.demo import organisation, show
from mailer.demo.people import people
from mailer.i18n import AUTOMATIC
from mailer.installation import Installation
from mailer.model import Topic, Variant
from mailer.render.approval import approve
from mailer.web import app
from tests.worker.conftest import MemoryTransport, Run

LETTER = Path(show.__file__).parent / "editions" / "letter-2026-08"


@pytest.fixture
def mail(house: Installation, topic: Topic, transport: MemoryTransport, drain: Run) -> bytes:
    """What such a reader gets of the letter, which is converted when it is approved."""
    # The letter is an issue, which goes to those who want everything.
    reader = replace(next(person for person in people(40) if person.pace == "all"), mode=AUTOMATIC)
    list(enrol(house.database, house.keys, topic, "test-1", [reader]))
    with house.database.write() as session:
        found = session.merge(topic)
        edition = save(session, found.newsletter, read(LETTER), organisation.AUTHOR)
        approve(session, edition, organisation.APPROVER)
        start(session, create(session, edition, found, organisation.AUTHOR), organisation.AUTHOR)
    assert not drain()
    (parcel,) = transport.sent
    return parcel.content


def test_the_mail_and_all_that_it_leads_to_are_in_simplified_chinese(house: Installation, mail: bytes) -> None:
    message = message_from_bytes(mail, policy=default)
    assert message["Content-Language"] == AUTOMATIC
    for subtype in ("plain", "html"):
        text = next(part for part in message.walk() if part.get_content_subtype() == subtype).get_content()
        assert "由繁体版自动转换" in text
        assert "逾期不罚款" in text
        assert "逾期不罰款" not in text
        assert f"?lang={AUTOMATIC}" in text
    page = urlsplit(message["List-Unsubscribe"].partition(">")[0].lstrip("<"))
    with TestClient(app.create(house)) as browser, house.database.read() as session:
        unsubscribe = browser.get(f"{page.path}?{page.query}")
        web = browser.get(f"/web/{session.scalars(select(Variant.hash).where(Variant.mode == AUTOMATIC)).one()}")
    assert page.query == f"lang={AUTOMATIC}"
    assert (unsubscribe.status_code, '<html lang="zh-Hans-CN">' in unsubscribe.text) == (200, True)
    assert (web.status_code, web.headers["Content-Language"]) == (200, AUTOMATIC)
    assert "逾期不罚款" in web.text
