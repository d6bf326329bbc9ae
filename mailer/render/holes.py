"""Holes: the places in a frozen form that differ per reader, marked, split once, filled per recipient."""

import re
import secrets
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from html import escape
from typing import Any

from mailer.errors import InvalidError
from mailer.i18n import N_


class Marks:
    """The marks of one rendering. A random part keeps text that looks like one from being one."""

    def __init__(self) -> None:
        self._nonce = secrets.token_hex(8)
        self._pattern = re.compile(rf"XPH{self._nonce}-([A-Za-z0-9-]+?)XHP")

    def mark(self, name: str) -> str:
        """The mark of a hole: letters, digits and hyphens, which every renderer leaves alone."""
        return f"XPH{self._nonce}-{name}XHP"

    def split(self, form: str, known: AbstractSet[str], needed: AbstractSet[str] = frozenset()) -> "Form":
        """A rendered form between its holes.

        Raises InvalidError where a hole is not ``known``, one that is ``needed`` is missing, or a
        mark came back damaged.
        """
        pieces = self._pattern.split(form)
        parts, holes = pieces[0::2], pieces[1::2]
        if not needed <= set(holes) <= known or any(self._nonce in part for part in parts):
            raise InvalidError(N_("The layout cannot be rendered: %(why)s."), why="a placeholder was lost or damaged")
        return Form(tuple(parts), tuple(holes))


def escaped(values: Mapping[str, str]) -> dict[str, str]:
    """Values for HTML, fit for element text and attributes alike."""
    return {name: escape(value, quote=True) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a variant: ``parts`` with a hole between each two, named by ``holes``."""

    parts: tuple[str, ...]
    holes: tuple[str, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """The form with each hole filled as it is; raises KeyError for a hole without a value."""
        return "".join(
            part + value for part, value in zip(self.parts, [*(values[hole] for hole in self.holes), ""], strict=True)
        )

    def fill_html(self, values: Mapping[str, str]) -> str:
        """The same, escaped for element text and attributes alike."""
        return self.fill(escaped(values))

    def settled(self, values: Mapping[str, str]) -> "Form":
        """The form with the holes that ``values`` names filled as they are, and only the others left."""
        parts, holes = [self.parts[0]], []
        for hole, part in zip(self.holes, self.parts[1:], strict=True):
            if hole in values:
                parts[-1] += values[hole] + part
            else:
                holes.append(hole)
                parts.append(part)
        return Form(tuple(parts), tuple(holes))

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return {"parts": list(self.parts), "holes": list(self.holes)}

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> "Form":
        """From JSON."""
        return cls(tuple(stored["parts"]), tuple(stored["holes"]))
