"""Pictures as people hand them in: judged by their content, made fit for a mail, nothing hidden left in them."""

import hashlib
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageOps

from mailer.errors import InvalidError
from mailer.i18n import N_

_MOST_OCTETS = 10_000_000
_MOST_PIXELS = 40_000_000
_WIDEST = 1200
"""Pixels: twice the width of a mail, for screens that draw two where others draw one."""
_MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a mail carries it."""

    hash: str
    media_type: str
    width: int
    height: int
    content: bytes


def read(path: Path) -> Picture:
    """The picture in a file, made fit. Raises InvalidError saying what is wrong with it."""
    try:
        if path.stat().st_size > _MOST_OCTETS:
            raise _refused(path.name, f"it is larger than {_MOST_OCTETS // 1_000_000} MB")
        raw = path.read_bytes()
    except OSError as error:
        raise InvalidError(N_("%(file)s cannot be read: %(why)s."), file=path.name, why=error.strerror) from None
    return fit(path.name, raw)


def fit(name: str, raw: bytes) -> Picture:
    """A picture made fit for a mail; one that is fit already stays as it is, octet for octet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            with Pillow.open(BytesIO(raw), formats=list(_MEDIA_TYPES)) as opened:
                if opened.width * opened.height > _MOST_PIXELS:
                    raise _refused(name, f"it has more than {_MOST_PIXELS // 1_000_000} million pixels")
                opened.load()
                return _fit(opened, raw)
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        raise _refused(name, "it is no JPEG, PNG or GIF picture, or a damaged one") from None


def _fit(opened: Pillow.Image, raw: bytes) -> Picture:
    kind = opened.format or ""
    if opened.width <= _WIDEST and not set(opened.info) & {"exif", "xmp", "comment", "icc_profile", "photoshop"}:
        return _picture(kind, opened, raw)
    upright = ImageOps.exif_transpose(opened)
    upright.thumbnail((_WIDEST, _WIDEST * 4))
    written = BytesIO()
    upright.info = {}
    upright.save(written, kind, quality=85, optimize=True)
    return _picture(kind, upright, written.getvalue())


def _picture(kind: str, image: Pillow.Image, content: bytes) -> Picture:
    return Picture(hashlib.sha256(content).hexdigest(), _MEDIA_TYPES[kind], image.width, image.height, content)


def _refused(name: str, why: str) -> InvalidError:
    return InvalidError(N_("The picture %(file)s cannot be used: %(why)s."), file=name, why=why)
