"""What earlier editions said: translations of the same text, or of one much like it, for whoever translates the next.

Asked in two steps, so that a page about a whole edition reads the archive once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import fuzz, process
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, selectinload

from mailer.compose.parsed import canonical
from mailer.compose.status import outdated
from mailer.model import Block, Edition, Text
from mailer.model.edition import TextStatus

MOST_BLOCKS = 2000
"""The newest blocks of an archive that are looked at: some hundred editions."""
_LEAST = 75
"""Of a hundred: less alike than this, a suggestion costs more time than it saves."""
_LONGEST = 5000
"""Characters: comparing two texts takes time by the product of their lengths."""
_TRUSTED = (TextStatus.TRANSLATED, TextStatus.REVIEWED, TextStatus.APPROVED)


@dataclass(frozen=True)
class Pair:
    """A text of an earlier edition in two languages, and where it stood."""

    source: str
    target: str
    edition: str
    block: str
    field: str

    @cached_property
    def said(self) -> str:
        """What its source says; parsed once, however many texts it is compared with."""
        return canonical(self.source)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An earlier translation; ``similarity`` of what it was made from to the text at hand, 1.0 where they are one."""

    pair: Pair
    similarity: float


def earlier(session: Session, edition: Edition, source: str, target: str, most: int = MOST_BLOCKS) -> list[Pair]:
    """What other editions of the newsletter have in both languages, newest first; nothing that is not to be trusted."""
    one, other = aliased(Text), aliased(Text)
    found = session.execute(
        select(Block, Edition)
        .join(Edition)
        .join(one, (one.block_id == Block.id) & (one.locale == source))
        .join(other, (other.block_id == Block.id) & (other.locale == target))
        .where(
            Edition.newsletter_id == edition.newsletter_id,
            Edition.id != edition.id,
            one.status.in_(_TRUSTED),
            other.status.in_(_TRUSTED),
        )
        .order_by(Edition.created_at.desc(), Edition.id.desc(), Block.position)
        .limit(most)
        .options(selectinload(Block.texts))
    ).all()
    return [
        Pair(text, target_text, held.slug, block.key, name)
        for block, held in found
        if not outdated(held, block, source) and not outdated(held, block, target)
        for name, text in block.text(source).items()
        if (target_text := block.text(target).get(name)) and len(text) <= _LONGEST
    ]


def suggest(pairs: Sequence[Pair], text: str, most: int = 5) -> list[Suggestion]:
    """The translations of what is most like ``text``, best first, then newest; each wording once."""
    if not text.strip() or len(text) > _LONGEST:
        return []
    said = [pair.said for pair in pairs]
    near = process.extract(canonical(text), said, scorer=fuzz.ratio, score_cutoff=_LEAST, limit=None)
    best: dict[str, Suggestion] = {}
    for _, score, position in near:
        pair = pairs[position]
        best.setdefault(canonical(pair.target), Suggestion(pair, score / 100))
    return list(best.values())[:most]
