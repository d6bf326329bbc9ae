"""Limits of every kind in place of rates alone, what has departed, and a throttle that adapts."""

import sqlalchemy as sa
from alembic import op

from mailer.db.types import Id, Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    limit = op.create_table(
        "limit",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("per_second", sa.Double(), nullable=True),
        sa.Column("connections", Id, nullable=True),
        sa.Column("per_day", Id, nullable=True),
        sa.Column("warm_up_from", Instant(), nullable=True),
        sa.Column("quiet", sa.String(), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_limit")),
    )
    before = sa.table("rate_limit", sa.column("scope"), sa.column("per_second"))
    kept = sa.select(before.c.scope, before.c.per_second, sa.false())
    op.execute(sa.insert(limit).from_select(["scope", "per_second", "held"], kept))
    op.drop_table("rate_limit")
    op.create_table(
        "departure",
        sa.Column("hour", Instant(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("n", Id, nullable=False),
        sa.PrimaryKeyConstraint("hour", "route", "provider", name=op.f("pk_departure")),
    )
    # What a throttle knew is lost with its table: it starts gently.
    op.drop_table("throttle_level")
    op.create_table(
        "throttle_state",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("given_until", Id, nullable=False),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.Column("brink", sa.Double(), nullable=True),
        sa.Column("slowed_at", Id, nullable=False),
        sa.Column("gained", Id, nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_throttle_state")),
    )
    op.create_table(
        "connection_lease",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("until", Id, nullable=False),
        sa.PrimaryKeyConstraint("scope", "token", name=op.f("pk_connection_lease")),
    )
