"""The bench's two editions: about 40 KB a mail, its pictures on our host, and about 400 KB with pictures in it."""

from io import BytesIO
from pathlib import Path
from random import Random

from PIL import Image

from mailer.compose.draft import Draft
from mailer.compose.folder import read
from mailer.compose.picture import Picture, fit
from mailer.demo import show

_SAMPLE = Path(show.__file__).parent / "editions" / "digest-2026-10"
_SEED = 20261122
_WIDTH, _HEIGHT = 480, 330
_QUALITY = 88


def digest() -> Draft:
    """A digest of posts in two languages."""
    return read(_SAMPLE)


def picture_book() -> Draft:
    """The same, each picture in it a heavy one."""
    draft = digest()
    pictures = {name: _picture(number) for number, name in enumerate(sorted(draft.images))}
    return draft.model_copy(update={"slug": f"{draft.slug}-pictures", "images": pictures})


def _picture(number: int) -> Picture:
    """A JPEG of about 120 KB: noise, which no encoder makes small."""
    dice = Random(_SEED + number)  # noqa: S311 — draws a picture, guards nothing
    octets = BytesIO()
    noise = Image.frombytes("RGB", (_WIDTH, _HEIGHT), dice.randbytes(3 * _WIDTH * _HEIGHT))
    noise.save(octets, "JPEG", quality=_QUALITY)
    return fit(f"noise-{number}.jpg", octets.getvalue())
