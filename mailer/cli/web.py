"""``mailer web``: the public pages."""

import typer

from mailer.cli.screen import screen
from mailer.cli.stop import until_stopped
from mailer.config import settings
from mailer.i18n import N_
from mailer.web import app, serve

PORT = typer.Option(
    None,
    "--port",
    min=0,
    max=65535,
    help="The port of the pages; 0 is any free one. [default: MAILER_WEB_PORT or 8025]",
)


def web(port: int | None = PORT) -> None:
    """Serve the public pages, until stopped (Ctrl-C or SIGTERM)."""
    chosen = settings()
    with until_stopped(), serve.listen(chosen.web_host, serve.port(port, chosen)) as listener:
        house = serve.ready(chosen)
        serve.serve(app.create(house), listener, say_where)


def say_where(url: str) -> None:
    """Tell people the address."""
    screen().remark(N_("Pages: %(url)s (Ctrl-C ends them)"), url=url)
