"""Settling what was tried: outcomes into the ledger, in bulk."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import insert
from sqlalchemy.orm import Session

from mailer import clock
from mailer.campaign.ledger import disown, transition
from mailer.model import Attempt, DeliveryState
from worker.backoff import MOST_TRIES, delay
from worker.transport import Fate, Outcome

_S = DeliveryState
_NO_REPLY = "no reply after the body"
_DIED = "its worker died while sending"


class Tried(Protocol):
    """A delivery that was tried: how often before, and whether doubt has it sent again."""

    @property
    def id(self) -> int: ...
    @property
    def attempts(self) -> int: ...
    @property
    def resend(self) -> bool: ...


def record(session: Session, outcomes: Sequence[tuple[Tried, Outcome]], token: str) -> None:
    """Settle a batch in bulk. A row that a reaper called uncertain meanwhile is still ours to settle."""
    by_fate: dict[Fate, list[tuple[Tried, Outcome]]] = defaultdict(list)
    for row, outcome in outcomes:
        by_fate[_fate(row, outcome)].append((row, outcome))
    settled = _doubt(session, by_fate[Fate.UNCERTAIN], token)
    back = [row.id for fate in (Fate.UNSENT, Fate.KEPT) for row, _ in by_fate[fate]]
    failed, deferred = by_fate[Fate.FAILED], by_fate[Fate.DEFERRED]
    # A doubt that turns out to be a "later" waits anew.
    for before, later in ((_S.SENDING, _S.DEFERRED), (_S.UNCERTAIN, _S.PENDING)):
        transition(session, before, _S.SENT, _ids(by_fate[Fate.SENT]), claim=token)
        transition(session, before, _S.PENDING, back, claim=token)
        settled |= {
            *transition(session, before, _S.FAILED, _ids(failed), claim=token, each={"reason": _reasons(failed)}),
            *transition(session, before, later, _ids(deferred), claim=token, each=_again(deferred)),
        }
    # Only of rows that were settled just now: this may be asked for again, where the answer to a commit was
    # lost. A relay that could not be reached says nothing of a recipient, and is not among them.
    if tried := [_attempt(row, outcome) for row, outcome in outcomes if row.id in settled]:
        session.execute(insert(Attempt), tried)


def _fate(row: Tried, outcome: Outcome) -> Fate:
    """Given up are those that were put off too often."""
    return Fate.FAILED if outcome.fate is Fate.DEFERRED and row.attempts + 1 >= MOST_TRIES else outcome.fate


def _doubt(session: Session, rows: Sequence[tuple[Tried, Outcome]], token: str) -> set[int]:
    """Uncertain, and where the campaign says so sent again later, marked as perhaps doubled; those that were ours."""
    transition(session, _S.SENDING, _S.UNCERTAIN, _ids(rows), claim=token, reason=_NO_REPLY)
    again = [(row, outcome) for row, outcome in rows if row.resend and row.attempts + 1 < MOST_TRIES]
    resent = transition(
        session, _S.UNCERTAIN, _S.PENDING, _ids(again), claim=token, each=_again(again), maybe_doubled=True
    )
    # What its owner leaves in doubt is nobody's: its journal forgets it now, and must not be asked about it later.
    return {*resent, *disown(session, _ids(rows), token)}


def died(session: Session, rows: Sequence[Tried], *, resend: bool) -> tuple[int, int]:
    """Settle what a dead worker may have sent: uncertain, or sent again where the campaign says so; how many each.

    ``resend``: whether it may go again now; else its owner is given time to come back first.
    """
    uncertain = transition(session, _S.SENDING, _S.UNCERTAIN, [row.id for row in rows], reason=_DIED)
    moved = set(uncertain)
    resent = again(session, [row for row in rows if resend and row.resend and row.id in moved])
    return len(uncertain) - resent, resent


def again(session: Session, rows: Sequence[Tried]) -> int:
    """Send doubts again, marked as perhaps doubled: at once after the first death, later after each that follows.

    It may be the message that its workers die of; after too many tries it is left in doubt.
    """
    fit = [row for row in rows if row.attempts + 1 < MOST_TRIES]
    tries: list[object] = [row.attempts + 1 for row in fit]
    waits: list[object] = [delay(row.attempts) if row.attempts else 0.0 for row in fit]
    each = {"attempts": tries, "next_at": waits}
    return len(transition(session, _S.UNCERTAIN, _S.PENDING, [row.id for row in fit], each=each, maybe_doubled=True))


def _ids(rows: Sequence[tuple[Tried, Outcome]]) -> list[int]:
    return [row.id for row, _ in rows]


def _again(rows: Sequence[tuple[Tried, Outcome]]) -> dict[str, list[object]]:
    tries = [row.attempts + 1 for row, _ in rows]
    return {"reason": _reasons(rows), "attempts": [*tries], "next_at": [delay(n) for n in tries]}


def _reasons(rows: Sequence[tuple[Tried, Outcome]]) -> list[object]:
    return [_reason(row, outcome) for row, outcome in rows]


def _reason(row: Tried, outcome: Outcome) -> str:
    said = " ".join(str(part) for part in (outcome.code, outcome.reply) if part)
    given_up = outcome.fate is Fate.DEFERRED and _fate(row, outcome) is Fate.FAILED
    return f"gave up: {said}" if given_up else said


def _attempt(row: Tried, outcome: Outcome) -> dict[str, object]:
    return {
        "delivery_id": row.id,
        "at": clock.now(),
        "code": outcome.code,
        "enhanced": outcome.enhanced,
        "reply": outcome.reply,
        "after_body": outcome.after_body,
    }
