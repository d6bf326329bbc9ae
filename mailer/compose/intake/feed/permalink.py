"""Addresses of posts: without what follows readers about, and when two lead to the same post."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit, urlunsplit

_TRACKING = re.compile(r"(?:utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|yclid|_hs\w+)(?:=.*)?", re.IGNORECASE)
_CHOICE = re.compile(r"(?:lang|language|locale|hl)(?:=.*)?", re.IGNORECASE)
"""A parameter that chooses a language."""
# What Hong Kong sites call their Chinese pages beside zh.
_CHINESE = ("tc", "sc", "cht", "chs", "zht", "zhs")


def clean(url: str) -> str:
    """An http address without parameters that only say whence a reader comes."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=_query(parts, _TRACKING)))


def key(url: str) -> str:
    """The same for addresses of one page: no scheme, no fragment, no tracking, no slash at its end."""
    parts = urlsplit(clean(url))
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.netloc.lower().removesuffix(':443').removesuffix(':80')}{parts.path.rstrip('/')}{query}"


def neutral(url: str, languages: Iterable[str]) -> str:
    """The same for addresses that differ only in which of the ``languages`` (tags) they name.

    It may be named by a folder (/zh-hant/), a parameter (?lang=en), or the host (en.example.org).
    """
    names = {tag.split("-")[0] for tag in languages}
    every = "|".join(map(re.escape, sorted(names | (set(_CHINESE) if "zh" in names else set()))))
    name = re.compile(rf"(?:{every})(?:[-_][a-z]{{2,4}}){{0,2}}", re.IGNORECASE)
    parts = urlsplit(url)
    host, rest = parts.netloc.partition(".")[::2]
    segments = parts.path.split("/")
    at = next((number for number, segment in enumerate(segments) if name.fullmatch(segment)), None)
    path = "/".join(segment for number, segment in enumerate(segments) if number != at)
    bare = parts._replace(netloc=rest if name.fullmatch(host) else parts.netloc, path=path)
    return key(urlunsplit(bare._replace(query=_query(bare, _CHOICE))))


def slug(url: str) -> str:
    """What an address calls its post, in small ASCII letters, digits and hyphens; nothing where it calls it nothing."""
    parts = urlsplit(url)
    last = next((segment for segment in reversed(parts.path.split("/")) if segment), "")
    named = last.rpartition(".")[0] if last.endswith((".html", ".htm", ".php")) else last
    words = named if named not in {"", "index"} and "%" not in named and named.isascii() else parts.query
    return re.sub("[^a-z0-9]+", "-", words.lower()).strip("-") if "%" not in words and words.isascii() else ""


def _query(parts: SplitResult, dropped: re.Pattern[str]) -> str:
    return "&".join(each for each in parts.query.split("&") if each and not dropped.fullmatch(each))
