"""The octets of a page as text: by byte-order mark, by what its server says, by what it says itself."""

import codecs
import re

from mailer.compose.intake.notes import Notes
from mailer.errors import InvalidError
from mailer.i18n import N_

_FOREIGN = N_("The page is written in %(words)s, not in UTF-8: look whether its characters came out right.")
_BROKEN = N_("Some octets of the page are no characters in its encoding, and stand as �: %(words)s.")

_MOST_OCTETS = 10_000_000
_HEAD = 4096
_DECLARED = re.compile(rb"""charset\s{0,9}=\s{0,9}["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# What browsers read in the place of what a page says (Encoding Standard, 4.2): each with all that came of it.
_WIDER = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "big5": "big5hkscs", "cp950": "big5hkscs", "gb2312": "gb18030",
    "gbk": "gb18030", "utf-16": "utf-8", "utf-16-le": "utf-8", "utf-16-be": "utf-8",
}  # fmt: skip
_KNOWN = {
    "utf-8", "big5hkscs", "gb18030", "cp1252", "cp1250", "cp1251", "iso8859-2", "iso8859-15", "koi8-r", "shift_jis",
    "euc_jp", "euc_kr",
}  # fmt: skip
# How files begin that are no page, whatever they were sent as.
_OTHERS = {
    b"%PDF-": "PDF", b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"GIF8": "GIF", b"PK\x03\x04": "ZIP",
    b"\xd0\xcf\x11\xe0": "Word", b"{\\rtf": "RTF", b"\x1f\x8b": "gzip",
}  # fmt: skip


def decoded(raw: bytes, stated: str | None, notes: Notes) -> str:
    """A page as text. ``stated``: the charset of its Content-Type header.

    Raises InvalidError for what is no page, or longer than 10 MB.
    """
    if len(raw) > _MOST_OCTETS:
        raise InvalidError(N_("The page is longer than 10 MB: take only the part that is to be read."))
    if other := next((name for start, name in _OTHERS.items() if raw.lstrip()[:8].startswith(start)), None):
        raise InvalidError(N_("This is a %(kind)s file and no page: give the address of a page."), kind=other)
    for mark, encoding in _MARKS.items():
        if raw.startswith(mark):
            return _noted(raw[len(mark) :], encoding, notes)
    if b"\0" in raw[:_HEAD]:
        raise InvalidError(N_("This is no page, but a file of another kind: give the address of a page."))
    declared = _DECLARED.search(raw[:_HEAD])
    known = (_known(stated or ""), _known(declared[1].decode("ascii")) if declared else None)
    return _noted(raw, next((each for each in known if each), None) or _guessed(raw), notes)


def _known(label: str) -> str | None:
    """Python's name of an encoding, or nothing: what it has beside these is not for pages."""
    try:
        name = codecs.lookup(label.strip().lower().removeprefix("x-x-").removeprefix("cn-")).name
    except (LookupError, ValueError):
        return None
    name = _WIDER.get(name, name)
    return name if name in _KNOWN else None


def _guessed(raw: bytes) -> str:
    """For a page that does not say: UTF-8, else Big5 as Hong Kong writes it, else as browsers in the West do."""
    for encoding in ("utf-8", "big5hkscs"):
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "cp1252"


def _noted(raw: bytes, encoding: str, notes: Notes) -> str:
    text = raw.decode(encoding, errors="replace")
    if encoding != "utf-8":
        notes.add(_FOREIGN, encoding)
    for found in re.finditer("[^<>]{0,10}\ufffd[^<>]{0,10}", text):
        notes.add(_BROKEN, found[0])
    return text
