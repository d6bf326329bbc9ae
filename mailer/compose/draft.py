"""An edition apart from any database: read from files, proposed by an importer, kept as a version, written out."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SerializeAsAny, ValidationInfo, field_validator

from mailer.characters import refuse_controls, refuse_unreadable
from mailer.compose.blocks import TYPES, data_of
from mailer.compose.data import Data
from mailer.compose.picture import Picture
from mailer.errors import InvalidError, Term
from mailer.i18n import N_
from mailer.model import Edition, Image, Text
from mailer.model.edition import Fallback, Layout, TextStatus


class DraftBlock(BaseModel):
    """One block: its texts are ``{tag: {field: text}}``."""

    key: str
    type: str
    data: SerializeAsAny[Data]
    languages: list[str] | None = None
    required: bool = True
    fallback: Fallback | None = None
    texts: dict[str, dict[str, str]] = Field(default_factory=dict)

    @field_validator("data", mode="before")
    @classmethod
    def _in_shape(cls, value: Any, info: ValidationInfo) -> Any:
        """Data as it was stored becomes what its type says."""
        return TYPES[info.data["type"]].data.model_validate(value) if isinstance(value, dict) else value


def readable(value: str) -> str:
    """A text that a file can hold; ValueError has the Term that says what it may not hold.

    JSON and PO have escapes for what their files themselves may not hold, and importers and pages need no file.
    """
    try:
        refuse_unreadable(refuse_controls(re.sub(r"[\n\t]", "", value)))
    except InvalidError as error:
        raise ValueError(Term(error.message, **error.values)) from None
    return value


def _instant(value: datetime) -> datetime:
    """A moment in UTC. ValueError for one of no zone, or beyond the calendar."""
    try:
        if value.tzinfo:
            return value.astimezone(UTC)
    except OverflowError:
        pass
    raise ValueError(Term(N_("write the moment in UTC, such as 2027-01-31T10:00:00Z")))


_Readable = Annotated[str, AfterValidator(readable)]


class Progress(BaseModel):
    """How far one translation has come, what it was made from, and who did it when."""

    model_config = ConfigDict(extra="forbid")

    status: TextStatus = TextStatus.TRANSLATED
    source_hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    previous_source: dict[_Readable, _Readable] | None = None
    by: _Readable | None = None
    reviewed_by: _Readable | None = None
    at: Annotated[datetime, AfterValidator(_instant)] | None = None


class Draft(BaseModel):
    """An edition with all that people decide of it. ``base``: the digest of what it was exported from."""

    slug: str
    kind: str
    template: str
    locales: list[str]
    derived: list[str] = Field(default_factory=list)
    source_locale: str
    policy: Fallback
    layout: Layout = Layout.STACKED
    blocks: list[DraftBlock]
    images: dict[str, Picture] = Field(default_factory=dict)
    progress: dict[str, dict[str, Progress]] = Field(default_factory=dict)
    base: str | None = None

    def block(self, key: str) -> DraftBlock | None:
        """The block with this key."""
        return next((block for block in self.blocks if block.key == key), None)

    def made(self, locale: str, key: str) -> Progress | None:
        """How far a block's translation has come, where that is known."""
        return self.progress.get(locale, {}).get(key)


def of(edition: Edition) -> Draft:
    """A stored edition as a draft: what ``edition.build`` makes the same edition of."""
    progress = {
        tag: {block.key: _progress(text) for block in edition.blocks for text in block.texts if text.locale == tag}
        for tag in edition.locales
        if tag != edition.source_locale
    }
    return Draft(
        slug=edition.slug,
        kind=edition.kind,
        template=edition.template,
        locales=edition.locales,
        derived=edition.derived,
        source_locale=edition.source_locale,
        policy=edition.policy,
        layout=edition.layout,
        blocks=[
            DraftBlock(
                key=block.key,
                type=block.type,
                data=data_of(block),
                languages=block.languages,
                required=block.required,
                fallback=block.fallback,
                texts={tag: dict(fields) for tag in edition.locales if (fields := block.text(tag))},
            )
            for block in edition.blocks
        ],
        images={held.name: picture(held.image) for held in edition.images},
        progress={tag: of_blocks for tag, of_blocks in progress.items() if of_blocks},
    )


def picture(image: Image) -> Picture:
    """A stored picture, apart from the database."""
    return Picture(image.hash, image.media_type, image.width, image.height, image.content)


def _progress(text: Text) -> Progress:
    return Progress(
        status=text.status,
        source_hash=text.source_hash,
        previous_source=text.previous_source,
        by=text.translated_by,
        reviewed_by=text.reviewed_by,
        at=text.at,
    )


def content(draft: Draft) -> dict[str, Any]:
    """A draft as JSON, its pictures by their hashes: what a version keeps."""
    value = draft.model_dump(mode="json", exclude={"images", "base"}, exclude_none=True, exclude_defaults=True)
    return value | {"images": {name: picture.hash for name, picture in sorted(draft.images.items())}}


def restored(value: Mapping[str, Any], pictures: Mapping[str, Picture]) -> Draft:
    """The draft that ``content`` was made of; ``pictures`` by their hashes."""
    return Draft.model_validate({**value, "images": {name: pictures[hash_] for name, hash_ in value["images"].items()}})


def named(draft: Draft) -> str:
    """The digest of a draft: the same for the same edition."""
    return digest(content(draft))


def digest(value: Mapping[str, Any]) -> str:
    """The SHA-256 of what ``content`` gives, but for when each text was last touched."""
    progress = {
        tag: {key: {name: part for name, part in made.items() if name != "at"} for key, made in of_blocks.items()}
        for tag, of_blocks in value.get("progress", {}).items()
    }
    told = json.dumps({**value, "progress": progress}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()
