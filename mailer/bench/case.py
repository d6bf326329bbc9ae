"""What is measured: the bench's edition under each signature, and the one with pictures."""

from collections.abc import Mapping
from types import MappingProxyType

from mailer.vault import Algorithm

CASES: Mapping[str, str] = MappingProxyType({"unsigned": "", "ed25519": Algorithm.ED25519, "rsa": Algorithm.RSA})
"""Case → the algorithm of its signature (RFC 6376 §3.3, RFC 8463), none for ''."""

PICTURES = "pictures"
"""The case of the edition with pictures, which is not signed."""
