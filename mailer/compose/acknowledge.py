"""Letting a finding pass: by a named person, for a reason, until the text that it is about changes."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer import clock
from mailer.compose.check import Finding
from mailer.errors import NotFoundError, RefusedError, WrongUsageError
from mailer.i18n import N_
from mailer.model import Acknowledgement, AuditEntry, Edition

_LONGEST_REASON = 500


def acknowledged(session: Session, edition: Edition) -> dict[str, Acknowledgement]:
    """What persons let pass of an edition, by the finding's id; some of it may be of texts that are gone."""
    rows = session.scalars(select(Acknowledgement).where(Acknowledgement.edition_id == edition.id))
    return {row.finding: row for row in rows}


def acknowledge(
    session: Session, edition: Edition, found: Collection[Finding], ids: Sequence[str], by: str, reason: str
) -> list[Acknowledgement]:
    """Let the findings with these ids pass, of all those ``found`` now; on record with ``by`` and ``reason``.

    Raises WrongUsageError without a reason, NotFoundError for an id of none, RefusedError for one that nobody
    may let pass.
    """
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= _LONGEST_REASON:
        raise WrongUsageError(N_("Say why in at most %(most)s characters."), most=_LONGEST_REASON)
    known, present = acknowledged(session, edition), {finding.id: finding for finding in found}
    made = []
    for id_ in dict.fromkeys(ids):
        finding = present.get(id_)
        if finding is None:
            raise NotFoundError(N_("No finding of the edition %(slug)s is called %(id)s."), slug=edition.slug, id=id_)
        if not finding.acknowledgeable:
            raise RefusedError(N_("Nobody may let %(id)s pass: mend it instead."), id=id_)
        if id_ not in known:
            made.append(_row(edition, finding, by, reason))
    session.add_all(made)
    names = [f"{row.finding}:{row.fault}:{row.block}:{row.locale}" for row in made]
    if made:
        detail = {"newsletter": edition.newsletter.slug, "findings": names, "reason": reason}
        entry = AuditEntry(at=clock.now(), name=by, action="edition.acknowledge", subject=edition.slug, detail=detail)
        session.add(entry)
    session.flush()
    return made


def _row(edition: Edition, finding: Finding, by: str, reason: str) -> Acknowledgement:
    return Acknowledgement(
        edition_id=edition.id,
        finding=finding.id,
        fault=finding.fault.value,
        block=finding.block,
        locale=finding.locale,
        by=by,
        reason=reason,
        at=clock.now(),
    )
