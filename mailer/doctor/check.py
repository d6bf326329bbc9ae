"""A check: one thing that was looked at, how it stands, and in a sentence what, why, and what to do."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mailer.errors import MailerError, Term

Name = Literal[
    "home",
    "space",
    "withdrawals",
    "key_file",
    "database",
    "clock",
    "workers",
    "broker",
    "signing",
    "dkim",
    "dns",
    "spf",
    "dmarc",
    "mx",
    "route",
    "public_url",
]
"""What can be looked at, as machines read it."""


class State(StrEnum):
    """How something stands."""

    FINE = "fine"
    LOOK = "look"
    """Mail goes, perhaps not to everybody; or it could not be found out."""
    BROKEN = "broken"
    """Nothing is to be sent before this is mended."""


@dataclass(frozen=True, slots=True)
class Check:
    """``about``: which one of its kind it is (a path, a domain, a route); empty where there is but one."""

    name: Name
    about: str
    state: State
    says: Term


def fine(name: Name, about: object, message: str, /, **values: object) -> Check:
    """It is as it should be."""
    return Check(name, str(about), State.FINE, Term(message, **values))


def look(name: Name, about: object, message: str, /, **values: object) -> Check:
    """A person should look at it."""
    return Check(name, str(about), State.LOOK, Term(message, **values))


def broken(name: Name, about: object, message: str, /, **values: object) -> Check:
    """It has to be mended first."""
    return Check(name, str(about), State.BROKEN, Term(message, **values))


def failed(name: Name, about: object, error: MailerError, /) -> Check:
    """It is broken, in the words that a command would end with."""
    return broken(name, about, error.message, **error.values)
