"""Greetings: what readers want to be called."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriber", sa.Column("greeting_name", sa.LargeBinary(), nullable=True))
