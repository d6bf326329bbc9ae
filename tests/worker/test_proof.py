"""Test mails: any variant to any address, marked, through the same lanes, and the address is forgotten."""

from collections.abc import Callable
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import func, select

from mailer import clock
from mailer.campaign import proof, retention
from mailer.campaign.campaign import create, start
from mailer.compose.draft import Draft
from mailer.compose.edition import revise, save
from mailer.compose.folder import read
from mailer.errors import InvalidError, RefusedError
from mailer.i18n import EN, ZH
from mailer.installation import Installation
from mailer.model import AuditEntry, Campaign, CampaignState, Recipient, Suppression, Topic
from mailer.render.approval import approve
from mailer.report.figures import all_figures
from tests.mould import SAMPLE
from tests.worker.conftest import MemoryTransport

BOTH = f"{ZH}+{EN}"
ADDRESS = "tester@harbour.example"
Drain = Callable[[], bool]


def _send(house: Installation, topic: Topic, mode: str = BOTH, address: str = ADDRESS) -> int:
    with house.database.write() as session:
        found = session.merge(topic)
        edition = save(session, found.newsletter, read(SAMPLE), "Ada")
        return proof.send(session, house.keys, edition, found, mode, address, "Ada").id


def test_a_test_of_what_nobody_approved_arrives_marked_in_both_languages(
    house: Installation, topic: Topic, transport: MemoryTransport, drain: Drain
) -> None:
    number = _send(house, topic)
    assert not drain()
    (parcel,) = transport.sent
    assert parcel.recipient == ADDRESS
    message = message_from_bytes(parcel.content, policy=default)
    assert str(message["Subject"]).startswith("〔測試〕")
    for subtype in ("plain", "html"):
        text = next(part for part in message.walk() if part.get_content_subtype() == subtype).get_content()
        assert "這是測試電郵" in text
        assert "A test, sent by Ada" in text
    with house.database.write() as session:
        assert session.get_one(Campaign, number).state is CampaignState.FINISHED
        assert session.scalar(select(func.count()).select_from(Recipient)) == 1
        assert retention.forget(session) == 1
        assert session.scalar(select(func.count()).select_from(Recipient)) == 0
        assert all_figures(session) == []


def test_what_waits_keeps_its_address(house: Installation, topic: Topic) -> None:
    _send(house, topic)
    with house.database.write() as session:
        assert retention.forget(session) == 0


def test_it_stands_on_record_without_the_address(house: Installation, topic: Topic) -> None:
    number = _send(house, topic, EN)
    with house.database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "campaign.test")).one()
        assert (entry.name, entry.subject) == ("Ada", str(number))
        assert entry.detail == {"mode": EN, "edition": "wrap-up-2026", "newsletter": "tideline"}


@pytest.mark.parametrize("address", ["no address", "a@b\r\nBcc: c@d.example", ""])
def test_what_is_no_address_is_refused(house: Installation, topic: Topic, address: str) -> None:
    with pytest.raises(InvalidError):
        _send(house, topic, EN, address)
    with house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Campaign)) == 0


def test_who_asked_never_to_be_written_to_gets_no_test(house: Installation, topic: Topic) -> None:
    with house.database.write() as session:
        session.add(Suppression(address_index=house.keys.address_index(ADDRESS), reason="erased", at=clock.now()))
    with pytest.raises(RefusedError, match="another"):
        _send(house, topic)


def test_who_asks_so_while_a_test_waits_gets_none(
    house: Installation, topic: Topic, transport: MemoryTransport, drain: Drain
) -> None:
    number = _send(house, topic)
    with house.database.write() as session:
        session.add(Suppression(address_index=house.keys.address_index(ADDRESS), reason="erased", at=clock.now()))
    assert not drain()
    assert transport.sent == []
    with house.database.write() as session:
        assert session.get_one(Campaign, number).state is CampaignState.FINISHED
        assert retention.forget(session) == 1


def test_a_campaign_does_not_start_with_what_was_changed_since_its_approval(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        found = session.merge(topic)
        edition = save(session, found.newsletter, draft, "Ada")
        approve(session, edition, "Bo")
        campaign = create(session, edition, found, "Ada")
        changed = draft.model_copy(deep=True)
        changed.block("share").texts[EN]["body"] = "Please pass this on."  # type: ignore[union-attr]  # it is there
        revise(session, edition, changed, "Ada")
        with pytest.raises(RefusedError, match="not approved"):
            start(session, campaign, "Ada")
