"""The ledger's only way of changing: bulk compare-and-set, with the counts moved in the same transaction."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, exists, func, select, update
from sqlalchemy.orm import Session

from mailer import clock
from mailer.db.upsert import insert
from mailer.model import Campaign, CampaignState, Count, Delivery, DeliveryState
from mailer.model.base import allowed
from mailer.model.delivery import CLAIMABLE, DELIVERY_STEPS, HELD, OPEN


def transition(
    session: Session,
    before: DeliveryState,
    after: DeliveryState,
    ids: Sequence[int],
    *,
    claim: str | None = None,
    new_claim: str | None = None,
    **values: Any,
) -> list[int]:
    """Move those of ``ids`` that still are ``before`` (and held under ``claim``, where given) to ``after``.

    Returns the ids that moved; ``new_claim`` takes them into a worker's hands. Leaving these for
    good drops claim and lease; ``uncertain`` keeps the claim, so that a returning owner may still
    settle its own rows.
    """
    if not allowed(DELIVERY_STEPS, before, after):
        raise ValueError(f"no delivery goes from {before} to {after}")
    if not ids:
        return []
    if new_claim is not None:
        values["claim"] = new_claim
    if after not in HELD:
        values |= {"lease_until": None} | ({} if after is DeliveryState.UNCERTAIN else {"claim": None})
    if after not in OPEN:
        values["settled_at"] = clock.now()
    mine = Delivery.claim == claim if claim is not None else and_(True)
    moved = session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids), Delivery.state == before, mine)
        .values(state=after, **values)
        .returning(Delivery.id, Delivery.campaign_id, Delivery.variant_id, Delivery.provider)
        .execution_options(synchronize_session=False)
    ).all()
    if before not in OPEN and after in OPEN:
        _reopen(session, {row.campaign_id for row in moved})
    _move_counts(session, Counter((row.campaign_id, row.variant_id, row.provider) for row in moved), before, after)
    return [row.id for row in moved]


def _reopen(session: Session, campaigns: set[int]) -> None:
    """A settled doubt that is to be sent again: its campaign is not finished after all."""
    session.execute(
        update(Campaign)
        .where(Campaign.id.in_(campaigns), Campaign.state == CampaignState.FINISHED)
        .values(state=CampaignState.SENDING, finished_at=None)
        .execution_options(synchronize_session=False)
    )


def _move_counts(
    session: Session, moved: Counter[tuple[int, int, str]], before: DeliveryState, after: DeliveryState
) -> None:
    # In one order, so that two such changes never wait for each other in a ring; a transaction that makes
    # several may, and is then undone by the database and asked for again.
    changes = sorted(
        (campaign, variant, provider, state, n * sign)
        for (campaign, variant, provider), n in moved.items()
        for state, sign in ((before, -1), (after, 1))
    )
    if not changes:
        return
    keys = ("campaign_id", "variant_id", "provider", "state", "n")
    statement = insert(session, Count)
    session.execute(
        statement.on_conflict_do_update(index_elements=keys[:4], set_={"n": Count.n + statement.excluded.n}),
        [dict(zip(keys, change, strict=True)) for change in changes],
    )


def finish(session: Session) -> list[int]:
    """Close each sending campaign that has no open row left; their numbers."""
    left = exists().where(Count.campaign_id == Campaign.id, Count.state.in_(OPEN), Count.n > 0)
    closed = session.scalars(
        update(Campaign)
        .where(Campaign.state == CampaignState.SENDING, ~left)
        .values(state=CampaignState.FINISHED, finished_at=clock.now())
        .returning(Campaign.id)
        .execution_options(synchronize_session=False)
    )
    return list(closed)


def open_deliveries(session: Session) -> int:
    """How many deliveries of sending campaigns wait to be claimed."""
    waiting = (
        select(func.coalesce(func.sum(Count.n), 0))
        .join(Campaign, Campaign.id == Count.campaign_id)
        .where(Campaign.state == CampaignState.SENDING, Count.state.in_(CLAIMABLE))
    )
    return int(session.scalar(waiting) or 0)
