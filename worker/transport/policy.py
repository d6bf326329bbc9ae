"""A domain's policy: who takes its mail, and that they must prove it (MTA-STS, RFC 8461)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

_LONGEST_AGE = 31_557_600
_KEY = "[A-Za-z0-9][A-Za-z0-9_.-]{0,31}"
_FIELD = re.compile(rf"({_KEY}):(.*)", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9]{1,32}", re.ASCII)
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_MX = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*", re.ASCII)
_AGE = re.compile("[0-9]{1,10}", re.ASCII)
_TAG = re.compile(rf"\s*({_KEY})=([^\s;=]+)\s*", re.ASCII)


class Mode(StrEnum):
    """What is done with an exchanger that does not keep to a policy (RFC 8461 §5)."""

    ENFORCE = "enforce"
    """It gets nothing."""
    TESTING = "testing"
    """It gets the mail, and somebody is told."""
    NONE = "none"
    """Nothing: there is no policy any more."""


@dataclass(frozen=True, slots=True)
class Policy:
    """``mx``: patterns of its exchangers' names, in small letters; ``max_age``: seconds for which it holds."""

    mode: Mode
    mx: tuple[str, ...]
    max_age: int

    @classmethod
    def of(cls, text: str) -> Self:
        """A policy as it is published (RFC 8461 §3.2); ValueError for what is none. What is unknown is left aside."""
        fields: dict[str, str] = {}
        patterns = []
        for line in filter(None, map(str.strip, text.split("\n"))):
            field = _FIELD.fullmatch(line)
            if not field:
                raise ValueError("a line names no field")
            value = field[2].lstrip()
            if field[1] == "mx":
                patterns.append(value.lower())
            # Of what is said twice the first counts.
            fields.setdefault(field[1], value)
        mode = Mode(fields.get("mode", ""))
        if fields.get("version") != "STSv1" or not _AGE.fullmatch(fields.get("max_age", "")):
            raise ValueError("it has no version or no age that is known")
        if not all(map(_MX.fullmatch, patterns)) or (mode is not Mode.NONE and not patterns):
            raise ValueError("it does not name its exchangers")
        return cls(mode, tuple(patterns), min(int(fields["max_age"]), _LONGEST_AGE))

    def covers(self, host: str) -> bool:
        """Whether it names an exchanger, by its name in small letters; ``*.`` stands for one label (RFC 8461 §4.1)."""
        _, _, parent = host.partition(".")
        return host in self.mx or f"*.{parent}" in self.mx


def version(records: Iterable[str]) -> str | None:
    """The id of the policy that a domain says it has (RFC 8461 §3.1); None where it says nothing that can be told."""
    ours = [record for record in records if record.startswith("v=STSv1;")]
    if len(ours) != 1:
        return None
    tags = [_TAG.fullmatch(part) for part in ours[0].rstrip().removesuffix(";").split(";")]
    if not all(tags):
        return None
    found = next((tag[2] for tag in tags if tag and tag[1] == "id"), "")
    return found if _ID.fullmatch(found) else None
