"""The whole bench: case by case, round after round, both references and the workers in turn, to the same sink."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailer import broker, queue
from mailer.bench import baseline, reference
from mailer.bench.case import CASES, PICTURES
from mailer.bench.drive import Driven, at_work, drive, to_sink
from mailer.bench.house import House, fewer, house, signing
from mailer.bench.letters import Letters, letters
from mailer.bench.reference import Sent
from mailer.bench.sink import sink
from mailer.bench.stages import stages
from mailer.config import Settings
from mailer.i18n import N_

_BASELINE_MESSAGES = 100
"""It is so slow that more would only cost time."""

PEOPLE, REFERENCE, BASELINE, WORKERS, STAGES = (
    N_("People"), N_("smtp-source"), N_("Plain baseline"), N_("Workers"), N_("Stages"),
)  # fmt: skip
Progress = Callable[[str, str, int, int], None]
"""Told the case, what is done for it, how much of it, of how much."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what: ``cases`` by name, each ``repeat`` times."""

    subscribers: int
    workers: int
    repeat: int
    cases: Sequence[str]


@dataclass(frozen=True, slots=True)
class Round:
    """What was measured in turn, and so may be compared."""

    reference: Sent
    baseline: Sent
    ours: Driven


@dataclass(frozen=True, slots=True)
class Measured:
    """One case: the mean size of its mails in octets, its rounds, and CPU microseconds a message by stage."""

    name: str
    octets: int
    rounds: list[Round]
    stages: dict[str, float]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured, and on which database and broker."""

    cases: list[Measured]
    database: str
    broker: str


def measure(settings: Settings, plan: Plan, folder: Path, *, keep: bool, progress: Progress) -> Report:
    """Carry a plan out; ``folder`` is where the sinks count. Not ``keep``: the database is empty again afterwards.

    Raises RefusedError for a database that holds anything, MisconfiguredError where a signature cannot be made,
    UnavailableError where a server does not start or mails do not arrive.
    """
    signers = {name: baseline.signer(CASES.get(name, "")) for name in plan.cases}

    def enrolled(done: int) -> None:
        progress("", PEOPLE, done, plan.subscribers)

    with (
        house(settings, plan.subscribers, keep=keep, enrolled=enrolled) as place,
        broker.running(place.installation.settings) as (chosen, said),
    ):
        queue.check(chosen)
        found = []
        for name in plan.cases:
            signed = signing(place, CASES.get(name, ""))
            case = _Case(name, plan, signed, (chosen, said), folder, progress)
            rounds = [case.round(signers[name]) for _ in range(plan.repeat)]
            found.append(Measured(name, case.letters.octets, rounds, case.stages()))
        return Report(found, place.installation.database.kind, said)


class _Case:
    """One case, ready to be measured."""

    def __init__(
        self, name: str, plan: Plan, place: House, broker: tuple[Settings, str], folder: Path, progress: Progress
    ) -> None:
        self._name = name
        self._workers = plan.workers
        self._place = place
        self._broker = broker
        self._folder = folder
        self._progress = progress
        self._people = fewer(plan.subscribers) if name == PICTURES else plan.subscribers
        self._issue = place.pictures if name == PICTURES else place.digest
        self.letters: Letters = letters(place, self._issue, min(self._people, _BASELINE_MESSAGES))

    def round(self, sign: baseline.Sign) -> Round:
        """Both references and the workers, in turn."""
        with sink(self._folder) as taker:
            self._say(REFERENCE, 0, self._people)
            source = reference.send(taker, self._people, self.letters.octets)
            self._say(BASELINE, 0, len(self.letters.each))
            plain = baseline.send(taker, self.letters.each, self.letters.images, sign)
            self._say(WORKERS, 0, self._people)
            with at_work(self._place, *self._broker, taker, self._workers) as running:
                ours = drive(
                    self._place, self._issue, running, taker, lambda done: self._say(WORKERS, done, self._people)
                )
        return Round(source, plain, ours)

    def stages(self) -> dict[str, float]:
        """What each stage costs alone, over a tenth of the people."""
        issue = self._place.pictures if self._name == PICTURES else self._place.sample
        self._say(STAGES, 0, 1)
        with sink(self._folder) as taker:
            return stages(self._place.installation, issue, to_sink(self._broker[0], taker, 1))

    def _say(self, what: str, done: int, total: int) -> None:
        self._progress(self._name, what, done, total)
