"""What is said together (RFC 2920), and that no body goes where it should not, whenever the line breaks."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.worker.authority import Authority
from tests.worker.line import CLEAR, LOOPS, Loop, each_loop, fates, handed_over, judge, parcels, run
from tests.worker.mailhost import NAME, SECRET, Host, secret, speak
from worker.transport import Fate, Outcome, Parcel
from worker.transport.endpoint import Endpoint, Security
from worker.transport.smtp import Smtp

BOTH = ("PIPELINING", "CHUNKING")
SIDE_BY_SIDE = 8


@each_loop
def test_an_envelope_is_one_write_and_the_next_rides_behind_each_body(loop: Loop) -> None:
    """Once the server has shown that it tells a yes to a name from a yes to a body."""
    host, sent = Host("PIPELINING"), parcels(4)
    assert fates(run(host, sent, loop=loop)) == [Fate.SENT] * 4
    said = [b"MAIL FROM:<r@news.example>\r\nRCPT TO:<r%d@reader.example>\r\nDATA\r\n" % number for number in range(4)]
    body = [parcel.content + b".\r\n" for parcel in sent]
    assert host.heard[1:] == [said[0], body[0], said[1], body[1] + said[2], body[2] + said[3], body[3], b"QUIT\r\n"]
    judge(host, sent, [Outcome(Fate.SENT)] * 4)


@pytest.mark.parametrize(
    "untold",
    [{"body": "250 kept"}, {"body": "250 2.1.5 kept"}, {"RCPT": "250 ok"}, {"MAIL": "250 2.0.0 ok"}],
)
def test_nothing_rides_behind_a_body_whose_yes_could_be_another_ones(untold: dict[str, str]) -> None:
    host = Host("PIPELINING", answer=lambda verb, _: untold.get(verb))
    assert fates(run(host, parcels(4))) == [Fate.SENT] * 4
    assert not any(chunk.startswith(b"Subject") and b"MAIL FROM" in chunk for chunk in host.heard)


@pytest.mark.parametrize("code", [b"", b"2.1.0 "])
def test_a_yes_that_is_lost_is_not_found_in_what_is_said_of_the_next(code: bytes) -> None:
    """The envelope behind it is agreed to; of the body nothing was heard."""

    async def losing(writer: asyncio.StreamWriter, reply: bytes) -> None:
        bodies = [letter for letter in host.letters if letter.whole]
        if len(bodies) == 2:
            reply = b"" if b"kept" in reply else reply.replace(b"2.1.0 ", code)
        await speak(writer, reply)

    host, sent = Host("PIPELINING", speak=losing), parcels(4)
    outcomes = run(host, sent)
    assert fates(outcomes) == [Fate.SENT, Fate.UNCERTAIN, Fate.SENT, Fate.SENT]
    judge(host, sent, outcomes)


def test_who_offers_nothing_is_told_one_thing_at_a_time() -> None:
    host, sent = Host(), parcels(2)
    assert fates(run(host, sent)) == [Fate.SENT] * 2
    verbs = [chunk.split(b" ")[0].strip() for chunk in host.heard if not chunk.startswith(b"Subject")]
    assert verbs == [b"EHLO", *[b"MAIL", b"RCPT", b"DATA"] * 2, b"QUIT"]


def refusing(name: str, to_data: str) -> Callable[[str, str], str | None]:
    """What a server says that knows nobody of this name, with its answer to a DATA that comes all the same."""
    refused = False

    def answer(verb: str, argument: str) -> str | None:
        nonlocal refused
        if verb == "RCPT":
            refused = f"{name}@" in argument
        return {"RCPT": "550 5.1.1 nobody here", "DATA": to_data}.get(verb) if refused else None

    return answer


@pytest.mark.parametrize("to_data", ["503 for nobody", "354 go", "554 no valid recipients"])
def test_a_refused_recipients_body_does_not_leave(to_data: str) -> None:
    host, sent = Host("PIPELINING", answer=refusing("r2", to_data)), parcels(4)
    outcomes = run(host, sent)
    assert fates(outcomes) == [Fate.SENT, Fate.SENT, Fate.FAILED, Fate.SENT]
    assert (outcomes[2].code, outcomes[2].after_body) == (550, False)
    judge(host, sent, outcomes)
    assert [letter.body for letter in host.letters if letter.recipient == "r2@reader.example"] in ([], [b""])
    assert host.sessions == 1, "a refusal costs no connection"


@pytest.mark.parametrize("to_data", ["250 ok", "221 bye", "421 going down"])
def test_an_answer_to_data_that_fits_no_refused_recipient_ends_the_connection(to_data: str) -> None:
    host, sent = Host("PIPELINING", answer=refusing("r0", to_data)), parcels(2)
    assert fates(run(host, sent)) == [Fate.FAILED, Fate.SENT]
    assert host.sessions == 2


def test_a_recipient_that_was_refused_stays_so_when_the_line_breaks() -> None:
    told = {"RCPT": "550 5.1.1 nobody here", "DATA": ""}
    (outcome,) = run(Host("PIPELINING", answer=lambda verb, _: told.get(verb)), parcels(1))
    assert (outcome.fate, outcome.code) == (Fate.FAILED, 550)


@each_loop
def test_a_server_that_has_gone_since_costs_no_message(loop: Loop) -> None:
    async def leaving(writer: asyncio.StreamWriter, reply: bytes) -> None:
        await speak(writer, reply)
        if b"kept" in reply:
            await speak(writer, b"421 4.3.2 going down\r\n")
            raise ConnectionResetError

    async def main() -> list[Outcome]:
        async with host:
            connection = Smtp(Endpoint("127.0.0.1", host.port), 2.0).connect()
            outcomes = []
            for parcel in parcels(3):
                outcomes.append(await connection.send(parcel, lambda: None))
                await asyncio.sleep(0.05)
            await connection.close()
            return outcomes

    host = Host("PIPELINING", speak=leaving)
    with asyncio.Runner(loop_factory=loop) as runner:
        assert fates(runner.run(main())) == [Fate.SENT] * 3


def test_the_dots_that_begin_lines_are_doubled_the_first_one_too() -> None:
    host = Host()
    run(host, [Parcel(0, "r@news.example", "r0@reader.example", (b".\r\n", b".x\r\ny.\r\n"))])
    assert host.letters[0].body == b"..\r\n..x\r\ny.\r\n"


def test_a_body_that_is_refused_leaves_the_one_behind_it_on_its_way() -> None:
    count = 0

    def answer(verb: str, _: str) -> str | None:
        nonlocal count
        count += verb == "body"
        return "552 5.2.2 full" if verb == "body" and count == 2 else None

    host, sent = Host("PIPELINING", answer=answer), parcels(4)
    assert fates(run(host, sent)) == [Fate.SENT, Fate.DEFERRED, Fate.SENT, Fate.SENT]
    assert host.sessions == 1


@pytest.mark.parametrize("together", [True, False])
def test_the_name_that_a_server_dies_of_waits_and_the_others_go_on(*, together: bool) -> None:
    """Its answers to what was said together are lost with it, so they do not tell."""

    async def hold(writer: asyncio.StreamWriter, reply: bytes) -> None:
        # As servers do: what is answered to MAIL leaves with what is answered to all that came with it.
        if reply.startswith(b"220"):
            held.clear()
        held.append(reply)
        if b" 2.1." not in reply or b"RCPT" not in host.heard[-1] or b"MAIL" not in host.heard[-1]:
            await speak(writer, b"".join(held))
            held.clear()

    held: list[bytes] = []
    host = Host("PIPELINING", answer=lambda verb, to: "" if verb == "RCPT" and "r2@" in to else None, speak=hold)
    sent = parcels(4)
    outcomes = run(host, sent, together=together)
    assert fates(outcomes) == [Fate.SENT, Fate.SENT, Fate.DEFERRED, Fate.SENT]
    judge(host, sent, outcomes)


@each_loop
@pytest.mark.parametrize("encrypted", [False, True])
def test_a_yes_to_half_a_body_is_none(tmp_path: Path, loop: Loop, *, encrypted: bool) -> None:
    async def early(writer: asyncio.StreamWriter, reply: bytes) -> None:
        await speak(writer, reply)
        if reply.startswith(b"354"):
            await asyncio.sleep(0.1)
            await speak(writer, b"250 already\r\n")
            await told.wait()

    authority, told = Authority(tmp_path / "ca"), asyncio.Event()
    host = Host("PIPELINING", speak=early, tls=authority.server() if encrypted else None)
    security = Security.STARTTLS if encrypted else Security.NONE
    (sent,) = parcels(1, size=20_000_000)

    async def main() -> Outcome:
        async with host:
            where = Endpoint("127.0.0.1", host.port, security, ca_file=str(authority.file) if encrypted else "")
            connection = Smtp(where, 5.0).connect()
            outcome = await connection.send(sent, lambda: None)
            await connection.close()
            told.set()
            # Until the host has noticed, and closed its end.
            async with asyncio.timeout(5):
                while host.talking:  # noqa: ASYNC110 — it is not told
                    await asyncio.sleep(0.01)
            return outcome

    with asyncio.Runner(loop_factory=loop) as runner:
        outcome = runner.run(main())
    assert (outcome.fate, outcome.after_body) == (Fate.UNCERTAIN, True)


@pytest.mark.parametrize(
    ("offers", "encrypted"),
    [(("PIPELINING",), False), ((), False), (BOTH, False), (("PIPELINING", "AUTH LOGIN"), True)],
)
@pytest.mark.parametrize("side", ["said", "heard"])
def test_a_line_that_breaks_at_any_octet_leaves_each_message_one_honest_fate(
    tmp_path: Path, offers: tuple[str, ...], side: str, *, encrypted: bool
) -> None:
    authority = Authority(tmp_path / "ca")
    shown = authority.server() if encrypted else None
    signed_in = Endpoint("127.0.0.1", 0, Security.STARTTLS, NAME, SECRET, ca_file=str(authority.file))

    async def broken_after(octets: int) -> bool:
        """One run on a first connection that breaks there; whether it did."""
        left = octets
        first: asyncio.StreamWriter | None = None

        async def breaking(writer: asyncio.StreamWriter, reply: bytes) -> None:
            nonlocal left, first
            first = first or writer
            if writer is not first:
                await speak(writer, reply)
                return
            if offers == BOTH and reply.startswith(b"250-"):
                await asyncio.sleep(0.011)
            told = side == "heard" or left >= len(reply)
            await speak(writer, reply if told else reply[:left])
            left -= min(left, len(reply))
            if not told:
                writer.close()
                raise ConnectionResetError

        host = Host(*offers, speak=breaking, hears=octets if side == "heard" else 1 << 30, tls=shown)
        sent = parcels(4)
        async with host:
            outcomes = await handed_over(
                host, sent, together=offers != BOTH, endpoint=signed_in if encrypted else CLEAR
            )
        judge(host, sent, outcomes)
        assert secret(host) or not encrypted
        broke = host.sessions > 1 or fates(outcomes) != [Fate.SENT] * 4
        assert set(fates(outcomes)) <= {Fate.SENT, Fate.UNSENT, Fate.DEFERRED, Fate.UNCERTAIN}
        assert fates(outcomes).count(Fate.SENT) >= 3
        return broke

    async def all_places(first: int) -> int:
        """How many there are, of which this tries every second."""
        octets = first
        while all(await asyncio.gather(*(broken_after(octets + 2 * each) for each in range(SIDE_BY_SIDE)))):
            octets += 2 * SIDE_BY_SIDE
        return octets

    for number, loop in enumerate(LOOPS):
        with asyncio.Runner(loop_factory=loop) as runner:
            assert runner.run(all_places(number)) > 100


@pytest.mark.parametrize(("idle", "loop"), [(0.0, LOOPS[0]), (0.3, LOOPS[1]), (0.7, LOOPS[0])])
def test_each_message_has_its_whole_time_out_and_no_more(idle: float, loop: Loop) -> None:
    """However long the line stood idle since the one before."""
    mute = False

    async def fall_silent(writer: asyncio.StreamWriter, reply: bytes) -> None:
        if not mute:
            await speak(writer, reply)

    async def main() -> tuple[Outcome, float]:
        nonlocal mute
        async with Host("PIPELINING", speak=fall_silent) as host:
            connection = Smtp(Endpoint("127.0.0.1", host.port), 0.5).connect()
            first, second = parcels(2)
            assert (await connection.send(first, lambda: None)).fate is Fate.SENT
            await asyncio.sleep(idle)
            mute, began = True, asyncio.get_running_loop().time()
            outcome = await connection.send(second, lambda: None)
            took = asyncio.get_running_loop().time() - began
            await connection.close()
            return outcome, took

    with asyncio.Runner(loop_factory=loop) as runner:
        outcome, took = runner.run(main())
    assert (outcome.fate, outcome.reply) == (Fate.DEFERRED, "no answer in time")
    assert 0.5 <= took < 0.5 + 0.3
