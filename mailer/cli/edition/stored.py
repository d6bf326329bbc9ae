"""The installation's own editions, as commands name them: by newsletter and slug."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from mailer import installation
from mailer.compose import edition as editions
from mailer.config import settings
from mailer.model import Edition


@contextmanager
def read(slug: str, newsletter: str | None) -> Iterator[tuple[Session, Edition]]:
    """An edition to look at. Raises what ``find`` raises."""
    with installation.unlock(settings()).database.read() as session:
        yield session, editions.find(session, slug, newsletter)


@contextmanager
def change(slug: str, newsletter: str | None) -> Iterator[tuple[Session, Edition]]:
    """An edition to change, within one unit of work."""
    with installation.unlock(settings()).database.write() as session:
        yield session, editions.find(session, slug, newsletter)
