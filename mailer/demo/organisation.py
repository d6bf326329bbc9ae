"""The invented organisation: its newsletter, its topic, and two colleagues for four eyes."""

from pathlib import Path

from sqlalchemy.orm import Session

from mailer import clock
from mailer.compose import glossary, picture
from mailer.compose.edition import image
from mailer.i18n import EN, ZH
from mailer.model import Newsletter, Staff, Topic

AUTHOR = "歐陽詠潮"
APPROVER = "Owen Pritchard"
DOMAIN = "letters.tidewater.example"
PUBLIC_URL = f"https://{DOMAIN}"
_GLOSSARY = Path(__file__).with_name("glossary.csv")
_LOGO = Path(__file__).with_name("editions") / "logo.png"


def found(session: Session) -> Topic:
    """Set the organisation up in an empty database; the topic that everybody subscribes to."""
    logo = image(session, picture.read(_LOGO))
    newsletter = Newsletter(
        slug="tideline",
        name={ZH: "《潮信》", EN: "Tideline"},
        sender_name={ZH: "潮汐書舍", EN: "Tidewater Reading Room"},
        sender_address=f"tideline@{DOMAIN}",
        return_address=f"returns@{DOMAIN}",
        postal_address={ZH: "蠔殼灣堤岸路7號", EN: "7 Embankment Road, Oyster Shell Bay"},
        list_domain="tidewater.example",
        locales=[ZH, EN],
        default_locale=ZH,
        zone="Asia/Hong_Kong",
        theme={},
        logo=logo.hash,
        terms=glossary.read(_GLOSSARY),
    )
    topic = Topic(newsletter=newsletter, slug="news", name={ZH: "《潮信》", EN: "Tideline"})
    session.add_all([topic, logo])
    session.add_all(Staff(name=name, created_at=clock.now()) for name in (AUTHOR, APPROVER))
    session.flush()
    return topic
