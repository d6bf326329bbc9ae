"""Why deliveries were not sent, in the person's language."""

from collections.abc import Iterable

from mailer.cli.screen import screen
from mailer.cli.states import provider_name
from mailer.i18n import N_
from mailer.reply import CLASSES, GAVE_UP
from mailer.report.trouble import Stop
from mailer.values import listed


def reason_name(reason: str) -> str:
    """What a reason of the ledger means where it is a class of replies; else its own words."""
    key = reason.removeprefix(GAVE_UP)
    name = screen().say(CLASSES[key].name) if key in CLASSES else key
    return name if key == reason else screen().say(N_("Given up after many tries: %(why)s"), why=name)


def trouble_lines(whys: Iterable[tuple[str, str]]) -> list[str]:
    """What is in the way of the next mails, of (provider, reason)."""
    whose: dict[str, list[str]] = {}
    for provider, why in whys:
        whose.setdefault(why, []).append(provider_name(provider))
    line = N_("Waiting to go (%(whose)s): %(why)s")
    return [
        screen().say(line, whose=listed(names, screen().language), why=reason_name(why)) for why, names in whose.items()
    ]


def stop_name(stop: Stop) -> str:
    """Who stopped a campaign, and why."""
    if not stop.why:
        return screen().say(N_("Stopped by %(name)s"), name=stop.by)
    answer = f"  [{stop.reply}]" if stop.reply else ""
    return screen().say(N_("Stopped by %(name)s: %(why)s"), name=stop.by, why=reason_name(stop.why)) + answer
