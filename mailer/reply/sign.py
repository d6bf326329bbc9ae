"""A sign by which a class of replies is known."""

import re
from dataclasses import dataclass
from functools import cache

from mailer.reply.classes import Class


@cache
def _any(words: tuple[str, ...]) -> re.Pattern[str]:
    # Of ASCII, so that a word ends where Chinese begins.
    return re.compile("|".join(words), re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Sign:
    """A reply that fits every part of this is of the class.

    ``kinds``: 4 for "not now", 5 for "never". ``words``: patterns, of which one is in the text, in any case of
    letters. ``status``: a pattern for subject and detail of the enhanced code, ``1.1``. ``code``: the basic code.
    ``provider``: a provider group, where its words mean something of their own. What is empty is no condition.
    """

    of: Class
    kinds: str
    words: tuple[str, ...] = ()
    status: str = ""
    code: int | None = None
    provider: str | None = None
    examples: tuple[str, ...] = ()

    def fits(self, kind: str, code: int, status: str, text: str, provider: str) -> bool:
        """Whether a reply has this sign; ``status`` is empty where it came without an enhanced code."""
        return (
            kind in self.kinds
            and self.code in (None, code)
            and self.provider in (None, provider)
            and (not self.status or re.fullmatch(self.status, status) is not None)
            and (not self.words or _any(self.words).search(text) is not None)
        )
