"""Attack cases 12 to 14 of the design's list, by their numbers, and whatever else editors may type."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.compose.blocks import FRONT, Kind, fields_of
from mailer.errors import InvalidError
from mailer.i18n import EN, ZH
from mailer.model import Edition
from mailer.model.edition import Layout
from mailer.render import html, letter
from mailer.render.holes import Form, Marks
from mailer.render.layout import holes, parts
from mailer.render.mjml import compile_mjml
from tests.render.whole import HASH, whole

BOTH = f"{ZH}+{EN}"
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta"}
HARMLESS = "a abbr b blockquote body br code div em h1 h2 h3 h4 head hr html li meta ol p span strong style".split()  # noqa: SIM905
HARMLESS += ["table", "tbody", "td", "title", "tr", "u", "ul", "img"]


class Page(HTMLParser):
    """A page read strictly: ``shape`` is its elements with the names of their attributes."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.shape: list[tuple[str, ...]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert tag in HARMLESS
        assert len(set(names)) == len(names)
        for name, value in attrs:
            self._judge(tag, name, value or "")
        self.shape.append((tag, *names))
        if tag not in VOID:
            self._open.append(tag)

    def _judge(self, tag: str, name: str, value: str) -> None:
        assert not name.startswith("on")
        assert name not in {"srcset", "background", "action", "formaction", "poster", "data", "srcdoc"}
        assert name != "http-equiv" or value.lower() in {"x-ua-compatible", "content-type"}
        assert "\\u{" not in value
        if name == "src":
            assert value == f"image:{HASH}"
        elif name == "href":
            assert re.match("https://|http://|mailto:|#|XPH", value)
        elif name == "style":
            assert not re.search(r"url\(|expression|@import|&", value)
        elif name == "alt":
            self.words += value
        elif name == "lang":
            assert value in {ZH, EN}
        assert name != "content" or tag == "meta"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_decl(self, decl: str) -> None:
        assert decl == "doctype html"

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def close(text: str) -> str:
    """Without white space, which forms set as they need."""
    return "".join(text.split())


def split(form: str, marks: Marks) -> Form:
    return marks.split(form, holes(BOTH), {f"unsubscribe-{tag}" for tag in (ZH, EN)})


def rendered(edition: Edition) -> tuple[Page, Form, Form]:
    """The page, and both forms split at their holes."""
    marks = Marks()
    laid_out = parts(edition, BOTH, marks)
    page = html.render(edition, laid_out).mail
    return Page(page), split(page, marks), split(letter.render(edition, laid_out), marks)


NAMED, *_ = rendered(whole(lambda kind: "zqz" if kind is Kind.LINE else "x"))
PLAIN = {layout: rendered(whole(lambda _: "x", layout=layout)) for layout in Layout}


def lines(edition: Edition) -> set[str]:
    """All texts of one line that both forms show."""
    return {
        text.fields[name]
        for block in edition.blocks
        for text in block.texts
        for name, field in fields_of(block).items()
        if field.kind is Kind.LINE and (block.type != FRONT or name == "title")
    }


# -- 12: includes -----------------------------------------------------------------------------------------------------

TARGETS = [
    "/etc/passwd",
    "../../../../etc/passwd",
    "file:///etc/passwd",
    "https://spy.example/x.mjml",
    "macros.mjml",
    "",
]
INCLUDES = [f'<mj-include path="{target}" />' for target in TARGETS] + [
    '<mj-include path="/etc/passwd" type="css" />',
    '<mj-include path="/etc/passwd" type="html"></mj-include>',
    '<MJ-INCLUDE path="/etc/passwd" />',
    '<!-- htmlmin:ignore --><mj-include path="/etc/passwd" />',
    '{% include "/etc/passwd" %}',
    "{% include 'macros.mjml' %}{% import '/etc/passwd' as x %}",
]
# What the process opens and connects to while it renders is written down by Python itself.
WATCHED = """
import sys
from tests.render.whole import whole
from mailer.render import html, letter
from mailer.render.holes import Marks
from mailer.render.layout import parts
from mailer.render.mjml import compile_mjml
from mailer.errors import InvalidError
# What is read once has been read.
html.render(edition := whole(lambda _: "x"), parts(edition, "zh-Hant-HK+en-GB", Marks()))
done = []
def note(event, _):
    if event.partition(".")[0] in {"open", "socket", "subprocess", "os"}:
        done.append(event)

sys.addaudithook(note)
open("/dev/null").close()
for source in sys.stdin.read().split(chr(0)):
    edition = whole(lambda _: source, lambda: "https://x.example/" + "".join(source.split()))
    laid_out = parts(edition, "zh-Hant-HK+en-GB", Marks())
    html.render(edition, laid_out)
    letter.render(edition, laid_out)
    for where in ("{}<mj-body></mj-body>", "<mj-body>{}</mj-body>", "<mj-head>{}</mj-head>"):
        try:
            compile_mjml("<mjml>" + where.format(source) + "</mjml>")
        except InvalidError:
            pass
        else:
            done.append("taken: " + source)
print(done)
"""


def test_12_no_include_is_read_or_fetched_in_a_template_or_a_text() -> None:
    assert process(WATCHED, "\0".join(INCLUDES)) == "['open']\n"


def test_12_no_include_is_compiled() -> None:
    for include in INCLUDES[:9]:
        with pytest.raises(InvalidError, match=r"not allowed|cannot stand"):
            compile_mjml(f"<mjml><mj-body>{include}</mj-body></mjml>")


# -- 13: templates in texts -------------------------------------------------------------------------------------------

INJECTIONS = [
    "{{1337*1337}}",
    "{{ 7*'7' }}{% raw %}",
    "{% include 'macros.mjml' %}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ self.__init__.__globals__ }}{{ config }}{{ look }}{{ environment }}",
    "{{ ''|attr('__class__') }}{{ request|attr('application') }}",
    "{{ parts[0].marks.mark('web') }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{0.__globals__} {0} {} {name!r:>9}",
    "%(x)s %(month)s %(name)s %s %d 100% %%",
    "${7*7} #{7*7} <%= 7*7 %> {# hidden #} # line",
    "$name ${name} \\1 \\g<0>",
    "XPH-webXHP XPH0123456789abcdef-unsubscribe-en-GBXHP XAT0123456789abcdef:macros.mjml:1XTA",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_13_a_template_in_a_text_arrives_as_typed(text: str) -> None:
    """In every field of one line, both forms; and it moves no element, attribute or hole."""
    edition = whole(lambda kind: text if kind is Kind.LINE else "x")
    page, form, letter_form = rendered(edition)
    plain_page, plain_form, plain_letter = PLAIN[Layout.STACKED]
    assert page.shape == plain_page.shape
    assert form.holes == plain_form.holes
    assert letter_form.holes == plain_letter.holes
    # A link's name is cut after 40 letters.
    assert page.words.count(text[:40]) == NAMED.words.count("zqz")


@pytest.mark.parametrize("text", INJECTIONS)
def test_13_a_template_in_markdown_is_inert(text: str) -> None:
    page, form, _ = rendered(whole(lambda kind: text if kind is Kind.MARKDOWN else "x"))
    assert form.holes == PLAIN[Layout.STACKED][1].holes
    assert "1787569" not in page.words
    assert "subclasses" not in page.words or "subclasses" in text


# -- 14: templates that take all there is -----------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DOCUMENTS = {
    "10,000 tags": "<mjml><mj-body><mj-section><mj-column><mj-text>" + "<div>" * 10_000 + "</div>" * 10_000,
    "10,000 components": "<mjml><mj-body>" + "<mj-section>" * 10_000,
    "billion laughs": f'<!DOCTYPE mjml [<!ENTITY l0 "ha">{LAUGHS}]><mjml><mj-body>&l9;</mj-body></mjml>',
    "a quadratic blow-up": f'<!DOCTYPE mjml [<!ENTITY a "{"a" * 100_000}">]><mjml>{"&a;" * 10_000}</mjml>',
    "an entity of outside": '<!DOCTYPE mjml [<!ENTITY a SYSTEM "file:///dev/zero">]><mjml>&a;</mjml>',
    "a long attribute": f'<mjml><mj-body><mj-section padding="{"&" * 100_000}"></mj-section></mj-body></mjml>',
    "many attributes": "<mjml><mj-body " + " ".join(f"a{n}='x'" for n in range(20_000)) + "></mj-body></mjml>",
    "quotes without end": '<mjml a="' * 10_000,
}


def grown(piece: str) -> str:
    return (piece * (20_000 // len(piece) + 1))[:20_000]


# Repeated to the longest that a text may be; ␣ stands for a blank.
PIECES = """
[ ![ [a]( [a](<b [a]:␣ [a][b [a](b␣"c * _
*_ *_*␣ **a␣*b␣ _c␣__d␣ *a␣ a**b a*_b_* **「甲 *甲_乙 _a _😀 ` `a``b``` > >␣ -␣ 1.␣
<a < <http:// & &a &#x41; \\ \\* # ~~~~a *甲*␣ <div> <!--␣a <![CDATA[ <? http://a: 甲 |
"""
MARKDOWN = {
    **{piece: grown(piece.replace("␣", " ")) for piece in PIECES.split()},
    "definitions": grown("[a]: x\n"),
    "definitions and uses": "".join(f"[a{n}]: x\n" for n in range(900)) + grown("[a1]")[:8000],
    "lines": grown("a\n"),
    "breaks": grown("甲  \n"),
    "items": grown("* a\n+ b\n- c\n"),
    "loose items": grown("- a\n\n\n"),
    "fences": grown("```\n"),
    "growing ticks": " ".join("`" * n for n in range(1, 199)),
    "a growing quotation": "\n".join(">" * n for n in range(1, 190)),
    "a growing list": "\n".join("  " * n + "- a" for n in range(130)),
    "a lazy quotation": "> " * 9 + "a\n" + grown("a\n")[:15_000],
    "parentheses": "[a](" + "(" * 19_990,
    "a title": '[a](b "' + '\\"' * 9_900,
    "emphasis in emphasis": "*a " * 3_300 + "b*" * 3_300,
    "strong in emphasis": "*a **甲 " * 1_200 + " c** d*" * 1_200,
    "blanks": "a" + grown(" ")[:19_998] + "a",
    "tabs": grown("\t- a\n"),
}
# Each has 2 s and 256 MB beyond what the process has already; the system ends one that takes more.
LIMITED = """
import resource, sys
from itertools import cycle
from mailer.i18n import EN, ZH
from tests.render.test_hostile import DOCUMENTS, MARKDOWN, BOTH
from tests.render.whole import whole
from mailer.compose.blocks import Kind
from mailer.errors import InvalidError
from mailer.render import html, letter
from mailer.render.holes import Marks
from mailer.render.layout import parts
from mailer.render.mjml import compile_mjml

modes = cycle([ZH, EN])

def both(text):
    edition = whole(lambda kind: text if kind is Kind.MARKDOWN else "x")
    edition.blocks = [block for block in edition.blocks if block.type in {"front", "section"}]
    laid_out = parts(edition, next(modes), Marks())
    html.render(edition, laid_out)
    letter.render(edition, laid_out)

def everywhere(text):
    edition = whole(lambda kind: text if kind is Kind.MARKDOWN else "x")
    html.render(edition, parts(edition, BOTH, Marks()))

def spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime

both("x")
pages = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (pages + 256_000_000,) * 2)
tried = [(name, compile_mjml, source) for name, source in DOCUMENTS.items()]
tried += [(name, both, source) for name, source in MARKDOWN.items()]
tried.append(("all at their longest", everywhere, MARKDOWN["["]))
for name, take, source in tried:
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent()) + 3, resource.RLIM_INFINITY))
    print(name.replace(chr(10), " "), flush=True)
    try:
        take(source)
    except InvalidError as refused:
        assert chr(10) not in str(refused), refused
both("x")
print("others go on")
"""


def test_14_no_text_or_template_takes_more_than_its_share() -> None:
    said = process(LIMITED)
    assert said.endswith("\nothers go on\n"), said


def process(program: str, typed: str = "") -> str:
    """What a program of its own process said."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], input=typed, capture_output=True, text=True, cwd=root, check=False
    )
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-3000:]
    return done.stdout


# -- whatever else may be typed ---------------------------------------------------------------------------------------

FRAGMENTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onload="x',
    "' style='x",
    "--><b>",
    "]]>",
    "<![CDATA[",
    "</div></td>",
    "<!--[if mso]>",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "[x](data:text/html,1)",
    "![x](https://spy.example/p.gif)",
    "[x](https://a.example/?a=\"b&c='d>)",
    "<https://a.example/潮>",
    "{{1337*1337}}",
    "%(x)s",
    "XPH-webXHP",
    "&amp;",
    "&#0;",
    "&nbsp;",
    "**《潮》**",
    "*汐*",
    "- a\n- b",
    "> q",
    "```\ncode\n```",
    "# h",
    "---",
    "\\",
    "`",
    "  ",
    "\n\n",
    "潮",
    "𨋢",
    "㘭",
    "e\u0301",
    "👨‍👩‍👧",
    "❤\ufe0f",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\ue000",
    "\U000f0000",
    "\u0378",
    "\u00ad",
]
ANY = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufffe\uffff")
TEXTS = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(ANY, max_size=6)), max_size=8).map("".join)
LINES = TEXTS.map(lambda text: " ".join(text.split()) or "x")


def one_after_another(texts: list[str]) -> Callable[[], str]:
    return cycle(texts).__next__


@settings(max_examples=40, deadline=None)
@given(
    st.lists(LINES, min_size=2, max_size=7),
    st.lists(TEXTS.map(lambda text: text if text.strip() else "x"), min_size=2, max_size=7),
    st.lists(LINES, min_size=1, max_size=4),
    st.sampled_from(Layout),
)
def test_whatever_is_typed_both_forms_are_whole_and_inert(
    typed: list[str], markdown: list[str], addresses: list[str], layout: Layout
) -> None:
    line, text, address = map(one_after_another, (typed, markdown, addresses))
    edition = whole(
        lambda kind: line() if kind is Kind.LINE else text(),
        lambda: f"https://x.example/{''.join(address().split())}",
        layout,
    )
    page, form, letter_form = rendered(edition)
    assert Counter(form.holes) == Counter(PLAIN[layout][1].holes)
    assert letter_form.holes == PLAIN[layout][2].holes
    letter_words, page_words = close("".join(letter_form.parts)), close(page.words)
    for said in lines(edition):
        assert close(said) in page_words
        assert close(said) in letter_words


# Private-use characters as old Hong Kong text has them, an unassigned one, the last of a plane beyond, a soft hyphen.
ODD = "\ue000\uf7e5\u0378\U0010fffd\u00ad潮\U000323af"


@pytest.mark.parametrize("kind", [Kind.LINE, Kind.MARKDOWN])
def test_odd_characters_survive_in_both_forms(kind: Kind) -> None:
    page, _, letter_form = rendered(whole(lambda each: ODD if each is kind else "x"))
    assert page.words.count(ODD) > 40
    assert "".join(letter_form.parts).count(ODD) > 40


@pytest.mark.parametrize("kind", [Kind.LINE, Kind.MARKDOWN])
@pytest.mark.parametrize("control", ["\x00", "\x01", "\x0b", "\x1b", "\x7f", "\ufffe", "\uffff"])
def test_a_control_character_breaks_no_page(kind: Kind, control: str) -> None:
    edition = whole(lambda each: f"甲{control}乙" if each is kind else "x")
    page, form, _ = rendered(edition)
    assert page.shape
    assert control not in "".join(form.parts)


@pytest.mark.parametrize(("block", "field"), [("section", "title"), ("section", "body"), (FRONT, "title")])
def test_half_a_character_is_refused_by_its_code(block: str, field: str) -> None:
    edition = whole(lambda _: "x")
    text = next(each.texts[0] for each in edition.blocks if each.key == block)
    text.fields = {**text.fields, field: "甲\ud83d"}
    with pytest.raises(InvalidError, match=r"U\+D83D"):
        rendered(edition)


@pytest.mark.parametrize("types", [("section", "letter", "share"), ("section",)])
def test_texts_that_fit_no_mail_are_refused_before_they_are_rendered(types: tuple[str, ...]) -> None:
    """By their own length, and by what little text becomes."""
    edition = whole(lambda kind: "x" if kind is Kind.LINE else MARKDOWN["items"])
    edition.blocks = [block for block in edition.blocks if block.type in {FRONT, *types}]
    with pytest.raises(InvalidError, match="shorten the edition") as refused:
        html.render(edition, parts(edition, BOTH, Marks()))
    assert (refused.value.values["size"] == 120) is (len(types) == 3)
