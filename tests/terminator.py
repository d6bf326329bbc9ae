"""TLS in front of a mail server that has none: it offers STARTTLS, and hands on what comes under it as it is.

``python terminator.py PORT SERVER_PORT CERTIFICATE`` takes no mail in the clear. It knows nothing of Twinletter.
"""

import asyncio
import signal
import ssl
import sys
from contextlib import suppress

_HOST = "127.0.0.1"
_CLEAR = {b"EHLO", b"HELO", b"NOOP", b"QUIT"}
"""What may be said before STARTTLS; whoever asks for that a second time asks the server, which knows of none."""
_FIRST = b"530 5.7.0 Must issue a STARTTLS command first\r\n"  # RFC 3207 §4
_READY = b"220 2.0.0 Ready to start TLS\r\n"


class _Server:
    """The one behind."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def reply(self) -> list[bytes]:
        """The lines of its next reply."""
        lines = [await self.reader.readuntil(b"\n")]
        while lines[-1][3:4] == b"-":
            lines.append(await self.reader.readuntil(b"\n"))
        return lines

    async def ask(self, command: bytes) -> list[bytes]:
        """Its reply to a command, with STARTTLS among what it offers."""
        self.writer.write(command)
        lines = await self.reply()
        if _verb(command) == b"EHLO" and lines[0].startswith(b"250"):
            lines[-1:] = [b"250-" + lines[-1][4:], b"250 STARTTLS\r\n"]
        return lines


async def _talk(
    server: _Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: ssl.SSLContext
) -> None:
    writer.writelines(await server.reply())
    while _verb(command := await reader.readuntil(b"\n")) != b"STARTTLS":
        if _verb(command) in _CLEAR:
            writer.writelines(await server.ask(command))
        else:
            writer.write(_FIRST)
    writer.write(_READY)
    await writer.start_tls(tls)
    pumps = {asyncio.create_task(_pump(reader, server.writer)), asyncio.create_task(_pump(server.reader, writer))}
    _, others = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    for pump in others:
        pump.cancel()


async def _pump(source: asyncio.StreamReader, drain: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while octets := await source.read(1 << 16):
            drain.write(octets)
            await drain.drain()


def _verb(command: bytes) -> bytes:
    return command.split(maxsplit=1)[0].upper() if command.strip() else b""


async def _serve(port: int, behind: int, certificate: str) -> None:
    tls, over = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), asyncio.Event()
    tls.load_cert_chain(certificate)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            server = _Server(*await asyncio.open_connection(_HOST, behind))
            try:
                await _talk(server, reader, writer, tls)
            finally:
                server.writer.close()
        writer.close()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    server = await asyncio.start_server(accept, _HOST, port)
    await over.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
