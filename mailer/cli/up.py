"""``mailer up``: pages and workers, everything on one machine."""

import typer

from mailer import supervisor, zone
from mailer.cli.screen import screen
from mailer.cli.stop import until_stopped
from mailer.cli.web import PORT
from mailer.config import settings
from mailer.i18n import N_
from mailer.web import app, serve


def up(
    workers: int = typer.Option(2, "--workers", min=1, max=64, help="Worker processes."),
    concurrency: int = typer.Option(1, "--concurrency", "-c", min=1, max=64, help="Child processes of each that send."),
    port: int | None = PORT,
) -> None:
    """Serve the pages and send what there is to send, until stopped (Ctrl-C or SIGTERM)."""
    chosen = settings()
    with (
        until_stopped(),
        supervisor.alone(chosen),
        serve.listen(chosen.web_host, serve.port(port, chosen)) as listener,
    ):
        house = serve.ready(chosen)
        zone.look(house)
        with supervisor.running(chosen, workers, concurrency) as broker:

            def say_where(url: str) -> None:
                screen().remark(
                    N_("Pages: %(url)s Database: %(database)s. Broker: %(broker)s. (Ctrl-C ends everything)"),
                    url=url,
                    database=house.database.kind,
                    broker=broker,
                )

            serve.serve(app.create(house), listener, say_where)
