"""Approval by a named person: complete, four eyes, and on record. Freezing follows in render/approval.py."""

from collections.abc import Collection, Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.compose.account import same
from mailer.compose.acknowledge import acknowledged
from mailer.compose.check import Fault, demand_complete
from mailer.compose.version import APPROVE, keep, writers
from mailer.errors import RefusedError
from mailer.i18n import N_
from mailer.model import AuditEntry, Edition, EditionState, Staff, Text
from mailer.model.edition import TextStatus


def sign(session: Session, edition: Edition, approver: str) -> None:
    """Mark an edition and its texts as approved by ``approver``; what a named person acknowledged is let pass.

    Raises InvalidError for the first error that is not acknowledged or cannot be, RefusedError
    where it is approved already or where who approves wrote some of it although there are others.
    """
    if not edition.can_become(EditionState.APPROVED):
        raise RefusedError(N_("The edition %(slug)s is approved already."), slug=edition.slug)
    let_go = demand_complete(edition, acknowledged(session, edition))
    outdated = [(each.block, each.locale) for each in let_go if each.fault is Fault.OUTDATED]
    alone = (session.scalar(select(func.count()).select_from(Staff)) or 0) <= 1
    wrote = writers(session, edition)
    if _is_among(approver, wrote) and not alone:
        raise RefusedError(
            N_("%(name)s wrote the edition %(slug)s, or some of it; somebody else must approve it."),
            name=approver,
            slug=edition.slug,
        )
    edition.state = EditionState.APPROVED
    edition.approval += 1
    edition.approver = approver
    edition.approved_at = clock.now()
    for text in _texts(edition, outdated):
        text.status, text.reviewed_by = TextStatus.APPROVED, approver
    keep(session, edition, approver, APPROVE)
    session.add(
        AuditEntry(
            at=clock.now(),
            name=approver,
            action="edition.approve",
            subject=edition.slug,
            detail={
                "newsletter": edition.newsletter.slug,
                "approval": edition.approval,
                "four_eyes": not _is_among(approver, wrote),
                "outdated": [f"{block}:{locale}" for block, locale in outdated],
                "acknowledged": [f"{each.id}:{each.fault}:{each.block}:{each.locale}" for each in let_go],
            },
        )
    )


def _is_among(name: str, others: Collection[str]) -> bool:
    return any(same(name, other) for other in others)


def _texts(edition: Edition, outdated: Collection[tuple[str, str]]) -> Iterator[Text]:
    """What was approved as it should be; a text that is out of date stays what it was."""
    for block in edition.blocks:
        yield from (text for text in block.texts if (block.key, text.locale) not in outdated)
