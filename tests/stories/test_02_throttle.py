"""A limit for all and a lower one for one provider, kept by two workers together in every second."""

import pytest

from mailer.campaign import limit
from mailer.demo.organisation import AUTHOR
from tests.patience import until
from tests.stories.conftest import LOCAL, SERVED, TLS_AT_LENGTH, Setting, judge, seconds
from tests.windows import fullest

PEOPLE = 400


@pytest.mark.promise(9)
@pytest.mark.parametrize("setting", [LOCAL, SERVED, TLS_AT_LENGTH], indirect=True)
def test_no_second_takes_more_than_the_limits(setting: Setting) -> None:
    scene = setting(PEOPLE, 50.0, tick=1.0)
    with scene.house.database.write() as session:
        limit.change(session, "provider:gmail", AUTHOR, per_second=10.0)
    scene.hire("w1")
    scene.hire("w2")
    scene.begin()
    until(scene.finished, 120)

    received = list(scene.sink.received())
    gmail = [seconds(mail) for mail in received if mail.recipient.endswith("@gmail.com")]
    others = [seconds(mail) for mail in received if not mail.recipient.endswith("@gmail.com")]
    assert len(gmail) > 60, "too few for the limit to matter"
    assert fullest([*gmail, *others]) <= 55
    assert fullest(gmail) <= 12
    # The slow provider does not hold the others up: they are done long before it.
    assert max(others) < max(gmail)
    verdict = judge(scene)
    assert (verdict.missing, verdict.doubled, verdict.uncertain) == (set(), set(), set())
