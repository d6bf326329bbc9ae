"""What a variant weighs: mail programs cut long HTML short, and mail servers refuse heavy messages."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.compose.check import Fault, Finding
from mailer.model import Image, Variant
from mailer.render import transfer
from mailer.render.frozen import Frozen
from mailer.render.html import MOST_OCTETS
from mailer.render.message import NOBODY, compile_mail

# Octets.
_WARN_HTML = 70_000
_WARN_MESSAGE, _MOST_MESSAGE = 500_000, 1_000_000
_KB = 1000


@dataclass(frozen=True, slots=True)
class Weight:
    """Octets of one variant: of its HTML before any encoding, and of the whole message with its pictures."""

    mode: str
    html: int
    message: int

    def findings(self) -> list[Finding]:
        """Where readers would not get it whole, or not at all, and what comes near to that."""
        faults = [
            (Fault.LONG, Fault.TOO_LONG, self.html, _WARN_HTML, MOST_OCTETS),
            (Fault.HEAVY, Fault.TOO_HEAVY, self.message, _WARN_MESSAGE, _MOST_MESSAGE),
        ]
        return [
            Finding(refused if octets > most else warned, "", "", self.mode, {"mode": self.mode, "size": octets // _KB})
            for warned, refused, octets, warn, most in faults
            if octets > warn
        ]


def weigh(session: Session, variant: Variant) -> Weight:
    """What a stored variant weighs; a reader's own few lines are not counted."""
    frozen = Frozen.load(variant, "")
    # Pictures are counted, not read: each variant shows the same, and encoded only to be thrown away.
    known = select(Image.hash, Image.media_type, func.length(Image.content)).where(Image.hash.in_(frozen.images))
    found = session.execute(known).all()
    hollow = {hash_: Image(hash=hash_, media_type=media_type, content=b"") for hash_, media_type, _ in found}
    embedded = 0 if frozen.hosted else sum(transfer.based_size(octets) for *_, octets in found)
    message = compile_mail(frozen, NOBODY, hollow).size() + embedded
    return Weight(variant.mode, sum(len(part.encode()) for part in frozen.html.parts), message)
