"""What a server offers in its answer to EHLO (RFC 5321 §4.1.1.1)."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Offer:
    """``size``: octets of the largest message that it takes (RFC 1870), 0 where it does not say."""

    starttls: bool = False
    pipelining: bool = False
    chunking: bool = False
    smtputf8: bool = False
    sized: bool = False
    size: int = 0
    mechanisms: frozenset[str] = frozenset()

    @classmethod
    def of(cls, text: str) -> Self:
        """What the lines of a reply name; what is unknown or makes no sense is left aside."""
        # Some servers still write AUTH=LOGIN, as before RFC 2554.
        lines = [line.upper().replace("AUTH=", "AUTH ").split() for line in text.split("\n")[1:]]
        words = {keyword: parameters for keyword, *parameters in filter(None, lines)}
        size = (words.get("SIZE") or ["0"])[0]
        return cls(
            starttls="STARTTLS" in words,
            pipelining="PIPELINING" in words,
            chunking="CHUNKING" in words,
            smtputf8="SMTPUTF8" in words,
            sized="SIZE" in words,
            size=int(size) if size.isascii() and size.isdecimal() else 0,
            mechanisms=frozenset(mechanism for line in lines if line[:1] == ["AUTH"] for mechanism in line[1:]),
        )
