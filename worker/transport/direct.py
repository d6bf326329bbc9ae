"""Mail straight to the exchangers of its reader's domain, without a relay (RFC 5321 §5.1)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from dns import rdatatype

from mailer import log, resolver, url
from mailer.audience.address import domain
from mailer.audience.provider import OTHER, known
from mailer.fetch import Fetcher
from mailer.internet import is_public
from mailer.reply import SILENT
from worker.transport import Fate, Outcome, Parcel, nothing, trust
from worker.transport.course import Course
from worker.transport.endpoint import Endpoint, Security
from worker.transport.exchangers import NowhereError, exchangers
from worker.transport.memory import Memory
from worker.transport.names import Names
from worker.transport.policies import Policies
from worker.transport.smtp import SmtpConnection

_SMTP, _HTTPS = 25, 443
_MOST_TRIED = 4
"""For one message: each has a share of its time that is enough for who keeps us waiting before it greets."""
_MOST_DEAD, _MANY_SILENT = 10_000, 10
_DEAD_SECONDS = 300.0
"""For so long who did not answer is not asked again (RFC 5321 §4.5.4.1): each message would wait for it in vain."""
_POLICY_OCTETS, _POLICY_SECONDS = 65_536, 10.0
"""For fetching one (RFC 8461 §3.3): of a host that dribbles other domains' mail should not notice much."""


class Direct:
    """See ``Transport``. ``dns`` is MAILER_DNS; ``timeout``: seconds for one whole message, all look-ups included.

    ``permitted`` judges the IP addresses that a reader's domain may have us connect to; ``ca_file``: certificates of
    authorities to trust instead of the system's. Raises MisconfiguredError where the DNS may not be asked, or that
    file not read.
    """

    def __init__(
        self,
        dns: str,
        timeout: float,
        *,
        port: int = _SMTP,
        policy_port: int = _HTTPS,
        ca_file: str = "",
        permitted: Callable[[str], bool] = is_public,
    ) -> None:
        url.demand_dns(url.DIRECT, dns)
        self.timeout = timeout
        self.endpoint = Endpoint("", port, Security.OPPORTUNISTIC, ca_file=ca_file)
        self.names = Names(dns)
        self.permitted = permitted
        fetcher = Fetcher(
            permitted,
            partial(_addresses, dns),
            ports=(policy_port,),
            octets=_POLICY_OCTETS,
            seconds=min(_POLICY_SECONDS, timeout / 2),
            redirects=0,
            trusted=trust.context(ca_file) if ca_file else None,
        )
        self.policies = Policies(self.names, fetcher.fetch, policy_port)
        self._dead = Memory[bool](_MOST_DEAD)
        self._silent = 0
        """How many were silent since one was reached."""

    def connect(self) -> "DirectConnection":
        return DirectConnection(self)

    def living(self, among: Sequence[Endpoint]) -> list[Endpoint]:
        """Those that were not silent just now."""
        return [endpoint for endpoint in among if not self._dead.get(_name(endpoint))]

    def bury(self, endpoint: Endpoint) -> None:
        """Leave one alone for a while; of many in a row it is said that it may be our own line."""
        self._dead.keep(_name(endpoint), True, _DEAD_SECONDS)
        self._silent += 1
        if self._silent % _MANY_SILENT == 0:
            why = "no server has answered since: is port 25 open from here to the outside?"
            log.logger().warning("direct.silent", servers=self._silent, why=why)

    def reach(self) -> None:
        """Somebody was there."""
        self._silent = 0


def _name(endpoint: Endpoint) -> str:
    return f"{endpoint.host} {endpoint.address} {endpoint.security}"


def _addresses(dns: str, host: str, _port: int) -> list[str]:
    """Where a policy is to be had, by the same name server as all else."""
    answers = [resolver.ask(dns, [host], kind).get(host) for kind in (rdatatype.A, rdatatype.AAAA)]
    return [record.to_text() for answer in answers for record in answer or ()]


class DirectConnection:
    """See ``Connection``: to one exchanger at a time, kept for as long as what comes next may go there too.

    What a relay refuses it refuses to all our mail; what an exchanger does, says something of its domain alone. So
    none of that is *unsent*, which has all others wait, but *deferred*, which this message does. Unsent is what one
    of the large providers holds against us, which halts a campaign, and what failed while no name server answers
    for anything: then it is our own line that is down.
    """

    def __init__(self, direct: Direct) -> None:
        self._direct = direct
        self._line: SmtpConnection | None = None
        self._endpoint = direct.endpoint
        self._course = Course((), None)
        self._domains: set[str] = set()
        """Those whose mail has taken the line."""

    @property
    def timeout(self) -> float:
        return self._direct.timeout

    async def send(
        self, parcel: Parcel, leaving: Callable[[], None], following: Callable[[], Parcel | None] = nothing
    ) -> Outcome:
        until = asyncio.get_running_loop().time() + self.timeout

        def fitting() -> Parcel | None:
            # What goes elsewhere comes next all the same, only not behind this one.
            after = following()
            return after if after and domain(after.recipient) in self._domains else None

        recipients = domain(parcel.recipient)
        tries: dict[Endpoint, Outcome] = {}
        try:
            course = await self._find(recipients, until)
            tries = await self._try(recipients, course, until, lambda line: line.send(parcel, leaving, fitting))
        except NowhereError as nowhere:
            outcome, host = nowhere.outcome, ""
        else:
            # Who refused to greet us has told more than who is silent.
            spoke = max(reversed(tries), key=lambda each: (not tries[each].unreached, tries[each].code is not None))
            outcome, host = tries[spoke], spoke.host
        if _silent(outcome) and not await self._anybody(until):
            return replace(outcome, fate=Fate.UNSENT, reply=f"no name server answers, and {outcome.reply}")
        self._learn(recipients, tries)
        # What a large provider asks of us, or holds against us, is about all our mail to it.
        outcome = replace(outcome, unreached=False, alone=(known(host) or OTHER) == OTHER)
        fate = Fate.DEFERRED if outcome.fate is Fate.UNSENT and not outcome.halts else outcome.fate
        return replace(outcome, fate=fate)

    async def _find(self, recipients: str, until: float) -> Course:
        """Where mail for a domain goes. Raises NowhereError."""
        direct = self._direct
        try:
            async with asyncio.timeout_at(until):
                found = await exchangers(direct.names, recipients, direct.permitted)
                course = Course(found, await direct.policies.of(recipients))
        except TimeoutError:
            why = "the domain's exchangers were not found in time"
            raise NowhereError(Outcome(Fate.DEFERRED, reply=why, kind=SILENT)) from None
        if course.astray:
            direct.policies.tell(recipients, "it does not name all exchangers")
        return course

    async def _try(
        self, recipients: str, course: Course, until: float, send: Callable[[SmtpConnection], Awaitable[Outcome]]
    ) -> dict[Endpoint, Outcome]:
        """Each exchanger that was tried with its outcome, until one was reached. Raises NowhereError."""
        chosen = self._direct.living(course.endpoints(self._direct.endpoint))[:_MOST_TRIED]
        if self._line and course.takes(self._endpoint, self._course):
            chosen = [self._endpoint, *(each for each in chosen if each != self._endpoint)]
        if not chosen:
            why = "none of the domain's exchangers answered a short while ago"
            raise NowhereError(Outcome(Fate.DEFERRED, reply=why, kind=SILENT))
        tries: dict[Endpoint, Outcome] = {}
        loop = asyncio.get_running_loop()
        for rest, endpoint in zip(range(len(chosen), 0, -1), chosen, strict=True):
            line = await self._open(endpoint, course, (until - loop.time()) / (rest + 1))
            line.timeout = until - loop.time()
            self._domains.add(recipients)
            tries[endpoint] = await send(line)
            if not tries[endpoint].unreached:
                break
            await self.close()
        return tries

    async def _open(self, endpoint: Endpoint, course: Course, patience: float) -> SmtpConnection:
        """The line to there; ``patience``: seconds in which a session must come about."""
        if self._line is None or endpoint != self._endpoint:
            await self.close()
            self._line = SmtpConnection(replace(endpoint, patience=patience), self.timeout)
            self._endpoint, self._course = endpoint, course
        return self._line

    async def _anybody(self, until: float) -> bool:
        """Whether there is a name server that answers; where there is no time left to ask, it is taken to be there."""
        try:
            async with asyncio.timeout_at(until):
                return await self._direct.names.stand()
        except TimeoutError:
            return True

    def _learn(self, recipients: str, tries: Mapping[Endpoint, Outcome]) -> None:
        """Leave alone for a while who was silent, and say where a policy on trial would have held mail back."""
        reached = {endpoint.address for endpoint, outcome in tries.items() if not outcome.unreached}
        if reached:
            self._direct.reach()
        for endpoint, outcome in tries.items():
            if _silent(outcome):
                self._direct.bury(endpoint)
                if endpoint.address in reached:
                    self._direct.policies.tell(recipients, outcome.reply)

    async def close(self) -> None:
        if self._line is not None:
            await self._line.close()
        self._line = None
        self._domains = set()


def _silent(outcome: Outcome) -> bool:
    """Whether nobody was there; who refuses to greet us costs no time, and may be asked again at once."""
    return outcome.unreached and outcome.code is None
