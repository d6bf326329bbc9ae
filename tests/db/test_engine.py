"""What a database does to those who use it, and what they are told."""

import threading
import traceback
from datetime import datetime

import pytest
from sqlalchemy import QueuePool, create_engine, select, update
from sqlalchemy.exc import StatementError

from mailer import clock, installation
from mailer.config import Settings
from mailer.db import Database, connect
from mailer.errors import MisconfiguredError, UnavailableError
from mailer.installation import Installation
from mailer.model import AuditEntry, Staff, ThrottleState
from mailer.model import Installation as InstallationRow


@pytest.mark.databases("sqlite")
def test_a_file_that_was_replaced_by_another_is_not_written_to(house: Installation, chosen: Settings) -> None:
    """As by a backup that is put back while somebody works: its old connections still hold the old file."""
    with house.database.read() as session:
        session.scalar(select(InstallationRow.id))
    other = installation.create(
        chosen.model_copy(update={"home": chosen.home.with_name("other"), "key_file": chosen.home.with_name("key2")})
    )
    other.database.dispose()
    file = chosen.home / "twinletter.db"
    file.with_name("twinletter.db-wal").unlink(missing_ok=True)
    file.with_name("twinletter.db-shm").unlink(missing_ok=True)
    (other.settings.home / "twinletter.db").replace(file)
    with pytest.raises(UnavailableError, match="replaced by another"), house.database.write() as session:
        session.execute(update(Staff).values(name="nobody"))
    # The next one is a connection of its own, to the file that is there now.
    with house.database.read() as session:
        assert session.scalar(select(InstallationRow.fingerprint)) == other.keys.fingerprint()


@pytest.mark.databases("sqlite")
def test_a_pool_with_nothing_left_to_lend_is_unavailable(house: Installation) -> None:
    scarce = create_engine(
        house.database.engine.url, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.1
    )
    database = Database(scarce)
    with database.read() as session:
        session.connection()
        with pytest.raises(UnavailableError, match="does not answer: QueuePool"), database.read() as other:
            other.connection()
    database.dispose()


def test_a_value_that_no_column_takes_is_not_told(house: Installation) -> None:
    """What else the row holds may be a secret, and ends up where faults are told."""
    secret = AuditEntry(at=datetime(2027, 1, 1), name="canary", action="", subject="")  # noqa: DTZ001 — that is wrong
    with pytest.raises(StatementError) as refused, house.database.write() as session:
        session.add(secret)
    assert "canary" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.databases("postgresql")
def test_a_lock_is_not_waited_for_for_ever(house: Installation) -> None:
    with house.database.write() as session:
        session.add(ThrottleState(scope="all", given_until=0))
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with house.database.write() as session:
            session.execute(update(ThrottleState).values(given_until=1))
            held.set()
            over.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    try:
        with pytest.raises(UnavailableError, match="lock timeout"):
            _change(house, "lock_timeout", "30s")
    finally:
        over.set()
        holder.join()


@pytest.mark.databases("postgresql")
def test_a_transaction_whose_program_stands_still_is_ended(house: Installation) -> None:
    with pytest.raises(UnavailableError):
        _change(house, "idle_in_transaction_session_timeout", "1min")


def _change(house: Installation, limit: str, expected: str) -> None:
    """Change a row half a second late, with a tenth as ``limit``: what is ``expected`` of it is too long to wait."""
    with house.database.write() as session:
        connection = session.connection()
        assert connection.exec_driver_sql(f"SHOW {limit}").scalar_one() == expected
        connection.exec_driver_sql(f"SET LOCAL {limit} = '100ms'")
        clock.sleep(0.5)
        session.execute(update(ThrottleState).values(given_until=2))


@pytest.mark.databases("postgresql")
def test_an_option_that_the_driver_does_not_know_is_said_in_one_line(house: Installation) -> None:
    strange = connect(f"{house.settings.database_url}&colour=green")
    with pytest.raises(MisconfiguredError, match=r"cannot be used.*colour"), strange.read() as session:
        session.scalar(select(1))
