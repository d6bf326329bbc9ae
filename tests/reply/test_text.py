"""Whatever a server says, in whatever charset and at whatever length: a line of text without anybody's address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.reply import Class, classify
from mailer.reply.text import enhanced_code, readable, scrubbed


def heard(octets: bytes) -> str:
    """A reply as the SMTP client hands it on."""
    return octets.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("recipient", "reply", "kept"),
    [
        ("a@reader.example", "5.1.1 a is not at reader.example", "5.1.1 <address> is not at <address>"),
        ("5@reader.example", "5.1.1 no mailbox 5 in READER.example", "5.1.1 no mailbox <address> in <address>"),
        ("li@x.example", "li: x.example has no li; believe it", "<address>: <address> has no <address>; believe it"),
        ("mei@x.example", '550 moved to "mei chan"@y.example', "550 moved to <address>"),
        ("address@x.example", "address <address@x.example>", "<address> <<address>>"),
    ],
)  # fmt: skip
def test_of_a_reply_nothing_of_the_recipient_is_kept(recipient: str, reply: str, kept: str) -> None:
    assert scrubbed(reply, recipient) == kept


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "gb2312"])
def test_simplified_chinese_is_read_in_its_charsets(charset: str) -> None:
    assert readable(heard("550 用户不存在，邮箱已满".encode(charset))) == "550 用户不存在，邮箱已满"


@pytest.mark.parametrize("charset", ["utf-8", "big5", "big5hkscs"])
def test_traditional_chinese_is_read_in_its_charsets(charset: str) -> None:
    assert readable(heard("信箱容量不足，發送過於頻繁".encode(charset))) == "信箱容量不足，發送過於頻繁"


@pytest.mark.parametrize(("said", "charset", "key"), [
    ("用户不存在", "gb18030", "unknown-user"),
    ("使用者不存在", "big5", "unknown-user"),
    ("发信频率超过限制", "gb18030", "too-fast"),
    ("郵件內容違反規定", "big5", "content"),
])  # fmt: skip
def test_what_is_said_in_other_charsets_is_understood(said: str, charset: str, key: str) -> None:
    assert classify(550, None, readable(heard(said.encode(charset)))).key == key


def test_what_is_no_charset_at_all_leaves_what_can_be_read() -> None:
    assert readable(heard(b"mailbox \xff\x00\xfe\x1b[31m full\r\n\tnow")) == "mailbox � � [31m full now"


@pytest.mark.parametrize(("line", "code"), [
    ("5.1.1 no", "5.1.1"),
    ("[4.7.28] slow", "4.7.28"),
    ("sorry, no mailbox here by that name (#5.1.1)", "5.1.1"),
    ("5.1.1.4 is our server", None),
    ("see section 5.1.1", None),
    ("6.1.1 no", None),
    ("5.1111.1 no", None),
    ("٥.١.١ no", None),
    ("", None),
])  # fmt: skip
def test_an_enhanced_code_is_believed_where_it_has_its_place(line: str, code: str | None) -> None:
    assert enhanced_code(line) == code


_RECIPIENTS = st.tuples(
    st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\.[a-z0-9]{1,20})?", fullmatch=True),
    st.from_regex(r"[a-z0-9]{1,20}(-[a-z]{1,5})?\.(example|com\.hk)", fullmatch=True),
).map("@".join)
_WRAPPED = st.sampled_from(["{}", "<{}>", "({})", "{}:", "'{}'", "x={}", "{}\r\n", "RCPT TO:<{}>"])
_OTHER = "somebody.else@elsewhere.example"


@given(st.text(), _RECIPIENTS, _WRAPPED, st.text(), st.booleans())
def test_no_reply_takes_an_address_along(before: str, recipient: str, wrapped: str, after: str, loud: bool) -> None:  # noqa: FBT001 — drawn
    said = wrapped.format(recipient.upper() if loud else recipient)
    kept = scrubbed(readable(f"{before} {said} {after} {wrapped.format(_OTHER)}"), recipient).lower()
    assert recipient not in kept
    assert "somebody.else" not in kept
    assert kept.isprintable()


@given(st.integers(-999, 99_999), st.binary(), st.none() | st.text())
def test_no_reply_is_too_odd_for_a_class(code: int, octets: bytes, enhanced: str | None) -> None:
    line = readable(heard(octets))
    assert isinstance(classify(code, enhanced or enhanced_code(line), line), Class)
    assert len(scrubbed(line, "mei@reader.example")) <= 500


@given(st.text(st.characters(categories=["Cs", "Cc", "Cf", "Lo"])))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    assert readable(text).isprintable() or not readable(text)


@pytest.mark.parametrize(
    "piece",
    ["x", "user ", "spf ", "sender address ", "ip domain host ", "too many ", "a@b.example,", "用户", "\n", "("],
)
def test_a_megabyte_of_anything_is_read_and_cut(piece: str) -> None:
    line = readable(piece * (1_000_000 // len(piece)))
    assert classify(550, None, line).row
    assert len(scrubbed(line, "mei@reader.example")) <= 500


@pytest.mark.parametrize("room", range(12))
def test_where_a_reply_is_cut_no_half_of_an_address_is_left(room: int) -> None:
    line = readable(" " * (4000 - room) + "mei.chan@reader.example unknown")
    assert "mei" not in scrubbed(line, "mei.chan@reader.example")
