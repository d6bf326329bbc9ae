"""A WordPress export into an edition: which posts there are, in which languages, and what is never carried."""

import tracemalloc
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from mailer.compose.data import Article, Digest
from mailer.compose.edition import build
from mailer.compose.intake.proposal import Proposal
from mailer.compose.intake.wordpress.selection import posts, propose
from mailer.errors import InvalidError, NotFoundError
from mailer.i18n import EN, ZH
from mailer.model import Newsletter
from tests.compose.intake.wordpress.export import export, item, meta, picture, term

_PAIR = (
    item(
        7,
        "水閘修好了",
        "<!-- wp:paragraph --><p>等了<strong>兩年</strong>，村民自己動手。</p><!-- /wp:paragraph -->",
        term("language", "zh"),
        term("post_translations", "pll_7"),
        meta("_edit_last", "3"),
        meta("_thumbnail_id", "90"),
        excerpt="三十戶人家不用再挑水上山。",
    ),
    item(
        8,
        "The sluice is mended",
        "After two years\nthe village did it.\n\nForty people came.",
        term("language", "en"),
        term("post_translations", "pll_7"),
        meta("_thumbnail_id", "90"),
        excerpt="Thirty homes carry water no more.",
    ),
    picture(90, "https://village.example/files/sluice.png", "The old sluice"),
)


def _png(_: str) -> bytes:
    written = BytesIO()
    Image.new("RGB", (30, 20), "teal").save(written, "PNG")
    return written.getvalue()


def _said(proposal: Proposal) -> str:
    return "\n".join(each.say(str) for each in proposal.odd)


def test_posts_are_listed_with_all_that_one_chooses_by(tmp_path: Path) -> None:
    first, second = posts(export(tmp_path / "site.xml", *_PAIR))
    assert (first.id, first.title, first.day, first.language) == (7, "水閘修好了", date(2031, 5, 8), ZH)
    assert (second.title, second.language, second.link) == (
        "The sluice is mended",
        EN,
        "https://village.example/8-the-sluice-is-mended/",
    )
    assert first.group == second.group == "pll_7"
    assert first.image == "https://village.example/files/sluice.png"
    assert first.excerpt == "三十戶人家不用再挑水上山。"


def test_one_post_with_its_translation_is_an_article(tmp_path: Path) -> None:
    found = propose(export(tmp_path / "site.xml", *_PAIR), [7], fetch=_png)
    article = found.draft.blocks[2]
    assert (found.draft.template, found.draft.locales, found.draft.source_locale) == (
        "syndicated-article",
        [ZH, EN],
        ZH,
    )
    assert isinstance(article.data, Article)
    assert (article.data.source_url, article.data.published) == ("https://village.example/7-/", date(2031, 5, 8))
    assert article.texts[ZH] == {
        "title": "水閘修好了",
        "source": "石涌村誌 Shek Chung Notes",
        "abstract": "三十戶人家不用再挑水上山。",
        "body": "等了**兩年**，村民自己動手。",
    }
    assert article.texts[EN]["body"] == "After two years\\\nthe village did it.\n\nForty people came."
    assert article.texts[EN]["alt"] == "The old sluice"
    assert list(found.draft.images) == ["lead.png"]


def test_several_posts_are_a_digest_of_cards(tmp_path: Path) -> None:
    later = item(9, "渡輪改期", "<p>明天起。</p><p>詳情</p>", term("language", "zh"))
    found = propose(export(tmp_path / "site.xml", *_PAIR, later), since=date(2031, 5, 1))
    digest = found.draft.blocks[2]
    assert (found.draft.template, found.draft.kind, found.draft.slug) == ("blog-digest", "digest", "posts-2031-05-10")
    assert isinstance(digest.data, Digest)
    assert [card.id for card in digest.data.shown] == ["post-9", "post-7"]
    assert digest.texts == {
        ZH: {
            "post-7.title": "水閘修好了",
            "post-7.excerpt": "三十戶人家不用再挑水上山。",
            "post-9.title": "渡輪改期",
            "post-9.excerpt": "明天起。",
        },
        EN: {
            "post-7.title": "The sluice is mended",
            "post-7.excerpt": "Thirty homes carry water no more.",
        },
    }
    assert "one address in every language, that of the post in the first: 水閘修好了" in _said(found)
    assert "The lead picture was not fetched" in _said(found)


def test_a_draft_becomes_an_edition(tmp_path: Path) -> None:
    names = {ZH: "潮信", EN: "Tideline"}
    newsletter = Newsletter(slug="tideline", name=names, sender_name=names, postal_address=names)
    draft = propose(export(tmp_path / "site.xml", *_PAIR), [8], fetch=_png).draft
    assert [block.key for block in build(newsletter, draft, "Ada").blocks] == ["front", "masthead", "article", "footer"]
    assert draft.source_locale == EN


@pytest.mark.parametrize(
    ("made", "language"),
    [
        (
            item(
                1, "A", "x", meta("_wpml_import_language_code", "zh-hant"), meta("_wpml_import_translation_group", "4")
            ),
            ZH,
        ),
        (item(1, "A", "x", link="https://village.example/tc/a/"), ZH),
        (item(1, "水", "x", link="https://village.example/en/a/"), EN),
        (item(1, "水", "x", link="https://village.example/?p=1&amp;lang=en"), EN),
        (item(1, "水", "x"), ZH),
        (item(1, "Water", "x"), EN),
    ],
)
def test_the_language_of_a_post(tmp_path: Path, made: str, language: str) -> None:
    (post,) = posts(export(tmp_path / "site.xml", made))
    assert post.language == language


def test_translations_that_wpml_wrote_for_an_export_belong_together(tmp_path: Path) -> None:
    pair = [
        item(
            n, title, "<p>x</p>", meta("_wpml_import_language_code", code), meta("_wpml_import_translation_group", "4")
        )
        for n, title, code in ((1, "水", "zh-hant"), (2, "Water", "en"))
    ]
    assert propose(export(tmp_path / "site.xml", *pair), [1]).draft.locales == [ZH, EN]


def test_what_is_not_public_is_never_carried_and_counted(tmp_path: Path) -> None:
    hidden = [
        item(n, "Secret", "<p>Secret</p>", status=s) for n, s in enumerate(("draft", "private", "trash", "future"), 20)
    ]
    locked = item(30, "Secret", "<p>Secret</p>", post_password="wave")  # noqa: S106 — of a post that is invented
    comment = "<wp:comment><wp:comment_author_email>a@b.example</wp:comment_author_email></wp:comment>"
    public = item(31, "Tea", "<p>Tea at six.</p>", comment, comment)
    page = item(32, "Secret", "<p>About</p>", post_type="page")
    path = export(tmp_path / "site.xml", *hidden, locked, page, public)
    assert [each.id for each in posts(path)] == [31]
    found = propose(path, since=date(2000, 1, 1))
    assert "4 posts that are not public, 1 behind a password, 2 comments" in _said(found)
    for secret in ("Secret", "@", "wave", "keeper"):
        assert secret not in found.draft.model_dump_json()


def test_a_hidden_post_cannot_be_chosen(tmp_path: Path) -> None:
    path = export(tmp_path / "site.xml", *_PAIR, item(20, status="draft"))
    for chosen in ([20], [7, 99], []):
        with pytest.raises(NotFoundError):
            propose(path, chosen)


def test_more_than_a_digest_holds_is_refused(tmp_path: Path) -> None:
    path = export(tmp_path / "site.xml", *(item(n, f"Tea {n}") for n in range(31)))
    with pytest.raises(InvalidError, match="at most 30 posts"):
        propose(path, since=date(2000, 1, 1))


def test_no_more_is_held_than_a_digest_holds(tmp_path: Path) -> None:
    path = export(tmp_path / "site.xml", *(item(n, f"Tea {n}", excerpt="tea " * 2_500) for n in range(400)))
    tracemalloc.start()
    with pytest.raises(InvalidError, match="at most 30 posts"):
        propose(path, since=date(2000, 1, 1))
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_a_post_that_is_too_long_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = export(tmp_path / "site.xml", item(1, content="潮" * 20_001))
    with pytest.raises(InvalidError, match="body has 20001 characters"):
        propose(path, [1])


def test_a_title_holds_entities_twice_and_a_post_no_script(tmp_path: Path) -> None:
    made = item(1, "Tea &amp; talk", "<p>Six<script>alert(1)</script></p><img src=x onerror=alert(2)>[gallery ids='1']")
    found = propose(export(tmp_path / "site.xml", made), [1])
    assert found.draft.blocks[2].texts[EN] == {
        "title": "Tea & talk",
        "source": "石涌村誌 Shek Chung Notes",
        "body": "Six",
    }
    assert "[gallery ids='1']" in _said(found)


def test_two_posts_of_a_group_in_one_language_are_said(tmp_path: Path) -> None:
    group = term("post_translations", "pll_1")
    path = export(tmp_path / "site.xml", item(1, "水", "<p>a</p>", group), item(2, "潮", "<p>b</p>", group))
    found = propose(path, [1])
    assert found.draft.blocks[2].texts[ZH]["title"] == "水"
    assert "are in the same language, and the first was taken: 潮" in _said(found)
