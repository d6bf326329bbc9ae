"""The bench's receiving end: it is smtp-sink that answers, and what it counts is what it took."""

import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from mailer.bench import sink as sinks
from mailer.bench.reference import send
from mailer.bench.sink import HOST, sink

pytestmark = pytest.mark.usefixtures("servers")


@contextmanager
def stranger() -> Iterator[int]:
    """The port of a server that is not ours, and greets whoever comes."""
    with socket.create_server((HOST, 0)) as server:

        def greet() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    line.sendall(b"220 stranger.example\r\n")

        thread = Thread(target=greet, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_what_it_counts_is_what_it_took(tmp_path: Path) -> None:
    with sink(tmp_path) as taker:
        assert taker.taken() == 0
        assert send(taker, 20, 5000).messages == 20
        with smtplib.SMTP(HOST, taker.port) as client:
            client.sendmail("a@here.example", ["b@there.example"], b"Subject: one\r\n\r\nmore\r\n")
        assert taker.taken() == 21
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(HOST, taker.port)


def test_who_took_its_port_is_not_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start, ports = sinks._start, []  # noqa: SLF001 — no other way to have the port taken just then

    with stranger() as taken:

        def late(counts: Path, name: str) -> object:
            process, port = start(counts, name)
            ports.append(port)
            return process, (taken if len(ports) == 1 else port)

        monkeypatch.setattr(sinks, "_start", late)
        with sink(tmp_path) as taker:
            assert len(ports) == 2
            assert taker.port == ports[1]
