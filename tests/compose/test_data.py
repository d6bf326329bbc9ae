"""Shapes of block data: what fits, and what is refused."""

import pytest
from pydantic import ValidationError

from mailer.compose.data import Picture


def test_an_ornament_leads_nowhere() -> None:
    picture = {"image": "wave.png", "url": "https://x.example/"}
    assert Picture.model_validate(picture).url
    with pytest.raises(ValidationError, match="an ornament leads nowhere"):
        Picture.model_validate({**picture, "ornament": "yes"})
