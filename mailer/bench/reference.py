"""The first reference: Postfix's smtp-source, which sends one made-up message again and again over ten connections."""

import subprocess
from dataclasses import dataclass

from mailer import clock
from mailer.bench import usage
from mailer.bench.program import SOURCE, program
from mailer.bench.sink import HOST, Sink
from mailer.errors import UnavailableError
from mailer.i18n import N_

CONNECTIONS = 10


@dataclass(frozen=True, slots=True)
class Sent:
    """How many messages were sent, in how many seconds, for how many seconds of CPU."""

    messages: int
    seconds: float
    cpu: float

    @property
    def per_second(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU a message."""
        return self.cpu * 1e6 / self.messages


def send(sink: Sink, messages: int, octets: int) -> Sent:
    """Have smtp-source send ``messages`` of ``octets`` each. Raises UnavailableError where it cannot."""
    words = ["-d", "-s", str(CONNECTIONS), "-m", str(messages), "-l", str(octets)]
    people = ["-f", "source@tidewater.example", "-t", "sink@tidewater.example"]
    spent, began = usage.ended_children_seconds(), clock.monotonic()
    done = subprocess.run(  # noqa: S603 — a program of Postfix's, arguments of our own
        [program(SOURCE), *words, *people, f"{HOST}:{sink.port}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = clock.monotonic() - began
    if done.returncode:
        raise UnavailableError(N_("smtp-source has failed: %(why)s."), why=" ".join(done.stderr.split()).rstrip("."))
    return Sent(messages, seconds, usage.ended_children_seconds() - spent)
