"""Pictures: taken by what they are, made fit for a mail, bare of everything hidden; the rest in one sentence."""

import io
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, ImageChops, ImageCms
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from mailer.compose import container
from mailer.compose.picture import Picture, fit, read
from mailer.errors import InvalidError

SECRET = b"22.2783N 114.1747E Anonymous"


def gradient(mode: str = "RGB", size: tuple[int, int] = (300, 200)) -> Pillow.Image:
    return Pillow.linear_gradient("L").resize(size).convert(mode)


def noise(size: tuple[int, int], mode: str = "RGB") -> Pillow.Image:
    return Pillow.frombytes(mode, size, os.urandom(size[0] * size[1] * len(mode)))


def saved(image: Pillow.Image, kind: str, **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def opened(picture: Picture) -> Pillow.Image:
    image = Pillow.open(io.BytesIO(picture.content))
    image.load()
    return image


def exif(orientation: int = 1) -> Pillow.Exif:
    found = Pillow.Exif()
    found[ExifTags.Base.Orientation] = orientation
    found[ExifTags.Base.Artist] = SECRET.decode()
    found.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAreaInformation] = SECRET
    return found


def moving(size: tuple[int, int], frames: int = 3, **options: Any) -> bytes:
    first, *rest = (noise(size, "L") for _ in range(frames))
    return saved(first, "GIF", save_all=True, append_images=rest, loop=0, duration=100, **options)


def annotated_png(kind: str = "PNG") -> bytes:
    notes = PngInfo()
    notes.add_text("Comment", SECRET.decode())
    notes.add_itxt("XML:com.adobe.xmp", SECRET.decode(), zip=True)
    return saved(gradient(), kind, pnginfo=notes, exif=exif(), dpi=(300, 300))


FIT = {
    "jpeg": saved(gradient(), "JPEG"),
    "progressive": saved(gradient(), "JPEG", progressive=True, quality=90),
    "restarts": saved(gradient(), "JPEG", restart_marker_blocks=3),
    "png": saved(gradient("RGBA"), "PNG"),
    "palette": saved(gradient("P"), "PNG", transparency=0),
    "gif": saved(gradient("P"), "GIF"),
    "moving": moving((40, 40)),
}


@pytest.mark.parametrize("name", FIT)
def test_what_is_fit_stays_as_it_is(name: str) -> None:
    assert fit(name, FIT[name]).content == FIT[name]


@pytest.mark.parametrize(
    "raw",
    [
        saved(gradient(), "JPEG", exif=exif(), comment=SECRET, xmp=SECRET, dpi=(300, 300)),
        saved(gradient(), "JPEG", progressive=True, exif=exif(), comment=SECRET),
        saved(gradient(), "JPEG") + SECRET,
        annotated_png(),
        saved(gradient(), "PNG") + SECRET,
        saved(gradient("P"), "GIF", comment=SECRET),
        saved(gradient("P"), "GIF") + SECRET,
        moving((40, 40), comment=SECRET) + SECRET,
    ],
    ids=["jpeg", "progressive", "jpeg tail", "png", "png tail", "gif", "gif tail", "moving"],
)
def test_nothing_hidden_stays_and_no_pixel_changes(raw: bytes) -> None:
    assert SECRET in raw or b"zTXt" in raw
    picture = fit("picture", raw)
    assert SECRET not in picture.content
    shown, was = opened(picture), Pillow.open(io.BytesIO(raw))
    assert not set(shown.info) & {"exif", "xmp", "comment", "Comment", "XML:com.adobe.xmp", "icc_profile"}
    assert not dict(shown.getexif())
    assert getattr(shown, "n_frames", 1) == getattr(was, "n_frames", 1)
    assert shown.convert("RGBA").tobytes() == was.convert("RGBA").tobytes()
    assert fit("again", picture.content) == picture


def test_a_wide_picture_is_as_wide_as_a_mail_needs() -> None:
    for kind, mode in (("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("GIF", "P")):
        picture = fit("wide", saved(gradient(mode, (3000, 1500)), kind))
        assert (picture.width, picture.height) == (1200, 600)
        assert opened(picture).size == (1200, 600)
        assert fit("again", picture.content) == picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_that_lies_on_its_side_is_set_upright(kind: str) -> None:
    image = Pillow.new("RGB", (60, 40), "white")
    image.paste("black", (0, 0, 60, 10))
    picture = fit("turned", saved(image, kind, exif=exif(6)))
    shown = opened(picture).convert("L")
    assert shown.size == (40, 60)
    assert [round(float(str(shown.getpixel((x, 30)))) / 255) for x in (3, 20, 36)] == [1, 1, 0]
    assert fit("again", picture.content) == picture


def test_colours_become_those_of_screens() -> None:
    blue = Pillow.new("CMYK", (50, 50), (255, 255, 0, 0))
    picture = fit("cmyk", saved(blue, "JPEG"))
    assert opened(picture).mode == "RGB"
    red, _, strong = opened(picture).resize((1, 1)).tobytes()
    assert red < 80 < strong
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (lab, SECRET):
        found = fit(
            "profile", saved(Pillow.new("RGB", (50, 50), (200, 30, 30)), "JPEG", icc_profile=profile, quality=95)
        )
        assert "icc_profile" not in opened(found).info
        assert all(abs(a - b) < 6 for a, b in zip(opened(found).resize((1, 1)).tobytes(), (200, 30, 30), strict=True))
        assert fit("again", found.content) == found


def test_sixteen_bits_become_eight_and_stay_as_bright() -> None:
    grey = Pillow.frombytes("I;16", (40, 40), struct.pack("<H", 0x8000) * 1600)
    picture = fit("deep", saved(grey, "PNG"))
    assert opened(picture).mode == "L"
    assert 126 <= float(str(opened(picture).getpixel((5, 5)))) <= 129
    assert fit("again", picture.content) == picture


def test_what_shows_through_goes_on_doing_so() -> None:
    logo = Pillow.new("RGBA", (2400, 1200), (0, 0, 0, 0))
    logo.paste((200, 0, 0, 255), (0, 0, 1200, 1200))
    for raw in (saved(logo, "PNG"), saved(logo.quantize(4), "PNG"), saved(logo.quantize(4), "GIF", transparency=0)):
        picture = fit("logo", raw)
        shown = opened(picture).convert("RGBA").getchannel("A")
        assert {shown.getpixel((x, 300)) for x in (100, 1100)} == {0, 255}
        assert fit("again", picture.content) == picture


@pytest.mark.parametrize(
    ("kind", "mode", "size"),
    [("JPEG", "RGB", (1100, 900)), ("PNG", "RGB", (700, 500)), ("PNG", "RGBA", (700, 500))],
)
def test_a_heavy_picture_becomes_lighter_but_no_other(kind: str, mode: str, size: tuple[int, int]) -> None:
    raw = saved(noise(size, mode), kind, quality=95)
    assert len(raw) > 900_000
    picture = fit("heavy", raw)
    assert len(picture.content) <= 200_000
    assert picture.width / picture.height == pytest.approx(size[0] / size[1], rel=0.01)
    assert fit("again", picture.content) == picture


def test_what_cannot_be_made_light_is_refused() -> None:
    with pytest.raises(InvalidError, match="200 KB"):
        fit("noise.png", saved(noise((1200, 1200), "RGBA"), "PNG"))
    with pytest.raises(InvalidError, match="moves"):
        fit("moving.gif", moving((400, 400)))
    with pytest.raises(InvalidError, match="moves"):
        fit(
            "wide.gif",
            saved(Pillow.new("L", (1300, 9)), "GIF", save_all=True, append_images=[gradient("L", (1300, 9))]),
        )


def zip_file() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("index.html", "x")
    return written.getvalue()


def bomb() -> bytes:
    """A PNG of a few hundred octets that says it has 2.5 thousand million pixels."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes(6251) * 100)
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def again_and_again(progressive: bytes) -> bytes:
    """A JPEG with its last scan a thousand times: each costs a few octets and another walk through all pixels."""
    return progressive[:-2] + progressive[progressive.rindex(b"\xff\xda") : -2] * 1000 + progressive[-2:]


PICTURE = saved(gradient(), "JPEG")
REFUSED = {
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "no JPEG"),
    "script": (
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "no JPEG",
    ),
    "html": (b"<!doctype html><img src=x onerror=alert(1)>", "no JPEG"),
    "zip": (zip_file(), "no JPEG"),
    "webp": (saved(gradient(), "WEBP"), "no JPEG"),
    "empty": (b"", "no JPEG"),
    "jpeg and zip": (PICTURE + zip_file(), "something else"),
    "jpeg and html": (PICTURE + b"<HTML><body onload=alert(1)>", "something else"),
    "html in a comment": (saved(gradient(), "JPEG", comment=b"<script>alert(1)</script>"), "something else"),
    "html in a GIF": (saved(gradient("P"), "GIF", comment=b"*/<ScRiPt src=//x>"), "something else"),
    "svg in a PNG": (FIT["png"] + b"<svg onload=alert(1)>", "something else"),
    "pdf in a JPEG": (saved(gradient(), "JPEG", comment=b"%PDF-1.7"), "something else"),
    "bomb": (bomb(), "25 million"),
    "more than decoders hold": (saved(Pillow.new("1", (5001, 5000)), "PNG"), "25 million"),
    "more than they hold in scans": (saved(Pillow.new("L", (4001, 4000)), "JPEG", progressive=True), "16 million"),
    "a thread": (saved(Pillow.new("1", (50_001, 1)), "PNG"), "longer than 50000 pixels"),
    "scans without end": (again_and_again(saved(gradient(), "JPEG", progressive=True)), "damaged"),
    "cut JPEG": (PICTURE[: len(PICTURE) // 2], "damaged"),
    "JPEG without its end": (PICTURE[:-2], "damaged"),
    "cut PNG": (FIT["png"][:-20], "damaged"),
    "PNG without its end": (FIT["png"][:-12], "damaged"),
    "cut GIF": (FIT["gif"][: len(FIT["gif"]) // 2], "damaged"),
    "GIF without its end": (FIT["gif"][:-1], "damaged"),
    "a beginning alone": (b"\xff\xd8\xff", "damaged"),
    "PNG's beginning alone": (b"\x89PNG\r\n\x1a\n", "damaged"),
    "GIF's beginning alone": (b"GIF89a", "damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_whole_picture_is_refused_whatever_its_name(case: str, tmp_path: Path) -> None:
    """Attack case 16: nothing that could run in a browser is ever stored."""
    raw, why = REFUSED[case]
    path = tmp_path / "harmless.jpg"
    path.write_bytes(raw)
    with pytest.raises(InvalidError, match=why) as error:
        read(path)
    assert str(error.value).startswith(("The picture harmless.jpg ", "harmless.jpg "))
    assert "\n" not in str(error.value)


LARGE = {
    "png": ("PNG", "RGBA", (6250, 4000), {"compress_level": 1}),
    "a tall png": ("PNG", "RGBA", (2390, 9600), {"compress_level": 1}),
    "jpeg": ("JPEG", "RGB", (6250, 4000), {}),
    "a tall jpeg": ("JPEG", "RGB", (2390, 9600), {}),
    "progressive": ("JPEG", "CMYK", (2200, 7270), {"progressive": True, "subsampling": 0}),
    "gif": ("GIF", "P", (6250, 4000), {}),
}
LIMITED = """
import resource, sys
from pathlib import Path
from mailer.compose.picture import read

pages = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (pages + 256_000_000,) * 2)
picture = read(Path(sys.argv[1]))
print(picture.width, picture.height)
"""


@pytest.mark.parametrize("case", LARGE)
def test_the_largest_pictures_take_no_more_memory_than_their_share(case: str, tmp_path: Path) -> None:
    """Whatever is uploaded, the pages go on: 256 MB are what one request may take."""
    kind, mode, size, options = LARGE[case]
    path = tmp_path / "large.jpg"
    path.write_bytes(saved(gradient(mode, size), kind, **options))
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, path],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert not done.stderr
    width, height = map(int, done.stdout.split())
    assert (width == 1200) or (height == 4800)
    assert width / height == pytest.approx(size[0] / size[1], rel=0.01)


def test_tiles_leave_no_seams() -> None:
    """A picture shrunk piece by piece is what it is when it is shrunk as a whole."""
    image = gradient("L", (4300, 3100)).point(lambda value: 64 + value // 2).rotate(10, fillcolor=160)
    picture = fit("tiles", saved(image, "PNG"))
    whole = image.resize((picture.width, picture.height), Pillow.Resampling.LANCZOS)
    difference = ImageChops.difference(whole, opened(picture)).getextrema()
    assert difference in {(0, 0), (0, 1), (0, 2)}


def test_fifty_megabytes_are_refused_and_never_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.write(PICTURE)
        file.truncate(50_000_000)
    with pytest.raises(InvalidError, match="larger than 10 MB"):
        read(path)
    with pytest.raises(InvalidError, match="larger than 10 MB"):
        read(Path("/dev/zero"))
    with pytest.raises(InvalidError, match="cannot be read"):
        read(tmp_path)


@settings(max_examples=300)
@given(st.sampled_from(sorted(FIT)), st.data())
def test_damage_anywhere_is_refused_or_harmless(name: str, data: st.DataObject) -> None:
    """No octet out of place breaks more than the picture, and what is taken is bare and stays so."""
    raw = bytearray(FIT[name])
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        picture = fit(name, bytes(raw))
    except InvalidError:
        return
    assert container.bare(picture.content) == picture.content
    assert fit(name, picture.content) == picture


def test_of_a_phone_s_two_pictures_in_one_the_first_is_taken() -> None:
    pair = saved(gradient(), "MPO", save_all=True, append_images=[gradient()])
    picture = fit("phone", pair)
    assert picture.media_type == "image/jpeg"
    assert len(picture.content) < len(pair) / 2
