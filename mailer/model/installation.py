"""What belongs to the installation itself: its key ring's fingerprint, and how far it has come."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from mailer.model.base import Base


class Installation(Base):
    """One row: which key ring this database was sealed with.

    ``withdrawals_read``: octets of the withdrawals file that are in this database, with their hash
    in ``withdrawals_digest``; ``withdrawals_name``: by which that file is known. ``seen_at``: when
    a worker last looked (the database's clock), by which a restored backup is known.
    """

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    withdrawals_read: Mapped[int] = mapped_column(default=0, server_default="0")
    withdrawals_name: Mapped[str | None]
    withdrawals_digest: Mapped[bytes | None]
    seen_at: Mapped[datetime | None]
