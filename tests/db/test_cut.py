"""A host that is cut off from PostgreSQL in the middle of something."""

import subprocess
import sys

from sqlalchemy import func, select

from mailer.db import connect
from tests.network import network
from tests.patience import until
from tests.servers import Postgres

FAR = "far"
# Many rows at once are sent without waiting for answers; here there are never enough of them.
HALF = """
import sys
from mailer import clock, db
with db.connect(sys.argv[1]).write() as session:
    driver = session.connection().connection.driver_connection
    with driver.pipeline():
        driver.execute("SELECT pg_advisory_xact_lock(1)")
        driver.pgconn.send_flush_request()
        driver.pgconn.flush()
        clock.sleep(300)
"""


def test_a_host_that_is_cut_off_in_mid_statement_keeps_no_lock(servers: None) -> None:
    """To PostgreSQL such a transaction is not idle: none of its own limits ends it."""
    assert servers is None
    with network(FAR) as cables, Postgres(place=cables) as postgres:
        postgres.create("cut")
        database = connect(postgres.url("cut"))

        def taken() -> bool:
            with database.write() as session:
                return not session.scalar(select(func.pg_try_advisory_xact_lock(1)))

        words = [*cables.prefix(FAR), sys.executable, "-c", HALF, postgres.url_from_afar("cut")]
        with subprocess.Popen(words) as far:
            try:
                until(taken, 20)
                cables.cut(FAR)
                until(lambda: not taken(), 60)
            finally:
                far.terminate()
                database.dispose()
