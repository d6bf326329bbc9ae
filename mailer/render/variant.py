"""Variants: an edition rendered in one mode, split at its holes, and frozen."""

import json
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.characters import refuse_controls
from mailer.errors import InvalidError
from mailer.i18n import N_, SUBJECT_JOINT, languages, modes, translator
from mailer.model import Edition, Image, Images, Variant
from mailer.render import calendar, html, letter, pictures
from mailer.render.holes import Marks
from mailer.render.layout import front, holes, named, parts
from mailer.vault import digest


def freeze(session: Session, edition: Edition) -> list[Variant]:
    """Render and store every variant of an edition's present approval."""
    now = clock.now()
    variants = [render(edition, mode, now) for mode in modes([*edition.locales, *edition.derived])]
    shown = {image_hash for variant in variants for image_hash in variant.content["images"]}
    if shown - set(session.scalars(select(Image.hash).where(Image.hash.in_(shown)))):
        raise InvalidError(N_("The layout cannot be rendered: %(why)s."), why="it shows a picture that is not stored")
    session.add_all(variants)
    session.flush()
    return variants


def render(edition: Edition, mode: str, now: datetime, test: str = "") -> Variant:
    """A variant in all its forms, not stored yet; ``now`` is when it is frozen, ``test`` who sends it as a test."""
    marks, known = Marks(), holes(mode)
    # No mail leaves without its way out, in each of its languages.
    needed = {f"unsubscribe-{tag}" for tag in languages(mode)}
    laid_out = parts(edition, mode, marks, test)
    pages = html.render(edition, laid_out)
    forms = {
        "html": marks.split(pages.mail, known, needed),
        "text": marks.split(letter.render(edition, laid_out), known, needed),
        "web": marks.split(pages.web, known),
    }
    events = calendar.render(edition, laid_out, now)
    content = {name: form.stored() for name, form in forms.items()} | {
        "sender": _sender(edition, mode),
        "images": pictures.shown(forms["html"]),
        "hosted": edition.newsletter.images is Images.HOSTED,
        "calendar": {"name": f"{edition.slug}.ics", "text": events} if events else None,
    }
    subject = _subject(edition, mode)
    if test:
        subject = translator(languages(mode)[0])(N_("[Test] %(subject)s")) % {"subject": subject}
    return Variant(
        edition_id=edition.id,
        approval=None if test else edition.approval,
        mode=mode,
        hash=digest(subject.encode(), json.dumps(content, sort_keys=True).encode()),
        subject=subject,
        content=content,
        frozen_at=now,
    )


def _subject(edition: Edition, mode: str) -> str:
    """Of two languages both subjects, in reading order."""
    return refuse_controls(SUBJECT_JOINT.join(front(edition, tag)["subject"] for tag in languages(mode)))


def _sender(edition: Edition, mode: str) -> str:
    """The sender's name in the variant's first language."""
    first = languages(mode)[0]
    return refuse_controls(front(edition, first).get("sender") or named(edition, edition.newsletter.sender_name, first))
