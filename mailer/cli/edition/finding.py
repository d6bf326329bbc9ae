"""Findings as commands show them: a line each for people, an object each for machines."""

from collections.abc import Iterable
from typing import Any

from mailer.cli.screen import screen
from mailer.compose.check import Finding, Severity
from mailer.errors import RefusedError
from mailer.i18n import N_

_LINES = {Severity.ERROR: N_("Error: %(what)s"), Severity.WARNING: N_("Warning: %(what)s")}


def show(found: Iterable[Finding]) -> None:
    """Errors first; each with its name, where a person may let it pass."""
    for each in sorted(found, key=lambda finding: finding.severity is Severity.WARNING):
        line = screen().say(_LINES[each.severity], what=each.say(screen().say))
        screen().out(f"{line} [{each.id}]" if each.acknowledgeable else line)


def entry(found: Finding) -> dict[str, Any]:
    """A finding as JSON."""
    return {
        "id": found.id,
        "severity": found.severity.value,
        "fault": found.fault.value,
        "block": found.block,
        "field": found.field,
        "language": found.locale,
        "acknowledgeable": found.acknowledgeable,
        "message": found.say(screen().say),
    }


def demand_none_grave(slug: str, found: Iterable[Finding]) -> None:
    """Raise RefusedError where something keeps the edition from being approved."""
    if any(each.severity is Severity.ERROR for each in found):
        raise RefusedError(N_("The edition %(slug)s cannot be approved as it is."), slug=slug)
