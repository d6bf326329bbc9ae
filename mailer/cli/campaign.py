"""``mailer campaign …``: making a campaign, starting and stopping it, looking at it."""

from collections.abc import Callable, Mapping
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from mailer import broker, installation, queue
from mailer.campaign import campaign as life
from mailer.campaign.moment import moment as read
from mailer.cli.argument import AsJson, InNewsletter, Person, slug
from mailer.cli.reason import reason_name, stop_name, trouble_lines
from mailer.cli.screen import screen, show_help
from mailer.cli.states import provider_name, state_name, table
from mailer.cli.wake import wake
from mailer.compose import edition as editions
from mailer.compose import newsletter as newsletters
from mailer.config import settings
from mailer.errors import WrongUsageError
from mailer.i18n import N_, language_names
from mailer.installation import Installation
from mailer.model import Campaign, DeliveryState
from mailer.report import trouble
from mailer.report.figures import Figures, all_figures, figures, settled
from mailer.report.replies import samples
from mailer.report.trouble import Stop

app = typer.Typer(
    help="Campaigns: an edition on its way to its readers.", invoke_without_command=True, rich_markup_mode=None
)

_Number = Annotated[int, typer.Argument(help="The campaign's number.", min=1, max=2**31 - 1)]


app.callback()(show_help)


@app.command()
def create(
    edition: Annotated[str, typer.Argument(parser=slug, metavar="EDITION", help="The slug of an approved edition.")],
    name: Person,
    topic: str | None = typer.Option(
        None, "--topic", parser=slug, metavar="SLUG", help="The topic's slug. [default: the newsletter's only one]"
    ),
    newsletter: InNewsletter = None,
    uncertain: str = typer.Option("leave", "--uncertain", help="Mails in doubt: leave them, or resend them."),
    again: bool = typer.Option(False, "--again", help="Even if the topic's readers get or got this edition already."),
    as_json: AsJson = False,
) -> None:
    """Make a draft campaign of an approved edition."""
    if uncertain not in ("leave", "resend"):
        raise WrongUsageError(
            N_("--uncertain is leave (nobody gets it twice) or resend (nobody misses it, but some may get it twice).")
        )
    with installation.unlock(settings()).database.write() as session:
        found = editions.find(session, edition, newsletter)
        to = newsletters.topic(found.newsletter, topic)
        if not again:
            life.demand_first(session, found, to)
        made = life.create(session, found, to, name, uncertain)
        number = made.id
    if as_json:
        screen().json({"campaign": number})
    else:
        screen().out(screen().say(N_("Campaign %(id)s is a draft: start or schedule it."), id=number))


@app.command()
def schedule(
    number: _Number,
    name: Person,
    at: str = typer.Option(..., "--at", help='When, in the newsletter\'s own time: "2027-01-05 09:00".'),
    as_json: AsJson = False,
) -> None:
    """Have it start by itself at a time to come."""
    house = installation.unlock(settings())
    with house.database.write() as session:
        found = life.find(session, number)
        life.demand_fit(house, found.topic.newsletter)
        moment = read(at, found.topic.newsletter.zone)
        life.schedule(session, found, moment, name)
    if as_json:
        screen().json({"campaign": number, "at": moment.isoformat()})
    else:
        local = moment.strftime("%Y-%m-%d %H:%M %Z")
        screen().out(screen().say(N_("Campaign %(id)s starts at %(at)s."), id=number, at=local))


@app.command()
def start(number: _Number, name: Person, as_json: AsJson = False) -> None:
    """Expand the audience into deliveries and wake the workers."""
    chosen = broker.chosen(settings())
    house = installation.unlock(chosen)
    # Before anything is done: a campaign that nobody is woken for would only start at the next tick.
    queue.check(chosen)
    with house.database.write() as session:
        found = life.find(session, number)
        life.demand_fit(house, found.topic.newsletter)
        deliveries = life.start(session, found, name)
    wake(house)
    if as_json:
        screen().json({"campaign": number, "deliveries": deliveries})
    else:
        screen().out(screen().say(N_("Campaign %(id)s is on its way to %(n)s readers."), id=number, n=deliveries))


@app.command()
def pause(number: _Number, name: Person, as_json: AsJson = False) -> None:
    """Stop within a second: what is on the wire is finished, the rest waits."""
    _change(number, as_json, lambda session, found: life.pause(session, found, name))


@app.command()
def resume(number: _Number, name: Person, as_json: AsJson = False) -> None:
    """Go on with a paused or held campaign."""
    wake(_change(number, as_json, lambda session, found: life.resume(session, found, name)))


@app.command()
def cancel(number: _Number, name: Person, as_json: AsJson = False) -> None:
    """End it for good: what was not sent will not be."""
    if screen().attended():
        typer.confirm(screen().say(N_("Cancel campaign %(id)s for good?"), id=number), abort=True, err=True)
    house = _change(number, as_json, lambda session, found: life.cancel(session, found, name))
    with house.database.read() as session:
        left = figures(session, number)
    with screen().progress() as bars:
        bar = bars.add_task(screen().say(N_("Cancelled")), total=left.total - settled(left.states))
        # Nobody claims them any more; workers go on with this if it is broken off.
        while swept := _sweep(house):
            bars.advance(bar, swept)


def _sweep(house: Installation) -> int:
    with house.database.write() as session:
        return life.sweep(session)


def _change(number: int, as_json: bool, step: Callable[[Session, Campaign], None]) -> Installation:
    """Take a step and say where the campaign stands."""
    house = installation.unlock(broker.chosen(settings()))
    with house.database.write() as session:
        found = life.find(session, number)
        step(session, found)
        state = found.state.value
    if as_json:
        screen().json({"campaign": number, "state": state})
    else:
        screen().out(screen().say(N_("Campaign %(id)s: %(state)s"), id=number, state=state_name(state)))
    return house


@app.command()
def status(
    number: int | None = typer.Argument(None, help="One campaign's number; all without it.", min=1, max=2**31 - 1),
    as_json: AsJson = False,
) -> None:
    """Where campaigns stand."""
    with installation.unlock(settings()).database.read() as session:
        found = all_figures(session) if number is None else [figures(session, number)]
        stops = {f.id: trouble.stop(session, f.id, f.state) for f in found}
        stuck = trouble.stuck(session, number)
    if as_json:
        whys = {f.id: {p: why for (id_, p), why in stuck.items() if id_ == f.id} for f in found}
        screen().json({"campaigns": [_numbers(f) | _stop(stops[f.id]) | {"waiting": whys[f.id]} for f in found]})
        return
    for f in found:
        numbers = ", ".join(f"{state_name(state)} {n}" for state, n in sorted(f.states.items()))
        screen().out(f"{f.id}  {f.slug}  {state_name(f.state)}  {settled(f.states)}/{f.total}  {numbers}")
        lines = [stop_name(stopped)] if (stopped := stops[f.id]) else []
        lines += trouble_lines((provider, why) for (id_, provider), why in stuck.items() if id_ == f.id)
        for line in lines:
            screen().out(f"    {line}")


def _stop(stopped: Stop | None) -> dict[str, object]:
    return {"stopped": stopped and {"by": stopped.by, "why": stopped.why, "reply": stopped.reply}}


@app.command()
def report(number: _Number, as_json: AsJson = False) -> None:
    """A campaign's figures by language and by provider, and why mails failed."""
    with installation.unlock(settings()).database.read() as session:
        found = figures(session, number)
        reasons, replies = found.reasons(session), samples(session, number)
    if as_json:
        by = {"variants": found.by_variant, "providers": found.by_provider}
        parts = {key: {name: _states(states) for name, states in groups.items()} for key, groups in by.items()}
        screen().json(_numbers(found) | parts | {"reasons": reasons, "replies": replies})
        return
    screen().out(f"{found.id}  {found.slug}  {state_name(found.state)}  {settled(found.states)}/{found.total}")
    modes = {f"{language_names(mode, screen().language)}  {mode}": n for mode, n in found.by_variant.items()}
    screen().results.print(table(N_("Language"), modes))
    providers = {provider_name(key): states for key, states in found.by_provider.items()}
    screen().results.print(table(N_("Provider"), providers))
    for reason, n in reasons.items():
        sample = f"  [{replies[reason]}]" if replies.get(reason) else ""
        screen().out(f"{n:>8}  {reason_name(reason)}{sample}")


def _numbers(f: Figures) -> dict[str, object]:
    return {"id": f.id, "edition": f.slug, "state": f.state.value, "deliveries": _states(f.states)}


def _states(states: Mapping[DeliveryState, int]) -> dict[str, int]:
    return {state.value: n for state, n in states.items()}
