"""Every save of an edition is kept: who made it, when, and what it was; any of them can be had again."""

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.compose import draft
from mailer.compose.draft import Draft
from mailer.errors import NotFoundError, RefusedError
from mailer.i18n import N_
from mailer.model import Edition, Image, Version

SAVE, REVIEW, APPROVE = "save", "review", "approve"
"""What makes a version; a fourth is ``restore N``."""


def keep(session: Session, edition: Edition, by: str, action: str) -> Version:
    """Keep an edition as it is now; a save that changes nothing since the last version gives that one.

    An approval is always a version: what comes after it is judged from there.
    """
    content = draft.content(draft.of(edition))
    last = newest(session, edition)
    if last and last.digest == draft.digest(content) and action != APPROVE:
        return last
    number = last.number + 1 if last else 1
    made = Version(edition_id=edition.id, number=number, at=clock.now(), by=by, action=action)
    made.digest, made.content = draft.digest(content), content
    session.add(made)
    session.flush()
    return made


def versions(session: Session, edition: Edition) -> list[Version]:
    """All versions, the newest first."""
    wanted = select(Version).where(Version.edition_id == edition.id).order_by(Version.number.desc())
    return list(session.scalars(wanted))


def newest(session: Session, edition: Edition) -> Version | None:
    """The last version, or none of an edition that was stored before versions were kept."""
    wanted = select(Version).where(Version.edition_id == edition.id).order_by(Version.number.desc()).limit(1)
    return session.scalar(wanted)


def demand_newest(session: Session, edition: Edition, number: int) -> None:
    """Raise RefusedError where an edition has become another than its version ``number``."""
    last = newest(session, edition)
    if last and last.number != number:
        raise RefusedError(
            N_("The edition %(slug)s is at version %(last)s by now: look at that first."),
            slug=edition.slug,
            last=last.number,
        )


def version(session: Session, edition: Edition, number: int) -> Version:
    """The version with this number. Raises NotFoundError."""
    found = session.scalar(select(Version).where(Version.edition_id == edition.id, Version.number == number))
    if found is None:
        raise NotFoundError(N_("The edition %(slug)s has no version %(number)s."), slug=edition.slug, number=number)
    return found


def approved(session: Session, edition: Edition) -> Version | None:
    """What was approved last."""
    wanted = select(Version).where(Version.edition_id == edition.id, Version.action == APPROVE)
    return session.scalar(wanted.order_by(Version.number.desc()).limit(1))


def writers(session: Session, edition: Edition) -> set[str]:
    """Who wrote what nobody has approved yet: since the last approval, else from the beginning."""
    last = approved(session, edition)
    # Who reviews writes nothing.
    saved = select(Version.by).where(
        Version.edition_id == edition.id, Version.number > (last.number if last else 0), Version.action != REVIEW
    )
    return set(session.scalars(saved)) | (set() if last else {edition.author})


def as_of(session: Session, edition: Edition, digest: str) -> Version | None:
    """The last version that was just this, if there is one."""
    wanted = select(Version).where(Version.edition_id == edition.id, Version.digest == digest)
    return session.scalar(wanted.order_by(Version.number.desc()).limit(1))


def content(session: Session, kept: Version) -> Draft:
    """What a version holds, with its pictures. Raises RefusedError where it needs what is no more."""
    hashes = set(kept.content["images"].values())
    images = session.scalars(select(Image).where(Image.hash.in_(hashes)))
    try:
        return draft.restored(kept.content, {image.hash: draft.picture(image) for image in images})
    except (KeyError, ValidationError):
        raise RefusedError(
            N_("Version %(number)s cannot be read: it has a block or a picture that is known here no longer."),
            number=kept.number,
        ) from None
