"""Rendering a page in the reader's language."""

from functools import lru_cache
from typing import Annotated, Any

from fastapi import Path, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mailer import i18n
from mailer.report import names
from mailer.resources import folder

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
"""A number in an address; anything else is no page."""

_ALTERNATIVES = [(tag, i18n.SELF_NAMES[tag]) for tag in i18n.INTERFACE]


@lru_cache
def _environment(tag: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder("templates") / "web"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(i18n.catalogue(tag), newstyle=True)  # type: ignore[attr-defined]  # from the extension
    environment.filters["number"] = lambda value: i18n.number(value, tag)
    environment.filters["mode"] = _mode
    environment.globals |= {"state_names": names.STATES, "provider_names": names.PROVIDERS}
    return environment


def _mode(mode: str) -> Markup:
    """A mode by its languages' own names, each marked as what it is."""
    name = Markup('<span lang="{}">{}</span>')
    return Markup(" + ").join(name.format(tag, i18n.SELF_NAMES[tag]) for tag in i18n.languages(mode))


def language(request: Request, preferred: str | None = None) -> str:
    """What the address asks for, else what the person chose before, else what the browser wants."""
    asked = request.query_params.get("lang", "")
    if found := i18n.match(asked, i18n.INTERFACE) if asked else None:
        return found
    return preferred or i18n.negotiate(request.headers.get("accept-language", ""), i18n.INTERFACE, i18n.ZH)


def render(
    request: Request, template: str, *, status: int = 200, preferred: str | None = None, **context: Any
) -> Response:
    """A page from templates/web, with its language negotiated."""
    tag = language(request, preferred)
    translate = i18n.translator(tag)
    page = _environment(tag).get_template(template)
    html = page.render(
        tag=tag,
        alternatives=_ALTERNATIVES,
        translate=translate,
        long_date=lambda value: i18n.long_date(value, tag),
        **context,
    )
    return HTMLResponse(html, status, headers={"Content-Language": tag, "Vary": "Accept-Language"})
