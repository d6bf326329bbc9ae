import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.compose.acknowledge import acknowledge, acknowledged
from mailer.compose.check import Fault, Severity, findings
from mailer.compose.draft import Draft, Progress
from mailer.compose.edition import save
from mailer.compose.status import Status, status
from mailer.errors import InvalidError, NotFoundError, RefusedError, WrongUsageError
from mailer.i18n import AUTOMATIC, EN, ZH, modes
from mailer.installation import Installation
from mailer.model import AuditEntry, Edition, EditionState, Staff, Topic, Variant
from mailer.model.edition import TextStatus
from mailer.render.approval import approve


def _edition(session: Session, topic: Topic, draft: Draft, author: str = "Ada") -> Edition:
    return save(session, session.merge(topic).newsletter, draft, author)


def test_the_sample_has_no_fault_and_is_frozen_in_every_mode(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        assert findings(edition) == []
        approve(session, edition, "Bo")
        assert set(session.scalars(select(Variant.mode))) == set(modes([ZH, EN, AUTOMATIC]))
        assert (edition.state, edition.approval, edition.approver) == (EditionState.APPROVED, 1, "Bo")
        assert session.scalars(select(AuditEntry.name)).all() == ["Bo"]


def test_a_missing_text_is_named_and_nothing_is_frozen(house: Installation, topic: Topic, draft: Draft) -> None:
    lacking = draft.model_copy(deep=True)
    share = next(block for block in lacking.blocks if block.key == "share")
    del share.texts["zh-Hant-HK"]
    with pytest.raises(InvalidError, match="share"), house.database.write() as session:
        approve(session, _edition(session, topic, lacking), "Bo")
    with house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Variant)) == 0


def test_an_optional_field_in_one_language_alone_is_missing_in_the_other(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    lacking = draft.model_copy(deep=True)
    letter = next(block for block in lacking.blocks if block.key == "letter")
    del letter.texts["en-GB"]["headline"]
    with house.database.write() as session:
        (found,) = findings(_edition(session, topic, lacking))
    assert (found.fault, found.block, found.field, found.locale) == (Fault.MISSING, "letter", "headline", "en-GB")


def test_one_changed_word_makes_that_translation_outdated_and_white_space_none(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        block = next(block for block in edition.blocks if block.key == "share")
        source = next(text for text in block.texts if text.locale == "zh-Hant-HK")
        body = source.fields["body"]
        source.fields = {"body": f"\n{body}  \n"}
        assert findings(edition) == []
        source.fields = {"body": body + "了"}
        assert [(f.fault, f.block) for f in findings(edition)] == [(Fault.OUTDATED, "share")]
        with pytest.raises(InvalidError, match="has changed"):
            approve(session, edition, "Bo")
        source.fields = {"body": body}
        assert findings(edition) == []


def test_whoever_wrote_it_may_not_approve_it_unless_they_are_alone(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        with pytest.raises(RefusedError, match="somebody else"):
            approve(session, edition, "Ada")
        session.delete(session.scalars(select(Staff).limit(1)).one())
        session.flush()
        approve(session, edition, "Ada")
        assert session.scalars(select(AuditEntry)).one().detail["four_eyes"] is False


def test_another_spelling_is_no_second_person(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session, pytest.raises(RefusedError, match="somebody else"):
        approve(session, _edition(session, topic, draft), "ADA")


def test_an_edition_is_approved_once(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        approve(session, edition, "Bo")
        with pytest.raises(RefusedError, match="approved already"):
            approve(session, edition, "Bo")


def test_a_slug_is_taken_once(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        _edition(session, topic, draft)
        with pytest.raises(RefusedError, match="already"):
            _edition(session, topic, draft)


def test_a_topic_without_a_name_in_one_language_keeps_it_from_being_approved(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        session.merge(topic).name = {"zh-Hant-HK": "《潮信》"}
        with pytest.raises(InvalidError, match="English"):
            approve(session, edition, "Bo")


def _change(edition: Edition, key: str) -> None:
    block = next(block for block in edition.blocks if block.key == key)
    source = next(text for text in block.texts if text.locale == edition.source_locale)
    source.fields = {name: value + "了" for name, value in source.fields.items()}


def _let_pass(session: Session, edition: Edition, *blocks: str) -> None:
    """Somebody lets pass what was found in these blocks."""
    found = findings(edition)
    acknowledge(session, edition, found, [each.id for each in found if each.block in blocks], "Cy", "It says the same")


def test_an_outdated_text_goes_out_where_a_named_person_says_so_and_that_is_on_record(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        _change(edition, "share")
        _change(edition, "signoff")
        _let_pass(session, edition, "share")
        with pytest.raises(InvalidError, match="signoff"):
            approve(session, edition, "Bo")
        assert edition.state is EditionState.DRAFT
        _let_pass(session, edition, "share", "signoff")
        approve(session, edition, "Bo")
        *said, entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        assert [(each.name, each.action, each.detail["reason"]) for each in said] == [
            ("Cy", "edition.acknowledge", "It says the same")
        ] * 2
        assert (entry.name, entry.detail["outdated"]) == ("Bo", ["share:en-GB", "signoff:en-GB"])
        assert [each.split(":")[1:] for each in entry.detail["acknowledged"]] == [
            ["outdated", "share", "en-GB"],
            ["outdated", "signoff", "en-GB"],
        ]
        # It is no less out of date for that, and everything else was approved.
        assert {status(edition, block, "en-GB") for block in edition.blocks} == {
            Status.APPROVED,
            Status.OUTDATED,
            Status.NOT_APPLICABLE,
        }


def test_what_was_let_pass_is_not_once_its_text_has_changed_again(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        _change(edition, "share")
        _let_pass(session, edition, "share")
        _change(edition, "share")
        with pytest.raises(InvalidError, match="share"):
            approve(session, edition, "Bo")


def test_what_is_let_pass_is_no_outdated_text_where_it_is_something_else(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        share = next(block for block in edition.blocks if block.key == "share")
        english = next(text for text in share.texts if text.locale == "en-GB")
        english.fields = {"body": english.fields["body"] + " [Write][us]"}
        with pytest.raises(InvalidError, match="Write"):
            approve(session, edition, "Bo")
        _let_pass(session, edition, "share")
        approve(session, edition, "Bo")
        approved = select(AuditEntry).where(AuditEntry.action == "edition.approve")
        assert session.scalars(approved).one().detail["outdated"] == []
        assert status(edition, share, "en-GB") is Status.APPROVED


def test_who_lets_something_pass_names_it_and_says_why(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        edition = _edition(session, topic, draft)
        _change(edition, "share")
        found = findings(edition)
        for reason in ("", "  ", "x" * 501):
            with pytest.raises(WrongUsageError, match="why"):
                acknowledge(session, edition, found, [found[0].id], "Cy", reason)
        with pytest.raises(NotFoundError, match="0badc0de"):
            acknowledge(session, edition, found, ["0badc0de"], "Cy", "It says the same")
        assert acknowledged(session, edition) == {}


def test_a_missing_text_cannot_be_acknowledged(house: Installation, topic: Topic, draft: Draft) -> None:
    lacking = draft.model_copy(deep=True)
    del next(block for block in lacking.blocks if block.key == "share").texts["en-GB"]
    with house.database.write() as session:
        edition = _edition(session, topic, lacking)
        with pytest.raises(RefusedError, match="mend it"):
            _let_pass(session, edition, "share")
        with pytest.raises(InvalidError, match=r"share .* English"):
            approve(session, edition, "Bo")


@pytest.mark.parametrize(
    ("stored", "fault"),
    [
        (TextStatus.DRAFT, Fault.DRAFT),
        (TextStatus.MACHINE, Fault.MACHINE),
        (TextStatus.TRANSLATED, Fault.UNREVIEWED),
    ],
)
def test_a_draft_keeps_an_edition_back_and_what_nobody_has_reviewed_is_pointed_out(
    house: Installation, topic: Topic, draft: Draft, stored: TextStatus, fault: Fault
) -> None:
    progress = {"en-GB": draft.progress["en-GB"] | {"share": Progress(status=stored)}}
    begun = draft.model_copy(update={"progress": progress})
    with house.database.write() as session:
        edition = _edition(session, topic, begun)
        (found,) = findings(edition)
        assert (found.fault, found.block, found.locale) == (fault, "share", "en-GB")
        assert "share" in found.say(str)
        if found.severity is Severity.WARNING:
            approve(session, edition, "Bo")
        else:
            with pytest.raises(InvalidError, match="draft"):
                approve(session, edition, "Bo")
