"""Retention: collapsed campaigns and the reasons that are left of them; which provider takes a domain's mail."""

import sqlalchemy as sa
from alembic import op

from mailer.db.types import Id, Instant, now_in

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_subscriber = sa.table("subscriber", sa.column("provider"), sa.column("provider_due", Instant()))


def upgrade() -> None:
    op.create_table(
        "exchange",
        sa.Column("domain_index", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("null_mx", sa.Boolean(), nullable=False),
        sa.Column("found_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("domain_index", name=op.f("pk_exchange")),
    )
    op.create_index("ix_exchange_expires_at", "exchange", ["expires_at"], unique=False)
    op.create_table(
        "reason",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("n", Id, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_reason_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reason")),
    )
    op.create_index("ix_reason_campaign_id", "reason", ["campaign_id"], unique=False)
    op.create_index("ix_event_delivery_id", "event", ["delivery_id"], unique=False)
    op.add_column("campaign", sa.Column("collapsed_at", Instant(), nullable=True))
    op.add_column("subscriber", sa.Column("provider_due", Instant(), nullable=True))
    op.create_index("ix_subscriber_provider_due", "subscriber", ["provider_due"], unique=False)
    # Whom the table of names did not know is looked for by the first worker.
    op.execute(sa.update(_subscriber).where(_subscriber.c.provider == "other").values(provider_due=now_in()))
