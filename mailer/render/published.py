"""Frozen variants and stored pictures by their hash, as the web version and the console show them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.errors import NotFoundError
from mailer.i18n import N_
from mailer.model import Image, Variant
from mailer.render.frozen import Frozen


def find(session: Session, variant_hash: str, web_url: str) -> Frozen:
    """The variant with this hash, or NotFoundError."""
    variant = session.scalar(select(Variant).where(Variant.hash == variant_hash))
    if variant is None:
        raise NotFoundError(N_("There is no newsletter at this address."))
    return Frozen.load(variant, web_url)


def pictures(session: Session, frozen: Frozen) -> dict[str, Image]:
    """The pictures that a variant shows, by hash."""
    return {image.hash: image for image in session.scalars(select(Image).where(Image.hash.in_(frozen.images)))}


def picture(session: Session, image_hash: str) -> Image:
    """The picture with this hash, or NotFoundError."""
    found = session.get(Image, image_hash)
    if found is None:
        raise NotFoundError(N_("There is no picture at this address."))
    return found
