"""The key ring and all that is done with it: sealed fields, blind indexes, signed tokens, DKIM keys.

The only package that touches a key. A stolen database without the key file gives no name and
no address; a stolen key file without the database gives nothing at all.
"""

from mailer.vault.dkim import Algorithm, DkimKey, KeyState
from mailer.vault.ring import change, create, unlock
from mailer.vault.rotation import Step
from mailer.vault.seal import Opener, Place
from mailer.vault.vault import Vault, digest, new_ref

__all__ = [
    "Algorithm",
    "DkimKey",
    "KeyState",
    "Opener",
    "Place",
    "Step",
    "Vault",
    "change",
    "create",
    "digest",
    "new_ref",
    "unlock",
]
