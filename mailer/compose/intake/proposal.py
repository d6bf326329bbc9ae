"""What an importer understood: a draft to look at, and what looked odd in its source and was left as it was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mailer.compose.draft import Draft


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something to look at: a message of the catalogue with its values, and the block that it is about (or none)."""

    message: str
    values: Mapping[str, object] = field(default_factory=dict)
    block: str = ""

    def say(self, translate: Callable[[str], str]) -> str:
        """Its sentence in the language of ``translate`` (a gettext function)."""
        sentence = translate(self.message)
        return sentence % self.values if self.values else sentence


@dataclass(frozen=True, slots=True)
class Proposal:
    """A draft, which may lack what its source did not say, and what a person should look at before it is saved."""

    draft: Draft
    odd: tuple[Oddity, ...] = ()
