"""Editions in memory, made of as little as a test is about."""

from collections.abc import Callable
from typing import Any

import pytest

from mailer.compose.blocks import FRONT, TYPES
from mailer.compose.draft import Draft, DraftBlock, Progress
from mailer.compose.edition import build
from mailer.i18n import EN, ZH
from mailer.model import Block, Edition, Fallback, Newsletter, Term
from mailer.model.edition import TextStatus

Make = Callable[..., Edition]
Texts = dict[str, dict[str, str]]

SUBJECTS = {
    ZH: {"subject": "潮水退了", "preheader": "書舍修好了" * 8, "title": "潮信"},
    EN: {"subject": "The tide is out", "preheader": "The reading room is mended. " * 3, "title": "Tideline"},
}


def block(key: str, kind: str, texts: Texts, data: dict[str, Any] | None = None, **use: Any) -> DraftBlock:
    """A block as read from a folder."""
    return DraftBlock(key=key, type=kind, data=TYPES[kind].data.model_validate(data or {}), texts=texts, **use)


def in_(edition: Edition, key: str) -> Block:
    """A block of an edition."""
    return next(each for each in edition.blocks if each.key == key)


def made(*blocks: DraftBlock, terms: list[Term] | None = None, front: Texts | None = None, **more: Any) -> Edition:
    """An edition of these blocks behind a front; in Chinese and English, unless said otherwise."""
    fields: dict[str, Any] = {"locales": [ZH, EN], "source_locale": ZH, "policy": Fallback.REFUSE} | more
    first = block(FRONT, FRONT, {tag: (front or SUBJECTS)[tag] for tag in fields["locales"]})
    # Whoever asks what is wrong asks about something else than who has read it.
    read = {each.key: Progress(status=TextStatus.REVIEWED) for each in (first, *blocks)}
    fields = {"progress": {tag: read for tag in fields["locales"] if tag != fields["source_locale"]}} | fields
    draft = Draft(slug="tide", kind="issue", template="plain-letter", blocks=[first, *blocks], **fields)
    names = {tag: f"Tideline {tag}" for tag in fields["locales"]}
    newsletter = Newsletter(slug="tideline", name=names, sender_name=names, postal_address=names, terms=terms or [])
    return build(newsletter, draft, "Ada")


@pytest.fixture
def make() -> Make:
    """Makes editions in memory."""
    return made
