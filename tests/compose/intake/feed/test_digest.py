"""Feeds as the digest of a blog."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from mailer.compose.blocks import FRONT
from mailer.compose.data import Digest
from mailer.compose.draft import Draft
from mailer.compose.edition import build
from mailer.compose.intake.feed.digest import propose
from mailer.compose.intake.feed.post import Feed
from mailer.compose.intake.proposal import Proposal
from mailer.compose.parsed import visible
from mailer.errors import InvalidError, UnavailableError
from mailer.i18n import EN, ZH
from mailer.model import Newsletter
from tests.compose.intake.feed.feeds import chinese, english, item, mixed

HONG_KONG = ZoneInfo("Asia/Hong_Kong")
EVENING = "Tue, 03 Nov 2026 23:30:00 +0800"


def digest(*feeds: Feed, **more: Any) -> Proposal:
    return propose(feeds, "november", HONG_KONG, **more)


def cards(draft: Draft) -> Digest:
    (data,) = (block.data for block in draft.blocks if block.key == "digest")
    assert isinstance(data, Digest)
    return data


def ids(proposal: Proposal) -> list[str]:
    return [card.id for card in cards(proposal.draft).cards]


def said(proposal: Proposal) -> str:
    return "\n".join(each.say(str) for each in proposal.odd)


def texts(proposal: Proposal, key: str = "digest") -> dict[str, dict[str, str]]:
    return next(block.texts for block in proposal.draft.blocks if block.key == key)


def test_posts_in_two_languages_become_one_card() -> None:
    found = digest(
        chinese(item("石級留住了", "/zh/steps", "<p>石級留住了</p><p>街坊簽名。</p><p>繼續閱讀</p>", EVENING)),
        english(item("The steps stay", "/en/steps", "Neighbours signed. [&hellip;]", EVENING)),
    )
    (card,) = cards(found.draft).cards
    assert (card.id, card.url, card.date) == ("steps", "https://tide.example/zh/steps", date(2026, 11, 3))
    assert texts(found) == {
        ZH: {"steps.title": "石級留住了", "steps.excerpt": "街坊簽名。"},
        EN: {"steps.title": "The steps stay", "steps.excerpt": "Neighbours signed. …"},
    }
    assert "lead to the first language alone: 石級留住了" in said(found)


def test_the_draft_is_a_digest_by_its_template_that_can_be_saved() -> None:
    found = digest(chinese(item("石級留住了", "/steps", "街坊簽名。", EVENING)))
    draft = found.draft
    assert (draft.slug, draft.kind, draft.template) == ("november", "digest", "blog-digest")
    assert [block.key for block in draft.blocks] == [FRONT, "masthead", "digest", "share", "signoff", "footer"]
    assert texts(found, FRONT) == {ZH: {"title": "潮信"}}
    edition = build(Newsletter(slug="tideline"), draft, "Ada")
    assert [block.key for block in edition.blocks if block.texts] == [FRONT, "digest"]
    assert found.odd == ()


def test_days_are_those_of_the_newsletter() -> None:
    late = item("Steps", "/steps", when="Tue, 03 Nov 2026 16:30:00 +0000")
    assert cards(digest(english(late)).draft).cards[0].date == date(2026, 11, 4)
    assert cards(propose([english(late)], "x", ZoneInfo("Europe/London")).draft).cards[0].date == date(2026, 11, 3)


def test_only_what_is_new_is_taken() -> None:
    feed = english(
        item("Known", "/known?utm_source=rss", when=EVENING),
        item("Old", "/old", when="Mon, 02 Nov 2026 23:59:00 +0800"),
        item("New", "/new", when="Tue, 03 Nov 2026 00:01:00 +0800"),
        item("Undated", "/undated"),
    )
    found = digest(feed, known={"http://tide.example/known/#top"}, since=date(2026, 11, 3))
    assert ids(found) == ["new", "undated"]


def test_a_post_is_known_by_any_of_its_languages() -> None:
    feeds = chinese(item("石級", "/zh/steps"), item("潮", "/zh/tide")), english(item("Steps", "/en/steps"))
    assert ids(digest(*feeds, known={"https://tide.example/en/steps"})) == ["tide"]


def test_nothing_new_is_refused() -> None:
    with pytest.raises(InvalidError, match="no new posts"):
        digest(english(item("Old", "/old", when=EVENING)), since=date(2026, 12, 1))
    with pytest.raises(InvalidError, match="no new posts"):
        digest(english())


def test_posts_that_stand_twice_are_taken_once() -> None:
    found = digest(english(item("Steps", "/steps"), item("Steps again", "/steps/?utm_medium=rss")))
    assert ids(found) == ["steps"]
    assert "taken once: Steps again" in said(found)


def test_posts_in_one_language_only_are_named() -> None:
    found = digest(chinese(item("石級", "/zh/steps"), item("潮", "/zh/tide")), english(item("Steps", "/en/steps")))
    assert found.draft.locales == [ZH, EN]
    assert "not found in every language: 潮" in said(found)


def test_one_feed_may_hold_both_languages() -> None:
    found = digest(mixed(item("石級留住了", "/zh/steps"), item("The steps stay", "/en/steps")), source=EN)
    assert (found.draft.locales, found.draft.source_locale) == ([EN, ZH], EN)
    assert cards(found.draft).cards[0].url == "https://tide.example/en/steps"
    assert texts(found)[ZH]["steps.title"] == "石級留住了"


def test_thousands_of_posts_become_the_newest_thirty() -> None:
    start = datetime(2026, 11, 3, tzinfo=UTC)
    many = [item(f"Tide {n}", f"/tide-{n}", when=format_datetime(start + timedelta(minutes=n))) for n in range(2_000)]
    found = digest(english(*many))
    assert ids(found) == [f"tide-{n}" for n in range(1_999, 1_969, -1)]
    assert "newest 30 posts" in said(found)


def test_ids_come_from_addresses_and_are_apart() -> None:
    found = digest(
        chinese(
            item("一", "/2026/11/03/石級/"),
            item("二", "/12-steps"),
            item("三", "/a/steps"),
            item("四", "/b/steps"),
            item("五", f"/{'tide-' * 20}"),
        )
    )
    first, *rest = ids(found)
    assert first.startswith("post-")
    assert rest == ["post-12-steps", "steps", "steps-2", "tide-tide-tide-tide-tide-tide-tide"]
    assert ids(digest(chinese(item("改了題", "/2026/11/03/石級/?utm_source=x")))) == [first]


@pytest.mark.parametrize(
    "words",
    ["*not* _slanted_ `code`", "# no heading", "- no list", "1. no list", "> no quote", "[no](https://x.example)",
     "<https://x.example>", "&amp;copy; &lt;b&gt;", "***", "a\\*b", "“**重點**”在此", "---", "`~~~`"],
)  # fmt: skip
def test_excerpts_say_what_the_feed_says_and_are_no_markup(words: str) -> None:
    html = words.replace("&", "&amp;").replace("<", "&lt;")
    found = texts(digest(english(item("Steps", "/steps", html))))[EN]["steps.excerpt"]
    assert visible(found) == words


def _picture() -> bytes:
    written = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(written, "PNG")
    return written.getvalue()


SHOWN = '<enclosure url="/steps.png" type="image/png" length="1"/>'


def test_pictures_are_fetched_only_where_that_is_asked() -> None:
    feed = english(item("Steps", "/steps", more=SHOWN))
    assert digest(feed).draft.images == {}
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return _picture()

    found = digest(feed, fetch=fetch)
    assert asked == ["https://tide.example/steps.png"]
    assert cards(found.draft).cards[0].image == "steps.png"
    assert found.draft.images["steps.png"].media_type == "image/png"


def _away(_url: str) -> bytes:
    raise UnavailableError("away")


@pytest.mark.parametrize("fetch", [_away, lambda _: b"<script>no picture</script>"])
def test_pictures_that_cannot_be_had_are_named(fetch: Callable[[str], bytes]) -> None:
    found = digest(english(item("Steps", "/steps", more=SHOWN)), fetch=fetch)
    assert cards(found.draft).cards[0].image is None
    assert "could not be taken: https://tide.example/steps.png" in said(found)


def test_a_post_without_a_title_or_with_an_abyss_for_an_excerpt_is_named() -> None:
    found = digest(english(item("", "/bare", "Words."), item("Deep", "/deep", "<div>" * 3000)))
    assert "need one: https://tide.example/bare" in said(found)
    assert "could not be read, and were left out: Deep" in said(found)
    assert texts(found)[EN] == {"bare.excerpt": "Words.", "deep.title": "Deep"}
