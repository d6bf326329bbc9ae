"""The checks of an edition that need its texts alone; those of its variants are in render/inspect.py."""

from mailer.compose.check.catalogue import CHECKS, Check, Fault, Severity
from mailer.compose.check.edition import demand, demand_complete, findings, linked
from mailer.compose.check.finding import Finding

__all__ = [
    "CHECKS",
    "Check",
    "Fault",
    "Finding",
    "Severity",
    "demand",
    "demand_complete",
    "findings",
    "linked",
]
