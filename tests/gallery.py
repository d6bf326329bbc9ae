"""The pictures of docs/gallery.md: each template in three modes, light and dark, wide and narrow, side by side."""

import sys
from io import BytesIO
from pathlib import Path

import yaml
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from mailer.i18n import EN, ZH
from tests import machine
from tests.samples import FOLDERS, LOOKS, mails
from tests.servers import chromium

_FOLDER = Path(__file__).parents[1] / "docs" / "images" / "gallery"
_MODES = {ZH: "zh", EN: "en", f"{ZH}+{EN}": "zh-en"}

# Of the picture's pixels to a mail's: Chinese can just be read at this size.
_SCALE = 0.55
_SHARPNESS = 2
"""Pixels that the browser draws for one of a mail's, so that there is something to make small ones from."""
_TALLEST = 1430
_HEAD = 930
_GAP = 16
_GROUND = "#8a8f94"
_MOST_OCTETS = 180_000


def draw(page: Page, mail: str) -> Image.Image:
    """The looks of one mail from left to right."""
    page.set_content(mail)
    looks = []
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 200})
        page.emulate_media(color_scheme=scheme)
        looks.append(_small(page.screenshot(full_page=True)))
    size = (sum(look.width + _GAP for look in looks) + _GAP, max(look.height for look in looks) + 2 * _GAP)
    joined, left = Image.new("RGB", size, _GROUND), _GAP
    for look in looks:
        joined.paste(look, (left, _GAP))
        left += look.width + _GAP
    return joined


def _small(screenshot: bytes) -> Image.Image:
    """A look made small; of one that is too long, its beginning and its end."""
    drawn = Image.open(BytesIO(screenshot)).convert("RGB")
    small = drawn.resize([round(side * _SCALE / _SHARPNESS) for side in drawn.size], Image.Resampling.LANCZOS)
    if small.height <= _TALLEST:
        return small
    shown = Image.new("RGB", (small.width, _TALLEST), _GROUND)
    shown.paste(small.crop((0, 0, small.width, _HEAD)))
    rest = _TALLEST - _HEAD - _GAP
    shown.paste(small.crop((0, small.height - rest, *small.size)), (0, _TALLEST - rest))
    return shown


def webp(picture: Image.Image) -> bytes:
    """A picture as WebP, as good as its share of octets allows. Raises ValueError where even a bad one is too large."""
    for quality in range(80, 20, -10):
        written = BytesIO()
        picture.save(written, "WEBP", quality=quality)
        if written.tell() < _MOST_OCTETS:
            return written.getvalue()
    raise ValueError("no picture of the gallery may be that large")


def main() -> int:
    """Draw them all anew."""
    if lacking := [need for need in (machine.CHROMIUM, machine.FONT) if not need.there()]:
        print(machine.complaint(lacking), file=sys.stderr)
        return 1
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with chromium() as endpoint, sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(endpoint)
        page = browser.new_context(device_scale_factor=_SHARPNESS, offline=True).new_page()
        page.context.new_cdp_session(page).send("Emulation.setScrollbarsHidden", {"hidden": True})
        for name, folder in FOLDERS.items():
            template = yaml.safe_load((folder / "edition.yaml").read_text(encoding="utf-8"))["template"]
            for mode, short in _MODES.items():
                path = _FOLDER / f"{template}-{short}.webp"
                path.write_bytes(webp(draw(page, mails(name)[mode])))
                print(f"{path.name}: {path.stat().st_size // 1000} KB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
