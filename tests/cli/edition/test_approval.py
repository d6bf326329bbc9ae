"""Checked, let pass, approved and tested by commands."""

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from mailer.i18n import AUTOMATIC, EN, ZH, modes
from mailer.installation import Installation
from mailer.model import AuditEntry, Campaign, Recipient
from tests.cli.conftest import Run, one_line
from tests.mould import SAMPLE

Housed = dict[str, str]
LETTER = SAMPLE.parent / "letter-2026-08"
SLUG = "letter-2026-08"


@pytest.fixture
def stored(run: Run, staffed: Housed, tmp_path: Path) -> Housed:
    """The letter, with a translation whose source was changed."""
    run("edition", "import", str(LETTER), "--as", "Ada", **staffed)
    run("edition", "export", SLUG, "work", **staffed)
    path = tmp_path / "work" / f"{ZH}.md"
    text = path.read_text()
    assert "梁太" in text
    path.write_text(text.replace("梁太", "梁婆婆", 1))
    assert run("edition", "import", "work", "--as", "Ada", **staffed).returncode == 0
    return staffed


def _findings(run: Run, housed: Housed, *words: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run("edition", "check", SLUG, "--json", *words, **housed).stdout)[
        "findings"
    ]
    return found


def test_what_is_wrong_is_listed_and_can_be_let_pass_by_name_and_reason(
    run: Run, stored: Housed, house: Installation
) -> None:
    checked = run("edition", "check", SLUG, **stored)
    (finding,) = (each for each in _findings(run, stored) if each["severity"] == "error")
    assert (finding["fault"], finding["block"], finding["language"]) == ("outdated", "letter", EN)
    assert checked.returncode == 1
    assert f"[{finding['id']}]" in checked.stdout
    one_line(run("edition", "approve", SLUG, "--as", "Bo", **stored), 1, "letter", "has changed")
    passing = ("edition", "acknowledge", SLUG, str(finding["id"]))
    one_line(run(*passing, "--as", "Bo", "--because", " ", **stored), 2, "why")
    done = run(*passing, "--as", "Bo", "--because", "She is called both", **stored)
    assert "let pass by Bo: She is called both" in done.stdout
    assert "let pass by Bo" in run("edition", "check", SLUG, **stored).stdout
    assert [each for each in _findings(run, stored) if each["severity"] == "error"] == []
    one_line(run("edition", "approve", SLUG, "--as", "ada", **stored), 1, "somebody else")
    one_line(run("edition", "approve", SLUG, "--as", "Zed", **stored), 1, "no account Zed", "Ada, Bo")
    one_line(run("edition", "approve", SLUG, "--as", "Bo", "--version", "1", **stored), 1, "version 2")
    approved = json.loads(run("edition", "approve", SLUG, "--as", "Bo", "--json", **stored).stdout)
    assert approved["approval"] == 1
    assert list(approved["variants"]) == modes([ZH, EN, AUTOMATIC])
    with house.database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "edition.approve")).one()
    assert entry.detail["acknowledged"] == [f"{finding['id']}:outdated:letter:{EN}"]


def test_an_approval_says_what_changed_since_the_last(run: Run, stored: Housed, tmp_path: Path) -> None:
    finding = next(each for each in _findings(run, stored) if each["severity"] == "error")
    run("edition", "acknowledge", SLUG, str(finding["id"]), "--as", "Bo", "--because", "Both are right", **stored)
    assert "Changed since" not in run("edition", "approve", SLUG, "--as", "Bo", **stored).stdout
    run("edition", "export", SLUG, "again", **stored)
    path = tmp_path / "again" / f"{EN}.md"
    path.write_text(path.read_text().replace("We accepted a fish", "We took a fish"))
    assert run("edition", "import", "again", "--as", "Cy", **stored).returncode == 0
    approved = run("edition", "approve", SLUG, "--as", "Bo", **stored)
    assert approved.returncode == 0, approved.stderr
    assert "Changed since the last approval" in approved.stdout
    assert "block letter, body in English has another text" in approved.stdout


def test_a_folder_is_checked_without_an_installation(run: Run, tmp_path: Path) -> None:
    shutil.copytree(LETTER, tmp_path / "letter")
    done = run("edition", "check", "letter")
    assert (done.returncode, done.stdout) == (0, f"Nothing is wrong with the edition {SLUG}.\n")
    path = tmp_path / "letter" / f"{EN}.md"
    path.write_text(path.read_text().replace("We accepted a fish.", "We accepted a [fish](#)."))
    found = json.loads(run("edition", "check", "letter", "--json").stdout)["findings"]
    assert [each["fault"] for each in found] == ["dead_link"]
    chinese = run("edition", "check", "letter", language="zh_HK.UTF-8")
    assert (chinese.returncode, "錯誤：" in chinese.stdout) == (1, True)


def test_a_test_mail_is_put_on_its_way_and_its_address_nowhere_to_be_read(
    run: Run, stored: Housed, house: Installation
) -> None:
    mode = f"{ZH}+{EN}"
    words = ("edition", "test", SLUG, "--as", "Ada", "--to", "Tester@Harbour.example")
    housed = stored | {"broker_url": "filesystem://"}
    one_line(run(*words, "--mode", "de", **housed), 2, mode)
    one_line(run("edition", "test", SLUG, "--as", "Ada", "--to", "nobody", **housed), 1)
    done = run(*words, "--mode", mode, "--json", **housed)
    assert json.loads(done.stdout)["mode"] == mode, done.stderr
    assert "harbour" not in (done.stdout + done.stderr).lower()
    with house.database.read() as session:
        assert session.scalars(select(Campaign)).one().test
        assert b"arbour" not in session.scalars(select(Recipient)).one().address
        assert "arbour" not in str([entry.detail for entry in session.scalars(select(AuditEntry))])
