"""Departures: how many messages left, by hour, route and provider; what caps and warm-ups are counted from."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from mailer.campaign.route import RELAY
from mailer.db.engine import at_end
from mailer.db.types import Hour, now_in
from mailer.db.upsert import insert, once
from mailer.model import Departure

_KEY = ("hour", "route", "provider")
_KEPT_SECONDS = 30 * 86400


def note(session: Session, left: Iterable[tuple[str | None, str]]) -> None:
    """Note for each message that has left, or may have, its route and provider: doubt counts as having left.

    Without a route are those that were begun before there were several.

    As with counts, what a unit of work notes is written when it ends, in one order for all.
    """
    if "departures" not in session.info:
        session.info["departures"] = Counter()
        at_end(session, _write)
    session.info["departures"].update((route or RELAY, provider) for route, provider in left)


def _write(session: Session) -> None:
    """Add to this hour's rows, which all workers share, by the database's clock."""
    noted: Counter[tuple[str, str]] = session.info["departures"]
    lines = [{"route": route, "provider": provider, "n": n} for (route, provider), n in sorted(noted.items())]
    noted.clear()
    if lines:
        session.execute(_adding(session), lines)


@once
def _adding(session: Session) -> Any:
    statement = insert(session, Departure).values(hour=Hour())
    return statement.on_conflict_do_update(index_elements=_KEY, set_={"n": Departure.n + statement.excluded.n})


def clear(session: Session) -> None:
    """Delete those that nothing asks for any more: caps look back a day."""
    gone = delete(Departure).where(Departure.hour < now_in(-_KEPT_SECONDS))
    session.execute(gone.execution_options(synchronize_session=False))
