import itertools

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.campaign.campaign import create, find, start
from mailer.campaign.ledger import finish, transition
from mailer.demo.organisation import AUTHOR
from mailer.errors import RefusedError
from mailer.installation import Installation
from mailer.model import (
    Campaign,
    CampaignState,
    Count,
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    Subscriber,
    Suppression,
    Variant,
)
from mailer.model.delivery import DELIVERY_STEPS
from mailer.model.subscriber import SubscriberState
from mailer.report.figures import figures

S = DeliveryState


def _rows(session: Session) -> dict[tuple[int, str, S], int]:
    groups = (Delivery.variant_id, Delivery.provider, Delivery.state)
    return {(v, p, s): n for v, p, s, n in session.execute(select(*groups, func.count()).group_by(*groups))}


def _counts(session: Session) -> dict[tuple[int, str, S], int]:
    return {(c.variant_id, c.provider, c.state): c.n for c in session.scalars(select(Count)) if c.n}


def test_starting_makes_one_delivery_each_in_the_language_they_chose(house: Installation, sending: Campaign) -> None:
    with house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 40
        wrong = (
            select(func.count())
            .select_from(Delivery)
            .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
            .join(Variant, Variant.id == Delivery.variant_id)
            .where(Variant.mode != Subscriber.mode)
        )
        assert session.scalar(wrong) == 0
        assert figures(session, sending.id).states == {S.PENDING: 40}


def test_a_mode_that_is_not_offered_falls_back_and_says_so(house: Installation, campaign: Campaign) -> None:
    with house.database.write() as session:
        one = session.scalars(select(Subscriber).limit(1)).one()
        one.mode = "fr+zh-Hant-TW"
    with house.database.write() as session:
        start(session, find(session, campaign.id), AUTHOR)
    with house.database.read() as session:
        row = session.scalars(select(Delivery).where(Delivery.fallback)).one()
        assert row.subscriber_id == one.id
        assert session.get_one(Variant, row.variant_id).mode == "zh-Hant-HK"


def test_who_is_suppressed_erased_or_paused_is_not_meant(house: Installation, campaign: Campaign) -> None:
    with house.database.write() as session:
        one, two, three, *_ = session.scalars(select(Subscriber)).all()
        session.add(Suppression(address_index=one.address_index, reason="complaint", at=one.created_at))
        two.state, three.state = SubscriberState.ERASED, SubscriberState.PAUSED
    with house.database.write() as session:
        assert start(session, find(session, campaign.id), AUTHOR) == 37


def test_a_campaign_starts_once(house: Installation, sending: Campaign) -> None:
    with pytest.raises(RefusedError, match="cannot go from"), house.database.write() as session:
        start(session, find(session, sending.id), AUTHOR)
    with house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 40


def test_an_unapproved_edition_is_not_sent(house: Installation, campaign: Campaign) -> None:
    with house.database.write() as session:
        edition = session.get_one(Edition, campaign.edition_id)
        edition.state = EditionState.DRAFT
        with pytest.raises(RefusedError, match="not approved"):
            create(session, edition, session.get_one(Campaign, campaign.id).topic, AUTHOR)


def test_counts_move_with_the_rows_and_only_with_them(house: Installation, sending: Campaign) -> None:
    assert sending
    with house.database.write() as session:
        ids = sorted(session.scalars(select(Delivery.id)))
        assert sorted(transition(session, S.PENDING, S.SENDING, ids[:20], new_claim="a")) == ids[:20]
        assert sorted(transition(session, S.PENDING, S.SENDING, ids[:25], new_claim="b")) == ids[20:25]
        assert sorted(transition(session, S.SENDING, S.SENT, ids[:10], claim="a")) == ids[:10]
        assert transition(session, S.SENDING, S.SENT, ids[:20], claim="b") == []
    with house.database.read() as session:
        assert _counts(session) == _rows(session)
        assert sum(_rows(session).values()) == 40


def test_no_step_outside_the_table_is_taken(house: Installation, sending: Campaign) -> None:
    assert sending
    with house.database.write() as session:
        for before, after in itertools.product(S, S):
            if after not in DELIVERY_STEPS[before]:
                with pytest.raises(ValueError, match="no delivery goes"):
                    transition(session, before, after, [1])


def test_a_campaign_is_finished_when_no_row_is_open(house: Installation, sending: Campaign) -> None:
    with house.database.write() as session:
        ids = list(session.scalars(select(Delivery.id)))
        transition(session, S.PENDING, S.SENDING, ids, new_claim="a")
        transition(session, S.SENDING, S.SENT, ids[1:], claim="a")
        assert finish(session) == []
        transition(session, S.SENDING, S.UNCERTAIN, ids[:1], claim="a")
        assert finish(session) == [sending.id]
        assert session.get_one(Campaign, sending.id, populate_existing=True).state is CampaignState.FINISHED
