"""Storing an edition: from a draft as read to rows, and how far its translations have come."""

from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.compose.blocks import TYPES, stored
from mailer.compose.folder import Draft, DraftBlock, Progress
from mailer.compose.picture import Picture
from mailer.compose.status import source_hash
from mailer.errors import NotFoundError, RefusedError
from mailer.i18n import N_
from mailer.model import Block, Edition, EditionImage, EditionState, Image, Newsletter, Text, Topic
from mailer.model.edition import TextStatus


def save(session: Session, newsletter: Newsletter, draft: Draft, author: str) -> Edition:
    """A new edition from a draft. Raises RefusedError where the newsletter has that slug already."""
    taken = select(Edition.id).where(Edition.newsletter_id == newsletter.id, Edition.slug == draft.slug)
    if session.scalar(taken):
        raise RefusedError(N_("There is an edition %(slug)s already: choose another slug."), slug=draft.slug)
    made = build(newsletter, draft, author)
    for held in made.images:
        held.image = session.get(Image, held.image.hash) or held.image
    session.add(made)
    session.flush()
    return made


def build(newsletter: Newsletter, draft: Draft, author: str) -> Edition:
    """An edition in memory alone: it can be checked and rendered, and is nowhere stored."""
    images = {picture.hash: Image(**asdict(picture)) for picture in draft.images.values()}
    return Edition(
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
        approval=0,
        author=author,
        created_at=clock.now(),
        blocks=[_block(draft, block, position) for position, block in enumerate(draft.blocks)],
        images=[EditionImage(name=name, image=images[picture.hash]) for name, picture in draft.images.items()],
    )


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
    beside = block.texts.get(source, {})
    present = source_hash(beside, TYPES[block.type].fields(block.data))
    made_from = progress.source_hash or present
    # Kept beside its hash: once the source has changed, nothing else can tell what it was.
    previous = progress.previous_source or (beside if made_from == present else None)
    return Text(
        locale=locale,
        fields=block.texts[locale],
        status=TextStatus.APPROVED if is_source else progress.status,
        source_hash=None if is_source else made_from,
        previous_source=None if is_source else previous,
        translated_by=progress.by,
        reviewed_by=progress.reviewed_by,
        at=clock.now(),
    )
