"""What mails are made of, against what mail programs can do (caniemail's data): nothing that one lacks has meaning.

QQ Mail is not among these data. It counts as a program that drops every style sheet: the tests of
mails in a browser show that none is needed to read one.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import html

from tests import machine
from tests.samples import FOLDERS, mails

CLIENTS = {
    "gmail": ("desktop-webmail", "mobile-webmail", "ios", "android"),
    # Word's engine, and the one that the new Outlook shares with Outlook.com.
    "outlook": ("windows", "outlook-com"),
    "apple-mail": ("macos", "ios"),
}

_NEVER_USED = "what is missing are values and attributes that no template uses"
HARMLESS = {
    # Style sheets: Gmail drops them for addresses that are not its own, QQ altogether.
    "html-style": "the light design stands in style attributes; sheets add the dark one and narrower margins",
    "css-at-media": "as html-style",
    "css-at-media-prefers-color-scheme": "the light design is shown, or the program's own dark one",
    "css-color-scheme": "as css-at-media-prefers-color-scheme",
    "css-important": "as html-style: it makes a sheet outdo the style attributes",
    "css-selector-child": "as html-style",
    "css-selector-class": "as html-style",
    "css-selector-descendant": "as html-style",
    "css-selector-grouping": "as html-style",
    "css-selector-id": "as html-style",
    "css-selector-type": "as html-style",
    # Ornament.
    "css-border-radius": "corners are square",
    "css-list-style": "the table of contents has bullets",
    "css-table-layout": "columns of figures are as wide as their words",
    "css-cursor": "the pointer is a hand over links anyway",
    "css-letter-spacing": "letters stand a little closer",
    "css-outline": "it only takes away what a picture's link would show",
    "css-word-spacing": "it is set to what it is anyway",
    # Room and size: Word reads tables, cells and their attributes, and the renderer writes those for it alone.
    "css-border": "lines are thinner than 8px; where Word leaves one out, room or ground still parts",
    "css-border-spacing": "buttons have cellspacing=0, too",
    "css-display": "only blocks in lines, and what stands in columns has table cells in Word",
    "css-height": "pictures have the attribute",
    "css-line-height": "lines stand closer or further apart",
    "css-margin": "no margin is negative; centring is done by the tables' align",
    "css-max-width": "Word has tables of a fixed width",
    "css-padding": "on cells; words that lose theirs elsewhere stand closer",
    "css-width": "on cells and tables; pictures have the attribute",
    "css-word-break": "it breaks only what is longer than a line",
    "html-height": "no height is a percentage",
    "html-width": "pictures have pixels",
    # The line for the inbox's list: where one of these fails, another still hides it, or it is read twice.
    "css-display-none": "no height, no width, and mso-hide for Word",
    "css-max-height": "mso-hide for Word",
    "css-overflow": "hidden works wherever display:none does not",
    # Links within a mail.
    "html-anchor-links": "the links lead down the mail, which can be scrolled",
    "html-target": "programs choose themselves where a link opens",
    # A mail program's page is not ours.
    "html-body": "a table or div within it has the same ground",
    "html-dir": "no language here is written from right to left",
    "css-direction": "as html-dir",
    # Only in part.
    "css-background": "only colours",
    "css-font-size": _NEVER_USED,
    "css-font-weight": "400 and 700 are normal and bold",
    "css-text-align": _NEVER_USED,
    "css-text-decoration": _NEVER_USED,
    "css-text-transform": _NEVER_USED,
    "css-white-space": "nowrap on single words at most: they wrap",
    "html-lists": _NEVER_USED,
}
"""What some of the clients lack or have in part, and why a reader misses nothing."""

# Not in the data: what mail programs have shown since there was HTML in mails, and what is no look at all.
UNTESTED = {
    *("<html>", "<head>", "<title>", "<meta>", "http-equiv=", "content=", "media=", "type=", "xmlns=", "xmlns:o=",
      "xmlns:v="),
    *("<a>", "<b>", "<br>", "<em>", "<i>", "alt=", "bgcolor=", "border=", "href=", "name=", "rel=", "src=", "title="),
    *("class=", "id=", "style="),
    *("color:", "font-family:", "font-style:"),
    # For ears only.
    "aria-roledescription=",
    # Beside valign, which does the same.
    "vertical-align=",
    # As html-style.
    "css-pseudo-class-root",
}  # fmt: skip

_FAMILIES = {
    "html-h1-h6": "h1 h2 h3 h4 h5 h6",
    "html-lists": "ul ol li dl dt dd",
    "html-table": "table thead tbody tfoot tr th td",
    "html-semantics": "article aside figure figcaption footer header main nav section",
}
_LONGHAND = re.compile(r"(margin|padding|border|overflow)-")
_RULE = re.compile(r"([^{}]*)\{((?:[^{}]|\{[^{}]*\})*)\}")
_SELECTORS = {
    r"\.[\w-]+\.": "chaining",
    r"\.": "class",
    r"#": "id",
    r"\[": "attribute",
    r"(^|[\s>+~])[a-z]": "type",
    r"\*": "universal",
    r"[\w\])] +[\w.#\[]": "descendant",
    r">": "child",
    r"\+": "adjacent-sibling",
    r"~": "general-sibling",
    r",": "grouping",
}
_UNITS = {"%": "percent"}
_PICTURES = {"image/jpeg": "image-jpg", "image/png": "image-png", "image/gif": "image-gif"}


class Features:
    """What caniemail knows of, by its names (slugs); what it does not know of has the name of its use."""

    def __init__(self, data: list[dict[str, Any]]) -> None:
        self._known = {feature["slug"]: feature for feature in data}
        self._elements = {name: slug for slug, names in _FAMILIES.items() for name in names.split()}
        for slug, feature in self._known.items():
            if slug.startswith("html-"):
                self._elements |= dict.fromkeys(re.findall(r"<(\w+)>", feature["title"]), slug)

    def used(self, mail: str) -> Iterator[str]:
        """Everything that a mail is made of, again and again."""
        for element in html.document_fromstring(mail).iter("*"):
            yield self._elements.get(str(element.tag), f"<{element.tag}>")
            for name, value in element.attrib.items():
                yield from self._attribute(str(name), str(value))
            if element.tag == "style":
                yield from self._sheet(element.text or "")

    def knows(self, name: str) -> bool:
        return name in self._known

    def lacking(self, name: str) -> list[str]:
        """The mail programs whose newest version lacks a feature, or has it in part."""
        stats = self._known[name]["stats"] if name in self._known else {}
        return [
            f"{client}, {platform}"
            for client, platforms in CLIENTS.items()
            for platform in platforms
            if [*stats.get(client, {}).get(platform, {"": "u"}).values()][-1][0] in "na"
        ]

    def _attribute(self, name: str, value: str) -> Iterator[str]:
        slug = f"html-{name}"
        yield slug if self._known.get(slug, {}).get("title", "").endswith("attribute") else f"{name}="
        if name == "style":
            yield from self._declarations(value)
        elif name == "href" and value.startswith("#"):
            yield "html-anchor-links"
        elif name == "href" and value.startswith("mailto:"):
            yield "html-mailto-links"
        elif name == "src":
            yield _PICTURES[value.removeprefix("data:").partition(";")[0]]

    def _sheet(self, css: str) -> Iterator[str]:
        css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
        yield from (f"css-at-{name}" for name in re.findall(r"@([\w-]+)", css))
        for before, within in _RULE.findall(css):
            head = before.rpartition(";")[2].strip()
            if head.startswith("@"):
                yield from (slug for slug in self._known if slug.startswith("css-at-media-") and slug[13:] in head)
                yield from self._sheet(within)
            else:
                yield from self._selector(head)
                yield from self._declarations(within)

    def _selector(self, selector: str) -> Iterator[str]:
        yield from (f"css-selector-{name}" for sign, name in _SELECTORS.items() if re.search(sign, selector))
        for colons, name in re.findall(r"(::?)([a-z-]+)", selector):
            yield f"css-pseudo-{'class' if colons == ':' else 'element'}-{name}"

    def _declarations(self, css: str) -> Iterator[str]:
        for name, value in re.findall(r"([\w-]+)\s*:\s*([^;]+)", css.lower()):
            # Microsoft's and WebKit's own are meant for them alone.
            if name.startswith(("mso-", "-")):
                continue
            group = _LONGHAND.match(name)
            slugs = [f"css-{name}", *([f"css-{group[1]}"] if group else [])]
            yield next((slug for slug in slugs if slug in self._known), f"{name}:")
            if f"css-{name}-{value}" in self._known:
                yield f"css-{name}-{value}"
            units = re.findall(r"(?<![#\w.])\d*\.?\d+(%|[a-z]+)", value)
            yield from (f"css-unit-{_UNITS.get(unit, unit)}" for unit in units)
            for function in re.findall(r"([a-z-]+)\(", value):
                slugs = [f"css-{kind}{function}" for kind in ("", "function-", "unit-")]
                yield next((slug for slug in slugs if slug in self._known), f"{function}()")
            if "!important" in value:
                yield "css-important"


@pytest.fixture(scope="module")
def features(servers: None) -> Features:
    assert servers is None
    return Features(json.loads(machine.caniemail().read_text(encoding="utf-8"))["data"])


@pytest.mark.parametrize("edition", FOLDERS)
def test_what_a_mail_program_lacks_has_no_meaning(features: Features, edition: str) -> None:
    used = {name for mail in mails(edition).values() for name in features.used(mail)}
    lacking = {name: features.lacking(name) for name in used - HARMLESS.keys()}
    assert {name: clients for name, clients in lacking.items() if clients} == {}


@pytest.mark.parametrize("edition", FOLDERS)
def test_what_nobody_has_tried_in_mail_programs_is_as_old_as_they_are(features: Features, edition: str) -> None:
    used = {name for mail in mails(edition).values() for name in features.used(mail)}
    assert {name for name in used if not features.knows(name)} <= UNTESTED
