"""A course: where one domain's mail goes, and how its exchangers are to prove who they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailer.reply import SILENT
from worker.transport import Fate, Outcome
from worker.transport.endpoint import Endpoint, Security
from worker.transport.exchangers import Exchanger, NowhereError
from worker.transport.policy import Mode, Policy


@dataclass(frozen=True, slots=True)
class Course:
    """``exchangers``: at least one, in their order. ``policy``: what their domain wants of them, if it says so."""

    exchangers: Sequence[Exchanger]
    policy: Policy | None

    def endpoints(self, like: Endpoint) -> list[Endpoint]:
        """What to try, in this order; ``like`` says the rest. Raises NowhereError where the policy forbids it all."""
        found = [
            replace(like, host=exchanger.host, address=address, security=security)
            for exchanger in self.exchangers
            for address in exchanger.addresses
            for security in self._securities(exchanger.host)
        ]
        if not found:
            why = "none of the domain's exchangers is in its policy (MTA-STS)"
            raise NowhereError(Outcome(Fate.DEFERRED, reply=why, kind=SILENT))
        return found

    def takes(self, endpoint: Endpoint, opened: "Course") -> bool:
        """Whether a line that was ``opened`` to there for another course will do.

        It does where it leads to one of the first hosts, or to a later one that was opened for the same hosts, since
        the better ones did not answer then; and where it proves no less of that host.
        """
        first = {each.host for each in self.exchangers if each.preference == self.exchangers[0].preference}
        if endpoint.host not in first and not (endpoint.host in self._hosts and self._hosts == opened._hosts):  # noqa: SLF001 — its own kind
            return False
        securities = self._securities(endpoint.host)
        return endpoint.security in securities or (bool(securities) and endpoint.security is Security.STARTTLS)

    @property
    def astray(self) -> bool:
        """Whether there is an exchanger that a policy on trial does not name."""
        on_trial = self.policy if self.policy and self.policy.mode is Mode.TESTING else None
        return on_trial is not None and not all(map(on_trial.covers, self._hosts))

    @property
    def _hosts(self) -> set[str]:
        return {each.host for each in self.exchangers}

    def _securities(self, host: str) -> Sequence[Security]:
        """How a host may be spoken to, the best first; not at all where a policy in force does not name it."""
        covered = self.policy is not None and self.policy.covers(host)
        match self.policy:
            case Policy(mode=Mode.ENFORCE):
                return [Security.STARTTLS] if covered else []
            case Policy(mode=Mode.TESTING) if covered:
                return [Security.STARTTLS, Security.OPPORTUNISTIC]
        return [Security.OPPORTUNISTIC]
