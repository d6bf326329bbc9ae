"""MJML: what would break or kill the renderer is refused with file and line, attributes arrive unharmed."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as parser

from mailer.errors import InvalidError
from mailer.render import mjml
from mailer.render.origin import Traced, environment, fill, mark
from mailer.resources import folder

HASH = "c1" * 32
PICTURE = f'src="image:{HASH}"'


def compile_mjml(source: str) -> str:
    """As if it stood in a template of this name."""
    return mjml.compile_mjml(mark(source, "edition.mjml"))


def page(text: str = "x", *, title: str = "T", alt: str = "x", body: str = "") -> str:
    """A document of one text and one picture."""
    image = f'<mj-image {PICTURE} alt="{alt}" />' if alt else ""
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
    "<mj-foo>": (page(body="<mj-foo />"), "the tag <mj-foo> is not allowed"),
    "include": (page(body='<mj-include path="x" />'), "the tag <mj-include> is not allowed"),
    "misplaced": (page(body="<mj-text>x</mj-text>"), "<mj-text> cannot stand here"),
    "misspelt": (page(body='<mj-section colour="red"></mj-section>'), "the attribute colour of <mj-section>"),
    "event": (page('<p onclick="x">y</p>', alt=""), "onclick"),
    "script": (page("<script>x</script>", alt=""), "the tag <script> is not allowed"),
    "unclosed": (page(body="<mj-section><mj-column></mj-section>"), "<mj-column> is not closed"),
    "unclosed to the end": (page(body="<mj-section>").partition("</mj-body>")[0], "<mj-section> is not closed"),
    "unquoted": (page(body='<mj-section padding="0></mj-section>'), "not well-formed"),
    "words in a column": (page(body="<mj-section>潮</mj-section>"), "words cannot stand in <mj-section> itself"),
    "HTML in a column": (page(body="<mj-section><p>x</p></mj-section>"), "<p> cannot stand here"),
    "HTML in the title": (page(title="x\n\n<b>y</b>"), "<b> cannot stand here"),
    "bare": (page("a < b", alt=""), "not well-formed"),
    "nbsp": (page("a&nbsp;b", alt=""), "undefined entity"),
    "too deep": (page("<div>" * 10_000 + "</div>" * 10_000, alt=""), "more than 100 tags inside each other"),
    "no alt": (page(f"<img {PICTURE} />", alt=""), "<img> has no alt"),
    "no alt of a component": (page().replace('alt="x"', ""), "<mj-image> has no alt"),
    "a link without words": (page().replace('alt="x"', 'alt=" " href="https://x.example"'), "its alt is empty"),
    "no source": (page('<img alt="x" />', alt=""), "the src of <img> must be image:HASH"),
    "a remote source": (page().replace(f"image:{HASH}", "https://spy.example/p.gif"), "must be image:HASH"),
    "a name as source": (page().replace(HASH, "cat.png"), "must be image:HASH"),
    "an instruction": (page("<?php x ?>", alt=""), "a processing instruction is not allowed"),
    "CDATA": (page("<![CDATA[x]]>", alt=""), "a CDATA section is not allowed"),
    "a document type": (page("x", body="<!DOCTYPE x>"), "not well-formed"),
}


@pytest.mark.parametrize(("source", "why"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_refused_with_its_line(source: str, why: str) -> None:
    with pytest.raises(InvalidError) as refused:
        compile_mjml(source)
    assert why in str(refused.value)
    assert str(refused.value).startswith("The layout is wrong in edition.mjml, line 5: ")


DOCUMENTS = {
    "a document type": "<!DOCTYPE mjml>",
    "an entity": '<!DOCTYPE mjml [<!ENTITY a "b">]>',
    "a file": '<!DOCTYPE mjml SYSTEM "file:///etc/passwd">',
    "an XML declaration": '<?xml version="1.0"?>',
}


@pytest.mark.parametrize("before", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_nothing_stands_before_the_document(before: str) -> None:
    with pytest.raises(
        InvalidError, match=r"edition.mjml, line 1: (a document type|an XML declaration) is not allowed"
    ):
        compile_mjml(before + page("&a;"))


def test_what_the_renderer_itself_refuses_has_its_line_too() -> None:
    # It goes on to the end of the document before it says so.
    with pytest.raises(InvalidError, match=r"in edition.mjml, line 8: unexpected"):
        compile_mjml(page("潮信\n\n<meta></meta>", alt="潮\u3000信"))


def test_octets_are_counted_as_the_renderer_does() -> None:
    source = mark("潮\n<a>", "one.mjml") + mark("潮\n\n<b>", "blocks/two.mjml", 5)
    traced = Traced.of(source)
    assert traced.content.decode() == "潮\n<a>潮\n\n<b>"
    places = [str(traced.wrong(octet, "x")).split(" in ")[1] for octet in (0, 4, 11, 12, 14)]
    one, two = "one.mjml, line 2: x.", "blocks/two.mjml, line 7: x."
    assert places == [one, one, one, two, two]


def test_a_line_end_in_a_value_moves_no_line() -> None:
    source = page(alt="x\n\ny").replace("</mj-text>", "<mj-foo /></mj-text>")
    with pytest.raises(InvalidError, match=r"line 7: the tag <mj-foo>"):
        compile_mjml(source)


def test_an_ornament_may_be_without_words() -> None:
    assert 'alt=""' in compile_mjml(page().replace('alt="x"', 'alt=""'))


def test_marks_leave_no_trace_and_change_nothing() -> None:
    assert compile_mjml(page(AWKWARD)) == mjml.compile_mjml(page(AWKWARD))


FAULTS = {
    "unclosed": ("</mj-column>", "", "blocks/event.mjml, line 2: <mj-column> is not closed"),
    "unknown component": ("<p>", "<mj-foo />", "blocks/event.mjml, line 3: the tag <mj-foo>"),
    "in a macro": ("{{ heading() }}", "{{ broken() }}", "macros.mjml, line 5: the tag <mj-bar>"),
    "Jinja's own": ("{{ heading() }}", "{{ heading( }}", "blocks/event.mjml, line 4: unexpected"),
    "an unknown name": ("{{ heading() }}", "{{ headings }}", "blocks/event.mjml, line 4: 'headings' is undefined"),
    "a missing file": ("{{ heading() }}", '{% include "x.mjml" %}', "blocks/event.mjml, line 4: there is no x.mjml"),
}


@pytest.mark.parametrize(("good", "bad", "where"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_in_a_template_names_its_file_and_line(good: str, bad: str, where: str, tmp_path: Path) -> None:
    block = (
        '{% from "macros.mjml" import heading, broken %}\n<mj-column><mj-text>\n<p>潮 {{ said }}</p>\n'
        "{{ heading() }}</mj-text></mj-column>"
    )
    macros = "{% macro heading() -%}\n<b>x</b>\n{%- endmacro %}\n{% macro broken() %}\n<mj-bar />{% endmacro %}"
    edition = (
        "<mjml><mj-body>\n{% for said in texts %}<mj-section>\n"
        '{% include "blocks/event.mjml" %}\n</mj-section>{% endfor %}</mj-body></mjml>'
    )
    (tmp_path / "blocks").mkdir()
    (tmp_path / "edition.mjml").write_text(edition, encoding="utf-8")
    (tmp_path / "macros.mjml").write_text(macros, encoding="utf-8")
    # Texts of people are no source of lines, however many they have.
    texts = ["<mj-foo />\n\n\n&", "</p>"]
    (tmp_path / "blocks" / "event.mjml").write_text(block, encoding="utf-8")
    assert "<b>x</b>" in mjml.compile_mjml(fill(environment(tmp_path), texts=texts))
    (tmp_path / "blocks" / "event.mjml").write_text(block.replace(good, bad), encoding="utf-8")
    with pytest.raises(InvalidError) as refused:
        mjml.compile_mjml(fill(environment(tmp_path), texts=texts))
    assert where in str(refused.value)


def test_every_template_of_ours_can_be_read() -> None:
    templates = environment(folder("templates") / "email")
    assert len([templates.get_template(name) for name in templates.list_templates()]) >= 23


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
