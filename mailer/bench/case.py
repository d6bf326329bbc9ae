"""What is measured: the bench's edition under each signature, and the one with pictures."""

from collections.abc import Mapping
from types import MappingProxyType

CASES: Mapping[str, str] = MappingProxyType({"unsigned": ""})
"""Case → the algorithm of its signature (RFC 6376 §3.3, RFC 8463), none for ''. Each that is here is run."""

PICTURES = "pictures"
"""The case of the edition with pictures, which is not signed."""
