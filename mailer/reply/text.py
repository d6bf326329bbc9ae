"""The text of a reply: read in whatever charset it came, and stored without anything of a person."""

import re
from collections.abc import Sequence

from mailer import log

_LONGEST_READ = 4000
_LONGEST_KEPT = 500
_SHORTEST_NAME = 3
_ENHANCED = re.compile(r"(?:^\W{0,2}|#)([245]\.\d{1,3}\.\d{1,3})(?![.\d])", re.ASCII)
# What may be half an address, where a text is cut.
_TAIL = re.compile(r"[^\s<>(),;:]*\Z")
# Half of a character that is no octet either.
_BROKEN = re.compile("[\ud800-\udc7f\udd00-\udfff]")
# What servers say in Chinese is told from octets that merely could be Chinese by what it is mostly about.
_COMMON = {
    "gb18030": set(
        "用户不存在邮箱已满收件人发送频率限制垃圾拒绝域名帐账号内容过大请稍后再试系统服务器连接错误信的无验证"
    ),
    "big5hkscs": set(
        "用戶使者不存在郵信箱已滿收件人發送頻率限制垃圾拒絕網域帳號內容過大請稍後再試系統伺服器連線錯誤無驗證"
    ),
}


def readable(text: str) -> str:
    """One printable line of what a server said, cut where it goes on for long.

    ``text`` is UTF-8 decoded with ``surrogateescape``: octets that are not UTF-8 are read as GB 18030 or Big5,
    whichever looks more like a reply.
    """
    head = text if len(text) <= _LONGEST_READ else _TAIL.sub("", text[:_LONGEST_READ])
    octets = _BROKEN.sub("�", head).encode("utf-8", "surrogateescape")
    line = "".join(each if each.isprintable() else " " for each in _decoded(octets))
    return " ".join(line.split())


def _decoded(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        guesses = {codec: octets.decode(codec, "replace") for codec in _COMMON}
    hits = {codec: sum(each in _COMMON[codec] for each in guess) for codec, guess in guesses.items()}
    best = max(hits, key=lambda codec: hits[codec])
    return guesses[best] if hits[best] else octets.decode("utf-8", "replace")


def enhanced_code(line: str) -> str | None:
    """The enhanced code (RFC 3463) that a reply begins with, or names behind ``#`` as qmail does."""
    found = _ENHANCED.search(line)
    return found[1] if found else None


def scrubbed(line: str, recipient: str) -> str:
    """What may be stored of a readable line: no address, nothing of this recipient's, not endless."""
    code = enhanced_code(line)
    head, rest = (code, line[len(code) :]) if code and line.startswith(code) else ("", line)
    name, _, domain = recipient.rpartition("@")
    hidden = _hidden(rest, (recipient, domain, name))
    # Cut last: half of an address would not be known for one.
    return (head + log.scrub(hidden))[:_LONGEST_KEPT]


def _hidden(text: str, names: Sequence[str]) -> str:
    """A text without any of these, however they are written."""
    # Nearly every reply is a yes that names nobody: a pattern for each recipient would cost more than its mail.
    if text.isascii() and not any(name.lower() in text.lower() for name in names):
        return text
    # A short name is hidden where it stands by itself, not in the middle of words.
    secrets = [re.escape(each) if len(each) >= _SHORTEST_NAME else rf"(?<!\w){re.escape(each)}(?!\w)" for each in names]
    return re.sub("|".join(secrets), "<address>", text, flags=re.IGNORECASE)
