"""Campaign and its counts: an edition on its way to an audience."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.model.base import Base
from mailer.model.delivery import DeliveryState
from mailer.model.edition import Edition
from mailer.model.newsletter import Topic


class CampaignState(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    HELD = "held"
    EXPANDING = "expanding"
    SENDING = "sending"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


_S = CampaignState
CAMPAIGN_STEPS = {
    _S.DRAFT: frozenset({_S.SCHEDULED, _S.EXPANDING, _S.CANCELLED}),
    _S.SCHEDULED: frozenset({_S.DRAFT, _S.HELD, _S.EXPANDING, _S.CANCELLED}),
    _S.HELD: frozenset({_S.SCHEDULED, _S.EXPANDING, _S.SENDING, _S.CANCELLED}),
    _S.EXPANDING: frozenset({_S.SENDING, _S.CANCELLED}),
    _S.SENDING: frozenset({_S.PAUSED, _S.HELD, _S.FINISHED, _S.CANCELLED}),
    _S.PAUSED: frozenset({_S.SENDING, _S.CANCELLED}),
    # Settling an uncertain row as "send again" reopens.
    _S.FINISHED: frozenset({_S.SENDING}),
    _S.CANCELLED: frozenset(),
}


class Campaign(Base):
    """Edition × topic × segment × time. ``uncertain_policy`` is ``leave`` or ``resend``.

    A ``test`` has one delivery, to one address, of a variant that need not be approved. From ``collapsed_at``
    on its counts and reasons are all there is: its deliveries are gone, or about to go.
    """

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"))
    segment: Mapped[dict[str, Any] | None]
    state: Mapped[CampaignState] = mapped_column(index=True)
    uncertain_policy: Mapped[str]
    approval: Mapped[int | None]
    test: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    scheduled_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    collapsed_at: Mapped[datetime | None]

    edition: Mapped[Edition] = relationship()
    topic: Mapped[Topic] = relationship()


class Count(Base):
    """How many deliveries of a campaign are in a state, by variant and provider.

    Changed in the transaction that changes the rows, so that figures need not count them.
    """

    __tablename__ = "count"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[DeliveryState] = mapped_column(primary_key=True)
    n: Mapped[int]


class Reason(Base):
    """Why deliveries of a collapsed campaign failed, waited or stayed in doubt, and how many; the commonest."""

    __tablename__ = "reason"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    reason: Mapped[str]
    n: Mapped[int]
