"""Rules by which events recur: those that calendars know, and one sentence for each other."""

import pytest
from pydantic import ValidationError

from mailer.compose.data import Event

EVENT = {"start": "2026-12-05 18:05", "end": "2026-12-05 20:00", "tz": "Asia/Hong_Kong"}


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;INTERVAL=52;BYDAY=MO,SA;WKST=SU",
        "FREQ=WEEKLY;COUNT=500",
        "FREQ=WEEKLY;UNTIL=20261205",
        "FREQ=WEEKLY;UNTIL=20261205T100500Z",
        "FREQ=MONTHLY;BYDAY=+1SA,-5SU,TU",
        "FREQ=MONTHLY;BYMONTHDAY=31,-31,+1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    ],
)
def test_what_calendars_know_is_taken(rule: str) -> None:
    assert Event.model_validate(EVENT | {"recurrence": rule}).recurrence == rule


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("", "it may have FREQ"),
        ("WEEKLY", "no part WEEKLY"),
        ("FREQ=WEEKLY;FOO=1", "no part FOO; it may have FREQ, INTERVAL"),
        ("FREQ=WEEKLY;", "it may have"),
        ("FREQ=WEEKLY;BYHOUR=3", "no part BYHOUR"),
        ("FREQ=WEEKLY;FREQ=MONTHLY", "FREQ stands twice"),
        ("FREQ=WEEKLY;COUNT=1;COUNT=1", "COUNT stands twice"),
        ("BYDAY=SA;FREQ=WEEKLY", "begins with FREQ"),
        ("FREQ=DAILY", "begins with FREQ=WEEKLY or FREQ=MONTHLY"),
        ("FREQ=WEEKLY;INTERVAL=0", "from 1 to 52"),
        ("FREQ=WEEKLY;INTERVAL=53", "from 1 to 52"),
        ("FREQ=WEEKLY;COUNT=0", "from 1 to 500"),
        ("FREQ=WEEKLY;COUNT=501", "from 1 to 500"),
        ("FREQ=WEEKLY;COUNT=\u0661", "from 1 to 500"),
        ("FREQ=WEEKLY;COUNT=1;UNTIL=20270131", "not by both"),
        ("FREQ=WEEKLY;UNTIL=tomorrow", "such as 20270131"),
        ("FREQ=WEEKLY;UNTIL=99991231", "such as 20270131"),
        ("FREQ=WEEKLY;UNTIL=20270231", "such as 20270131"),
        ("FREQ=WEEKLY;UNTIL=20270131T100000", "in UTC"),
        ("FREQ=WEEKLY;UNTIL=20270131T250000Z", "in UTC"),
        ("FREQ=WEEKLY;UNTIL=20261204", "before the event"),
        ("FREQ=WEEKLY;UNTIL=20261205T100459Z", "before the event"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY names MO"),
        ("FREQ=WEEKLY;BYDAY=MO,,TU", "BYDAY names MO"),
        ("FREQ=WEEKLY;BYDAY=1SA", "in months"),
        ("FREQ=MONTHLY;BYDAY=99SA", "such as 2SA"),
        ("FREQ=MONTHLY;BYDAY=6SA", "such as 2SA"),
        ("FREQ=MONTHLY;BYDAY=0SA", "such as 2SA"),
        ("FREQ=MONTHLY;BYMONTHDAY=99", "from 1 to 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "from 1 to 31"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "goes with FREQ=MONTHLY"),
        ("FREQ=MONTHLY;BYDAY=SA;BYSETPOS=32", "BYSETPOS picks"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS picks"),
        ("FREQ=WEEKLY;WKST=1MO", "WKST is MO"),
    ],
)
def test_what_they_do_not_is_refused(rule: str, says: str) -> None:
    with pytest.raises(ValidationError) as error:
        Event.model_validate(EVENT | {"recurrence": rule})
    (fault,) = error.value.errors()
    assert fault["loc"] == ("recurrence",)
    assert says in fault["msg"]
