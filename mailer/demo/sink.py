"""A mail sink on this machine: takes everything, keeps each message as a file, does its own count.

``python -m mailer.demo.sink FOLDER`` listens on a free loopback port and writes it to
``FOLDER/port``. A message is ``NNNNNN.eml``, exactly as received; ``record.jsonl`` has a line for
each, written before the sender is told 250. It knows nothing of our database.
"""

import asyncio
import json
import signal
import sys
from itertools import count
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer import clock

PORT, RECORD = "port", "record.jsonl"
_LARGEST = 20_000_000


class _Keeper:
    """aiosmtpd's handler: one message after another into the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._record = (folder / RECORD).open("a", encoding="utf-8")

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 — aiosmtpd's name
        at = clock.monotonic()
        content = envelope.content
        assert isinstance(content, bytes)
        number = next(self._numbers)
        (self._folder / f"{number:06}.eml").write_bytes(content)
        line = {"n": number, "at": at, "from": envelope.mail_from, "to": envelope.rcpt_tos}
        self._record.write(json.dumps(line) + "\n")
        self._record.flush()
        return "250 2.0.0 kept"


async def _serve(folder: Path) -> None:
    keeper, loop, over = _Keeper(folder), asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    server = await loop.create_server(
        lambda: SMTP(keeper, data_size_limit=_LARGEST, hostname="sink.example"), "127.0.0.1", 0
    )
    port = folder / PORT
    port.with_suffix(".new").write_text(str(server.sockets[0].getsockname()[1]))
    # Renamed into place, so that nobody reads half a number.
    port.with_suffix(".new").replace(port)
    await over.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
