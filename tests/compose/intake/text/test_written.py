"""Paragraphs of plain text as Markdown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.intake.notes import Notes
from mailer.compose.intake.text.written import written
from mailer.compose.parsed import visible
from mailer.render.markdown import html


def made(*paragraphs: str) -> str:
    return written([paragraph.split("\n") for paragraph in paragraphs], Notes())


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4 = 24",
        "_今日_ 加印",
        "# 石級",
        "> 引文",
        "[1] https",
        "`tide`",
        "a\\b",
        "&copy; <b>x</b>",
        "= = =",
        "***",
    ],
)
def test_what_markdown_would_take_for_marks_stays_what_it_is(text: str) -> None:
    assert visible(made(text)) == text
    assert "<strong>" not in html(made(text), "#000000")


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30), min_size=1))
def test_no_word_is_ever_lost(words: list[str]) -> None:
    text = "w" + " ".join(words)
    assert "".join(visible(made(text)).split()) == "".join(unicodedata.normalize("NFC", text).split())


def test_lists_stay_lists() -> None:
    assert made("帶備：\n- 水\n- 手套\n* 雨衣") == "帶備：\n\n- 水\n- 手套\n- 雨衣"
    assert made("1. 簽名\n2. 轉寄") == "1. 簽名\n2. 轉寄"
    assert made("１．簽名") == "１．簽名"
    assert made("1．簽名\n2、轉寄") == "1. 簽名\n2. 轉寄"
    assert made("• Water", "• Gloves") == "- Water\n- Gloves"


def test_an_item_goes_on_where_its_lines_are_indented() -> None:
    found = made("- Gloves that are\n  older than this year\nThen walk.")
    assert found == "- Gloves that are\\\n  older than this year\n\nThen walk."
    assert html(found, "#000000").count("<li") == 1


def test_lists_inside_lists_become_flat_and_that_is_said() -> None:
    notes = Notes()
    assert written([["- Gloves", "    - red ones"]], notes) == "- Gloves\n- red ones"
    assert "red ones" in notes.oddities()[0].say(str)


def test_lines_that_were_full_are_joined_and_short_ones_stay() -> None:
    full = "The tide came in at six, and the steps were wet all day long,\nas they have been for a hundred years."
    assert made(full) == full.replace("\n", " ")
    han = "潮水六點漲到石級下面，整日都是濕的，街坊每日行過，百年來都是這樣\n，沒有人說過要拆。"
    assert made(han) == han.replace("\n", "")
    assert made("7 Embankment Road\nOyster Shell Bay") == "7 Embankment Road\\\nOyster Shell Bay"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("See https://tide.example/a_b?c=1.", "https://tide.example/a_b?c=1"),
        ("詳見https://tide.example/steps。多謝", "https://tide.example/steps"),
        ("(http://tide.example/)", "http://tide.example/"),
        ("<https://tide.example/x>", "https://tide.example/x"),
    ],
)
def test_bare_addresses_work(text: str, address: str) -> None:
    assert f'href="{address}"' in html(made(text), "#000000")
    assert visible(made(text)) == text


def test_what_is_no_address_that_a_mail_can_hold_is_words() -> None:
    assert "href" not in html(made("https://ada:secret@tide.example/"), "#000000")
    assert "href" not in html(made("javascript:alert(1) file:///etc"), "#000000")
