"""Editions: pictures, layouts, languages of a block, what is done where one lacks it, glossaries."""

import sqlalchemy as sa
from alembic import op

from mailer.db.types import Id

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_FALLBACKS = ("refuse", "fallback_with_notice", "omit")


def _fallback() -> sa.Enum:
    return sa.Enum(*_FALLBACKS, name="fallback", native_enum=False, length=24)


def upgrade() -> None:
    op.create_table(
        "image",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("width", Id, nullable=False),
        sa.Column("height", Id, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_image")),
    )
    op.create_table(
        "edition_image",
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_edition_image_edition_id")),
        sa.ForeignKeyConstraint(["hash"], ["image.hash"], name=op.f("fk_edition_image_hash")),
        sa.PrimaryKeyConstraint("edition_id", "name", name=op.f("pk_edition_image")),
    )
    op.create_table(
        "term",
        sa.Column("id", Id, nullable=False),
        sa.Column("newsletter_id", Id, nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.Column("zh", sa.String(), nullable=False),
        sa.Column("forbidden", sa.JSON(), nullable=False),
        sa.Column("hans", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["newsletter_id"], ["newsletter.id"], name=op.f("fk_term_newsletter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term")),
    )
    op.add_column("edition", sa.Column("derived", sa.JSON(), server_default="[]", nullable=False))
    op.add_column(
        "edition",
        sa.Column(
            "layout",
            sa.Enum("stacked", "interleaved", name="layout", native_enum=False, length=12),
            server_default="stacked",
            nullable=False,
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("edition", "policy", type_=_fallback(), existing_type=sa.String(), existing_nullable=False)
    op.add_column("block", sa.Column("languages", sa.JSON(), nullable=True))
    op.add_column("block", sa.Column("required", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("block", sa.Column("fallback", _fallback(), nullable=True))
    op.add_column("newsletter", sa.Column("logo", sa.String(), nullable=True))
    op.add_column(
        "newsletter",
        sa.Column(
            "images",
            sa.Enum("embedded", "hosted", name="images", native_enum=False, length=12),
            server_default="embedded",
            nullable=False,
        ),
    )
