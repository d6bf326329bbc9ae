"""``mailer edition …``: the content of one issue, from a folder to what is approved, and out again."""

import typer

from mailer.cli.edition import approval, exchange, folder, stored, version
from mailer.cli.screen import show_help

app = typer.Typer(help="Editions: the content of one issue.", invoke_without_command=True, rich_markup_mode=None)
app.callback()(show_help)
app.command("new")(folder.new)
app.command("render")(folder.render)
app.command("import")(exchange.import_)
app.command("export")(exchange.export)
app.command("check")(approval.check)
app.command("acknowledge")(approval.acknowledge)
app.command("review")(approval.review)
app.command("approve")(approval.approve)
app.command("test")(approval.send_test)
app.command("list")(stored.listing)
app.command("versions")(version.versions)
app.command("compare")(version.comparison)
app.command("restore")(version.restore)
