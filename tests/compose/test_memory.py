"""Suggestions from earlier editions."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.compose.draft import Draft
from mailer.compose.edition import save
from mailer.compose.memory import Pair, earlier, suggest
from mailer.i18n import EN, ZH
from mailer.installation import Installation
from mailer.model import Edition, Newsletter, Topic
from mailer.model.edition import TextStatus
from tests.compose.conftest import in_

SHARE = "請把這封電郵轉寄給一位愛看書的朋友。"


def _pair(source: str, target: str, edition: str = "may") -> Pair:
    return Pair(source, target, edition, "share", "body")


def _saved(session: Session, topic: Topic, draft: Draft, slug: str, share: tuple[str, str], days: int = 0) -> Edition:
    """The sample under another name, with other words in its share block; ``days`` old."""
    copy = draft.model_copy(deep=True, update={"slug": slug})
    block = next(each for each in copy.blocks if each.key == "share")
    block.texts = {ZH: {"body": share[0]}, EN: {"body": share[1]}}
    edition = save(session, topic.newsletter, copy, "Ada")
    edition.created_at -= timedelta(days=days)
    session.flush()
    return edition


def test_the_same_text_and_one_like_it_are_found_with_how_alike_they_are() -> None:
    pairs = [
        _pair("請把這封電郵轉寄給一位愛吃魚的朋友。", "Forward this to a friend of fish.", "june"),
        _pair(SHARE, "Please forward this to a friend who reads."),
        _pair("潮水退了，書還在。", "The water left; the books stayed."),
    ]
    exact, near = suggest(pairs, f"{SHARE}\n")
    assert (exact.pair.target, exact.similarity) == ("Please forward this to a friend who reads.", 1.0)
    assert near.pair.edition == "june"
    assert 0.75 <= near.similarity < 1


def test_layout_makes_no_difference_and_each_wording_comes_once_from_the_newest() -> None:
    pairs = [_pair("**a** b\nc", "甲", "june"), _pair("__a__ b c", "甲", "may"), _pair("**a** b c", "乙", "april")]
    assert [(found.pair.target, found.pair.edition, found.similarity) for found in suggest(pairs, "**a** b c")] == [
        ("甲", "june", 1.0),
        ("乙", "april", 1.0),
    ]


@pytest.mark.parametrize("text", ["", " \n", "潮" * 5001])
def test_nothing_and_what_is_too_long_have_no_suggestions(text: str) -> None:
    assert suggest([_pair(text, "x")], text) == []


def test_only_so_many_are_shown() -> None:
    pairs = [_pair(SHARE, f"Forward this, {n}.") for n in range(20)]
    assert [found.pair.target for found in suggest(pairs, SHARE, most=2)] == ["Forward this, 0.", "Forward this, 1."]


def test_earlier_editions_of_the_same_newsletter_are_asked_newest_first(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        topic = session.merge(topic)
        _saved(session, topic, draft, "may", (SHARE, "May"), days=60)
        _saved(session, topic, draft, "june", (SHARE, "June"), days=30)
        elsewhere = Newsletter(**{c: getattr(topic.newsletter, c) for c in _COLUMNS} | {"slug": "other"})
        other = Topic(newsletter=elsewhere, slug="other", name={})
        session.add(other)
        _saved(session, other, draft, "july", (SHARE, "Elsewhere"))
        now = _saved(session, topic, draft, "now", (SHARE, "Now"))
        both = earlier(session, now, ZH, EN)
        assert [(found.pair.target, found.pair.edition) for found in suggest(both, SHARE)] == [
            ("June", "june"),
            ("May", "may"),
        ]
        # The other way round, too; and of a language that nobody wrote there is nothing.
        assert [found.pair.target for found in suggest(earlier(session, now, EN, ZH), "June")] == [SHARE]
        assert earlier(session, now, ZH, "fil-PH") == []


_COLUMNS = (
    "name", "sender_name", "sender_address", "return_address", "postal_address", "list_domain", "locales",
    "default_locale", "zone", "theme",
)  # fmt: skip


def test_what_is_out_of_date_a_draft_or_a_machine_s_is_not_suggested(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        topic = session.merge(topic)
        old = _saved(session, topic, draft, "old", (SHARE, "Old"), days=1)
        now = _saved(session, topic, draft, "now", (SHARE, "Now"))
        source, text = sorted(in_(old, "share").texts, key=lambda each: each.locale, reverse=True)
        assert suggest(earlier(session, now, ZH, EN), SHARE)
        for status in (TextStatus.DRAFT, TextStatus.MACHINE):
            text.status = status
            session.flush()
            assert suggest(earlier(session, now, ZH, EN), SHARE) == []
        text.status = TextStatus.REVIEWED
        source.fields = {"body": SHARE + "多謝。"}
        session.flush()
        assert suggest(earlier(session, now, ZH, EN), SHARE) == []


def test_of_a_large_archive_the_newest_part_alone_is_read(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        topic = session.merge(topic)
        for age in range(1, 5):
            _saved(session, topic, draft, f"edition-{age}", (SHARE, f"Edition {age}"), days=age)
        now = _saved(session, topic, draft, "now", (SHARE, "Now"))
        blocks = len({pair.block for pair in earlier(session, now, ZH, EN)})
        found = earlier(session, now, ZH, EN, most=2 * blocks)
        assert {pair.edition for pair in found} == {"edition-1", "edition-2"}
