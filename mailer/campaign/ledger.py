"""The ledger's only way of changing: bulk compare-and-set; counts and departures move in the same transaction."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Double, Table, exists, func, literal, select, update
from sqlalchemy.orm import Session

from mailer.campaign import count, departure
from mailer.db.rows import one_of, rows
from mailer.db.types import now_in
from mailer.model import Campaign, CampaignState, Count, Delivery, DeliveryState
from mailer.model.base import allowed
from mailer.model.delivery import CLAIMABLE, DELIVERY_STEPS, OPEN

_TABLE = cast(Table, Delivery.__table__)
_LEFT = (DeliveryState.SENT, DeliveryState.UNCERTAIN)
# Moments are given as seconds from now, and become moments of the database's clock.
_TYPES = {name: _TABLE.c[name].type for name in ("id", "reason", "attempts")} | {"next_at": Double()}


def transition(
    session: Session,
    before: DeliveryState,
    after: DeliveryState,
    ids: Sequence[int],
    *,
    claim: str | None = None,
    new_claim: str | None = None,
    each: Mapping[str, Sequence[Any]] | None = None,
    **values: Any,
) -> list[int]:
    """Move those of ``ids`` that still are ``before`` (and held under ``claim``, where given) to ``after``.

    ``values`` are set on all of them; ``each`` has a value for each of ``ids``: ``reason``,
    ``attempts``, ``next_at`` (seconds from now, or ``None``). Returns the ids that moved;
    ``new_claim`` takes them into a worker's hands. Leaving these for good drops claim and lease;
    ``uncertain`` keeps the claim, so that a returning owner may still settle its own rows.
    """
    if not allowed(DELIVERY_STEPS, before, after):
        raise ValueError(f"no delivery goes from {before} to {after}")
    if not ids:
        return []
    # Opaque as well (``one_of``): else a planner takes the index of all rows in that state, a million perhaps.
    still = _TABLE.c.state == select(literal(before, _TABLE.c.state.type)).scalar_subquery()
    move = update(_TABLE).where(one_of(session, _TABLE.c.id, ids), still)
    if each:
        given = rows(session, {name: _TYPES[name] for name in ("id", *each)}, {"id": ids, **each})
        values |= {name: now_in(given.c[name]) if name == "next_at" else given.c[name] for name in each}
        move = move.where(_TABLE.c.id == given.c.id)
    if new_claim is not None:
        values["claim"] = new_claim
    if after is not DeliveryState.SENDING:
        # Nothing of an earlier state stays: neither why it was so nor when. But of what comes back untried nothing
        # has become: what was the matter with it before still is.
        untried = before is DeliveryState.SENDING and after is DeliveryState.PENDING
        values = {"lease_until": None} | ({} if untried else {"reason": None}) | values
        values |= {} if after is DeliveryState.UNCERTAIN else {"claim": None}
        values["settled_at"] = None if after in OPEN else now_in()
    if claim is not None:
        move = move.where(_TABLE.c.claim == claim)
    moved = session.execute(
        move.values(state=after, **values).returning(
            _TABLE.c.id, _TABLE.c.campaign_id, _TABLE.c.variant_id, _TABLE.c.provider, _TABLE.c.route
        )
    ).all()
    count.move(session, ((row.campaign_id, row.variant_id, row.provider) for row in moved), before, after)
    # A doubt that is settled has been counted as having left: only the step from the wire counts.
    if before is DeliveryState.SENDING and after in _LEFT:
        departure.note(session, ((row.route, row.provider) for row in moved))
    return [row.id for row in moved]


def disown(session: Session, ids: Sequence[int], claim: str) -> list[int]:
    """Take uncertain deliveries out of the hands of ``claim``, and name them: nobody knows more than the ledger."""
    if not ids:
        return []
    mine = (one_of(session, _TABLE.c.id, ids), _TABLE.c.state == DeliveryState.UNCERTAIN, _TABLE.c.claim == claim)
    return list(session.scalars(update(_TABLE).where(*mine).values(claim=None).returning(_TABLE.c.id)))


def finish(session: Session) -> list[int]:
    """Close each sending campaign that has no open row left; their numbers.

    One that was closed and has open rows again, since a doubt was settled as "send again", is sent on.
    """
    count.write(session)
    left = exists().where(Count.campaign_id == Campaign.id, Count.state.in_(OPEN), Count.n > 0)
    again = {"state": CampaignState.SENDING, "finished_at": None}
    session.execute(update(Campaign).where(Campaign.state == CampaignState.FINISHED, left).values(again))
    closed = session.scalars(
        update(Campaign)
        .where(Campaign.state == CampaignState.SENDING, ~left)
        .values(state=CampaignState.FINISHED, finished_at=now_in())
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
