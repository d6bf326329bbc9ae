"""Approval freezes: a signed edition is rendered in every variant, in the same transaction."""

from sqlalchemy.orm import Session

from mailer.compose.check import demand
from mailer.compose.sign import sign
from mailer.errors import InvalidError
from mailer.i18n import N_, self_name
from mailer.model import Edition, Variant
from mailer.render.frozen import Frozen
from mailer.render.inspect import inspect
from mailer.render.variant import freeze
from mailer.render.weight import weigh


def approve(session: Session, edition: Edition, approver: str) -> list[Variant]:
    """Sign and freeze; findings that a named person acknowledged are let pass.

    Raises what ``sign`` and rendering raise, and InvalidError for a nameless language and for a variant
    that could not be mailed as it is.
    """
    _demand_names(edition)
    sign(session, edition, approver)
    variants = freeze(session, edition)
    for variant in variants:
        demand(inspect(Frozen.load(variant, ""), weigh(session, variant)))
    return variants


def _demand_names(edition: Edition) -> None:
    """Every mail names its newsletter, sender and topic: each needs its name in each language."""
    newsletter = edition.newsletter
    named = [newsletter.name, newsletter.sender_name, newsletter.postal_address, *(t.name for t in newsletter.topics)]
    for tag in edition.locales:
        if not all(names.get(tag) for names in named):
            raise InvalidError(
                N_(
                    "The newsletter, its sender, its address or a topic has no name in %(language)s: give it one first."
                ),
                language=self_name(tag),
            )
