"""Exchange: what the DNS said of who takes mail for a domain, by the domain's blind index alone."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from mailer.model.base import Base


class Exchange(Base):
    """A domain's provider, to the hour when it was found, and until when that holds.

    ``null_mx``: the domain says that it takes no mail (RFC 7505).
    """

    __tablename__ = "exchange"

    domain_index: Mapped[bytes] = mapped_column(primary_key=True)
    provider: Mapped[str]
    null_mx: Mapped[bool]
    found_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
