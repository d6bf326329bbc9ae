"""What comes back from outside is taken where nobody changed the edition meanwhile."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from mailer import clock
from mailer.compose import draft as drafts
from mailer.compose import version
from mailer.compose.compare import Kind
from mailer.compose.draft import Draft
from mailer.compose.edition import find, image, revise
from mailer.compose.exchange import MovedError, take, weigh
from mailer.compose.export import files, write
from mailer.compose.folder import read
from mailer.compose.status import Status, status
from mailer.errors import RefusedError
from mailer.i18n import EN, ZH
from mailer.installation import Installation
from mailer.model import EditionState, Newsletter, Topic
from mailer.render.approval import approve

_WHILE = 0.3
"""Seconds for which a change stays open, so that another can look meanwhile."""


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
        assert weigh(session, newsletter, again, "Bo").differences == []
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
        taking = weigh(session, newsletter, changed, "Bo")
        assert [(d.kind, d.block, d.locale) for d in taking.differences if d.kind is Kind.TEXT] == [
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


def _beside(house: Installation, topic: Topic, drafts_: Sequence[Draft]) -> list[str]:
    """What becomes of drafts that are taken in at the same moment: a version's number, or why not."""
    met = threading.Barrier(len(drafts_))

    def take_in(draft: Draft) -> str:
        met.wait(20)
        try:
            with house.database.write() as session:
                number = take(session, _newsletter(session, topic), draft, "Ada")[1].number
                clock.sleep(_WHILE)
        except RefusedError as error:
            return str(error)
        return str(number)

    with ThreadPoolExecutor(len(drafts_)) as pool:
        return sorted(pool.map(take_in, drafts_))


def test_of_two_who_bring_one_new_edition_one_is_refused(house: Installation, topic: Topic, draft: Draft) -> None:
    one, other = _beside(house, topic, [draft, draft])
    assert one == "1"
    assert "There is an edition wrap-up-2026 already" in other


def test_of_two_who_change_one_edition_the_later_hears_of_the_other(
    house: Installation, topic: Topic, draft: Draft, tmp_path: Path
) -> None:
    base = _export(house, topic, draft, tmp_path / "out")
    changed = [base.model_copy(deep=True) for _ in range(2)]
    for number, each in enumerate(changed):
        each.block("share").texts[EN]["body"] = f"Please pass this on, {number}."  # type: ignore[union-attr]  # it is there
    one, other = _beside(house, topic, changed)
    assert one == "2"
    assert "has changed since this was exported" in other
    with house.database.read() as session:
        edition = find(session, draft.slug)
        assert [each.number for each in version.versions(session, edition)] == [2, 1]


def test_two_who_store_one_picture_share_it(house: Installation, draft: Draft) -> None:
    picture = next(iter(draft.images.values()))
    met = threading.Barrier(2)

    def store(_: int) -> str:
        with house.database.write() as session:
            met.wait(20)
            found = image(session, picture)
            clock.sleep(_WHILE)
            return found.hash

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(store, range(2))) == [picture.hash] * 2


def test_what_is_being_approved_is_not_changed_meanwhile(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        base = drafts.of(take(session, _newsletter(session, topic), draft, "Ada")[0])
    changed = base.model_copy(update={"base": drafts.digest(drafts.content(base))}, deep=True)
    changed.block("share").texts[EN]["body"] = "Please pass this on."  # type: ignore[union-attr]  # it is there

    def change() -> None:
        with pytest.raises(MovedError), house.database.write() as session:
            take(session, _newsletter(session, topic), changed, "Bo")

    with ThreadPoolExecutor(1) as pool:
        with house.database.write() as session:
            edition = find(session, draft.slug, lock=True)
            changing = pool.submit(change)
            clock.sleep(_WHILE)
            approve(session, edition, "Cy")
        changing.result(60)
    with house.database.read() as session:
        edition = find(session, draft.slug)
        assert edition.state is EditionState.APPROVED
        assert [each.action for each in version.versions(session, edition)] == ["approve", "save"]
