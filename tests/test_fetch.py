"""Fetching from the web: what is taken, and attack case 27: being made to ask for what only we can reach."""

import itertools
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mailer.errors import InvalidError, MailerError, UnavailableError
from mailer.fetch import Fetched, Fetcher

LOOPBACK = "127.0.0.1"
Answer = Callable[[socket.socket, str], None]
"""What a server does with a connection, once it has read the request."""


class Server:
    """A web server on this machine that answers as a test tells it, and keeps what it was asked."""

    def __init__(self, answer: Answer, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[str] = []
        self.over = Event()
        self._answer = answer
        self._context = context
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        self.over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            # Whoever asked may hang up at any moment.
            with connection, suppress(OSError):
                connection.settimeout(30)
                self._speak(connection)

    def _speak(self, connection: socket.socket) -> None:
        if self._context:
            connection = self._context.wrap_socket(connection, server_side=True)
        with connection:
            request = ""
            while not request.endswith("\r\n\r\n"):
                if not (more := connection.recv(4096)):
                    return
                request += more.decode("ascii")
            self.asked.append(request)
            self._answer(connection, request)


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def call(answer: Answer, context: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(answer, context))
        return servers[-1]

    yield call
    for server in servers:
        server.stop()


def page(body: bytes = b"", head: str = "", status: str = "200 OK") -> Answer:
    """Say this, and hang up."""
    return lambda line, _: line.sendall(f"HTTP/1.1 {status}\r\n{head}Connection: close\r\n\r\n".encode() + body)


def onward(location: str, status: str = "302 Found") -> Answer:
    return page(head=f"Location: {location}\r\n", status=status)


def names(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    """A resolver that knows every name, and gives these addresses."""
    return lambda _host, _port: addresses


def fetcher(server: Server, **more: object) -> Fetcher:
    """One that takes the server of a test for public, by whatever name."""
    chosen = {"permitted": LOOPBACK.__eq__, "resolve": names(LOOPBACK), "ports": {server.port}, "seconds": 20} | more
    return Fetcher(**chosen)  # type: ignore[arg-type]


def fetched(server: Server, target: str = "/", **more: object) -> Fetched:
    return fetcher(server, **more).fetch(f"http://blog.example:{server.port}{target}")


@contextmanager
def refusal(kind: type[MailerError] = InvalidError) -> Iterator[pytest.ExceptionInfo[MailerError]]:
    """A refusal in one sentence that tells nothing of an address but its host."""
    with pytest.raises(kind) as found:
        yield found
    assert "secret" not in str(found.value)
    assert found.value.__suppress_context__ or not found.value.__context__


# What is taken


def test_a_page_comes_with_where_it_was_found_and_what_it_is(serve: Serve) -> None:
    server = serve(page("潮信".encode(), "Content-Type: Application/RSS+xml; charset=UTF-8\r\n"))
    found = fetched(server, "/feed?page=1#top")
    assert found.body.decode() == "潮信"
    assert (found.content_type, found.charset) == ("application/rss+xml", "utf-8")
    assert found.url == f"http://blog.example:{server.port}/feed?page=1#top"
    assert found.final == f"http://blog.example:{server.port}/feed?page=1"


def test_the_server_is_told_who_asks_and_nothing_else(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    server = serve(page(head="Set-Cookie: a=b\r\n"))
    ask = fetcher(server)
    for _ in range(2):
        ask.fetch(f"http://blog.example:{server.port}/")
    for asked in server.asked:
        assert asked.startswith(f"GET / HTTP/1.1\r\nHost: blog.example:{server.port}\r\nUser-Agent: Twinletter/")
        assert "Accept-Encoding: identity" in asked
        assert "cookie" not in asked.lower()


def test_addresses_in_chinese_are_asked_for_in_ascii(serve: Serve) -> None:
    server = serve(page(b"ok"))
    found = fetcher(server).fetch(f"http://潮信.example:{server.port}/石級?頁=1")
    assert found.final == f"http://xn--vuqz28e.example:{server.port}/%E7%9F%B3%E7%B4%9A?%E9%A0%81=1"
    assert server.asked[0].startswith("GET /%E7%9F%B3%E7%B4%9A?%E9%A0%81=1 HTTP/1.1")


def test_redirects_are_followed_to_where_they_end(serve: Serve) -> None:
    last = serve(page(b"here"))
    first = serve(onward(f"http://other.example:{last.port}/new", "301 Moved Permanently"))
    found = fetched(first, ports={first.port, last.port})
    assert (found.body, found.final) == (b"here", f"http://other.example:{last.port}/new")


def test_a_redirect_may_name_a_path_alone(serve: Serve) -> None:
    def answer(line: socket.socket, request: str) -> None:
        (page(b"here") if request.startswith("GET /a/new ") else onward("new"))(line, request)

    assert fetched(serve(answer), "/a/old").body == b"here"


def test_an_address_that_does_not_answer_leaves_the_others_their_turn(serve: Serve) -> None:
    server = serve(page(b"ok"))
    loopback = names("127.0.0.2", LOOPBACK)
    assert fetched(server, resolve=loopback, permitted=lambda _: True).body == b"ok"


# What is not


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("404 Not Found", InvalidError),
        ("403 Forbidden", InvalidError),
        ("204 No Content", InvalidError),
        ("429 Too Many Requests", UnavailableError),
        ("503 Service Unavailable", UnavailableError),
    ],
)
def test_an_answer_that_is_no_page_is_said(serve: Serve, status: str, kind: type[MailerError]) -> None:
    server = serve(page(b"sorry", status=status))
    with refusal(kind) as said:
        fetched(server, "/secret?secret=1")
    assert status[:3] in str(said.value)
    assert "blog.example" in str(said.value)


def test_a_packed_page_is_refused(serve: Serve) -> None:
    server = serve(page(b"\x1f\x8b", "Content-Encoding: gzip\r\n"))
    with refusal():
        fetched(server)


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_what_does_not_speak_http_is_said(serve: Serve, answer: bytes) -> None:
    server = serve(lambda line, _: line.sendall(answer))
    with refusal(UnavailableError):
        fetched(server, "/secret")


def test_a_host_that_is_nowhere_or_silent_is_said() -> None:
    with refusal(UnavailableError) as said:
        Fetcher(resolve=names()).fetch("https://nowhere.example/secret")
    assert "nowhere.example" in str(said.value)

    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with refusal(UnavailableError):
        Fetcher(resolve=unknown).fetch("https://nowhere.example/secret")
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
    with refusal(UnavailableError):
        Fetcher(permitted=lambda _: True, ports={port}).fetch(f"http://{LOOPBACK}:{port}/secret")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://blog.example/secret",
        "ftp://blog.example/secret",
        "javascript:alert(1)",
        "//blog.example/secret",
        "blog.example/secret",
        "http://",
        "http:///secret",
        "https://ada:secret@blog.example/",
        "https://blog.example@evil.example/secret",
        "https://blog.example\\@evil.example/secret",
        "https://blog.example/se cret",
        "https://blog.example/\r\nHost: secret",
        "https://blog.example:port/secret",
        "https://blog.example:99999/secret",
        "https://[::1/secret",
        "https://[fe80::1%25eth0]/secret",
        "https://blog_é\u202e.example/secret",
        "https://-/\udc80secret",
        "https://blog..example/secret",
        "",
    ],
)
def test_attack_case_27_what_is_no_web_address_is_not_fetched(url: str) -> None:
    with refusal():
        Fetcher(permitted=lambda _: True, resolve=_never).fetch(url)


def _never(_host: str, _port: int) -> list[str]:
    raise AssertionError("nobody was to be looked up")


@pytest.mark.parametrize("url", ["http://blog.example:22/secret", "https://blog.example:6379/", "http://a.example:0/"])
def test_attack_case_27_only_the_ports_of_the_web_are_asked(url: str) -> None:
    with refusal():
        Fetcher(permitted=lambda _: True, resolve=_never).fetch(url)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::]",
        "[::1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",  # noqa: S104
        "127.0.0.1",
        "127.1",
        "2130706433",
        "017700000001",
        "0x7f.1",
        "0x7f000001",
        "１２７.0.0.1",
        "127。0。0。1",
        "10.0.0.1.",
        "localhost",
        "LOCALHOST",
        "localhost.",
    ],
)
def test_attack_case_27_private_addresses_in_every_spelling_are_refused(host: str) -> None:
    """With the system's own resolver, which reads numbers as it likes."""
    with refusal() as said:
        Fetcher().fetch(f"http://{host}/secret")
    assert "not on the public Internet" in str(said.value)


def test_attack_case_27_one_private_address_among_public_ones_is_enough(serve: Serve) -> None:
    server = serve(page(b"ok"))
    with refusal():
        fetched(server, resolve=names(LOOPBACK, "10.0.0.1"))
    assert server.asked == []


def test_attack_case_27_rebinding_a_name_is_looked_up_once_and_connected_as_looked_at(serve: Serve) -> None:
    """The resolver says the public address first, and private ones ever after."""
    answers = itertools.chain([[LOOPBACK]], itertools.repeat(["127.0.0.2"]))
    server = serve(page(b"public"))
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    assert fetched(server, resolve=rebinding).body == b"public"
    assert asked == ["blog.example"]
    with refusal() as said:
        fetched(server, resolve=rebinding)
    assert "public Internet" in str(said.value)


def test_attack_case_27_each_redirect_is_looked_at_anew(serve: Serve) -> None:
    server = serve(onward("/again"))
    answers = iter([[LOOPBACK], ["10.0.0.1"]])
    with refusal() as said:
        fetched(server, resolve=lambda _host, _port: next(answers))
    assert "public Internet" in str(said.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/secret",
        "http://[::1]/secret",
        "http://127.0.0.1:6379/secret",
        "file:///etc/secret",
        "gopher://127.0.0.1/secret",
        "http://ada:secret@blog.example/",
        "",
    ],
)
def test_attack_case_27_a_redirect_into_private_places_is_not_followed(serve: Serve, location: str) -> None:
    server = serve(onward(location))

    def resolve(host: str, _port: int) -> list[str]:
        return [LOOPBACK] if host == "blog.example" else [host]

    with refusal():
        fetched(server, resolve=resolve, permitted=lambda address: address == LOOPBACK)
    assert len(server.asked) == 1


def test_attack_case_27_a_redirect_for_ever_ends(serve: Serve) -> None:
    server = serve(onward("/secret"))
    with refusal():
        fetched(server)
    assert len(server.asked) == 6


def _endlessly(line: socket.socket, _: str) -> None:
    """Ten gigabytes, if somebody takes them."""
    line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _number in range(10_000):
        line.sendall(b"f4240\r\n" + bytes(1_000_000) + b"\r\n")


def test_attack_case_27_ten_gigabytes_are_left_at_the_bound(serve: Serve) -> None:
    server = serve(_endlessly)
    with refusal() as said:
        fetched(server, "/secret", octets=3_000_000)
    assert "3 MB" in str(said.value)


@pytest.mark.parametrize("length", ["10000000000", "9" * 4000])
def test_attack_case_27_what_says_that_it_is_too_large_is_not_begun(serve: Serve, length: str) -> None:
    server = serve(page(head=f"Content-Length: {length}\r\n"))
    with refusal(MailerError):
        fetched(server)


def test_a_body_just_within_the_bound_is_taken(serve: Serve) -> None:
    server = serve(page(bytes(1000)))
    assert len(fetched(server, octets=1000).body) == 1000
    with refusal():
        fetched(server, octets=999)


# A clock that the test moves: each look at it is a second later.


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count()
    monkeypatch.setattr("mailer.clock.monotonic", lambda: float(next(ticks)))


def _trickling(head: bytes) -> Answer:
    """One octet after another, without an end."""

    def answer(line: socket.socket, _: str) -> None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.sendall(head)
        while True:
            line.sendall(b"a")

    return answer


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Header: ", b""])
@pytest.mark.usefixtures("hasty")
def test_attack_case_27_a_server_that_trickles_is_left_at_the_deadline(serve: Serve, head: bytes) -> None:
    server = serve(_trickling(head))
    with refusal(UnavailableError):
        fetched(server, "/secret", seconds=10)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\nbegun"])
def test_attack_case_27_a_server_that_hangs_is_left_at_the_deadline(serve: Serve, head: bytes) -> None:
    def answer(line: socket.socket, _: str) -> None:
        line.sendall(head)
        server.over.wait(30)

    server = serve(answer)
    with refusal(UnavailableError) as said:
        fetched(server, "/secret", seconds=0.2)
    assert "0.2 seconds" in str(said.value)
    server.over.set()


# Certificates


def _certified(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS for ``name``, and what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    began = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(called, called, key.public_key(), x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=file)


def test_a_certificate_is_looked_at_by_the_name_of_the_host(serve: Serve, tmp_path: Path) -> None:
    context, trusted = _certified(tmp_path, "blog.example")
    server = serve(page(b"ok"), context)
    assert fetcher(server, trusted=trusted).fetch(f"https://blog.example:{server.port}/").body == b"ok"


def test_attack_case_27_a_certificate_that_does_not_fit_is_refused(serve: Serve, tmp_path: Path) -> None:
    context, trusted = _certified(tmp_path, "blog.example")
    server = serve(page(b"ok"), context)
    for url, trust in (
        (f"https://other.example:{server.port}/secret", trusted),
        (f"https://blog.example:{server.port}/", None),
    ):
        with refusal() as said:
            fetcher(server, trusted=trust).fetch(url)
        assert "certificate" in str(said.value)
    assert server.asked == []


def test_attack_case_27_a_redirect_to_what_is_not_encrypted_is_not_followed(serve: Serve, tmp_path: Path) -> None:
    context, trusted = _certified(tmp_path, "blog.example")
    plain = serve(page(b"ok"))
    server = serve(onward(f"http://blog.example:{plain.port}/secret"), context)
    ask = fetcher(server, trusted=trusted, ports={server.port, plain.port})
    with refusal() as said:
        ask.fetch(f"https://blog.example:{server.port}/")
    assert "http://" in str(said.value)
    assert plain.asked == []


def test_whether_a_page_answers_is_told_by_its_head_alone(serve: Serve) -> None:
    for status, answers in (("200 OK", True), ("404 Not Found", False), ("410 Gone", False), ("500 Oh", False)):
        server = serve(page(b"x", status=status))
        assert fetcher(server).answers(f"http://blog.example:{server.port}/") is answers
    endless = serve(_endlessly)
    assert fetcher(endless, octets=10).answers(f"http://blog.example:{endless.port}/")
    assert not Fetcher().answers("http://127.0.0.1/")
    assert not Fetcher().answers("no address")
