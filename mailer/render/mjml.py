"""MJML to HTML by mjml-python, behind a preflight that refuses what would break or kill it.

The bundled renderer accepts unknown tags, corrupts characters in attributes and dies of deep
nesting; so the source is parsed strictly first, held to an allow-list, and each attribute is
written as character references, which the renderer passes on untouched.
"""

import re
from html import escape, unescape

from lxml import etree
from mjml import mjml2html

from mailer.errors import InvalidError
from mailer.i18n import N_

_DEEPEST = 100
_COMPONENTS = frozenset(
    "mjml mj-head mj-body mj-section mj-column mj-group mj-wrapper mj-text mj-image mj-button mj-divider mj-spacer"
    " mj-table mj-raw mj-attributes mj-all mj-class mj-style mj-title mj-preview".split()
)
_HTML = frozenset(
    "a b blockquote br code div em h1 h2 h3 h4 hr img li ol p span strong table tbody td th tr u ul style".split()
)
_FORBIDDEN_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

# A start tag: name, then attributes whose quoted values may hold a ">".
_START_TAG = re.compile(r"""<([A-Za-z][\w-]*)((?:\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(/?)>""")
_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*("[^"]*"|'[^']*')""")
_TITLE = re.compile(r"(<mj-title>)(.*?)(</mj-title>)", re.DOTALL)
_RAW_REFERENCE = re.compile(r"[^\x20-\x7e]|\\")


def compile_mjml(source: str) -> str:
    """The HTML of an MJML document.

    Raises InvalidError naming the line of whatever is malformed, unknown or too deep.
    """
    source = _FORBIDDEN_CHARACTERS.sub("", source)
    _preflight(source)
    try:
        html = mjml2html(_by_reference(source), fonts={})
    except ValueError as error:
        raise InvalidError(N_("The layout cannot be rendered: %(why)s."), why=str(error)) from None
    _assert_clean(html)
    return html


def _preflight(source: str) -> None:
    depth = 0
    parser = etree.XMLPullParser(
        ("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        for line in source.splitlines(keepends=True):
            parser.feed(line)
            for event, element in parser.read_events():
                depth += 1 if event == "start" else -1
                if event == "start":
                    _preflight_element(element, depth)
        parser.close()
    except etree.XMLSyntaxError as error:
        raise _layout(error.lineno or 1, error.msg or "not well formed") from None


def _preflight_element(element: "etree._Element", depth: int) -> None:
    line = element.sourceline or 1
    name = str(element.tag)
    if depth > _DEEPEST:
        raise _layout(line, f"more than {_DEEPEST} tags inside each other")
    if name not in _COMPONENTS and name not in _HTML:
        raise _layout(line, f"the tag <{name}> is not allowed")
    for attribute, value in element.attrib.items():
        bare = "".join(str(value).split()).lower()
        if str(attribute).lower().startswith("on") or bare.startswith(("javascript:", "vbscript:", "data:text")):
            raise _layout(line, f"the attribute {attribute} of <{name}> is not allowed")


def _layout(line: int, why: str) -> InvalidError:
    return InvalidError(N_("The layout is wrong in line %(line)s: %(why)s."), line=line, why=why)


def _references(text: str) -> str:
    """``text`` in plain ASCII, everything else as character references."""
    return _RAW_REFERENCE.sub(lambda c: f"&#x{ord(c[0]):x};", escape(unescape(text), quote=True))


def _by_reference(source: str) -> str:
    def attribute(found: re.Match[str]) -> str:
        value = re.sub(r"[\t\r\n]", " ", found[2][1:-1])
        return f'{found[1]}="{_references(value)}"'

    def tag(found: re.Match[str]) -> str:
        return f"<{found[1]}{_ATTRIBUTE.sub(attribute, found[2])}{found[3] and ' /'}>"

    safe = _START_TAG.sub(tag, source)
    return _TITLE.sub(lambda found: found[1] + _references(found[2]) + found[3], safe)


def _assert_clean(html: str) -> None:
    """What must never leave: script, calls to a foreign host, marks of a corrupted attribute."""
    lowered = html.lower()
    for sign in ("<script", "javascript:", "\\u{", "&lt;p style=", "@import", "<link", "<iframe", "<object"):
        if sign in lowered:
            raise InvalidError(N_("The layout cannot be rendered: %(why)s."), why=f"the result holds {sign}")
