"""What was found out about names, in memory, for as long as it holds; a restart forgets it."""

import secrets
from hashlib import blake2b
from typing import Generic, TypeVar

from mailer import clock

Value = TypeVar("Value")


class Memory(Generic[Value]):
    """Up to ``most`` values by name; of more, what has been here longest is forgotten.

    Names are kept as hashes under a key of their own: they are domains of readers.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._key = secrets.token_bytes(16)
        self._kept: dict[bytes, tuple[float, Value]] = {}

    def get(self, name: str) -> Value | None:
        """What holds of a name, if anything does."""
        until, value = self._kept.get(self._hash(name), (0.0, None))
        return value if clock.monotonic() < until else None

    def keep(self, name: str, value: Value, seconds: float) -> None:
        """Remember for so many seconds, instead of what was remembered before."""
        place = self._hash(name)
        self._kept.pop(place, None)
        self._kept[place] = clock.monotonic() + seconds, value
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def _hash(self, name: str) -> bytes:
        return blake2b(name.encode(), digest_size=16, key=self._key).digest()
