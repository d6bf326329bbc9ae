"""Approval freezes: a signed edition is rendered in every variant, in the same transaction."""

from sqlalchemy.orm import Session

from mailer.compose.sign import sign
from mailer.model import Edition, Variant
from mailer.render.variant import freeze


def approve(session: Session, edition: Edition, approver: str) -> list[Variant]:
    """Sign and freeze. Raises what ``sign`` and rendering raise; then nothing has changed."""
    sign(session, edition, approver)
    return freeze(session, edition)
