"""Quiet hours: from a time of the day to another, by the clocks of a newsletter's zone."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailer.errors import RefusedError, WrongUsageError
from mailer.i18n import N_

_HOURS = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])\s*[-–]\s*([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def hours(typed: str) -> str:
    """Quiet hours as they are kept, ``22:00-07:00``.

    Raises WrongUsageError for what are none, RefusedError for those that never end.
    """
    found = _HOURS.fullmatch(typed.strip())
    if not found:
        raise WrongUsageError(N_('--quiet takes two times of the day: "22:00-07:00".'))
    start, end = (f"{int(hour):02}:{minute}" for hour, minute in (found.group(1, 2), found.group(3, 4)))
    if start == end:
        raise RefusedError(
            N_("Quiet hours from %(time)s to the same time never end, so nothing would ever go: hold it instead."),
            time=start,
        )
    return f"{start}-{end}"


def quiet(now: datetime, kept: str, zone: str) -> datetime | None:
    """Until when it is quiet at this moment; None where it is not.

    A time that the clocks skip or show twice is read so that the quiet is longer, not shorter.
    """
    start, end = (time.fromisoformat(each) for each in kept.split("-"))
    place = ZoneInfo(zone)
    today = now.astimezone(place).date()
    for ahead in (-1, 0, 1):
        begins = today + timedelta(days=ahead)
        ends = begins if start < end else begins + timedelta(days=1)
        until = max(_readings(ends, end, place))
        if min(_readings(begins, start, place)) <= now < until:
            # In UTC: a moment of an hour that comes twice equals none of any other zone (PEP 495).
            return until
    return None


def _readings(day: date, wall: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The two moments that a time may mean when clocks are changed (PEP 495); else twice the same."""
    written = datetime.combine(day, wall, zone)
    return written.astimezone(UTC), written.replace(fold=1).astimezone(UTC)
