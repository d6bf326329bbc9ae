"""Rules by which events recur: RFC 5545 §3.3.10, as far as weeks and months go."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from mailer.errors import Term
from mailer.i18n import N_

_DAY = "(MO|TU|WE|TH|FR|SA|SU)"
_PLACE = "[+-]?([1-9]|[12][0-9]|3[01])"

# Each part: what it may hold, and that in words.
_PARTS = {
    "FREQ": ("WEEKLY|MONTHLY", N_("a rule begins with FREQ=WEEKLY or FREQ=MONTHLY")),
    "INTERVAL": ("[1-9]|[1-4][0-9]|5[0-2]", N_("INTERVAL is a number from 1 to 52")),
    "COUNT": ("[1-9][0-9]?|[1-4][0-9]{2}|500", N_("COUNT is a number from 1 to 500")),
    "UNTIL": (
        "[12][0-9]{7}(T[0-9]{6}Z)?",
        N_("UNTIL is a day such as 20270131, or a moment in UTC such as 20270131T100000Z"),
    ),
    "BYDAY": (
        f"([+-]?[1-5])?{_DAY}(,([+-]?[1-5])?{_DAY})*",
        N_("BYDAY names MO, TU, WE, TH, FR, SA or SU; in months also which of them, such as 2SA or -1SU"),
    ),
    "BYMONTHDAY": (
        f"{_PLACE}(,{_PLACE})*",
        N_("BYMONTHDAY names days of a month, from 1 to 31 or from -31 to -1, and goes with FREQ=MONTHLY"),
    ),
    "BYSETPOS": (
        f"{_PLACE}(,{_PLACE})*",
        N_("BYSETPOS picks from BYDAY or BYMONTHDAY before it, by numbers from 1 to 31 or from -31 to -1"),
    ),
    "WKST": (_DAY, N_("WKST is MO, TU, WE, TH, FR, SA or SU")),
}


def demand_rule(rule: str, start: datetime, zone: ZoneInfo) -> None:
    """Refuse a rule that calendars do not know; ``start``: when it happens first, by the clock of ``zone``.

    Raises ValueError with the Term that says what is wrong.
    """
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        name, _, value = part.partition("=")
        if name not in _PARTS:
            known = ", ".join(_PARTS)
            raise ValueError(Term(N_("a rule has no part %(part)s; it may have %(known)s"), part=name, known=known))
        if name in parts:
            raise ValueError(Term(N_("%(part)s stands twice in the rule"), part=name))
        if not parts and name != "FREQ":
            raise ValueError(Term(_PARTS["FREQ"][1]))
        if not re.fullmatch(_PARTS[name][0], value) or not _fits(name, value, parts):
            raise ValueError(Term(_PARTS[name][1]))
        parts[name] = value
    if {"COUNT", "UNTIL"} <= set(parts):
        raise ValueError(Term(N_("a rule ends by COUNT or by UNTIL, not by both")))
    if "UNTIL" in parts:
        _demand_end(parts["UNTIL"], start, zone)


def _fits(name: str, value: str, before: dict[str, str]) -> bool:
    """Whether a part may stand beside those before it."""
    if name == "BYSETPOS":
        return not before.keys().isdisjoint(("BYDAY", "BYMONTHDAY"))
    of_months = name == "BYMONTHDAY" or (name == "BYDAY" and re.search("[0-9]", value))
    return not of_months or before["FREQ"] == "MONTHLY"


def _demand_end(until: str, start: datetime, zone: ZoneInfo) -> None:
    first: date = start.date()
    try:
        last: date = datetime.strptime(until[:8], "%Y%m%d").date()  # noqa: DTZ007 — a day of the place
        if until.endswith("Z"):
            last = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            first = start.replace(tzinfo=zone)
    except ValueError:
        raise ValueError(Term(_PARTS["UNTIL"][1])) from None
    if last < first:
        raise ValueError(Term(N_("UNTIL is before the event happens for the first time")))
