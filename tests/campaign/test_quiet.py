"""Quiet hours by the newsletter's clocks: over midnight, and in the nights when these are changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailer.campaign.quiet import hours, quiet
from mailer.errors import MailerError, RefusedError, WrongUsageError

HONG_KONG, LONDON = "Asia/Hong_Kong", "Europe/London"


def at(written: str, zone: str = HONG_KONG, fold: int = 0) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "kept", "until"),
    [
        ("2026-11-22 21:59:59", "22:00-07:00", None),
        ("2026-11-22 22:00", "22:00-07:00", "2026-11-23 07:00"),
        ("2026-11-23 00:00", "22:00-07:00", "2026-11-23 07:00"),
        ("2026-11-23 06:59:59.999999", "22:00-07:00", "2026-11-23 07:00"),
        ("2026-11-23 07:00", "22:00-07:00", None),
        ("2026-11-23 12:00", "09:00-17:00", "2026-11-23 17:00"),
        ("2026-11-23 17:00", "09:00-17:00", None),
        ("2026-11-23 08:59", "09:00-17:00", None),
        ("2026-12-31 23:30", "23:00-00:00", "2027-01-01 00:00"),
        ("2027-01-01 00:00", "23:00-00:00", None),
        ("2026-11-23 06:00", "07:00-06:59", "2026-11-23 06:59"),
    ],
)
def test_they_begin_and_end_at_their_minute(now: str, kept: str, until: str | None) -> None:
    assert quiet(at(now), kept, HONG_KONG) == (until and at(until))


def test_the_zone_decides_not_the_hosts_clock() -> None:
    # 22:30 in Hong Kong is 14:30 in London.
    now = at("2026-11-22 22:30")
    assert quiet(now, "22:00-07:00", HONG_KONG) == datetime.fromisoformat("2026-11-23T07:00:00+08:00")
    assert quiet(now, "22:00-07:00", LONDON) is None


def _spans(kept: str, first: datetime, last: datetime, zone: str) -> list[tuple[datetime, datetime]]:
    """From minute to minute: each stretch that is quiet, from its first minute to that which follows its last."""
    minutes = int((last - first) / timedelta(minutes=1))
    found: list[tuple[datetime, datetime]] = []
    for minute in (first + timedelta(minutes=n) for n in range(minutes)):
        until = quiet(minute, kept, zone)
        if until:
            start = found[-1][0] if found and found[-1][1] == minute else minute
            found = [*(found[:-1] if start != minute else found), (start, minute + timedelta(minutes=1))]
            assert until > minute
    return found


@pytest.mark.parametrize(
    ("kept", "start", "end"),
    [
        # London, 28 March 2027: 01:00 is followed by 02:00; 31 October 2027: 01:59 by 01:00.
        ("22:00-07:00", ("2027-03-27 22:00", 0), ("2027-03-28 07:00", 0)),
        # 01:30 is skipped: it means half past one of the winter's clock, which then shows 02:30.
        ("22:00-01:30", ("2027-03-27 22:00", 0), ("2027-03-28 02:30", 0)),
        ("01:30-07:00", ("2027-03-28 00:30", 0), ("2027-03-28 07:00", 0)),
        # 01:30 comes twice: quiet from the first, until the second.
        ("22:00-01:30", ("2027-10-30 22:00", 0), ("2027-10-31 01:30", 1)),
        ("01:30-07:00", ("2027-10-31 01:30", 0), ("2027-10-31 07:00", 0)),
        # Both ends in the hour that comes twice.
        ("01:15-01:45", ("2027-10-31 01:15", 0), ("2027-10-31 01:45", 1)),
    ],
)
def test_when_the_clocks_change_it_is_quiet_once_and_rather_longer(
    kept: str, start: tuple[str, int], end: tuple[str, int]
) -> None:
    began, ended = at(start[0], LONDON, start[1]), at(end[0], LONDON, end[1])
    day = began.date()
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    first = noon if began > noon else noon - timedelta(days=1)
    assert _spans(kept, first, first + timedelta(days=1), LONDON) == [(began, ended)]
    assert quiet(began, kept, LONDON) == ended


def test_every_moment_of_a_year_is_quiet_or_not_as_its_clock_says() -> None:
    """But in the hours about a change of clocks, which the test above is about."""
    zone = ZoneInfo(LONDON)
    moment = datetime(2027, 1, 1, tzinfo=UTC)
    for _ in range(365 * 24):
        local = moment.astimezone(zone)
        if (local + timedelta(hours=8)).utcoffset() == (local - timedelta(hours=8)).utcoffset():
            assert (quiet(moment, "21:30-06:15", LONDON) is not None) == (
                local.time().isoformat() >= "21:30" or local.time().isoformat() < "06:15"
            )
        moment += timedelta(hours=1)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("22:00-07:00", "22:00-07:00"), (" 9:00 – 17:30 ", "09:00-17:30"), ("0:00-23:59", "00:00-23:59")],
)
def test_they_are_kept_in_one_spelling(typed: str, kept: str) -> None:
    assert hours(typed) == kept


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", WrongUsageError),
        ("22:00", WrongUsageError),
        ("22-7", WrongUsageError),
        ("24:00-07:00", WrongUsageError),
        ("22:60-07:00", WrongUsageError),
        ("22:00-07:00-08:00", WrongUsageError),
        ("２２:００-０７:００", WrongUsageError),
        ("night", WrongUsageError),
        ("22:00-22:00", RefusedError),
        ("0:00-00:00", RefusedError),
    ],
)
def test_what_are_no_quiet_hours_is_refused(typed: str, error: type[MailerError]) -> None:
    with pytest.raises(error):
        hours(typed)
