"""Newsletters and their topics, by what people call them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.errors import NotFoundError
from mailer.i18n import N_
from mailer.model import Newsletter, Topic


def find(session: Session, slug: str | None = None) -> Newsletter:
    """The newsletter with this slug, or the only one. Raises NotFoundError naming those there are."""
    known = session.scalars(select(Newsletter).order_by(Newsletter.slug)).all()
    found = [each for each in known if slug in (None, each.slug)]
    if not known:
        raise NotFoundError(N_("There is no newsletter in this installation yet, and an edition belongs to one."))
    if len(found) != 1:
        raise NotFoundError(
            N_("Name one of the newsletters with --newsletter: %(names)s."),
            names=", ".join(each.slug for each in known),
        )
    return found[0]


def topic(newsletter: Newsletter, slug: str | None = None) -> Topic:
    """A newsletter's topic by its slug, or the only one. Raises NotFoundError naming those there are."""
    found = [topic for topic in newsletter.topics if slug in (None, topic.slug)]
    if len(found) != 1:
        raise NotFoundError(
            N_("Name one of the topics of %(newsletter)s with --topic: %(names)s."),
            newsletter=newsletter.slug,
            names=", ".join(topic.slug for topic in newsletter.topics),
        )
    return found[0]
