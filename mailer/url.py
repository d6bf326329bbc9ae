"""URLs and addresses in settings: which are taken, and why others are not.

No complaint holds a piece of one: it may be a secret.
"""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from mailer.errors import MisconfiguredError
from mailer.i18n import N_

DIRECT = "direct:"
"""Instead of a relay: mail goes straight to its readers' exchangers."""
_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{{1,5}}))?"
_PUBLIC = re.compile(rf"https://{_HOST}/*")
_RELAY = re.compile(rf"(?:smtp|smtps|smtp\+starttls)://{_HOST}/?")
# The last two are how we name our own to the processes that we start.
_BROKER = re.compile(
    r"rediss?://[^?#;]*(?P<options>\?.*)?|redis\+socket:///[^?#;]+(\?virtual_host=[0-9]+)?|filesystem://"
)
_TLS_OPTION = "ssl_(?:cert_reqs|ca_certs|certfile|keyfile)=[^&]*"
_TLS_OPTIONS = re.compile(rf"\?{_TLS_OPTION}(?:&{_TLS_OPTION})*")
_DATABASE = re.compile(r"sqlite(\+pysqlite)?://[^?]*|postgresql(\+psycopg)?://.*")
_NAME_SERVER = re.compile(r"(?P<address>[0-9.]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_DNS = 53
_HIGHEST_PORT = 65535


def public(url: str) -> str:
    """Where readers reach us, without a slash at its end; ValueError says what it should be."""
    if not _fits(_PUBLIC, url):
        raise ValueError(
            N_("give https://HOST with nothing behind it; a name in other letters than ASCII as xn--… (punycode)")
        )
    return url.rstrip("/")


def way(url: str) -> str:
    """A relay, or ``DIRECT``; ValueError says what it should be."""
    if url == DIRECT:
        return url
    if "@" in url:
        raise ValueError(N_("no name or password belongs in it: `mailer route add` takes those, and seals them"))
    if not _fits(_RELAY, url):
        raise ValueError(
            N_("give smtp://, smtps:// or smtp+starttls:// and HOST:PORT, with nothing behind it, or direct:")
        )
    return url


def secret(url: str) -> bool:
    """Whether nobody hears what is said to a checked relay: the line is encrypted, or does not leave this machine."""
    if not url.startswith("smtp://"):
        return True
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def demand_dns(url: str, dns: str) -> None:
    """Raises MisconfiguredError where mail is to go straight to its readers' servers and the DNS may not be asked."""
    if url == DIRECT and dns == "off":
        raise MisconfiguredError(
            N_("Mail goes straight to its readers' servers only where the DNS may be asked: set MAILER_DNS.")
        )


def broker(url: str) -> str:
    """The broker, or nothing, looking at its certificate if it has one; ValueError says what it should be."""
    found = _BROKER.fullmatch(url)
    if url and not found:
        raise ValueError(N_("give redis://HOST:PORT/NUMBER or rediss://…, or leave it empty: no other broker will do"))
    if found and found["options"] and not (url.startswith("rediss:") and _TLS_OPTIONS.fullmatch(found["options"])):
        raise ValueError(N_("the only options behind ? are ssl_cert_reqs, ssl_ca_certs, ssl_certfile and ssl_keyfile"))
    _demand_encoded(url)
    if url.startswith("rediss:") and "ssl_cert_reqs=" not in url:
        # Left to itself Celery takes any certificate.
        return f"{url}{'&' if found and found['options'] else '?'}ssl_cert_reqs=CERT_REQUIRED"
    return url


def database(url: str) -> str:
    """The database, or nothing; ValueError says what it should be."""
    if url and not _DATABASE.fullmatch(url):
        raise ValueError(N_("give sqlite:///FILE or postgresql+psycopg://…: no other database or driver will do"))
    if not url.startswith("sqlite"):
        _demand_encoded(url)
    return url


def dns(text: str) -> str:
    """Who is asked: ``system``, ``off``, or a name server; ValueError says what it should be."""
    if text not in {"system", "off"}:
        name_server(text)
    return text


def name_server(text: str) -> tuple[str, int]:
    """Address and port of a name server, 53 where it names none; ValueError says what it should be."""
    found = _NAME_SERVER.fullmatch(text)
    address, port = (found["address"].strip("[]"), int(found["port"] or _DNS)) if found else (text, _DNS)
    try:
        ip_address(address)
    except ValueError:
        port = 0
    if not 1 <= port <= _HIGHEST_PORT:
        raise ValueError(N_("give system, off, or the IP address of a name server, with :PORT where it is not 53"))
    return address, port


def _fits(pattern: re.Pattern[str], url: str) -> bool:
    found = pattern.fullmatch(url)
    return found is not None and 1 <= int(found["port"] or 1) <= _HIGHEST_PORT


def _demand_encoded(url: str) -> None:
    """No password may look like the end of itself: what came after would be taken for a host, and shown."""
    rest = url.partition("://")[2]
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    if rest.count("@") > 1 or rest.count("@") != authority.count("@"):
        raise ValueError(N_("its password holds @ or another sign that means something in a URL: percent-encode that"))
