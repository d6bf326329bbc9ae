"""What machines ask: whether this process lives, and whether it can do its work. Neither tells a secret."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from mailer.db import schema
from mailer.errors import MailerError, UnavailableError
from mailer.installation import Installation

router = APIRouter()

_UNAVAILABLE = 503


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def lives() -> PlainTextResponse:
    """The process answers."""
    return PlainTextResponse("ok\n")


@router.api_route("/readyz", methods=["GET", "HEAD"])
def is_ready(request: Request) -> PlainTextResponse:
    """The database answers too, and with a schema that this program knows."""
    house: Installation = request.app.state.installation
    try:
        schema.check(house.database)
    except UnavailableError:
        return PlainTextResponse("database away\n", _UNAVAILABLE)
    except MailerError:
        return PlainTextResponse("database unknown\n", _UNAVAILABLE)
    return PlainTextResponse("ok\n")
