"""Arguments that several commands take, checked before anything is done."""

from typing import Annotated

import typer

from mailer.audience import address
from mailer.characters import refuse_controls
from mailer.compose.template import demand_slug
from mailer.errors import InvalidError, WrongUsageError
from mailer.i18n import N_

_LONGEST_NAME = 100


def person(typed: str) -> str:
    """A person's name as it goes on record; WrongUsageError where it is none."""
    name = " ".join(slug(typed).split())
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise WrongUsageError(N_("A person's name has 1 to %(most)s characters."), most=_LONGEST_NAME)
    return name


def decider(name: str | None) -> str:
    """Who decides; WrongUsageError where nobody is named. For commands that also show, which needs no name."""
    if not name:
        raise WrongUsageError(N_("Say who decides this: --as NAME."))
    return name


def slug(typed: str) -> str:
    """What something is called; WrongUsageError where no line could hold it."""
    try:
        return refuse_controls(typed)
    except InvalidError as error:
        raise WrongUsageError(error.message, **error.values) from None


def new_slug(typed: str) -> str:
    """What a new edition is to be called; WrongUsageError where its folder could not be read again."""
    demand_slug(typed)
    return typed


def domain(typed: str) -> str:
    """A domain that mails are sent from, as in a canonical address; WrongUsageError where it is none.

    Numbers alone are a machine's address, which nothing can be published for.
    """
    try:
        found = address.domain(address.canonical(f"postmaster@{typed.strip()}"))
    except InvalidError:
        found = ""
    if not found or found.rpartition(".")[2].isdigit():
        raise WrongUsageError(N_("This is not a domain that can send mail: write it like letters.example.org."))
    return found


AS = typer.Option("--as", parser=person, metavar="NAME", help="Your name, for the record.")
Person = Annotated[str, AS]
"""Who gives the command: a name that goes on record."""
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines for people.")]
"""Whether a machine reads the result."""
Slug = Annotated[str, typer.Argument(parser=slug, metavar="EDITION", help="The edition's slug.")]
"""Which edition."""
InNewsletter = Annotated[
    str | None, typer.Option("--newsletter", parser=slug, metavar="SLUG", help="Its slug. [default: the only one]")
]
"""Which newsletter, where there are several."""
