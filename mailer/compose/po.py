"""One language of an edition as a PO file, as translators' programs know it, and back.

Each field is an entry: its context is ``EDITION/BLOCK/FIELD``, its msgid the source's text. What is out of date
is fuzzy and has the former source as its previous msgid; what a machine made or nobody has finished is fuzzy, too.
Format: GNU gettext manual, "The Format of PO Files".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po, write_po

from mailer import clock
from mailer.compose import draft as drafts
from mailer.compose.blocks import TYPES, fields_of
from mailer.compose.draft import Draft, DraftBlock, Progress
from mailer.compose.source import MOST_OCTETS, bad, text
from mailer.compose.status import Status, source_hash, status
from mailer.errors import InvalidError, Term, WrongUsageError
from mailer.i18n import N_, babel, self_name
from mailer.model import Block, Edition
from mailer.model.edition import TextStatus

_LINE = re.compile(r'(#.*)?|((msgctxt|msgid|msgstr) )?"([^"\\]|\\.)*"')
"""No plurals: an edition has none, and of how many forms there are a file may say any number."""
_OBSOLETE = "#~"
_MOST_OCTETS = 3 * MOST_OCTETS
"""A language, what it was translated from, and what that was before."""
_UNFINISHED = {Status.OUTDATED, Status.DRAFT, Status.MACHINE}


# Out


def written(edition: Edition, tag: str) -> bytes:
    """The PO file of one of an edition's translations. Raises WrongUsageError for a language that is none."""
    translations = [each for each in edition.locales if each != edition.source_locale]
    if tag not in translations:
        raise WrongUsageError(
            N_("The edition %(slug)s is not translated into %(tag)s; it is into: %(tags)s."),
            slug=edition.slug,
            tag=tag,
            tags=", ".join(translations) or "–",
        )
    now = clock.now()
    catalog = Catalog(
        babel(tag),
        header_comment=f"# {edition.slug}: {self_name(edition.source_locale)} → {self_name(tag)}",
        project=edition.slug,
        version=drafts.named(drafts.of(edition)),
        creation_date=now,
        revision_date=now,
        charset="utf-8",
        fuzzy=False,
    )
    for block in edition.blocks:
        _add(catalog, edition, block, tag)
    file = BytesIO()
    write_po(file, catalog, include_previous=True)
    return file.getvalue()


def _add(catalog: Catalog, edition: Edition, block: Block, tag: str) -> None:
    source, translation = block.text(edition.source_locale), block.text(tag)
    where = status(edition, block, tag)
    if where is Status.NOT_APPLICABLE:
        return
    made = next((text for text in block.texts if text.locale == tag), None)
    before = made.previous_source or {} if made and where is Status.OUTDATED else {}
    for name in fields_of(block):
        if name in source:
            said = translation.get(name, "")
            fuzzy = where in _UNFINISHED and bool(said) and before.get(name) != source[name]
            catalog.add(
                source[name],
                said,
                flags=["fuzzy"] if fuzzy else [],
                previous_id=before[name] if fuzzy and name in before else (),
                context=f"{edition.slug}/{block.key}/{name}",
            )


# Back


@dataclass(frozen=True, slots=True)
class Taken:
    """An edition with a PO file's translations; ``moved``: blocks whose source changed since it was written out."""

    draft: Draft
    tag: str
    moved: Sequence[str]


def taken(path: Path, edition: Edition, by: str) -> Taken:
    """An edition as it would be with a PO file's translations, made by ``by``.

    What is translated and not fuzzy counts as made from the msgid beside it; where the edition's source says
    something else by now, the translation is kept and out of date. Raises InvalidError naming file and line.
    """
    catalog = _read(path)
    draft = drafts.of(edition)
    draft = draft.model_copy(update={"base": drafts.named(draft)}, deep=True)
    tag = _language(path, catalog, draft)
    entries = _entries(path, catalog, draft)
    moved: list[str] = []
    for block in draft.blocks:
        if entries.get(block.key):
            moved += _fill(path, draft, block, tag, entries[block.key], by)
    return Taken(draft, tag, moved)


def edition_of(path: Path) -> str:
    """The slug of the edition that a PO file says to belong to. Raises InvalidError."""
    catalog = _read(path)
    contexts = {str(message.context or "").partition("/")[0] for message in catalog if message.id}
    if len(contexts) != 1:
        raise InvalidError(
            N_("%(file)s is not taken: %(why)s."), file=path.name, why=Term(N_("it is no PO file of an edition"))
        )
    return contexts.pop()


def _read(path: Path) -> Catalog:
    # What is obsolete would be read like the rest.
    lines = ["" if line.lstrip().startswith(_OBSOLETE) else line for line in text(path, _MOST_OCTETS).split("\n")]
    for number, line in enumerate(lines, 1):
        # Babel takes a string without its quotes, too, and cuts off its ends.
        if not _LINE.fullmatch(line.strip()):
            raise bad(path, number, N_("here must stand msgctxt, msgid, msgstr or a text in quotes"))
    try:
        return read_po(lines, abort_invalid=True)
    except PoFileError as error:
        raise bad(path, error.lineno + 1, str(error)) from None
    except (ValueError, IndexError, LookupError, AttributeError, TypeError):
        # It stumbles over some of what has no order.
        raise bad(path, 1, N_("this is no PO file")) from None


def _language(path: Path, catalog: Catalog, draft: Draft) -> str:
    for tag in draft.locales:
        if tag != draft.source_locale and catalog.locale_identifier == str(babel(tag)):
            return tag
    raise bad(
        path,
        1,
        N_("its Language is %(tag)s, which %(slug)s is not translated into"),
        tag=catalog.locale_identifier,
        slug=draft.slug,
    )


def _entries(path: Path, catalog: Catalog, draft: Draft) -> dict[str, dict[str, Message]]:
    """``{block: {field: entry}}``. Where the edition has not moved since, each msgid must be what the source says."""
    untouched = catalog.version == draft.base
    found: dict[str, dict[str, Message]] = {}
    for message in catalog:
        if not message.id:
            continue
        slug, _, place = str(message.context or "").partition("/")
        key, _, name = place.partition("/")
        block = draft.block(key)
        if slug != draft.slug:
            raise bad(path, message.lineno or 1, N_("this belongs to another edition (%(slug)s)"), slug=slug or "–")
        told = block.texts.get(draft.source_locale, {}).get(name) if block else None
        if block and name in TYPES[block.type].fields(block.data) and untouched and told != message.id:
            raise bad(path, message.lineno or 1, N_("the source text was changed in this file: only msgstr is yours"))
        if block is None or name not in TYPES[block.type].fields(block.data) or not isinstance(message.id, str):
            raise bad(path, message.lineno or 1, N_("the edition has no text %(place)s"), place=place)
        found.setdefault(key, {})[name] = message
    return found


def _fill(
    path: Path, draft: Draft, block: DraftBlock, tag: str, entries: Mapping[str, Message], by: str
) -> Sequence[str]:
    """Put a block's translations in; its key where its source is another by now."""
    fields, source = TYPES[block.type].fields(block.data), block.texts.get(draft.source_locale, {})
    before = dict(block.texts.get(tag, {}))
    texts = dict(before)
    for name, message in entries.items():
        if isinstance(message.string, str) and message.string.strip():
            try:
                texts[name] = fields[name].accept(drafts.readable(message.string))
            except ValueError as error:
                raise bad(
                    path,
                    message.lineno or 1,
                    N_("%(key)s: %(why)s"),
                    key=f"{block.key}.{name}",
                    why=error.args[0],
                ) from None
    if not texts:
        return ()
    block.texts[tag] = texts
    was, changed = draft.made(tag, block.key), texts != before
    told = _told(was, source, entries)
    made_from, present = source_hash(told, fields), source_hash(source, fields)
    if any(message.fuzzy for message in entries.values()):
        if not changed and was:
            return ()
        made = Progress(status=TextStatus.DRAFT, source_hash=made_from, previous_source=told, by=by, at=clock.now())
    elif (
        not changed
        and was
        and was.source_hash == made_from
        and was.status not in (TextStatus.DRAFT, TextStatus.MACHINE)
    ):
        return ()
    else:
        made = Progress(source_hash=made_from, previous_source=told, by=by, at=clock.now())
    draft.progress.setdefault(tag, {})[block.key] = made
    return () if made_from == present else (block.key,)


def _told(was: Progress | None, source: Mapping[str, str], entries: Mapping[str, Message]) -> dict[str, str]:
    """What a block's translation is made from now: the msgid of each entry that says something.

    Of a field that the file leaves out or empty nothing came back: it is made from what it was made from before.
    """
    before = (was.previous_source or {}) if was else source
    kept = {name: before[name] for name in source if name in before}
    return kept | {name: str(message.id) for name, message in entries.items() if str(message.string).strip()}
