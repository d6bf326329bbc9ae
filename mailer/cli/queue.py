"""``mailer queue …``: what waits for whom, what keeps it, and what is in doubt."""

from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from mailer import broker, clock, installation
from mailer.campaign import uncertain as doubt
from mailer.campaign.limit import short
from mailer.cli import limit
from mailer.cli.argument import AS
from mailer.cli.bounds import bounds_numbers, bounds_words, scope_name
from mailer.cli.reason import trouble_lines
from mailer.cli.screen import screen, show_help
from mailer.cli.states import provider_name, state_name, table
from mailer.cli.stop import until_stopped
from mailer.cli.wake import wake
from mailer.config import settings
from mailer.errors import WrongUsageError
from mailer.i18n import N_
from mailer.installation import Installation
from mailer.model import DeliveryState
from mailer.report.queue import Queues, queues

app = typer.Typer(help="Queues: what waits for each mail provider.", invoke_without_command=True, rich_markup_mode=None)

_JSON = typer.Option(False, "--json", help="Print JSON objects instead of lines for people.")
_SHOWN = 50


app.callback()(show_help)
app.command("limit")(limit.limit)
app.command("hold")(limit.hold)


@app.command()
def status(as_json: bool = _JSON) -> None:
    """What waits, what is in hand, what is in doubt, and whether anybody is at work."""
    now = _look(installation.unlock(settings()))
    if as_json:
        screen().json(_numbers(now))
    else:
        screen().results.print(_picture(now))


@app.command()
def watch(
    every: float = typer.Option(1.0, "--every", min=0.2, max=3600, help="Seconds between two looks."),
    as_json: bool = _JSON,
) -> None:
    """The same again and again, until Ctrl-C. On a pipe, or with --json: one look after another."""
    house = installation.unlock(settings())
    with until_stopped():
        if as_json or not screen().results.is_terminal:
            while True:
                now = _look(house)
                screen().json(_numbers(now)) if as_json else screen().results.print(_picture(now))
                clock.sleep(every)
        with Live(console=screen().results, auto_refresh=False) as live:
            while True:
                live.update(_picture(_look(house)), refresh=True)
                clock.sleep(every)


def _look(house: Installation) -> Queues:
    with house.database.read() as session:
        return queues(session)


def _numbers(now: Queues) -> dict[str, Any]:
    return {
        "at": now.now.isoformat(timespec="seconds"),
        "campaigns": {str(number): state.value for number, state in now.campaigns.items()},
        "limits": {short(scope): bounds_numbers(each) for scope, each in now.wider.items()},
        "providers": {
            queue.provider: {
                "limits": bounds_numbers(queue.bounds),
                "due": queue.due and queue.due.isoformat(timespec="seconds"),
                "why": sorted(queue.why),
                "deliveries": {state.value: n for state, n in queue.states.items()},
            }
            for queue in now.providers
        },
        "waiting": now.waiting,
        "uncertain": now.uncertain,
        "oldest": now.oldest and now.oldest.isoformat(timespec="seconds"),
        "worker_seen": now.seen and now.seen.isoformat(timespec="seconds"),
    }


def _picture(now: Queues) -> RenderableType:
    say = screen().say
    lines: list[RenderableType] = []
    if now.providers:
        campaigns = "  ".join(f"#{number} {state_name(state)}" for number, state in now.campaigns.items())
        lines.append(Text(say(N_("Campaigns: %(each)s"), each=campaigns)))
        rows = {provider_name(queue.provider): queue.states for queue in now.providers}
        words = {provider_name(queue.provider): bounds_words(queue.bounds) for queue in now.providers}
        lines.append(table(N_("Provider"), rows, (N_("Limits"), words)))
        whys = [(queue.provider, why) for queue in now.providers for why in sorted(queue.why)]
        lines += [Text(said, style="yellow") for said in trouble_lines(whys)]
    else:
        lines.append(Text(say(N_("Nothing waits."))))
    wider = {scope: bounds_words(each) for scope, each in now.wider.items() if now.providers or each.terms.held}
    says = N_("%(name)s: %(says)s")
    lines += [Text(say(says, name=scope_name(scope), says=said)) for scope, said in wider.items() if said]
    if now.uncertain:
        lines.append(Text(say(N_("In doubt: %(n)s. See mailer queue uncertain."), n=now.uncertain), style="yellow"))
    if now.alone:
        lines.append(Text(say(N_("No worker is at work: start one with mailer up or mailer worker.")), style="red"))
    return Group(*lines)


@app.command()
def uncertain(
    campaign: int | None = typer.Option(None, "--campaign", min=1, max=2**31 - 1, help="Of this campaign only."),
    resend: bool = typer.Option(False, "--resend", help="Send them again; who had one already gets a second."),
    as_sent: bool = typer.Option(False, "--as-sent", help="Count them as sent."),
    name: Annotated[str | None, AS] = None,
    as_json: bool = _JSON,
) -> None:
    """Mails that may have been sent or not: list them, or settle them all."""
    if resend and as_sent:
        raise WrongUsageError(N_("Choose one: --resend or --as-sent."))
    if (resend or as_sent) and not name:
        raise WrongUsageError(N_("Say who decides this: --as NAME."))
    house = installation.unlock(broker.chosen(settings()))
    if not name or not (resend or as_sent):
        _list(house, campaign, as_json)
        return
    after = DeliveryState.PENDING if resend else DeliveryState.SENT
    done = 0
    with house.database.read() as session:
        total = doubt.total(session, campaign, after)
    with screen().progress() as bars:
        bar = bars.add_task(state_name("uncertain"), total=total)
        for done in doubt.settle(house.database, campaign, after, name):
            bars.update(bar, completed=done)
    if resend:
        wake(house)
    if as_json:
        screen().json({"settled": done, "as": after.value})
    elif resend:
        screen().out(screen().say(N_("%(n)s mails go again, marked as perhaps doubled."), n=done))
    else:
        screen().out(screen().say(N_("%(n)s mails count as sent."), n=done))


def _list(house: Installation, campaign: int | None, as_json: bool) -> None:
    with house.database.read() as session:
        found = doubt.doubts(session, campaign, _SHOWN)
        total = doubt.total(session, campaign)
    if as_json:
        lines = [
            {"id": d.id, "campaign": d.campaign_id, "provider": d.provider, "reason": d.reason,
             "since": d.since and d.since.isoformat(timespec="seconds")}
            for d in found
        ]  # fmt: skip
        screen().json({"uncertain": lines, "total": total})
        return
    for d in found:
        since = d.since.isoformat(" ", "seconds") if d.since else ""
        screen().out(f"{d.id}  {d.campaign_id}  {provider_name(d.provider)}  {since}  {d.reason or ''}")
    if not found:
        screen().out(screen().say(N_("Nothing is in doubt.")))
    elif total > len(found):
        screen().out(screen().say(N_("… and %(n)s more."), n=total - len(found)))
