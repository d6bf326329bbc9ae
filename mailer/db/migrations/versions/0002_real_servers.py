"""Real servers: what the database has read of the withdrawals file, and an index for each kind of open row."""

import sqlalchemy as sa
from alembic import op

from mailer.db.types import Id, Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INDEXES = {
    "pending": ["provider", "campaign_id", "id"],
    "deferred": ["provider", "campaign_id", "next_at"],
    "uncertain": ["campaign_id", "id"],
}


def upgrade() -> None:
    op.add_column("installation", sa.Column("withdrawals_read", Id, server_default="0", nullable=False))
    op.add_column("installation", sa.Column("seen_at", Instant(), nullable=True))
    op.drop_index("ix_delivery_claimable", table_name="delivery")
    for state, columns in _INDEXES.items():
        where = sa.text(f"state IN ('{state}')")
        op.create_index(
            f"ix_delivery_{state}", "delivery", columns, unique=False, sqlite_where=where, postgresql_where=where
        )
