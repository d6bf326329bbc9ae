"""E-mail addresses: strict, in one canonical form (RFC 5321 §4.1.2, RFC 5890)."""

import re
import unicodedata

import idna

from mailer.errors import InvalidError
from mailer.i18n import N_

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_LONGEST_LOCAL = 64
_LONGEST = 254


def canonical(typed: str) -> str:
    """``local@domain`` in small letters, the domain as A-labels, or InvalidError.

    One form for one mailbox, as far as that can be told without asking its provider: the
    full-width ＠ counts as @, a dot at the end of the domain is dropped. What could end an
    SMTP command or open a header (RFC 5321 §4.1.1.3) is refused, quoted local parts too.
    """
    local, at, domain = unicodedata.normalize("NFKC", typed.strip()).rpartition("@")
    try:
        ascii_domain = idna.encode(domain.rstrip("."), uts46=True, transitional=False).decode().lower()
    except (idna.IDNAError, UnicodeError):
        ascii_domain = ""
    address = f"{local.lower()}@{ascii_domain}"
    sound = at and _LOCAL.fullmatch(local) and len(local) <= _LONGEST_LOCAL and "." in ascii_domain
    if not sound or len(address) > _LONGEST:
        raise InvalidError(N_("This is not an email address: write it like name@example.org."))
    return address


def domain(address: str) -> str:
    """The domain of a canonical address."""
    return address.rpartition("@")[2]
