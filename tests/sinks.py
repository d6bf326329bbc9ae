"""What takes a test run's mail: Postfix's smtp-sink, mail providers with hidden limits, and TLS in front of either."""

import json
import os
import re
import secrets
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests import machine, postmaster, terminator
from tests.network import HUB, Network
from tests.program import Program, given

# Octets of a sink's file that hold its envelope.
_HEAD = 4096
# What it puts on top: the envelope, and its own Received field, folded over some lines.
_TOP = re.compile(rb"(?:X-[^\n]*\n)+Received:[^\n]*\n(?:[ \t][^\n]*\n)*")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a mail provider said of a recipient, and when (seconds of the system's clock)."""

    recipient: str
    at: float
    said: str


@dataclass(frozen=True, slots=True)
class Received:
    """A mail that a sink took: for whom, when (nanoseconds of the file system's clock), and its file."""

    recipient: str
    arrival: int
    path: Path

    def mail(self) -> bytes:
        """What smtp-sink was handed: without what it puts around it, and with the line ends that it takes away."""
        kept = _TOP.sub(b"", self.path.read_bytes(), count=1).removesuffix(b"\n")
        return kept.replace(b"\n", b"\r\n")


class SmtpSink(Program):
    """Postfix's smtp-sink, which keeps each transaction in a file; its port stays the same when it is restarted.

    ``host`` and ``port``: where it listens, of its ``place`` where it has one.
    """

    def __init__(self, *, place: Network | None = None, host: str = "", port: int = 0) -> None:
        super().__init__()
        self.place = place
        self._mails = self.folder / "mails"
        self._mails.mkdir()
        given(self._mails)
        self._host = host or (HUB if place else "127.0.0.1")
        self._words: tuple[str, ...] = ()
        self.port = port or _free_port()

    def behave(self, *words: str) -> None:
        """Start anew with other words on its command line, such as ``-q`` ``DATA``; without any, it takes all."""
        self.stop()
        self._words = ("-c", *words)
        (self.folder / "log").unlink(missing_ok=True)
        self.start()

    def received(self) -> Iterator[Received]:
        """Every mail that was taken whole, also while others are being taken."""
        # In this order: what was there and is not open is complete, or was given up and is gone.
        paths = list(self._mails.iterdir())
        unfinished = self._unfinished()
        for path in paths:
            with suppress(FileNotFoundError):
                if path.name not in unfinished:
                    arrival = path.stat().st_mtime_ns
                    with path.open("rb") as file:
                        head = file.read(_HEAD).partition(b"\nReceived:")[0].decode(errors="replace")
                    for recipient in re.findall(r"^X-Rcpt-Args: <(.*?)>", head, re.MULTILINE):
                        yield Received(recipient, arrival, path)

    def sessions(self) -> int:
        """How many sessions have ended since it was told how to behave."""
        # It paints one line over another.
        said = re.findall(r"sess=(\d+)", (self.folder / "log").read_text())
        return int(said[-1]) if said else 0

    def taken(self) -> int:
        """How many mails it has taken, those on their way included: quick, for whoever waits for some number."""
        return sum(1 for _ in os.scandir(self._mails))

    def stop(self, *, hard: bool = False) -> None:
        if self._process is not None:
            # It says yes only to a whole mail, but leaves the beginnings of others behind when it ends.
            self._process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            for name in self._unfinished():
                (self._mails / name).unlink(missing_ok=True)
            hard = True
        super().stop(hard=hard)

    def command(self) -> list[str]:
        where = (*self._words, "-d", f"{self._mails}/m.", f"{self._host}:{self.port}", "100")
        return [machine.program(machine.SMTP_SINK), *where]

    def answers(self) -> bool:
        return self.listens(self.port)

    def _unfinished(self) -> set[str]:
        """The names of the files that it has open."""
        names = set()
        if self._process is not None:
            for link in Path(f"/proc/{self._process.pid}/fd").iterdir():
                with suppress(FileNotFoundError):
                    names.add(link.readlink().name)
        return names


class Terminator(Program):
    """TLS in front of a mail server of this machine: it shows a certificate, and lets no mail pass in the clear."""

    ours = True

    def __init__(self, behind: int, certificate: Path) -> None:
        super().__init__()
        self._behind = behind
        self._certificate = certificate
        self.port = _free_port()

    def command(self) -> list[str]:
        return [sys.executable, "-P", terminator.__file__, str(self.port), str(self._behind), str(self._certificate)]

    def answers(self) -> bool:
        return self.listens(self.port)


class Postmaster(Program):
    """Mail providers with hidden limits: a rule for each domain that has any."""

    ours = True

    def __init__(self, rules: Mapping[str, postmaster.Rule]) -> None:
        super().__init__()
        self._rules = self.folder / postmaster.RULES
        self._rules.write_text(postmaster.written(rules))
        self.port = _free_port()

    def answered(self) -> list[Answer]:
        """All that it said of recipients, in order."""
        record = self.folder / postmaster.RECORD
        # The last line may be half written.
        lines = record.read_text().split("\n")[:-1] if record.exists() else []
        return [Answer(line["to"], line["at"], line["said"]) for line in map(json.loads, lines)]

    def received(self) -> Iterator[Received]:
        """Every mail that it took."""
        for answer in self.answered():
            if answer.said == postmaster.TAKEN:
                yield Received(answer.recipient, int(answer.at * 1e9), self.folder)

    def taken(self) -> int:
        """How many it has taken."""
        return sum(1 for _ in self.received())

    def command(self) -> list[str]:
        return [sys.executable, "-P", postmaster.__file__, str(self.port), str(self.folder)]

    def answers(self) -> bool:
        return self.listens(self.port)


def _free_port() -> int:
    """A free port below those that systems lend to whoever connects, so that a restart finds it free again."""
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
