"""Why deliveries were not sent, in the person's language."""

from mailer.cli.screen import screen
from mailer.i18n import N_
from mailer.reply import CLASSES, GAVE_UP


def reason_name(reason: str) -> str:
    """What a reason of the ledger means where it is a class of replies; else its own words."""
    key = reason.removeprefix(GAVE_UP)
    name = screen().say(CLASSES[key].name) if key in CLASSES else key
    return name if key == reason else screen().say(N_("Given up after many tries: %(why)s"), why=name)
