"""Servers that mutate, tear, repeat, drop, delay and invent what they say: each message has one honest fate."""

import asyncio
import random
import re
import ssl
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mailer import clock
from tests.worker.authority import Authority
from tests.worker.line import LOOPS, parcels, row
from tests.worker.mailhost import NAME, SECRET, Host, secret, speak
from worker.batch import Batch
from worker.claim import Claimed
from worker.journal import Journal
from worker.pace import Pace
from worker.throttle import Grant
from worker.transport import Fate, Outcome, Parcel
from worker.transport.endpoint import Endpoint, Security
from worker.transport.smtp import Smtp

SHORT, LONG = 400, 10_000
"""Servers met."""
SIDE_BY_SIDE = 20
MESSAGES = 6
TIMEOUT = 0.3
FAR = 0.011
CODES = ("220", "250", "251", "334", "354", "421", "450", "503", "550", "554")
SECURITIES = {Security.NONE: 6, Security.OPPORTUNISTIC: 1, Security.STARTTLS: 1, Security.TLS: 1}
"""How they are spoken to, and how often: TLS takes its time."""
DEMANDED = (Security.STARTTLS, Security.TLS)
WAYS = ("mutate", "tear", "repeat", "drop", "delay", "more", "late", "hang up", "half", "last")
BEGINNINGS = ("more", "late", "last")


class Hostile:
    """What a server answers, and what becomes of that on its way, by a seed; and by which endpoint it is to be had."""

    def __init__(self, seed: int, authority: Authority, shown: ssl.SSLContext) -> None:
        chance = self._chance = random.Random(seed)  # noqa: S311 — the same each time
        self._often = chance.choice((0.03, 0.1, 0.4))
        self._refused = chance.randrange(MESSAGES * 2)
        self._said: dict[asyncio.StreamWriter, bytearray] = {}
        self._answered: dict[asyncio.StreamWriter, bool] = {}
        offers = chance.choice(((), ("PIPELINING",), ("PIPELINING", "SIZE 90000"), ("PIPELINING", "CHUNKING")))
        (security,) = chance.choices(tuple(SECURITIES), tuple(SECURITIES.values()))
        clear = security is Security.NONE
        asks = () if clear else chance.choice(((), ("AUTH PLAIN",), ("AUTH LOGIN",)))
        self.endpoint = Endpoint("127.0.0.1", 0, security, NAME if asks else "", SECRET, ca_file=str(authority.file))
        self.host = Host(
            *offers,
            *asks,
            answer=self._answer,
            speak=self._speak,
            tls=None if clear else shown,
            wrapped=security is Security.TLS,
        )

    def _answer(self, verb: str, argument: str) -> str | None:
        """What it means as well: a server that says 354 takes a body."""
        if self._chance.random() < self._often / 4:
            code = self._chance.choice(CODES)
            return f"{code} {code[0]}.{int(verb in {'MAIL', 'RCPT'})}.0 whatever"
        return "550 5.1.1 nobody" if verb == "RCPT" and f"r{self._refused}@" in argument else None

    async def _speak(self, writer: asyncio.StreamWriter, reply: bytes) -> None:
        if reply.startswith(b"250-"):
            await asyncio.sleep(FAR)
        # A handshake comes once in a session, and most of what may befall it is at its beginning.
        often, ways = (0.3, BEGINNINGS) if reply == b"220 go\r\n" else (self._often, WAYS)
        way = self._chance.choice(ways) if self._chance.random() < often else ""
        for piece in self._pieces(way, reply):
            self._note(writer, piece)
            await speak(writer, piece)
            await asyncio.sleep(self._chance.choice((0, 0.001, 0.02, TIMEOUT)) if way in {"delay", "late"} else 0)
        if way in {"hang up", "half", "last"}:
            raise ConnectionResetError

    def _note(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        """On the record: whatever is said after a 354, asked for or not, is an answer to the body that follows it."""
        letter = self.host.waiting.get(writer)
        if letter is None and self._answered.pop(writer, False):
            del self._said[writer]
        said = self._said.setdefault(writer, bytearray())
        said += piece
        if letter:
            letter.uttered = said if letter.counted else said[max(said.find(b"354"), 0) :]
            self._answered[writer] = True

    def _pieces(self, way: str, reply: bytes) -> list[bytes]:
        place = self._chance.randrange(len(reply))
        more = self._chance.choice(CODES).encode() + self._chance.choice((b" so\r\n", b"-so\r\n", b"", b"\r\n"))
        spoilt = {
            "mutate": [reply[:place] + self._chance.randbytes(1) + reply[place + 1 :]],
            "tear": [reply[:place], reply[place:]],
            "repeat": [reply + reply],
            "drop": [],
            "delay": [b"", reply],
            "more": [reply + more],
            # Later on it would be, for all that anybody can tell, the answer to what has been said since.
            "late": [reply, more if reply.startswith(b"220") else b""],
            "hang up": [],
            "half": [reply[:place]],
        }
        return spoilt.get(way, [reply])


def _judge(host: Host, sent: Sequence[Parcel], settled: Sequence[tuple[Claimed, Outcome]]) -> None:
    """By the server's own record."""
    outcomes = {row.id: outcome for row, outcome in settled}
    assert sorted(row.id for row, _ in settled) == [parcel.delivery_id for parcel in sent]
    for letter in host.letters:
        # Where it says no and waits for a body all the same, commands are what it gets.
        for number in re.findall(rb"Subject: (\d)", letter.body):
            assert letter.recipient == f"r{int(number)}@reader.example", "a body went to somebody else's recipient"
    for parcel in sent:
        outcome = outcomes[parcel.delivery_id]
        assert not re.fullmatch(r"\w+Error", outcome.reply), "it broke"
        came = [letter for letter in host.letters if letter.body and parcel.content.startswith(letter.body[:10])]
        assert len(came) <= 1, "its body left twice"
        if outcome.fate is Fate.SENT:
            assert came, "it never came"
            assert came[0].whole, "it was cut off"
            agreed = rb"^2\d\d[ -]2\.(?!1\.)" if came[0].counted else rb"^2\d\d"
            assert re.search(agreed, came[0].uttered, re.MULTILINE), "nobody agreed to it"
        elif not outcome.after_body:
            assert all(letter.counted for letter in came), "a body left that counts as kept"


async def _meet(hostile: Hostile, seed: int, journal: Journal) -> Counter[Fate]:
    """One server, two connections, a batch; one of them may be withdrawn on the way."""
    sent = parcels(MESSAGES, size=seed % 3 * 300)
    withdrawn = seed % (MESSAGES * 3)

    async def renew(wanted: int) -> Grant:
        return Grant(wanted, 0.0, 0.0)

    def may_go(number: int) -> bool:
        return number != withdrawn or not hostile.host.letters

    pace = Pace(Grant(len(sent), 0.0, 0.0), clock.monotonic(), renew)
    made = {parcel.delivery_id: parcel for parcel in sent}
    batch = Batch(
        [*map(row, made)], lambda each: made[each.id], journal.claim(), journal, pace, may_go, clock.monotonic() + 600
    )
    async with hostile.host as host:
        transport = Smtp(replace(hostile.endpoint, port=host.port), TIMEOUT)
        connections = [transport.connect(), transport.connect()]
        await batch.transmit(connections)
        for connection in connections:
            await connection.close()
        # What has left is still to come in.
        await asyncio.sleep(0.01)
    try:
        _judge(host, sent, batch.settled())
        assert hostile.endpoint.security not in DEMANDED or secret(host), "it could be overheard"
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    return Counter(outcome.fate for _, outcome in batch.settled())


@pytest.mark.databases("sqlite")
@pytest.mark.promise(3, 13)
def test_whatever_servers_say_each_message_has_one_honest_fate(
    journal: Journal,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    many = LONG if pytestconfig.getoption("chaos") else SHORT
    authority = Authority(tmp_path / "authority")
    shown = authority.server()
    found = {security: Counter[Fate]() for security in SECURITIES}

    async def meet_all(some: Iterable[int]) -> None:
        seeds = iter(some)

        async def meet_some() -> None:
            for seed in seeds:
                hostile = Hostile(seed, authority, shown)
                found[hostile.endpoint.security].update(await _meet(hostile, seed, journal))

        await asyncio.gather(*(meet_some() for _ in range(SIDE_BY_SIDE)))

    for number, loop in enumerate(LOOPS):
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(meet_all(range(number, many, len(LOOPS))))
    fates = sum(found.values(), Counter[Fate]())
    assert fates.total() == many * MESSAGES
    # It was no walk-over, and not hopeless either, however they are spoken to.
    assert set(fates) == set(Fate)
    assert fates[Fate.SENT] > fates.total() / 3
    assert all(each[Fate.SENT] > each.total() / 10 for each in found.values())
    record_property("figures", f"{many} servers, {fates.total()} messages, {fates[Fate.UNCERTAIN]} uncertain")
