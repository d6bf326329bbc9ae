"""Taking a draft in: a new edition, or a new version of one that has not moved since the draft was exported."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.compose import draft as drafts
from mailer.compose import version
from mailer.compose.compare import Difference, compare
from mailer.compose.draft import Draft
from mailer.compose.edition import revise, save
from mailer.compose.progress import retold, settled
from mailer.errors import RefusedError
from mailer.i18n import N_
from mailer.model import Edition, Newsletter, Version


class MovedError(RefusedError):
    """The edition is no longer what the draft was exported from; ``differences``: what others changed meanwhile."""

    def __init__(self, message: str, differences: Sequence[Difference], **values: object) -> None:
        super().__init__(message, **values)
        self.differences = differences


@dataclass(frozen=True, slots=True)
class Taking:
    """What taking a draft in would change: ``edition`` is the stored one, or none where it is new.

    ``retold``: the (language, block) whose translation is other words and counts as made anew.
    """

    edition: Edition | None
    differences: Sequence[Difference]
    retold: Sequence[tuple[str, str]]


def weigh(session: Session, newsletter: Newsletter, draft: Draft, by: str, *, replace: bool = False) -> Taking:
    """What would change; nothing does yet. ``replace``: whatever the stored edition has become meanwhile.

    Raises MovedError where it has become another than the draft was exported from, RefusedError for a draft
    that comes from no export while there is such an edition.
    """
    # An edition that is not there yet cannot be held; its newsletter can.
    session.execute(select(Newsletter.id).where(Newsletter.id == newsletter.id).with_for_update(key_share=True))
    held = select(Edition).where(Edition.newsletter_id == newsletter.id, Edition.slug == draft.slug)
    edition = session.scalar(held.with_for_update())
    if edition is None:
        return Taking(None, (), ())
    stored = drafts.of(edition)
    if not replace:
        _demand_unmoved(session, edition, stored, draft)
    return Taking(edition, compare(stored, settled(stored, draft, by)), retold(stored, draft))


def _demand_unmoved(session: Session, edition: Edition, stored: Draft, draft: Draft) -> None:
    if draft.base is None:
        raise RefusedError(
            N_(
                "There is an edition %(slug)s already, and this does not come from an export of it: export it and"
                " work there, choose another slug, or replace it with --replace."
            ),
            slug=edition.slug,
        )
    if draft.base == drafts.named(stored):
        return
    was = version.as_of(session, edition, draft.base)
    raise MovedError(
        N_(
            "The edition %(slug)s has changed since this was exported (see above): export it anew and bring your"
            " changes there, or replace what others did with --replace."
        ),
        compare(version.content(session, was) if was else draft, stored),
        slug=edition.slug,
    )


def take(
    session: Session, newsletter: Newsletter, draft: Draft, by: str, *, replace: bool = False
) -> tuple[Edition, Version]:
    """Store a draft: the edition and the version that it now has. Raises what ``weigh`` and ``carry_out`` do."""
    return carry_out(session, newsletter, draft, by, weigh(session, newsletter, draft, by, replace=replace))


def carry_out(
    session: Session, newsletter: Newsletter, draft: Draft, by: str, taking: Taking
) -> tuple[Edition, Version]:
    """The same for what was weighed in this unit of work. Raises what ``save`` and ``revise`` do."""
    if taking.edition:
        return taking.edition, revise(session, taking.edition, draft, by)
    made = save(session, newsletter, draft, by)
    return made, version.version(session, made, 1)


def since_approval(session: Session, edition: Edition) -> list[Difference]:
    """What became different since the last approval; nothing where there was none."""
    last = version.approved(session, edition)
    return compare(version.content(session, last), drafts.of(edition)) if last else []


def restore(session: Session, edition: Edition, number: int, by: str) -> Version:
    """Make an edition what it was in an earlier version; what it is now stays one, too. Raises NotFoundError."""
    kept = version.version(session, edition, number)
    return revise(session, edition, version.content(session, kept), by, f"restore {number}")
