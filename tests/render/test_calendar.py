"""The calendar that goes with a mail: what calendars read back, and no file where nothing happens."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import icalendar
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from mailer.compose.blocks import TYPES
from mailer.compose.draft import Draft, DraftBlock
from mailer.compose.edition import save
from mailer.demo import organisation
from mailer.i18n import EN, ZH
from mailer.model import Edition, Variant
from mailer.model.base import Base
from mailer.render import calendar
from mailer.render.frozen import Frozen
from mailer.render.holes import Marks
from mailer.render.layout import parts
from mailer.render.text import plain
from mailer.render.variant import freeze

NOW = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
READING = {"start": "2026-12-05 18:05", "end": "2026-12-05 20:00", "tz": "Asia/Hong_Kong"}
STALL = {
    "start": "2026-10-10 14:30",
    "end": "2026-10-10 17:00",
    "tz": "Europe/London",
    "recurrence": "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA;UNTIL=20270131",
    "url": "https://www.tidewater.example/mending",
}
ZH_TEXT = {"title": "夜讀會；帶燈", "place": "渡頭, 2號", "every": "每兩週", "body": "**請** 早到\n\n- 茶"}
EN_TEXT = {
    "title": "A night of reading; bring a lamp",
    "place": "Ferry steps, No. 2",
    "every": "Every other week",
    "body": "Come early",
}


@pytest.fixture
def edition(draft: Draft) -> Iterator[Callable[..., Edition]]:
    """The sample with some events in it."""

    def make(**events: tuple[dict[str, str], dict[str, dict[str, str]]]) -> Edition:
        changed = draft.model_copy(deep=True)
        data = TYPES["event"].data
        changed.blocks += [
            DraftBlock(key=key, type="event", data=data.model_validate(raw), languages=list(texts), texts=texts)
            for key, (raw, texts) in events.items()
        ]
        return save(session, organisation.found(session).newsletter, changed, organisation.AUTHOR)

    with Session(create_engine("sqlite://")) as session:
        Base.metadata.create_all(session.get_bind())
        yield make


def read(edition: Edition, mode: str) -> tuple[Any, list[Any]]:
    text = calendar.render(edition, parts(edition, mode, Marks()), NOW)
    assert text is not None
    assert max(map(len, text.encode().split(b"\r\n"))) <= 75
    assert text.count("\n") == text.count("\r\n")
    found: Any = icalendar.Calendar.from_ical(text)
    assert not found.errors
    return found, found.events


def test_an_event_is_told_in_the_first_language_at_the_hour_of_its_place(edition: Callable[..., Edition]) -> None:
    made = edition(night=(READING, {ZH: ZH_TEXT, EN: EN_TEXT}))
    for mode, tag, text in ((f"{ZH}+{EN}", ZH, ZH_TEXT), (f"{EN}+{ZH}", EN, EN_TEXT), (EN, EN, EN_TEXT)):
        whole, (event,) = read(made, mode)
        assert (whole["METHOD"], whole["VERSION"]) == ("PUBLISH", "2.0")
        assert event["SUMMARY"] == text["title"]
        assert event["SUMMARY"].params["LANGUAGE"] == tag
        assert event["LOCATION"] == text["place"]
        assert event.start == datetime(2026, 12, 5, 10, 5, tzinfo=UTC)
        assert event.end == datetime(2026, 12, 5, 12, 0, tzinfo=UTC)
        assert event["DTSTAMP"].dt == NOW
        assert event["ORGANIZER"] == "mailto:tideline@letters.tidewater.example"
        assert event["UID"] == "night.wrap-up-2026.tideline@tidewater.example"
        assert not whole.timezones


def test_what_recurs_keeps_its_hour_through_the_summer(edition: Callable[..., Edition]) -> None:
    whole, (event,) = read(edition(stall=(STALL, {ZH: ZH_TEXT, EN: EN_TEXT})), ZH)
    assert (event.start.replace(tzinfo=None), event.start.tzinfo.key) == (
        datetime(2026, 10, 10, 14, 30),  # noqa: DTZ001 — by the clock on the wall
        "Europe/London",
    )
    assert event["RRULE"]["UNTIL"] == [datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC)]
    assert event["RRULE"]["BYDAY"] == ["SA"]
    assert event["URL"] == STALL["url"]
    assert event["DESCRIPTION"] == f"每兩週\n\n{plain(ZH_TEXT['body'])}\n\n{STALL['url']}"
    (zone,) = whole.timezones
    told = zone.to_tz(lookup_tzid=False)
    for day in (date(2026, 10, 10), date(2026, 10, 31), date(2027, 6, 1), date(2033, 1, 1)):
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=told)
        assert noon.utcoffset() == noon.replace(tzinfo=event.start.tzinfo).utcoffset()
    assert len(zone.to_ical()) < 2000


def test_all_events_are_in_one_calendar_each_once(edition: Callable[..., Edition]) -> None:
    made = edition(
        night=(READING, {ZH: ZH_TEXT, EN: EN_TEXT}), stall=(STALL, {EN: EN_TEXT}), walk=(READING, {ZH: ZH_TEXT})
    )
    for mode, keys in (
        (f"{ZH}+{EN}", {"night", "stall", "walk"}),
        (ZH, {"night", "walk"}),
        (EN, {"night", "stall"}),
    ):
        _, events = read(made, mode)
        assert sorted(event["UID"].partition(".")[0] for event in events) == sorted(keys)


def test_where_nothing_happens_nothing_is_attached(edition: Callable[..., Edition]) -> None:
    made = edition(walk=(READING, {ZH: ZH_TEXT}))
    assert calendar.render(made, parts(made, EN, Marks()), NOW) is None


def test_a_variant_keeps_its_calendar_and_names_it_in_ascii(edition: Callable[..., Edition]) -> None:
    made = edition(walk=(READING, {ZH: ZH_TEXT}))
    session = Session.object_session(made)
    assert session is not None
    frozen: dict[str, Variant] = {variant.mode: variant for variant in freeze(session, made)}
    held = Frozen.load(frozen[ZH], "").calendar
    assert held is not None
    assert held.name == "wrap-up-2026.ics"
    whole: Any = icalendar.Calendar.from_ical(held.text)
    (event,) = whole.events
    assert event["DTSTAMP"].dt == frozen[ZH].frozen_at.replace(microsecond=0)
    assert Frozen.load(frozen[EN], "").calendar is None


@pytest.mark.parametrize(
    "rule",
    ["FREQ=MONTHLY;BYDAY=+2SA,-1SU;COUNT=12", "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=-31,+5;BYSETPOS=-1;WKST=MO"],
)
def test_a_rule_that_is_taken_is_read_back_as_written(edition: Callable[..., Edition], rule: str) -> None:
    _, (event,) = read(edition(night=(READING | {"recurrence": rule}, {ZH: ZH_TEXT})), ZH)
    read_back = event["RRULE"].to_ical().decode().replace("+", "").split(";")
    assert sorted(read_back) == sorted(rule.replace("+", "").split(";"))


_HOSTILE = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(';,:"\\=\n潮𨋢👩🏽‍🚀'),
    min_size=1,
    max_size=90,
)


def test_hostile_words_stay_words(edition: Callable[..., Edition]) -> None:
    made = edition(night=(READING, {ZH: ZH_TEXT}))
    text = next(block for block in made.blocks if block.key == "night").texts[0]

    @settings(max_examples=100, deadline=None)
    @example("a END:VCALENDAR", "END:VEVENT\nBEGIN:VALARM")
    @example('";LANGUAGE=y:z\\,;\\n', "\\;")
    @given(_HOSTILE, _HOSTILE)
    def check(title: str, every: str) -> None:
        text.fields = ZH_TEXT | {"title": title, "every": every + "\0\x1b\x0b"}
        _, (event,) = read(made, ZH)
        assert str(event["SUMMARY"]) == title
        assert str(event["DESCRIPTION"]) == f"{every}\n\n{plain(ZH_TEXT['body'])}"

    check()
