"""Translations are reviewed by somebody who did not make them, and that is no writing."""

import pytest

from mailer.compose.check import Fault, findings
from mailer.compose.draft import Draft
from mailer.compose.edition import save
from mailer.compose.review import review
from mailer.compose.version import newest, writers
from mailer.errors import RefusedError
from mailer.i18n import EN
from mailer.installation import Installation
from mailer.model import Topic
from mailer.model.edition import TextStatus
from mailer.render.approval import approve
from tests.compose.conftest import in_


def test_what_somebody_else_made_is_reviewed_and_no_more_pointed_out(
    house: Installation, topic: Topic, draft: Draft
) -> None:
    with house.database.write() as session:
        fresh = draft.model_copy(update={"progress": {}})
        edition = save(session, session.merge(topic).newsletter, fresh, "Ada")
        assert {text.translated_by for block in edition.blocks for text in block.texts} == {"Ada", None}
        assert Fault.UNREVIEWED in {found.fault for found in findings(edition)}
        with pytest.raises(RefusedError, match="themselves"):
            review(session, edition, "ADA")
        (share,) = review(session, edition, "Bo", blocks=["share"])
        assert (share.status, share.reviewed_by, share.locale) == (TextStatus.REVIEWED, "Bo", EN)
        review(session, edition, "Bo")
        assert Fault.UNREVIEWED not in {found.fault for found in findings(edition)}
        assert newest(session, edition).action == "review"  # type: ignore[union-attr]  # there is one
        assert writers(session, edition) == {"Ada"}
        approve(session, edition, "Bo")
        with pytest.raises(RefusedError):
            review(session, edition, "Cy")


def test_what_is_out_of_date_cannot_be_reviewed(house: Installation, topic: Topic, draft: Draft) -> None:
    with house.database.write() as session:
        edition = save(session, session.merge(topic).newsletter, draft.model_copy(update={"progress": {}}), "Ada")
        source = next(text for text in in_(edition, "share").texts if text.locale != EN)
        source.fields = {"body": "請轉寄給你的朋友。"}
        with pytest.raises(RefusedError):
            review(session, edition, "Bo", [EN], ["share"])
