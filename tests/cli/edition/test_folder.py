"""Editions as folders: a skeleton, what it will look like, what is wrong with it."""

import json
import shutil
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from mailer.compose.template import TEMPLATES
from mailer.i18n import AUTOMATIC, EN, ZH, modes
from tests.cli.conftest import Run, one_line
from tests.mould import SAMPLE

RENDER = ("edition", "render")


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "wrap-up"))


def _rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_skeleton_is_written_and_its_files_are_named(run: Run, tmp_path: Path) -> None:
    done = run("edition", "new", "plain-letter", "letter", "--languages", "en-GB, fil-PH")
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        ["letter/edition.yaml", "letter/en-GB.md", "letter/fil-PH.md"],
    )
    assert "mailer edition render letter" in done.stderr
    assert "slug: letter" in (tmp_path / "letter" / "edition.yaml").read_text()
    # Nobody wrote anything yet: nothing that could be sent.
    refused = run(*RENDER, "letter")
    assert refused.returncode == 1
    assert "Block letter has no text in English: write it first." in refused.stdout
    assert not list((tmp_path / "letter" / "rendered").glob("*.eml"))


def test_hints_are_in_the_person_s_language(run: Run, tmp_path: Path) -> None:
    assert run("edition", "new", "blog-digest", "digest", language="zh_HK.UTF-8").returncode == 0
    assert "https://" in (tmp_path / "digest" / "edition.yaml").read_text()


def test_a_machine_gets_the_files_of_a_skeleton(run: Run, tmp_path: Path) -> None:
    done = run("edition", "new", "action-alert", "alert", "--slug", "steps", "--json")
    (line,) = done.stdout.splitlines()
    made = json.loads(line)
    assert made["folder"] == "alert"
    assert all((tmp_path / path).is_file() for path in made["files"])


def test_wrong_words_are_one_line(run: Run, sample: Path) -> None:
    one_line(run("edition", "new", "weekly", "x"), 2, *TEMPLATES)
    one_line(run("edition", "new", "plain-letter", "x", "--languages", "klingon"), 2, "klingon")
    one_line(run("edition", "new", "plain-letter", str(sample)), 1, "empty or new")
    one_line(run(*RENDER, "nowhere"), 2, "nowhere")
    one_line(run(*RENDER, str(sample), "--mode", "de"), 2, *modes([ZH, EN]))
    assert run("edition").returncode == 2
    assert not (sample / "rendered").exists()


def test_every_variant_is_shown_in_every_form(run: Run, sample: Path, tmp_path: Path) -> None:
    done = run(*RENDER, str(sample), "--out", "shown", "--json")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    assert [each["mode"] for each in result["variants"]] == modes([ZH, EN, AUTOMATIC])
    for each in result["variants"]:
        html = (tmp_path / each["html"]).read_text()
        assert each["html_octets"] < each["message_octets"] < 1_000_000
        # Pictures lie beside, and in the mail.
        beside = {f"images/{path.name}" for path in (tmp_path / "shown" / "images").iterdir()}
        assert beside
        assert all(f'src="{name}"' in html for name in beside)
        mail = message_from_bytes((tmp_path / each["eml"]).read_bytes(), policy=policy.default)
        assert [part.get_content_type() for part in mail.walk()].count("image/png") == len(beside)
        assert (tmp_path / each["txt"]).read_text()
    assert {each["severity"] for each in result["findings"]} <= {"warning"}


def test_one_mode_alone(run: Run, sample: Path) -> None:
    done = run(*RENDER, str(sample), "--mode", f"{EN}+{ZH}")
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in (sample / "rendered").glob("*.*")} == {f"{EN}+{ZH}"}
    assert "English + 中文" in done.stdout
    assert "KB" in done.stdout


def test_a_missing_text_is_named_and_the_rest_is_shown(run: Run, sample: Path) -> None:
    text = (sample / "en-GB.md").read_text()
    start = text.index("<!-- share.body -->")
    (sample / "en-GB.md").write_text(text[:start] + text[text.index("<!-- ", start + 1) :])
    done = run(*RENDER, str(sample))
    assert done.returncode == 1
    assert "Error: Block share has no text in English: write it first." in done.stdout
    assert "cannot be approved" in done.stderr
    assert (sample / "rendered" / "en-GB.html").exists()
    found = json.loads(run(*RENDER, str(sample), "--json").stdout)["findings"]
    errors = [each for each in found if each["severity"] == "error"]
    assert [(each["acknowledgeable"], len(each["id"])) for each in errors] == [(False, 8)]
    assert [(each["block"], each["language"], each["fault"]) for each in errors] == [("share", EN, "unwritten")]


def test_a_language_without_a_subject_is_not_shown(run: Run, sample: Path) -> None:
    _rewrite(sample / "en-GB.md", "subject: ", "# subject: ")
    done = run(*RENDER, str(sample))
    assert done.returncode == 1
    assert "subject in English" in done.stdout
    assert {path.stem for path in (sample / "rendered").glob("*.html")} == {ZH, AUTOMATIC}


def test_a_glossary_in_the_folder_is_used(run: Run, sample: Path) -> None:
    (sample / "glossary.csv").write_text("en,zh,forbidden\nTidewater Books,潮汐書舍,Tidewater Reading Room\n")
    done = run(*RENDER, str(sample), "--mode", EN)
    assert "the glossary wants “Tidewater Books”" in done.stdout
    (sample / "glossary.csv").write_text("english\n")
    one_line(run(*RENDER, str(sample)), 1, "glossary.csv, line 1")


def test_a_mistake_is_one_line_with_its_file(run: Run, sample: Path) -> None:
    _rewrite(sample / "edition.yaml", "type: letter", "type: lettre")
    one_line(run(*RENDER, str(sample)), 1, "edition.yaml, line", "lettre")


def test_a_place_that_cannot_be_written_is_said(run: Run, sample: Path) -> None:
    one_line(run(*RENDER, str(sample), "--out", str(sample / "edition.yaml" / "out")), 1, "cannot be written")
