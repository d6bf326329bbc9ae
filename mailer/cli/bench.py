"""``mailer bench``: how fast this machine sends, and for how much CPU, beside two references."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from mailer.bench import program
from mailer.bench.case import CASES, PICTURES
from mailer.bench.measure import Plan, measure
from mailer.bench.result import result
from mailer.cli.screen import screen
from mailer.cli.stop import stoppable
from mailer.config import Settings, load
from mailer.errors import MisconfiguredError, WrongUsageError
from mailer.i18n import N_

_MOST_SUBSCRIBERS, _MOST_WORKERS, _MOST_ROUNDS = 5_000_000, 64, 99
_NAMES = (*CASES, PICTURES)
_EXACT_BELOW = 10

_ROWS = {
    "octets": N_("Octets a message"),
    "messages": N_("Messages"),
    "messages_per_second": N_("Messages a second"),
    "smtp_source_per_second": N_("… of smtp-source"),
    "baseline_per_second": N_("… of the plain baseline"),
    "ratio_to_smtp_source": N_("Ours by smtp-source"),
    "late_to_early": N_("Near the end by near the beginning"),
    "cpu_us_per_message": N_("CPU of the workers, µs a message"),
    "smtp_source_cpu_us": N_("… of smtp-source"),
    "baseline_cpu_us": N_("… of the plain baseline"),
    "ratio_to_baseline_cpu": N_("The baseline by ours"),
    "database_cpu_us": N_("… of the database's server"),
    "broker_cpu_us": N_("… of the broker"),
    "sink_cpu_us": N_("… of the sink"),
    "celery_cpu_us": N_("Of the workers: Celery's own process"),
    "worker_rss_mb": N_("Most memory of a worker's child, MB"),
}
_STAGES = {
    "throttle": N_("Alone: throttle"),
    "claim": N_("Alone: claim"),
    "render": N_("Alone: open, splice and sign"),
    "transmit": N_("Alone: transmit"),
    "journal": N_("Alone: journal"),
    "record": N_("Alone: record"),
}


def bench(
    subscribers: int = typer.Option(5000, "--subscribers", help="How many invented people it goes to."),
    workers: int = typer.Option(2, "--workers", help="How many workers send, one process each."),
    repeat: int = typer.Option(3, "--repeat", help="Rounds; what is printed are medians."),
    case: list[str] = typer.Option([], "--case", help=f"Only this: {', '.join(_NAMES)}. May be repeated."),
    database_url: str = typer.Option(
        "",
        "--database-url",
        help="An empty database, emptied again afterwards. [default: MAILER_DATABASE_URL or SQLite]",
    ),
    home: Path | None = typer.Option(None, "--home", help="An empty folder to work in, which stays. [default: none]"),
    as_json: bool = typer.Option(False, "--json", help="End with one JSON object on the last line."),
) -> None:
    """Send an edition to invented people, through real workers, to smtp-sink; beside smtp-source and plain code."""
    _demand("--subscribers", subscribers, _MOST_SUBSCRIBERS)
    _demand("--workers", workers, _MOST_WORKERS)
    _demand("--repeat", repeat, _MOST_ROUNDS)
    if unknown := next((name for name in case if name not in _NAMES), None):
        raise WrongUsageError(
            N_("There is no case %(case)s: name one of %(known)s."), case=unknown, known=", ".join(_NAMES)
        )
    program.demand()
    plan = Plan(subscribers, workers, repeat, [name for name in _NAMES if name in case or not case])
    with stoppable(), _settings(home, database_url) as (chosen, folder), screen().progress() as bars:
        bar = bars.add_task("", total=None)

        def progress(name: str, what: str, done: int, total: int) -> None:
            bars.update(bar, description=f"{name} {screen().say(what)}".strip(), completed=done, total=total)

        report = measure(chosen, plan, folder, keep=home is not None, progress=progress)
    found = result(report, plan)
    if not as_json:
        screen().remark(
            N_("Database: %(database)s. Broker: %(broker)s."), database=report.database, broker=report.broker
        )
        screen().results.print(_table(found))
    else:
        screen().json(found)


def _demand(option: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise WrongUsageError(N_("%(option)s must lie between 1 and %(most)s."), option=option, most=most)


@contextmanager
def _settings(home: Path | None, database_url: str) -> Iterator[tuple[Settings, Path]]:
    """A home of its own with its key file beside it, and a folder for what passes."""
    with tempfile.TemporaryDirectory(prefix="twinletter-bench-") as name:
        folder = Path(name)
        home = (home or folder / "home").absolute()
        if home.exists() and (not home.is_dir() or any(home.iterdir())):
            raise MisconfiguredError(N_("%(home)s is not an empty folder: name one that is empty or new."), home=home)
        changes: dict[str, Any] = {"database_url": database_url} if database_url else {}
        key_file = home.with_name(home.name + ".key")
        yield (
            load(home=home, key_file=key_file, withdrawals_file="", dns="off", sign="auto", log="warning", **changes),
            folder,
        )


def _table(found: Mapping[str, Any]) -> Table:
    say = screen().say
    cases = [*found["cases"], *([found[PICTURES]] if found[PICTURES] else [])]
    table = Table(show_header=True, header_style="bold")
    table.add_column("")
    for case in cases:
        table.add_column(case["name"], justify="right")
    for key, words in _ROWS.items():
        if any(case[key] is not None for case in cases):
            table.add_row(say(words), *(_cell(case[key]) for case in cases))
    table.add_section()
    for stage, words in _STAGES.items():
        table.add_row(say(words), *(_cell(case["stages_cpu_us"].get(stage)) for case in cases))
    table.add_section()
    table.add_row(say(N_("Expansion by a bare INSERT … SELECT")), _cell(found["expand_ratio"]))
    return table


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= _EXACT_BELOW else f"{value:g}"
