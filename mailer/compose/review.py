"""Reviewing translations: somebody other than who made them has read them against their source."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from mailer.compose.account import same
from mailer.compose.status import Status, status
from mailer.compose.version import REVIEW, keep
from mailer.errors import RefusedError
from mailer.i18n import N_
from mailer.model import Edition, EditionState, Text
from mailer.model.edition import TextStatus

_READY = {Status.MACHINE, Status.TRANSLATED}


def review(
    session: Session, edition: Edition, by: str, tags: Collection[str] = (), blocks: Collection[str] = ()
) -> list[Text]:
    """Mark what is complete and up to date as reviewed by ``by``: the translations into ``tags`` of ``blocks``, or all.

    Those that ``by`` made are left as they are. Raises RefusedError where there is nothing to review.
    """
    found = [
        text
        for block in edition.blocks
        for text in block.texts
        if text.locale != edition.source_locale
        and (not tags or text.locale in tags)
        and (not blocks or block.key in blocks)
        and status(edition, block, text.locale) in _READY
        and not same(text.translated_by or "", by)
    ]
    if not found or edition.state is not EditionState.DRAFT:
        raise RefusedError(
            N_("The edition %(slug)s has nothing that %(name)s could review: what they made themselves is not."),
            slug=edition.slug,
            name=by,
        )
    for text in found:
        text.status, text.reviewed_by = TextStatus.REVIEWED, by
    session.flush()
    keep(session, edition, by, REVIEW)
    return found
