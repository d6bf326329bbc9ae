"""MJML: what would break or kill the renderer is refused with its line, attributes arrive unharmed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as parser

from mailer.errors import InvalidError
from mailer.render.mjml import compile_mjml


def page(text: str = "x", *, title: str = "T", alt: str = "x", body: str = "") -> str:
    """A document of one text and one picture."""
    image = f'<mj-image src="cid:1" alt="{alt}" />' if alt else ""
    section = f"<mj-section><mj-column>{image}<mj-text>{text}</mj-text></mj-column></mj-section>"
    return f"<mjml>\n<mj-head>\n<mj-title>{title}</mj-title></mj-head>\n<mj-body>\n{body or section}\n</mj-body></mjml>"


def parsed(source: str) -> Any:
    """The finished page, as a tree."""
    return parser.document_fromstring(compile_mjml(source))


AWKWARD = (
    "甲\u3000乙 \u00a0 \u200b 👨‍👩‍👧 ❤\ufe0f e\u0301 \ue000 C:\\new &amp;lt; say &quot;hi&quot; it's > 3 &#8212; \u2028"
)
PLAIN = AWKWARD.replace("&amp;", "&").replace("&quot;", '"').replace("&#8212;", "—")


def test_awkward_characters_arrive_in_attribute_title_and_text() -> None:
    document = parsed(page(AWKWARD, title=AWKWARD, alt=AWKWARD))
    assert document.xpath("//img/@alt") == [PLAIN]
    assert document.xpath("string(//title)") == PLAIN
    assert PLAIN in document.text_content()
    assert document.xpath("//@aria-label") == [PLAIN]


def test_an_attribute_in_single_quotes_stays_one_attribute() -> None:
    document = parsed(page().replace('alt="x"', "alt='a \" onerror=\"b\nc'"))
    assert document.xpath("//img/@alt") == ['a " onerror="b c']
    assert not document.xpath("//@onerror")


@given(
    st.text(
        st.characters(exclude_characters="<>&\"'\t\r\n", exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=40
    )
)
def test_any_character_survives_an_attribute(value: str) -> None:
    assert parsed(page(alt=value)).xpath("//img/@alt") == [value]


def test_characters_no_page_may_hold_are_dropped() -> None:
    assert "ab" in compile_mjml(page("a\x00\x0b\ufffeb"))


WRONG = {
    "<mj-foo>": (page(body="<mj-foo />"), "mj-foo"),
    "include": (page(body='<mj-include path="x" />'), "mj-include"),
    "misplaced": (page(body="<mj-text>x</mj-text>"), "cannot stand here"),
    "misspelt": (page(body='<mj-section colour="red"></mj-section>'), "colour"),
    "event": (page('<p onclick="x">y</p>', alt=""), "onclick"),
    "script": (page("<script>x</script>", alt=""), "script"),
    "unclosed": (page(body="<mj-section><mj-column></mj-section>"), "mismatched"),
    "bare": (page("a < b", alt=""), "well-formed"),
    "nbsp": (page("a&nbsp;b", alt=""), "entity"),
    "too deep": (page("<div>" * 20_000 + "</div>" * 20_000, alt=""), "inside each other"),
}


@pytest.mark.parametrize(("source", "why"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_refused_with_its_line(source: str, why: str) -> None:
    with pytest.raises(InvalidError) as refused:
        compile_mjml(source)
    assert why in str(refused.value)
    assert refused.value.values["line"] == 5


def test_a_document_type_is_refused() -> None:
    with pytest.raises(InvalidError, match="document type"):
        compile_mjml('<!DOCTYPE mjml [<!ENTITY a "b">]>' + page("&a;"))


def test_what_the_renderer_itself_refuses_has_its_line_too() -> None:
    with pytest.raises(InvalidError) as refused:
        compile_mjml(page().replace("<mj-head>", "<mj-head>潮信<p>x</p>"))
    assert refused.value.values["line"] == 2


LIVE = [
    '<a href="java&#10;script:alert(1)">x</a>',
    '<img src="https://spy.example/p.gif" alt="" />',
    '<p style="background:url(https://spy.example/p)">x</p>',
    "<style>@import 'https://spy.example';</style>",
]


@pytest.mark.parametrize("text", LIVE)
def test_nothing_that_runs_or_loads_leaves(text: str) -> None:
    with pytest.raises(InvalidError):
        compile_mjml(page(text))


def test_words_about_such_things_may_leave() -> None:
    words = "javascript: @import url(x) &lt;script&gt; \\u{1f600} onclick="
    assert words in compile_mjml(page(words))
