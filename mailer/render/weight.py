"""What a variant weighs: mail programs cut long HTML short, and mail servers refuse heavy messages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from mailer.errors import InvalidError
from mailer.i18n import N_
from mailer.model import Variant
from mailer.render import published
from mailer.render.html import demand_short
from mailer.render.message import Envelope, compile_mail
from mailer.render.variant import Frozen

# Octets.
_WARN_HTML = 70_000
_WARN_MESSAGE, _MOST_MESSAGE = 500_000, 1_000_000
_KB = 1000

_NOBODY = Envelope(
    campaign_id=0,
    newsletter="n",
    list_id="t.n.example",
    sender_address="n@example",
    unsubscribe_address="n@example",
    domain="example",
    public_url="https://newsletter.example",
)


@dataclass(frozen=True, slots=True)
class Weight:
    """Octets of one variant: of its HTML before any encoding, and of the whole message with its pictures."""

    mode: str
    html: int
    message: int

    def demand(self) -> None:
        """Raise InvalidError where readers would not get it whole, or not at all."""
        demand_short(self.mode, self.html)
        if self.message > _MOST_MESSAGE:
            raise InvalidError(
                N_(
                    "The variant %(mode)s weighs %(size)s KB with its pictures, and 1000 KB is the most:"
                    " take pictures out, or make them smaller."
                ),
                mode=self.mode,
                size=self.message // _KB,
            )

    def warnings(self, translate: Callable[[str], str]) -> Iterator[str]:
        """What an author should know before it becomes too heavy, in the language of ``translate`` (gettext)."""
        if self.html > _WARN_HTML:
            warning = N_("The variant %(mode)s is %(size)s KB long; beyond 95 KB it could not be approved.")
            yield translate(warning) % {"mode": self.mode, "size": self.html // _KB}
        if self.message > _WARN_MESSAGE:
            warning = N_(
                "The variant %(mode)s weighs %(size)s KB with its pictures; beyond 1000 KB it could not be approved."
            )
            yield translate(warning) % {"mode": self.mode, "size": self.message // _KB}


def weigh(session: Session, variant: Variant) -> Weight:
    """What a stored variant weighs; a reader's own few lines are not counted."""
    frozen = Frozen.load(variant, "")
    mail = compile_mail(frozen, _NOBODY, published.pictures(session, frozen))
    return Weight(variant.mode, sum(len(part.encode()) for part in frozen.html.parts), mail.size())
