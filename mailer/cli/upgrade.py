"""``mailer upgrade``: a database of an older program for this one."""

import typer

from mailer import installation
from mailer.cli.screen import screen
from mailer.config import settings
from mailer.i18n import N_
from mailer.upgrade import upgrade as bring_up


def upgrade(
    backup: bool = typer.Option(True, "--backup/--no-backup", help="Make a backup in the data home first."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object instead of lines for people."),
) -> None:
    """Pause sending, back up, migrate the database, resume."""
    house = installation.unlock(settings(), any_schema=True)
    done = bring_up(house, screen().remark, with_backup=backup)
    if as_json:
        copy = str(done.backup) if done.backup else None
        screen().json({"before": done.before, "after": done.after, "backup": copy, "paused": done.paused})
    elif done.before == done.after:
        screen().out(screen().say(N_("The database has schema %(schema)s already: nothing to do."), schema=done.after))
    else:
        screen().out(screen().say(N_("Upgraded. Processes of the older program end by themselves: start this one's.")))
