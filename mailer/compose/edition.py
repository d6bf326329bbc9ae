"""Storing an edition: from a draft as read to rows, and how far its translations have come."""

import hashlib
import unicodedata
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.compose.blocks import stored
from mailer.compose.folder import Draft, DraftBlock, Progress
from mailer.compose.picture import Picture
from mailer.errors import NotFoundError, RefusedError
from mailer.i18n import N_
from mailer.model import Block, Edition, EditionImage, EditionState, Image, Newsletter, Text, Topic
from mailer.model.edition import TextStatus


def save(session: Session, newsletter: Newsletter, draft: Draft, author: str) -> Edition:
    """A new edition from a draft. Raises RefusedError where the newsletter has that slug already."""
    taken = select(Edition.id).where(Edition.newsletter_id == newsletter.id, Edition.slug == draft.slug)
    if session.scalar(taken):
        raise RefusedError(N_("There is an edition %(slug)s already: choose another slug."), slug=draft.slug)
    edition = Edition(
        newsletter=newsletter,
        slug=draft.slug,
        kind=draft.kind,
        template=draft.template,
        locales=draft.locales,
        derived=draft.derived,
        source_locale=draft.source_locale,
        policy=draft.policy,
        layout=draft.layout,
        state=EditionState.DRAFT,
        author=author,
        created_at=clock.now(),
        blocks=[_block(draft, block, position) for position, block in enumerate(draft.blocks)],
    )
    images = {picture.hash: image(session, picture) for picture in draft.images.values()}
    edition.images = [EditionImage(name=name, image=images[picture.hash]) for name, picture in draft.images.items()]
    session.add(edition)
    session.flush()
    return edition


def image(session: Session, picture: Picture) -> Image:
    """The stored image of a picture: one row, however many editions show it."""
    return session.get(Image, picture.hash) or Image(**asdict(picture))


def find(session: Session, slug: str, newsletter: str | None = None) -> Edition:
    """The edition with this slug; of one newsletter where several have it. Raises NotFoundError or RefusedError."""
    wanted = select(Edition).join(Newsletter).where(Edition.slug == slug)
    found = session.scalars(wanted.where(Newsletter.slug == newsletter) if newsletter else wanted).all()
    if not found:
        raise NotFoundError(N_("There is no edition %(slug)s."), slug=slug)
    if len(found) > 1:
        raise RefusedError(
            N_("Several newsletters have an edition %(slug)s: name one with --newsletter (%(names)s)."),
            slug=slug,
            names=", ".join(edition.newsletter.slug for edition in found),
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


def _block(draft: Draft, block: DraftBlock, position: int) -> Block:
    texts = [
        _text(block, locale, draft.source_locale, draft.progress.get(locale, {}).get(block.key))
        for locale in draft.locales
        if block.texts.get(locale)
    ]
    return Block(
        position=position,
        key=block.key,
        type=block.type,
        languages=block.languages,
        required=block.required,
        fallback=block.fallback,
        data=stored(block.data),
        texts=texts,
    )


def _text(block: DraftBlock, locale: str, source: str, progress: Progress | None) -> Text:
    """A text; a translation without a recorded source counts as made from the one beside it."""
    progress = progress or Progress()
    is_source = locale == source
    return Text(
        locale=locale,
        fields=block.texts[locale],
        status=TextStatus.APPROVED if is_source else progress.status,
        source_hash=None if is_source else progress.source_hash or source_hash(block.texts.get(source, {})),
        previous_source=progress.previous_source,
        translated_by=progress.by,
        reviewed_by=progress.reviewed_by,
        at=clock.now(),
    )


def source_hash(fields: dict[str, str]) -> str:
    """What a translation was made from: fields in NFC with white space collapsed, so that layout changes nothing."""
    parts = [f"{name}\0{' '.join(unicodedata.normalize('NFC', fields[name]).split())}" for name in sorted(fields)]
    return hashlib.sha256("\1".join(parts).encode()).hexdigest()


def outdated(edition: Edition, block: Block, locale: str) -> bool:
    """Whether the source has changed since this translation was made. Derived, never stored."""
    text = next((text for text in block.texts if text.locale == locale), None)
    if text is None or locale == edition.source_locale:
        return False
    return text.source_hash != source_hash(block.text(edition.source_locale))
