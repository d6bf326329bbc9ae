"""What is said together (RFC 2920, RFC 3030), and that no body goes where it should not, whenever the line breaks."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mailer import clock
from tests.worker.authority import Authority
from tests.worker.mailhost import Host, speak
from worker.batch import Batch
from worker.claim import Claimed
from worker.journal import Journal
from worker.pace import Pace
from worker.throttle import Grant
from worker.transport import Fate, Outcome, Parcel
from worker.transport.endpoint import Endpoint, Security
from worker.transport.offer import Offer
from worker.transport.session import Session
from worker.transport.smtp import Smtp
from worker.transport.wire import Wire

BOTH = ("PIPELINING", "CHUNKING")
Run = Callable[..., list[Outcome]]


def parcels(n: int, *, size: int = 0) -> list[Parcel]:
    return [
        Parcel(
            number,
            "r@news.example",
            f"r{number}@reader.example",
            (b"Subject: %d\r\n" % number, b"\r\n%b\r\n" % (b"x" * size)),
        )
        for number in range(n)
    ]


async def handed_over(host: Host, sent: Sequence[Parcel], *, together: bool = True) -> list[Outcome]:
    """What became of each, on one connection; ``together``: each is announced as soon as it may be."""
    connection = Smtp(Endpoint("127.0.0.1", host.port), 0.5).connect()
    outcomes = []
    for number, parcel in enumerate(sent):
        following = sent[number + 1] if together and number + 1 < len(sent) else None
        outcomes.append(await connection.send(parcel, lambda: None, lambda next_=following: next_))  # type: ignore[misc]  # a default binds it
    await connection.close()
    return outcomes


def run(host: Host, sent: Sequence[Parcel], *, together: bool = True) -> list[Outcome]:
    async def main() -> list[Outcome]:
        async with host:
            return await handed_over(host, sent, together=together)

    return asyncio.run(main())


def fates(outcomes: Sequence[Outcome]) -> list[Fate]:
    return [outcome.fate for outcome in outcomes]


def judge(host: Host, sent: Sequence[Parcel], outcomes: Sequence[Outcome]) -> None:
    """By the server's own record: nobody gets another's body, and what is said to be sent was agreed to."""
    contents = {parcel.recipient: parcel.content for parcel in sent}
    for letter in host.letters:
        assert contents[letter.recipient].startswith(letter.body), "a body went to somebody else's recipient"
    for parcel, outcome in zip(sent, outcomes, strict=True):
        mine = [letter for letter in host.letters if letter.recipient == parcel.recipient and letter.body]
        taken = [letter for letter in mine if letter.whole and letter.said.startswith(b"2")]
        assert len(taken) <= 1, "it went twice"
        if outcome.fate is Fate.SENT:
            assert taken
        elif not outcome.after_body:
            assert not any(letter.whole for letter in mine)


def test_an_envelope_is_one_write_and_the_next_rides_behind_each_body() -> None:
    """Once the server has shown that it tells a yes to a name from a yes to a body."""
    host, sent = Host("PIPELINING"), parcels(4)
    assert fates(run(host, sent)) == [Fate.SENT] * 4
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


def test_a_server_that_has_gone_since_costs_no_message() -> None:
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
    assert fates(asyncio.run(main())) == [Fate.SENT] * 3


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


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_yes_to_half_a_body_is_none(tmp_path: Path, *, encrypted: bool) -> None:
    async def early(writer: asyncio.StreamWriter, reply: bytes) -> None:
        await speak(writer, reply)
        if reply.startswith(b"354"):
            await asyncio.sleep(0.1)
            await speak(writer, b"250 already\r\n")
            await asyncio.sleep(1)

    authority = Authority(tmp_path / "ca")
    host = Host("PIPELINING", speak=early, tls=authority.server() if encrypted else None)
    security = Security.STARTTLS if encrypted else Security.NONE
    (sent,) = parcels(1, size=20_000_000)

    async def main() -> Outcome:
        async with host:
            where = Endpoint("127.0.0.1", host.port, security, ca_file=str(authority.file) if encrypted else "")
            connection = Smtp(where, 5.0).connect()
            outcome = await connection.send(sent, lambda: None)
            await connection.close()
            # Until the host has noticed, and closed its end.
            await asyncio.sleep(1.5)
            return outcome

    outcome = asyncio.run(main())
    assert (outcome.fate, outcome.after_body) == (Fate.UNCERTAIN, True)


@pytest.mark.parametrize("offers", [("PIPELINING",), (), BOTH])
@pytest.mark.parametrize("side", ["said", "heard"])
def test_a_line_that_breaks_at_any_octet_leaves_each_message_one_honest_fate(
    offers: tuple[str, ...], side: str
) -> None:
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

        host = Host(*offers, speak=breaking, hears=octets if side == "heard" else 1 << 30)
        sent = parcels(4)
        async with host:
            outcomes = await handed_over(host, sent, together=offers != BOTH)
        judge(host, sent, outcomes)
        broke = host.sessions > 1 or fates(outcomes) != [Fate.SENT] * 4
        assert set(fates(outcomes)) <= {Fate.SENT, Fate.UNSENT, Fate.DEFERRED, Fate.UNCERTAIN}
        assert fates(outcomes).count(Fate.SENT) >= 3
        return broke

    async def all_places() -> int:
        octets = 0
        while await broken_after(octets):
            octets += 1
        return octets

    assert asyncio.run(all_places()) > 100


def far(answer: Callable[[str, str], str | None] = lambda *_: None) -> Host:
    """A server that offers both, and is so far away that a body goes in one write with its envelope."""

    async def late(writer: asyncio.StreamWriter, reply: bytes) -> None:
        await asyncio.sleep(0.02)
        await speak(writer, reply)

    return Host(*BOTH, answer=answer, speak=late)


def test_a_server_far_away_gets_all_in_one_write_once_it_has_shown_that_it_tells_what_it_takes() -> None:
    dotted = b"Subject: x\r\n\r\n.\r\n..dots\r\n"
    host, sent = far(), [*parcels(1), Parcel(1, "r@news.example", "r1@reader.example", (dotted,))]
    assert fates(run(host, sent, together=False)) == [Fate.SENT] * 2
    assert [b"DATA" in chunk for chunk in host.heard] == [False, True, False, False, False]
    opening = b"MAIL FROM:<r@news.example>\r\nRCPT TO:<r1@reader.example>\r\nBDAT 25 LAST\r\n"
    assert host.heard[3] == opening + dotted
    assert host.letters[1].body == dotted, "counted octets need no dots doubled"


@pytest.mark.parametrize("said", ["250 kept", "250 2.1.5 kept", "250-2.1.0 kept\r\n250 2.0.0 kept"])
def test_a_server_that_does_not_tell_what_it_takes_never_gets_all_in_one_write(said: str) -> None:
    host = far(lambda verb, _: said if verb == "body" else None)
    assert fates(run(host, parcels(3), together=False)) == [Fate.SENT] * 3
    assert not any(b"BDAT" in chunk for chunk in host.heard)


@pytest.mark.parametrize(
    ("offer", "seconds", "tells", "chunked"),
    [
        (Offer(pipelining=True, chunking=True), 0.010, True, True),
        (Offer(pipelining=True, chunking=True), 0.009, True, False),
        (Offer(pipelining=True, chunking=True), 0.010, False, False),
        (Offer(pipelining=True), 0.010, True, False),
        (Offer(chunking=True), 0.010, True, False),
    ],
)
def test_all_goes_in_one_write_only_where_that_may_be_and_pays(
    offer: Offer, seconds: float, *, tells: bool, chunked: bool
) -> None:
    assert Session(Wire(), offer, seconds, tells).chunked is chunked


@pytest.mark.parametrize(
    ("verb", "said", "fate"),
    [
        ("MAIL", "451 4.3.0 later", Fate.DEFERRED),
        ("RCPT", "550 5.1.1 nobody here", Fate.FAILED),
        ("BDAT", "552 5.2.2 full", Fate.DEFERRED),
        ("BDAT", "354 what", Fate.UNCERTAIN),
        ("BDAT", "", Fate.UNCERTAIN),
        ("RCPT", "", Fate.UNCERTAIN),
        ("RCPT", "354 what", Fate.UNCERTAIN),
    ],
)
def test_what_is_answered_to_one_write_counts_for_what_it_answers(verb: str, said: str, fate: Fate) -> None:
    count: Counter[str] = Counter()

    def answer(at: str, _: str) -> str | None:
        count[at] += 1
        refused = at == "BDAT" and verb != "BDAT"
        # The first message goes as any other.
        second = count[at] == (1 if at == "BDAT" else 2)
        return ("503 for nobody" if refused else said) if second and (at == verb or refused) else None

    host, sent = far(answer), parcels(3)
    outcomes = run(host, sent, together=False)
    assert fates(outcomes) == [Fate.SENT, fate, Fate.SENT]
    assert host.sessions == (1 if said[:1] in {"4", "5"} else 2)
    judge(host, sent, outcomes)


@pytest.mark.parametrize("shift", ["250 2.1.0 ok\r\n250 2.1.0 ok", "250 2.1.0 ok\r\n250 ok"])
def test_a_yes_too_many_is_not_taken_for_one_to_the_body(shift: str) -> None:
    count: Counter[str] = Counter()

    def answer(at: str, _: str) -> str | None:
        count[at] += 1
        return {"MAIL": shift, "BDAT": "554 5.6.0 no"}.get(at) if count["MAIL"] > 1 else None

    outcomes = run(far(answer), parcels(2), together=False)
    assert fates(outcomes) == [Fate.SENT, Fate.UNCERTAIN]


def test_a_yes_that_is_said_twice_is_in_doubt() -> None:
    twice = "250 2.0.0 kept\r\n250 2.0.0 kept"
    outcomes = run(far(lambda verb, _: twice if verb == "BDAT" else None), parcels(3), together=False)
    assert fates(outcomes) == [Fate.SENT, Fate.UNCERTAIN, Fate.SENT]


def test_a_body_that_was_taken_for_nobody_is_in_doubt() -> None:
    count: Counter[str] = Counter()

    def answer(at: str, _: str) -> str | None:
        count[at] += 1
        return {"RCPT": "550 5.1.1 nobody here", "BDAT": "250 2.0.0 kept"}.get(at) if count["MAIL"] > 1 else None

    assert fates(run(far(answer), parcels(2), together=False)) == [Fate.SENT, Fate.UNCERTAIN]


@pytest.fixture
def left_open() -> list[bool]:
    """Whether the line was still open when the batch was over."""
    return []


@pytest.fixture
def transmit(journal: Journal, left_open: list[bool]) -> Callable[..., list[Outcome]]:
    """A batch on one connection, its outcomes in the order of their parcels."""

    def run(host: Host, sent: Sequence[Parcel], may_go: Callable[[int], bool], interval: float = 0.0) -> list[Outcome]:
        async def renew(wanted: int) -> Grant:
            return Grant(wanted, 0.0, interval)

        left_open.clear()

        async def main() -> list[tuple[Claimed, Outcome]]:
            made = {parcel.delivery_id: parcel for parcel in sent}
            pace = Pace(Grant(len(sent), 0.0, interval), clock.monotonic(), renew)
            batch = Batch(
                [*map(row, made)],
                lambda each: made[each.id],
                journal.claim(),
                journal,
                pace,
                may_go,
                clock.monotonic() + 60,
            )
            async with host:
                connection = Smtp(Endpoint("127.0.0.1", host.port), 2.0).connect()
                await batch.transmit([connection])
                # Long enough for what could still come.
                await asyncio.sleep(0.1)
                left_open.append(host.talking)
                await connection.close()
                return batch.settled()

        return [outcome for _, outcome in sorted(asyncio.run(main()), key=lambda each: each[0].id)]

    return run


def row(number: int) -> Claimed:
    return Claimed(number, 0, 1, clock.now(), b"", b"", b"", None, None, 1, resend=False, test=False)


@pytest.mark.databases("sqlite")
def test_who_may_not_go_any_more_gets_no_body_though_the_envelope_is_out(transmit: Run) -> None:
    """Withdrawn while the server thinks about the message before."""
    withdrawn: set[int] = set()

    def answer(verb: str, _: str) -> str | None:
        if verb == "body" and len(host.letters) > 1:
            withdrawn.add(2)
        return None

    host, sent = Host("PIPELINING", answer=answer), parcels(4)
    outcomes = transmit(host, sent, lambda number: number not in withdrawn)
    assert fates(outcomes) == [Fate.SENT, Fate.SENT, Fate.KEPT, Fate.SENT]
    assert any(b"RCPT TO:<r2@" in chunk for chunk in host.heard), "the envelope was to be out"
    assert [letter.body for letter in host.letters if letter.recipient == "r2@reader.example"] == [b""]
    assert host.sessions == 2, "the line was to be cut"
    judge(host, sent, outcomes)


@pytest.mark.databases("sqlite")
def test_where_the_last_one_may_not_go_any_more_nobody_is_left_waiting_for_a_body(
    transmit: Run, left_open: list[bool]
) -> None:
    withdrawn: set[int] = set()

    def answer(verb: str, _: str) -> str | None:
        if verb == "body" and len(host.letters) > 1:
            withdrawn.add(2)
        return None

    host = Host("PIPELINING", answer=answer)
    assert fates(transmit(host, parcels(3), lambda number: number not in withdrawn)) == [
        Fate.SENT,
        Fate.SENT,
        Fate.KEPT,
    ]
    assert left_open == [False]


@pytest.mark.databases("sqlite")
def test_who_may_not_go_is_not_announced_and_costs_no_connection(transmit: Run, left_open: list[bool]) -> None:
    host = Host("PIPELINING")
    outcomes = transmit(host, parcels(4), lambda number: number != 2)
    assert fates(outcomes) == [Fate.SENT, Fate.SENT, Fate.KEPT, Fate.SENT]
    assert not any(b"<r2@" in chunk for chunk in host.heard)
    assert (host.sessions, left_open) == (1, [True])


def test_a_body_does_not_go_into_an_envelope_that_is_out_for_another() -> None:
    async def main() -> list[Outcome]:
        async with host:
            connection = Smtp(Endpoint("127.0.0.1", host.port), 2.0).connect()
            first = await connection.send(sent[0], lambda: None)
            second = await connection.send(sent[1], lambda: None, lambda: sent[2])
            third = await connection.send(sent[3], lambda: None)
            await connection.close()
            return [first, second, third]

    host, sent = Host("PIPELINING"), parcels(4)
    assert fates(asyncio.run(main())) == [Fate.SENT] * 3
    assert any(b"RCPT TO:<r2@" in chunk for chunk in host.heard)
    assert [letter.recipient[:2] for letter in host.letters if letter.body] == ["r0", "r1", "r3"]
    judge(host, sent, [Outcome(fate) for fate in (Fate.SENT, Fate.SENT, Fate.KEPT, Fate.SENT)])


@pytest.mark.databases("sqlite")
def test_nobody_goes_ahead_of_a_place_in_time(transmit: Run) -> None:
    host, sent = Host("PIPELINING"), parcels(3)
    assert fates(transmit(host, sent, lambda _: True, 0.05)) == [Fate.SENT] * 3
    assert not any(chunk.startswith(b"Subject") and b"MAIL FROM" in chunk for chunk in host.heard)


@pytest.mark.databases("sqlite")
def test_a_refusal_of_us_stops_the_one_whose_envelope_is_out(transmit: Run) -> None:

    def answer(verb: str, _: str) -> str | None:
        return "550 5.7.26 unauthenticated" if verb == "body" and len(host.letters) > 1 else None

    host, sent = Host("PIPELINING", answer=answer), parcels(4)
    assert fates(transmit(host, sent, lambda _: True)) == [Fate.SENT, Fate.UNSENT, Fate.KEPT, Fate.KEPT]
    assert any(b"RCPT TO:<r2@" in chunk for chunk in host.heard), "the envelope was to be out"
    assert [letter.recipient for letter in host.letters if letter.body] == ["r0@reader.example", "r1@reader.example"]


@pytest.mark.parametrize("idle", [0.0, 0.3, 0.7])
def test_each_message_has_its_whole_time_out_and_no_more(idle: float) -> None:
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

    outcome, took = asyncio.run(main())
    assert (outcome.fate, outcome.reply) == (Fate.DEFERRED, "no answer in time")
    assert 0.5 <= took < 0.5 + 0.3
