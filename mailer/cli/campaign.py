"""``mailer campaign …``: starting a campaign and looking at it."""

import typer

from mailer import broker, installation, queue
from mailer.campaign import campaign
from mailer.cli.screen import screen, show_help
from mailer.config import settings
from mailer.errors import UnavailableError
from mailer.report.figures import all_figures, figures, settled

app = typer.Typer(
    help="Campaigns: an edition on its way to its readers.", invoke_without_command=True, rich_markup_mode=None
)

_NUMBER = typer.Argument(help="The campaign's number.", min=1, max=2**31 - 1)
_JSON = typer.Option(False, "--json", help="Print one JSON object instead of lines for people.")
_AS = typer.Option(..., "--as", help="Your name, for the record.")


app.callback()(show_help)


@app.command()
def start(number: int = _NUMBER, name: str = _AS, as_json: bool = _JSON) -> None:
    """Expand the audience into deliveries and wake the workers."""
    chosen = broker.chosen(settings())
    house = installation.unlock(chosen)
    # Before anything is done: a campaign that nobody is woken for would only start at the next tick.
    queue.check(chosen)
    with house.database.write() as session:
        deliveries = campaign.start(session, campaign.find(session, number), name)
    try:
        queue.wake(queue.app(chosen))
    except UnavailableError as error:
        # The campaign is started all the same: the workers' tickers find it.
        screen().remarks.print(screen().say(error.message, **error.values))
    if as_json:
        screen().json({"campaign": number, "deliveries": deliveries})
    else:
        screen().out(screen().say("Campaign %(id)s is on its way to %(n)s readers.", id=number, n=deliveries))


@app.command()
def status(
    number: int | None = typer.Argument(None, help="One campaign's number; all without it.", min=1, max=2**31 - 1),
    as_json: bool = _JSON,
) -> None:
    """Where campaigns stand."""
    with installation.unlock(settings()).database.read() as session:
        found = all_figures(session) if number is None else [figures(session, number)]
    if as_json:
        screen().json(
            {
                "campaigns": [
                    {"id": f.id, "state": f.state, "deliveries": {s.value: n for s, n in f.states.items()}}
                    for f in found
                ]
            }
        )
        return
    for f in found:
        numbers = ", ".join(f"{state.value} {n}" for state, n in sorted(f.states.items()))
        screen().out(f"{f.id}  {f.slug}  {f.state.value}  {settled(f.states)}/{f.total}  {numbers}")
