"""What each stage of sending costs alone: ``python -m worker.stages CAMPAIGN``; ``mailer bench`` starts it.

One process takes a campaign batch by batch through what a lane calls, one thing after another and nothing beside
it, and counts its own CPU time.
"""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mailer import installation, log
from mailer.bench.usage import own_seconds
from mailer.campaign.allowance import allowances
from mailer.campaign.route import RELAY, Way
from mailer.config import settings
from mailer.installation import Installation
from mailer.report.figures import figures
from worker import claim
from worker.claim import Claimed
from worker.journal import Journal
from worker.letter import Letters
from worker.loop import new_event_loop
from worker.record import record
from worker.tempo import LARGEST_BATCH
from worker.throttle import Level, News
from worker.throttle.store import store
from worker.transport import Connection, Outcome, Parcel
from worker.transport.way import transport

_WARM_UP = 8
_CONNECTIONS = 10  # as many as all lanes have together


class Stages:
    """The means of one lane, and the CPU seconds that each stage has taken so far."""

    def __init__(self, house: Installation) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.messages = 0
        self._house = house
        self._journal = Journal(house.settings.home, house.keys.fingerprint())
        self._letters = Letters(house)
        self._throttle = store(house)
        relay = transport(house, Way(RELAY))
        self._connections = [relay.connect() for _ in range(_CONNECTIONS)]

    async def run(self, campaign: int) -> None:
        """Send a campaign."""
        with self._house.database.read() as session:
            allowed = allowances(session, claim.lanes(session))
            waiting = {name: states.total() for name, states in figures(session, campaign).by_provider.items()}
        lanes = {name: [Level(*level) for way in ways for level in way.levels] for (name, _), ways in allowed.items()}
        # What is done once for all, such as reading a catalogue, is no cost of a message.
        first = next(iter(lanes))
        waiting[first] -= await self._batch(campaign, first, lanes[first], _WARM_UP)
        self.spent.clear()
        self.messages = 0
        for name, levels in lanes.items():
            while waiting[name] and (sent := await self._batch(campaign, name, levels, LARGEST_BATCH)):
                waiting[name] -= sent
        for connection in self._connections:
            await connection.close()
        self._journal.close()

    async def _batch(self, campaign: int, provider: str, levels: Sequence[Level], most: int) -> int:
        """Everything that becomes of one batch of at most so many; how many there were."""
        database, token = self._house.database, self._journal.claim()
        with self._watch("throttle"):
            self._throttle.reserve(levels, most)
            self._throttle.report(levels, News(taken=most))
        with self._watch("claim"), database.write() as session:
            rows = claim.claim(session, campaign, provider, most, token, self._house.settings.lease)
        with database.read() as session:
            # Compiled once for all batches: no cost of a message.
            issue = self._letters.learn(session, campaign, rows)
        with self._watch("render"), self._letters.making(issue) as make:
            parcels = [make(row) for row in rows]
        with self._watch("transmit"):
            outcomes = await self._transmit(rows, parcels)
        with self._watch("journal"):
            for row, outcome in outcomes:
                self._journal.intent(token, row.id)
                self._journal.result(token, row.id, outcome.fate, outcome.code)
            self._journal.settled(token)
        with self._watch("record"), database.write() as session:
            record(session, outcomes, token, self._house.settings.lifetime)
        self.messages += len(rows)
        return len(rows)

    async def _transmit(
        self, rows: Sequence[Claimed], parcels: Sequence[Parcel | Outcome]
    ) -> list[tuple[Claimed, Outcome]]:
        waiting = list(zip(rows, parcels, strict=True))
        outcomes: list[tuple[Claimed, Outcome]] = []

        async def work(connection: Connection) -> None:
            announced: list[tuple[Claimed, Parcel | Outcome]] = []

            def following() -> Parcel | None:
                if not waiting:
                    return None
                announced.append(waiting.pop())
                parcel = announced[0][1]
                return parcel if isinstance(parcel, Parcel) else None

            while announced or waiting:
                row, parcel = announced.pop() if announced else waiting.pop()
                sent = parcel if isinstance(parcel, Outcome) else await connection.send(parcel, _leaving, following)
                outcomes.append((row, sent))

        await asyncio.gather(*map(work, self._connections))
        return outcomes

    @contextmanager
    def _watch(self, stage: str) -> Iterator[None]:
        began = own_seconds()
        yield
        self.spent[stage] += own_seconds() - began


def _leaving() -> None:
    """What a lane writes into its journal then is a stage of its own."""


def main() -> None:
    """Print CPU microseconds a message by stage, as one JSON object."""
    log.configure(settings().log)
    stages = Stages(installation.unlock(settings()))
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(stages.run(int(sys.argv[1])))
    each = {stage: seconds * 1e6 / stages.messages for stage, seconds in stages.spent.items()}
    sys.stdout.write(json.dumps(each) + "\n")


if __name__ == "__main__":
    main()
