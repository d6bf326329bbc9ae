"""``mailer init``: a new installation, and what has to be done with it."""

from collections.abc import Callable

import typer

from mailer import installation
from mailer.cli import argument
from mailer.cli.screen import screen
from mailer.config import settings
from mailer.errors import WrongUsageError
from mailer.i18n import N_
from mailer.installation import Installation


def init(
    staff: str | None = typer.Option(None, "--staff", help="Your name: the first staff account."),
    domain: str | None = typer.Option(None, "--domain", help="The domain that mails are sent from and signed for."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object instead of lines for people."),
) -> None:
    """Set up an installation: data home, keys, database, first staff account, a key that signs mails."""
    name = _given(
        staff, argument.person, N_("Your name, for the first staff account"), N_("Name yourself with --staff.")
    )
    sender = _given(
        domain, argument.domain, N_("The domain that mails are sent from"), N_("Name the domain with --domain.")
    )
    chosen = settings()
    installation.demand_none(chosen)
    made = installation.create(chosen, domain=sender, staff=name)
    if as_json:
        screen().json(_result(made, name))
    else:
        _tell(made, name)
    made.database.dispose()


def _given(value: str | None, check: Callable[[str], str], question: str, advice: str) -> str:
    """An option's value, checked; asked for where it is missing and somebody is there to answer."""
    if value is not None:
        return check(value)
    if not screen().attended():
        raise WrongUsageError(advice)
    while True:
        try:
            return check(typer.prompt(screen().say(question), err=True))
        except WrongUsageError as error:
            screen().remark(error.message, **error.values)


def _result(made: Installation, staff: str) -> dict[str, object]:
    (key,) = made.keys.dkim
    return {
        "home": str(made.settings.home),
        "key_file": str(made.settings.key_file),
        "database": made.database.kind,
        "staff": staff,
        "dkim": {"name": key.record_name, "value": key.record_value},
    }


def _tell(made: Installation, staff: str) -> None:
    """What was made, and what only people can do."""
    out, say = screen().out, screen().say
    (key,) = made.keys.dkim
    out(say(N_("Data home: %(home)s"), home=made.settings.home))
    out(say(N_("Key file: %(path)s"), path=made.settings.key_file))
    out(say(N_("Database: %(kind)s"), kind=made.database.kind))
    out(say(N_("First staff account: %(name)s"), name=staff))
    out("")
    out(say(N_("What to do next:")))
    out(
        say(
            N_(
                "1. Copy the key file to a safe place, apart from the data and its backups."
                " Without it nobody can read the addresses again, not even you."
            )
        )
    )
    out(say(N_("2. Publish this record in the DNS of %(domain)s; it shows receivers who signs:"), domain=key.domain))
    out("")
    out(key.zone_line)
    out("")
    out(
        say(
            N_(
                "3. Where the service gets its environment, set MAILER_PUBLIC_URL (the https address of the pages)"
                " and MAILER_RELAY_URL (the server that takes your mails)."
                " If that server signs mails itself, set MAILER_SIGN=off as well."
            )
        )
    )
    out(say(N_("4. Start everything on this machine: mailer up")))
    out(say(N_("5. Ask whether all is fit to send: mailer doctor")))
