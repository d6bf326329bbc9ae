"""Pages for readers: unsubscribing, the web version of an edition and its pictures. GET changes nothing."""

from pathlib import Path as Folder
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from mailer.errors import UnrecordedError
from mailer.events import unsubscribe as events
from mailer.i18n import languages
from mailer.installation import Installation
from mailer.render import links, published
from mailer.web.page import render

router = APIRouter()

STATIC = Folder(__file__).parent / "static"

_MOST_BODY = 10_000
# The mail's own inline styles and pictures, and nothing that runs or calls anybody.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)


@router.api_route("/u/{token}", methods=["GET", "HEAD"])
def show_unsubscribe(request: Request, token: str) -> Response:
    """How the subscription stands, with the button that ends it."""
    house: Installation = request.app.state.installation
    ref, topic = house.keys.read_unsubscribe_token(token)
    with house.database.read() as session:
        return _page(request, session, ref, topic, restored=False)


@router.post("/u/{token}")
async def unsubscribe(request: Request, token: str) -> Response:
    """One click (RFC 8058 §3.2), or the page's own button; ``undo`` takes it back."""
    form = await _form(request)
    return await run_in_threadpool(_change, request, token, undo=form == b"undo=1")


def _change(request: Request, token: str, *, undo: bool) -> Response:
    house: Installation = request.app.state.installation
    ref, topic = house.keys.read_unsubscribe_token(token)
    with house.database.read() as session:
        mode = events.standing(session, ref, topic).mode
    try:
        with house.database.write() as session:
            (events.resubscribe if undo else events.unsubscribe)(session, ref, topic, house.settings.withdrawals)
    except UnrecordedError as error:
        # Said in the language that the page would have had.
        return render(request, "error.html", status=error.status, preferred=languages(mode)[0], error=error)
    with house.database.read() as session:
        return _page(request, session, ref, topic, restored=undo)


async def _form(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BODY:
            break
    return body


def _page(request: Request, session: Session, ref: bytes, topic: int, *, restored: bool) -> Response:
    standing = events.standing(session, ref, topic)
    return render(
        request, "unsubscribe.html", preferred=languages(standing.mode)[0], standing=standing, restored=restored
    )


Hash = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


@router.api_route("/web/{variant}", methods=["GET", "HEAD"])
def web_version(request: Request, variant: Hash) -> Response:
    """A frozen variant, the same for every reader."""
    house: Installation = request.app.state.installation
    with house.database.read() as session:
        frozen = published.find(session, variant, links.web_version(house.settings.public_url, variant))
    return HTMLResponse(
        frozen.web_page(),
        headers={"Content-Security-Policy": MAIL_POLICY, "Content-Language": ", ".join(languages(frozen.mode))},
    )


@router.api_route("/i/{image}", methods=["GET", "HEAD"])
def picture(request: Request, image: Hash) -> Response:
    """A stored picture: what is at this address never changes."""
    house: Installation = request.app.state.installation
    with house.database.read() as session:
        found = published.picture(session, image)
        return Response(
            found.content,
            media_type=found.media_type,
            headers={
                "Cache-Control": "public, max-age=31536000, immutable",
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )


@router.api_route("/favicon.ico", methods=["GET", "HEAD"])
def icon() -> Response:
    """What browsers ask for beside a page that names no icon, as a web version does not."""
    return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml")
