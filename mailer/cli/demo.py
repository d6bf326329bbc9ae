"""``mailer demo``: everything once, on this machine alone."""

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from mailer import clock
from mailer.cli.screen import screen
from mailer.cli.stop import stoppable, until_stopped
from mailer.cli.web import say_where
from mailer.compose.draft import Draft
from mailer.compose.folder import read
from mailer.config import Settings, load, settings
from mailer.demo import show
from mailer.demo.site import HOST, site
from mailer.errors import MailerError, MisconfiguredError, WrongUsageError
from mailer.i18n import N_, languages, self_name
from mailer.model import DeliveryState
from mailer.report.figures import figures, settled
from mailer.web.serve import listen, serve

_SAMPLE = Path(show.__file__).parent / "editions" / "wrap-up-2026"
_MOST_SUBSCRIBERS = 5_000_000
_SLOWEST, _FASTEST = 0.01, 100_000


def demo(
    edition: Path = typer.Option(
        _SAMPLE, "--edition", help="A folder with an edition of your own.", show_default=False
    ),
    subscribers: int = typer.Option(500, "--subscribers", help="How many invented people it goes to."),
    rate: float = typer.Option(50.0, "--rate", help="Messages per second, all workers together."),
    home: Path | None = typer.Option(None, "--home", help="An empty folder to work in. [default: a new temporary one]"),
    web: bool = typer.Option(True, "--web/--no-web", help="Show the pages afterwards, until Ctrl-C."),
    as_json: bool = typer.Option(False, "--json", help="End with one JSON object on the last line."),
) -> None:
    """Send a bilingual wrap-up to invented subscribers, through real workers, to a mail sink on this machine."""
    if not 1 <= subscribers <= _MOST_SUBSCRIBERS:
        raise WrongUsageError(N_("--subscribers must lie between 1 and %(most)s."), most=_MOST_SUBSCRIBERS)
    if not _SLOWEST <= rate <= _FASTEST:
        raise WrongUsageError(
            N_("--rate must lie between %(least)s and %(most)s messages per second."), least=_SLOWEST, most=_FASTEST
        )
    draft = read(edition)
    with listen(HOST, settings().web_port if web else 0) as socket:
        chosen = _settings(home)
        began = clock.monotonic()
        stage = _set_up(chosen, draft, subscribers, rate, own_home=home is None)
        try:
            broker = _send(stage)
            seconds = clock.monotonic() - began
            tally, samples = show.tally(stage), show.samples(stage)
            if not as_json:
                _summary(tally, subscribers, seconds)
            if web:
                with until_stopped():
                    serve(site(stage), socket, say_where)
        finally:
            screen().remark(
                N_("This demo's files stay in %(home)s and its keys in %(key)s; delete both when you like."),
                home=chosen.home,
                key=chosen.key_file,
            )
    if as_json:
        screen().json(_result(stage, tally, samples, subscribers, seconds, broker))
    if tally.missing or tally.duplicates:
        raise typer.Exit(1)


def _settings(home: Path | None) -> Settings:
    """A home of its own, its key file beside it."""
    named = "key_file" in settings().model_fields_set
    home = (home or Path(tempfile.mkdtemp(prefix="twinletter-demo-"))).absolute()
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise MisconfiguredError(N_("%(home)s is not an empty folder: name one that is empty or new."), home=home)
    changes: dict[str, Any] = {"home": home, "database_url": "", "withdrawals_file": ""}
    # A key file that the environment names stays the person's choice, checked like any other.
    if not named:
        changes["key_file"] = home.with_name(home.name + ".key")
    return load(**changes)


def _set_up(chosen: Settings, draft: Draft, subscribers: int, rate: float, *, own_home: bool) -> show.Stage:
    """Everything but the sending, with a bar for the people; where it fails nothing is left of it."""
    try:
        with screen().progress() as bars:
            enrolling = bars.add_task(screen().say(N_("Subscribers")), total=subscribers)
            return show.set_up(chosen, draft, subscribers, rate, lambda done: bars.update(enrolling, completed=done))
    except MailerError:
        if own_home:
            chosen.home.rmdir()
        raise


def _send(stage: show.Stage) -> str:
    """Send to everybody, with a bar for each variant; which broker it was. Says how far it came where it stops."""
    try:
        with stoppable(), show.sending(stage) as running:
            screen().remark(
                N_("Database: %(database)s. Broker: %(broker)s."), database=_database(stage), broker=running.broker
            )
            _watch(stage, running)
            return running.broker
    except (KeyboardInterrupt, MailerError):
        with suppress(MailerError), stage.installation.database.read() as session:
            so_far = figures(session, stage.campaign)
            sent = so_far.states[DeliveryState.SENT]
            screen().remark(
                N_("%(sent)s of %(total)s mails were sent; the ledger knows which."), sent=sent, total=so_far.total
            )
        raise


def _database(stage: show.Stage) -> str:
    return stage.installation.database.kind


def _watch(stage: show.Stage, running: show.Running) -> None:
    """A bar for each variant until all is sent."""
    with screen().progress() as bars:
        tasks: dict[str, Any] = {}
        for now in show.watch(stage.installation, stage.campaign, running):
            for mode, states in sorted(now.by_variant.items()):
                task = tasks.get(mode)
                if task is None:
                    task = tasks[mode] = bars.add_task(_name(mode), total=states.total())
                bars.update(task, completed=settled(states))


def _name(mode: str) -> str:
    return " + ".join(self_name(tag) for tag in languages(mode))


def _summary(tally: show.Tally, subscribers: int, seconds: float) -> None:
    say = screen().say
    table = Table(show_header=True, header_style="bold")
    table.add_column(say(N_("Counted at the receiving end")))
    table.add_column("", justify="right")
    for mode, n in tally.variants.items():
        table.add_row(_name(mode), str(n))
    table.add_section()
    table.add_row(say(N_("Received, of %(n)s subscribers"), n=subscribers), str(tally.received))
    table.add_row(say(N_("Missing")), str(tally.missing))
    table.add_row(say(N_("Duplicates")), str(tally.duplicates))
    table.add_row(say(N_("Uncertain")), str(tally.deliveries.get(DeliveryState.UNCERTAIN, 0)))
    table.add_row(say(N_("Seconds, set-up included")), f"{seconds:.1f}")
    screen().results.print(table)


def _result(
    stage: show.Stage, tally: show.Tally, samples: list[str], subscribers: int, seconds: float, broker: str
) -> dict[str, Any]:
    return {
        "subscribers": subscribers,
        "deliveries": tally.deliveries,
        "received": tally.received,
        "missing": tally.missing,
        "duplicates": tally.duplicates,
        "variants": tally.variants,
        "seconds": round(seconds, 1),
        "database": _database(stage),
        "broker": broker,
        "home": str(stage.installation.settings.home),
        "samples": samples,
    }
