"""What SpamAssassin, without any network, thinks of each sample edition in each of its modes."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from mailer.compose.edition import save
from mailer.compose.folder import read
from mailer.demo import organisation
from mailer.demo.people import people
from mailer.i18n import EN, ZH
from mailer.model.base import Base
from mailer.render.frozen import Frozen, Reader
from mailer.render.message import NOBODY, compile_mail
from mailer.render.published import pictures
from mailer.render.variant import freeze
from tests import machine
from tests.mould import SAMPLE

MOST = 2.5
MBOX = b"From a@b.example Sun Dec 20 09:00:00 2026\n"
JUDGEMENT = r"^X-Spam-Status: \w+, score=(-?[\d.]+) required=[\d.]+ tests=((?:[\w,]|\n\s)*)(?s:.*?)^Message-ID: <(.*)@"
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
"""What every SpamAssassin takes for spam, so that its silence means something."""


def mails(folder: Path) -> dict[str, bytes]:
    """A mail of each variant of one sample, by edition and mode."""
    found = {}
    person = next(iter(people(1)))
    with Session(create_engine("sqlite://")) as session:
        Base.metadata.create_all(session.get_bind())
        edition = save(session, organisation.found(session).newsletter, read(folder), organisation.AUTHOR)
        for variant in freeze(session, edition):
            url = f"{organisation.PUBLIC_URL}/web/{variant.hash}"
            frozen = Frozen.load(variant, url)
            mail = compile_mail(frozen, NOBODY, pictures(session, frozen))
            since, date = datetime(2025, 5, 1, tzinfo=UTC), datetime(2026, 12, 20, 9, tzinfo=UTC)
            link = f"{organisation.PUBLIC_URL}/u/{'Ab3-' * 24}"
            told = Reader(person.name, {ZH: "《潮信》", EN: "Tideline"}, since, link)
            name = f"{edition.slug}.{variant.mode}"
            found[name] = mail.fill(told, person.address, name, date)
    return found


@pytest.mark.usefixtures("servers")
def test_no_sample_looks_like_spam(tmp_path: Path) -> None:
    """One call for all: starting it takes longer than its judgement."""
    sent: dict[str, bytes] = {}
    for folder in sorted(path.parent for path in SAMPLE.parent.glob("*/edition.yaml")):
        sent |= mails(folder)
    assert len(sent) >= 4
    sent["control"] = b"Message-ID: <control@x.example>\r\nSubject: x\r\n\r\n" + GTUBE + b"\r\n"
    box = tmp_path / "mbox"
    box.write_bytes(b"".join(MBOX + mail.replace(b"\r\n", b"\n") + b"\n" for mail in sent.values()))
    command = [machine.program(machine.SPAMASSASSIN), "--local", "--test-mode", "--mbox", str(box)]
    judged = subprocess.run(command, capture_output=True, check=True, text=True, errors="replace", timeout=90)
    # It keeps no order.
    found = re.findall(JUDGEMENT, judged.stdout, re.MULTILINE)
    scores = {name: (float(score), rules) for score, rules, name in found}
    assert scores.keys() == sent.keys()
    assert scores.pop("control")[0] > 100
    assert {name: judgement for name, judgement in scores.items() if judgement[0] > MOST} == {}
