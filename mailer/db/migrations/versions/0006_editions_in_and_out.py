"""Editions in and out: versions, acknowledged findings, test mails and who they go to."""

import sqlalchemy as sa
from alembic import op

from mailer.db.types import Id, Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "version",
        sa.Column("id", Id, nullable=False),
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("number", Id, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_version_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version")),
        sa.UniqueConstraint("edition_id", "number", name=op.f("uq_version_edition_id_number")),
    )
    op.create_table(
        "acknowledgement",
        sa.Column("id", Id, nullable=False),
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("fault", sa.String(), nullable=False),
        sa.Column("block", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_acknowledgement_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
        sa.UniqueConstraint("edition_id", "finding", name=op.f("uq_acknowledgement_edition_id_finding")),
    )
    op.create_table(
        "recipient",
        sa.Column("delivery_id", Id, nullable=False),
        sa.Column("ref", sa.LargeBinary(), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_recipient_delivery_id")),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_recipient")),
    )
    op.add_column("campaign", sa.Column("test", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("variant") as table:
        table.alter_column("approval", existing_type=Id, nullable=True)
    with op.batch_alter_table("delivery") as table:
        table.alter_column("subscriber_id", existing_type=Id, nullable=True)
