"""A page into a syndicated article: everything round its text is found, and what was odd is said."""

from datetime import date
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from lxml import html
from PIL import Image

from mailer import clock
from mailer.compose.blocks import data_of
from mailer.compose.data import Article
from mailer.compose.edition import build
from mailer.compose.intake.page.article import propose
from mailer.compose.intake.proposal import Proposal
from mailer.errors import InvalidError, UnavailableError
from mailer.i18n import EN, ZH
from mailer.model import Newsletter
from mailer.render.preview import stand_in
from mailer.render.variant import render

URL = "https://weirpost.example/north/mill-race.html"
_BODY = (
    "The mill race at Dunlow had not run since the spring, and the lower lanes had carried their water in cans.",
    "On Saturday forty of them dug out the silt by hand, with a borrowed pump and a great deal of tea.",
    "“It is our water,” said one of them, who has kept the sluice for thirty years, “and we have waited long enough.”",
    "By the evening there was a hand's depth of it under the old wheel, and nobody went home.",
)
PAGE = f"""<!doctype html><html lang="en-US"><head><meta charset="utf-8">
<title>Water comes back to Dunlow | The Weir Post</title>
<meta property="og:title" content="Water comes back to ">
<meta property="og:site_name" content="The Weir Post"><meta name="author" content="The Weir Post">
<meta property="og:image" content="/pictures/wheel.png"><meta property="og:image:alt" content="The old wheel">
<link rel="canonical" href="/north/mill-race.html"><link rel="license" href="https://licences.example/by/4">
<style>p {{}}</style></head><body>
<nav><a href="/">Home</a> <a href="/north">North</a></nav>
<article><p>Dunlow</p><h1>Water comes back to Dunlow</h1>
<p>- The Weir Post - Issue 14 - May 2031 -</p>
<p>Publication date: Friday 9 May 2031</p><hr>
<p>Copyright © The Weir Post. All rights reserved.</p>
<p><strong>Forty people and one pump did in a day what had been promised for a year.</strong></p>
<p>{_BODY[0]}</p><p>{_BODY[1]}</p><h2>Water comes back to Dunlow</h2><hr>
<blockquote><p>{_BODY[2]}</p></blockquote><p>{_BODY[3]}</p>
<p><em>4 May 2031</em></p><p><em>PS:</em></p>
<p><em>We live on what readers send: <a href="#">give here</a>, or <a href="/give">there</a>.</em></p>
</article><aside><p>Other news of the week from up and down the river.</p></aside>
<footer><p>The Weir Post is printed on Thursdays.</p></footer><script>alert(1)</script></body></html>"""

_CHINESE = (
    "石涌村的舊水閘上月修好，三十戶人家終於不用再挑水上山。村民說，等了足足兩年，最後還是自己動手。",
    "動工當日，四十人帶着鐵鏟和借來的水泵，由清晨做到入黑，中間只停下來喝了一輪茶。",
    "村代表何伯今年七十八歲，看守水閘三十年。他說：「水是大家的，不能再等。」",
)


def fields(proposal: Proposal, tag: str = EN) -> dict[str, str]:
    return next(each for each in proposal.draft.blocks if each.key == "article").texts[tag]


def data(proposal: Proposal) -> Article:
    found = next(each for each in proposal.draft.blocks if each.key == "article").data
    assert isinstance(found, Article)
    return found


def said(proposal: Proposal) -> str:
    return "\n".join(each.say(str) for each in proposal.odd)


def png() -> bytes:
    written = BytesIO()
    Image.new("RGB", (40, 20), "teal").save(written, "PNG")
    return written.getvalue()


def chinese(head: str = "") -> str:
    paragraphs = "".join(f"<p>{each}</p>" for each in _CHINESE)
    return f"<html><head>{head}<title>石涌村的水閘</title></head><body><h1>石涌村的水閘</h1>{paragraphs}</body></html>"


def test_everything_round_the_text_has_its_place() -> None:
    found = propose(PAGE.encode(), URL)
    assert fields(found) == {
        "kicker": "Dunlow",
        "title": "Water comes back to Dunlow",
        "series": "The Weir Post - Issue 14 - May 2031",
        "source": "The Weir Post",
        "abstract": "Forty people and one pump did in a day what had been promised for a year.",
        "body": f"{_BODY[0]}\n\n{_BODY[1]}\n\n> {_BODY[2]}\n\n{_BODY[3]}",
        "dateline": "4 May 2031",
        "copyright": "Copyright © The Weir Post. All rights reserved.",
        "ps": "*We live on what readers send: give here, or [there](https://weirpost.example/give).*",
    }
    assert data(found) == Article(
        source_url=URL, published=date(2031, 5, 9).isoformat(), licence="https://licences.example/by/4"
    )


def test_what_was_odd_is_said() -> None:
    spoken = said(propose(PAGE.encode(), URL))
    assert "The title stands in the text again" in spoken
    assert "Links that lead nowhere but to their own page became words alone: give here." in spoken
    assert "The lead picture was not fetched" in spoken
    assert "131 of 143 words were kept" in spoken


def test_the_draft_is_an_edition_of_its_template() -> None:
    draft = propose(PAGE.encode(), URL).draft
    assert (draft.slug, draft.template, draft.kind, draft.locales) == ("mill-race", "syndicated-article", "issue", [EN])
    names = {EN: "Wake"}
    edition = build(Newsletter(slug="wake", name=names, sender_name=names, postal_address=names), draft, "Ada")
    assert [block.key for block in edition.blocks] == ["front", "masthead", "article", "footer"]
    assert data_of(edition.blocks[2]) == data(propose(PAGE.encode(), URL))


def test_nobody_is_made_an_author() -> None:
    assert "author" not in fields(propose(PAGE.encode(), URL))
    named = PAGE.replace('name="author" content="The Weir Post"', 'name="author" content="Ida Fell"')
    assert fields(propose(named.encode(), URL))["author"] == "Ida Fell"
    byline = PAGE.replace("<p>- The Weir", "<p>By Ida Fell</p><p>- The Weir")
    assert fields(propose(byline.encode(), URL))["author"] == "Ida Fell"


def test_the_lead_picture_is_got_by_the_caller_alone() -> None:
    pictures = {"https://weirpost.example/pictures/wheel.png": png()}
    found = propose(PAGE.encode(), URL, fetch=pictures.__getitem__)
    assert data(found).image == "lead.png"
    assert list(found.draft.images) == ["lead.png"]
    assert fields(found)["alt"] == "The old wheel"


def test_a_lead_picture_that_cannot_be_had_is_said() -> None:
    def away(_: str) -> bytes:
        raise UnavailableError("away")

    for fetch in (away, lambda _: b"<svg onload=alert(1)>"):
        found = propose(PAGE.encode(), URL, fetch=fetch)
        assert data(found).image is None
        assert "The lead picture could not be taken" in said(found)


def test_a_page_cannot_name_another_host_as_its_own() -> None:
    page = PAGE.replace('href="/north/mill-race.html"', 'href="https://elsewhere.example/x"')
    assert data(propose(page.encode(), URL)).source_url == URL
    assert data(propose(page.encode(), None)).source_url == "https://elsewhere.example/x"


@pytest.mark.parametrize(
    ("octets", "charset"),
    [
        (chinese().encode("big5hkscs"), "Big5"),
        (chinese('<meta charset="big5-hkscs">').encode("big5hkscs"), None),
        (chinese('<meta http-equiv=Content-Type content="text/html; charset=big5">').encode("big5hkscs"), None),
        (chinese().encode("big5hkscs"), None),
        (b"\xff\xfe" + chinese('<meta charset="big5">').encode("utf-16-le"), None),
        (chinese('<meta charset="gb2312">').encode("gb18030"), None),
    ],
    ids=["header", "meta", "http-equiv", "nothing", "mark", "gb"],
)
def test_pages_in_older_encodings_are_read_and_said(octets: bytes, charset: str | None) -> None:
    found = propose(octets, "https://village.example/sluice", charset=charset)
    assert fields(found, ZH)["body"] == "\n\n".join(_CHINESE)
    assert "not in UTF-8" in said(found)


def test_octets_that_are_no_characters_are_said() -> None:
    found = propose(chinese('<meta charset="utf-8">').encode().replace("何".encode(), b"\xe4"), None)
    assert "stand as �" in said(found)


def test_the_charset_may_be_no_codec_of_ours() -> None:
    for label in ("rot13", "zlib", "idna", "utf-7", "潮", "x" * 99):
        assert fields(propose(chinese().encode(), None, charset=label), ZH)["title"] == "石涌村的水閘"


def test_the_language_may_be_said() -> None:
    assert propose(chinese().encode(), None, tag="yue-HK").draft.locales == ["yue-HK"]


def test_a_title_in_a_heading_of_its_own_is_enough() -> None:
    found = propose(chinese().replace("<title>石涌村的水閘</title>", "").encode(), None)
    assert fields(found, ZH)["title"] == "石涌村的水閘"
    assert found.draft.slug == "imported"
    assert "does not say on which day" in said(found)


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (b"%PDF-1.7 something", "PDF"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"\0\1\2\3" * 40, "another kind"),
        (b"<p>x " * 10_000_000, "10 MB"),
        (b"", "No title or no text"),
        (b"<title>x</title>", "No title or no text"),
        (b"<h1>x</h1>" + b"<div>" * 10_000, "too deep"),
        (f"<h1>x</h1><p>{'word ' * 5000}".encode(), "body has 24999 characters"),
    ],
    ids=["pdf", "jpeg", "binary", "vast", "nothing", "bare", "deep", "long"],
)
def test_what_is_no_article_is_refused_in_one_sentence(octets: bytes, says: str) -> None:
    with pytest.raises(InvalidError, match=says):
        propose(octets, URL)


def test_hostile_pages_leave_no_script_and_no_handler() -> None:
    page = PAGE.replace(
        _BODY[1],
        "<svg onload=alert(2)><script>alert(3)</script></svg><img src=x onerror=alert(4)><iframe src='javascript:x'>"
        "</iframe><a href='javascript:alert(5)' onclick='alert(6)'>tea</a> and a pump that somebody had lent them.",
    ).replace("<p>Dunlow</p>", "<p onclick=alert(7)>Dun<script>alert(8)</script>low</p>")
    found = propose(page.encode(), URL)
    assert "alert" not in str(fields(found))
    assert "onclick" not in str(fields(found))
    assert fields(found)["kicker"] == "Dunlow"


@pytest.mark.parametrize(
    ("stated", "day"),
    [
        ("2031-05-08T17:30:00+00:00", "2031-05-09"),
        ("2031-05-08T17:30:00Z", "2031-05-09"),
        ("2031-05-08T17:30:00+01:00", "2031-05-08"),
        ("2031-05-08", "2031-05-08"),
        ("8 May 2031", "2031-05-08"),
    ],
)
def test_a_moment_in_utc_is_the_day_at_home_and_any_other_the_publisher_s(stated: str, day: str) -> None:
    page = PAGE.replace("<style>", f'<meta property="article:published_time" content="{stated}"><style>')
    assert str(data(propose(page.encode(), URL, zone=ZoneInfo("Asia/Hong_Kong"))).published) == day


def test_attack_case_16_what_comes_in_with_a_page_goes_out_with_no_mail() -> None:
    hostile = "<svg onload=alert(2)></svg><img src=x onerror=alert(4)><b>&lt;script&gt;alert(5)&lt;/script&gt;</b>"
    draft = propose(PAGE.replace(_BODY[1], f"{_BODY[1]} {hostile}").encode(), URL).draft
    front = draft.block("front")
    assert front
    front.texts[EN]["preheader"] = "x"
    edition = build(stand_in(draft, []), draft, "Ada")
    for form in ("html", "web"):
        page: html.HtmlElement = html.document_fromstring(
            "".join(render(edition, EN, clock.now()).content[form]["parts"])
        )
        assert not page.xpath("//script | //svg | //iframe | //@*[starts-with(name(), 'on')]")
        assert "<script>alert(5)</script>" in str(page.xpath("string()"))


def test_a_series_that_looks_like_a_list_is_one_all_the_same() -> None:
    line = "<p>- The Weir Post - Issue 14 - May 2031 -</p>"
    assert line in PAGE
    found = propose(PAGE.replace(line, "<ul><li>The Weir Post - Issue 14 - May 2031 -</li></ul>").encode(), URL)
    assert fields(found)["series"] == "The Weir Post - Issue 14 - May 2031"
    assert data(found).published == date(2031, 5, 9)
    body = PAGE.replace(f"<p>{_BODY[0]}</p>", f"<ul><li>{_BODY[0]}</li></ul>")
    assert fields(propose(body.encode(), URL))["body"].startswith(f"- {_BODY[0][:20]}")
