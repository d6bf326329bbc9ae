"""Who is who among the staff: a name as somebody typed it, and the account that it means."""

import unicodedata

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.errors import NotFoundError
from mailer.i18n import N_
from mailer.model import Staff


def account(session: Session, name: str) -> str:
    """The name of the account that ``name`` means, however it is cased; itself where nobody has an account yet.

    Raises NotFoundError naming the accounts.
    """
    known = session.scalars(select(Staff.name).order_by(Staff.id)).all()
    found = next((each for each in known if same(each, name)), None)
    if found is None and known:
        raise NotFoundError(
            N_("There is no account %(name)s: name one of %(names)s with --as."), name=name, names=", ".join(known)
        )
    return found or name


def same(one: str, other: str) -> bool:
    """Whether two names mean one person."""
    return _key(one) == _key(other)


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
