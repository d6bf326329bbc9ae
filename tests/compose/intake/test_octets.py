"""Octets as text: what they say they are, or refused with what they look like."""

import codecs

import pytest

from mailer.compose.intake.octets import decoded
from mailer.errors import InvalidError

TEXT = "第一行\n街坊一齊簽名，我們的石級留住了。"


def test_utf_8_is_read_with_and_without_its_mark() -> None:
    assert decoded(TEXT.encode()) == TEXT
    assert decoded(TEXT.encode("utf-8-sig")) == TEXT


def test_utf_16_is_read_with_its_mark() -> None:
    assert decoded(codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")) == TEXT
    assert decoded(codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-8") == TEXT


@pytest.mark.parametrize(
    ("stated", "codec"), [("Big5", "big5hkscs"), ("big5-hkscs", "big5hkscs"), ("gb2312", "gb18030"), ("UTF-8", "utf-8")]
)
def test_what_is_stated_is_taken(stated: str, codec: str) -> None:
    assert decoded(TEXT.encode(codec), stated) == TEXT
    assert decoded("café".encode("cp1252"), "ISO-8859-1") == "café"


@pytest.mark.parametrize(("codec", "likely"), [("big5hkscs", "Big5"), ("gb18030", "GB 18030"), ("utf-16-le", "UTF-16")])
def test_other_encodings_are_refused_with_their_name(codec: str, likely: str) -> None:
    text = "Dear all\n我们的石级留住了。" if codec == "gb18030" else f"Dear all\n{TEXT}"
    with pytest.raises(InvalidError) as said:
        decoded(text.encode(codec))
    assert f"looks like {likely}" in str(said.value)
    assert codec.startswith("utf-16") or "Line 2 " in str(said.value) or "Line 3 " in str(said.value)


def test_octets_that_are_nothing_are_refused() -> None:
    with pytest.raises(InvalidError, match="Line 2 is not in the encoding"):
        decoded(b"fine\n\xff\xfe\xff")


@pytest.mark.parametrize("stated", ["utf-7", "cp037", "base64", "idna", "no such", "x\0"])
def test_encodings_that_hide_what_they_say_are_not_read(stated: str) -> None:
    with pytest.raises(InvalidError):
        decoded(b"+ADwAIQ-ENTITY", stated)
