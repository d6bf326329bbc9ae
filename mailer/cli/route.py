"""``mailer route …``: the servers that mail leaves by, and which mail each of them is for."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from mailer import installation, url
from mailer.campaign import route
from mailer.campaign.route import RELAY, Way
from mailer.cli.argument import AS, AsJson, decider, slug
from mailer.cli.screen import screen, show_help
from mailer.cli.states import provider_name
from mailer.config import settings
from mailer.errors import WrongUsageError
from mailer.i18n import N_
from mailer.installation import Installation

app = typer.Typer(help="Routes: the servers that mail leaves by.", invoke_without_command=True, rich_markup_mode=None)
app.callback()(show_help)

_LONGEST_SECRET = 10_000
_Name = Annotated[
    str, typer.Argument(parser=slug, metavar="NAME", help="What the route is called, here and in limits.")
]
_By = Annotated[str | None, AS]
_Weight = Annotated[int, typer.Option("--weight", help="Its share beside others like it; 0: stands by for them.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Which routes there are, and what each is for."""
    _show(installation.unlock(settings()), as_json)


@app.command()
def add(
    name: _Name,
    address: Annotated[
        str,
        typer.Argument(
            parser=slug,
            metavar="URL",
            help="smtp://, smtps:// or smtp+starttls://HOST:PORT; direct: goes straight to readers' servers.",
        ),
    ],
    *,
    by: _By = None,
    username: str = typer.Option("", "--username", parser=slug, help="Who we are there; sealed in the database."),
    secret_file: Path | None = typer.Option(
        None, "--secret-file", help="A file with the password or token alone; - reads it from the standard input."
    ),
    mechanism: str | None = typer.Option(None, "--mechanism", help="PLAIN, LOGIN or XOAUTH2. [default: as offered]"),
    ca_file: Path | None = typer.Option(None, "--ca-file", help="Certificates to trust instead of the system's."),
    weight: _Weight = 1,
    provider: str | None = typer.Option(None, "--provider", parser=slug, help="Only for mail to this provider."),
    newsletter: str | None = typer.Option(None, "--newsletter", parser=slug, help="Only for this newsletter's mail."),
    as_json: AsJson = False,
) -> None:
    """Add a route. Where several serve the same mail, their weights share it out; the narrowest go first."""
    by = decider(by)
    secret = _secret(secret_file)
    house = installation.unlock(settings())
    with house.database.write() as session:
        route.add(
            session,
            house,
            name,
            address,
            by,
            username=username,
            secret=secret,
            mechanism=mechanism and mechanism.upper(),
            ca_file=str(ca_file.absolute()) if ca_file else "",
            weight=weight,
            provider=provider,
            for_newsletter=newsletter,
        )
    if not url.secret(address):
        screen().remark(
            N_(
                "The line to %(server)s is in the clear: whoever is on the way reads each mail and who gets it."
                " Use smtp+starttls:// or smtps://, unless you trust every network in between."
            ),
            server=address.removeprefix("smtp://").rstrip("/"),
        )
    _show(house, as_json)


@app.command()
def weigh(
    name: _Name,
    weight: Annotated[int, typer.Argument(metavar="WEIGHT", help="Its share beside others like it; 0: stands by.")],
    by: _By = None,
    as_json: AsJson = False,
) -> None:
    """Change a route's share; 0 has it stand by for when the others are out of order."""
    by = decider(by)
    house = installation.unlock(settings())
    with house.database.write() as session:
        route.weigh(session, name, weight, by)
    _show(house, as_json)


@app.command()
def remove(name: _Name, by: _By = None, as_json: AsJson = False) -> None:
    """Remove a route, its password and its limits with it. What is in hand by it is finished."""
    by = decider(by)
    house = installation.unlock(settings())
    with house.database.write() as session:
        route.remove(session, name, by)
    _show(house, as_json)


def _secret(file: Path | None) -> str:
    """A secret is never typed into a command's line, where others see it."""
    if file is None:
        return ""
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as source:
            secret = source.read(_LONGEST_SECRET + 1).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        secret = ""
    if not 0 < len(secret) <= _LONGEST_SECRET or any(not letter.isprintable() for letter in secret):
        raise WrongUsageError(
            N_("%(file)s holds no password: one line of text is what it should hold."), file=str(file)
        )
    return secret


def _show(house: Installation, as_json: bool) -> None:
    with house.database.read() as session:
        found = route.ways(session)
        slugs = route.newsletters(session, found)
    if as_json:
        screen().json({"routes": [_numbers(way, house, slugs) for way in found]})
        return
    say = screen().say
    heads = (N_("Route"), N_("Address"), N_("Signs in"), N_("Weight"), N_("For"))
    made = Table(*(Column(say(head), overflow="fold") for head in heads), header_style="bold")
    for way in found:
        signs_in = say(N_("yes")) if way.username else ""
        weight = str(way.weight) if way.weight else say(N_("stands by"))
        made.add_row(way.name, _address(way, house), signs_in, weight, _purpose(way, slugs))
    screen().results.print(made)


def _address(way: Way, house: Installation) -> str:
    """Where it leads, and below whose word is taken for who answers there, if not the system's."""
    trusted = [screen().say(N_("trusts the certificates in %(file)s"), file=way.ca_file)] if way.ca_file else []
    return "\n".join([way.where(house.settings), *trusted])


def _purpose(way: Way, slugs: dict[int, str]) -> str:
    words = [slugs[way.newsletter_id]] if way.newsletter_id in slugs else []
    words += [provider_name(way.provider)] if way.provider else []
    return " · ".join(words) or screen().say(N_("everything else") if way.name == RELAY else N_("everything"))


def _numbers(way: Way, house: Installation, slugs: dict[int, str]) -> dict[str, Any]:
    return {
        "name": way.name,
        "url": way.where(house.settings),
        "signs_in": way.username is not None,
        "mechanism": way.mechanism,
        "ca_file": way.ca_file or None,
        "weight": way.weight,
        "provider": way.provider,
        "newsletter": slugs.get(way.newsletter_id) if way.newsletter_id is not None else None,
    }
