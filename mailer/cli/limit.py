"""``mailer queue limit`` and ``hold``: what may go at most, and what may not go at all."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from mailer import broker, installation
from mailer.campaign import limit as limits
from mailer.campaign.allowance import use
from mailer.campaign.quiet import hours
from mailer.cli.argument import AS, AsJson, Person, decider, slug
from mailer.cli.bounds import bounds_numbers, bounds_table
from mailer.cli.screen import screen
from mailer.cli.wake import wake
from mailer.config import settings
from mailer.errors import WrongUsageError
from mailer.i18n import N_
from mailer.report.queue import bounds

_SCOPE = "all, a route such as relay, or a provider such as gmail."


def limit(
    scope: str | None = typer.Argument(None, parser=slug, metavar="SCOPE", help=f"What it is for: {_SCOPE}"),
    *,
    rate: str | None = typer.Option(None, "--rate", help="Messages a second, or 30/minute, or 200/hour."),
    connections: int | None = typer.Option(None, "--connections", help="Connections at once, over all workers."),
    per_day: int | None = typer.Option(None, "--per-day", help="Messages in any 24 hours."),
    warm_up: str | None = typer.Option(None, "--warm-up", metavar="DATE", help="The day it began on, or today."),
    no_warm_up: bool = typer.Option(False, "--no-warm-up", help="End the warm-up."),
    quiet: str | None = typer.Option(None, "--quiet", help="Quiet hours, by the newsletter's clock: 22:00-07:00."),
    no_quiet: bool = typer.Option(False, "--no-quiet", help="No quiet hours."),
    default: bool = typer.Option(False, "--default", help="Back to what is shipped."),
    name: Annotated[str | None, AS] = None,
    as_json: AsJson = False,
) -> None:
    """What may go at most: list the limits, or change those of one scope."""
    if (warm_up is not None and no_warm_up) or (quiet is not None and no_quiet):
        raise WrongUsageError(N_("Choose one: an option, or the same with --no."))
    given: dict[str, Any] = {"connections": connections, "per_day": per_day}
    given = {key: value for key, value in given.items() if value is not None}
    given |= {"per_second": limits.rate(rate)} if rate is not None else {}
    given |= {"quiet": "" if no_quiet else hours(quiet or "")} if no_quiet or quiet is not None else {}
    warms = warm_up is not None or no_warm_up
    if default and (given or warms):
        raise WrongUsageError(N_("Choose one: --default, or limits of your own."))
    if not (given or warms or default):
        _list(scope, as_json)
        return
    if scope is None:
        raise WrongUsageError(N_("Say what to limit: all, a route such as relay, or a provider such as gmail."))

    def decide(session: Session, found: str, by: str) -> None:
        if default:
            limits.reset(session, found, by)
            return
        began = {"warm_up_from": limits.warm_up(session, warm_up) if warm_up is not None else None} if warms else {}
        limits.change(session, found, by, **given, **began)

    _change(scope, name, decide, as_json)


def hold(
    scope: Annotated[str, typer.Argument(parser=slug, metavar="PROVIDER", help=f"What to hold: {_SCOPE}")],
    name: Person,
    release: bool = typer.Option(False, "--release", help="Let it go again."),
    as_json: AsJson = False,
) -> None:
    """Let nothing go to a provider, or to anybody, until it is released."""
    _change(scope, name, limits.release if release else limits.hold, as_json)


def _change(scope: str, name: str | None, step: Callable[[Session, str, str], None], as_json: bool) -> None:
    """Take a step, and show where that leaves the scope."""
    by = decider(name)
    house = installation.unlock(broker.chosen(settings()))
    with house.database.write() as session:
        found = limits.scope(session, scope)
        step(session, found, by)
        session.flush()
        in_hand = use(session).in_hand[found]
        kept, own = bounds(session)[found], limits.decided(session)[found]
    # Whoever is idle may have something to do now.
    wake(house)
    if as_json:
        screen().json({"scope": limits.short(found), **bounds_numbers(kept), "own": own, "in_hand": in_hand})
        return
    screen().results.print(bounds_table({found: (kept, own)}))
    if in_hand:
        screen().out(screen().say(N_("%(n)s mails are in hand and will finish."), n=in_hand))


def _list(scope: str | None, as_json: bool) -> None:
    with installation.unlock(settings()).database.read() as session:
        wanted = limits.scopes(session) if scope is None else (limits.scope(session, scope),)
        kept, own = bounds(session), limits.decided(session)
    if as_json:
        numbers = {limits.short(each): bounds_numbers(kept[each]) | {"own": own[each]} for each in wanted}
        screen().json({"limits": numbers})
        return
    screen().results.print(bounds_table({each: (kept[each], own[each]) for each in wanted}))
    if any(own[each] for each in wanted):
        screen().out(screen().say(N_("* decided here; the rest is shipped with Twinletter.")))
