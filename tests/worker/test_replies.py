"""What servers say is read whole, however it is torn, and cut off where it has no end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.transport.offer import Offer
from worker.transport.reply import Replies, Reply, ReplyError

SAID = b"220-mx.example\r\n220 ESMTP\r\n250\r\n354 go\n550-5.1.1 \xd3\xca\xcf\xe4\r\n550 \xff\r\n250 ok\r\n"
WHOLE = [
    Reply(220, b"mx.example\nESMTP"),
    Reply(250, b""),
    Reply(354, b"go"),
    Reply(550, b"5.1.1 \xd3\xca\xcf\xe4\n\xff"),
    Reply(250, b"ok"),
]


@given(st.sets(st.integers(0, len(SAID))))
def test_replies_are_the_same_wherever_they_are_torn(cuts: set[int]) -> None:
    replies = Replies()
    for begin, end in pairwise([0, *sorted(cuts), len(SAID)]):
        replies.feed(SAID[begin:end])
    assert list(replies.whole) == WHOLE
    assert not replies.torn


@pytest.mark.parametrize("octets", [b"2", b"250", b"250 ok", b"250 ok\r", b"250-more\r\n", b"250-more\r\n250 ok"])
def test_what_has_no_end_yet_is_no_reply(octets: bytes) -> None:
    replies = Replies()
    replies.feed(octets)
    assert not replies.whole
    assert replies.torn


@pytest.mark.parametrize(
    "line",
    [b"", b"ok", b"25", b"2500 ok", b"150 wait", b"600 what", b"-250 ok", b" 250 ok", b"250:ok", b"\xb2\xb5\xb0 ok",
     b"250-more\r\n550 no", b"250-more\r\nno"],
)  # fmt: skip
def test_what_is_no_reply_is_told_and_what_came_before_counts(line: bytes) -> None:
    replies = Replies()
    with pytest.raises(ReplyError):
        replies.feed(b"250 ok\r\n" + line + b"\r\n")
    assert list(replies.whole) == [Reply(250, b"ok")]


@pytest.mark.parametrize("line", [b"x" * 10, b"250-more\r\n", b"250 ok\r\n", b"250-" + b"y" * 500])
def test_nothing_endless_is_kept(line: bytes) -> None:
    replies = Replies()

    def flood() -> None:
        for _ in range(1_000_000 // len(line)):
            replies.feed(line)

    with pytest.raises(ReplyError):
        flood()


def test_an_offer_is_read_in_any_case_and_nonsense_left_aside() -> None:
    said = "mx.example\npipelining\nSize 1000\nAUTH PLAIN\nAUTH=LOGIN xoauth2\n\nSTARTTLS\n8BITMIME\nCHUNKING extra"
    offer = Offer.of(said)
    assert offer == Offer(
        starttls=True,
        pipelining=True,
        chunking=True,
        sized=True,
        size=1000,
        mechanisms=frozenset({"PLAIN", "LOGIN", "XOAUTH2"}),
    )
    # The first line is a greeting, whatever it says.
    assert Offer.of("PIPELINING STARTTLS") == Offer()
    for size in ("", " -1", " ²", " much"):
        assert Offer.of(f"mx\nSIZE{size}") == Offer(sized=True)
