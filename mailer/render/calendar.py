"""The events of a variant as a calendar file that mail programs can add (RFC 5545, RFC 5546 §3.2.1)."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import icalendar

from mailer.compose.data import Event
from mailer.model import Edition
from mailer.render.layout import Part, View
from mailer.render.text import plain

_AHEAD = timedelta(days=3660)
"""How far a time zone's changes are told for what recurs."""
# RFC 5545 §3.3.11 allows no control in a text but tab and line end.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def render(edition: Edition, laid_out: Sequence[Part], now: datetime) -> str | None:
    """A calendar of every event that the variant shows, each once, in the first language that has it; or none.

    Lines end in CRLF. ``now`` is when the variant is frozen: of two files with one event the later counts.
    """
    shown: dict[str, tuple[Part, View]] = {}
    for part in laid_out:
        for block in part.blocks:
            if block.type == "event":
                shown.setdefault(block.key, (part, block))
    if not shown:
        return None
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Twinletter//Twinletter//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for part, block in shown.values():
        calendar.add_component(_event(edition, part, block, now))
    days = [block.data.start.date() for _, block in shown.values()]
    calendar.add_missing_timezones(date(min(days).year, 1, 1), max(days) + _AHEAD)
    return str(calendar.to_ical(), "utf-8")


def _event(edition: Edition, part: Part, block: View, now: datetime) -> icalendar.Event:
    newsletter, data = edition.newsletter, block.data
    event = icalendar.Event()
    # The same in each language and after each approval, so that a calendar replaces what it has.
    event.add("uid", f"{block.key}.{edition.slug}.{newsletter.slug}@{newsletter.list_domain}")
    event.add("dtstamp", now)
    event.add("sequence", edition.approval)
    organizer = icalendar.vCalAddress(f"mailto:{newsletter.sender_address}")
    organizer.params["CN"] = part.sender
    event.add("organizer", organizer)
    _add_times(event, data)
    described = "\n\n".join(filter(None, [block.text.get("every"), plain(block.text.get("body", "")), data.url]))
    for name, text in (("summary", block.title), ("location", block.text["place"]), ("description", described)):
        if text:
            event.add(name, _CONTROLS.sub("", text), parameters={"LANGUAGE": block.voice.tag})
    if data.url:
        event.add("url", data.url)
    return event


def _add_times(event: icalendar.Event, data: Event) -> None:
    """In UTC; what recurs by the clock of its place, which may be moved for the summer."""
    zone = ZoneInfo(data.tz)
    start, end = data.start.replace(tzinfo=zone), data.end.replace(tzinfo=zone)
    if not data.recurrence:
        event.add("dtstart", start.astimezone(UTC))
        event.add("dtend", end.astimezone(UTC))
        return
    rule = icalendar.vRecur.from_ical(data.recurrence)
    if "UNTIL" in rule:
        rule["UNTIL"] = [_until(last, zone) for last in rule["UNTIL"]]
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("rrule", rule)


def _until(last: date, zone: ZoneInfo) -> datetime:
    """The end of a rule for something that has a time of day: in UTC (RFC 5545 §3.3.10), a bare day to its end."""
    moment = last if isinstance(last, datetime) else datetime.combine(last, time.max.replace(microsecond=0))
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
