"""The same file: which withdrawals file the database has read, and what stood there."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("installation", sa.Column("withdrawals_name", sa.String(), nullable=True))
    op.add_column("installation", sa.Column("withdrawals_digest", sa.LargeBinary(), nullable=True))
