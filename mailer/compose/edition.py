"""Storing an edition: from a draft as read to rows, and how far its translations have come."""

import re
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.compose import draft as drafts
from mailer.compose.blocks import TYPES, data_of, stored
from mailer.compose.data import Card, Digest
from mailer.compose.draft import Draft, DraftBlock, Progress
from mailer.compose.picture import Picture
from mailer.compose.progress import settled
from mailer.compose.status import outdated, source_hash
from mailer.compose.version import SAVE, keep
from mailer.db.upsert import insert
from mailer.errors import InvalidError, NotFoundError, RefusedError, Term
from mailer.i18n import N_, self_name
from mailer.model import Block, Edition, EditionImage, EditionState, Image, Newsletter, Text, Version
from mailer.model.edition import TextStatus

# In an edition's files such a line says where a text begins.
_COMMENT = re.compile(r"^[^\S\n]*<!--", re.MULTILINE)


def save(session: Session, newsletter: Newsletter, draft: Draft, author: str) -> Edition:
    """A new edition from a draft, and its first version.

    Raises RefusedError where the newsletter has that slug already, InvalidError for a text that no field takes.
    """
    taken = select(Edition.id).where(Edition.newsletter_id == newsletter.id, Edition.slug == draft.slug)
    if session.scalar(taken):
        raise RefusedError(N_("There is an edition %(slug)s already: choose another slug."), slug=draft.slug)
    _demand_fit(draft)
    made = build(newsletter, draft, author)
    _share_images(session, made, draft)
    session.add(made)
    session.flush()
    keep(session, made, author, SAVE)
    return made


def revise(session: Session, edition: Edition, draft: Draft, by: str, action: str = SAVE) -> Version:
    """Make a stored edition what a draft says; the version that this makes, or the last where nothing changes.

    How far its translations have come is as ``progress.settled`` says. What was approved is a draft again, and to
    be approved anew; campaigns under way go on with what was frozen. Raises InvalidError for a text that no field
    takes, RefusedError for another source while a translation is out of date.
    """
    _demand_fit(draft)
    before = drafts.of(edition)
    if action == SAVE:
        _demand_settled(edition, draft)
        draft = settled(before, draft, by)
    made = build(edition.newsletter, draft, edition.author)
    if drafts.named(drafts.of(made)) == drafts.named(before):
        return keep(session, edition, by, action)
    _share_images(session, made, draft)
    edition.blocks.clear()
    edition.images.clear()
    # Blocks of the same names come in their place.
    session.flush()
    for name in _DECIDED:
        setattr(edition, name, getattr(made, name))
    edition.blocks, edition.images = made.blocks, made.images
    if edition.state is not EditionState.DRAFT:
        edition.state = EditionState.DRAFT
    session.flush()
    return keep(session, edition, by, action)


_DECIDED = ("kind", "template", "locales", "derived", "source_locale", "policy", "layout")


def _demand_settled(edition: Edition, draft: Draft) -> None:
    """Raise RefusedError where another language becomes the source while a translation is out of date.

    What a translation was made from is told by the source alone: with another, nobody would know.
    """
    if draft.source_locale != edition.source_locale:
        for block in edition.blocks:
            if late := next((tag for tag in edition.locales if outdated(edition, block, tag)), None):
                raise RefusedError(
                    N_(
                        "Block %(block)s is out of date in %(language)s: bring it up to date before another language"
                        " becomes the source."
                    ),
                    block=block.key,
                    language=self_name(late),
                )


def _demand_fit(draft: Draft) -> None:
    """Raise InvalidError for a text that its field does not take: importers and pages pass here alike."""
    for block in draft.blocks:
        fields = TYPES[block.type].fields(block.data)
        for tag, texts in block.texts.items():
            for name, text in texts.items():
                if block.languages and tag not in block.languages:
                    why = Term(N_("block %(block)s is not meant for %(language)s"), block=block.key, language=tag)
                    raise _unfit(block.key, name, tag, why)
                if _COMMENT.search(text):
                    raise _unfit(block.key, name, tag, Term(N_("it has a line that begins with <!--")))
                try:
                    fit = name in fields and text.strip() and fields[name].accept(drafts.readable(text)) == text
                except ValueError as error:
                    raise _unfit(block.key, name, tag, error.args[0]) from None
                if not fit:
                    raise _unfit(block.key, name, tag, Term(N_("it is no text of this block, or begins or ends blank")))


def _unfit(block: str, field: str, tag: str, why: Term) -> InvalidError:
    return InvalidError(
        N_("Block %(block)s, %(field)s in %(language)s: %(why)s."),
        block=block, field=field, language=self_name(tag), why=why,
    )  # fmt: skip


def _share_images(session: Session, edition: Edition, draft: Draft) -> None:
    """One row for each picture, however many editions show it; in one order, so that two never wait for each other."""
    for held in sorted(edition.images, key=lambda held: held.image.hash):
        held.image = image(session, draft.images[held.name])


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
        blocks=[_block(draft, block, position, author) for position, block in enumerate(draft.blocks)],
        images=[EditionImage(name=name, image=images[picture.hash]) for name, picture in draft.images.items()],
    )


def image(session: Session, picture: Picture) -> Image:
    """The stored image of a picture: one row, however many editions show it, and who stores it at the same moment."""
    if found := session.get(Image, picture.hash):
        return found
    session.execute(insert(session, Image).values(asdict(picture)).on_conflict_do_nothing())
    return session.get_one(Image, picture.hash)


def find(session: Session, slug: str, newsletter: str | None = None, *, lock: bool = False) -> Edition:
    """The edition with this slug; of one newsletter where several have it. Raises NotFoundError or RefusedError.

    ``lock``: nobody else changes it until this unit of work ends.
    """
    wanted = select(Edition).join(Newsletter).where(Edition.slug == slug)
    if lock:
        wanted = wanted.with_for_update(of=Edition)
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


def every(session: Session, newsletter: str | None = None) -> list[Edition]:
    """All editions, or those of one newsletter, the newest first."""
    wanted = select(Edition).join(Newsletter).order_by(Edition.created_at.desc(), Edition.id.desc())
    return list(session.scalars(wanted.where(Newsletter.slug == newsletter) if newsletter else wanted))


def logo(session: Session, newsletter: Newsletter) -> Image | None:
    """The picture that the newsletter's mails begin with, where it has one."""
    return session.get(Image, newsletter.logo) if newsletter.logo else None


def digested(session: Session, newsletter: Newsletter) -> set[str]:
    """The addresses of all posts that the newsletter's digests and cards had so far."""
    blocks = session.scalars(
        select(Block)
        .join(Edition)
        .where(Edition.newsletter_id == newsletter.id, Block.type.in_(("digest", "article_card")))
    )
    held = (data_of(block) for block in blocks)
    # What a digest holds beyond what it shows, its readers never got.
    cards = (card for data in held for card in (data.shown if isinstance(data, Digest) else [data]))
    return {card.url for card in cards if isinstance(card, Card)}


def _block(draft: Draft, block: DraftBlock, position: int, author: str) -> Block:
    texts = [
        _text(block, locale, draft.source_locale, draft.made(locale, block.key), author)
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


def _text(block: DraftBlock, locale: str, source: str, progress: Progress | None, author: str) -> Text:
    """A text; a translation without a recorded source counts as made from the one beside it, by the ``author``."""
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
        translated_by=None if is_source else progress.by or author or None,
        reviewed_by=progress.reviewed_by,
        at=progress.at or clock.now(),
    )
