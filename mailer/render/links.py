"""The addresses of public pages that a mail carries."""

from mailer.vault import Vault


def unsubscribe(public_url: str, keys: Vault, ref: bytes, topic_id: int) -> str:
    """The unsubscribe page of one subscriber and topic; a mail adds its language to it."""
    return f"{public_url}/u/{keys.unsubscribe_token(ref, topic_id)}"


def web_version(public_url: str, variant_hash: str) -> str:
    """A variant's web version: the same address for every reader."""
    return f"{public_url}/web/{variant_hash}"


def image(public_url: str, image_hash: str) -> str:
    """A hosted picture: the same address for every reader."""
    return f"{public_url}/i/{image_hash}"
