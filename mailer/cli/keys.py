"""``mailer keys …``: what the key file holds."""

import typer

from mailer.cli import dkim
from mailer.cli.screen import show_help

app = typer.Typer(help="Keys: those that sign mails.", invoke_without_command=True, rich_markup_mode=None)
app.callback()(show_help)
app.add_typer(dkim.app, name="dkim")
