"""Markdown to HTML: safe, well formed, styled in place, and right for Chinese."""

import re
from contextlib import suppress
from functools import partial
from xml.dom.minidom import Document, parseString

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from mdit_py_cjk_friendly import cjk_friendly  # type: ignore[import-untyped]  # it ships no types

from mailer.compose.parsed import tokens
from mailer.errors import InvalidError
from mailer.render.markdown import html, line
from mailer.render.text import plain


def parsed(source: str) -> Document:
    """The HTML of a text, read strictly."""
    return parseString(f"<x>{html(source, '#a3471c')}</x>")  # noqa: S318 — of our own making


HOSTILE = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](data:text/html,<script>)",
    "<img src=x onerror=alert(1)>",
    '[x](https://a.example "<p onclick=")',
    "![x](https://spy.example/pixel.gif)",
    "<https://a.example/?a=\"onmouseover=1&b='>",
    "<style>@import 'x'</style>",
]


@pytest.mark.parametrize("source", HOSTILE)
def test_nothing_live_comes_through(source: str) -> None:
    for element in parsed(source).getElementsByTagName("*"):
        assert element.tagName in {"x", "p", "a"}
        assert set(element.attributes.keys()) <= {"style", "href"}
        href = element.getAttribute("href").lower()
        assert not href or href.startswith("https://")


@given(st.text(st.sampled_from("<>&\"'[]()*_`#-+ \n\t潮𨋢\u00a0\\!=1.:/ap"), max_size=80))
def test_whatever_is_typed_the_html_is_well_formed(source: str) -> None:
    parsed(source)


def test_emphasis_works_beside_chinese_punctuation() -> None:
    assert "<strong>《潮間帶手冊》</strong>出版" in html("**《潮間帶手冊》**出版", "#a3471c")


def test_a_line_break_between_han_is_no_space_a_hard_one_stays() -> None:
    assert "上行下行" in html("上行\n下行", "#a3471c")
    assert "上行<strong>下行</strong>下" in html("上行\n**下行**\n下", "#a3471c")
    assert "，</a>下行" in html("[上行，](https://x.example)\n下行", "#a3471c")
    assert "上行\n<strong>down</strong>\n下行" in html("上行\n**down**\n下行", "#a3471c")
    assert "<br />" in html("上行  \n下行", "#a3471c")


def test_every_list_and_link_carries_its_own_style() -> None:
    out = str(html("- a\n  - [b](https://x.example)", "#a3471c"))
    assert out.count("<ul style=") == 2
    assert out.count("<li style=") == 2
    assert '<a style="color:#a3471c;' in out


def test_headings_stand_below_the_editions_own() -> None:
    assert "<h3 style=" in html("# Big", "#a3471c")


def test_a_label_needs_no_paragraph() -> None:
    assert line("**約** 3<4", "#a3471c") == "<strong>約</strong> 3&lt;4"


@pytest.mark.parametrize("opening", ["> ", "- ", "1. "])
def test_what_the_parser_would_drop_is_refused(opening: str) -> None:
    deepest = 9 if opening == "> " else 4
    assert "潮" in html(opening * deepest + "潮", "#a3471c")
    for form in (plain, partial(html, link_colour="#a3471c")):
        with pytest.raises(InvalidError, match="too deep inside each other"):
            form(opening * (deepest + 1) + "潮")


@given(st.text(st.sampled_from("潮1 \n>-*_[]\\#&！"), max_size=120))
def test_no_word_is_lost_in_either_form(source: str) -> None:
    with suppress(InvalidError):
        for form in (html(source, "#a3471c"), plain(source)):
            assert form.count("潮") == source.count("潮")


@given(st.text(st.sampled_from("潮a1 \n>-*_[]()`\\#<&'\"！"), max_size=120))
def test_joining_neighbours_changes_nothing(source: str) -> None:
    theirs = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True}).use(cjk_friendly)
    theirs.disable(["image", "reference"])
    with suppress(InvalidError):
        assert tokens(source) == theirs.parse(source)


def test_definitions_of_links_are_left_as_typed() -> None:
    assert "[a]: https://x.example" in html("[a]: https://x.example\n\n[a]", "#a3471c")


def test_headings_of_a_text_stand_below_the_edition_s_and_below_each_other() -> None:
    page = str(html("## One\n\n### One and a half\n\n## Two\n\n# Three\n\n#### Three and a half", "#a3471c"))
    assert re.findall(r"<(h\d)[^>]*>([^<]*)</h\d>", page) == [
        ("h3", "One"),
        ("h4", "One and a half"),
        ("h3", "Two"),
        ("h3", "Three"),
        ("h4", "Three and a half"),
    ]
