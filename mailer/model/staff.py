"""Staff and audit entry: who may act, and who did what."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from mailer.model.base import Base


class Staff(Base):
    """A person who composes, approves or operates."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class AuditEntry(Base):
    """One act of a named person. ``detail`` never holds an address."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    name: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]]
