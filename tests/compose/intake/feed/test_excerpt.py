"""The excerpt of a post: what it says first, once and in a few lines."""

import pytest

from mailer.chinese import width
from mailer.compose.intake.feed.excerpt import excerpt

TITLE = "The steps stay"
CHINESE = "石級留住了"


@pytest.mark.parametrize(
    "source",
    [
        "<p>Neighbours signed.</p>",
        "<p>The steps stay</p><p>Neighbours signed.</p>",
        "<h2>The steps stay</h2><h2>The steps stay</h2>Neighbours signed.",
        "The steps stay Neighbours signed.",
        "The steps stay: Neighbours signed.",
        "<p>Neighbours signed.</p><p><a href='/x'>Continue reading</a></p>",
        "<p>Neighbours signed. <a href='/x'>Continue reading →</a></p>",
        "<p>Neighbours signed.</p><p>Continue reading “The steps stay”</p>",
        "<p>Neighbours signed. (Read more…)</p>",
        "<p>Neighbours\n  signed.</p><p>The post <a>The steps stay</a> appeared first on <a>Tideline</a>.</p>",
    ],
)
def test_the_first_words_stand_alone(source: str) -> None:
    assert excerpt(source, TITLE) == "Neighbours signed."


@pytest.mark.parametrize(
    "source",
    [
        "<p>石級留住了</p><p>街坊一齊簽了名。</p>",
        "石級留住了：街坊一齊簽了名。",
        "<p>街坊一齊簽了名。</p><p>繼續閱讀 →</p>",
        "<p>街坊一齊簽了名。<a href='/x'>閱讀全文</a></p>",
        "<p>街坊一齊簽了名。</p><p>這篇文章 <a>石級留住了</a> 最早發佈於 <a>《潮信》</a>。</p>",
        "<p>街坊一齊<br>簽了名。</p>",
    ],
)
def test_the_first_words_stand_alone_in_chinese(source: str) -> None:
    assert excerpt(source, CHINESE) == "街坊一齊簽了名。"


def test_a_title_that_a_sentence_goes_on_from_stays() -> None:
    assert excerpt("The steps stay wet until noon.", TITLE) == "The steps stay wet until noon."
    assert excerpt("石級留住了街坊的腳步。", CHINESE) == "石級留住了街坊的腳步。"


def test_a_title_that_was_cut_at_its_quotation_mark_goes_too() -> None:
    title = 'Harbour board: a new "tide law"'
    assert excerpt(f"<p>Harbour board: a new</p><p>{title}</p><p>It passed.</p>", title) == "It passed."
    assert excerpt("<p>It passed.</p>", '"Tide law" passed') == "It passed."


@pytest.mark.parametrize(
    ("source", "said"), [("It began [&hellip;]", "It began …"), ("石級一直都在，[...]", "石級一直都在……")]
)
def test_what_its_feed_broke_off_ends_in_dots(source: str, said: str) -> None:
    assert excerpt(source, TITLE) == said


def test_a_long_text_ends_with_a_sentence() -> None:
    sentence = "The tide comes in twice a day, and the steps are wet. "
    found = excerpt(sentence * 20, TITLE)
    assert found == (sentence * 5).strip()
    assert excerpt("潮水每日漲兩次，石級總是濕的。" * 30, CHINESE) == "潮水每日漲兩次，石級總是濕的。" * 9


def test_without_a_sentence_that_fits_it_ends_with_a_word() -> None:
    found = excerpt("seaweed " * 100, TITLE)
    assert found.endswith("seaweed …")
    assert width(found) <= 302
    assert excerpt("潮" * 400, CHINESE) == "潮" * 149 + "……"
    assert width(excerpt("x" * 400, TITLE)) <= 302


def test_what_a_page_does_not_show_is_no_part_of_it() -> None:
    assert excerpt("<script>alert(1)</script><p>Seen.<!-- unseen --></p><style>p{}</style>", TITLE) == "Seen."
    assert excerpt("", TITLE) == ""
