"""First light: newsletters, people, editions, the ledger."""

import sqlalchemy as sa
from alembic import op

from mailer.db.types import Id, Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    op.create_table(
        "installation",
        sa.Column("id", Id, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    op.create_table(
        "newsletter",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("sender_name", sa.JSON(), nullable=False),
        sa.Column("sender_address", sa.String(), nullable=False),
        sa.Column("return_address", sa.String(), nullable=False),
        sa.Column("postal_address", sa.JSON(), nullable=False),
        sa.Column("list_domain", sa.String(), nullable=False),
        sa.Column("locales", sa.JSON(), nullable=False),
        sa.Column("default_locale", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("theme", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_newsletter"),
        sa.UniqueConstraint("slug", name="uq_newsletter_slug"),
    )
    op.create_table(
        "rate_limit",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("per_second", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_rate_limit"),
    )
    op.create_table(
        "staff",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("name", name="uq_staff_name"),
    )
    op.create_table(
        "subscriber",
        sa.Column("id", Id, nullable=False),
        sa.Column("ref", sa.LargeBinary(), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("address_index", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("pace", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("active", "paused", "erased", name="subscriberstate", native_enum=False, length=12),
            nullable=False,
        ),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subscriber"),
        sa.UniqueConstraint("address_index", name="uq_subscriber_address_index"),
        sa.UniqueConstraint("ref", name="uq_subscriber_ref"),
    )
    op.create_table(
        "suppression",
        sa.Column("address_index", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("address_index", name="pk_suppression"),
    )
    op.create_table(
        "throttle_level",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("given_until", Id, nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_throttle_level"),
    )
    op.create_table(
        "edition",
        sa.Column("id", Id, nullable=False),
        sa.Column("newsletter_id", Id, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("locales", sa.JSON(), nullable=False),
        sa.Column("source_locale", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column(
            "state", sa.Enum("draft", "approved", name="editionstate", native_enum=False, length=12), nullable=False
        ),
        sa.Column("approval", Id, nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("approver", sa.String(), nullable=True),
        sa.Column("approved_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["newsletter_id"], ["newsletter.id"], name="fk_edition_newsletter_id"),
        sa.PrimaryKeyConstraint("id", name="pk_edition"),
        sa.UniqueConstraint("newsletter_id", "slug", name="uq_edition_newsletter_id_slug"),
    )
    op.create_table(
        "topic",
        sa.Column("id", Id, nullable=False),
        sa.Column("newsletter_id", Id, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["newsletter_id"], ["newsletter.id"], name="fk_topic_newsletter_id"),
        sa.PrimaryKeyConstraint("id", name="pk_topic"),
        sa.UniqueConstraint("newsletter_id", "slug", name="uq_topic_newsletter_id_slug"),
    )
    op.create_table(
        "block",
        sa.Column("id", Id, nullable=False),
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("position", Id, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name="fk_block_edition_id"),
        sa.PrimaryKeyConstraint("id", name="pk_block"),
        sa.UniqueConstraint("edition_id", "key", name="uq_block_edition_id_key"),
    )
    op.create_table(
        "campaign",
        sa.Column("id", Id, nullable=False),
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("topic_id", Id, nullable=False),
        sa.Column("segment", sa.JSON(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "scheduled",
                "held",
                "expanding",
                "sending",
                "paused",
                "finished",
                "cancelled",
                name="campaignstate",
                native_enum=False,
                length=12,
            ),
            nullable=False,
        ),
        sa.Column("uncertain_policy", sa.String(), nullable=False),
        sa.Column("approval", Id, nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("scheduled_at", Instant(), nullable=True),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name="fk_campaign_edition_id"),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name="fk_campaign_topic_id"),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
    )
    op.create_index("ix_campaign_state", "campaign", ["state"], unique=False)

    op.create_table(
        "subscription",
        sa.Column("id", Id, nullable=False),
        sa.Column("subscriber_id", Id, nullable=False),
        sa.Column("topic_id", Id, nullable=False),
        sa.Column(
            "state",
            sa.Enum("active", "withdrawn", name="subscriptionstate", native_enum=False, length=12),
            nullable=False,
        ),
        sa.Column("consent_form", sa.String(), nullable=False),
        sa.Column("consent_locale", sa.String(), nullable=False),
        sa.Column("consent_at", Instant(), nullable=False),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name="fk_subscription_subscriber_id"),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name="fk_subscription_topic_id"),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
        sa.UniqueConstraint("subscriber_id", "topic_id", name="uq_subscription_subscriber_id_topic_id"),
    )
    op.create_index("ix_subscription_topic_id_state", "subscription", ["topic_id", "state"], unique=False)

    op.create_table(
        "variant",
        sa.Column("id", Id, nullable=False),
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("approval", Id, nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("frozen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name="fk_variant_edition_id"),
        sa.PrimaryKeyConstraint("id", name="pk_variant"),
        sa.UniqueConstraint("edition_id", "approval", "mode", name="uq_variant_edition_id_approval_mode"),
    )
    op.create_index("ix_variant_hash", "variant", ["hash"], unique=False)

    op.create_table(
        "count",
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("variant_id", Id, nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "claimed",
                "sending",
                "sent",
                "deferred",
                "failed",
                "uncertain",
                "cancelled",
                "suppressed",
                name="deliverystate",
                native_enum=False,
                length=12,
            ),
            nullable=False,
        ),
        sa.Column("n", Id, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_count_campaign_id"),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name="fk_count_variant_id"),
        sa.PrimaryKeyConstraint("campaign_id", "variant_id", "provider", "state", name="pk_count"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("subscriber_id", Id, nullable=False),
        sa.Column("variant_id", Id, nullable=False),
        sa.Column("dedupe_key", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "claimed",
                "sending",
                "sent",
                "deferred",
                "failed",
                "uncertain",
                "cancelled",
                "suppressed",
                name="deliverystate",
                native_enum=False,
                length=12,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("fallback", sa.Boolean(), nullable=False),
        sa.Column("maybe_doubled", sa.Boolean(), nullable=False),
        sa.Column("attempts", Id, nullable=False),
        sa.Column("claim", sa.String(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("next_at", Instant(), nullable=True),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_delivery_campaign_id"),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name="fk_delivery_subscriber_id"),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name="fk_delivery_variant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("campaign_id", "dedupe_key", name="uq_delivery_campaign_id_dedupe_key"),
    )
    op.create_index(
        "ix_delivery_claimable",
        "delivery",
        ["provider", "campaign_id", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'deferred')"),
        postgresql_where=sa.text("state IN ('pending', 'deferred')"),
    )
    op.create_index(
        "ix_delivery_held",
        "delivery",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state IN ('claimed', 'sending')"),
        postgresql_where=sa.text("state IN ('claimed', 'sending')"),
    )

    op.create_table(
        "text",
        sa.Column("id", Id, nullable=False),
        sa.Column("block_id", Id, nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "machine",
                "translated",
                "reviewed",
                "approved",
                name="textstatus",
                native_enum=False,
                length=12,
            ),
            nullable=False,
        ),
        sa.Column("source_hash", sa.String(), nullable=True),
        sa.Column("previous_source", sa.JSON(), nullable=True),
        sa.Column("translated_by", sa.String(), nullable=True),
        sa.Column("reviewed_by", sa.String(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["block_id"], ["block.id"], name="fk_text_block_id"),
        sa.PrimaryKeyConstraint("id", name="pk_text"),
        sa.UniqueConstraint("block_id", "locale", name="uq_text_block_id_locale"),
    )
    op.create_table(
        "attempt",
        sa.Column("id", Id, nullable=False),
        sa.Column("delivery_id", Id, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("code", Id, nullable=True),
        sa.Column("enhanced", sa.String(), nullable=True),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("after_body", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_attempt_delivery_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
    )
    op.create_index("ix_attempt_delivery_id", "attempt", ["delivery_id"], unique=False)

    op.create_table(
        "event",
        sa.Column("id", Id, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "bounce", "complaint", "unsubscribe", "resubscribe", name="eventkind", native_enum=False, length=12
            ),
            nullable=False,
        ),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("subscriber_id", Id, nullable=True),
        sa.Column("topic_id", Id, nullable=True),
        sa.Column("delivery_id", Id, nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_event_delivery_id"),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name="fk_event_subscriber_id"),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name="fk_event_topic_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_subscriber_id", "event", ["subscriber_id"], unique=False)
