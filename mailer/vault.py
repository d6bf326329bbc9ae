"""The key ring and all that is done with it: sealed fields, blind indexes, signed tokens.

The only module that touches a key. A stolen database without the key file gives no name and
no address; a stolen key file without the database gives nothing at all.

Envelope: each subscriber has a data key, sealed ("wrapped") by the newest wrapping key of the
ring; fields are sealed by the data key. Destroying the data key erases the person. Both use
AES-256-GCM (NIST SP 800-38D) with the place they stand in as associated data, so that a sealed
value moved to another row or column does not open.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mailer import log
from mailer.errors import MisconfiguredError, NotFoundError
from mailer.i18n import N_

_FORMAT = 1
_NONCE = 12
_MAC = 16
_KEY = 32
_TOKEN_BODY = 1 + 16 + 4  # format, subscriber ref, topic
_HEAD = struct.Struct(">H")  # the wrapping key's version, before the nonce


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value stands: part of what the seal protects."""

    table: str
    column: str
    row: bytes

    def bound(self, version: int) -> bytes:
        """The associated data: table, column, row, key version."""
        return b"|".join([self.table.encode(), self.column.encode(), self.row.hex().encode(), b"%d" % version])


class Opener:
    """Reads sealed fields for one stated reason; made by ``Vault.open``."""

    def __init__(self, vault: "Vault") -> None:
        self._vault = vault
        self.opened = 0

    def text(self, sealed: bytes, wrapped: bytes, place: Place) -> str:
        """The plain text of a field sealed under the data key ``wrapped``.

        Raises MisconfiguredError where the seal does not fit: another row, another key, damage.
        """
        self.opened += 1
        data_key = self._vault.unwrap(wrapped, place)
        return _unseal(data_key, sealed, place.bound(_FORMAT)).decode()


class Vault:
    """The unlocked key ring of one process."""

    def __init__(self, ring: dict[str, object]) -> None:
        self.installation = str(ring["installation"])
        wrapping = ring["wrapping"]
        assert isinstance(wrapping, dict)
        self._wrapping = {int(version): _decode(key) for version, key in wrapping.items()}
        self._newest = max(self._wrapping)
        root = _decode(str(ring["root"]))
        self._purpose = {
            purpose: HKDF(SHA256(), 32, salt=None, info=f"twinletter {purpose}".encode()).derive(root)
            for purpose in ("address", "message-id", "unsubscribe", "installation")
        }

    # Sealed fields

    def new_data_key(self, place: Place) -> tuple[bytes, bytes]:
        """A fresh data key for one row: (plain, wrapped)."""
        plain = secrets.token_bytes(32)
        sealed = _seal(self._wrapping[self._newest], plain, _key_place(place).bound(self._newest))
        return plain, _HEAD.pack(self._newest) + sealed

    def unwrap(self, wrapped: bytes, place: Place) -> bytes:
        """The data key of the row that ``place`` lies in."""
        (version,) = _HEAD.unpack_from(wrapped)
        if version not in self._wrapping:
            raise MisconfiguredError(
                N_("The key file lacks key %(version)s, which sealed part of this database: use the newest key file."),
                version=version,
            )
        return _unseal(self._wrapping[version], wrapped[_HEAD.size :], _key_place(place).bound(version))

    @staticmethod
    def seal(data_key: bytes, text: str, place: Place) -> bytes:
        """``text`` sealed for one place; 28 octets longer than its UTF-8."""
        return _seal(data_key, text.encode(), place.bound(_FORMAT))

    @contextmanager
    def open(self, reason: str) -> Iterator[Opener]:
        """Open sealed fields, and say in the log why and how many."""
        opener = Opener(self)
        try:
            yield opener
        finally:
            log.logger().debug("vault.opened", reason=reason, fields=opener.opened)

    # Keyed hashes

    def _mac(self, purpose: str, *parts: bytes) -> bytes:
        return hmac.digest(self._purpose[purpose], b"\0".join(parts), "sha256")

    def address_index(self, canonical: str) -> bytes:
        """The blind index of a canonical address: equal addresses, equal 32 octets."""
        return self._mac("address", canonical.encode())

    def fingerprint(self) -> bytes:
        """What a database remembers of its key ring, to refuse another one's."""
        return self._mac("installation", self.installation.encode())

    def message_id(self, campaign: int, ref: bytes) -> str:
        """The left side of a delivery's Message-ID: stable over retries, never used again, telling nothing."""
        return base64.b32encode(self._mac("message-id", b"%d" % campaign, ref)[:20]).decode().lower()

    # Tokens

    def unsubscribe_token(self, ref: bytes, topic: int) -> str:
        """A stateless link token for one subscriber and one topic; it never expires."""
        body = bytes([_FORMAT]) + ref + struct.pack(">I", topic)
        mac = self._mac("unsubscribe", body)[:_MAC]
        return base64.urlsafe_b64encode(body + mac).decode().rstrip("=")

    def read_unsubscribe_token(self, token: str) -> tuple[bytes, int]:
        """(subscriber ref, topic) of a genuine token; anything else raises NotFoundError."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        body, mac = raw[:-_MAC], raw[-_MAC:]
        genuine = hmac.compare_digest(mac, self._mac("unsubscribe", body)[:_MAC])
        if not genuine or len(body) != _TOKEN_BODY or self.unsubscribe_token(body[1:17], _topic(body)) != token:
            raise NotFoundError(N_("This link is not complete. Please copy the whole link from your email."))
        return body[1:17], _topic(body)


def _topic(body: bytes) -> int:
    return int.from_bytes(body[17:21], "big")


def _key_place(place: Place) -> Place:
    return Place(place.table, "data_key", place.row)


def _seal(key: bytes, plain: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def _unseal(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
    except (InvalidTag, ValueError):
        raise MisconfiguredError(
            N_("A sealed field does not open: it was damaged, moved, or sealed with another key file.")
        ) from None


def _decode(key: object) -> bytes:
    raw = base64.b64decode(str(key), validate=True)
    if len(raw) != _KEY:
        raise ValueError("a key has 32 octets")
    return raw


# The key file


def _inside(path: Path, home: Path) -> bool:
    return path.resolve().is_relative_to(home.resolve())


def create(path: Path, home: Path) -> "Vault":
    """Write a new key file at ``path`` (mode 0600) and unlock it. Never overwrites one."""
    if _inside(path, home):
        raise _inside_home(path)
    fresh = base64.b64encode
    ring: dict[str, object] = {
        "format": _FORMAT,
        "installation": secrets.token_hex(8),
        "wrapping": {"1": fresh(secrets.token_bytes(32)).decode()},
        "root": fresh(secrets.token_bytes(32)).decode(),
    }
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise MisconfiguredError(
            N_(
                "The key file %(path)s exists already, and may be all that opens another database:"
                " move it, or name another with MAILER_KEY_FILE."
            ),
            path=path,
        ) from None
    except OSError as error:
        raise MisconfiguredError(
            N_("The key file %(path)s cannot be written: %(why)s."), path=path, why=error.strerror
        ) from None
    with os.fdopen(descriptor, "w") as file:
        json.dump(ring, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return Vault(ring)


def unlock(path: Path, home: Path) -> "Vault":
    """Read the key file, refusing one that others can read or that lies beside the data it opens."""
    if _inside(path, home):
        raise _inside_home(path)
    try:
        mode = path.stat().st_mode
        text = path.read_bytes() if stat.S_ISREG(mode) else b""
    except FileNotFoundError:
        raise MisconfiguredError(
            N_("There is no key file at %(path)s: put it back, or say where it lies with MAILER_KEY_FILE."), path=path
        ) from None
    except OSError as error:
        raise MisconfiguredError(
            N_("The key file %(path)s cannot be read: %(why)s."), path=path, why=error.strerror
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise MisconfiguredError(
            N_("Others can read the key file %(path)s: run chmod 600 on it, and think of who may have it."), path=path
        )
    try:
        return Vault(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError):
        raise MisconfiguredError(
            N_("The key file %(path)s is damaged: restore it from its backup."), path=path
        ) from None


def _inside_home(path: Path) -> MisconfiguredError:
    return MisconfiguredError(
        N_("The key file %(path)s lies inside the data home: move it out, so that who takes the data lacks the key."),
        path=path,
    )


def new_ref() -> bytes:
    """A random name of 16 octets for a row whose fields are sealed."""
    return secrets.token_bytes(16)


def digest(*parts: bytes) -> str:
    """A plain SHA-256 over ``parts``, for frozen content; never for anything about a person."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(struct.pack(">Q", len(part)) + part)
    return whole.hexdigest()
