"""The pictures of editions: at one address for everybody, in the web version, and in the demo's mailbox."""

import hashlib
import json
import re
from io import BytesIO
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image as Pillow
from sqlalchemy import select

from mailer.demo.mailbox import Mailbox
from mailer.demo.sink import RECORD
from mailer.installation import Installation
from mailer.model import Campaign, Variant
from mailer.web import app as web
from tests.render.test_message import PIXEL, SHOWN, issue, sent


@pytest.fixture
def public(house: Installation) -> TestClient:
    return TestClient(web.create(house), base_url="http://127.0.0.1")


def test_the_web_version_shows_the_pictures_of_the_mail(
    house: Installation, campaign: Campaign, public: TestClient
) -> None:
    with house.database.read() as session:
        (variant, *_) = session.scalars(select(Variant).where(Variant.edition_id == campaign.edition_id))
        hashes = variant.content["images"]
    assert hashes
    page = public.get(f"/web/{variant.hash}")
    assert re.findall('src="(.*?)"', page.text) == [f"/i/{image}" for image in hashes]
    assert "img-src 'self'" in page.headers["content-security-policy"]
    for image in hashes:
        answer = public.get(f"/i/{image}")
        assert hashlib.sha256(answer.content).hexdigest() == image
        with Pillow.open(BytesIO(answer.content)) as opened:
            assert answer.headers["content-type"] == opened.get_format_mimetype()
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["0" * 64, "0" * 63, "../web", "x.svg", PIXEL.upper()])
def test_there_is_no_other_picture(public: TestClient, path: str) -> None:
    answer = public.get(f"/i/{path}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/html")


def test_the_mailbox_shows_an_embedded_picture_where_the_mail_does(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text(json.dumps({"n": 1, "at": 0.0, "to": ["zoe@reader.example"]}) + "\n")
    (tmp_path / "000001.eml").write_bytes(sent(issue(SHOWN, images=(PIXEL,))))
    mail = Mailbox(tmp_path).mail(1)
    assert mail is not None
    assert mail.html.count('src="data:image/png;base64,AAEC') == 2
    assert "cid:" not in mail.html
