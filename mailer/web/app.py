"""The ASGI app: pages put together, headers that keep them harmless, errors as pages."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailer import log
from mailer.errors import MailerError, NotFoundError, UnavailableError
from mailer.i18n import N_
from mailer.installation import Installation
from mailer.web import health, public
from mailer.web.page import render

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_OUR_FAULT = 500
_BROKEN = MailerError(N_("Something went wrong on our side. Nothing was changed; please try again later."))
_AWAY = UnavailableError(N_("We cannot look this up just now. Please try again in a few minutes."))


def create(installation: Installation, hosts: Sequence[str] = ("*",)) -> FastAPI:
    """The public pages of an installation, for requests that name one of ``hosts``."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.installation = installation
    app.include_router(public.router)
    app.include_router(health.router)
    app.mount("/static", StaticFiles(directory=public.STATIC), name="static")
    app.add_exception_handler(MailerError, _mailer_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _no_such_page)
    app.add_exception_handler(ClientDisconnect, _torn_off)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)
    # Added last, so outermost: no answer goes without its headers.
    app.add_middleware(_Guard)
    return app


class _Guard:
    """Refuses what another site asks to be done, and gives each answer the headers that it does not have.

    Answers pass as they come: Starlette's own way to see them hands them on through a queue, which calls one that
    broke off ended.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope)
        if request.method not in {"GET", "HEAD", "OPTIONS"} and not _same_origin(request):
            refusal = Response("cross-origin request refused\n", 403, media_type="text/plain")
            return await refusal(scope, receive, with_headers)
        return await self._app(scope, receive, with_headers)


def _same_origin(request: Request) -> bool:
    """Whether a POST comes from our own page, or from a program, which sends neither header (RFC 8058)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return True
    try:
        theirs, ours = urlsplit(origin), request.url
    except ValueError:
        return False
    public = urlsplit(request.app.state.installation.settings.public_url)
    # Behind a proxy that ends TLS, what we see of ourselves is not what the browser sees.
    return (theirs.scheme, theirs.netloc) in {(ours.scheme, ours.netloc), (public.scheme, public.netloc)}


async def _mailer_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, MailerError)
    if error.status >= _OUR_FAULT:
        # What a server of ours said, and where it stands, is for operators alone.
        log.logger().warning("page.failed", path_kind=_kind(request), why=str(error))
        told = _AWAY if error.temporary else _BROKEN
    else:
        told = error
    return render(request, "error.html", status=error.status, error=told)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:  # noqa: PLR2004 — HTTP's own number
        return await _no_such_page(request, error)
    return Response(f"{error.detail}\n", error.status_code, media_type="text/plain", headers=error.headers)


async def _no_such_page(request: Request, _: Exception) -> Response:
    return render(request, "error.html", status=404, error=NotFoundError(N_("There is no page at this address.")))


async def _torn_off(_: Request, __: Exception) -> Response:
    """Whoever asked has gone in the middle of it: nobody reads this, and nothing was done."""
    return Response(status_code=400)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.logger().error("page.broke", path_kind=_kind(request), exc_info=error)
    response = render(request, "error.html", status=_OUR_FAULT, error=_BROKEN)
    # This one is made outside the guard.
    response.headers.update(_HEADERS)
    return response


def _kind(request: Request) -> str:
    """What kind of page it was; the rest of an address may be a secret."""
    return request.url.path.split("/")[1]
