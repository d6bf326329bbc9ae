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
    _doubt(session, by_fate[Fate.UNCERTAIN], token)
    back = [row.id for fate in (Fate.UNSENT, Fate.KEPT) for row, _ in by_fate[fate]]
    failed, deferred = by_fate[Fate.FAILED], by_fate[Fate.DEFERRED]
    # A doubt that turns out to be a "later" waits anew.
    for before, later in ((_S.SENDING, _S.DEFERRED), (_S.UNCERTAIN, _S.PENDING)):
        transition(session, before, _S.SENT, _ids(by_fate[Fate.SENT]), claim=token)
        transition(session, before, _S.PENDING, back, claim=token)
        transition(session, before, _S.FAILED, _ids(failed), claim=token, each={"reason": _reasons(failed)})
        transition(session, before, later, _ids(deferred), claim=token, each=_again(deferred))
    # A relay that could not be reached says nothing of a recipient.
    tried = [_attempt(row, o) for row, o in outcomes if o.fate not in (Fate.SENT, Fate.UNSENT, Fate.KEPT)]
    if tried:
        session.execute(insert(Attempt), tried)


def _fate(row: Tried, outcome: Outcome) -> Fate:
    """Given up are those that were put off too often."""
    return Fate.FAILED if outcome.fate is Fate.DEFERRED and row.attempts + 1 >= MOST_TRIES else outcome.fate


def _doubt(session: Session, rows: Sequence[tuple[Tried, Outcome]], token: str) -> None:
    """Uncertain, and where the campaign says so sent again later, marked as perhaps doubled."""
    transition(session, _S.SENDING, _S.UNCERTAIN, _ids(rows), claim=token, reason=_NO_REPLY)
    again = [(row, outcome) for row, outcome in rows if row.resend and row.attempts + 1 < MOST_TRIES]
    transition(session, _S.UNCERTAIN, _S.PENDING, _ids(again), claim=token, each=_again(again), maybe_doubled=True)
    # What its owner leaves in doubt is nobody's: its journal forgets it now, and must not be asked about it later.
    disown(session, _ids(rows), token)


def died(session: Session, rows: Sequence[Tried]) -> tuple[int, int]:
    """Settle what a dead worker may have sent: uncertain, or again at once, as the campaign says; how many each."""
    uncertain = transition(session, _S.SENDING, _S.UNCERTAIN, [row.id for row in rows], reason=_DIED)
    moved = set(uncertain)
    again = [row.id for row in rows if row.resend and row.id in moved]
    resent = transition(session, _S.UNCERTAIN, _S.PENDING, again, maybe_doubled=True)
    return len(uncertain) - len(resent), len(resent)


def _ids(rows: Sequence[tuple[Tried, Outcome]]) -> list[int]:
    return [row.id for row, _ in rows]


def _again(rows: Sequence[tuple[Tried, Outcome]]) -> dict[str, list[object]]:
    tries = [row.attempts + 1 for row, _ in rows]
    return {"reason": _reasons(rows), "attempts": [*tries], "next_at": [delay(n) for n in tries]}


def _reasons(rows: Sequence[tuple[Tried, Outcome]]) -> list[object]:
    return [_reason(row, outcome) for row, outcome in rows]


def _reason(row: Tried, outcome: Outcome) -> str:
    said = " ".join(str(part) for part in (outcome.code, outcome.reply) if part)
    return f"gave up: {said}" if outcome.fate is not _fate(row, outcome) else said


def _attempt(row: Tried, outcome: Outcome) -> dict[str, object]:
    return {
        "delivery_id": row.id,
        "at": clock.now(),
        "code": outcome.code,
        "enhanced": outcome.enhanced,
        "reply": outcome.reply,
        "after_body": outcome.after_body,
    }
