"""What belongs to the installation itself: its key ring's fingerprint."""

from sqlalchemy.orm import Mapped, mapped_column

from mailer.model.base import Base


class Installation(Base):
    """One row: which key ring this database was sealed with."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
