"""The policies of domains, found and kept (RFC 8461 §3); a restart forgets them, and finds them again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from dns import rdatatype

from mailer import clock, log
from mailer.audience.provider import OTHER, known
from mailer.errors import MailerError
from mailer.fetch import Fetched
from mailer.resolver import texts
from worker.transport.memory import Memory
from worker.transport.names import Names
from worker.transport.policy import Policy, version

_MOST_DOMAINS = 10_000
_AT_ONCE = 8
"""Fetches in threads that other look-ups need as well."""
_AGAIN_SECONDS = 300.0
"""RFC 8461 §3.3: no sooner, where a version could not be fetched."""
_FRESH_SECONDS = 86_400.0
_TELL_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class _Kept:
    version: str
    policy: Policy
    renewed_from: float
    """From then on (monotonic clock) it is fetched again, lest it ends while its host is away."""

    def is_current(self, wanted: str) -> bool:
        return self.version == wanted and clock.monotonic() < self.renewed_from


class Policies:
    """``fetch`` gets a page, blocking, and follows no redirects (RFC 8461 §3.3); MailerError where there is none."""

    def __init__(self, names: Names, fetch: Callable[[str], Fetched], port: int) -> None:
        self._names = names
        self._fetch = fetch
        self._place = f":{port}/.well-known/mta-sts.txt"
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._kept = Memory[_Kept](_MOST_DOMAINS)
        self._failed = Memory[str](_MOST_DOMAINS)
        self._told = Memory[bool](_MOST_DOMAINS)
        self._fetching: dict[str, asyncio.Task[None]] = {}

    async def of(self, domain: str) -> Policy | None:
        """The policy that holds for a domain's mail, if it has one.

        One that was found before holds for its age, whatever becomes of its record or its host meanwhile.
        """
        kept = self._kept.get(domain)
        answer = await self._names.ask(f"_mta-sts.{domain}", rdatatype.TXT)
        wanted = version(texts(answer.records if answer else None))
        if wanted and not (kept and kept.is_current(wanted)) and self._failed.get(domain) != wanted:
            # Others wait for the same, and go on waiting where this one's time is over.
            await asyncio.shield(self._begin(domain, wanted))
            kept = self._kept.get(domain)
        return kept.policy if kept else None

    def tell(self, domain: str, why: str) -> None:
        """Say in the log, once a day and naming nobody, that a policy on trial is not kept to."""
        if not self._told.get(domain):
            self._told.keep(domain, True, _TELL_SECONDS)
            log.logger().warning("policy.broken", provider=known(domain) or OTHER, why=why)

    def _begin(self, domain: str, wanted: str) -> asyncio.Task[None]:
        task = self._fetching.get(domain)
        if task is None:
            task = self._fetching[domain] = asyncio.create_task(self._renew(domain, wanted))
            task.add_done_callback(lambda _: self._fetching.pop(domain))
        return task

    async def _renew(self, domain: str, wanted: str) -> None:
        try:
            async with self._room:
                page = await asyncio.to_thread(self._fetch, f"https://mta-sts.{domain}{self._place}")
            policy = _policy(page)
        except (MailerError, ValueError):
            self._failed.keep(domain, wanted, _AGAIN_SECONDS)
        else:
            # One that is over at once holds for the mail that waits for it.
            age = max(policy.max_age, _AGAIN_SECONDS)
            renewed_from = clock.monotonic() + min(_FRESH_SECONDS, age / 2)
            self._kept.keep(domain, _Kept(wanted, policy, renewed_from), age)


def _policy(page: Fetched) -> Policy:
    """What a page says. Where people may put up pages of their own, they hardly do so as plain text (§3.2)."""
    if page.content_type != "text/plain":
        raise ValueError("it is no plain text")
    return Policy.of(page.body.decode())
