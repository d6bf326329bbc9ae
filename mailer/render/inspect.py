"""What is wrong with a variant as it would be mailed: its weight, and whatever would call a foreign host.

The preflight (render/mjml.py) refuses most of the latter in templates; this looks at what came out.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from mailer.compose.check import Fault, Finding
from mailer.render.frozen import Frozen
from mailer.render.weight import Weight

# Attributes whose addresses a mail program loads unasked, on whatever element; those of VML included.
_LOADED = frozenset("src srcset imagesrcset background poster data dynsrc lowsrc o:href xlink:href".split())  # noqa: SIM905
# Elements that do so with a href.
_LOADING = frozenset({"link", "base", "image", "use"})
# In a style no host stands for anything else.
_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?(?://|\\\\)([^\s/\\'\"()<>;,?#]+)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([0-9a-f]{1,6})\s?", re.IGNORECASE)
_REFRESH = re.compile(r"url\s*=", re.IGNORECASE)
_CONDITIONAL = re.compile(r"\[if[^\]]*\]>(.*)<!\[endif\]\s*", re.DOTALL | re.IGNORECASE)
_SHOWN = 60


def inspect(frozen: Frozen, weight: Weight) -> list[Finding]:
    """Everything that is wrong with a frozen variant; its pictures, ``image:HASH``, come with the mail or from us."""
    calls = dict.fromkeys(foreign(frozen.html.fill(dict.fromkeys(frozen.html.holes, ""))))
    told = ({"mode": frozen.mode, "host": host, "what": what} for host, what in calls)
    return [*weight.findings(), *(Finding(Fault.FOREIGN_HOST, "", "", frozen.mode, values) for values in told)]


def foreign(page: str) -> list[tuple[str, str]]:
    """Each (host, where it stands) that a mail program would call when it opens a page, in order."""
    reader = _Calls()
    reader.feed(page)
    reader.close()
    return reader.found


class _Calls(HTMLParser):
    """Gathers the hosts that a page loads anything from."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            loads = name in _LOADED or (name == "href" and tag in _LOADING)
            refreshes = tag == "meta" and name == "content" and _REFRESH.search(value or "")
            if loads or refreshes or name == "style":
                self._note(_hosts(value or ""), f"<{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "style":
            self._note(_hosts(data), "<style>")

    def handle_comment(self, data: str) -> None:
        # Outlook reads what stands in these.
        if found := _CONDITIONAL.fullmatch(data):
            self.found += foreign(found[1])

    def updatepos(self, i: int, j: int) -> int:  # noqa: ARG002 — the library's signature
        """Where in a page we are tells nobody anything; counting it would cost more than all the rest."""
        return j

    def _note(self, hosts: Iterator[str], what: str) -> None:
        self.found += ((host, what[:_SHOWN]) for host in hosts)


def _hosts(value: str) -> Iterator[str]:
    """The hosts in an attribute or a style; characters may be written by number there, or set apart by blanks."""
    plain = _ESCAPED.sub(lambda found: chr(min(int(found[1], 16), 0x10FFFF)), value)
    yield from (found[1].lower() for found in _HOST.finditer(plain.strip()))
