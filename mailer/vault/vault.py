"""The unlocked key ring of one process.

Envelope: each subscriber has a data key, sealed ("wrapped") by the newest wrapping key of the
ring; fields are sealed by the data key. Destroying the data key erases the person.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mailer import log
from mailer.errors import MisconfiguredError, NotFoundError
from mailer.i18n import N_
from mailer.vault import dkim, rotation
from mailer.vault.seal import FORMAT, Opener, Place, seal, unseal

_MAC = 16
_KEY = 32
_TOKEN_BODY = 1 + 16 + 4  # format, subscriber ref, topic
_HEAD = struct.Struct(">H")  # the wrapping key's version, before the nonce


class Vault:
    """What a process can do with the keys."""

    def __init__(self, ring: dict[str, object]) -> None:
        self.installation = str(ring["installation"])
        wrapping, dkim_keys = ring["wrapping"], ring.get("dkim", [])
        if not isinstance(wrapping, dict) or not isinstance(dkim_keys, list):
            raise TypeError("a ring holds keys by version, and a list of those that sign")
        self._wrapping = {int(version): _decode(key) for version, key in wrapping.items()}
        self._newest = max(self._wrapping)
        root = _decode(str(ring["root"]))
        self._purpose = {
            purpose: hmac.new(
                HKDF(SHA256(), 32, salt=None, info=f"twinletter {purpose}".encode()).derive(root), digestmod="sha256"
            )
            for purpose in ("address", "domain", "message-id", "unsubscribe", "installation")
        }
        self.dkim = [dkim.load(entry) for entry in dkim_keys]

    def signing(self, domain: str) -> tuple[dkim.DkimKey, ...]:
        """The keys that sign mails from ``domain``: its own, or those of the nearest domain above it."""
        return rotation.signing(self.dkim, domain)

    # Sealed fields

    def new_data_key(self, place: Place) -> tuple[bytes, bytes]:
        """A fresh data key for one row: (plain, wrapped)."""
        plain = secrets.token_bytes(32)
        sealed = seal(self._wrapping[self._newest], plain, _key_place(place).bound(self._newest))
        return plain, _HEAD.pack(self._newest) + sealed

    def unwrap(self, wrapped: bytes, place: Place) -> bytes:
        """The data key of the row that ``place`` lies in."""
        (version,) = _HEAD.unpack_from(wrapped)
        if version not in self._wrapping:
            raise MisconfiguredError(
                N_("The key file lacks key %(version)s, which sealed part of this database: use the newest key file."),
                version=version,
            )
        return unseal(self._wrapping[version], wrapped[_HEAD.size :], _key_place(place).bound(version))

    @staticmethod
    def seal(data_key: bytes, text: str, place: Place) -> bytes:
        """``text`` sealed for one place; 28 octets longer than its UTF-8."""
        return seal(data_key, text.encode(), place.bound(FORMAT))

    @contextmanager
    def open(self, reason: str) -> Iterator[Opener]:
        """Open sealed fields, and say in the log why and how many."""
        opener = Opener(self.unwrap)
        try:
            yield opener
        finally:
            log.logger().debug("vault.opened", reason=reason, fields=opener.opened)

    # Keyed hashes

    def _mac(self, purpose: str, *parts: bytes) -> bytes:
        # From one that has taken the key in already: to do that takes longer than the rest.
        mac = self._purpose[purpose].copy()
        mac.update(b"\0".join(parts))
        return mac.digest()

    def address_index(self, canonical: str) -> bytes:
        """The blind index of a canonical address: equal addresses, equal 32 octets."""
        return self._mac("address", canonical.encode())

    def domain_index(self, domain: str) -> bytes:
        """The same for a canonical domain; no address has it."""
        return self._mac("domain", domain.encode())

    def fingerprint(self) -> bytes:
        """What a database remembers of its key ring, to refuse another one's."""
        return self._mac("installation", self.installation.encode())

    def message_id(self, campaign: int, ref: bytes) -> str:
        """The left side of a delivery's Message-ID: stable over retries, never used again, telling nothing."""
        return self._mac("message-id", b"%d" % campaign, ref)[:20].hex()

    # Tokens

    def unsubscribe_token(self, ref: bytes, topic: int) -> str:
        """A stateless link token for one subscriber and one topic; it never expires."""
        body = bytes([FORMAT]) + ref + struct.pack(">I", topic)
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


def _decode(key: object) -> bytes:
    raw = base64.b64decode(str(key), validate=True)
    if len(raw) != _KEY:
        raise ValueError("a key has 32 octets")
    return raw


def new_ref() -> bytes:
    """A random name of 16 octets for a row whose fields are sealed."""
    return secrets.token_bytes(16)


def digest(*parts: bytes) -> str:
    """A plain SHA-256 over ``parts``, for frozen content; never for anything about a person."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(struct.pack(">Q", len(part)) + part)
    return whole.hexdigest()
