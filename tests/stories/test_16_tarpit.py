"""One provider's server takes five seconds for each word: the others get their mail as soon as if it were quick.

Two installations send side by side, one to that server and one to a quick one in its place, each to three other
providers under a limit far below what the machine can do. So it is the limits that their times go by, and whatever
else this machine does slows both.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailer.campaign import limit
from mailer.demo.organisation import AUTHOR
from tests.patience import until
from tests.servers import Redis
from tests.sinks import SmtpSink
from tests.stories.conftest import SERVED, Record, Scene, Setting, seconds
from tests.stories.providers import open_providers, way

SLOW, OTHERS = "gmail.com", ("outlook.com", "yahoo.com.hk", "icloud.com")
TARPIT = ("-p", "-W", "MAIL:5", "-W", "RCPT:5", "-W", "DATA:5")
RATE = 10.0
READERS = {"short": 200, "long": 2000}
"""At each provider. At length it goes on beyond the end of three drains, at which lanes could wait for each other."""


@dataclass(frozen=True)
class Sending:
    """A scene, and the sink of each provider."""

    scene: Scene
    sinks: dict[str, SmtpSink]

    def over(self, readers: int) -> bool:
        """Whether the others have all of theirs."""
        return all(self.sinks[domain].taken() >= readers for domain in OTHERS)

    def spans(self) -> list[float]:
        """Of each of the others, the seconds from its first mail to its last."""
        times = [[seconds(mail) for mail in self.sinks[domain].received()] for domain in OTHERS]
        return [max(each) - min(each) for each in times]


@pytest.mark.promise(10)
@pytest.mark.parametrize("setting", [SERVED], indirect=True)
def test_a_tarpit_costs_the_others_nothing(
    setting: Setting, tmp_path: Path, length: str, record_property: Record
) -> None:
    readers = READERS[length]
    with ExitStack() as stack:
        both = calm, held_up = [_sending(setting, stack, tmp_path / name, readers) for name in ("calm", "held up")]
        held_up.sinks[SLOW].behave(*TARPIT)
        for each in both:
            # Alone: with two, one might do what the other leaves.
            each.scene.hire("w1")
        until(lambda: all(each.scene.journals() == 1 for each in both), 60)
        for each in both:
            each.scene.begin()
        until(lambda: all(each.over(readers) for each in both), readers / RATE + 60)
        assert 0 < held_up.sinks[SLOW].taken() < readers / 2, "it was no tarpit"
        for each in both:
            each.scene.dismiss()

        asked, took = (readers - 1) / RATE, held_up.spans()
        cost = sum(took) / sum(calm.spans()) - 1.0
        record_property("figures", f"{cost:+.1%}: {max(took):.1f} s, of which the limit alone asks for {asked:.1f} s")
        assert cost < 0.05


def _sending(setting: Setting, stack: ExitStack, folder: Path, readers: int) -> Sending:
    """An installation that shares nothing with another: as many readers at each provider, which has its own sink."""
    folder.mkdir()
    redis = stack.enter_context(Redis())
    scene = setting(0, 1000.0, tick=1.0, home=folder / "home", key_file=folder / "key", broker_url=redis.url)
    sinks = open_providers(scene, stack, (SLOW, *OTHERS), readers * (1 + len(OTHERS)))
    with scene.house.database.write() as session:
        for domain in sinks:
            limit.change(session, f"{limit.ROUTE}{way(domain)}", AUTHOR, per_second=RATE)
    return Sending(scene, sinks)
