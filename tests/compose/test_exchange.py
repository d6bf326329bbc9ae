"""What comes back from outside is taken where nobody changed the edition meanwhile."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from mailer.compose import draft as drafts
from mailer.compose import version
from mailer.compose.compare import Kind
from mailer.compose.draft import Draft
from mailer.compose.edition import revise
from mailer.compose.exchange import MovedError, take, weigh
from mailer.compose.export import files, write
from mailer.compose.folder import read
from mailer.compose.status import Status, status
from mailer.errors import RefusedError
from mailer.i18n import EN, ZH
from mailer.installation import Installation
from mailer.model import Newsletter, Topic


def _newsletter(session: Session, topic: Topic) -> Newsletter:
    return session.merge(topic).newsletter


def _export(house: Installation, topic: Topic, draft: Draft, folder: Path) -> Draft:
    """An edition that is stored and written out; what its folder reads as."""
    with house.database.write() as session:
        edition, made = take(session, _newsletter(session, topic), draft, "Ada")
        assert made.number == 1
        write(folder, files(drafts.of(edition)))
    return read(folder)


def test_an_untouched_folder_changes_nothing(house: Installation, topic: Topic, draft: Draft, tmp_path: Path) -> None:
    again = _export(house, topic, draft, tmp_path / "out")
    with house.database.write() as session:
        newsletter = _newsletter(session, topic)
        assert weigh(session, newsletter, again).differences == []
        assert take(session, newsletter, again, "Bo")[1].number == 1


def test_a_changed_folder_is_a_new_version_and_says_what_counts_as_translated(
    house: Installation, topic: Topic, draft: Draft, tmp_path: Path
) -> None:
    _export(house, topic, draft, tmp_path / "out")
    for name, old, new in (
        ("zh-Hant-HK.md", "<!-- signoff.closing -->\n", "<!-- signoff.closing -->\n各位街坊，"),
        ("en-GB.md", "<!-- signoff.closing -->\n", "<!-- signoff.closing -->\nDear neighbours, "),
    ):
        path = tmp_path / "out" / name
        path.write_text(path.read_text().replace(old, new))
    changed = read(tmp_path / "out")
    with house.database.write() as session:
        newsletter = _newsletter(session, topic)
        taking = weigh(session, newsletter, changed)
        assert [(d.kind, d.block, d.locale) for d in taking.differences] == [
            (Kind.TEXT, "signoff", ZH),
            (Kind.TEXT, "signoff", EN),
        ]
        assert taking.retold == [(EN, "signoff")]
        edition, made = take(session, newsletter, changed, "Bo")
        assert made.number == 2
        assert drafts.of(edition).made(EN, "signoff").by == "Bo"  # type: ignore[union-attr]  # it is there


def test_a_folder_of_an_edition_that_others_changed_is_refused_with_what_they_did(
    house: Installation, topic: Topic, draft: Draft, tmp_path: Path
) -> None:
    mine = _export(house, topic, draft, tmp_path / "out")
    with house.database.write() as session:
        newsletter = _newsletter(session, topic)
        edition, _ = take(session, newsletter, mine, "Ada")
        theirs = drafts.of(edition).model_copy(deep=True)
        theirs.block("share").texts[EN]["body"] = "Please pass this on."  # type: ignore[union-attr]  # it is there
        revise(session, edition, theirs, "Bo")
        with pytest.raises(MovedError, match="has changed since") as refused:
            take(session, newsletter, mine, "Ada")
        # It says what Bo did, not what Ada would undo.
        (found,) = (each for each in refused.value.differences if each.kind is Kind.TEXT)
        assert (found.block, found.change.new) == ("share", "Please pass this on.")
        assert len(version.versions(session, edition)) == 2
        take(session, newsletter, mine, "Ada", replace=True)
        assert drafts.of(edition).block("share") == mine.block("share")
        assert len(version.versions(session, edition)) == 3


def test_a_folder_that_comes_from_no_export_replaces_nothing_unasked(
    house: Installation, topic: Topic, draft: Draft, tmp_path: Path
) -> None:
    _export(house, topic, draft, tmp_path / "out")
    with house.database.write() as session:
        newsletter = _newsletter(session, topic)
        with pytest.raises(RefusedError, match="--replace"):
            take(session, newsletter, draft, "Bo")
        assert take(session, newsletter, draft, "Bo", replace=True)[1].number == 1


def test_a_folder_from_another_installation_is_taken_as_it_is(house: Installation, topic: Topic, draft: Draft) -> None:
    from_elsewhere = draft.model_copy(update={"base": "0" * 64})
    with house.database.write() as session:
        newsletter = _newsletter(session, topic)
        assert take(session, newsletter, from_elsewhere, "Bo")[1].number == 1
        # Yet it cannot tell whether anything moved since.
        with pytest.raises(MovedError):
            take(session, newsletter, from_elsewhere, "Bo")


def test_a_folder_that_says_nothing_of_a_translation_does_not_bring_it_up_to_date(
    house: Installation, topic: Topic, draft: Draft, tmp_path: Path
) -> None:
    _export(house, topic, draft, tmp_path / "out")
    path = tmp_path / "out" / "zh-Hant-HK.md"
    path.write_text(path.read_text().replace("<!-- share.body -->\n", "<!-- share.body -->\n各位街坊，"))
    (tmp_path / "out" / "translations.json").unlink()
    with house.database.write() as session:
        newsletter = _newsletter(session, topic)
        edition, _ = take(session, newsletter, read(tmp_path / "out"), "Bo")
        share = next(block for block in edition.blocks if block.key == "share")
        assert status(edition, share, EN) is Status.OUTDATED
        # Nor does the same folder once more; other words do.
        take(session, newsletter, read(tmp_path / "out"), "Bo", replace=True)
        assert status(edition, share, EN) is Status.OUTDATED
        english = tmp_path / "out" / "en-GB.md"
        english.write_text(english.read_text().replace("<!-- share.body -->\n", "<!-- share.body -->\nNeighbours, "))
        take(session, newsletter, read(tmp_path / "out"), "Bo", replace=True)
        share = next(block for block in edition.blocks if block.key == "share")
        assert status(edition, share, EN) is Status.TRANSLATED
