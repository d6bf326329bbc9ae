"""Mail providers that keep limits of their own and tell nobody: one server, which goes by the recipient's domain.

``python postmaster.py PORT FOLDER`` reads ``FOLDER/rules.json``, answers, and writes what it answered to
``FOLDER/record.jsonl``. It knows nothing of Twinletter.
"""

import asyncio
import json
import signal
import sys
import time
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

RULES, RECORD = "rules.json", "record.jsonl"
TAKEN = "250"


@dataclass(frozen=True, slots=True)
class Rule:
    """How one domain is served. ``minute``: seconds that a minute of its clock takes.

    ``per_minute`` and ``per_hour``: messages in any minute and hour, 0 for as many as come. ``refusal``: what is
    said to more than that. ``locks``: minutes for which whoever sends more is refused everything. ``tarpit``:
    seconds before each answer to RCPT.
    """

    per_minute: int = 0
    per_hour: int = 0
    minute: float = 60.0
    refusal: str = "450 4.2.1 Too many messages"
    locks: float = 0.0
    tarpit: float = 0.0


class _Desk:
    """One domain's."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._taken: list[float] = []
        self._locked = 0.0

    def refused(self) -> bool:
        """Whether one more message now is one too many."""
        rule, now = self._rule, time.monotonic()
        minute = len(self._taken) - bisect_right(self._taken, now - rule.minute)
        hour = len(self._taken) - bisect_right(self._taken, now - 60 * rule.minute)
        over = bool(rule.per_minute and minute >= rule.per_minute) or bool(rule.per_hour and hour >= rule.per_hour)
        if over and now >= self._locked:
            self._locked = now + rule.locks * rule.minute
        return over or now < self._locked

    def take(self) -> None:
        self._taken.append(time.monotonic())


class _Postmaster:
    """aiosmtpd's handler."""

    def __init__(self, rules: dict[str, Rule], folder: Path) -> None:
        self._rules = rules
        self._desks = {domain: _Desk(rule) for domain, rule in rules.items()}
        self._record = (folder / RECORD).open("a", encoding="utf-8", buffering=1)

    async def handle_RCPT(  # noqa: N802 — aiosmtpd's name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        rule, desk = self._rules.get(_domain(address)), self._desks.get(_domain(address))
        if rule and desk:
            await asyncio.sleep(rule.tarpit)
            if desk.refused():
                self._write(address, rule.refusal)
                return rule.refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 — aiosmtpd's name
        for address in envelope.rcpt_tos:
            if desk := self._desks.get(_domain(address)):
                desk.take()
            self._write(address, TAKEN)
        return "250 2.0.0 taken"

    def _write(self, address: str, said: str) -> None:
        self._record.write(json.dumps({"at": time.time(), "to": address, "said": said}) + "\n")


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def written(rules: Mapping[str, Rule]) -> str:
    """What is to stand in ``rules.json``."""
    return json.dumps({domain: asdict(rule) for domain, rule in rules.items()})


def _read(folder: Path) -> dict[str, Rule]:
    read: dict[str, dict[str, Any]] = json.loads((folder / RULES).read_text())
    return {domain: Rule(**rule) for domain, rule in read.items()}


async def _serve(port: int, folder: Path) -> None:
    postmaster, over = _Postmaster(_read(folder), folder), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(postmaster, hostname="mx.example", data_size_limit=20_000_000), "127.0.0.1", port
    )
    await over.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
