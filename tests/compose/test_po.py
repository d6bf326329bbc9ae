"""Translators get a PO file and give it back; the edition knows what of it is up to date."""

import re
import tracemalloc
from contextlib import nullcontext
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from sqlalchemy.orm import Session

from mailer.compose import draft as drafts
from mailer.compose.draft import Draft
from mailer.compose.edition import revise, save
from mailer.compose.po import edition_of, taken, written
from mailer.compose.status import Status, status
from mailer.errors import InvalidError, WrongUsageError
from mailer.i18n import EN, ZH
from mailer.installation import Installation
from mailer.model import Edition, Topic
from tests.compose.conftest import in_


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "wrap-up-2026.en-GB.po"


def _edition(session: Session, topic: Topic, draft: Draft) -> Edition:
    return save(session, session.merge(topic).newsletter, draft, "Ada")


def _catalog(file: Path) -> Catalog:
    with file.open("rb") as source:
        return read_po(source)


def _change(session: Session, edition: Edition, key: str, tag: str, **fields: str) -> None:
    """Somebody else changes a text."""
    changed = drafts.of(edition).model_copy(deep=True)
    block = changed.block(key)
    assert block
    block.texts[tag] = {**block.texts[tag], **fields}
    revise(session, edition, changed, "Bo")


def test_what_comes_back_untouched_changes_nothing(house: Installation, topic: Topic, draft: Draft, file: Path) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        file.write_bytes(written(edition, EN))
        assert edition_of(file) == edition.slug
        back = taken(file, edition, "Tess")
        assert (drafts.content(back.draft), back.tag, back.moved) == (drafts.content(drafts.of(edition)), EN, [])


def test_each_field_is_an_entry_with_its_place(house: Installation, topic: Topic, draft: Draft, file: Path) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        file.write_bytes(written(edition, EN))
        catalog = _catalog(file)
        assert str(catalog.locale) == "en_GB"
        told = {str(message.context): (message.id, message.string) for message in catalog if message.id}
        source = {f"{edition.slug}/{b.key}/{name}": value for b in edition.blocks for name, value in b.text(ZH).items()}
        assert {context: id_ for context, (id_, _) in told.items()} == source
        share = told[f"{edition.slug}/share/body"]
        assert share == (in_(edition, "share").text(ZH)["body"], in_(edition, "share").text(EN)["body"])
        assert not any(message.fuzzy for message in catalog)


def test_an_outdated_text_is_fuzzy_with_what_it_was_made_from(
    house: Installation, topic: Topic, draft: Draft, file: Path
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        before = in_(edition, "share").text(ZH)["body"].splitlines()[0]
        _change(session, edition, "share", ZH, body="請轉寄給你的朋友。")
        file.write_bytes(written(edition, EN))
        fuzzy = [message for message in _catalog(file) if message.fuzzy and message.id]
        assert [(message.context, message.id) for message in fuzzy] == [
            (f"{edition.slug}/share/body", "請轉寄給你的朋友。")
        ]
        assert "#| msgid" in file.read_text()
        assert before[:8] in file.read_text()
        # Left as it is, it stays out of date; unmarked and translated anew, it is up to date.
        assert drafts.content(taken(file, edition, "Tess").draft) == drafts.content(drafts.of(edition))
        raw = file.read_text()
        at = raw.index('msgid "請轉寄給你的朋友。"')
        head, tail = raw[:at], raw[at:]
        start = head.rindex("#, fuzzy\n")
        tail = 'msgid "請轉寄給你的朋友。"\nmsgstr "Please pass this on."\n\n' + tail.partition("\n\n")[2]
        file.write_text(head[:start] + head[start:].replace("#, fuzzy\n", "") + tail)
        revise(session, edition, taken(file, edition, "Tess").draft, "Tess")
        assert status(edition, in_(edition, "share"), EN) is Status.TRANSLATED
        text = next(text for text in in_(edition, "share").texts if text.locale == EN)
        assert (text.fields["body"], text.translated_by) == ("Please pass this on.", "Tess")


def test_a_source_that_moved_meanwhile_leaves_its_translation_out_of_date(
    house: Installation, topic: Topic, draft: Draft, file: Path
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        file.write_text(written(edition, EN).decode().replace('msgstr "Head Librarian"', 'msgstr "Librarian in chief"'))
        _change(session, edition, "letter", ZH, signature_role="圖書室主任")
        back = taken(file, edition, "Tess")
        assert back.moved == ["letter"]
        revise(session, edition, back.draft, "Tess")
        assert in_(edition, "letter").text(EN)["signature_role"] == "Librarian in chief"
        assert status(edition, in_(edition, "letter"), EN) is Status.OUTDATED


def test_half_a_translation_is_kept_and_unfinished(house: Installation, topic: Topic, draft: Draft, file: Path) -> None:
    lacking = draft.model_copy(deep=True)
    for block in lacking.blocks:
        block.texts.pop(EN, None)
    with house.database.write() as session:
        edition = _edition(session, topic, lacking)
        raw = written(edition, EN).decode()
        at = raw.index(f'msgctxt "{edition.slug}/signoff/name"')
        file.write_text(raw[:at] + raw[at:].replace('msgstr ""', 'msgstr "Au Yeung"', 1))
        revise(session, edition, taken(file, edition, "Tess").draft, "Tess")
        assert in_(edition, "signoff").text(EN) == {"name": "Au Yeung"}
        assert status(edition, in_(edition, "signoff"), EN) is Status.MISSING


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("wrap-up-2026/share/body", "other/share/body", "another edition"),
        ("wrap-up-2026/share/body", "wrap-up-2026/share/bodies", "no text share/bodies"),
        ("wrap-up-2026/share/body", "wrap-up-2026/sharing/body", "no text sharing/body"),
        ("Language: en_GB", "Language: fr", "not translated into"),
        ("msgctxt", "msgctx", "line [0-9]+"),
        ('msgstr "', "msgstr ", "line [0-9]+"),
        ("msgid", "\x00", "line [0-9]+"),
    ],
)
def test_what_is_no_translation_of_this_edition_is_refused(
    house: Installation, topic: Topic, draft: Draft, file: Path, old: str, new: str, why: str
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        file.write_text(written(edition, EN).decode().replace(old, new))
        with pytest.raises(InvalidError, match=why):
            taken(file, edition, "Tess")


@pytest.mark.parametrize("mark", ["", "#~ "], ids=["in use", "obsolete"])
def test_a_file_that_claims_endless_plurals_costs_nothing(
    house: Installation, topic: Topic, draft: Draft, file: Path, mark: str
) -> None:
    entry = ('msgctxt "a/b/c"', 'msgid "x"', 'msgid_plural "y"', 'msgstr[0] "z"')
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        plural = '"Plural-Forms: nplurals=9999999; plural=0;\\n"'
        raw = re.sub('"Plural-Forms:[^\n]*', lambda _: plural, written(edition, EN).decode())
        assert plural in raw
        file.write_text(raw + "\n" + "".join(f"{mark}{line}\n" for line in entry))
        tracemalloc.start()
        with nullcontext() if mark else pytest.raises(InvalidError, match="here must stand msgctxt"):
            taken(file, edition, "Tess")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
        tracemalloc.stop()


def test_a_file_may_be_as_long_as_an_edition_in_two_languages(
    house: Installation, topic: Topic, draft: Draft, file: Path
) -> None:
    long = draft.model_copy(deep=True)
    section = next(block for block in long.blocks if block.type == "section")
    for number in range(8):
        texts = {tag: {"title": str(number), "body": "甲" * 6_000} for tag in (ZH, EN)}
        long.blocks.append(section.model_copy(update={"key": f"long-{number}", "texts": texts}))
    with house.database.write() as session:
        edition = _edition(session, topic, long)
        file.write_bytes(written(edition, EN))
        assert file.stat().st_size > 250_000
        assert taken(file, edition, "Tess").moved == []


@pytest.mark.parametrize(
    ("typed", "why"),
    [("two\\nlines", "it must be a single line"), ("Au\\rYeung", "The text holds a control character")],
)
def test_a_text_that_no_field_takes_is_refused_with_its_line(
    house: Installation, topic: Topic, draft: Draft, file: Path, typed: str, why: str
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        raw = written(edition, EN).decode()
        at = raw.index(f'msgctxt "{edition.slug}/signoff/name"')
        cut = raw.index("msgstr", at)
        file.write_text(raw[:cut] + f'msgstr "{typed}"\n\n' + raw[cut:].partition("\n\n")[2])
        with pytest.raises(InvalidError, match=rf"line [0-9]+: signoff.name: {why}"):
            taken(file, edition, "Tess")


def test_only_translations_are_written_out(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        for tag in (ZH, "fr"):
            with pytest.raises(WrongUsageError, match="en-GB"):
                written(edition, tag)


@pytest.mark.parametrize("left", ["out", "empty"])
def test_what_a_program_leaves_out_or_empty_is_no_translation_of_the_new_source(
    house: Installation, topic: Topic, draft: Draft, file: Path, left: str
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        _change(session, edition, "letter", ZH, body="另一封信。")
        file.write_bytes(written(edition, EN))
        catalog = _catalog(file)
        for message in [message for message in catalog if message.fuzzy and message.id]:
            if left == "out":
                catalog.delete(message.id, message.context)
            else:
                message.string = ""
                message.flags.discard("fuzzy")
        with file.open("wb") as out:
            write_po(out, catalog, include_previous=True)
        revise(session, edition, taken(file, edition, "Tess").draft, "Tess")
        assert status(edition, in_(edition, "letter"), EN) is Status.OUTDATED
