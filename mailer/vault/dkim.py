"""The keys that sign mails (DKIM, RFC 6376 and 8463), and the DNS records that show their public halves."""

import base64
import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

_BITS = 2048  # what receivers must be able to verify, and the most that DNS carries with ease (RFC 8301 §3.2)
_STRING = 255  # octets of one string in a TXT record (RFC 1035 §3.3.14)


class Algorithm(StrEnum):
    """How a key signs, as a signature's ``a=`` says it."""

    RSA = "rsa-sha256"
    ED25519 = "ed25519-sha256"
    """Shorter and quicker; many receivers cannot verify it (RFC 8463), so it is for use beside RSA."""


class KeyState(StrEnum):
    """Where a key stands in its life."""

    NEXT = "next"
    """Made, and its record to be published before anything is signed with it."""
    SIGNING = "signing"
    RETIRED = "retired"
    """It signs no more; its record stays for what it has signed."""


@dataclass(frozen=True, slots=True)
class DkimKey:
    """One key: of which domain, and under which name receivers find it.

    ``since``: the day on which it came into its state; None in key files from before there were states.
    """

    domain: str
    selector: str
    algorithm: Algorithm
    private: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)
    state: KeyState = KeyState.SIGNING
    since: date | None = None

    def sign(self, octets: bytes) -> bytes:
        """The signature over a mail's hashed header fields (RFC 6376 §3.3.1, RFC 8463 §3)."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(octets, PKCS1v15(), SHA256())
        return self.private.sign(sha256(octets).digest())

    def sound(self) -> bool:
        """Whether the public half verifies what the private half signs; a damaged key may load all the same."""
        try:
            signature = self.sign(b"")
            if isinstance(self.private, RSAPrivateKey):
                self.private.public_key().verify(signature, b"", PKCS1v15(), SHA256())
            else:
                self.private.public_key().verify(signature, sha256(b"").digest())
        except (InvalidSignature, ValueError):
            return False
        return True

    @property
    def record_name(self) -> str:
        """The name of its DNS record (RFC 6376 §3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record_value(self) -> str:
        """The text of its DNS record (RFC 6376 §3.6.1, RFC 8463 §4: of Ed25519 the bare key)."""
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            kind, octets = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            kind, octets = "ed25519", public.public_bytes_raw()
        return f"v=DKIM1; k={kind}; p={base64.b64encode(octets).decode()}"

    @property
    def zone_line(self) -> str:
        """The record as a line of a zone file: strings that DNS can carry, which receivers join again."""
        strings = re.findall(f".{{1,{_STRING}}}", self.record_value)
        return f"{self.record_name}. IN TXT " + " ".join(f'"{string}"' for string in strings)


def generate(domain: str, selector: str, algorithm: Algorithm, state: KeyState, since: date) -> DkimKey:
    """A fresh key."""
    private = rsa.generate_private_key(65537, _BITS) if algorithm is Algorithm.RSA else Ed25519PrivateKey.generate()
    return DkimKey(domain, selector, algorithm, private, state, since)


def load(entry: dict[str, Any]) -> DkimKey:
    """A key of the key file; ValueError, KeyError or TypeError where it is none."""
    try:
        # Whether the primes are primes costs 50 ms at every start; the file is our own, and ``sound`` is quick.
        private = load_der_private_key(
            base64.b64decode(entry["private"], validate=True), None, unsafe_skip_rsa_key_validation=True
        )
    except UnsupportedAlgorithm:
        raise ValueError("a key of a kind that this program does not know") from None
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise TypeError("a key of a kind that signs no mails")
    algorithm = Algorithm(entry["algorithm"])
    if isinstance(private, RSAPrivateKey) != (algorithm is Algorithm.RSA):
        raise ValueError("a key for another algorithm")
    since = date.fromisoformat(entry["since"]) if "since" in entry else None
    state = KeyState(entry.get("state", KeyState.SIGNING))
    return DkimKey(str(entry["domain"]), str(entry["selector"]), algorithm, private, state, since)


def dump(key: DkimKey) -> dict[str, str]:
    """A key as the key file holds it."""
    private = key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    entry = {
        "domain": key.domain,
        "selector": key.selector,
        "algorithm": key.algorithm.value,
        "private": base64.b64encode(private).decode(),
        "state": key.state.value,
    }
    return entry | ({"since": key.since.isoformat()} if key.since else {})
