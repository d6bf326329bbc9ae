"""MJML to HTML by mjml-python, behind a preflight that refuses what would break or kill it.

The bundled renderer accepts unknown tags, corrupts characters in attributes and dies of deep
nesting; so the source is parsed strictly first, held to an allow-list, and each attribute is
written as character references, which the renderer passes on untouched. Whatever is refused is
named by file and line of its template.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from html import escape, unescape
from html.parser import HTMLParser
from xml.parsers import expat

from mjml import mjml2html

from mailer.errors import InvalidError
from mailer.i18n import N_
from mailer.render.origin import Traced

_DEEPEST = 100
_HTML = frozenset(
    "a b blockquote br code div em h1 h2 h3 h4 hr img li meta ol p span strong style table td tr u ul".split()  # noqa: SIM905
)
# Each component, and where it may stand: elsewhere the renderer drops it without a word.
_PARENTS = {
    "mjml": [""],
    "mj-head": ["mjml"],
    "mj-title": ["mj-head"],
    "mj-attributes": ["mj-head"],
    "mj-all": ["mj-attributes"],
    "mj-style": ["mj-head"],
    "mj-raw": ["mj-head", "mj-body"],
    "mj-body": ["mjml"],
    "mj-section": ["mj-body"],
    "mj-column": ["mj-section"],
    "mj-text": ["mj-column"],
    "mj-divider": ["mj-column"],
    "mj-image": ["mj-column"],
    "mj-button": ["mj-column"],
}
# Those in which HTML stands, and words alone; in the others the renderer drops them.
_HOLDERS = frozenset({"mj-raw", "mj-text", "mj-button"})
_WORDS = _HOLDERS | {"mj-title", "mj-style"}
_ATTRIBUTES = frozenset(
    "align alt background-color border-color border-radius border-top border-width color css-class font-family"  # noqa: SIM905
    " font-size font-weight height href inner-padding lang line-height padding src title width".split()
)
_UNCLOSED = {
    expat.errors.codes[each] for each in (expat.errors.XML_ERROR_TAG_MISMATCH, expat.errors.XML_ERROR_NO_ELEMENTS)
}
_PICTURES = frozenset({"img", "mj-image"})
# The only source of a picture: one that we hold, by its SHA-256.
_IMAGE = re.compile("image:[0-9a-f]{64}")
_FORBIDDEN_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

# A start tag: name, then attributes whose quoted values may hold a ">".
_START_TAG = re.compile(r"""<([A-Za-z][\w-]*)((?:\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(/?)>""")
_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*("[^"]*"|'[^']*')""")
_BREAK = re.compile(r"[\t\r\n]")
_TITLE = re.compile(r"(<mj-title>)(.*?)(</mj-title>)", re.DOTALL)
# What is the same with references and without.
_PLAIN = re.compile(r"[ !#-%'-;=?-\[\]-~]*")
_RAW_REFERENCE = re.compile(r"[^\x20-\x7e]|\\")
_POSITION = re.compile(r" at position (\d+):\d+")

_LIVE = frozenset("applet base embed form frame iframe input link object script svg".split())  # noqa: SIM905
_FOREIGN_STYLE = re.compile(r"url\s*\(|@import|expression\s*\(", re.IGNORECASE)


def compile_mjml(source: str, *, seen: bool = False) -> str:
    """The HTML of an MJML document, whose marks (render/origin.py) are taken out.

    ``seen``: it holds nothing but what stood in one before it, whose result was looked at.

    Raises InvalidError naming the place of whatever is malformed, unknown, misplaced or too deep,
    and where the result could run or load anything.
    """
    source = _FORBIDDEN_CHARACTERS.sub("", source)
    traced = Traced.of(source)
    _preflight(traced)
    try:
        html = mjml2html(_by_reference(traced.content.decode()), fonts={})
    except ValueError as error:
        # It counts in what it was given.
        raise _unrendered(Traced.of(_by_reference(source)), str(error)) from None
    if not seen:
        page = _Inert()
        page.feed(html)
        page.close()
    return html


def _preflight(source: Traced) -> None:
    """Hold the source to well-formed XML and to the lists above."""
    parser = expat.ParserCreate("UTF-8")
    above: list[str] = []
    begun: list[int] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if why := _wrong(name, attributes, above):
            raise source.wrong(parser.CurrentByteIndex, why)
        above.append(name)
        begun.append(parser.CurrentByteIndex)

    def words(said: str) -> None:
        if said.strip() and above[-1] in _PARENTS and above[-1] not in _WORDS:
            raise source.wrong(parser.CurrentByteIndex, f"words cannot stand in <{above[-1]}> itself")

    def end(_: str) -> None:
        above.pop()
        begun.pop()

    def refuse(what: str) -> Callable[..., None]:
        def handler(*_: object) -> None:
            raise source.wrong(parser.CurrentByteIndex, f"{what} is not allowed")

        return handler

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = words
    # Refused where it begins: not one entity of it is read.
    parser.StartDoctypeDeclHandler = refuse("a document type")
    parser.ProcessingInstructionHandler = refuse("a processing instruction")
    parser.XmlDeclHandler = refuse("an XML declaration")
    parser.StartCdataSectionHandler = refuse("a CDATA section")
    try:
        parser.Parse(source.content, True)
    except expat.ExpatError as error:
        # Noticed far behind it, perhaps in another file.
        if above and error.code in _UNCLOSED:
            raise source.wrong(begun[-1], f"<{above[-1]}> is not closed, or something else first") from None
        raise source.wrong(parser.ErrorByteIndex, expat.ErrorString(error.code)) from None


def _wrong(name: str, attributes: Mapping[str, str], above: list[str]) -> str | None:
    """What is wrong with an element inside those ``above`` it."""
    component = name in _PARENTS
    if len(above) >= _DEEPEST:
        return f"more than {_DEEPEST} tags inside each other"
    if not component and name not in _HTML:
        return f"the tag <{name}> is not allowed"
    holder = above[-1] if above else ""
    if holder not in _PARENTS[name] if component else holder in _PARENTS and holder not in _HOLDERS:
        return f"<{name}> cannot stand here"
    for attribute in attributes:
        if attribute.lower().startswith("on") or (component and attribute not in _ATTRIBUTES):
            return f"the attribute {attribute} of <{name}> is not allowed"
    if name in _PICTURES:
        return _wrong_picture(name, attributes)
    return None


def _wrong_picture(name: str, attributes: Mapping[str, str]) -> str | None:
    """Readers who see no picture need words; those of an ornament are empty, but it is nothing to press then."""
    if not _IMAGE.fullmatch(attributes.get("src", "")):
        return f"the src of <{name}> must be image:HASH"
    if "alt" not in attributes:
        return f"<{name}> has no alt, which only an ornament may leave empty"
    if "href" in attributes and not attributes["alt"].strip():
        return f"<{name}> leads somewhere, and its alt is empty"
    return None


def _unrendered(source: Traced, why: str) -> InvalidError:
    """What the renderer refused; it counts in octets."""
    if found := _POSITION.search(why):
        return source.wrong(int(found[1]), why[: found.start()])
    return _broken(why)


def _broken(why: str) -> InvalidError:
    return InvalidError(N_("The layout cannot be rendered: %(why)s."), why=why)


def _references(text: str) -> str:
    """``text`` in plain ASCII, everything else as character references."""
    if _PLAIN.fullmatch(text):
        return text
    plain = escape(unescape(text), quote=False).replace('"', "&quot;")
    return _RAW_REFERENCE.sub(lambda character: f"&#x{ord(character[0]):x};", plain)


@lru_cache(maxsize=1024)
def _attributes(written: str) -> str:
    """The attributes of one tag by references; kept, since the same styles stand in hundreds of tags."""

    def attribute(found: re.Match[str]) -> str:
        value = _BREAK.sub(" ", found[2][1:-1])
        return f'{found[1]}="{_references(value)}"'

    return _ATTRIBUTE.sub(attribute, written)


def _by_reference(source: str) -> str:
    safe = _START_TAG.sub(lambda found: f"<{found[1]}{_attributes(found[2])}{found[3] and ' /'}>", source)
    return _TITLE.sub(lambda found: found[1] + _references(found[2]) + found[3], safe)


class _Inert(HTMLParser):
    """Raises InvalidError where a finished page could run, load or send anything, or came out damaged.

    It sees the page as a mail program parses it: words that only speak of such things may stay.
    """

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LIVE:
            raise _broken(f"the result holds <{tag}>")
        for name, value in attrs:
            if not _inert(name, value or ""):
                raise _broken(f"the result has {name}={value!r:.60} in <{tag}>")

    def updatepos(self, i: int, j: int) -> int:  # noqa: ARG002 — the library's signature
        """Where in a page we are tells nobody anything; counting it would cost more than all the rest."""
        return j

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "style" and _FOREIGN_STYLE.search(data):
            raise _broken("a style of the result loads something")


@lru_cache(maxsize=1024)
def _inert(attribute: str, value: str) -> bool:
    if attribute.startswith("on") or "\\u{" in value or attribute in {"background", "srcset"}:
        return False
    if attribute == "style":
        return not _FOREIGN_STYLE.search(value)
    address = "".join(value.split()).lower()
    if attribute == "src":
        return _IMAGE.fullmatch(value) is not None
    return attribute != "href" or not address.startswith(("javascript:", "vbscript:", "data:"))
