"""Seals: AES-256-GCM (NIST SP 800-38D), bound to the place that a sealed value stands in.

The place is associated data, so that a value moved to another row or column does not open.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mailer.errors import MisconfiguredError
from mailer.i18n import N_

FORMAT = 1
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value stands: part of what the seal protects."""

    table: str
    column: str
    row: bytes

    def bound(self, version: int) -> bytes:
        """The associated data: table, column, row, key version."""
        return f"{self.table}|{self.column}|{self.row.hex()}|{version}".encode()


class Opener:
    """Reads sealed fields for one stated reason; made by ``Vault.open``."""

    def __init__(self, unwrap: Callable[[bytes, Place], bytes]) -> None:
        self._unwrap = unwrap
        # The fields of one row are read one after another: its key is unwrapped once.
        self._row: tuple[bytes, str, bytes] | None = None
        self._key = b""
        self.opened = 0

    def text(self, sealed: bytes, wrapped: bytes, place: Place) -> str:
        """The plain text of a field sealed under the data key ``wrapped``.

        Raises MisconfiguredError where the seal does not fit: another row, another key, damage.
        """
        self.opened += 1
        row = (wrapped, place.table, place.row)
        if row != self._row:
            self._key, self._row = self._unwrap(wrapped, place), row
        return unseal(self._key, sealed, place.bound(FORMAT)).decode()


def seal(key: bytes, plain: bytes, bound: bytes) -> bytes:
    """``plain`` sealed; 28 octets longer."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def unseal(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    """What was sealed, or MisconfiguredError where key or place do not fit."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
    except (InvalidTag, ValueError):
        raise MisconfiguredError(
            N_("A sealed field does not open: it was damaged, moved, or sealed with another key file.")
        ) from None
