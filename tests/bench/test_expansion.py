"""The reference of an expansion: a table like the ledger's, and the same deliveries in it."""

from sqlalchemy import inspect, select

from mailer.bench.expansion import BARE, expand, reference
from mailer.installation import Installation
from mailer.model import Campaign, Delivery


def test_it_fills_the_ledgers_columns_and_indexes_with_the_same_people(house: Installation, campaign: Campaign) -> None:
    assert reference(house.database, campaign.id, campaign.topic_id) > 0
    assert expand(house.database, campaign.id) > 0
    look = inspect(house.database.engine)
    columns = {table: [column["name"] for column in look.get_columns(table)] for table in ("bare", "delivery")}
    assert columns["bare"] == columns["delivery"]
    indexes = {
        table: sorted((index["column_names"], bool(index["dialect_options"])) for index in look.get_indexes(table))
        for table in columns
    }
    assert indexes["bare"] == indexes["delivery"]
    assert len(indexes["bare"]) > 1
    with house.database.read() as session:
        same = ("campaign_id", "subscriber_id", "dedupe_key", "provider", "state", "attempts")
        bare, ledger = (
            set(session.execute(select(*(table.c[name] for name in same))).all())
            for table in (BARE, Delivery.__table__)
        )
    assert bare == ledger
