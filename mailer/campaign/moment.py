"""A moment to come, as people write it: by the clocks of their newsletter's zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mailer import clock
from mailer.errors import WrongUsageError
from mailer.i18n import N_

_FARTHEST = timedelta(days=3660)


def moment(text: str, zone: str) -> datetime:
    """The moment that ``text`` means, in ``zone``; an offset in it wins over the zone's own clocks.

    Raises WrongUsageError for what is no time, for one that the clocks skip or show twice when
    they are changed, and for one so far off that it must be a slip of the pen.
    """
    try:
        written = datetime.fromisoformat(text)
        found = written if written.tzinfo else _by_clocks(written, ZoneInfo(zone))
        # The database keeps it in UTC: near the ends of the calendar it may be a time in neither.
        found = found.astimezone(UTC).astimezone(ZoneInfo(zone))
    except (ValueError, OverflowError):
        raise WrongUsageError(N_('--at takes a date and a time: "2027-01-05 09:00".')) from None
    if found - clock.now() > _FARTHEST:
        raise WrongUsageError(N_("%(at)s is more than ten years away: check the year."), at=text)
    return found


def _by_clocks(written: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of ``zone`` mean by a time that they show once (PEP 495)."""
    first, second = written.replace(tzinfo=zone), written.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    if first.astimezone(UTC) > second.astimezone(UTC):
        raise WrongUsageError(
            N_("The clocks of %(zone)s skip %(at)s, since they are put forward then: name another time."),
            zone=zone.key,
            at=f"{written:%Y-%m-%d %H:%M}",
        )
    raise WrongUsageError(
        N_("The clocks of %(zone)s show %(at)s twice, since they are put back then: write %(first)s or %(second)s."),
        zone=zone.key,
        at=f"{written:%Y-%m-%d %H:%M}",
        first=first.isoformat(" ", "minutes"),
        second=second.isoformat(" ", "minutes"),
    )
