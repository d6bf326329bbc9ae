"""What a worker takes from the broker: wake-ups, and nothing else.

Kombu and Celery trust what they are handed: a message that does not parse ends the whole worker,
and one that parses but lacks something is put back and ends the next. So what is no wake-up is
dropped here, with one line of log, and what is one is handed on in an envelope of our own
making: nothing that anybody else wrote is decoded any further, called, or kept for later.
"""

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem, redis, virtual

from mailer import log
from mailer.queue import DRAIN

_NOTHING = base64.b64encode(b'[[], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]').decode()


def install() -> None:
    """Have this process read its broker by the transports below, whatever the URL is."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:RedisTransport"
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:FolderTransport"


def _whole(message: Any, name: str) -> dict[str, Any] | None:
    """A wake-up as it should be; ``None`` for what is none."""
    headers = message.get("headers") if isinstance(message, dict) else None
    if not isinstance(headers, dict) or headers.get("task") != DRAIN:
        return None
    tag = secrets.token_hex(16)
    return {
        "body": _NOTHING,
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": DRAIN, "id": tag, "root_id": tag, "retries": 0, "ignore_result": True},
        "properties": {
            "delivery_tag": tag,
            "delivery_info": {"exchange": "", "routing_key": name},
            "body_encoding": "base64",
        },
    }


def _drop(why: str) -> None:
    log.logger().warning("broker.rubbish", why=f"{why}: dropped")


class _Reading(virtual.Channel):
    """A channel to which what it cannot read is nothing."""

    @contextmanager
    def _parsed(self) -> Iterator[None]:
        transport = self.connection
        try:
            yield
        except (Empty, *transport.connection_errors, *transport.channel_errors):
            # A broker that is away, or nothing there.
            raise
        except Exception as error:  # noqa: BLE001 — whatever a parser makes of rubbish
            _drop(f"a message that cannot be read ({type(error).__name__})")
            raise Empty from None

    def _get(self, queue: Any, timeout: Any = None) -> Any:  # noqa: ARG002 — kombu's signature
        with self._parsed():
            return super()._get(queue)


class _WakeUps(virtual.Transport):
    """A transport that hands on wake-ups only."""

    def _deliver(self, message: Any, name: str) -> None:
        if whole := _whole(message, name):
            super()._deliver(whole, name)
        else:
            _drop("a message that is no wake-up")


class _RedisChannel(_Reading, redis.Channel):
    def _brpop_read(self, **options: Any) -> Any:
        with self._parsed():
            return super()._brpop_read(**options)


class _FolderChannel(_Reading, filesystem.Channel):
    pass


class RedisTransport(_WakeUps, redis.Transport):
    """Kombu's, with an eye on what comes in."""

    Channel = _RedisChannel


class FolderTransport(_WakeUps, filesystem.Transport):
    """The same for a folder."""

    Channel = _FolderChannel
