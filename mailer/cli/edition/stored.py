"""The installation's own editions, as commands name them: by newsletter and slug."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from mailer import installation
from mailer.compose import edition as editions
from mailer.compose.account import account
from mailer.config import settings
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
