"""A WordPress export (WXR 1.0 to 1.2: RSS 2.0 with WordPress' own elements), read as a stream.

One post is in memory at a time, whatever the file weighs; entities are refused, nothing is fetched.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from mailer.compose.intake.day import day
from mailer.errors import InvalidError
from mailer.i18n import N_

_CHUNK = 65_536
_PROLOGUE = 1_000_000
_LARGEST = 20_000_000
_MOST_ELEMENTS = 200_000
"""Octets and elements of one post with all its comments."""
_MOST_PICTURES = 100_000
_LONGEST, _LONGEST_NUMBER = 1000, 20
"""Characters of a picture's address, and of the words in its place: no edition holds more."""
_TOP = 3
"""How deep the channel's own elements stand: rss, channel, item."""
_OURS = re.compile(
    r"\{http://wordpress\.org/export/1\.[0-9]/(?:excerpt/)?\}|\{http://purl\.org/rss/1\.0/modules/content/\}"
)
_IN_PATH = re.compile(r"/(zh(?:-[a-z]{2,4})?|en(?:-[a-z]{2})?|tc|sc|hk|tw|cn)(?:/|$)", re.IGNORECASE)
LEFT_OUT = ("hidden", "locked", "comments")
"""What is never carried: posts that are not public, posts behind a password, comments."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of the site: its address, and the words in its place."""

    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class Item:
    """A public post as it is written: HTML in ``title``, ``excerpt`` and ``content``.

    ``language``: what the post or its address says, such as ``zh``, ``en`` or ``tc``. ``group``: the same for a post
    and its translations. ``thumbnail``: the number of its featured image.
    """

    id: int
    title: str
    link: str
    day: date | None
    language: str
    group: str
    thumbnail: str
    excerpt: str
    content: str


@dataclass(slots=True)
class Survey:
    """What an export holds beside its public posts: who the site is, its pictures by number, and what is left out.

    ``left_out``: how many there are of each of ``LEFT_OUT``.
    """

    title: str = ""
    link: str = ""
    language: str = ""
    images: dict[str, Image] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def survey(path: Path) -> Survey:
    """An export looked through once. Raises InvalidError for a file that is none, is cut short, or holds entities."""
    found = Survey()
    is_export = False
    for element in _elements(path):
        name = _name(element)
        if name == "item":
            _look_at(element, found)
        elif name == "wxr_version":
            is_export = True
        elif name in {"title", "link", "language"}:
            setattr(found, name, (element.text or "").strip())
    if not is_export:
        raise _foreign(path)
    return found


def items(path: Path) -> Iterator[Item]:
    """The public posts of an export, in its order. Raises InvalidError as ``survey`` does."""
    for element in _elements(path):
        if _name(element) == "item" and _kind(element) == "post" and _hidden(element) is None:
            yield _item(element)


def _look_at(element: etree._Element, found: Survey) -> None:
    kind = _kind(element)
    found.left_out["comments"] += sum(1 for each in element if _name(each) == "comment")
    if kind == "attachment":
        image = Image(_text(element, "attachment_url"), _meta(element).get("_wp_attachment_image_alt", ""))
        if len(image.url) <= _LONGEST and len(image.alt) <= _LONGEST:
            found.images[_text(element, "post_id")[:_LONGEST_NUMBER]] = image
        if len(found.images) > _MOST_PICTURES:
            raise InvalidError(
                N_("The export names more than %(most)s pictures: export the posts of fewer years."),
                most=_MOST_PICTURES,
            )
    elif kind == "post" and (why := _hidden(element)):
        found.left_out[why] += 1


def _hidden(element: etree._Element) -> str | None:
    """Why a post is not for everybody."""
    if _text(element, "status") != "publish":
        return "hidden"
    return "locked" if _text(element, "post_password") else None


def _item(element: etree._Element) -> Item:
    meta = _meta(element)
    terms = {each.get("domain"): each.get("nicename") or "" for each in element if _name(each) == "category"}
    number, link = _text(element, "post_id"), _text(element, "link")
    return Item(
        id=int(number) if re.fullmatch("[0-9]{1,18}", number) else 0,
        title=_text(element, "title"),
        link=link,
        day=day(_text(element, "post_date")),
        # Polylang's terms; what WPML has for its exports, whose own tables are in none.
        language=terms.get("language") or meta.get("_wpml_import_language_code") or _language(link),
        group=terms.get("post_translations") or meta.get("_wpml_import_translation_group") or "",
        thumbnail=meta.get("_thumbnail_id", ""),
        excerpt=_text(element, "excerpt:encoded"),
        content=_text(element, "encoded"),
    )


def _language(link: str) -> str:
    """What the address of a post says of its language: /zh/…, ?lang=en."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    found = _IN_PATH.match(parts.path)
    return next(iter(parse_qs(parts.query).get("lang", [])), "") or (found[1] if found else "")


def _name(element: etree._Element) -> str:
    tag = str(element.tag)
    return _OURS.sub(lambda found: "excerpt:" if "excerpt" in found[0] else "", tag)


def _kind(element: etree._Element) -> str:
    return _text(element, "post_type")


def _text(element: etree._Element, name: str) -> str:
    return next(((each.text or "").strip() for each in element if _name(each) == name), "")


def _meta(element: etree._Element) -> dict[str, str]:
    """The post's fields for programs, by their keys."""
    held = (each for each in element if _name(each) == "postmeta")
    return {_text(each, "meta_key"): _text(each, "meta_value") for each in held}


def _elements(path: Path) -> Iterator[etree._Element]:
    """The channel's own elements, each whole, and emptied once it has been looked at."""
    parser = etree.XMLPullParser(
        events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    depth = read = held = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                parser.feed(chunk)
                read += len(chunk)
                for event, element in parser.read_events():
                    assert isinstance(element, etree._Element)  # noqa: SLF001 — the class has no other name
                    depth += 1 if event == "start" else -1
                    held += 1
                    if event == "start" and depth == 1:
                        _demand_rss(path, element)
                    elif event == "end" and depth < _TOP:
                        if depth == _TOP - 1:
                            yield element
                        read = held = 0
                        _forget(element)
                if not depth and read > _PROLOGUE:
                    raise _foreign(path)
                if read > _LARGEST or held > 2 * _MOST_ELEMENTS:
                    raise InvalidError(
                        N_("%(file)s holds a post that is far too large: export it without that."), file=path.name
                    )
        parser.close()
    except etree.XMLSyntaxError as error:
        raise InvalidError(
            N_("%(file)s, line %(line)s: this is no XML, or is cut short: export it anew."),
            file=path.name,
            line=error.lineno or 1,
        ) from None
    except OSError as error:
        raise InvalidError(N_("%(file)s cannot be read: %(why)s."), file=path.name, why=error.strerror) from None


def _demand_rss(path: Path, root: etree._Element) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise InvalidError(
            N_("%(file)s has a document type of its own, as no WordPress export does: export it anew."), file=path.name
        )
    if root.tag != "rss":
        raise _foreign(path)


def _foreign(path: Path) -> InvalidError:
    return InvalidError(
        N_("%(file)s is no WordPress export: make one in WordPress with Tools, Export, All content."), file=path.name
    )


def _forget(element: etree._Element) -> None:
    """Give back the memory of an element and of all that stood before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
