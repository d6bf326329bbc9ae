"""Pages for those who send: campaigns, and one campaign's figures.

There is no sign-in yet, so only the demo mounts them, on this machine alone.
"""

from fastapi import APIRouter, Request, Response

from mailer.installation import Installation
from mailer.model import DeliveryState
from mailer.report.figures import all_figures, figures
from mailer.web.page import Number, render

router = APIRouter(prefix="/console")


@router.get("/campaigns")
def campaigns(request: Request) -> Response:
    """All campaigns, the newest first."""
    house: Installation = request.app.state.installation
    with house.database.read() as session:
        return render(request, "campaigns.html", campaigns=all_figures(session))


@router.get("/campaigns/{number}")
def campaign(request: Request, number: Number) -> Response:
    """One campaign: how far it is, by language and by provider, and its frozen variants."""
    house: Installation = request.app.state.installation
    with house.database.read() as session:
        return render(request, "campaign.html", campaign=figures(session, number), states=list(DeliveryState))
