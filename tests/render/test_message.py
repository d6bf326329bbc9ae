"""One person's mail: lawful bytes, every part as built, and the headers that providers look for."""

import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import compat32
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import html as parser

from mailer.i18n import EN, ZH, modes
from mailer.model import Image
from mailer.render.frozen import Calendar, Frozen, Reader
from mailer.render.holes import Form
from mailer.render.message import NOBODY, compile_mail
from tests.render.test_header import REFUSED, decoded

Build = Callable[[str, Reader], bytes]

FIELDS = [
    *("Date", "To", "Message-ID", "List-Unsubscribe", "From", "Subject", "List-Id", "List-Unsubscribe-Post"),
    *("Feedback-ID", "Content-Language", "MIME-Version", "Content-Type"),
]

PIXEL = "ab" * 32
SMUGGLED = ("\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n\0.\r\n", "\r\n.\r\n", "\r\n.\r\nMAIL FROM:<a@b.example>\r\n")
"""Attack case 5: what one server or another has taken for the end of a mail."""


def leaves(mail: bytes) -> list[tuple[str, bytes]]:
    """The parts of a mail that have no parts, decoded: (type, octets)."""
    message = message_from_bytes(mail, policy=compat32)
    found = []
    for part in message.walk():
        assert not part.defects
        if not part.is_multipart():
            body = part.get_payload(decode=True)
            assert isinstance(body, bytes)
            found.append((part.get_content_type(), body))
    return found


def texts(mail: bytes) -> dict[str, str]:
    """The parts for people."""
    return {kind: octets.decode() for kind, octets in leaves(mail) if kind in {"text/plain", "text/html"}}


def tree(message: Message) -> Any:
    """What is inside what."""
    if not message.is_multipart():
        return message.get_content_type()
    parts: Any = message.get_payload()
    return {message.get_content_subtype(): [tree(part) for part in parts]}


def header(mail: bytes, name: str) -> str:
    """The one value of a header field, as it stands on the wire."""
    lines = re.findall(rf"^{name}: (.*(?:\r\n .*)*)\r$", mail.partition(b"\r\n\r\n")[0].decode() + "\r\n", re.MULTILINE)
    assert len(lines) == 1, name
    return str(lines[0])


def defects(message: EmailMessage) -> list[str]:
    """What a strict reader finds wrong in any part of a mail: in how it is built, in its fields, in its encoding."""
    found = []
    for part in message.walk():
        # What is wrong with an encoding comes to light where somebody decodes it.
        part.get_payload(decode=True)
        fields = [repr(defect) for value in part.values() for defect in value.defects]
        found += [*map(repr, part.defects), *fields]
    return found


def demand_lawful(octets: bytes) -> None:
    """RFC 5322 §2.1.1 and RFC 2045 §6: no line end but CRLF, ASCII, lines short enough for any server."""
    assert octets.isascii()
    assert b"\0" not in octets
    assert octets.endswith(b"--\r\n")
    assert octets.count(b"\n") == octets.count(b"\r\n") == octets.count(b"\r")
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    body = octets.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 78
    assert not re.search(rb"^From ", body, re.MULTILINE)
    # Who sends it is told that no line begins so, and looks for none.
    assert not re.search(rb"^\.", octets, re.MULTILINE)


def test_bytes_are_lawful_and_both_parts_decode_to_what_was_built(
    mode: str, mail: Build, frozen: dict[str, Frozen], images: dict[str, Image], reader: Reader
) -> None:
    octets = mail(mode, reader)
    demand_lawful(octets)
    values = frozen[mode].values(reader)
    page = frozen[mode].html.fill(frozen[mode].html_values(values))
    page = re.sub(r"image:([0-9a-f]{32})[0-9a-f]{32}", r"cid:\1@pictures.twinletter", page)
    built = {"text/plain": frozen[mode].text.fill(values), "text/html": page}
    assert texts(octets) == {kind: text.replace("\n", "\r\n") for kind, text in built.items()}
    pictures = [(images[hash_].media_type, images[hash_].content) for hash_ in frozen[mode].images]
    assert leaves(octets)[2:] == pictures


def test_headers_let_people_and_providers_unsubscribe(mode: str, mail: Build, reader: Reader) -> None:
    octets = mail(mode, reader)
    first = mode.partition("+")[0]
    unsubscribe = f"<https://news.example/u/TOKEN?lang={first}>, <mailto:u@news.example?subject=TOKEN>"
    assert header(octets, "List-Unsubscribe") == unsubscribe
    assert header(octets, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert header(octets, "List-Id") == "<yearly.tideline.news.example>"
    assert header(octets, "Feedback-ID") == "7:tideline:news.example"
    assert header(octets, "Content-Language") == mode.replace("+", ", ")
    assert header(octets, "Message-ID") == "<abc123@news.example>"
    assert header(octets, "MIME-Version") == "1.0"
    assert header(octets, "Date") == "Sun, 20 Dec 2026 09:00:00 +0000"
    for name in ("From", "To", "Subject"):
        assert header(octets, name)


def test_what_a_reader_is_called_is_data(mode: str, mail: Build, reader: Reader) -> None:
    found = texts(mail(mode, reader))
    assert reader.name in found["text/plain"]
    page: Any = parser.document_fromstring(found["text/html"])
    assert reader.name in page.text_content()
    assert not page.xpath("//b")
    assert "Zoë <b>" not in found["text/html"]


@pytest.mark.parametrize(
    "name", ["", "   ", "歐陽𨋢", "XPH0-webXHP", "%s %(x)s %%", "=?utf-8?q?x?=", "x" * 900], ids=repr
)
def test_any_name_gives_a_whole_mail(mode: str, name: str, mail: Build, reader: Reader) -> None:
    found = texts(mail(mode, replace(reader, name=name)))
    assert " ".join(name.split()) in found["text/plain"]
    for text in found.values():
        assert text.count("https://news.example/web/1") == len(mode.split("+"))


WORDS = Form(("<p>x</p>",), ())


def issue(
    html: Form = WORDS,
    text: Form = WORDS,
    *,
    mode: str = EN,
    subject: str = "s",
    sender: str = "n",
    images: tuple[str, ...] = (),
    hosted: bool = False,
    calendar: Calendar | None = None,
) -> Frozen:
    """A variant made by hand."""
    return Frozen(mode, subject, sender, html, text, html, images, hosted, calendar)


def reader(name: str, token: str) -> Reader:
    """Somebody who is called that."""
    return Reader(name, {ZH: "年", EN: "Y"}, datetime(2025, 5, 1, tzinfo=UTC), f"https://news.example/u/{token}")


def sent(frozen: Frozen, name: str = "", token: str = "T") -> bytes:  # noqa: S107 — no password
    """One mail of it."""
    image = Image(hash=PIXEL, media_type="image/png", width=1, height=1, content=bytes(range(256)) * 9)
    mail = compile_mail(frozen, NOBODY, {PIXEL: image})
    return mail.fill(reader(name, token), "zoe@reader.example", "abc", datetime(2026, 12, 20, 9, tzinfo=UTC))


SHOWN = Form((f'<img alt="" src="image:{PIXEL}"><p>image:{PIXEL}</p><img src="image:{PIXEL}" width="9">',), ())
EVENTS = Calendar("monthly-2026-11.ics", "BEGIN:VCALENDAR\r\nSUMMARY:潮\r\nEND:VCALENDAR\r\n")


def test_an_embedded_picture_travels_once_beside_the_page_that_shows_it() -> None:
    octets = sent(issue(SHOWN, images=(PIXEL,)))
    demand_lawful(octets)
    message = message_from_bytes(octets)
    assert tree(message) == {"alternative": ["text/plain", {"related": ["text/html", "image/png"]}]}
    *_, related, _, picture = message.walk()
    assert related.get_param("type") == "text/html"
    name = str(picture["Content-ID"])[1:-1]
    page = f'<img alt="" src="cid:{name}"><p>image:{PIXEL}</p><img src="cid:{name}" width="9">'
    assert texts(octets)["text/html"] == page
    assert leaves(octets)[-1] == ("image/png", bytes(range(256)) * 9)
    assert picture.get_content_disposition() == "inline"
    assert str(picture.get_filename()).isascii()


def test_a_hosted_picture_has_one_address_for_all_and_does_not_travel() -> None:
    octets = sent(issue(SHOWN, images=(PIXEL,), hosted=True))
    assert tree(message_from_bytes(octets)) == {"alternative": ["text/plain", "text/html"]}
    assert texts(octets)["text/html"].count(f'src="{NOBODY.public_url}/i/{PIXEL}"') == 2


def test_events_are_attached_beside_the_words_and_only_where_there_are_some() -> None:
    octets = sent(issue(SHOWN, images=(PIXEL,), calendar=EVENTS))
    demand_lawful(octets)
    message = message_from_bytes(octets)
    words = {"alternative": ["text/plain", {"related": ["text/html", "image/png"]}]}
    assert tree(message) == {"mixed": [words, "text/calendar"]}
    *_, attached = message.walk()
    assert leaves(octets)[-1] == ("text/calendar", EVENTS.text.encode())
    assert (attached.get_filename(), attached.get_content_disposition()) == ("monthly-2026-11.ics", "attachment")
    assert (attached.get_param("method"), attached.get_content_charset()) == ("PUBLISH", "utf-8")
    assert tree(message_from_bytes(sent(issue()))) == {"alternative": ["text/plain", "text/html"]}


_CHARACTERS = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from(" \t\r\n.=F-_潮𨋢👩🏽‍🚀㘭e\u0301%{}<>&\"'"),
    st.sampled_from(SMUGGLED),
)
_TEXT = st.lists(_CHARACTERS, max_size=120).map("".join)
_LINE = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=REFUSED),
        st.sampled_from(' 潮汐𨋢㘭｜《》👩🏽‍🚀e\u0301?=_,."<>\\@%'),
    ),
    max_size=120,
)
_URL_PART = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=300)


def _with_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


@example("", "", "", "", "", "")
@example(
    "From here\n.\n" * 9, "x" * 998, "五一 工會 | 2025 重點", "潮 <a@b>", "=?utf-8?q?a=0d=0aBcc:_e@x?=", "%0d%0aBcc:x"
)
@given(_TEXT, _TEXT, _LINE, _LINE, _LINE, _URL_PART)
def test_whatever_people_type_the_mail_parses_to_what_was_built(
    one: str, two: str, subject: str, sender: str, name: str, token: str
) -> None:
    """Attack cases 2 and 5: also in encoded words, and whatever ends a mail for some server, there is one message."""
    for mode in modes([ZH, EN]):
        first = mode.partition("+")[0]
        form = Form((one, two, "", one), (f"greeting-{first}", f"since-{first}", f"unsubscribe-{first}"))
        frozen = issue(form, form, mode=mode, subject=subject, sender=sender, calendar=Calendar("x.ics", two))
        octets = sent(frozen, name, token)
        demand_lawful(octets)
        assert [name for name, _ in message_from_bytes(octets).items()] == FIELDS
        values = frozen.values(reader(name, token))
        pieces = [
            piece for pair in zip(form.parts[1:], form.holes, strict=True) for piece in (values[pair[1]], pair[0])
        ]
        plain = "".join(map(_with_line_ends, [one, *pieces]))
        assert texts(octets)["text/plain"] == plain
        assert leaves(octets)[-1][1].decode() == _with_line_ends(two)
        assert decoded(f"Subject: {header(octets, 'Subject')}\r\n".encode()) == subject
        collapsed = " ".join(sender.split())
        wanted = f"{collapsed} <{NOBODY.sender_address}>" if collapsed else NOBODY.sender_address
        assert decoded(f"From: {header(octets, 'From')}\r\n".encode()) == wanted


@pytest.mark.parametrize("hostile", SMUGGLED, ids=repr)
def test_what_ends_a_mail_for_some_server_never_leaves(hostile: str) -> None:
    """Attack case 5: in any text, at any place of a line, in both encodings."""
    for script in ("潮水退了" * 30, "The tide went out. " * 30):
        for shift in range(80):
            form = Form((script + "x" * shift + hostile, hostile + script), (f"greeting-{EN}",))
            demand_lawful(sent(issue(form, form, calendar=Calendar("x.ics", form.parts[0]))))


def test_a_boundary_in_a_body_never_ends_it() -> None:
    """Attack case 7: ten thousand texts that look like boundaries, and the mail's own."""
    frozen = issue(Form(("潮" * 9,), ()), calendar=EVENTS)
    guesses = [f"--=_{secrets.token_hex(12)}{'--' * (n % 2)}" for n in range(10_000)]
    whole = "\r\n".join(guesses)
    for form in (Form((whole,), ()), Form(("潮" * 100_000 + "\r\n" + whole,), ())):
        octets = sent(replace(frozen, text=form))
        assert texts(octets)["text/plain"] == form.parts[0]
        # Both of the mail's own: once where each is named, and around two parts. Nothing else begins like one.
        assert octets.count(b"=_") == 2 * (1 + 3)
