"""The servers behind it all: the database and its clock, the broker, and whether a worker has been heard of."""

from datetime import timedelta

from sqlalchemy import select

from mailer import broker, clock, installation, queue
from mailer.config import Settings
from mailer.db.types import now_in
from mailer.doctor.check import Check, failed, fine, look
from mailer.errors import MailerError
from mailer.i18n import N_
from mailer.installation import Installation
from mailer.model import Installation as InstallationRow
from mailer.vault import Vault

_DRIFT = timedelta(seconds=5)
_UNHEARD = timedelta(minutes=1)


def database(settings: Settings, keys: Vault) -> tuple[Installation | None, Check]:
    """The installation, if the database is there, of a schema that we know, and sealed with these keys."""
    kind = settings.database.partition(":")[0].partition("+")[0]
    try:
        house = installation.join(settings, keys)
    except MailerError as error:
        return None, failed("database", kind, error)
    return house, fine("database", kind, N_("answers, with a schema that we know, and the key file is its own"))


def moments(house: Installation) -> list[Check]:
    """What the database's clock says beside ours, and when a worker last looked."""
    with house.database.read() as session:
        seen, now = session.execute(select(InstallationRow.seen_at, now_in())).one()
    here = clock.now()
    kind = house.database.kind
    off = round((now - here).total_seconds())
    if abs(now - here) > _DRIFT:
        clocks = look(
            "clock",
            kind,
            N_("Its clock and this machine's are %(seconds)s s apart, so times would be wrong: have both set (NTP)"),
            seconds=abs(off),
        )
    else:
        clocks = fine("clock", kind, N_("agrees with this machine's clock"))
    if seen is None:
        return [clocks, look("workers", "", N_("No worker has been at work yet: start them (mailer up)"))]
    if now - seen > _UNHEARD:
        minutes = int((now - seen) / _UNHEARD)
        return [
            clocks,
            look(
                "workers",
                "",
                N_("No worker was heard of for %(minutes)s min: start them (mailer up)"),
                minutes=minutes,
            ),
        ]
    return [clocks, fine("workers", "", N_("A worker is at work"))]


def wake_ups(settings: Settings) -> Check:
    """The broker that is configured, or runs here already; without one there is a folder."""
    chosen = broker.chosen(settings)
    said = broker.choose(settings).said
    if chosen.broker_url == "filesystem://":
        return fine("broker", said, N_("None is configured and none runs yet: mailer up sees to one on this machine"))
    try:
        queue.check(chosen)
    except MailerError as error:
        return failed("broker", said, error)
    return fine("broker", said, N_("answers"))
