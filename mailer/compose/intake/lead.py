"""A lead picture: got by whoever calls, made fit for a mail, or said to be missing."""

from collections.abc import Callable

from mailer.compose import picture
from mailer.compose.intake.notes import Notes
from mailer.compose.picture import Picture
from mailer.errors import MailerError
from mailer.i18n import N_
from mailer.model.edition import ENDINGS

_NOT_FETCHED = N_("The lead picture was not fetched; add it by hand if it is wanted: %(words)s.")
_UNFIT = N_("The lead picture could not be taken: %(words)s.")
_SPEECHLESS = N_("The lead picture has no words for those who do not see it; write them: %(words)s.")

Fetch = Callable[[str], bytes]
"""Gets the octets at an address, or raises a MailerError."""


def lead(name: str, address: str, alt: str, fetch: Fetch | None, notes: Notes) -> dict[str, Picture]:
    """The picture at ``address`` by the name of its file, ``name`` with an ending; nothing where there is none."""
    if not address:
        return {}
    if fetch is None:
        notes.add(_NOT_FETCHED, address)
        return {}
    try:
        fitted = picture.fit(name, fetch(address))
    except MailerError:
        notes.add(_UNFIT, address)
        return {}
    if not alt:
        notes.add(_SPEECHLESS, address)
    return {f"{name}.{ENDINGS[fitted.media_type]}": fitted}
