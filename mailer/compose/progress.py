"""How far translations have come once an edition is revised: what a draft may say of it, and what is known better."""

from collections.abc import Iterator
from dataclasses import dataclass

from mailer import clock
from mailer.compose.account import same
from mailer.compose.blocks import TYPES
from mailer.compose.draft import Draft, DraftBlock, Progress
from mailer.compose.status import source_hash
from mailer.model.edition import TextStatus

_JUDGED = {TextStatus.REVIEWED, TextStatus.APPROVED}


def settled(before: Draft, draft: Draft, by: str) -> Draft:
    """A draft by ``by`` with the progress of each translation as it counts, after an edition that was ``before``.

    Other words with their old progress, or none, were made by ``by`` from the source beside them. Words that
    stayed keep their progress, where the draft is silent or claims what only somebody else can say: nobody
    writes another's review. A block that goes by another name is the same by its type and its words.
    """
    progress = {tag: dict(of_blocks) for tag, of_blocks in draft.progress.items()}
    for each in _translations(before, draft):
        if made := each.settled(by):
            progress.setdefault(each.tag, {})[each.key] = made
    return draft.model_copy(update={"progress": progress})


def retold(before: Draft, draft: Draft) -> list[tuple[str, str]]:
    """The (language, block) whose translation has other words, and so will count as made anew."""
    return [(each.tag, each.key) for each in _translations(before, draft) if each.is_retold]


@dataclass(frozen=True, slots=True)
class _Translation:
    """One text of a draft: what it says of itself, what was known of it, and whether its words are others."""

    tag: str
    key: str
    said: Progress | None
    known: Progress | None
    is_other: bool

    @property
    def is_retold(self) -> bool:
        return self.is_other and self.said in (None, self.known)

    def settled(self, by: str) -> Progress | None:
        if self.is_retold:
            return Progress(by=by, at=clock.now())
        if self.said is None or self.said == self.known:
            return self.known
        if self.said.status not in _JUDGED:
            return self.said
        if self.said.reviewed_by and same(self.said.reviewed_by, by):
            # Approved is what was approved, and no file can do that.
            return self.said.model_copy(update={"status": TextStatus.REVIEWED})
        if not self.is_other:
            return self.known
        return self.said.model_copy(update={"status": TextStatus.TRANSLATED, "reviewed_by": None})


def _translations(before: Draft, draft: Draft) -> Iterator[_Translation]:
    """Each translation of a block that was there before, whatever it was called."""
    gone = [block for block in before.blocks if draft.block(block.key) is None]
    for block in draft.blocks:
        for tag in block.texts:
            if tag == draft.source_locale:
                continue
            words = _words(block, tag)
            renamed = (other for other in gone if other.type == block.type and _words(other, tag) == words)
            was = before.block(block.key) or next(renamed, None)
            if was and was.type == block.type:
                known = before.made(tag, was.key)
                yield _Translation(tag, block.key, draft.made(tag, block.key), known, _words(was, tag) != words)


def _words(block: DraftBlock, tag: str) -> str:
    """What a block says in a language, however it is laid out."""
    return source_hash(block.texts.get(tag, {}), TYPES[block.type].fields(block.data))
