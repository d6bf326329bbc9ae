"""HTML as Markdown: what is kept, what is left out and said, and that nothing hostile comes through."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.compose.intake.markup.writer import Seen, markdown, plain
from mailer.compose.parsed import tokens, visible
from mailer.errors import InvalidError
from mailer.render import markdown as rendered

PAGE = "https://quay.example/notes/ferry"
_INK = "#123456"


def text(source: str, **how: object) -> str:
    return markdown(source, PAGE, **how).text  # type: ignore[arg-type]


def said(source: str, **how: object) -> str:
    return "\n".join(odd.say(str) for odd in markdown(source, PAGE, **how).odd)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("<p>渡輪停航\n三天</p>", "渡輪停航三天"),
        ("<p>The ferry\n  rests</p>", "The ferry rests"),
        ("<p>one<br>two</p>", "one\\\ntwo"),
        ("one<br><br>two", "one\n\ntwo"),
        ("<div>one<p>two</p>three</div>", "one\n\ntwo\n\nthree"),
        ("<b>a</b><strong>b</strong>", "**ab**"),
        ("<b>a <b>b</b></b>", "**a b**"),
        ("a<i> b </i>c", "a *b* c"),
        ("<em><b>a</b> b</em>", "***a** b*"),
        ("<p><a href='/x?a=1&amp;b=2'>碼頭 [二]</a></p>", "[碼頭 \\[二\\]](https://quay.example/x?a=1&b=2)"),
        ("<a href='mailto:desk@quay.example'>寫信</a>", "[寫信](mailto:desk@quay.example)"),
        ("<a href='/a (b)'>x</a>", "[x](https://quay.example/a%20%28b%29)"),
        ("<a href='/x'><p>one</p><p>two</p></a>", "[one](https://quay.example/x)\n\n[two](https://quay.example/x)"),
        ("<h1>A</h1><h3>B</h3><h6>C</h6>", "## A\n\n### B\n\n#### C"),
        ("<h2>C #</h2><h2>#</h2>", "## C \\#\n\n## \\#"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c"),
        ("<ol start=3><li>a<li>b</ol>", "3. a\n4. b"),
        ("<p>a</p><ol start=3><li>b</ol>", "a\n\n3. b"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("<dl><dt>潮<dd>海水漲落</dl>", "**潮**\n\n海水漲落"),
        ("<pre>one\n  two</pre>", "one\\\ntwo"),
        ("<code>a*b</code>", "`a*b`"),
        ("<code>`a</code>", "`` `a ``"),
        ("x<sup>2</sup>, H<sub>2</sub>O, 1<sup>st</sup>", "x², H₂O, 1st"),
        ("<q>潮</q> <q>tide</q>", "「潮」 “tide”"),
        ("<p>a</p><hr><hr><p>b</p><hr>", "a\n\n---\n\nb"),
        ("<!-- wp:paragraph --><p>a</p><!-- /wp:paragraph -->", "a"),
        ("<img class='emoji' alt='🌊' src='x.png'>", "🌊"),
        ("", ""),
    ],
)
def test_what_a_page_says_is_written_as_people_would_write_it(source: str, written: str) -> None:
    assert text(source) == written


def test_bold_beside_chinese_punctuation_stays_bold() -> None:
    written = text("<p><b>注意：</b>集會改期，<strong>《手冊》</strong>出版</p>")
    assert written == "**注意：**集會改期，**《手冊》**出版"
    assert rendered.html(written, _INK).count("<strong>") == 2


def test_blank_lines_divide_what_the_classic_editor_stored() -> None:
    source = "第一段\r\n第二行\r\n\r\nThird <b>line</b>\n\n<h2>標題</h2>\n\n<ul>\n<li>a</li>\n</ul>\n"
    assert text(source, classic=True) == "第一段\\\n第二行\n\nThird **line**\n\n## 標題\n\n- a"


@pytest.mark.parametrize(
    ("source", "written", "says"),
    [
        ("<a href='#'>Give</a>", "Give", "lead nowhere but to their own page"),
        ("<a href=''>Give</a>", "Give", "lead nowhere but to their own page"),
        (f"<a href='{PAGE}#note-1'>1</a>", "1", "lead nowhere but to their own page"),
        ("<a href='javascript:alert(1)'>Give</a>", "Give", "that a mail cannot hold"),
        ("<a href='JaVa\nscript:alert(1)'>Give</a>", "Give", "that a mail cannot hold"),
        ("<a href='data:text/html,x'>Give</a>", "Give", "that a mail cannot hold"),
        ("<a href='https://me:secret@quay.example/'>Give</a>", "Give", "that a mail cannot hold"),
        ("<a href='https://[::1'>Give</a>", "Give", "that a mail cannot hold"),
        ("a<iframe src='https://video.example/x'></iframe>", "a", "iframe (video.example)"),
        ("a<form><p>Join</p><input name=x></form>", "a", "Embedded parts were left out"),
        ("<p style='display:none'>buy</p>a", "a", "that the page hides were left out: buy"),
        ("a <s>b</s>", "a b", "struck out stand like all others"),
        ("<table><tr><th>船<th>時<tr><td>早班<td>六時</table>", "- 船 | 時\n- 早班 | 六時", "Tables became lists"),
        ("<figure><img src=/a.jpg alt=船><figcaption>c</figcaption></figure>a", "a", "with their captions: 船"),
        ("a[gallery ids='1,2']", "a", "[gallery ids='1,2']"),
        ("a<p>[embed width='3']https://video.example/x[/embed]</p>", "a", "shortcodes were left out"),
        ("[caption id='a' width='3']<img src='/a.jpg' alt='船'> words[/caption]a", "a", "with their captions: 船"),
        ("<p>a</p><!--nextpage--><p>b</p>", "a\n\nb", "Marks of a new page"),
        ("a\ue001b&#x202e;c\x07", "abc", "U+0007 / U+202E / U+E001"),
        ("a\u00a0b", "a\u00a0b", "no-break spaces, which were left as they are: a b"),
        ('“a” "b"', '“a” "b"', "marks are mixed"),
        ("don’t can't", "don’t can't", "marks are mixed"),
        ("a<b>(b)</b><a href='/x'>c</a>", "a(b)[c](https://quay.example/x)", "cannot hold there was left out: a(b)c"),
    ],
)  # fmt: skip
def test_what_a_mail_cannot_show_is_left_out_or_kept_as_it_is_and_said(source: str, written: str, says: str) -> None:
    assert text(source) == written
    assert says in said(source)


@pytest.mark.parametrize("source", ["<p>「潮」“tide” don’t</p>", "<a name='x'>a</a>", "a<img src=x width=1 height=1>"])
def test_what_is_usual_is_not_said(source: str) -> None:
    assert said(source) == ""


def test_scripts_styles_and_menus_for_screens_leave_nothing() -> None:
    source = (
        "<script>alert(1)</script><style>p{}</style><svg onload=alert(1)><text>x</text></svg><noscript>y</noscript>"
        "<p onclick='x()'>a <span class='screen-reader-text'>opens in a new tab</span></p>"
    )
    assert markdown(source).text == "a"
    assert markdown(source).odd == ()


def test_a_title_that_stands_again_where_a_page_breaks_is_taken_out() -> None:
    source = "<p>a</p><h2>潮水 <i>退了</i></h2><p>b</p><h2>別的</h2>"
    assert text(source, title="潮水 退了") == "a\n\nb\n\n## 別的"
    assert "The title stands in the text again" in said(source, title="潮水 退了")


def test_many_places_of_one_kind_are_said_in_one_sentence() -> None:
    (odd,) = markdown("".join(f"<a href='#'>place {n}</a> " for n in range(9))).odd
    assert odd.say(str).endswith("words alone: place 0 / place 1 / place 2 / place 3 / place 4 / ….")


def test_pictures_are_named_in_order_with_their_words() -> None:
    source = (
        "<p><img src='/one.jpg' alt='早班  渡輪'></p>"
        "<a href='/x'><img data-src='//cdn.example/two.png' src='data:x'></a>"
        "<img src='data:image/png;base64,AAAA' alt='inside the page'>"
    )
    pictures = (Seen("https://quay.example/one.jpg", "早班 渡輪"), Seen("https://cdn.example/two.png", ""))
    assert markdown(source, PAGE).pictures == pictures


def test_lists_and_quotations_go_as_deep_as_the_parser_shows_them() -> None:
    deep = "<ul><li>潮" * 9 + "</li></ul>" * 9
    assert visible(text(deep)).count("潮") == 9
    assert tokens(text(deep))
    assert "too deep inside each other became flatter" in said(deep)


@pytest.mark.parametrize(
    "source",
    ["<b>" * 10_000, "<ul><li>" * 10_000, "潮" * 200_000, "<p>a" * 40_000, "a" * 5_000_001, "<i></i>" * 60_000],
    ids=["bold", "lists", "words", "paragraphs", "characters", "elements"],
)
def test_what_is_too_long_or_too_deep_is_refused_at_once(source: str) -> None:
    with pytest.raises(InvalidError):
        markdown(source)


@pytest.mark.parametrize("source", ["a\ud800b", "\0a b", "<p>a&#0;b</p>", "<!-- -->", "<?php x ?>", "<![CDATA[x]]>"])
def test_broken_html_is_no_fault_of_ours(source: str) -> None:
    assert "\0" not in text(source)


def test_words_alone_are_as_they_stand() -> None:
    assert plain("<p>1. 潮 &amp; <b>汐</b></p><p>\u00a0</p><p>二\uf900</p>") == "1. 潮 & 汐\n二\uf900"


_ALPHABET = st.sampled_from([*"ab12 \n*_`[]()<>!#+-=~&;:.\\\"'|/潮汐，。：「」《》\u3000\u00a0"])
_WORDS = st.text(_ALPHABET, max_size=30)


def _same(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())


@settings(deadline=None)
@given(st.lists(_WORDS, max_size=4))
def test_no_words_are_taken_for_markup(paragraphs: list[str]) -> None:
    written = text("".join(f"<p>{html.escape(each)}</p>" for each in paragraphs))
    assert _same(visible(written), "".join(paragraphs))


_TAGS = st.sampled_from(
    ["b", "i", "a", "code", "p", "ul", "ol", "li", "blockquote", "h2", "h4", "div", "pre", "sup", "td"]
)


@st.composite
def _pages(draw: st.DrawFn, depth: int = 4) -> str:
    pieces = []
    for _ in range(draw(st.integers(0, 3))):
        if depth and draw(st.booleans()):
            tag = draw(_TAGS)
            href = f" href='https://quay.example/{draw(st.sampled_from(['', 'a b', '潮', '*_`', '&copy;=1)']))}'"
            pieces.append(f"<{tag}{href if tag == 'a' else ''}>{draw(_pages(depth=depth - 1))}</{tag}>")
        else:
            pieces.append(html.escape(draw(_WORDS)))
    return "".join(pieces)


@settings(deadline=None)
@given(_pages())
def test_whatever_stands_inside_whatever_no_word_is_lost(page: str) -> None:
    assert _same(visible(text(page)), plain(page))


_HOSTILE = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "<script>alert(1)</script>", "<svg/onload=alert(1)>", "<img src=x onerror=alert(1)>",
                "<a href=' javascript:alert(1)'>", "<a href='vbscript:x'>", "</a>", "<iframe srcdoc='",
                "[x](javascript:alert(1))", "<javascript:alert(1)>", "&lt;script&gt;", "&#60;img src=x&#62;",
                "![x](data:x)", "[x]: javascript:alert(1)", "<!--", "-->", "<![CDATA[", "<math><mtext>",
                "<a href='https://x/)[y](data:z'>", '<a href="https://x"onclick=y>', "<a href='&#106;avascript:x'>",
                "<style>", "<textarea>", "<base href='javascript:x'>", "`", "\\", "\n", "潮",
            ]
        ),
        _WORDS,
    ),
    max_size=8,
).map("".join)  # fmt: skip


@settings(deadline=None)
@given(_HOSTILE)
def test_nothing_hostile_comes_through(source: str) -> None:
    written = text(source)
    kinds = [child for token in tokens(written) for child in (token, *(token.children or []))]
    assert not any(kind.type.startswith("html") for kind in kinds)
    shown = rendered.html(written, _INK)
    assert not re.search(r"<(?!/?(?:p|br|strong|em|a|ul|ol|li|blockquote|hr|h3|code)\b)", shown)
    assert all(re.match("https?://|mailto:", link) for link in re.findall(r'href="([^"]*)"', shown))
