"""The classes of what servers answer: what each means for a delivery, its address, its provider, its campaign."""

from dataclasses import dataclass
from enum import StrEnum

from mailer.i18n import N_

_MINUTE, _HOUR = 60.0, 3600.0
_STEADY = (1 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR)


class Row(StrEnum):
    """What becomes of the delivery that was answered so."""

    AGAIN = "again"
    """It is tried again after a while."""
    ENDS = "ends"
    """It has failed."""
    HALTS = "halts"
    """It waits, and with it the whole campaign: we were refused, not the reader."""


@dataclass(frozen=True, slots=True)
class Class:
    """``key`` is stored, ``name`` a message of the catalogue, shown to operators.

    ``waits``: seconds until the second try, the third and so on; the last holds for all further ones.
    ``slows``: this provider is to get less from us for a while. ``bad_address``: evidence against the
    address, the only kind that may ever end in a suppression.
    """

    key: str
    name: str
    row: Row
    waits: tuple[float, ...] = _STEADY
    slows: bool = False
    bad_address: bool = False

    @property
    def halts(self) -> bool:
        """Whether its campaign is to wait for a person."""
        return self.row is Row.HALTS


# About this address.
UNKNOWN_USER = Class("unknown-user", N_("There is no such mailbox"), Row.ENDS, bad_address=True)
DOMAIN_GONE = Class("domain-gone", N_("The domain does not exist or takes no mail"), Row.ENDS, bad_address=True)

# About this reader's mailbox, which is there.
INACTIVE = Class("inactive", N_("The mailbox is closed or out of use"), Row.ENDS)
UNWELCOME = Class("unwelcome", N_("The mailbox takes no mail from us"), Row.ENDS)
ASCII_ONLY = Class("ascii-only", N_("The server takes no address with letters beyond ASCII"), Row.AGAIN, (6 * _HOUR,))
FULL = Class("mailbox-full", N_("The mailbox is full"), Row.AGAIN, (6 * _HOUR,))
FLOODED = Class("flooded", N_("The mailbox gets too much mail just now"), Row.AGAIN, (_HOUR, 2 * _HOUR, 4 * _HOUR))

# About how we send.
GREYLISTED = Class("greylisted", N_("The server wants us to come again"), Row.AGAIN, (5 * _MINUTE, *_STEADY[2:]))
TOO_FAST = Class(
    "too-fast", N_("We send too fast"), Row.AGAIN, (15 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR), slows=True
)
SUSPECTED = Class(
    "suspected", N_("We are taken for spammers, for a while"), Row.AGAIN, (_HOUR, 2 * _HOUR, 4 * _HOUR), slows=True
)

# About us and our mail: it would be the same for every reader.
UNPROVEN = Class("unproven", N_("Our mail does not pass SPF, DKIM, DMARC or a look at our DNS"), Row.HALTS)
LOGIN = Class("login", N_("The server wants a login, or will not pass on mail for us"), Row.HALTS)
SENDER = Class("sender", N_("Our sender address is refused"), Row.HALTS)
BLOCKED = Class("blocked", N_("Our server or domain is blocked"), Row.HALTS)
CONTENT = Class("content", N_("Our mail is taken for spam, or something in it is refused"), Row.HALTS)
POLICY = Class("policy", N_("The server's rules refuse our mail"), Row.HALTS)
TOO_BIG = Class("too-big", N_("Our mail is too big"), Row.HALTS)
MALFORMED = Class("malformed", N_("Our mail, or what we say, is not written as it should be"), Row.HALTS)

# About a way out of ours, which no server has seen.
UNFIT = Class("unfit", N_("A route is not fit for use as it is set up"), Row.HALTS)

# About ourselves.
FAULT = Class("fault", N_("A fault of ours, which the log tells: nothing was sent"), Row.AGAIN, (5 * _MINUTE,))

# What says little. A server in trouble is helped by less of it, so these slow as well.
TROUBLE = Class("trouble", N_("The server has troubles of its own"), Row.AGAIN, slows=True)
LATER = Class("later", N_("The server says “later” and not why"), Row.AGAIN, slows=True)
REFUSED = Class("refused", N_("The server refuses and does not say why"), Row.ENDS)
SILENT = Class("silent", N_("The connection broke, or no answer came in time"), Row.AGAIN)
UNCLEAR = Class("unclear", N_("The answer means nothing"), Row.AGAIN)

CLASSES = {
    each.key: each
    for each in (
        *(UNKNOWN_USER, DOMAIN_GONE, INACTIVE, UNWELCOME, ASCII_ONLY, FULL, FLOODED, GREYLISTED, TOO_FAST, SUSPECTED),
        *(UNPROVEN, LOGIN, SENDER, BLOCKED, CONTENT, POLICY, TOO_BIG, MALFORMED, UNFIT, FAULT),
        *(TROUBLE, LATER, REFUSED, SILENT, UNCLEAR),
    )
}
"""All of them, by key."""
GAVE_UP = "gave up: "
"""What stands before a key where a delivery failed since it was put off for too long."""
