"""Names as people type them, and the accounts that they mean."""

import pytest

from mailer import clock
from mailer.compose.account import account, same
from mailer.errors import NotFoundError
from mailer.installation import Installation
from mailer.model import Staff


def test_a_name_means_one_account_however_it_is_cased(house: Installation) -> None:
    with house.database.write() as session:
        assert account(session, "Anybody") == "Anybody"
        session.add_all(Staff(name=name, created_at=clock.now()) for name in ("Ada Chan", "歐陽詠潮"))
        session.flush()
        assert account(session, "ada  chan") == "Ada Chan"
        assert account(session, "ＡＤＡ ＣＨＡＮ") == "Ada Chan"
        with pytest.raises(NotFoundError, match="Ada Chan, 歐陽詠潮"):
            account(session, "Bo")


def test_two_are_one_only_where_they_are() -> None:
    assert same("Ada", "ada")
    assert not same("Ada", "Ada C")
