"""A delivery is being sent from when a worker takes it; what was only claimed had not left, and waits again."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_delivery_held", table_name="delivery")
    op.execute("UPDATE delivery SET state = 'pending', claim = NULL, lease_until = NULL WHERE state = 'claimed'")
    columns = "campaign_id, variant_id, provider"
    op.execute(
        f"INSERT INTO count ({columns}, state, n) SELECT {columns}, 'pending', n FROM count WHERE state = 'claimed'"  # noqa: S608 — all of it stands here
        f" ON CONFLICT ({columns}, state) DO UPDATE SET n = count.n + excluded.n"
    )
    op.execute("DELETE FROM count WHERE state = 'claimed'")
    where = sa.text("state IN ('sending')")
    op.create_index("ix_delivery_held", "delivery", ["lease_until"], sqlite_where=where, postgresql_where=where)
