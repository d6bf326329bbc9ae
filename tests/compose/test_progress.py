"""What a revised edition may say of its translations, and what is known better."""

import pytest
from sqlalchemy.orm import Session

from mailer.compose import draft as drafts
from mailer.compose.draft import Draft, Progress
from mailer.compose.edition import revise, save
from mailer.compose.status import Status, status
from mailer.errors import RefusedError
from mailer.i18n import EN, ZH
from mailer.installation import Installation
from mailer.model import Edition, Text, Topic
from mailer.model.edition import TextStatus
from tests.compose.conftest import in_


def _edition(session: Session, topic: Topic, draft: Draft) -> Edition:
    made = draft.model_copy(update={"progress": {}})
    return save(session, session.merge(topic).newsletter, made, "Ada")


def _now(edition: Edition) -> Draft:
    return drafts.of(edition).model_copy(deep=True)


def _say(draft: Draft, key: str, tag: str, **fields: str) -> Draft:
    block = draft.block(key)
    assert block
    block.texts[tag] = {**block.texts[tag], **fields}
    return draft


def _english(edition: Edition, key: str) -> Text:
    return next(text for text in in_(edition, key).texts if text.locale == EN)


def _claim(draft: Draft, key: str, **made: object) -> Draft:
    draft.progress[EN][key] = Progress.model_validate(draft.progress[EN][key].model_dump() | made)
    return draft


@pytest.mark.parametrize("status_", [TextStatus.REVIEWED, TextStatus.APPROVED])
def test_nobody_writes_another_s_review(house: Installation, topic: Topic, draft: Draft, status_: TextStatus) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        claimed = {"status": status_, "reviewed_by": "Bo"}
        revise(session, edition, _claim(_now(edition), "share", **claimed), "Ada")
        assert (_english(edition, "share").status, _english(edition, "share").reviewed_by) == (
            TextStatus.TRANSLATED,
            None,
        )
        other = _claim(_say(_now(edition), "share", EN, body="Please pass this on."), "share", **claimed)
        revise(session, edition, other, "Ada")
        text = _english(edition, "share")
        assert (text.fields["body"], text.status, text.reviewed_by) == (
            "Please pass this on.", TextStatus.TRANSLATED, None,
        )  # fmt: skip
        # Their own they may, and however they spell themselves; approved is only what was approved.
        revise(session, edition, _claim(_now(edition), "share", **claimed), "bo")
        assert (_english(edition, "share").status, _english(edition, "share").reviewed_by) == (
            TextStatus.REVIEWED,
            "Bo",
        )


def test_a_block_by_another_name_is_no_more_up_to_date_than_before(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        revise(session, edition, _say(_now(edition), "share", ZH, body="請轉寄給你的朋友。"), "Ada")
        renamed = _now(edition)
        block = renamed.block("share")
        assert block
        block.key = "pass-it-on"
        renamed.progress[EN].pop("share")
        revise(session, edition, renamed, "Ada")
        assert status(edition, in_(edition, "pass-it-on"), EN) is Status.OUTDATED


def test_no_other_language_becomes_the_source_of_what_is_out_of_date(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        revise(session, edition, _say(_now(edition), "share", ZH, body="請轉寄給你的朋友。"), "Ada")
        turned = _now(edition).model_copy(update={"source_locale": EN})
        with pytest.raises(RefusedError, match="share is out of date in English"):
            revise(session, edition, turned, "Ada")
        revise(session, edition, _say(_now(edition), "share", EN, body="Please pass this on."), "Ada")
        turned = _now(edition).model_copy(update={"source_locale": EN, "progress": {}})
        revise(session, edition, turned, "Ada")
        assert status(edition, in_(edition, "share"), ZH) is Status.TRANSLATED


def test_a_restored_translation_is_who_made_it_then(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        revise(session, edition, _say(_now(edition), "share", EN, body="Please pass this on."), "Tess")
        then = _now(edition)
        revise(session, edition, _say(_now(edition), "share", EN, body="Pass it on, please."), "Bo")
        revise(session, edition, then, "Cy", "restore 2")
        text = _english(edition, "share")
        assert (text.fields["body"], text.translated_by) == ("Please pass this on.", "Tess")
