from datetime import UTC, datetime

import pytest

from mailer import clock
from mailer.campaign.moment import moment
from mailer.errors import WrongUsageError

LONDON = "Europe/London"
YEAR = clock.now().year + 1


def _changes(month: int) -> str:
    """The day of next year on which London's clocks are changed: the last Sunday of March or October."""
    return max(
        day for day in (f"{YEAR}-{month:02}-{n}" for n in range(25, 32)) if datetime.fromisoformat(day).weekday() == 6
    )


FORWARD, BACK = _changes(3), _changes(10)


@pytest.mark.parametrize(
    ("text", "zone", "meant"),
    [
        (f"{YEAR}-01-05 09:00", "Asia/Hong_Kong", f"{YEAR}-01-05T01:00+00:00"),
        (f"{YEAR}-07-05 09:00", LONDON, f"{YEAR}-07-05T08:00+00:00"),
        (f"{YEAR}-07-05 09:00-12:00", LONDON, f"{YEAR}-07-05T21:00+00:00"),
        (f"{FORWARD} 00:59", LONDON, f"{FORWARD}T00:59+00:00"),
        (f"{FORWARD} 02:00", LONDON, f"{FORWARD}T01:00+00:00"),
        (f"{BACK} 01:30+01:00", LONDON, f"{BACK}T00:30+00:00"),
        (f"{BACK} 01:30+00:00", LONDON, f"{BACK}T01:30+00:00"),
        (f"{BACK} 02:00", LONDON, f"{BACK}T02:00+00:00"),
    ],
)
def test_a_time_is_the_newsletters_own(text: str, zone: str, meant: str) -> None:
    found = moment(text, zone)
    assert found.astimezone(UTC) == datetime.fromisoformat(meant)
    # And is shown as such.
    assert getattr(found.tzinfo, "key", None) == zone


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "\udcff",
        "25:00",
        "9999-12-31 23:59-12:00",
        "9999-12-31 23:59",
        "0001-01-01 00:00+14:00",
    ],
)
@pytest.mark.parametrize("zone", [LONDON, "Asia/Hong_Kong", "America/New_York"])
def test_what_no_clock_shows_is_refused(text: str, zone: str) -> None:
    with pytest.raises(WrongUsageError):
        moment(text, zone)


def test_a_year_that_is_a_slip_of_the_pen_is_refused() -> None:
    with pytest.raises(WrongUsageError, match="check the year"):
        moment(f"{YEAR + 45}-01-05 09:00", LONDON)


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    with pytest.raises(WrongUsageError, match=f"{LONDON} skip {FORWARD} 01:30"):
        moment(f"{FORWARD} 01:30", LONDON)


def test_a_time_that_the_clocks_show_twice_is_refused_with_both_ways_to_write_it() -> None:
    with pytest.raises(WrongUsageError, match="twice") as error:
        moment(f"{BACK} 01:30", LONDON)
    for offset in ("+01:00", "+00:00"):
        assert f"{BACK} 01:30{offset}" in str(error.value)
