"""Whatever people type into an edition, its mails hold it and nothing else: through every step, in both languages."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import html as parser
from sqlalchemy import create_engine, delete
from sqlalchemy.orm import Session

from mailer.compose.blocks import FRONT
from mailer.compose.draft import Draft
from mailer.compose.edition import save
from mailer.demo import organisation
from mailer.errors import InvalidError
from mailer.i18n import EN, ZH, languages, modes
from mailer.model import Edition, Image
from mailer.model.base import Base
from mailer.render import published, variant
from mailer.render.frozen import Frozen, Reader
from mailer.render.message import NOBODY, compile_mail
from tests.render.test_header import REFUSED, decoded
from tests.render.test_message import SMUGGLED, demand_lawful, header, texts

_PRINTED = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=REFUSED)
_LINE = st.text(
    _PRINTED | st.sampled_from(" 潮汐𨋢㘭｜《》👩🏽‍🚀e\u0301?=_,.\"<>\\@%&'"), min_size=1, max_size=80
).filter(str.strip)
_ADDRESS = st.text(_PRINTED | st.sampled_from("潮/?&=#%+;,\"'<>\\()[]{}*_|@"), max_size=60).map(
    lambda typed: f"https://a.example/{''.join(typed.split())}"
)
_MARKDOWN = st.lists(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(SMUGGLED),
        st.sampled_from(
            [
                "**", "*", "`", "\n\n", "\n- ", "\n1. ", "\n> ", "\n# ", "](", "[x](https://a.example/?q=1&z=潮\"'<)",
                "[潮](javascript:alert(1))", "![x](https://a.example/p.png)", "<https://a.example/%0d%0aBcc:x>",
                "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<mj-include path='/etc/passwd' />",
                "XPH0-webXHP", "{{ 7*7 }}", "{% raw %}", "%s %(x)s", "</mj-text>", "]]>", "&#0;", "&#x202e;",
                "image:" + "0" * 64,
            ]
        ),
    ),
    min_size=1,
    max_size=60,
).map("".join)  # fmt: skip


@pytest.fixture(scope="module")
def edition(draft: Draft) -> Any:
    with Session(create_engine("sqlite://")) as session:
        Base.metadata.create_all(session.get_bind())
        yield save(session, organisation.found(session).newsletter, draft, organisation.AUTHOR)


def mail(edition: Edition, mode: str, name: str) -> tuple[Frozen, Reader, bytes]:
    rendered = variant.render(edition, mode, datetime(2026, 12, 20, 9, tzinfo=UTC))
    frozen = Frozen.load(rendered, "https://news.example/web/1")
    reader = Reader(name, {ZH: "年", EN: "Y"}, datetime(2025, 5, 1, tzinfo=UTC), "https://news.example/u/T")
    session = Session.object_session(edition)
    assert session is not None
    compiled = compile_mail(frozen, NOBODY, published.pictures(session, frozen))
    return frozen, reader, compiled.fill(reader, "zoe@reader.example", "x", datetime(2026, 12, 20, 9, tzinfo=UTC))


@dataclass(frozen=True)
class Said:
    """What one language says."""

    subject: str
    sender: str
    body: str


_SAID = st.builds(Said, _LINE, _LINE, _MARKDOWN)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(
    Said("=?utf-8?q?a=0d=0aBcc:_x?=", "五一 | 2025 重點", "a\n.\n\n[x](https://a.example/\r\n.\r\n)"),
    Said("=?utf-8?b?IA==?=", "May | 五", "."),
    ["https://a.example/\"onload=alert(1)//<b>&amp;'", "https://潮.example/%0d%0aBcc:x?=_\\#]]>"],
    "潮 <b>",
)
@given(_SAID, _SAID, st.lists(_ADDRESS, min_size=1, max_size=4), _LINE)
def test_hostile_texts_arrive_as_words_in_a_mail_that_parses(
    edition: Edition, chinese: Said, english: Said, addresses: list[str], name: str
) -> None:
    said = {ZH: chinese, EN: english}
    for block in edition.blocks:
        for text in block.texts:
            own = said[text.locale]
            if block.type == FRONT:
                text.fields = text.fields | {"subject": own.subject, "sender": own.sender, "title": own.subject}
            elif block.type == "letter":
                text.fields = text.fields | {"body": own.body}
        if block.type == "social":
            block.data = {"links": [{"name": "Pierside", "url": address} for address in addresses]}
        elif block.type == "image":
            block.data = block.data | {"url": addresses[0]}
    for mode in modes([ZH, EN]):
        frozen, reader, octets = mail(edition, mode, name)
        demand_lawful(octets)
        spoken = [said[tag] for tag in languages(mode)]
        subject = "｜".join(own.subject for own in spoken)
        assert decoded(f"Subject: {header(octets, 'Subject')}\r\n".encode()) == subject
        sender = " ".join(spoken[0].sender.split())
        assert decoded(f"From: {header(octets, 'From')}\r\n".encode()).startswith(f"{sender} <")
        assert [part.get_content_type() for part in message_from_bytes(octets).walk()] == [
            *("multipart/alternative", "text/plain", "multipart/related", "text/html"),
            *["image/png"] * len(frozen.images),
        ]
        values = frozen.values(reader)
        sent = texts(octets)
        assert sent["text/plain"] == frozen.text.fill(values).replace("\r\n", "\n").replace("\n", "\r\n")
        assert all(address in sent["text/plain"] for address in addresses)
        page: Any = parser.document_fromstring(sent["text/html"].encode(), parser=parser.HTMLParser(encoding="utf-8"))
        assert not page.xpath("//script|//iframe|//*[@onerror or @onload]|//*[starts-with(@href, 'javascript:')]")
        assert all(source.startswith("cid:") for source in page.xpath("//@src"))
        assert set(addresses) <= set(page.xpath("//@href"))


def test_a_picture_that_is_not_stored_keeps_an_edition_from_being_frozen(draft: Draft) -> None:
    with Session(create_engine("sqlite://")) as session:
        Base.metadata.create_all(session.get_bind())
        edition = save(session, organisation.found(session).newsletter, draft, organisation.AUTHOR)
        assert [held.image.hash for held in edition.images]
        session.execute(delete(Image).execution_options(synchronize_session=False))
        with pytest.raises(InvalidError, match="not stored"):
            variant.freeze(session, edition)
