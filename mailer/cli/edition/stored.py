"""``mailer edition list``, and the installation's own editions as the other commands name them: by slug."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.table import Table
from sqlalchemy.orm import Session

from mailer import installation
from mailer.cli.argument import AsJson, InNewsletter
from mailer.cli.screen import screen
from mailer.compose import edition as editions
from mailer.compose.account import account
from mailer.config import settings
from mailer.i18n import N_
from mailer.model import Edition


@contextmanager
def read(slug: str, newsletter: str | None) -> Iterator[tuple[Session, Edition]]:
    """An edition to look at. Raises what ``find`` raises."""
    with installation.unlock(settings()).database.read() as session:
        yield session, editions.find(session, slug, newsletter)


@contextmanager
def change(slug: str, newsletter: str | None, name: str) -> Iterator[tuple[Session, Edition, str]]:
    """An edition to change within one unit of work, kept from all others, and the account that does it."""
    with installation.unlock(settings()).database.write() as session:
        yield session, editions.find(session, slug, newsletter, lock=True), account(session, name)


def listing(newsletter: InNewsletter = None, as_json: AsJson = False) -> None:
    """List the editions of the installation, the newest first."""
    with installation.unlock(settings()).database.read() as session:
        rows = [
            {
                "edition": each.slug,
                "newsletter": each.newsletter.slug,
                "kind": each.kind,
                "languages": [*each.locales, *each.derived],
                "state": each.state.value,
                "by": each.author,
            }
            for each in editions.every(session, newsletter)
        ]
    if as_json:
        screen().json({"editions": rows})
        return
    say = screen().say
    heads = (N_("Edition"), N_("Newsletter"), N_("Languages"), N_("State"), N_("Who"))
    table = Table(*map(say, heads), header_style="bold")
    states = {"draft": N_("Draft"), "approved": N_("approved")}
    for row in rows:
        spoken = " ".join(row["languages"])
        table.add_row(
            str(row["edition"]), str(row["newsletter"]), spoken, say(states[str(row["state"])]), str(row["by"])
        )
    screen().results.print(table)
    if not rows:
        screen().remark(N_("There is no edition yet: mailer edition import brings one in."))
