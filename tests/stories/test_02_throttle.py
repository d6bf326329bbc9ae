"""A limit for all and a lower one for one provider, kept by two workers together in every second."""

from bisect import bisect_left
from collections.abc import Callable

from mailer.demo.show import Stage
from mailer.demo.show import tally as count
from mailer.model import RateLimit
from tests.stories.conftest import Crew

PEOPLE = 400


def _fullest_second(times: list[float]) -> int:
    """The most messages in any window of one second."""
    times = sorted(times)
    return max(bisect_left(times, start + 1.0) - number for number, start in enumerate(times))


def test_no_second_takes_more_than_the_limits(stage: Callable[..., Stage], crew: Callable[[Stage], Crew]) -> None:
    scene = stage(PEOPLE, 50.0, tick=1.0)
    with scene.installation.database.write() as session:
        session.add(RateLimit(scope="provider:gmail", per_second=10.0))
    team = crew(scene)
    team.hire()
    team.hire()
    team.begin()
    team.until(lambda: team.received() == PEOPLE, 120)

    received = list(scene.mailbox.received())
    gmail = [mail.at for mail in received if mail.recipient.endswith("@gmail.com")]
    others = [mail.at for mail in received if not mail.recipient.endswith("@gmail.com")]
    assert len(gmail) > 60, "too few for the limit to matter"
    assert _fullest_second([mail.at for mail in received]) <= 55
    assert _fullest_second(gmail) <= 12
    # The slow provider does not hold the others up: they are done long before it.
    assert max(others) < max(gmail)
    assert (count(scene).missing, count(scene).duplicates) == (0, 0)
