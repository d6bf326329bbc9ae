"""Where the links of a page lead: to a page or a mailbox elsewhere, or nowhere that a mail could take a reader."""

import re
from urllib.parse import urljoin

from lxml import html
from pydantic import TypeAdapter, ValidationError

from mailer.compose.data import Url
from mailer.compose.intake.notes import Notes
from mailer.i18n import N_

_NOWHERE = N_("Links that lead nowhere but to their own page became words alone: %(words)s.")
_BARRED = N_("Links that a mail cannot hold became words alone: %(words)s.")

_URL = TypeAdapter(Url)
# Browsers leave these out of an address wherever they stand (URL Standard, 4.4).
_DROPPED = str.maketrans("", "", "\t\r\n")
# What would end an address in Markdown, or mean something else there.
_SIGNS = {sign: f"%{ord(sign):02X}" for sign in " ()<>\\`\"'[]"}
_ENTITY = re.compile(r"&(?=#?\w+;)")


def resolved(base: str, address: str) -> str:
    """An address as the page at ``base`` means it, or nothing where a mail cannot hold it."""
    try:
        return _URL.validate_python(urljoin(base, address.translate(_DROPPED).strip()).replace(" ", "%20"))
    except (ValidationError, ValueError):
        return ""


class Links:
    """The links of the page at ``base``; which of them were dropped goes into ``notes``."""

    def __init__(self, base: str, notes: Notes) -> None:
        self._base, self._notes = base, notes

    def target(self, element: html.HtmlElement) -> str:
        """Where an ``a`` leads, as it stands in Markdown; nothing for one that becomes its words."""
        address = element.get("href")
        if address is None:
            return ""
        found = resolved(self._base, address)
        page, inside, _ = found.partition("#")
        if not address.strip() or address.strip().startswith("#") or (inside and page == self._base):
            self._note(_NOWHERE, element)
            return ""
        if not found:
            self._note(_BARRED, element)
        return _ENTITY.sub("&amp;", "".join(_SIGNS.get(sign, sign) for sign in found))

    def picture(self, element: html.HtmlElement) -> str:
        """The address of an ``img``, also of one that its page loads late; nothing for one inside the page."""
        late = (element.get(name) for name in ("data-src", "data-lazy-src", "data-original", "src"))
        found = (resolved(self._base, address) for address in late if address)
        return next((address for address in found if address.startswith("http")), "")

    def _note(self, message: str, element: html.HtmlElement) -> None:
        self._notes.add(message, element.text_content() or element.get("title", ""))
