"""The error family: one clear sentence for a person, and what a machine makes of it.

A message is a catalogue id with ``%(name)s`` values, so that the edge that shows it
(a page, a command) can say it in the person's language. Values never hold an address.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar


class Term:
    """A message of the catalogue inside another, said in that one's language, without a full stop of its own."""

    __slots__ = ("message", "values")

    def __init__(self, message: str, **values: object) -> None:
        self.message = message
        self.values = values

    def say(self, translate: Callable[[str], str]) -> str:
        """The words in the language of ``translate`` (a gettext function)."""
        return _said(translate, self.message, self.values).rstrip(".。")

    def __str__(self) -> str:
        return self.say(str)


def _said(translate: Callable[[str], str], message: str, values: Mapping[str, object]) -> str:
    said = {name: value.say(translate) if isinstance(value, Term) else value for name, value in values.items()}
    return translate(message) % said if said else translate(message)


class MailerError(Exception):
    """Something a person can act on: what is wrong, why, and what to do.

    ``status`` is the HTTP status, ``exit_code`` what a command ends with, ``temporary``
    whether the same call may succeed later.
    """

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    temporary: ClassVar[bool] = False

    def __init__(self, message: str, **values: object) -> None:
        self.message = message
        self.values = values
        super().__init__(self.say(str))

    def say(self, translate: Callable[[str], str]) -> str:
        """The sentence in the language of ``translate`` (a gettext function)."""
        return _said(translate, self.message, self.values)


class WrongUsageError(MailerError):
    """The command's words are off: nothing was tried."""

    status = 400
    exit_code = 2


class InvalidError(MailerError):
    """What was handed in (an edition, an address, a list) cannot be taken as it is."""

    status = 422


class RefusedError(MailerError):
    """The rules forbid this in the present state."""

    status = 409


class NotFoundError(MailerError):
    """There is no such thing, or it is not for this person."""

    status = 404


class MisconfiguredError(MailerError):
    """The installation is not set up rightly: a key, a folder, an address, a schema."""


class UnavailableError(MailerError):
    """A server that we need (database, broker, relay) cannot be reached just now."""

    status = 503
    temporary = True


class UnrecordedError(UnavailableError):
    """A reader's wish that could not be put on the disk: said to them as it is, since they count on it."""
