"""The posts of a feed, RSS or Atom, as it tells them: read from octets, and nothing further is fetched."""

import re
from calendar import timegm
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, NoReturn
from xml.parsers import expat

import feedparser  # type: ignore[import-untyped]  # it ships no types
from lxml import html

from mailer.characters import sift
from mailer.chinese import is_chinese
from mailer.compose.intake.feed.permalink import clean, key
from mailer.compose.intake.markup.link import resolved
from mailer.compose.intake.markup.tree import parse
from mailer.compose.intake.markup.writer import plain
from mailer.compose.intake.notes import Notes
from mailer.compose.intake.octets import decoded
from mailer.compose.intake.tongue import tongue
from mailer.errors import InvalidError
from mailer.i18n import INTERFACE, N_

_NO_LINK = N_("Posts without an address that a mail can hold were left out: %(words)s.")
_NO_DATE = N_("These posts have no date in their feed: %(words)s.")
_CHARACTERS = N_("Characters that nobody could read were left out of these posts: %(words)s.")
_LONG = N_("Titles longer than 300 characters were cut: %(words)s.")
_NOT_WELL = N_("The feed breaks off or is broken in line %(line)s, so it cannot be read: whoever runs it can mend it.")

_ENCODING = re.compile(rb"""\s{0,9}<\?xml[^>]{0,99}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._-]{1,40})""")
_DECLARATION = re.compile(r"^(\s*)<\?xml[^>]*\?>")
_ROOTS = {"rss", "feed", "RDF"}
"""RSS 0.9x and 2.0, Atom (RFC 4287 §4.1.1), RSS 1.0."""
_TYPES = {"application/rss+xml", "application/atom+xml"}
# Each far beyond what feeds have; past them the reader takes time that grows with the square.
_DEEPEST = 100
_MOST_ATTRIBUTES = 100
_MOST_ELEMENTS = 60_000
_LONGEST_TITLE = 300
_TAG = re.compile("<[^>]*>")
_BLANKS = re.compile(r"[ \t\r\n]+")
_TOLD = 1000
"""Characters of a post that its language is told by."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as it was fetched: its octets, its address; its language where somebody knows; its header's charset."""

    language: str | None
    body: bytes
    url: str
    charset: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """One post. ``summary`` is HTML; ``alternates`` are the keys of what it names as its other languages."""

    language: str
    url: str
    title: str
    summary: str
    moment: datetime | None
    alternates: frozenset[str] = frozenset()
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a feed says: its title, and its posts as they stand in it."""

    title: str
    posts: Sequence[Post]


def read(feed: Feed, notes: Notes) -> Reading:
    """The posts of a feed. Raises InvalidError for what is none, or cannot be read as it is."""
    found = _parsed(feed)
    posts = [post for entry in found.entries if (post := _post(feed, found.feed, entry, notes))]
    return Reading(_text(found.feed, "title", notes), posts)


def _parsed(feed: Feed) -> Any:
    """What feedparser makes of a feed that was looked through before, as UTF-8 whatever it came in."""
    declared = _ENCODING.match(feed.body[:1000])
    text = decoded(feed.body, feed.charset or (declared[1].decode("ascii") if declared else ""))
    octets = _DECLARATION.sub(r"\1", text).encode()
    _look_through(octets, feed.url)
    # Given octets themselves, the library would try them as the name of a file.
    return feedparser.parse(
        BytesIO(octets),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": feed.url},
        resolve_relative_uris=False,
        sanitize_html=False,
    )


def _look_through(octets: bytes, url: str) -> None:
    """Raise InvalidError for what is no feed, or one that would cost more than it is worth."""
    looker = _Looker()
    try:
        looker.parser.Parse(octets, True)
    except expat.ExpatError as error:
        if looker.root in _ROOTS:
            raise InvalidError(_NOT_WELL, line=error.lineno) from None
    if looker.root not in _ROOTS:
        raise _no_feed(octets, url)


class _Looker:
    """Expat with eyes for what a feed does not need: definitions of its own, and elements without measure."""

    def __init__(self) -> None:
        self.root = ""
        self._depth = self._elements = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._entity

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.root = self.root or name.rpartition(" ")[2]
        self._depth += 1
        self._elements += 1
        if self._depth > _DEEPEST or self._elements > _MOST_ELEMENTS or len(attributes) > _MOST_ATTRIBUTES:
            raise InvalidError(
                N_("The feed is far larger or deeper than feeds are, so it is not read: take one with fewer posts.")
            )

    def _end(self, _name: str) -> None:
        self._depth -= 1

    def _entity(self, *_: object) -> NoReturn:
        raise InvalidError(
            N_("The feed defines words of its own (XML entities), as attacks do, so it is not read: take another.")
        )


def _no_feed(octets: bytes, url: str) -> InvalidError:
    start = octets[:1000].lower()
    if b"<html" not in start and b"<!doctype html" not in start:
        return InvalidError(N_("This is no feed, neither RSS nor Atom: name the address of one."))
    page = parse(octets.decode())
    named = (resolved(url, str(link.get("href", ""))) for link in page.iter("link") if _names_feed(link))
    if found := next(filter(None, named), None):
        return InvalidError(
            N_("This is a page and no feed; the page names %(feed)s as its feed: take that."), feed=found
        )
    return InvalidError(N_("This is a page and no feed, and it names none: name the address of a feed."))


def _names_feed(link: html.HtmlElement) -> bool:
    return "alternate" in str(link.get("rel", "")).lower().split() and link.get("type") in _TYPES


def _post(feed: Feed, channel: Any, entry: Any, notes: Notes) -> Post | None:
    """One post; nothing where it has no address."""
    title = _text(entry, "title", notes)
    links = [link for link in entry.get("links", ()) if link.get("rel") == "alternate"]
    bare = next((link for link in links if not link.get("hreflang")), links[0] if links else entry)
    named = str(bare.get("href") or bare.get("link") or "")
    url = resolved(feed.url, named)
    if not named or not url.startswith("http"):
        notes.add(_NO_LINK, title)
        return None
    moment = _moment(entry)
    if moment is None:
        notes.add(_NO_DATE, title)
    summary, wrong = sift(str(entry.get("summary") or next((each.value for each in entry.get("content", ())), "")))
    if wrong:
        notes.add(_CHARACTERS, title)
    told = f"{title} {_TAG.sub(' ', summary[:_TOLD])}"
    language = feed.language or _language(channel, entry, told)
    alternates = frozenset(key(where) for link in links if (where := resolved(feed.url, str(link.get("href", "")))))
    return Post(language, clean(url), title, summary, moment, alternates, _picture(feed, entry))


def _language(channel: Any, entry: Any, text: str) -> str:
    """The language of a post: as it says itself, else as its feed says, unless Chinese and English are not told apart.

    Blogs in two languages often have one feed, which names one of them for all its posts.
    """
    own, common = _declared(entry), _declared(channel) or str(channel.get("language", ""))
    stated, written = tongue(own or common, text), tongue("", text)
    mistaken = stated in INTERFACE and is_chinese(stated) != is_chinese(written)
    return written if mistaken and own in {"", common} else stated


def _declared(element: Any) -> str:
    """The xml:lang under which its title stands."""
    return str(element.get("title_detail", {}).get("language") or "")


def _text(element: Any, name: str, notes: Notes) -> str:
    """A line of plain text, whatever it was written in."""
    value, kind = str(element.get(name, "")), element.get(f"{name}_detail", {}).get("type")
    words = _BLANKS.sub(" ", value if kind == "text/plain" else plain(value)).strip(" ")
    legible, wrong = sift(words)
    if wrong:
        notes.add(_CHARACTERS, legible)
    if len(legible) > _LONGEST_TITLE:
        notes.add(_LONG, legible)
    return legible[:_LONGEST_TITLE]


def _moment(entry: Any) -> datetime | None:
    """When a post came out, in UTC, as its feed says."""
    parts = entry.get("published_parsed") or ("published" not in entry and entry.get("updated_parsed"))
    try:
        return datetime.fromtimestamp(timegm(parts), UTC) if parts else None
    except (ValueError, OverflowError, OSError):
        return None


def _picture(feed: Feed, entry: Any) -> str:
    """The address of a post's picture, or nothing."""
    enclosed = (link for link in entry.get("links", ()) if link.get("rel") == "enclosure")
    files = [file for file in (*enclosed, *entry.get("media_content", ())) if _is_picture(file)]
    named = (str(file.get("href") or file.get("url") or "") for file in (*files, *entry.get("media_thumbnail", ())))
    return next((url for each in named if each and (url := resolved(feed.url, each)).startswith("http")), "")


def _is_picture(file: Any) -> bool:
    return str(file.get("type", "")).startswith("image/") or file.get("medium") == "image"
