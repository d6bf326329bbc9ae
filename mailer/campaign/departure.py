"""Departures: how many messages left, by hour, route and provider; what caps and warm-ups are counted from."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import delete
from sqlalchemy.orm import Session

from mailer.db.engine import at_end
from mailer.db.types import Hour, now_in
from mailer.db.upsert import insert
from mailer.model import Departure

RELAY = "relay"
"""The one route that there is: what leaves, leaves by it."""
_KEY = ("hour", "route", "provider")
_KEPT_SECONDS = 30 * 86400


def note(session: Session, providers: Iterable[str]) -> None:
    """Note that a message for each of ``providers`` has left, or may have: doubt counts as having left.

    As with counts, what a unit of work notes is written when it ends, in one order for all.
    """
    if "departures" not in session.info:
        session.info["departures"] = Counter()
        at_end(session, _write)
    session.info["departures"].update(providers)


def _write(session: Session) -> None:
    """Add to this hour's rows, which all workers share, by the database's clock."""
    noted: Counter[str] = session.info["departures"]
    lines = [{"route": RELAY, "provider": provider, "n": n} for provider, n in sorted(noted.items())]
    noted.clear()
    if lines:
        statement = insert(session, Departure).values(hour=Hour())
        added = {"n": Departure.n + statement.excluded.n}
        session.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=added), lines)


def clear(session: Session) -> None:
    """Delete those that nothing asks for any more: caps look back a day."""
    gone = delete(Departure).where(Departure.hour < now_in(-_KEPT_SECONDS))
    session.execute(gone.execution_options(synchronize_session=False))
