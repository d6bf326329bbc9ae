"""Serving pages: a socket that is taken first, then uvicorn on it, without an access log: our addresses are secrets."""

import signal
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress

import uvicorn
from fastapi import FastAPI

from mailer import installation, log
from mailer.config import Settings
from mailer.db import schema
from mailer.errors import MisconfiguredError, UnavailableError
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
    """Serve until Ctrl-C or what else raises KeyboardInterrupt; ``begun`` is told the address.

    Raises MisconfiguredError, in peace, once pages of this program could not begin any more.
    """
    host, port = listener.getsockname()[:2]
    try:
        # Two that asked for one port may both have been given it; only one may listen.
        listener.listen(_BACKLOG)
    except OSError as error:
        raise _taken(host, port, error) from None
    config = uvicorn.Config(
        app, log_config=None, access_log=False, backlog=_BACKLOG, timeout_graceful_shutdown=_GRACE_SECONDS
    )
    server = _Server(config)
    with suppress(KeyboardInterrupt), _watched(server, app.state.installation):
        begun(f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/")
        server.run(sockets=[listener])
    if server.refused is not None:
        raise server.refused


class _Server(uvicorn.Server):
    """It catches the signals itself, ends in peace, and then raises them anew; a closed terminal's as well."""

    refused: MisconfiguredError | None = None

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        with super().capture_signals():
            before = signal.signal(signal.SIGHUP, self.handle_exit)
            try:
                yield
            finally:
                signal.signal(signal.SIGHUP, before)


@contextmanager
def _watched(server: _Server, house: Installation) -> Iterator[None]:
    """Pages that end by themselves where they could not begin: under another schema, with another withdrawals file."""
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(server, house, over), name="watch", daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        # It may be waiting for a database that is away.
        watch.join(_GRACE_SECONDS)


def _watch(server: _Server, house: Installation, over: threading.Event) -> None:
    while not over.wait(house.settings.tick):
        try:
            schema.check(house.database)
            catch_up(house)
        except UnavailableError:
            # Each page says so itself, and goes on by itself.
            continue
        except MisconfiguredError as error:
            server.refused, server.should_exit = error, True
            return
        except Exception:  # noqa: BLE001 — the pages are worth more than their watch
            log.logger().exception("watch.broke")


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
