"""Rows that are named by their numbers are looked up by these, whatever a planner believes of the rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from mailer.campaign.ledger import transition
from mailer.installation import Installation
from mailer.model import Campaign, DeliveryState

MANY = 20_000
# A ledger of so many more rows in some state; none of them has a subscriber, which this is not about.
FILL = """
INSERT INTO delivery (campaign_id, variant_id, dedupe_key, provider, state, fallback, maybe_doubled, attempts)
SELECT campaign_id, variant_id, decode(md5(n::text), 'hex'), provider, '{state}', false, false, 0
FROM (SELECT * FROM delivery ORDER BY id LIMIT 1) AS one, generate_series(1, {n}) AS n
"""


@contextmanager
def _plans(session: Session) -> Iterator[list[str]]:
    """How each update would be done, as the database says itself."""
    plans: list[str] = []

    def explain(_: object, cursor: Any, statement: str, parameters: Any, *__: object) -> None:
        if statement.startswith("UPDATE delivery"):
            with cursor.connection.cursor() as other:
                plans.append("\n".join(line for (line,) in other.execute(f"EXPLAIN {statement}", parameters)))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(connection, "before_cursor_execute", explain)


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("analysed", [True, False])
def test_a_batch_is_found_by_its_numbers_among_however_many_that_wait(
    house: Installation, sending: Campaign, *, analysed: bool
) -> None:
    """The index of all that wait is read whole by none: neither is it believed to be small, nor is the table."""
    assert sending.id
    with house.database.write() as session:
        session.execute(text("ALTER TABLE delivery SET (autovacuum_enabled = off)"))
        if analysed:
            session.execute(text(FILL.format(state="sent", n=MANY)))
            session.execute(text("DELETE FROM delivery WHERE state = 'pending' AND id > 1"))
            session.execute(text("ANALYZE delivery"))
            session.execute(text("UPDATE delivery SET state = 'pending' WHERE state = 'sent'"))
        else:
            session.execute(text(FILL.format(state="pending", n=MANY)))
        numbers = list(session.scalars(text("SELECT id FROM delivery ORDER BY id LIMIT 400")))
        with _plans(session) as plans:
            moved = transition(session, DeliveryState.PENDING, DeliveryState.SENDING, numbers, new_claim="one")
            assert len(moved) == 400
            reasons: list[Any] = ["said"] * 400
            transition(
                session, DeliveryState.SENDING, DeliveryState.FAILED, numbers, claim="one", each={"reason": reasons}
            )
        assert len(plans) == 2
        assert all("pk_delivery" in plan and "ix_delivery" not in plan for plan in plans), plans
