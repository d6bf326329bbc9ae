"""Drafts made of what was found elsewhere: each text held to what a field of an edition can hold."""

import re
from collections.abc import Mapping, Sequence

from mailer.compose.blocks import FRONT, TYPES
from mailer.compose.draft import Draft, DraftBlock
from mailer.compose.picture import Picture
from mailer.compose.template import TEMPLATES
from mailer.errors import InvalidError
from mailer.i18n import N_
from mailer.model.edition import Fallback

_MOST_SLUG = 60


def block(key: str, kind: str, data: Mapping[str, object], texts: Mapping[str, Mapping[str, str]]) -> DraftBlock:
    """A block with what was found of its texts, ``{tag: {field: text}}``; empty ones are left out.

    Raises InvalidError for a text that is too long for its field: it is not cut.
    """
    shape = TYPES[kind].data.model_validate(data)
    fields = TYPES[kind].fields(shape)
    held: dict[str, dict[str, str]] = {}
    for tag, found in texts.items():
        for name, text in found.items():
            if not text.strip():
                continue
            try:
                held.setdefault(tag, {})[name] = fields[name].accept(text)
            except ValueError as error:
                raise InvalidError(
                    N_("The %(field)s has %(length)s characters, more than an edition holds: shorten or link it."),
                    field=name,
                    length=len(text),
                ) from error
    return DraftBlock(key=key, type=kind, data=shape, texts=held)


def draft(
    slug: str,
    template: str,
    titles: Mapping[str, str],
    blocks: Sequence[DraftBlock],
    images: Mapping[str, Picture] | None = None,
) -> Draft:
    """An edition in the languages of ``titles``, the first of them its source, between masthead and footer."""
    front = {tag: {"subject": title, "title": title} for tag, title in titles.items()}
    return Draft(
        slug=slug,
        kind=TEMPLATES[template].kind,
        template=template,
        locales=list(titles),
        source_locale=next(iter(titles)),
        policy=Fallback.REFUSE,
        layout=TEMPLATES[template].layout,
        blocks=[
            block(FRONT, FRONT, {}, front),
            block("masthead", "masthead", {}, {}),
            *blocks,
            block("footer", "footer", {}, {}),
        ],
        images=dict(images or {}),
    )


def slug(*wishes: str) -> str:
    """The first wish that has letters or digits of ASCII in it, as the short name of an edition."""
    made = (re.sub("[^a-z0-9]+", "-", wish.lower())[:_MOST_SLUG].strip("-") for wish in wishes)
    return next(filter(None, made), "imported")
