"""Rendering a page in the reader's language."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Path, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from mailer import i18n, values
from mailer.model import names
from mailer.resources import folder

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
"""A number in an address; anything else is no page."""

_RUN = Markup('<span lang="{}">{}</span>')


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
    environment.filters["number"] = lambda value: values.number(value, tag)
    environment.filters["mode"] = _mode
    environment.filters["best"] = lambda texts: _best(texts, tag)
    environment.filters["best_tag"] = lambda texts: i18n.best(texts, tag)[0]
    environment.globals |= {"state_names": names.STATES, "provider_names": names.PROVIDERS}
    return environment


def _mode(mode: str) -> Markup:
    """A mode by its languages' own names, each marked as what it is."""
    return Markup(" + ").join(_RUN.format(tag, i18n.self_name(tag)) for tag in i18n.languages(mode))


def _best(texts: Mapping[str, str], tag: str) -> Markup:
    """What editions and topics are called, by language: marked where a page in ``tag`` has to borrow another's."""
    found, text = i18n.best(texts, tag)
    return escape(text) if found == tag else _RUN.format(found, text)


def _alternatives(request: Request) -> Iterator[tuple[str, str, str]]:
    """The same page in each language: tag, name, and the address's query."""
    others = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return ((tag, name, "?" + urlencode([("lang", tag), *others])) for tag, name in i18n.INTERFACE.items())


def language(request: Request, preferred: str | None = None) -> str:
    """What the address asks for, else what the person chose before, else what the browser wants."""
    asked = request.query_params.get("lang", "")
    if found := i18n.match(asked, i18n.INTERFACE) if asked else None:
        return found
    if preferred:
        # A reader's own language may be one in which pages have no words.
        return i18n.interface(preferred)
    return i18n.negotiate(request.headers.get("accept-language", ""), i18n.INTERFACE, i18n.ZH)


def render(
    request: Request, template: str, *, status: int = 200, preferred: str | None = None, **context: Any
) -> Response:
    """A page from templates/web, with its language negotiated."""
    tag = language(request, preferred)
    translate = i18n.translator(tag)
    page = _environment(tag).get_template(template)
    html = page.render(
        tag=tag,
        alternatives=_alternatives(request),
        translate=translate,
        long_date=lambda value: values.long_date(value, tag),
        **context,
    )
    return HTMLResponse(html, status, headers={"Content-Language": tag, "Vary": "Accept-Language"})
