"""Fetching from the web: from public addresses alone, which were looked at before, within bounds of size and time.

Whoever names a page must not make this host ask for what only it can reach (its own services,
its neighbours, a cloud's metadata). So a host's name is resolved once, every address that it has
must be public, and the connection goes to just those: a name that changes between the look and
the connection changes nothing. No cookies, no proxy from the environment, nothing packed.
"""

import re
import socket
import ssl
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpcore2
import idna

from mailer import __version__, clock
from mailer.errors import InvalidError, MailerError, UnavailableError
from mailer.i18n import N_
from mailer.internet import is_public

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = {301, 302, 303, 307, 308}
_BLANK = re.compile(r"[\s\x00-\x1f\x7f\\]")
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_LITERAL = re.compile("[0-9a-f:.]+")
# What a path and a query may hold as it is (RFC 3986 §3.3 and §3.4), with what is encoded already.
_KEPT = "%/:?[]@!$&'()*+,;=~"
_HEADERS = (
    ("User-Agent", f"Twinletter/{__version__}"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
    ("Connection", "close"),
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was found: under the address asked for, and after redirects under ``final``.

    ``content_type`` is the media type in small letters, ``charset`` what goes with it; either may be empty.
    """

    url: str
    final: str
    content_type: str
    charset: str
    body: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    """An address, taken apart once for all that is done with it. ``host`` is in ASCII."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def _resolved(host: str, port: int) -> list[str]:
    """The IP addresses of a host, as the system knows them."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Asks with GET, and follows ``redirects``, up to so many, looking at each as at the first address.

    ``permitted`` judges an IP address, ``resolve`` finds those of a host; ``seconds`` are for everything together
    (a resolver that hangs ends by limits of its own), ``octets`` for the body; ``trusted``: whose certificates hold.
    """

    permitted: Callable[[str], bool] = is_public
    resolve: Callable[[str, int], Sequence[str]] = _resolved
    ports: Collection[int] = tuple(_PORTS.values())
    octets: int = 10_000_000
    seconds: float = 30
    redirects: int = 5
    trusted: ssl.SSLContext | None = None

    def fetch(self, url: str) -> Fetched:
        """What is to be found under ``url``.

        Raises InvalidError for an address that is not fetched or an answer that is not taken, UnavailableError where
        trying later may help. Their sentences name the host alone: the rest of an address may be a secret.
        """
        with self._found(url) as (place, answer):
            return Fetched(url, place.url, *_content_type(answer), self._body(place.host, answer))

    def answers(self, url: str) -> bool:
        """Whether there is something under ``url``; its body is not read. Raises nothing for what cannot be asked."""
        try:
            with self._found(url) as (_, answer):
                return answer.status < HTTPStatus.BAD_REQUEST
        except MailerError:
            return False

    @contextmanager
    def _found(self, url: str) -> Iterator[tuple[_Place, httpcore2.Response]]:
        """Where redirects lead, and the head of the answer there."""
        place, deadline = _place(url), clock.monotonic() + self.seconds
        for _ in range(self.redirects + 1):
            with self._answer(place, deadline) as answer:
                if answer.status not in _REDIRECTS:
                    yield place, answer
                    return
                place = _next(place, _header(answer, b"location"))
        raise InvalidError(
            N_("%(host)s sends one on and on to other addresses: name the page where it ends."), host=place.host
        )

    @contextmanager
    def _answer(self, place: _Place, deadline: float) -> Iterator[httpcore2.Response]:
        """The head of the answer, its body still to be read."""
        if place.port not in self.ports:
            raise InvalidError(
                N_("%(host)s is asked on the ports 80 and 443 alone: name a page without another."), host=place.host
            )
        origin = httpcore2.Origin(place.scheme.encode(), place.host.encode(), place.port)
        url = httpcore2.URL(scheme=place.scheme, host=place.host, port=place.port, target=place.target)
        request = httpcore2.Request("GET", url, headers=[("Host", place.authority), *_HEADERS])
        context = self.trusted or ssl.create_default_context()
        backend = _Backend(self, partial(_left, deadline))
        with (
            _said(place.host, self.seconds),
            httpcore2.HTTPConnection(origin, context, network_backend=backend) as line,
        ):
            yield line.handle_request(request)

    def _body(self, host: str, answer: httpcore2.Response) -> bytes:
        """The body, as far as it is within bounds; a fault where the status or the packing says that it is none."""
        if answer.status != HTTPStatus.OK:
            raise _refused(host, answer.status)
        if _header(answer, b"content-encoding").lower() not in {"", "identity"}:
            raise InvalidError(
                N_("%(host)s sends its pages packed, though it was asked not to: save the page and hand in the file."),
                host=host,
            )
        announced, body = _header(answer, b"content-length"), bytearray()
        if not announced.isdecimal() or int(announced[:20]) <= self.octets:
            for chunk in answer.iter_stream():
                body += chunk
                if len(body) > self.octets:
                    break
            else:
                return bytes(body)
        raise InvalidError(
            N_("%(host)s sends more than %(most)s MB: name a smaller page."), host=host, most=self.octets // 1_000_000
        )

    def connect(self, host: str, port: int, left: Callable[[], float]) -> httpcore2.NetworkStream:
        """A connection to one of a host's addresses. Raises InvalidError unless each of them may be asked."""
        try:
            addresses = list(dict.fromkeys(self.resolve(host, port)))
        except (OSError, UnicodeError):
            addresses = []
        if not addresses:
            raise UnavailableError(
                N_("%(host)s cannot be found: look whether its name is right, or try again later."), host=host
            )
        if not all(map(self.permitted, addresses)):
            raise InvalidError(
                N_("%(host)s is not on the public Internet, and nothing else is fetched: hand in a file."), host=host
            )
        for rest in range(len(addresses), 1, -1):
            try:
                # One that hangs leaves the others their share of the time.
                return httpcore2.SyncBackend().connect_tcp(addresses[-rest], port, left() / rest)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return httpcore2.SyncBackend().connect_tcp(addresses[-1], port, left())


class _Backend(httpcore2.NetworkBackend):
    """Where the library gets its connections from."""

    def __init__(self, fetcher: Fetcher, left: Callable[[], float]) -> None:
        self._fetcher = fetcher
        self._left = left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 — the deadline alone holds
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        return _Stream(self._fetcher.connect(host, port, self._left), self._left)


class _Stream(httpcore2.NetworkStream):
    """A connection on which every wait ends at one deadline, however little comes at a time."""

    def __init__(self, stream: httpcore2.NetworkStream, left: Callable[[], float]) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._left()), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    """The seconds until then; a time-out where there are none."""
    if (left := deadline - clock.monotonic()) > 0:
        return left
    raise httpcore2.ReadTimeout


def _place(url: str) -> _Place:
    """An address taken apart. InvalidError for one that cannot be fetched."""
    unfit = InvalidError(
        N_(
            "Only pages are fetched: give an address that begins with https:// or http://, names its host,"
            " and holds no blanks and nobody's name or password."
        )
    )
    try:
        parts = urlsplit(url)
        if _BLANK.search(url) or parts.scheme not in _PORTS or "@" in parts.netloc:
            raise unfit
        host, query = _host(parts.hostname or ""), f"?{parts.query}" if parts.query else ""
        target = quote(f"{parts.path or '/'}{query}", safe=_KEPT)
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError:
        raise unfit from None
    return _Place(parts.scheme, host, port, target)


def _host(name: str) -> str:
    """A host's name in ASCII; ValueError for one that is none."""
    spelt = (name if name.isascii() else idna.encode(name, uts46=True).decode()).removesuffix(".")
    if not (_LITERAL if ":" in spelt else _NAME).fullmatch(spelt):
        raise ValueError
    return spelt


def _next(place: _Place, location: str) -> _Place:
    """Where a redirect leads."""
    try:
        onward = _place(urljoin(place.url, location)) if location else None
    except (ValueError, InvalidError):
        onward = None
    if onward is None:
        raise InvalidError(
            N_("%(host)s sends one on to what is no page: name the page itself."),
            host=place.host,
        )
    if (place.scheme, onward.scheme) == ("https", "http"):
        raise InvalidError(
            N_("%(host)s sends one on to a page that anybody on the way could change (http://): name the page itself."),
            host=place.host,
        )
    return onward


@contextmanager
def _said(host: str, seconds: float) -> Iterator[None]:
    """The library's faults, said as ours."""
    try:
        yield
    except httpcore2.TimeoutException:
        raise UnavailableError(
            N_("%(host)s took longer than %(seconds)s seconds: try again later, or hand in a file."),
            host=host,
            seconds=f"{seconds:g}",
        ) from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        if isinstance(error.__cause__, ssl.SSLCertVerificationError):
            raise InvalidError(
                N_("%(host)s cannot prove that it is itself: its certificate is not valid for it."), host=host
            ) from None
        raise UnavailableError(
            N_("%(host)s cannot be reached, or does not answer as web servers do: try again later."), host=host
        ) from None


def _refused(host: str, status: int) -> MailerError:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return UnavailableError(
            N_("%(host)s cannot answer just now (HTTP %(status)s): try again later."), host=host, status=status
        )
    return InvalidError(
        N_("%(host)s does not give that page (HTTP %(status)s): is the address right, and open to everybody?"),
        host=host,
        status=status,
    )


def _header(answer: httpcore2.Response, name: bytes) -> str:
    """The first value of a header; empty where there is none."""
    return next((value.decode("utf-8", "replace").strip() for key, value in answer.headers if key.lower() == name), "")


def _content_type(answer: httpcore2.Response) -> tuple[str, str]:
    """The media type and its charset (RFC 9110 §8.3), as far as the server names them."""
    stated = _header(answer, b"content-type")
    if not stated:
        return "", ""
    read = Message()
    read["Content-Type"] = stated
    return read.get_content_type(), read.get_content_charset("")
