"""Greetings: what readers want to be called; and how fast they read."""

import sqlalchemy as sa
from alembic import op

from mailer.db.types import Id

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriber", sa.Column("greeting_name", sa.LargeBinary(), nullable=True))
    op.add_column("newsletter", sa.Column("han_per_minute", Id, nullable=True))
    op.add_column("newsletter", sa.Column("words_per_minute", Id, nullable=True))
