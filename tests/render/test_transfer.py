"""Bodies on the wire: decoded they are what was built, whatever stands in a form or a value."""

import base64
import quopri

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.render.holes import Form
from mailer.render.transfer import compile_form, quoted

_HOSTILE = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\n .=F潮𨋢\t%{}<&")), max_size=200
)


def canonical(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()


def demand_lawful(octets: bytes) -> None:
    """RFC 2045 §6.7: lines of at most 76, none ending in a blank; and none that a server could misread."""
    assert octets.isascii()
    for line in octets.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.endswith((b" ", b"\t"))
        assert not line.startswith((b".", b"From "))
        assert not set(line) & set(b"\r\n\t")


@example(["." * 200, "F"], "From here.")
@example(["", "", ""], "")
@example(["a ", " b", "\n"], "x" * 76)
@example(["x" * 60, "y" * 60], "z" * 60)
@example(["line\n", "\nline"], ".")
@given(st.lists(_HOSTILE, min_size=1, max_size=4), _HOSTILE)
def test_either_encoding_gives_back_what_was_built(parts: list[str], value: str) -> None:
    form = Form(tuple(parts), ("x",) * (len(parts) - 1))
    body = compile_form(form)
    octets = b"".join(body.fill({"x": value}, {}))
    assert octets.endswith(b"\r\n") or not octets
    demand_lawful(octets)
    joined = b"".join(canonical(piece) for piece in [parts[0], *(p for part in parts[1:] for p in (value, part))])
    if body.encoding == "base64":
        assert base64.b64decode(octets, validate=False) == joined
        return
    assert quopri.decodestring(octets.replace(b"\r\n", b"\n")) == joined.replace(b"\r\n", b"\n") + b"\n"


@example("blank \nat the end ")
@given(_HOSTILE)
def test_quoted_printable_is_exact(text: str) -> None:
    demand_lawful(quoted(text))
    assert quopri.decodestring(quoted(text).replace(b"\r\n", b"\n")) == canonical(text).replace(b"\r\n", b"\n")


@pytest.mark.parametrize(("text", "encoding"), [("<p>a</p>" * 50, "quoted-printable"), ("潮水退了" * 50, "base64")])
def test_the_shorter_is_taken(text: str, encoding: str) -> None:
    assert compile_form(Form((text,), ())).encoding == encoding
