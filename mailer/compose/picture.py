"""Pictures as people hand them in: judged by their content, made fit for a mail, nothing hidden left in them."""

import hashlib
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import NamedTuple

from PIL import ExifTags, ImageCms, ImageOps
from PIL import Image as Pillow

from mailer.compose import container
from mailer.errors import InvalidError
from mailer.i18n import N_

_MOST_OCTETS = 10_000_000
_MOST_PIXELS = 25
_MOST_IN_SCANS = 16
"""Millions. To put together a JPEG of several scans its decoder needs up to three times the memory of the picture."""
_LONGEST = 50_000
_WIDEST, _HIGHEST = 1200, 4800
"""Pixels: twice the width of a mail, for screens that draw two where others draw one."""
_HEAVY = 200_000
"""Octets: a picture that is heavier is made lighter, at the cost of what few would see."""
_QUALITIES = (85, 75, 65, 55)
_SMALLER = (1.0, 0.75, 0.5)
_TILE = 1000
"""About how many pixels along each side are shrunk at once."""
_LYING = {5, 6, 7, 8}
"""The orientations of EXIF in which a picture lies on its side."""
_MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif"}
_SCAN = b"\xff\xda"
"""Begins each scan of a JPEG, and stands nowhere else in what ``container.bare`` leaves of it."""
_MOST_SCANS = 50
_DEEP = 16
"""Bits a colour, where eight are all that a screen shows."""
_ALPHA = {"P", "PA", "LA", "RGBA"}

# What other programs would take the same file for. A picture's own octets hardly ever look like it.
_FOREIGN = re.compile(rb"<script|<html|<!doctype|<svg[\s>]|<\?php|%PDF-\d", re.IGNORECASE)
_ZIP_END = b"PK\x05\x06"
_ZIP_TAIL = 65_557


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
        with path.open("rb") as file:
            # No more is read of a file that is too large, or without an end.
            raw = file.read(_MOST_OCTETS + 1)
    except OSError as error:
        raise InvalidError(N_("%(file)s cannot be read: %(why)s."), file=path.name, why=error.strerror) from None
    return fit(path.name, raw)


def fit(name: str, raw: bytes) -> Picture:
    """A picture made fit for a mail; one that is fit already stays as it is, octet for octet.

    Raises InvalidError saying what is wrong with it; ``name`` is what people call it.
    """
    if len(raw) > _MOST_OCTETS:
        raise InvalidError(N_("The picture %(file)s is larger than 10 MB: make it smaller first."), file=name)
    kind = container.kind(raw)
    if kind is None:
        raise InvalidError(N_("%(file)s is no JPEG, PNG or GIF picture, whatever its name says."), file=name)
    if _FOREIGN.search(raw) or _ZIP_END in raw[-_ZIP_TAIL:]:
        raise InvalidError(
            N_("The picture %(file)s holds something else that is no picture: save it anew as a picture alone."),
            file=name,
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Pillow.open(BytesIO(raw), formats=[kind]) as opened:
                bare = container.bare(raw)
                _demand_small(name, opened, _scans(kind, bare))
                return _fit(name, kind, opened, bare)
    except Pillow.DecompressionBombError:
        raise _vast(name, _MOST_PIXELS) from None
    except InvalidError:
        raise
    except Exception:  # noqa: BLE001 — whatever a decoder stumbles over, the file is at fault
        raise InvalidError(N_("The picture %(file)s is damaged or not whole: save it anew."), file=name) from None


def _scans(kind: str, bare: bytes) -> int:
    """How often a decoder goes over the picture."""
    scans = bare.count(_SCAN) if kind == "JPEG" else 1
    if scans > _MOST_SCANS:
        raise ValueError("so many scans refine nothing")
    return scans


def _demand_small(name: str, opened: Pillow.Image, scans: int) -> None:
    """Before a single pixel is unpacked."""
    if max(opened.size) > _LONGEST:
        raise InvalidError(
            N_("The picture %(file)s is longer than %(most)s pixels: make it smaller first."), file=name, most=_LONGEST
        )
    most = _MOST_PIXELS if scans == 1 else _MOST_IN_SCANS
    if opened.width * opened.height > most * 1_000_000:
        raise _vast(name, most)


def _vast(name: str, most: int) -> InvalidError:
    return InvalidError(
        N_("The picture %(file)s has more than %(most)s million pixels: make it smaller first."), file=name, most=most
    )


def _fit(name: str, kind: str, opened: Pillow.Image, bare: bytes) -> Picture:
    too_large = opened.width > _WIDEST or opened.height > _HIGHEST or len(bare) > _HEAVY
    if kind == "GIF" and getattr(opened, "is_animated", False):
        if too_large:
            raise InvalidError(
                N_("The picture %(file)s moves, and is wider than 1200 pixels or heavier than 200 KB: shorten it."),
                file=name,
            )
        opened.load()
        return _picture(kind, opened, bare)
    if not too_large and _is_plain(kind, opened, bare):
        opened.load()
        return _picture(kind, opened, bare)
    upright = _in_srgb(_shrunk(opened), opened.info.get("icc_profile"))
    for written_kind, image, content in _written(kind, upright):
        if len(content) <= _HEAVY:
            return _picture(written_kind, image, container.bare(content))
    raise InvalidError(N_("The picture %(file)s cannot be made lighter than 200 KB: take a simpler one."), file=name)


def _is_plain(kind: str, opened: Pillow.Image, bare: bytes) -> bool:
    """Whether it looks right without anything that its file says of it: upright, in the colours of screens."""
    turned = opened.getexif().get(ExifTags.Base.Orientation, 1) != 1
    deep = kind == "PNG" and bare[24] == _DEEP
    return not turned and not deep and opened.mode != "CMYK" and "icc_profile" not in opened.info


def _shrunk(opened: Pillow.Image) -> Pillow.Image:
    """The picture upright and no larger than a mail needs, in grey, RGB, CMYK or RGBA.

    It is put together from tiles: of a large picture a single copy as a whole would be too much.
    """
    turned = opened.getexif().get(ExifTags.Base.Orientation, 1)
    widest, highest = (_HIGHEST, _WIDEST) if turned in _LYING else (_WIDEST, _HIGHEST)
    scale = min(1, widest / opened.width, highest / opened.height)
    width, height = (max(1, round(side * scale)) for side in opened.size)
    # A JPEG's decoder need not draw what nobody will see.
    opened.draft(None, (2 * width, 2 * height))
    opened.load()
    shrunk = Pillow.new(_plain(opened.crop((0, 0, 1, 1))).mode, (width, height))
    for across in _spans(opened.width, width):
        for down in _spans(opened.height, height):
            tile = _plain(opened.crop((across.first, down.first, across.last, down.last)))
            box = across.begin, down.begin, across.end, down.end
            size = across.size, down.size
            shrunk.paste(tile.resize(size, Pillow.Resampling.LANCZOS, box), (across.at, down.at))
    shrunk.getexif()[ExifTags.Base.Orientation] = turned
    return ImageOps.exif_transpose(shrunk)


class _Span(NamedTuple):
    """One side of a tile: from ``at`` on ``size`` pixels of what is drawn.

    They come from what lies between ``begin`` and ``end`` of the pixels ``first`` to ``last``, which
    hold also those around that shine in.
    """

    at: int
    size: int
    first: int
    last: int
    begin: float
    end: float


def _spans(length: int, drawn: int) -> Iterator[_Span]:
    ratio = length / drawn
    step = max(1, int(_TILE / ratio))
    around = ceil(3 * ratio) + 1
    for at in range(0, drawn, step):
        size = min(step, drawn - at)
        begin, end = at * ratio, min(length, (at + size) * ratio)
        first = max(0, int(begin) - around)
        yield _Span(at, size, first, min(length, ceil(end) + around), begin - first, end - first)


def _plain(image: Pillow.Image) -> Pillow.Image:
    """Pixels that can be mixed: eight bits, and none that stand for a colour of a palette."""
    if image.mode.startswith("I"):
        # Sixteen bits a point: the upper eight.
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in _ALPHA or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in {"L", "RGB", "CMYK"}:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _in_srgb(image: Pillow.Image, profile: bytes | None) -> Pillow.Image:
    """The picture in grey, RGB or RGBA, as screens show it, and with nothing but its pixels."""
    if profile and image.mode != "RGBA":
        # A profile that is broken, or one for other colours, is as good as none.
        with suppress(ImageCms.PyCMSError, OSError, ValueError):
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            image = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB") or image
    if image.mode == "CMYK":
        image = image.convert("RGB")
    image.info = {}
    return image


def _written(kind: str, image: Pillow.Image) -> Iterator[tuple[str, Pillow.Image, bytes]]:
    """The picture's files, from the finest to the lightest."""
    see_through = image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255)
    if kind != "JPEG":
        yield "PNG", image, _saved(image, "PNG")
    for scale in _SMALLER:
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        smaller = image.resize(size, Pillow.Resampling.LANCZOS) if scale < 1 else image
        if see_through:
            yield "PNG", smaller, _saved(smaller.quantize(256, Pillow.Quantize.FASTOCTREE), "PNG")
            continue
        opaque = smaller.convert("RGB") if smaller.mode == "RGBA" else smaller
        yield from (("JPEG", opaque, _saved(opaque, "JPEG", quality)) for quality in _QUALITIES)


def _saved(image: Pillow.Image, kind: str, quality: int = 0) -> bytes:
    written = BytesIO()
    image.save(written, kind, quality=quality, optimize=True)
    return written.getvalue()


def _picture(kind: str, image: Pillow.Image, content: bytes) -> Picture:
    return Picture(hashlib.sha256(content).hexdigest(), _MEDIA_TYPES[kind], image.width, image.height, content)
