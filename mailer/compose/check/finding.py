"""One fault of an edition: where it is, what it says, and the name by which a person lets it pass."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute

from mailer.compose.check.catalogue import CHECKS, Check, Fault, Severity
from mailer.errors import InvalidError
from mailer.i18n import languages, self_name


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, and where it is: ``locale`` is a language or a mode of two. ``values``: what its sentence says.

    ``block`` and ``field`` are empty for what is wrong with the edition as a whole. ``texts`` are those that
    it was found in: when they change it is another finding.
    """

    fault: Fault
    block: str
    field: str
    locale: str
    values: Mapping[str, object] = attribute(default_factory=dict)
    texts: tuple[Mapping[str, str], ...] = attribute(default=(), repr=False)

    @property
    def check(self) -> Check:
        """What found it."""
        return CHECKS[self.fault]

    @property
    def severity(self) -> Severity:
        """Whether it keeps an edition from being approved."""
        return self.check.severity

    @property
    def acknowledgeable(self) -> bool:
        """Whether a named person may let it pass."""
        return self.check.acknowledgeable

    @property
    def id(self) -> str:
        """Eight hex digits of the SHA-256 of what it says and was found in: an acknowledgement is of these alone."""
        told = [self.fault, self.block, self.field, self.locale, dict(self.values), [dict(text) for text in self.texts]]
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:8]

    @property
    def error(self) -> InvalidError:
        """The same as the refusal of an edition."""
        language = " + ".join(map(self_name, languages(self.locale)))
        values = {"block": self.block, "field": self.field, "language": language, **self.values}
        return InvalidError(self.check.sentence, **values)

    def say(self, translate: Callable[[str], str]) -> str:
        """Its sentence in the language of ``translate`` (a gettext function)."""
        return self.error.say(translate)
