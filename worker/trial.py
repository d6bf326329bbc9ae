"""Whether each route's server lets us in: ``python -m worker.trial``; ``mailer doctor`` starts it.

One session by each relay, as it is opened before a message, and then QUIT. No sender and no reader is named.
"""

import asyncio
import json
import os
import socket
import ssl
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace

from mailer import installation, log, vault
from mailer.campaign.route import Way, ways
from mailer.config import settings
from mailer.doctor.route import Met, Trial
from mailer.errors import MisconfiguredError
from mailer.installation import Installation
from mailer.reply import CLASSES
from mailer.reply.text import readable
from worker.transport.authentication import MechanismError, UnsafeError
from worker.transport.endpoint import Endpoint
from worker.transport.reply import ReplyError
from worker.transport.session import ClearError, Session, open_session
from worker.transport.turned_away import TurnedAwayError
from worker.transport.way import endpoint

_MOST_SECONDS = 10.0
_GOODBYE_SECONDS = 1.0
_LONGEST = 200
_KINDS = {
    ClearError: Met.CLEAR,
    UnsafeError: Met.OVERHEARD,
    ReplyError: Met.STRANGE,
    # Of a host's name that no DNS could hold.
    UnicodeError: Met.UNKNOWN,
    ValueError: Met.STRANGE,
    socket.gaierror: Met.UNKNOWN,
    TimeoutError: Met.SILENT,
}
_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED (openssl/x509_vfy.h)


async def trials(house: Installation, among: Sequence[Way]) -> list[Trial]:
    """How each stands, all tried at once. Ends within some ten seconds."""
    return await asyncio.gather(*(_trial(house, way) for way in among))


async def _trial(house: Installation, way: Way) -> Trial:
    where = Endpoint.of(way.where(house.settings))
    trial = Trial(way.name, f"[{where.host}]:{where.port}" if ":" in where.host else f"{where.host}:{where.port}")
    try:
        where = replace(endpoint(house, way), patience=min(_MOST_SECONDS, house.settings.smtp_timeout))
    except MisconfiguredError:
        return replace(trial, met=Met.SEALED)
    try:
        session = await open_session(where)
    except MechanismError as error:
        return replace(trial, met=Met.MECHANISM, mechanisms=", ".join(error.offered))
    except MisconfiguredError as unread:
        return replace(trial, met=Met.AUTHORITIES, why=str(unread.values["why"]))
    except TurnedAwayError as refused:
        met = Met.LOGIN if refused.kind is CLASSES["login"] else Met.REFUSED
        return replace(trial, met=met, why=_printable(f"{refused.reply.code} {refused.reply.text}", where))
    except (OSError, ValueError) as error:
        met, why = _met(error)
        return replace(trial, met=met, why=_printable(why, where))
    return replace(
        trial,
        encrypted=session.wire.encrypted,
        here=session.wire.local,
        starttls=session.offer.starttls,
        signed_in=bool(where.username),
        mechanisms=await _leave(session),
    )


async def _leave(session: Session) -> str:
    """Say goodbye; by what the server lets others sign in."""
    with suppress(OSError):
        async with asyncio.timeout(_GOODBYE_SECONDS):
            await session.wire.ask(b"QUIT")
    session.wire.drop()
    return ", ".join(sorted(session.offer.mechanisms))


def _met(error: OSError | ValueError) -> tuple[Met, str]:
    """What kept a session from coming about, and the words for it where there are any."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Met.EXPIRED if error.verify_code == _EXPIRED else Met.UNTRUSTED, error.verify_message
    if isinstance(error, ssl.SSLError):
        return Met.UNENCRYPTED, error.reason or str(error)
    met = next((met for kind, met in _KINDS.items() if isinstance(error, kind)), Met.UNREACHED)
    return met, os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


def _printable(text: str, where: Endpoint) -> str:
    """One line of what was said, without our own name there or any address."""
    line = readable(text)
    # Cut last: half of an address would not be known for one.
    return log.scrub(line.replace(where.username, "***") if where.username else line)[:_LONGEST]


def main() -> None:
    """Print every trial, as one JSON list of objects."""
    chosen = settings()
    log.configure(chosen.log)
    house = installation.join(chosen, vault.unlock(chosen.key_file, chosen.home))
    with house.database.read() as session:
        relays = [way for way in ways(session) if not way.is_direct(chosen)]
    found = asyncio.run(trials(house, relays))
    sys.stdout.write(json.dumps([asdict(trial) for trial in found]) + "\n")


if __name__ == "__main__":
    main()
