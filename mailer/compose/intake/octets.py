"""Octets as text, in the encoding that they say or UTF-8: what they are not is refused, and never guessed at."""

import codecs

from mailer.errors import InvalidError
from mailer.i18n import N_

_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# Each name with the widest of what goes by it (Encoding Standard §4.2).
_KNOWN = {
    "utf-8": "utf-8",
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "cp1252": "cp1252",
    "big5": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
}
# What looks like text in an encoding that it is not in seldom has the commonest characters of Chinese.
_COMMON = {
    ("Big5", "big5hkscs"): set("的是在我們有了一不這和人為會"),
    ("GB 18030", "gb18030"): set("的是在我们有了一不这和人为会"),
}


def decoded(raw: bytes, stated: str = "") -> str:
    """Text without its byte-order mark, which says more than ``stated``; UTF-8 where neither says anything.

    Raises InvalidError naming the line that is wrong, and what the octets look like.
    """
    mark = next((mark for mark in _MARKS if raw.startswith(mark)), b"")
    encoding = _MARKS[mark] if mark else _codec(stated)
    try:
        text = raw[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise _foreign(raw, raw[: error.start].count(b"\n") + 1) from None
    if "\0" in text:
        raise _foreign(raw, text[: text.index("\0")].count("\n") + 1)
    return text


def _codec(stated: str) -> str:
    """Python's name of an encoding. InvalidError for one that is not read."""
    try:
        return _KNOWN[codecs.lookup(stated or "utf-8").name]
    except (LookupError, ValueError):
        raise InvalidError(
            N_("It says that it is in an encoding which is not read here: it should be in UTF-8.")
        ) from None


def _foreign(raw: bytes, line: int) -> InvalidError:
    if likely := _likely(raw):
        return InvalidError(
            N_("Line %(line)s is not in UTF-8 but looks like %(likely)s: save it as UTF-8 first."),
            line=line,
            likely=likely,
        )
    return InvalidError(
        N_("Line %(line)s is not in the encoding that it should be in: save it as UTF-8 first."), line=line
    )


def _likely(raw: bytes) -> str:
    """What octets look like that are not UTF-8: how people call it, or nothing."""
    if b"\0" in raw:
        return "UTF-16"
    found = {
        name: sum(raw.decode(codec, "ignore").count(each) for each in marks) for (name, codec), marks in _COMMON.items()
    }
    best = max(found, key=lambda name: found[name])
    return best if found[best] else ""
