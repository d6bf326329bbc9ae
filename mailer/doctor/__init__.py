"""Whether an installation is fit to send: looked at before the first mail, read only, with advice for what is not."""

from mailer.doctor.check import Check, State
from mailer.doctor.examination import Group, examine

__all__ = ["Check", "Group", "State", "examine"]
