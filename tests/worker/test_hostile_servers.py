"""Servers that mutate, tear, repeat, drop, delay and invent what they say: each message has one honest fate."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from mailer import clock
from tests.worker.line import parcels, row
from tests.worker.mailhost import Host, speak
from worker.batch import Batch
from worker.claim import Claimed
from worker.journal import Journal
from worker.pace import Pace
from worker.throttle import Grant
from worker.transport import Fate, Outcome, Parcel
from worker.transport.endpoint import Endpoint
from worker.transport.smtp import Smtp

SHORT, LONG = 400, 10_000
"""Servers met."""
SIDE_BY_SIDE = 20
MESSAGES = 6
TIMEOUT = 0.3
FAR = 0.011
CODES = ("220", "250", "251", "334", "354", "421", "450", "503", "550", "554")
WAYS = ("mutate", "tear", "repeat", "drop", "delay", "more", "hang up", "half")


class Hostile:
    """What a server answers, and what becomes of that on its way, by a seed."""

    def __init__(self, seed: int) -> None:
        chance = self._chance = random.Random(seed)  # noqa: S311 — the same each time
        self._often = chance.choice((0.03, 0.1, 0.4))
        self._refused = chance.randrange(MESSAGES * 2)
        self._said: dict[asyncio.StreamWriter, bytearray] = {}
        self._answered: dict[asyncio.StreamWriter, bool] = {}
        offers = chance.choice(((), ("PIPELINING",), ("PIPELINING", "SIZE 90000"), ("PIPELINING", "CHUNKING")))
        self.host = Host(*offers, answer=self._answer, speak=self._speak)

    def _answer(self, verb: str, argument: str) -> str | None:
        """What it means as well: a server that says 354 takes a body."""
        if self._chance.random() < self._often / 4:
            code = self._chance.choice(CODES)
            return f"{code} {code[0]}.{int(verb in {'MAIL', 'RCPT'})}.0 whatever"
        return "550 5.1.1 nobody" if verb == "RCPT" and f"r{self._refused}@" in argument else None

    async def _speak(self, writer: asyncio.StreamWriter, reply: bytes) -> None:
        if reply.startswith(b"250-"):
            await asyncio.sleep(FAR)
        way = self._chance.choice(WAYS) if self._chance.random() < self._often else ""
        for piece in self._pieces(way, reply):
            self._note(writer, piece)
            await speak(writer, piece)
            await asyncio.sleep(self._chance.choice((0, 0.001, 0.02, TIMEOUT)) if way == "delay" else 0)
        if way in {"hang up", "half"}:
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


async def _meet(seed: int, journal: Journal) -> Counter[Fate]:
    """One server, two connections, a batch; one of them may be withdrawn on the way."""
    hostile, sent = Hostile(seed), parcels(MESSAGES, size=seed % 3 * 300)
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
        transport = Smtp(Endpoint("127.0.0.1", host.port), TIMEOUT)
        connections = [transport.connect(), transport.connect()]
        await batch.transmit(connections)
        for connection in connections:
            await connection.close()
        # What has left is still to come in.
        await asyncio.sleep(0.01)
    try:
        _judge(host, sent, batch.settled())
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    return Counter(outcome.fate for _, outcome in batch.settled())


@pytest.mark.databases("sqlite")
@pytest.mark.promise(3, 13)
def test_whatever_servers_say_each_message_has_one_honest_fate(
    journal: Journal, pytestconfig: pytest.Config, record_property: Callable[[str, object], None]
) -> None:
    many = LONG if pytestconfig.getoption("chaos") else SHORT

    async def meet_all() -> Counter[Fate]:
        seeds, fates = iter(range(many)), Counter[Fate]()

        async def meet_some() -> None:
            for seed in seeds:
                fates.update(await _meet(seed, journal))

        await asyncio.gather(*(meet_some() for _ in range(SIDE_BY_SIDE)))
        return fates

    fates = asyncio.run(meet_all())
    assert fates.total() == many * MESSAGES
    # It was no walk-over, and not hopeless either.
    assert set(fates) == set(Fate)
    assert fates[Fate.SENT] > fates.total() / 3
    record_property("figures", f"{many} servers, {fates.total()} messages, {fates[Fate.UNCERTAIN]} uncertain")
