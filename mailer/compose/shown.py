"""What stands where: of each block the text that a reader of one language gets, its own or another's.

Decided per block as a whole: no block mixes the fields of two languages.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mailer.compose.blocks import TYPES, fields_of
from mailer.compose.glossary import protected
from mailer.compose.hans import simplified
from mailer.i18n import AUTOMATIC, ZH
from mailer.model import Block, Edition, Fallback


@dataclass(frozen=True, slots=True)
class Shown:
    """A block's text and its language. ``notice``: it is another than the reader's, and that is to be said."""

    tag: str
    text: Mapping[str, str]
    notice: bool = False


def written(tag: str) -> str:
    """The language that people write for a reader of ``tag``: Simplified Chinese is made from the Traditional."""
    return ZH if tag == AUTOMATIC else tag


def text(edition: Edition, block: Block, tag: str) -> dict[str, str]:
    """A block's fields in one language, converted where nobody writes it."""
    fields = block.text(written(tag))
    if tag != AUTOMATIC:
        return fields
    terms = protected(edition.newsletter.terms)
    return {name: simplified(value, terms) for name, value in fields.items()}


def applies(block: Block, tag: str) -> bool:
    """Whether a block is meant for a language at all."""
    return not block.languages or written(tag) in block.languages


def lacking(edition: Edition, block: Block, tag: str) -> list[str]:
    """The fields that a language lacks: those that it must have, and most that another language has."""
    used = {name for each in block.texts if each.locale in edition.locales for name in each.fields}
    present = block.text(written(tag))
    return [
        name
        for name, field in fields_of(block).items()
        if name not in present and (field.must or (name in used and not field.alone))
    ]


def policy(edition: Edition, block: Block) -> Fallback:
    """What is done about this block in a language that lacks it."""
    wished = block.fallback or edition.policy
    if wished not in TYPES[block.type].fallbacks or (wished is Fallback.OMIT and block.required):
        return Fallback.REFUSE
    return wished


def whole(edition: Edition, block: Block) -> list[str]:
    """The languages that have the block complete, the source first: every other text was made from it."""
    order = [edition.source_locale, *(tag for tag in edition.locales if tag != edition.source_locale)]
    return [tag for tag in order if applies(block, tag) and not lacking(edition, block, tag)]


def shown(edition: Edition, block: Block, tag: str, beside: Collection[str] = ()) -> Shown | None:
    """What a reader of ``tag`` gets of a block, or nothing; ``beside``: the other languages of the same mail.

    What is missing and may not be is found by compose/check; here it is left out.
    """
    if not applies(block, tag):
        return None
    if not lacking(edition, block, tag):
        return Shown(tag, text(edition, block, tag))
    if policy(edition, block) is not Fallback.NOTICE:
        return None
    others = whole(edition, block)
    # Once is enough in a mail that has that language anyway.
    if not others or set(others) & {written(other) for other in beside}:
        return None
    return Shown(others[0], block.text(others[0]), notice=True)
