"""The keys that sign mails (DKIM, RFC 6376), and the DNS records that show their public halves."""

import base64
import re
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from mailer import clock

_ALGORITHM = "rsa-sha256"
_BITS = 2048  # what receivers must be able to verify, and the most that DNS carries with ease (RFC 8301 §3.2)
_STRING = 255  # octets of one string in a TXT record (RFC 1035 §3.3.14)


@dataclass(frozen=True, slots=True)
class DkimKey:
    """One signing key: of which domain, and under which name receivers find it."""

    domain: str
    selector: str
    algorithm: str
    private: RSAPrivateKey = field(repr=False)

    @property
    def record_name(self) -> str:
        """The name of its DNS record (RFC 6376 §3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record_value(self) -> str:
        """The text of its DNS record (RFC 6376 §3.6.1)."""
        public = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"

    @property
    def zone_line(self) -> str:
        """The record as a line of a zone file: strings that DNS can carry, which receivers join again."""
        strings = re.findall(f".{{1,{_STRING}}}", self.record_value)
        return f"{self.record_name}. IN TXT " + " ".join(f'"{string}"' for string in strings)


def new(domain: str) -> dict[str, str]:
    """A fresh key as the key file holds it. Its selector tells the year, so that an old key is seen to be old."""
    private = generate_private_key(65537, _BITS).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {
        "domain": domain,
        "selector": f"tl{clock.now():%Y}a",
        "algorithm": _ALGORITHM,
        "private": base64.b64encode(private).decode(),
    }


def load(entry: dict[str, str]) -> DkimKey:
    """A key of the key file; ValueError, KeyError or TypeError where it is none."""
    try:
        # Whether the primes are primes costs 50 ms at every start; the file is our own.
        private = load_der_private_key(
            base64.b64decode(entry["private"], validate=True), None, unsafe_skip_rsa_key_validation=True
        )
    except UnsupportedAlgorithm:
        raise ValueError("a key of a kind that this program does not know") from None
    if entry["algorithm"] != _ALGORITHM or not isinstance(private, RSAPrivateKey):
        raise ValueError("not a key for rsa-sha256")
    return DkimKey(str(entry["domain"]), str(entry["selector"]), _ALGORITHM, private)
