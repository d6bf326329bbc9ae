"""The files of pictures, reduced to what shows them: no comment, no metadata, nothing behind their end.

The pixels stay untouched. Each function raises ValueError for a file that is cut short or damaged.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

_SHORT = "the file is cut short"


def bare(raw: bytes) -> bytes:
    """A picture's file without all that is not needed to show it; ``raw`` begins as one of the three do."""
    return next(reduced(raw) for magic, (_, reduced) in _KINDS.items() if raw.startswith(magic))


def kind(raw: bytes) -> str | None:
    """JPEG, PNG or GIF, by how the file begins."""
    return next((name for magic, (name, _) in _KINDS.items() if raw.startswith(magic)), None)


# JPEG (ITU-T T.81, Annex B). After a scan's header come its octets, up to a marker that is not theirs.
_START_OF_SCAN, _END = 0xDA, 0xD9
_BEHIND_A_SCAN = re.compile(rb"\xff(?![\x00\xd0-\xd7\xff])")
_APPLICATION = range(0xE0, 0xF0)
_COMMENT = 0xFE


def _jpeg(raw: bytes) -> bytes:
    kept, at = [raw[:2]], 2
    while True:
        if len(raw) < at + 2 or raw[at] != 0xFF:  # noqa: PLR2004 — begins every marker
            raise ValueError(_SHORT)
        marker = raw[at + 1]
        if marker == _END:
            return b"".join([*kept, b"\xff\xd9"])
        if marker == 0xFF:  # noqa: PLR2004 — one that fills up
            at += 1
            continue
        end = at + 2 + int.from_bytes(raw[at + 2 : at + 4])
        if marker == _START_OF_SCAN:
            found = _BEHIND_A_SCAN.search(raw, end)
            end = found.start() if found else len(raw)
        if _shows(marker, raw[at + 2 : end]):
            kept.append(raw[at:end])
        at = end


def _shows(marker: int, segment: bytes) -> bool:
    """Whether a picture would look otherwise without it: of the applications' own, JFIF's and Adobe's colours."""
    if marker in _APPLICATION:
        return segment.startswith((b"\x00\x10JFIF\0", b"\x00\x0eAdobe"))
    return marker != _COMMENT


# PNG (ISO/IEC 15948, 5.3): chunks of length, type, data, checksum.
_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"gAMA", b"cHRM", b"sRGB", b"IEND"})


def _png(raw: bytes) -> bytes:
    kept, at = [raw[:8]], 8
    while True:
        end = at + 12 + int.from_bytes(raw[at : at + 4])
        if len(raw) < end:
            raise ValueError(_SHORT)
        name = raw[at + 4 : at + 8]
        if name in _CHUNKS:
            kept.append(raw[at:end])
        if name == b"IEND":
            return b"".join(kept)
        at = end


# GIF (CompuServe, GIF89a): blocks, of which extensions and pictures go on in pieces of at most 255 octets.
_EXTENSION, _PICTURE, _TRAILER = 0x21, 0x2C, 0x3B
_CONTROL, _APPLICATION_LABEL = 0xF9, 0xFF
_LOOP = b"\x0bNETSCAPE2.0\x03\x01"


def _gif(raw: bytes) -> bytes:
    cuts = list(_gif_blocks(raw))
    blocks = [raw[begin:end] for begin, end in pairwise(cuts)]
    return b"".join([raw[: cuts[0]], *filter(_gif_shows, blocks), b";"])


def _gif_shows(block: bytes) -> bool:
    if block[0] == _PICTURE or block[1] == _CONTROL:
        return True
    return block[1] == _APPLICATION_LABEL and block[2:].startswith(_LOOP)


def _gif_blocks(raw: bytes) -> Iterator[int]:
    """Where each block begins, and the trailer."""
    at = 13 + _colours(raw, 10)
    while True:
        yield at
        if len(raw) <= at or raw[at] not in {_EXTENSION, _PICTURE, _TRAILER}:
            raise ValueError(_SHORT)
        if raw[at] == _TRAILER:
            return
        at += 2 if raw[at] == _EXTENSION else 11 + _colours(raw, at + 9)
        while length := raw[at] if at < len(raw) else 0:
            at += 1 + length
        at += 1


def _colours(raw: bytes, at: int) -> int:
    """Octets of the colour table that the flags at ``at`` announce."""
    flags = raw[at] if at < len(raw) else 0
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


_KINDS: dict[bytes, tuple[str, Callable[[bytes], bytes]]] = {
    b"\xff\xd8\xff": ("JPEG", _jpeg),
    b"\x89PNG\r\n\x1a\n": ("PNG", _png),
    b"GIF87a": ("GIF", _gif),
    b"GIF89a": ("GIF", _gif),
}
