"""The whole examination: what stands on its own first, then what stands on that, several things at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from mailer.config import Settings
from mailer.doctor import files, sender, servers
from mailer.doctor.check import Check, look
from mailer.doctor.pages import pages
from mailer.doctor.route import routes
from mailer.doctor.signing import signing
from mailer.i18n import N_
from mailer.installation import Installation


class Group(NamedTuple):
    """Checks that belong together, under a title (a message of the catalogue)."""

    title: str
    checks: Sequence[Check]


Part = tuple[str, Callable[[], Sequence[Check]]]


def examine(settings: Settings) -> list[Group]:
    """Look at everything, and change nothing. Ends within about half a minute, however silent others are.

    Where the keys or the database cannot be used, what stands on them is left out.
    """
    keys, key_file = files.keys(settings)
    house, database = servers.database(settings, keys) if keys else (None, None)
    there = Group(N_("Files"), [*files.data(settings), key_file])
    parts: list[Part] = [
        (N_("Servers"), lambda: _servers(settings, house, database)),
        *(_parts(house) if house else []),
        (N_("Pages"), lambda: [pages(settings)]),
    ]
    try:
        # Each waits for somebody else: side by side they take no longer than the slowest.
        with ThreadPoolExecutor(len(parts), thread_name_prefix="doctor") as threads:
            found = threads.map(lambda part: Group(part[0], part[1]()), parts)
            return [there, *found]
    finally:
        if house:
            house.database.dispose()


def _parts(house: Installation) -> list[Part]:
    domains = sender.domains(house)
    return [
        (N_("Signing"), lambda: signing(house, domains.seen)),
        (N_("Sender’s domain"), lambda: _sender(house, domains)),
        (N_("Routes"), lambda: routes(house)),
    ]


def _servers(settings: Settings, house: Installation | None, database: Check | None) -> list[Check]:
    return [
        *([database] if database else []),
        *(servers.moments(house) if house else []),
        servers.wake_ups(settings),
    ]


def _sender(house: Installation, domains: sender.Domains) -> list[Check]:
    if house.settings.dns == "off":
        return [look("dns", "", N_("MAILER_DNS is off, so nobody was asked for SPF, DMARC and MX."))]
    return [*sender.believed(house, domains), *sender.answerable(house, domains)]
