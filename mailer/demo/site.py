"""The demo's pages: the public ones, the console, and the sink's mailbox; on this machine alone."""

import re

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse

from mailer.demo.mailbox import Mail, Mailbox
from mailer.demo.show import Stage
from mailer.errors import NotFoundError
from mailer.i18n import N_
from mailer.web import app as web
from mailer.web import console
from mailer.web.page import Number, render
from mailer.web.public import MAIL_POLICY

HOST = "127.0.0.1"
_PER_PAGE = 50
_LINK = re.compile(r"<a (?=[^>]*href=[\"']?http)")

router = APIRouter()


def site(stage: Stage) -> FastAPI:
    """The app. Only this machine may ask for it, by its own name: a page elsewhere cannot reach it."""
    app = web.create(stage.installation, [HOST, "localhost"])
    app.state.mailbox = stage.mailbox
    app.state.campaign = stage.campaign
    app.include_router(console.router)
    app.include_router(router)
    return app


@router.get("/")
def start(request: Request) -> Response:
    """The campaign is the first thing to see."""
    return RedirectResponse(f"/console/campaigns?{request.query_params}")


@router.get("/demo/mailbox")
def mailbox(request: Request, page: int = 1) -> Response:
    """What arrived, the newest first."""
    box: Mailbox = request.app.state.mailbox
    received = sorted(box.received(), key=lambda mail: -mail.number)
    pages = max(1, -(-len(received) // _PER_PAGE))
    page = min(max(page, 1), pages)
    shown = [(r.number, box.mail(r.number)) for r in received[(page - 1) * _PER_PAGE : page * _PER_PAGE]]
    return render(request, "mailbox.html", mails=shown, total=len(received), page=page, pages=pages)


@router.get("/demo/mailbox/{number}")
def mail(request: Request, number: Number) -> Response:
    """One mail: header, HTML in a frame, plain text."""
    return render(request, "mail.html", mail=_mail(request, number), number=number)


@router.get("/demo/mailbox/{number}/html")
def mail_html(request: Request, number: Number) -> Response:
    """The HTML part as it arrived, but for the organisation's address: here it leads to this machine."""
    house = request.app.state.installation
    html = _mail(request, number).html.replace(house.settings.public_url, str(request.base_url).rstrip("/"))
    # A link leaves the frame that the mail is shown in, as it leaves a mail program.
    html = _LINK.sub('<a target="_top" ', html)
    return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})


@router.get("/demo/mailbox/{number}/source")
def mail_source(request: Request, number: Number) -> Response:
    """The message, octet for octet."""
    box: Mailbox = request.app.state.mailbox
    raw = box.raw(number)
    if raw is None:
        raise NotFoundError(N_("There is no such mail in the mailbox."))
    return PlainTextResponse(raw)


def _mail(request: Request, number: Number) -> Mail:
    box: Mailbox = request.app.state.mailbox
    found = box.mail(number)
    if found is None:
        raise NotFoundError(N_("There is no such mail in the mailbox."))
    return found
