"""What commands show of limits: rates, caps, quiet hours, holds, in words and in numbers."""

from collections.abc import Collection
from typing import Any

from rich.table import Table

from mailer import values
from mailer.campaign import limit
from mailer.campaign.route import RELAY
from mailer.cli.screen import screen
from mailer.cli.states import provider_name, state_name
from mailer.i18n import N_
from mailer.report.queue import Bounds

_ALL = N_("All together")
_RELAY = N_("Relay")
_UNITS = ((1, N_("%(n)s a second")), (60, N_("%(n)s a minute")), (3600, N_("%(n)s an hour")))
_SPLIT = 1e-6


def scope_name(scope: str) -> str:
    """A scope in the person's language."""
    key = limit.short(scope)
    if scope.startswith(limit.PROVIDER):
        return provider_name(key)
    named = {limit.ALL: screen().say(_ALL), RELAY: screen().say(_RELAY)}
    return named.get(key, key)


def rate_words(per_second: float) -> str:
    """A rate in the first unit in which it is a whole number, else in the smallest that it has one of."""
    rates = [(per_second * seconds, words) for seconds, words in _UNITS if per_second * seconds >= 1 - _SPLIT]
    whole = (each for each in rates if abs(each[0] - round(each[0])) < _SPLIT)
    n, words = next(whole, rates[0])
    return screen().say(words, n=f"{n:.6g}")


def bounds_words(bounds: Bounds) -> str:
    """What keeps a scope just now, on one line."""
    rate = [f"≤ {rate_words(bounds.terms.per_second)}"] if bounds.terms.per_second else []
    return " · ".join([*rate, *([_cap_words(bounds)] if bounds.cap is not None else []), *_news(bounds)])


def bounds_numbers(bounds: Bounds) -> dict[str, Any]:
    """The same for a machine."""
    terms = bounds.terms
    return {
        "per_second": terms.per_second,
        "connections": terms.connections,
        "per_day": terms.per_day,
        "warm_up_from": terms.warm_up_from and terms.warm_up_from.isoformat(timespec="seconds"),
        "quiet": terms.quiet or None,
        "held": terms.held,
        "cap": bounds.cap,
        "used": bounds.used,
        "quiet_until": bounds.quiet_until and bounds.quiet_until.isoformat(timespec="minutes"),
    }


def bounds_table(found: dict[str, tuple[Bounds, Collection[str]]]) -> Table:
    """Scopes, as one types them, with their limits; those that an operator decided are marked."""
    say = screen().say
    heads = (N_("Scope"), N_("Rate"), N_("Connections"), N_("In 24 h"), N_("Quiet hours"), "")
    made = Table(*(say(head) if head else "" for head in heads), header_style="bold")
    for scope, (bounds, own) in found.items():
        terms = bounds.terms
        cells = {
            "per_second": rate_words(terms.per_second) if terms.per_second else "",
            "connections": str(terms.connections or ""),
            "per_day": _cap_words(bounds) if bounds.cap is not None else "",
            "quiet": terms.quiet or "",
        }
        marked = (f"{words} *" if words and name in own else words for name, words in cells.items())
        made.add_row(limit.short(scope), *marked, " · ".join(_news(bounds)))
    return made


def _cap_words(bounds: Bounds) -> str:
    used, cap = (values.number(n or 0, screen().language) for n in (bounds.used, bounds.cap))
    return screen().say(N_("%(used)s of %(cap)s"), used=used, cap=cap)


def _news(bounds: Bounds) -> list[str]:
    """What is not always so."""
    said = [screen().say(N_("warm-up, day %(n)s"), n=bounds.day)] if bounds.day else []
    if bounds.quiet_until:
        said.append(screen().say(N_("quiet until %(at)s"), at=f"{bounds.quiet_until:%H:%M %Z}"))
    return [*said, *([state_name("held")] if bounds.terms.held else [])]
