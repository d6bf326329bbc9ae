"""What a mail costs to make: ``python -m benchmarks.render [READERS]`` (500 unless told).

Splicing: a compiled variant filled for one reader, header and both parts. Its reference: the same
HTML, compiled from the same MJML, and the same text as Jinja2 templates, rendered for that reader
and put into an ``EmailMessage`` with policy SMTP, in the same transfer encodings.
Compiling: all that one variant needs before its first reader, its three forms, calendar and mail.
Its reference: the bare calls of mjml-python on the same MJML, the mail's and the web version's.
CPU time, the median of five rounds in one run, so that the ratios count. The last line is one
JSON object.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from statistics import median
from time import process_time
from unittest.mock import patch

from mjml import mjml2html
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from mailer import clock
from mailer.bench.baseline import maker
from mailer.compose.draft import Draft
from mailer.compose.edition import save
from mailer.compose.folder import read
from mailer.compose.parsed import tokens
from mailer.demo import organisation, show
from mailer.demo.people import people
from mailer.i18n import EN, ZH
from mailer.model import Edition, Images
from mailer.model.base import Base
from mailer.render import html, markdown, variant
from mailer.render.frozen import Frozen, Reader
from mailer.render.holes import Marks
from mailer.render.layout import parts
from mailer.render.message import NOBODY, Mail, compile_mail
from mailer.render.origin import Traced

ROUNDS = 5
COMPILED = 20
SAMPLE = Path(show.__file__).parent / "editions" / "wrap-up-2026"
# So many times its letter, and Chinese is shorter in base64 than in quoted-printable.
LONG = 8
DATE = datetime(2026, 12, 20, 9, tzinfo=UTC)

Recipient = tuple[Reader, str, str]
"""A reader, their address, the left side of the Message-ID."""


@dataclass(frozen=True, slots=True)
class Case:
    """One variant of one edition."""

    name: str
    edition: Edition
    mode: str

    def compile(self) -> tuple[Frozen, Mail]:
        """Everything up to the first reader; nothing is left of the time before."""
        for kept in (tokens, markdown.html, markdown.line):
            kept.cache_clear()
        rendered = variant.render(self.edition, self.mode, clock.now())
        frozen = Frozen.load(rendered, f"{organisation.PUBLIC_URL}/web/{rendered.hash}")
        return frozen, compile_mail(frozen, NOBODY, {})

    def mjml(self) -> list[str]:
        """What the renderer is given, for the mail and for the web version."""
        with patch.object(html, "compile_mjml", side_effect=lambda marked, **_: Traced.of(marked).content.decode()):
            return list(html.render(self.edition, parts(self.edition, self.mode, Marks())))


def _cases(session: Session) -> Iterator[Case]:
    """The sample with its pictures hosted: carried along, they would only slow the references down."""
    newsletter = organisation.found(session).newsletter
    newsletter.images = Images.HOSTED
    edition = save(session, newsletter, read(SAMPLE), organisation.AUTHOR)
    yield Case("English", edition, EN)
    yield Case("Chinese", edition, ZH)
    yield Case("Chinese, long", save(session, newsletter, _long(read(SAMPLE)), organisation.AUTHOR), ZH)


def _long(draft: Draft) -> Draft:
    for block in draft.blocks:
        if block.type == "letter":
            block.texts[ZH]["body"] = "\n\n".join([block.texts[ZH]["body"]] * LONG)
    return draft.model_copy(update={"slug": f"{draft.slug}-long"})


def _recipients(count: int) -> list[Recipient]:
    names = {ZH: "《潮信》", EN: "Tideline"}
    found = []
    for number, person in enumerate(people(count)):
        since = DATE - timedelta(days=number % 900)
        unsubscribe = f"{organisation.PUBLIC_URL}/u/{token_urlsafe(64)}"
        found.append((Reader(person.name, names, since, unsubscribe), person.address, token_urlsafe(16)))
    return found


def _microseconds(work: Callable[[], object], times: int) -> float:
    """CPU time of one piece of work that does something so many times."""
    began = process_time()
    work()
    return (process_time() - began) * 1e6 / times


def _measure(case: Case, recipients: list[Recipient]) -> dict[str, object]:
    _, mail = case.compile()
    reference, mjml = maker(mail, {}), case.mjml()
    few = recipients[: max(1, len(recipients) // 20)]

    def splice() -> None:
        for reader, address, message_id in recipients:
            mail.fill(reader, address, message_id, DATE)

    def build() -> None:
        for recipient in few:
            reference(*recipient, DATE)

    def compile_variant() -> None:
        for _ in range(COMPILED):
            case.compile()

    def call_mjml() -> None:
        for _ in range(COMPILED):
            for source in mjml:
                mjml2html(source, fonts={})

    rounds = [
        (
            _microseconds(splice, len(recipients)),
            _microseconds(build, len(few)),
            _microseconds(compile_variant, COMPILED),
            _microseconds(call_mjml, COMPILED),
        )
        for _ in range(ROUNDS)
    ]
    spliced, built, compiled, bare = (median(column) for column in zip(*rounds, strict=True))
    return {
        "case": case.name,
        "encodings": (mail.text.encoding, mail.html.encoding),
        "octets": len(mail.fill(*recipients[0], DATE)),
        "splice_us": round(spliced, 1),
        "reference_us": round(built),
        "splice_percent": round(spliced * 100 / built, 2),
        "compile_us": round(compiled),
        "mjml_us": round(bare),
        "compile_ratio": round(compiled / bare, 1),
    }


def _show(results: list[dict[str, object]]) -> None:
    table = Table("", *(str(result["case"]) for result in results))
    for key in results[0]:
        if key != "case":
            table.add_row(key, *(str(result[key]) for result in results))
    Console().print(table)


def main() -> None:
    """Measure each case and print what came out."""
    recipients = _recipients(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
    with Session(create_engine("sqlite://")) as session:
        Base.metadata.create_all(session.get_bind())
        results = [_measure(case, recipients) for case in _cases(session)]
    _show(results)
    print(json.dumps({"readers": len(recipients), "cases": results}))


if __name__ == "__main__":
    main()
