"""Settling what was tried: outcomes into the ledger, in bulk."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from mailer import log
from mailer.campaign import refusal
from mailer.campaign.ledger import disown, transition
from mailer.db.rows import one_of
from mailer.db.types import now_in
from mailer.model import Attempt, DeliveryState
from mailer.reply import GAVE_UP
from worker.backoff import delay
from worker.transport import Fate, Outcome

_S = DeliveryState
_ATTEMPT = cast(Table, Attempt.__table__)
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


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What becomes of a delivery, which its outcome alone does not decide.

    ``old``: its lifetime is over; ``stands``: we were refused for it before, and this try says nothing new of that, so
    the old reason is kept.
    """

    row: Tried
    outcome: Outcome
    fate: Fate
    old: bool
    stands: bool

    @property
    def reason(self) -> str:
        """The class of the reply; where there is none, what was said."""
        outcome = self.outcome
        words = " ".join(str(part) for part in (outcome.code, outcome.reply) if part)
        said = outcome.kind.key if outcome.kind else words
        given_up = self.old and self.fate is Fate.FAILED is not outcome.fate
        return f"{GAVE_UP}{said}" if given_up else said


_Verdicts = Sequence[_Verdict]


def record(
    session: Session,
    outcomes: Sequence[tuple[Tried, Outcome]],
    token: str,
    lifetime: float,
    refusing: Collection[str] = (),
) -> None:
    """Settle a batch in bulk. A row that a reaper called uncertain meanwhile is still ours to settle.

    ``lifetime``: seconds after its first try for which a delivery is tried again. Where mail was refused to
    us, its campaign is paused, unless it was a way out that would not have us and there is one for it that is not
    among those ``refusing``.
    """
    by_fate: dict[Fate, list[_Verdict]] = defaultdict(list)
    for verdict in _verdicts(session, outcomes, lifetime, refusing):
        by_fate[verdict.fate].append(verdict)
    settled = _doubt(session, by_fate[Fate.UNCERTAIN], token)
    sent = by_fate[Fate.SENT]
    refused = [each for each in by_fate[Fate.UNSENT] if each.outcome.kind and not each.stands]
    faulty = [each for each in by_fate[Fate.KEPT] if each.outcome.kind]
    back = [each for each in by_fate[Fate.UNSENT] if not each.outcome.kind or each.stands]
    back += [each for each in by_fate[Fate.KEPT] if not each.outcome.kind]
    failed, deferred = by_fate[Fate.FAILED], by_fate[Fate.DEFERRED]
    returned: set[int] = set()
    # A doubt that turns out to be a "later" waits anew.
    for before, later in ((_S.SENDING, _S.DEFERRED), (_S.UNCERTAIN, _S.PENDING)):
        went = {*transition(session, before, _S.SENT, _ids(sent), claim=token)}
        # Of all that is recorded these are nearly all: only the others are looked for among the doubts.
        sent = [each for each in sent if each.row.id not in went]
        # What no server would have, or none was there for, says why from now on; the others come back as they were.
        transition(session, before, _S.PENDING, _ids(back), claim=token)
        # Those of which there is no mail would be claimed again before all others.
        kept = {*transition(session, before, _S.PENDING, _ids(faulty), claim=token, each=_later(faulty))}
        # The first time is all that their lifetime is told by.
        settled |= {each.row.id for each in faulty if each.row.id in kept and not each.row.attempts}
        returned |= {*transition(session, before, _S.PENDING, _ids(refused), claim=token, each=_reasons(refused))}
        settled |= {
            *transition(session, before, _S.FAILED, _ids(failed), claim=token, each=_reasons(failed)),
            *transition(session, before, later, _ids(deferred), claim=token, each=_later(deferred)),
        }
    # Only of rows that were settled just now: this may be asked for again, where the answer to a commit was
    # lost. What was refused to us, or by nobody, says nothing of a recipient, and is not among them.
    _note(session, [(row.id, outcome) for row, outcome in outcomes if row.id in settled])
    # The rows of one claim are of one campaign.
    if first := next((each for each in refused if each.outcome.halts and each.row.id in returned), None):
        why = {"why": first.reason, "code": first.outcome.code, "reply": first.outcome.reply}
        if paused := refusal.pause(session, first.row.id, **why):
            log.logger().error("campaign.paused", campaign=paused, **why)


def _verdicts(
    session: Session, outcomes: Sequence[tuple[Tried, Outcome]], lifetime: float, refusing: Collection[str]
) -> list[_Verdict]:
    """Given up are those that are put off after their lifetime, or of which there is no mail for as long.

    What was refused to us ends a test, which is nobody's loss. A reader's mail that was refused so before,
    and again since a person had it go on, waits like any other and does not stop the rest once more. Where it is
    a way out that would not have us, none of that was about this mail.
    """
    old = _old(session, [row.id for row, outcome in outcomes if outcome.fate is not Fate.SENT], lifetime)
    shut = [row.id for row, outcome in outcomes if outcome.halts and outcome.unreached]
    if shut and refusal.another_way(session, shut[0], refusing):
        outcomes = [(row, replace(each, kind=None) if row.id in shut else each) for row, each in outcomes]
    told = [row.id for row, outcome in outcomes if outcome.halts or outcome.fate is Fate.UNSENT]
    standing = refusal.standing(session, told)
    found = []
    for row, outcome in outcomes:
        test, refused_before = standing.get(row.id, (False, False))
        fate = outcome.fate
        if outcome.halts:
            fate = Fate.FAILED if test else Fate.DEFERRED if refused_before and not outcome.unreached else fate
        put_off = fate is Fate.DEFERRED or (fate is Fate.KEPT and outcome.kind is not None)
        late = put_off and row.id in old
        stands = refused_before and not outcome.halts
        found.append(_Verdict(row, outcome, Fate.FAILED if late else fate, row.id in old, stands))
    return found


def _old(session: Session, ids: Sequence[int], lifetime: float) -> set[int]:
    """Those whose first try, by the database's clock, is longer ago than that."""
    if not ids:
        return set()
    tried = select(_ATTEMPT.c.delivery_id).where(
        one_of(session, _ATTEMPT.c.delivery_id, ids), _ATTEMPT.c.at < now_in(-lifetime)
    )
    return set(session.scalars(tried))


def _doubt(session: Session, rows: _Verdicts, token: str) -> set[int]:
    """Uncertain, and where the campaign says so sent again later, marked as perhaps doubled; those that were ours."""
    transition(session, _S.SENDING, _S.UNCERTAIN, _ids(rows), claim=token, reason=_NO_REPLY)
    to_resend = [each for each in rows if each.row.resend and not each.old]
    resent = transition(
        session, _S.UNCERTAIN, _S.PENDING, _ids(to_resend), claim=token, each=_later(to_resend), maybe_doubled=True
    )
    # What its owner leaves in doubt is nobody's: its journal forgets it now, and must not be asked about it later.
    return {*resent, *disown(session, _ids(rows), token)}


def died(session: Session, rows: Sequence[Tried], *, resend: bool, lifetime: float) -> tuple[int, int]:
    """Settle what a dead worker may have sent: uncertain, or sent again where the campaign says so; how many each.

    ``resend``: whether it may go again now; else its owner is given time to come back first.
    """
    uncertain = transition(session, _S.SENDING, _S.UNCERTAIN, [row.id for row in rows], reason=_DIED)
    moved = set(uncertain)
    resent = send_again(session, [row for row in rows if resend and row.resend and row.id in moved], lifetime)
    return len(uncertain) - resent, resent


def send_again(session: Session, rows: Sequence[Tried], lifetime: float) -> int:
    """Send doubts again, marked as perhaps doubled: at once after the first death, later after each that follows.

    It may be the message that its workers die of: where its lifetime is over it is left in doubt.
    """
    old = _old(session, [row.id for row in rows], lifetime)
    fit = [row for row in rows if row.id not in old]
    tries: list[object] = [row.attempts + 1 for row in fit]
    waits: list[object] = [delay(row.attempts) if row.attempts else 0.0 for row in fit]
    each = {"attempts": tries, "next_at": waits}
    moved = transition(session, _S.UNCERTAIN, _S.PENDING, [row.id for row in fit], each=each, maybe_doubled=True)
    _note(session, [(number, Outcome(Fate.UNCERTAIN, reply=_DIED, after_body=True)) for number in moved])
    return len(moved)


def _note(session: Session, tries: Sequence[tuple[int, Outcome]]) -> None:
    """Keep what was answered. By the database's clock: a worker's own may be wrong by hours."""
    rows: list[dict[str, Any]] = [
        {
            "delivery_id": number,
            "code": outcome.code,
            "enhanced": outcome.enhanced,
            "reply": outcome.reply,
            "after_body": outcome.after_body,
        }
        for number, outcome in tries
    ]
    if rows:
        session.execute(insert(Attempt).values(at=now_in()), rows)


def _ids(rows: _Verdicts) -> list[int]:
    return [each.row.id for each in rows]


def _reasons(rows: _Verdicts) -> dict[str, list[object]]:
    return {"reason": [each.reason for each in rows]}


def _later(rows: _Verdicts) -> dict[str, list[object]]:
    tries = [each.row.attempts + 1 for each in rows]
    waits = [delay(n, each.outcome.kind) for n, each in zip(tries, rows, strict=True)]
    return _reasons(rows) | {"attempts": [*tries], "next_at": [*waits]}
