"""The way into every command: its settings, its errors, its exit code."""

import sys

import typer

from mailer import __version__, i18n, log
from mailer.characters import sift
from mailer.cli import bench, campaign, demo, doctor, edition, init, keys, queue, route, up, upgrade, web, worker
from mailer.cli.screen import screen, show_help
from mailer.config import settings
from mailer.errors import MailerError

# What a shell says of a program that SIGINT ended; typer answers with it too.
_INTERRUPTED = 130

app = typer.Typer(
    name="mailer",
    help="Newsletters in two languages that lose nobody and give nobody away.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(campaign.app, name="campaign")
app.add_typer(edition.app, name="edition")
app.add_typer(keys.app, name="keys")
app.add_typer(queue.app, name="queue")
app.add_typer(route.app, name="route")
app.command("bench")(bench.bench)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("init")(init.init)
app.command("up")(up.up)
app.command("upgrade")(upgrade.upgrade)
app.command("web")(web.web)
app.command("worker")(worker.worker)


@app.callback()
def _mailer(
    context: typer.Context, version: bool = typer.Option(False, "--version", help="Say which version this is.")
) -> None:
    if version:
        screen().out(__version__)
        raise typer.Exit
    show_help(context)


def main() -> None:
    """Run a command. Exit 0 done, 1 refused or failed, 2 wrong usage; one line on stderr says why."""
    try:
        log.configure("warning" if sys.stderr.isatty() else settings().log)
        code = app(standalone_mode=False)
    except MailerError as error:
        _complain(error.say(i18n.translator(screen().language)))
        code = error.exit_code
    except typer.TyperException as error:
        _complain(error.format_message())
        code = 2
    except (typer.Abort, KeyboardInterrupt):
        code = _INTERRUPTED
    if code == _INTERRUPTED:
        _complain(screen().say("Stopped."))
    sys.exit(code or 0)


def _complain(sentence: str) -> None:
    line = " ".join(sift(sentence)[0].split())
    print(f"mailer: {line}", file=sys.stderr)  # noqa: T201 — this is where errors are told
