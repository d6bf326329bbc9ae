"""Every save is kept, any two can be compared, any can be had again."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from mailer.compose import draft as drafts
from mailer.compose import version
from mailer.compose.compare import Kind, compare
from mailer.compose.draft import Draft
from mailer.compose.edition import revise, save
from mailer.compose.exchange import restore
from mailer.compose.status import Status, status
from mailer.errors import InvalidError, NotFoundError, RefusedError
from mailer.i18n import EN, ZH
from mailer.installation import Installation
from mailer.model import Edition, EditionState, Topic, Version
from mailer.model.edition import TextStatus
from mailer.render.approval import approve
from tests.compose.conftest import in_


def _edition(session: Session, topic: Topic, draft: Draft) -> Edition:
    return save(session, session.merge(topic).newsletter, draft, "Ada")


def _with(draft: Draft, key: str, field: str, tag: str, text: str) -> Draft:
    """A draft with one other text."""
    changed = draft.model_copy(deep=True)
    block = changed.block(key)
    assert block
    block.texts[tag] = {**block.texts[tag], field: text}
    return changed


def test_each_save_is_a_version_with_who_and_what(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        stored = drafts.of(edition)
        revise(session, edition, _with(stored, "share", "body", ZH, "請轉寄給你的朋友。"), "Bo")
        kept = version.versions(session, edition)
        assert [(each.number, each.by, each.action) for each in kept] == [(2, "Bo", "save"), (1, "Ada", "save")]
        first, second = (version.content(session, each) for each in reversed(kept))
        assert first == stored
        found, standing = compare(first, second)
        # What was made from the words before is out of date now.
        assert (standing.kind, standing.locale, standing.change.new) == (Kind.PROGRESS, EN, "outdated")
        assert (found.kind, found.block, found.locale, found.change.new) == (
            Kind.TEXT, "share", ZH, "請轉寄給你的朋友。",
        )  # fmt: skip


def test_a_save_without_a_change_is_no_version(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        assert revise(session, edition, drafts.of(edition), "Bo").number == 1
        assert revise(session, edition, draft, "Bo").number == 1


def test_a_restored_version_is_the_old_one_and_undoes_nothing(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        before = drafts.of(edition)
        changed = _with(before, "letter", "body", EN, "Another letter.")
        changed.blocks = [block for block in changed.blocks if block.key != "share"]
        changed.images.clear()
        revise(session, edition, changed, "Bo")
        made = restore(session, edition, 1, "Cy")
        assert (made.number, made.by, made.action) == (3, "Cy", "restore 1")
        session.expire_all()
        assert drafts.content(drafts.of(edition)) == drafts.content(before)
        assert [each.number for each in version.versions(session, edition)] == [3, 2, 1]
        with pytest.raises(NotFoundError, match="no version 9"):
            restore(session, edition, 9, "Cy")


def test_a_changed_source_leaves_its_translation_out_of_date(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        revise(session, edition, _with(drafts.of(edition), "share", "body", ZH, "請轉寄給你的朋友。"), "Bo")
        assert status(edition, in_(edition, "share"), EN) is Status.OUTDATED
        # Whoever then writes the translation anew has the new source beside them.
        revise(session, edition, _with(drafts.of(edition), "share", "body", EN, "Please pass this on."), "Cy")
        assert status(edition, in_(edition, "share"), EN) is Status.TRANSLATED
        text = next(text for text in in_(edition, "share").texts if text.locale == EN)
        assert (text.translated_by, text.previous_source) == ("Cy", {"body": "請轉寄給你的朋友。"})


def test_other_line_breaks_make_no_translation_new(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        stored = drafts.of(edition)
        body = stored.block("share").texts[EN]["body"]  # type: ignore[union-attr]  # the sample has one
        stored = _with(stored, "share", "body", ZH, "請轉寄給你的朋友。")
        revise(session, edition, _with(stored, "share", "body", EN, body.replace(" ", "\n", 1)), "Bo")
        assert status(edition, in_(edition, "share"), EN) is Status.OUTDATED


def test_what_was_approved_and_is_changed_is_to_be_approved_anew(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        approve(session, edition, "Bo")
        assert version.newest(session, edition).action == "approve"  # type: ignore[union-attr]  # there is one
        changed = _with(drafts.of(edition), "share", "body", EN, "Please pass this on.")
        revise(session, edition, changed, "Cy")
        assert edition.state is EditionState.DRAFT
        kept = {text.locale: text.status for text in in_(edition, "share").texts}
        assert kept == {ZH: TextStatus.APPROVED, EN: TextStatus.TRANSLATED}
        # Ada may judge now what Cy wrote, though Ada began it all.
        with pytest.raises(RefusedError, match="Cy wrote"):
            approve(session, edition, "Cy")
        approve(session, edition, "Ada")
        assert edition.approval == 2


def test_a_text_that_no_field_takes_is_refused_and_nothing_changes(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        stored = drafts.of(edition)
        for field, text in (
            ("body", "<!-- letter.body -->"),
            ("body", "x" * 20_001),
            ("headline", "a\nb"),
            ("headline", "a\x1b[2Jb"),
            ("headline", "\ue000"),
            ("body", "a\rb"),
            ("no", "a"),
        ):
            with pytest.raises(InvalidError, match="Block letter"):
                revise(session, edition, _with(stored, "letter", field, EN, text), "Bo")
        narrow = stored.model_copy(deep=True)
        narrow.block("letter").languages = [ZH]  # type: ignore[union-attr]  # it is there
        with pytest.raises(InvalidError, match="not meant for en-GB"):
            revise(session, edition, narrow, "Bo")
        assert drafts.of(edition) == stored
        assert len(version.versions(session, edition)) == 1


def test_an_approval_is_a_version_even_where_it_changes_no_text(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    alone = draft.model_copy(deep=True, update={"locales": [ZH], "derived": [], "progress": {}})
    for block in alone.blocks:
        block.texts.pop(EN, None)
    with house.database.write() as session:
        edition = _edition(session, topic, alone)
        approve(session, edition, "Bo")
        assert [each.action for each in version.versions(session, edition)] == ["approve", "save"]
        # What Ada wrote was approved: she may judge what Bo writes after it.
        revise(session, edition, _with(drafts.of(edition), "share", "body", ZH, "請轉寄給你的朋友。"), "Bo")
        assert version.writers(session, edition) == {"Bo"}
        approve(session, edition, "Ada")
        assert edition.approval == 2


def test_who_wrote_what_was_stored_before_versions_were_kept_is_known(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        session.execute(delete(Version))
        assert version.writers(session, edition) == {"Ada"}


@pytest.mark.parametrize(
    "gone",
    [
        lambda content: content["blocks"][2].update(type="hologram"),
        lambda content: content["blocks"][2].update(data={"colour": "red"}),
        lambda content: content["images"].update({"boat.jpg": "0" * 64}),
    ],
    ids=["type", "data", "picture"],
)
def test_a_version_that_needs_what_is_no_more_is_refused_and_nothing_changes(
    house: Installation, topic: Topic, draft: Draft, gone: Callable[[dict[str, Any]], None]
) -> None:
    """As after years: another program wrote it, or somebody cleared up."""
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        first = version.version(session, edition, 1)
        first.content = copy.deepcopy(first.content)
        gone(first.content)
        before = drafts.of(edition)
        with pytest.raises(RefusedError, match="Version 1 cannot be read"):
            restore(session, edition, 1, "Cy")
        assert drafts.of(edition) == before
