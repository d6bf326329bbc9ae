"""The sinks that tests trust: they keep what they said yes to, and nothing else."""

import smtplib
import socket
import ssl
import time
from pathlib import Path

import pytest

from tests.sinks import SmtpSink, Terminator
from tests.worker.authority import Authority

pytestmark = pytest.mark.usefixtures("servers")

MAIL = b"Subject: hello\r\n\r\n" + b"0123456789\r\n" * 20_000


def _send(sink: SmtpSink, *recipients: str) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port) as client:
        client.sendmail("a@news.example", recipients, MAIL)


def _begin(sink: SmtpSink, recipient: str) -> smtplib.SMTP:
    """A mail that is handed over up to its last line."""
    client = smtplib.SMTP("127.0.0.1", sink.port)
    client.ehlo()
    client.mail("a@news.example")
    client.rcpt(recipient)
    client.docmd("DATA")
    client.send(MAIL)
    return client


def test_a_sink_counts_whole_mails_only() -> None:
    with SmtpSink() as sink:
        before = time.time_ns()
        _send(sink, "one@reader.example", "two@reader.example")
        half = _begin(sink, "three@reader.example")
        mails = list(sink.received())
        assert [mail.recipient for mail in mails] == ["one@reader.example", "two@reader.example"]
        assert all(abs(mail.arrival - before) < 5e9 for mail in mails)
        assert mails[0].mail() == MAIL
        sink.stop()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", sink.port))
        half.close()
        assert len(list(sink.received())) == 2
        sink.start()
        _send(sink, "three@reader.example")
        assert len(list(sink.received())) == 3


def test_a_sink_behind_tls_takes_nothing_in_the_clear(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    trusting = ssl.create_default_context(cafile=authority.file)
    with SmtpSink() as sink, Terminator(sink.port, authority.issue()) as front:
        with smtplib.SMTP("127.0.0.1", front.port) as client:
            with pytest.raises(smtplib.SMTPSenderRefused, match="STARTTLS"):
                client.sendmail("a@news.example", "one@reader.example", MAIL)
            client.starttls(context=trusting)
            client.sendmail("a@news.example", "one@reader.example", MAIL)
        assert [mail.recipient for mail in sink.received()] == ["one@reader.example"]
        # Its troubles are those of the one behind.
        sink.behave("-q", "MAIL")
        with smtplib.SMTP("127.0.0.1", front.port) as client:
            client.starttls(context=trusting)
            with pytest.raises(smtplib.SMTPServerDisconnected):
                client.mail("a@news.example")
