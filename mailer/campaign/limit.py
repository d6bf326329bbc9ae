"""Limits: what an operator decides for everything, for a route or for a provider, and what is in force with it."""

import re
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.campaign import quiet, ramp, route
from mailer.campaign.defaults import DEFAULTS, Terms
from mailer.db.types import now_in
from mailer.db.upsert import insert
from mailer.errors import RefusedError, WrongUsageError
from mailer.i18n import N_
from mailer.model import AuditEntry, Limit, Newsletter

ALL, ROUTE, PROVIDER = "all", route.SCOPE, "provider:"
FASTEST, MOST_CONNECTIONS, MOST_PER_DAY = 100_000, 10_000, 1_000_000_000
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_SLOWEST = 1 / 3600
_RATE = re.compile(rf"([0-9]{{1,9}}(?:\.[0-9]{{1,9}})?)(?:/({'|'.join(_SECONDS)}))?")
_OWN = tuple(field.name for field in fields(Terms) if field.name != "held")


def scopes(session: Session, among: Sequence[route.Way] | None = None) -> tuple[str, ...]:
    """Everything that may have limits of its own, from the widest to the narrowest; ``among``: the ways, if known."""
    names = [way.name for way in (route.ways(session) if among is None else among)]
    return ALL, *(f"{ROUTE}{name}" for name in names), *(f"{PROVIDER}{name}" for name in DEFAULTS)


def passed(way: str, provider: str) -> tuple[str, ...]:
    """The scopes that a message passes through on its way to a provider, each of which may hold it back."""
    return ALL, f"{ROUTE}{way}", f"{PROVIDER}{provider}"


def scope(session: Session, typed: str) -> str:
    """The scope that somebody means by ``gmail`` or ``provider:gmail``; WrongUsageError where there is none."""
    wanted, there_are = typed.strip().lower(), scopes(session)
    found = next((each for each in there_are if wanted in (each, short(each))), None)
    if found is None:
        known = ", ".join(map(short, there_are))
        raise WrongUsageError(N_("There is no %(scope)s to limit: name one of %(known)s."), scope=typed, known=known)
    return found


def short(name: str) -> str:
    """A scope as one types it: ``gmail``."""
    return name.rpartition(":")[2]


def decided(session: Session) -> dict[str, list[str]]:
    """Which terms of each scope an operator decided."""
    rows = {row.scope: row for row in session.scalars(select(Limit))}
    return {
        each: [name for name in _OWN if getattr(rows.get(each), name, None) is not None] for each in scopes(session)
    }


def in_force(session: Session, among: Sequence[route.Way] | None = None) -> dict[str, Terms]:
    """The terms of every scope: an operator's, and field by field the shipped ones for the rest. As ``scopes``."""
    columns = [getattr(Limit, name) for name in ("scope", *_OWN, "held")]
    rows = {row.scope: row for row in session.execute(select(*columns))}
    return {each: _merged(DEFAULTS.get(short(each), Terms()), rows.get(each)) for each in scopes(session, among)}


def _merged(shipped: Terms, row: object) -> Terms:
    decided = {name: value for name in (*_OWN, "held") if (value := getattr(row, name, None)) is not None}
    return Terms(**{name: getattr(shipped, name) for name in _OWN} | decided)


def rate(typed: str) -> float:
    """Messages per second, as somebody writes them: ``20``, ``30/minute``, ``200/hour``."""
    found = _RATE.fullmatch(typed.strip())
    per_second = float(found[1]) / _SECONDS[found[2] or "second"] if found else 0.0
    _demand(per_second=per_second)
    return per_second


def warm_up(session: Session, typed: str) -> datetime:
    """When a warm-up began: ``today`` at this moment, another day at midnight of the (first) newsletter's zone.

    Raises RefusedError for a day that is to come, and for one so long ago that nothing of it is left.
    """
    now = session.scalars(select(now_in())).one()
    if typed == "today":
        return now
    zone = session.scalar(select(Newsletter.zone).order_by(Newsletter.id).limit(1)) or "UTC"
    try:
        day = date.fromisoformat(typed)
        began = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
        age = ramp.day(began, now)
    except (ValueError, OverflowError):
        raise WrongUsageError(N_("--warm-up takes today, or the day on which it began: 2026-11-22.")) from None
    if began > now:
        raise RefusedError(N_("%(day)s is still to come: begin the warm-up on that day."), day=typed)
    if ramp.ceiling(age) is None:
        raise RefusedError(N_("A warm-up that began on %(day)s is over, and limits nothing any more."), day=typed)
    return began


def change(session: Session, name: str, by: str, **given: float | str | datetime | None) -> None:
    """Decide some of a scope's terms; the others stay as they are. Raises what a value is refused with."""
    _demand(**given)
    row = _row(session, name)
    for field, value in given.items():
        setattr(row, field, value)
    _note(session, name, by, "limit", **given)


def reset(session: Session, name: str, by: str) -> None:
    """Back to what is shipped. A hold is none of that: it stays."""
    row = _row(session, name)
    if row.held:
        for field in _OWN:
            setattr(row, field, None)
    else:
        session.delete(row)
    _note(session, name, by, "default")


def lift(session: Session, by: str) -> None:
    """Let every provider have as much as there is, for a sink of our own or a relay that keeps the limits itself."""
    for provider in DEFAULTS:
        change(session, f"{PROVIDER}{provider}", by, per_second=FASTEST, connections=MOST_CONNECTIONS)


def hold(session: Session, name: str, by: str) -> None:
    """Let nothing of a scope go until it is released."""
    _row(session, name).held = True
    _note(session, name, by, "hold")


def release(session: Session, name: str, by: str) -> None:
    """Let it go again. Raises RefusedError where nothing holds it."""
    row = _row(session, name)
    if not row.held:
        raise RefusedError(N_("%(scope)s is not held."), scope=short(name))
    row.held = False
    _note(session, name, by, "release")


def _demand(**given: float | str | datetime | None) -> None:
    """Refuse what no limit can be. NaN lies between no two numbers."""
    ranges = {"connections": ("--connections", MOST_CONNECTIONS), "per_day": ("--per-day", MOST_PER_DAY)}
    for name, value in given.items():
        if name == "per_second" and isinstance(value, int | float) and not _SLOWEST <= value <= FASTEST:
            raise WrongUsageError(
                N_('--rate takes messages a second, or "30/minute", "200/hour": from 1/hour to %(most)s.'), most=FASTEST
            )
        if name in ranges and isinstance(value, int | float) and not 1 <= value <= ranges[name][1]:
            option, most = ranges[name]
            raise WrongUsageError(N_("%(option)s must lie between 1 and %(most)s."), option=option, most=most)
        if name == "quiet" and isinstance(value, str) and value:
            quiet.hours(value)


def _row(session: Session, name: str) -> Limit:
    """A scope's row, made where there is none, and kept from others until this unit of work ends."""
    session.execute(insert(session, Limit).on_conflict_do_nothing(), [{"scope": name, "held": False}])
    return session.get_one(Limit, name, with_for_update=True, populate_existing=True)


def _note(session: Session, name: str, by: str, action: str, **detail: object) -> None:
    said = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in detail.items()}
    session.add(AuditEntry(at=clock.now(), name=by, action=f"queue.{action}", subject=name, detail=said))
