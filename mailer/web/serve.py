"""Serving pages: a socket that is taken first, then uvicorn on it, without an access log: our addresses are secrets."""

import signal
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress

import uvicorn
from fastapi import FastAPI

from mailer import installation
from mailer.config import Settings
from mailer.errors import MisconfiguredError
from mailer.events.restored import catch_up
from mailer.i18n import N_
from mailer.installation import Installation
from mailer.patience import patiently

PORT = 8025
_BACKLOG = 2048
_GRACE_SECONDS = 5


def port(asked: int | None, settings: Settings) -> int:
    """The port that a command asked for, else the setting's, else a fixed one that a proxy can be told."""
    return asked if asked is not None else settings.web_port or PORT


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """The pages' socket, taken before anything else is done; port 0 is any free one. Nobody is let in yet.

    Raises MisconfiguredError where it cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _taken(host, port, error) from None
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            raise _taken(host, port, error) from None
        yield listener


def ready(settings: Settings) -> Installation:
    """The installation for pages, with every withdrawal in it; a database that is away is waited for."""

    def unlock() -> Installation:
        house = installation.unlock(settings)
        catch_up(house)
        return house

    return patiently(unlock)


def serve(app: FastAPI, listener: socket.socket, begun: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or what else raises KeyboardInterrupt; ``begun`` is told the address."""
    host, port = listener.getsockname()[:2]
    try:
        # Two that asked for one port may both have been given it; only one may listen.
        listener.listen(_BACKLOG)
    except OSError as error:
        raise _taken(host, port, error) from None
    config = uvicorn.Config(
        app, log_config=None, access_log=False, backlog=_BACKLOG, timeout_graceful_shutdown=_GRACE_SECONDS
    )
    with suppress(KeyboardInterrupt):
        begun(f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/")
        _Server(config).run(sockets=[listener])


class _Server(uvicorn.Server):
    """It catches the signals itself, ends in peace, and then raises them anew; a closed terminal's as well."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        with super().capture_signals():
            before = signal.signal(signal.SIGHUP, self.handle_exit)
            try:
                yield
            finally:
                signal.signal(signal.SIGHUP, before)


def _taken(host: str, port: int, error: OSError) -> MisconfiguredError:
    return MisconfiguredError(
        N_(
            "Port %(port)s of %(host)s cannot be used (%(why)s):"
            " choose another with MAILER_WEB_PORT, or another address with MAILER_WEB_HOST."
        ),
        port=port,
        host=host,
        why=error.strerror,
    )
