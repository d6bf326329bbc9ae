"""A name server, by UDP and TCP: it answers as told, and remembers what it was asked."""

import json
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dns import flags, message, rcode, rdatatype, rrset
from dns.message import Message

Answer = Callable[[Message], bytes | None]
_DATAGRAM = 1232


@dataclass
class NameServer:
    """``answers``: by domain what is sent back, None for silence; all others do not exist."""

    address: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, question: bytes) -> bytes | None:
        asked = message.from_wire(question)
        domain = asked.question[0].name.to_text(omit_final_dot=True)
        self.asked.append(domain)
        return self.answers.get(domain, refusing(rcode.NXDOMAIN))(asked)


def mx(*records: str, ttl: int = 3600) -> Callable[[Message], bytes]:
    """An answer of MX records, each as in a zone file: ``10 mx.example.``."""
    found = rrset.from_text_list(".", ttl, "IN", "MX", records)

    def answer(asked: Message) -> bytes:
        found.name = asked.question[0].name
        return _wire(asked, [found])

    return answer


def txt(*records: str) -> Callable[[Message], bytes]:
    """An answer of TXT records, each cut into strings that DNS can carry."""
    cut = [" ".join(f'"{record[at : at + 255]}"' for at in range(0, len(record), 255)) for record in records]
    found = rrset.from_text_list(".", 3600, "IN", "TXT", cut)

    def answer(asked: Message) -> bytes:
        found.name = asked.question[0].name
        return _wire(asked, [found])

    return answer


def records(*lines: str, ttl: int = 3600) -> Answer:
    """An answer for whatever kind is asked for, from lines as in a zone file: ``A 192.0.2.1``; nothing of others."""

    def answer(asked: Message) -> bytes:
        question = asked.question[0]
        kind = rdatatype.to_text(question.rdtype)
        data = [rest for word, _, rest in (line.partition(" ") for line in lines) if word == kind]
        name = question.name.to_text()
        return _wire(asked, [rrset.from_text_list(name, ttl, "IN", kind, data)] if data else [])

    return answer


def alias(target: str) -> Answer:
    """Another name to ask for instead, and that name back again."""

    def circle(asked: Message) -> bytes:
        own = asked.question[0].name.to_text()
        return _wire(
            asked,
            [rrset.from_text(own, 60, "IN", "CNAME", target), rrset.from_text(target, 60, "IN", "CNAME", own)],
        )

    return circle


def refusing(code: rcode.Rcode) -> Answer:
    """No record at all, and why."""

    def refuse(asked: Message) -> bytes:
        answer = message.make_response(asked)
        answer.set_rcode(code)
        return answer.to_wire()

    return refuse


def _wire(asked: Message, records: list[rrset.RRset]) -> bytes:
    answer = message.make_response(asked)
    answer.answer += records
    return answer.to_wire(max_size=65535)


@contextmanager
def serving(host: str = "127.0.0.1", port: int = 0) -> Iterator[NameServer]:
    """A name server for as long as the block lasts; ``address`` is for MAILER_DNS."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as streams,
    ):
        streams.bind((host, port))
        streams.listen()
        port = streams.getsockname()[1]
        datagrams.bind((host, port))
        server = NameServer(f"{host}:{port}")
        threads = [
            threading.Thread(target=_datagrams, args=(server, datagrams)),
            threading.Thread(target=_streams, args=(server, streams)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield server
        finally:
            # An empty one ends a loop: no question is empty.
            datagrams.sendto(b"", datagrams.getsockname())
            socket.create_connection(streams.getsockname()).close()
            for thread in threads:
                thread.join()


def _datagrams(server: NameServer, datagrams: socket.socket) -> None:
    while True:
        question, asker = datagrams.recvfrom(65535)
        if not question:
            return
        if answer := server.answer(question):
            datagrams.sendto(answer if len(answer) <= _DATAGRAM else _cut(question), asker)


def _cut(question: bytes) -> bytes:
    """What says that the whole is to be had by TCP (RFC 1035 §4.2.1)."""
    cut = message.make_response(message.from_wire(question))
    cut.flags |= flags.TC
    return cut.to_wire()


def _streams(server: NameServer, streams: socket.socket) -> None:
    while True:
        line, _ = streams.accept()
        with line, line.makefile("rb") as read:
            size = read.read(2)
            if not size:
                return
            if answer := server.answer(read.read(int.from_bytes(size))):
                line.sendall(len(answer).to_bytes(2) + answer)


def main(host: str, port: str, zone: str) -> None:
    """Serve a file of ``{name: [record, …]}`` until SIGTERM."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with serving(host, int(port)) as server:
        read: dict[str, list[str]] = json.loads(Path(zone).read_text())
        server.answers.update({name: records(*lines) for name, lines in read.items()})
        signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main(*sys.argv[1:])
