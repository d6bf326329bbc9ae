"""Headers arrive exactly as typed, read by a decoder of our own: the standard library's adds spaces."""

import base64
import re
from collections.abc import Callable

import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.errors import InvalidError
from mailer.render import header

_WORD = re.compile(r"=\?utf-8\?b\?([A-Za-z0-9+/=]*)\?=", re.IGNORECASE)


def words(field: bytes) -> list[str]:
    """Each encoded word of a field, decoded by itself: a cut character would raise (RFC 2047 §5)."""
    return [base64.b64decode(word, validate=True).decode() for word in _WORD.findall(field.decode("ascii"))]


def decoded(field: bytes) -> str:
    """A field's value (RFC 2047 §6.2): unfolded, white space between encoded words dropped."""
    assert field.endswith(b"\r\n")
    value = field.decode("ascii").partition(": ")[2].removesuffix("\r\n").replace("\r\n ", " ")
    joined = re.sub(r"(\?=)\s+(?==\?)", r"\1", value)
    return _WORD.sub(lambda word: base64.b64decode(word[1]).decode(), joined)


def demand_lawful(field: bytes) -> None:
    """RFC 5322 §2.1.1 and RFC 2047 §2: ASCII, words of at most 75, their lines of at most 76."""
    lines = field.removesuffix(b"\r\n").split(b"\r\n")
    assert field.isascii()
    assert all(line[:1] == b" " and line.strip() for line in lines[1:])
    assert all(
        len(line) <= (76 if b"=?" in line else 998) and b"\n" not in line and b"\r" not in line for line in lines
    )
    assert all(len(word[0]) <= 75 for word in _WORD.finditer(field.decode()))


FAMILY = "👨‍👩‍👧‍👦"
HARD = [
    "五一勞動節 工會集會 May Day march 重點新聞 最新消息",
    "五一勞動節 工會集會 | 2025 in review 重點新聞 最新消息",
    "請修𨋢！鹿㘭、鰂魚涌" * 6,
    FAMILY * 9,
    "a" + "e\u0301" * 60,
    "z" + "\u0301" * 90,
    "=?utf-8?b?5Lit?= not a word",
    "  two  spaces and an end ",
    "x" * 500,
    "Our 2026, 100% {{ name }}",
    "",
]
REFUSED = "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_TYPED = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=REFUSED),
        st.sampled_from(' 潮汐𨋢㘭｜《》👩🏽‍🚀e\u0301?=_,."<>\\'),
    ),
    max_size=120,
)


def with_hard_ones(test: Callable[[str], None]) -> Callable[[str], None]:
    for value in HARD:
        test = example(value)(test)
    return test


@with_hard_ones
@given(_TYPED)
def test_subjects_arrive_as_typed_and_no_word_cuts_a_character(value: str) -> None:
    field = header.text("Subject", value)
    demand_lawful(field)
    assert decoded(field) == value
    if parts := words(field):
        clusters = regex.findall(r"\X", value)
        if all(len(cluster.encode()) <= 39 for cluster in clusters):
            assert [c for part in parts for c in regex.findall(r"\X", part)] == clusters


@with_hard_ones
@given(_TYPED)
def test_names_arrive_and_the_address_stays_plain(value: str) -> None:
    field = header.mailbox("From", value, "a@news.example")
    demand_lawful(field)
    name = " ".join(value.split())
    assert decoded(field) == (f"{name} <a@news.example>" if name else "a@news.example")
    assert b"a@news.example" in field


def test_short_ascii_stays_readable() -> None:
    assert header.text("Subject", "Our 2026") == b"Subject: Our 2026\r\n"
    assert header.mailbox("From", "Reading Room", "a@x.example") == b"From: Reading Room <a@x.example>\r\n"


@pytest.mark.parametrize("control", ["\r\nBcc: x", "\n", "\0", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\ud800"])
def test_controls_are_refused(control: str) -> None:
    for write in (header.text, lambda name, value: header.mailbox(name, value, "a@x.example")):
        with pytest.raises(InvalidError, match=r"U\+"):
            write("Subject", f"潮{control}信")


@pytest.mark.parametrize("value", ["潮", "a\r\nBcc: x", "x" * 998, "a\tb"])
def test_exact_fields_and_addresses_are_never_bent_into_shape(value: str) -> None:
    with pytest.raises(InvalidError):
        header.exact("List-Unsubscribe", value)
    with pytest.raises(InvalidError):
        header.mailbox("To", "潮", value)


def test_a_long_exact_field_stays_on_one_line() -> None:
    assert header.exact("List-Unsubscribe", "<https://x.example/" + "t" * 800 + ">").count(b"\r\n") == 1
