"""What servers answer: the classes of replies, the signs they are known by, their text.

Asked of what comes back at once and of what comes back in a bounce.
"""

import re

from mailer.reply.classes import CLASSES, GAVE_UP, LATER, SILENT, UNCLEAR, Class, Row
from mailer.reply.signs import SIGNS

__all__ = ["CLASSES", "GAVE_UP", "LATER", "SILENT", "UNCLEAR", "Class", "Row", "classify"]

_URL = re.compile(r"https?://\S*", re.IGNORECASE)
_REPEATED = re.compile(r"(?<!\S)[245]\.\d{1,3}\.\d{1,3}(?!\S)", re.ASCII)


def classify(code: int | None, enhanced: str | None, text: str, provider: str = "") -> Class:
    """The class of a refusal: basic code (RFC 5321), enhanced code (RFC 3463), readable text, provider group.

    "Not now" where either code says so: of two that contradict each other the kinder one is believed. An enhanced
    code of success says nothing beside a refusal. A code that is no refusal is *unclear*, none at all *silent*.
    """
    if code is None:
        return SILENT
    kind = str(code // 100)
    if kind not in ("4", "5"):
        return UNCLEAR
    kind = "4" if enhanced and enhanced.startswith("4") else kind
    status = enhanced[2:] if enhanced and not enhanced.startswith("2") else ""
    # Addresses of help pages are full of words such as "spam".
    said = _REPEATED.sub(" ", _URL.sub(" ", text))
    return next(sign.of for sign in SIGNS if sign.fits(kind, code, status, said, provider))
