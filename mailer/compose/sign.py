"""Approval by a named person: complete, four eyes, and on record. Freezing follows in render/approval.py."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.compose.check import demand_complete
from mailer.errors import RefusedError
from mailer.i18n import N_
from mailer.model import AuditEntry, Edition, EditionState, Staff


def sign(session: Session, edition: Edition, approver: str) -> None:
    """Mark an edition as approved by ``approver``.

    Raises InvalidError for missing or outdated texts, RefusedError where it is approved already
    or where author and approver are one person although there are two.
    """
    if not edition.can_become(EditionState.APPROVED):
        raise RefusedError(N_("The edition %(slug)s is approved already."), slug=edition.slug)
    demand_complete(edition)
    alone = (session.scalar(select(func.count()).select_from(Staff)) or 0) <= 1
    if approver == edition.author and not alone:
        raise RefusedError(
            N_("%(name)s wrote the edition %(slug)s; somebody else must approve it."), name=approver, slug=edition.slug
        )
    edition.state = EditionState.APPROVED
    edition.approval += 1
    edition.approver = approver
    edition.approved_at = clock.now()
    session.add(
        AuditEntry(
            at=clock.now(),
            name=approver,
            action="edition.approve",
            subject=edition.slug,
            detail={"approval": edition.approval, "four_eyes": approver != edition.author},
        )
    )
