"""Several ways out, and by which of them a delivery was begun."""

import sqlalchemy as sa
from alembic import op

from mailer.db.types import Id

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "route",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("ca_file", sa.String(), nullable=False),
        sa.Column("mechanism", sa.String(), nullable=True),
        sa.Column("ref", sa.LargeBinary(), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=False),
        sa.Column("username", sa.LargeBinary(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("weight", Id, nullable=False),
        sa.Column("provider", sa.String(), nullable=True),
        sa.Column("newsletter_id", Id, nullable=True),
        sa.ForeignKeyConstraint(["newsletter_id"], ["newsletter.id"], name=op.f("fk_route_newsletter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_route")),
        sa.UniqueConstraint("name", name=op.f("uq_route_name")),
    )
    op.add_column("delivery", sa.Column("route", sa.String(), nullable=True))
