"""A warm-up: so many on its first day, twice as many on each that follows, until it is over."""

from datetime import timedelta

from mailer import clock
from mailer.campaign.ramp import ceiling, day


def test_each_day_allows_twice_as_many_until_it_is_over() -> None:
    most = [ceiling(n) for n in range(14)]
    assert most == [50, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 102400, None, None]


def test_a_day_has_twenty_four_hours_from_the_moment_it_began() -> None:
    since = clock.now()
    second = timedelta(seconds=1)
    moments = (timedelta(0), timedelta(days=1) - second, timedelta(days=1), timedelta(days=12))
    assert [day(since, since + after) for after in moments] == [0, 0, 1, 12]
