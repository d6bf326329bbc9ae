"""What two states of one edition have different: its spine, its pictures, and each block in each language."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from mailer.compose.blocks import TYPES, stored
from mailer.compose.draft import Draft, DraftBlock
from mailer.compose.status import STATUSES, Change, Status, source_hash
from mailer.i18n import N_, self_name


class Kind(StrEnum):
    """What became different."""

    EDITION = "edition"
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    DATA = "data"
    TEXT = "text"
    PROGRESS = "progress"
    IMAGE = "image"


_SENTENCES = {
    Kind.EDITION: N_("%(field)s of the edition: %(old)s → %(new)s"),
    Kind.ADDED: N_("block %(block)s (%(new)s) is new"),
    Kind.REMOVED: N_("block %(block)s (%(old)s) is gone"),
    Kind.MOVED: N_("block %(block)s stands elsewhere"),
    Kind.DATA: N_("block %(block)s, %(field)s: %(old)s → %(new)s"),
    Kind.TEXT: N_("block %(block)s, %(field)s in %(language)s has another text"),
    Kind.PROGRESS: N_("block %(block)s in %(language)s: %(old)s → %(new)s"),
    Kind.IMAGE: N_("the picture %(field)s is another one"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that became different; ``change`` has a text's words before and after, or a value's."""

    kind: Kind
    change: Change
    block: str = ""
    locale: str = ""

    def say(self, translate: Callable[[str], str]) -> str:
        """One line in the language of ``translate`` (a gettext function)."""
        old, new = (self._said(value, translate) for value in (self.change.old, self.change.new))
        language = self_name(self.locale) if self.locale else ""
        values = {"block": self.block, "field": self.change.field, "language": language, "old": old, "new": new}
        return translate(_SENTENCES[self.kind]) % values

    def _said(self, value: str, translate: Callable[[str], str]) -> str:
        """A status by its name, any other value as it is."""
        return translate(STATUSES[Status(value)]) if self.kind is Kind.PROGRESS else value or "–"


def compare(old: Draft, new: Draft) -> list[Difference]:
    """Everything that is different in ``new``, block by block in its order, what is gone last."""
    return [*_edition(old, new), *_blocks(old, new), *_images(old, new)]


_SPINE = ("slug", "kind", "template", "locales", "derived", "source_locale", "policy", "layout")


def _edition(old: Draft, new: Draft) -> Iterator[Difference]:
    for name in _SPINE:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Difference(Kind.EDITION, Change(name, _shown(before), _shown(after)))


def _blocks(old: Draft, new: Draft) -> Iterator[Difference]:
    before = {block.key: block for block in old.blocks}
    after = {block.key: block for block in new.blocks}
    moved = _moved([key for key in before if key in after], [key for key in after if key in before])
    for key, block in after.items():
        was = before.get(key)
        if was is None:
            yield Difference(Kind.ADDED, Change("", "", block.type), key)
            was = DraftBlock(key=key, type=block.type, data=block.data)
        elif key in moved:
            yield Difference(Kind.MOVED, Change("", "", ""), key)
        yield from _data(was, block)
        yield from _texts(was, block)
        yield from _progress(old, new, key)
    for key, block in before.items():
        if key not in after:
            yield Difference(Kind.REMOVED, Change("", block.type, ""), key)


def _moved(before: list[str], after: list[str]) -> set[str]:
    """The fewest keys that must have been moved to come from one order to the other."""
    stayed = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return set(after) - {after[n] for run in stayed for n in range(run.b, run.b + run.size)}


def _data(old: DraftBlock, new: DraftBlock) -> Iterator[Difference]:
    before, after = _neutral(old), _neutral(new)
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield Difference(Kind.DATA, Change(name, _shown(before.get(name)), _shown(after.get(name))), new.key)


def _neutral(block: DraftBlock) -> dict[str, Any]:
    """What no language changes: data, and how the block is used."""
    use = {"type": block.type, "languages": block.languages, "required": block.required, "fallback": block.fallback}
    return use | stored(block.data)


def _texts(old: DraftBlock, new: DraftBlock) -> Iterator[Difference]:
    names = [*TYPES[new.type].fields(new.data), *TYPES[old.type].fields(old.data)]
    for tag in dict.fromkeys([*old.texts, *new.texts]):
        before, after = old.texts.get(tag, {}), new.texts.get(tag, {})
        for name in dict.fromkeys(names):
            if before.get(name, "") != after.get(name, ""):
                yield Difference(Kind.TEXT, Change(name, before.get(name, ""), after.get(name, "")), new.key, tag)


def _progress(old: Draft, new: Draft, key: str) -> Iterator[Difference]:
    for tag in new.locales:
        before, after = _standing(old, tag, key), _standing(new, tag, key)
        if before and after and before != after:
            yield Difference(Kind.PROGRESS, Change("status", before, after), key, tag)


def _standing(draft: Draft, tag: str, key: str) -> str:
    """How far a translation has come; nothing where there is none."""
    block, made = draft.block(key), draft.made(tag, key)
    if block is None or made is None:
        return ""
    present = source_hash(block.texts.get(draft.source_locale, {}), TYPES[block.type].fields(block.data))
    return Status.OUTDATED.value if made.source_hash not in (None, present) else made.status.value


def _images(old: Draft, new: Draft) -> Iterator[Difference]:
    before = {name: picture.hash for name, picture in old.images.items()}
    after = {name: picture.hash for name, picture in new.images.items()}
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield Difference(Kind.IMAGE, Change(name, before[name], after[name]))


def _shown(value: object) -> str:
    """A value on one line."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    if isinstance(value, dict):
        return " ".join(f"{name}={_shown(part)}" for name, part in value.items())
    return str(value)
