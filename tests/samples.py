"""The sample editions as a reader's mail program gets them: each in every variant, with its pictures inside."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from mailer.compose.edition import save
from mailer.compose.folder import read
from mailer.demo import organisation
from mailer.i18n import EN, ZH, modes
from mailer.model import Image
from mailer.model.base import Base
from mailer.render.approval import approve
from mailer.render.frozen import Frozen, Reader
from mailer.render.message import NOBODY, Mail, compile_mail
from mailer.resources import folder

FOLDERS = {path.name: path for path in sorted((folder("mailer") / "demo" / "editions").iterdir()) if path.is_dir()}
"""Each sample edition's folder by its name, which is its slug."""

LOOKS: tuple[tuple[int, Literal["light", "dark"]], ...] = (
    (600, "light"),
    (600, "dark"),
    (375, "light"),
    (375, "dark"),
)
"""Pixels that a mail has for itself, and the reader's colour scheme."""

_READER = Reader(
    "陳Alex", {ZH: "《潮信》", EN: "Tideline"}, datetime(2025, 5, 1, tzinfo=UTC), f"{organisation.PUBLIC_URL}/u/TOKEN"
)
_PICTURE = re.compile(r"\b(?:image|cid):([0-9a-f]{64})")


def variants(name: str) -> list[str]:
    """The modes that a sample edition is mailed in."""
    draft = read(FOLDERS[name])
    return modes([*draft.locales, *draft.derived])


@lru_cache
def _frozen(name: str) -> tuple[Sequence[Frozen], Mapping[str, Image]]:
    """An edition's variants, and the pictures that are stored, by hash."""
    session = Session(create_engine("sqlite://"))
    Base.metadata.create_all(session.get_bind())
    newsletter = organisation.found(session).newsletter
    edition = save(session, newsletter, read(FOLDERS[name]), organisation.AUTHOR)
    frozen = [
        Frozen.load(variant, f"{organisation.PUBLIC_URL}/web/1")
        for variant in approve(session, edition, organisation.APPROVER)
    ]
    return frozen, {image.hash: image for image in session.scalars(select(Image))}


@lru_cache
def compiled(name: str) -> Mapping[str, Mail]:
    """An edition's mails by mode, ready for readers; they come from NOBODY."""
    frozen, images = _frozen(name)
    return MappingProxyType({variant.mode: compile_mail(variant, NOBODY, images) for variant in frozen})


@lru_cache
def mails(name: str) -> Mapping[str, str]:
    """An edition's HTML by mode, filled for a reader. Raises KeyError for a picture that the edition has not got."""
    frozen, images = _frozen(name)
    pictures = {hash_: _data_url(image) for hash_, image in images.items()}
    return MappingProxyType(
        {
            variant.mode: _PICTURE.sub(
                lambda found: pictures[found[1]], variant.html.fill(variant.html_values(variant.values(_READER)))
            )
            for variant in frozen
        }
    )


def _data_url(image: Image) -> str:
    return f"data:{image.media_type};base64,{b64encode(image.content).decode()}"
