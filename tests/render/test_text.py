"""The plain-text part, as if typed by hand."""

import pytest

from mailer.render.text import plain

CASES = {
    "paragraphs": ("one\n\ntwo", "one\n\ntwo"),
    "emphasis leaves no marks": ("**《潮》**與*浪*", "《潮》與浪"),
    "Han needs no space at a line's end": ("上行\n下行", "上行下行"),
    "English does": ("one\ntwo", "one two"),
    "and so does a change of script": ("上行\nEnglish\n下行", "上行 English 下行"),
    "also before emphasis": ("上行\n**下行**", "上行下行"),
    "a hard break": ("甲  \n乙", "甲\n乙"),
    "a link": ("see [the page](https://x.example/a).", "see the page (https://x.example/a)."),
    "a link in Han, its end in sight": (
        "請看[網頁](https://x.example/a)，謝謝",
        "請看網頁：https://x.example/a ，謝謝",
    ),
    "and one space before what follows": ("看[甲](https://x.example)\n乙", "看甲：https://x.example 乙"),
    "no blank at a line's end": ("請看[網頁](https://x.example)", "請看網頁：https://x.example"),
    "a bare address": ("<https://x.example>", "https://x.example"),
    "an address with Han": ("<https://x.example/潮>", "https://x.example/潮"),
    "a mail address": ("<a@x.example>", "a@x.example"),
    "a link without words": ("[](https://x.example)", "https://x.example"),
    "nested lists": ("- a\n  - b\n    1. c\n- d", "* a\n  * b\n    1. c\n* d"),
    "numbers go on": ("3. a\n4. b", "3. a\n4. b"),
    "a loose list": ("- a\n\n- b", "* a\n* b"),
    "a quotation": ("> q\n>\n> - a", "> q\n>\n> * a"),
    "a rule": ("a\n\n***\n\nb", "a\n\n----\n\nb"),
    "a heading": ("## 標題\n\n文", "標題\n\n文"),
    "what looks like HTML or a template": ("<b>x</b> {{ y }} 100%", "<b>x</b> {{ y }} 100%"),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES.keys())
def test_reads_as_typed(source: str, expected: str) -> None:
    assert plain(source) == expected
