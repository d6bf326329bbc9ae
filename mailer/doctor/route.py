"""The routes: whether each lets us in, as a worker would be let in. A child process asks; no mail is named."""

import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum

from mailer.campaign.route import Way, ways
from mailer.config import environment
from mailer.doctor.check import Check, broken, fine, look
from mailer.i18n import N_
from mailer.installation import Installation

_LONGEST_SECONDS = 60.0
"""For all trials: this machine's own resolver may hang at a name for half of it."""


class Met(StrEnum):
    """What was met at a route's server."""

    LET_IN = "let in"
    SEALED = "sealed"
    AUTHORITIES = "authorities"
    UNKNOWN = "unknown"
    UNREACHED = "unreached"
    SILENT = "silent"
    STRANGE = "strange"
    REFUSED = "refused"
    CLEAR = "clear"
    EXPIRED = "expired"
    UNTRUSTED = "untrusted"
    UNENCRYPTED = "unencrypted"
    OVERHEARD = "overheard"
    MECHANISM = "mechanism"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Trial:
    """How a session by a route came about, or why not (``why``, in the server's words or the system's).

    ``encrypted``, ``here`` (on this machine), ``starttls``: how the line was, and whether TLS is offered.
    ``mechanisms``: what the server offers to sign in by; ``signed_in``: whether we did.
    """

    route: str
    server: str
    met: Met = Met.LET_IN
    why: str = ""
    encrypted: bool = False
    here: bool = False
    starttls: bool = False
    signed_in: bool = False
    mechanisms: str = ""


_BROKEN = {
    Met.SEALED: N_("Its name and password cannot be opened: put the newest key file back, or add the route anew"),
    Met.AUTHORITIES: N_("The certificates to trust (--ca-file) cannot be read: %(why)s. Add the route anew"),
    Met.UNKNOWN: N_("There is no server of the name %(server)s: look at the route's address"),
    Met.UNREACHED: N_("%(server)s cannot be reached: %(why)s. Look at address and port, at the server, at firewalls"),
    Met.SILENT: N_("%(server)s does not answer in time: look at address and port, at the server, at firewalls"),
    Met.STRANGE: N_("What answers at %(server)s does not speak SMTP as this route does: look at port and scheme"),
    Met.REFUSED: N_("%(server)s does not want us: %(why)s"),
    Met.CLEAR: N_("%(server)s does not offer STARTTLS, so nothing is sent: ask whoever runs it, or use smtps://"),
    Met.EXPIRED: N_("The certificate of %(server)s has expired, so nothing is sent: whoever runs it has to renew it"),
    Met.UNTRUSTED: N_("The certificate of %(server)s is not to be trusted, so nothing is sent: %(why)s"),
    Met.UNENCRYPTED: N_("No encrypted line to %(server)s comes about: %(why)s. Look at port and scheme"),
    Met.OVERHEARD: N_(
        "Nobody was told the password, since the line to %(server)s is in the clear: use smtp+starttls:// or smtps://"
    ),
    Met.MECHANISM: N_("%(server)s does not let us sign in by what this route uses; it offers: %(mechanisms)s"),
    Met.LOGIN: N_("%(server)s does not take the name and password: %(why)s. Add the route anew with the right ones"),
}


def routes(house: Installation) -> list[Check]:
    """How each route stands, all tried at once."""
    with house.database.read() as session:
        found = ways(session)
    # Of readers' own exchangers none is asked without a mail for it.
    relays = [way for way in found if not way.is_direct(house.settings)]
    trials = {trial.route: trial for trial in _try(house)} if relays else {}
    return [judged(way.name, trials.get(way.name)) if way in relays else _direct(way, house) for way in found]


def _direct(way: Way, house: Installation) -> Check:
    if house.settings.dns == "off":
        return broken(
            "route", way.name, N_("It has to ask the DNS for each reader's mail exchangers, and MAILER_DNS is off")
        )
    name = socket.gethostname()
    if "." not in name:
        return look(
            "route",
            way.name,
            N_("Readers' servers want to hear the full name of this machine, which calls itself %(name)s: set it"),
            name=name,
        )
    return fine("route", way.name, N_("asks the DNS for each reader's server; whether port 25 is open is not tried"))


def _try(house: Installation) -> list[Trial]:
    """What the worker's own code meets, in a process of its own; nothing where that breaks."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "worker.trial"],
            env=environment(house.settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
            timeout=_LONGEST_SECONDS,
        )
    except subprocess.SubprocessError:
        return []
    return [Trial(**each | {"met": Met(each["met"])}) for each in json.loads(done.stdout)]


def judged(name: str, trial: Trial | None) -> Check:
    """How a route stands by its trial; None where there was none."""
    if trial is None:
        return broken("route", name, N_("It could not be tried in time, or for a fault of ours that stands above"))
    if trial.met in _BROKEN:
        return broken(
            "route",
            name,
            _BROKEN[trial.met],
            server=trial.server,
            why=trial.why.rstrip("."),
            mechanisms=trial.mechanisms or "–",
        )
    return _let_in(trial)


def _let_in(trial: Trial) -> Check:
    """Of a server that takes us: whether the line is a good one."""
    about, server = trial.route, trial.server
    if not trial.encrypted and not trial.here:
        advice = (
            N_("The line to %(server)s is in the clear, and it offers STARTTLS: use smtp+starttls://")
            if trial.starttls
            else N_("The line to %(server)s is in the clear: whoever is on the way reads each mail and who gets it")
        )
        return look("route", about, advice, server=server)
    if trial.signed_in:
        return fine(
            "route",
            about,
            N_("%(server)s lets us in, signed in (it offers %(mechanisms)s)"),
            server=server,
            mechanisms=trial.mechanisms,
        )
    if trial.encrypted and trial.mechanisms:
        return look(
            "route",
            about,
            N_("%(server)s offers to sign in (%(mechanisms)s) and we have no name there: it may refuse our mail"),
            server=server,
            mechanisms=trial.mechanisms,
        )
    return fine("route", about, N_("%(server)s lets us in"), server=server)
