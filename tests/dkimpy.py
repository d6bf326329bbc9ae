"""dkimpy as a judge of signatures, which asks no DNS: what that would say is what some keys' records are."""

import re
from collections.abc import Iterable

import dkim

from mailer.vault import DkimKey


def passed(mail: bytes, keys: Iterable[DkimKey]) -> list[bool]:
    """Whether each of a mail's signatures holds, in their order; one that it cannot make sense of does not."""
    records = {f"{key.record_name}.".encode(): key.record_value.encode() for key in keys}
    judge = dkim.DKIM(mail)
    found = []
    for number in range(len(re.findall(rb"^DKIM-Signature:", mail, re.MULTILINE | re.IGNORECASE))):
        try:
            found.append(judge.verify(number, dnsfunc=lambda name, timeout=5: records.get(name)))  # noqa: ARG005
        except dkim.DKIMException:
            found.append(False)
    return found
