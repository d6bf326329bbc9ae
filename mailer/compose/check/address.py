"""What the address of a page gives away: a person, where readers come from, or nothing of itself."""

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from mailer.compose.data import safe_url
from mailer.i18n import N_

_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])?\.?")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,}")
_USER = re.compile(r"^(https?://)[^/?#]*@")
_NUMBER = re.compile(r"(?:\+|00)[\d -]{8,18}")
_DIGITS = re.compile(r"\+?[\d -]{8,18}")
_SHOWN = 80

EMAIL, TELEPHONE, USER = N_("an email address"), N_("a telephone number"), N_("a user name")
# What a parameter called so holds is somebody's; the last are those that mail and advertising services give each
# reader: whoever copied the link from a mail or a page would be named in all of ours.
_PERSONAL = frozenset(
    "email e-mail mail token access_token api_key secret password passwd pwd session sessionid sid"  # noqa: SIM905
    " phone tel mobile msisdn user username login userid user_id member_id subscriber_id"
    " mc_eid fbclid gclid dclid gbraid wbraid msclkid twclid ttclid yclid igshid igsh _hsenc _hsmi mkt_tok"
    " vero_id oly_enc_id oly_anon_id rb_clickid ml_subscriber ml_subscriber_hash ck_subscriber_id bsft_uid".split()
)
_TRACKING = re.compile(r"(?:utm|pk|mtm|piwik|matomo|hsa)_\w+|mc_cid|_ga|_gl|ref_src|ref_url|spm|cmpid|icid", re.ASCII)
_TELEPHONES = frozenset({"phone", "tel", "mobile", "msisdn"})
# There the number is where one is to write to.
_MESSENGERS = frozenset({"wa.me", "api.whatsapp.com", "web.whatsapp.com", "signal.me", "t.me"})

_SHORTENERS = frozenset(
    "bit.ly bitly.com tinyurl.com t.co goo.gl ow.ly is.gd v.gd buff.ly rebrand.ly cutt.ly shorturl.at tiny.cc rb.gy"  # noqa: SIM905
    " t.ly s.id lihi.cc lihi1.com reurl.cc ppt.cc pse.is shorturl.asia lnkd.in db.tt bl.ink soo.gd t.cn url.cn dwz.cn"
    " suo.im".split()
)


def split(url: str) -> SplitResult | None:
    """The parts of an address that a mail can lead to; nothing for one that leads nowhere."""
    try:
        safe_url(_USER.sub(r"\1", url))
        parts = urlsplit(url)
        if parts.scheme == "mailto":
            return parts if _MAIL.fullmatch(unquote(parts.path)) else None
        return parts if _HOST.fullmatch(parts.hostname or "") and parts.port != 0 else None
    except ValueError:
        return None


def shown(url: str) -> str:
    """An address as it may be said to anybody: without its parameters, and nobody's mailbox."""
    if url.startswith("mailto:"):
        return "mailto:…"
    bare = re.split("[?#]", url, maxsplit=1)[0] or url
    return masked(_USER.sub(r"\1", bare))[:_SHOWN]


def masked(text: str) -> str:
    """A text without anybody's email address."""
    return _MAIL.sub("…", text)


def host(parts: SplitResult) -> str:
    """The host without *www*, in small letters."""
    return (parts.hostname or "").removeprefix("www.").rstrip(".")


def personal(parts: SplitResult) -> Iterator[str]:
    """What belongs to one person in an address: the kind of thing, or the parameter that holds it."""
    if parts.scheme == "mailto":
        return
    if parts.username is not None:
        yield USER
    values = parse_qsl(parts.query.replace(";", "&"))
    messenger = host(parts) in _MESSENGERS
    told = [unquote(parts.path), unquote(parts.fragment), *(value for _, value in values)]
    if any(map(_MAIL.search, told)):
        yield EMAIL
    if not messenger and any(_NUMBER.fullmatch(value.strip()) for value in _values(parts, values)):
        yield TELEPHONE
    for name, value in values:
        small = name.lower()
        if small in _TELEPHONES:
            if not messenger and _DIGITS.fullmatch(value.strip()):
                yield name
        elif small in _PERSONAL and not _MAIL.search(value):
            yield name


def tracking(parts: SplitResult) -> list[str]:
    """The parameters that tell where a reader came from."""
    return [name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if _TRACKING.fullmatch(name.lower())]


def is_short(parts: SplitResult) -> bool:
    """Whether it belongs to a service that hides where a link leads."""
    return host(parts) in _SHORTENERS


def _values(parts: SplitResult, values: list[tuple[str, str]]) -> Iterator[str]:
    """Each piece of a path and each value of a parameter; there a plus was a blank."""
    yield from (unquote(piece) for piece in parts.path.split("/"))
    yield from (f"+{value[1:]}" if value.startswith(" ") else value for _, value in values)
