"""What the ledger costs a message: ``python -m benchmarks.ledger [ROWS]`` (20,000 unless told).

Ours: expand, claim and record, as the workers do it, with counts that move along.
Reference: the same rows, indexes and batches with bare statements and nothing else: INSERT …
SELECT; claim (SKIP LOCKED on PostgreSQL), the sealed fields of those who may still receive, mark.
On both databases, PostgreSQL with fsync on a server of its own; the median of three rounds. The
last line is one JSON object.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from sqlalchemy import delete, text, update

from mailer import clock, installation
from mailer.audience.enrol import enrol
from mailer.bench.expansion import BARE, fill
from mailer.campaign.campaign import create, find, start
from mailer.compose.edition import save
from mailer.compose.folder import read
from mailer.config import load
from mailer.demo import organisation, show
from mailer.demo.people import people
from mailer.installation import Installation
from mailer.model import Campaign, CampaignState, Count, Delivery
from mailer.render.approval import approve
from tests.servers import Postgres
from worker import claim as ours
from worker.record import record
from worker.transport import Fate, Outcome

ROUNDS = 3
BATCH = 500
SAMPLE = Path(show.__file__).parent / "editions" / "wrap-up-2026"

_CLAIM = """
UPDATE bare SET state = 'claimed', claim = :claim, lease_until = {lease} WHERE id IN
(SELECT id FROM bare WHERE campaign_id = 1 AND provider = :provider AND state = 'pending' ORDER BY id LIMIT :n {lock})
RETURNING id
"""
_FIELDS = """
SELECT b.id, u.consent_at, s.ref, s.data_key, s.address, s.name FROM bare b
JOIN subscriber s ON s.id = b.subscriber_id AND s.state = 'active'
JOIN subscription u ON u.subscriber_id = s.id AND u.topic_id = 1 AND u.state = 'active'
WHERE b.{among} AND NOT EXISTS (SELECT 1 FROM suppression x WHERE x.address_index = s.address_index)
"""
_MARK = "UPDATE bare SET state = 'sent', claim = NULL, lease_until = NULL WHERE {among} AND claim = :claim"
_DIALECT = {
    "postgresql": {
        "lease": "now() + interval '5 minutes'",
        "lock": "FOR UPDATE SKIP LOCKED",
        "among": "id = ANY(:ids)",
    },
    "sqlite": {
        "lease": "datetime('now', '5 minutes')",
        "lock": "",
        "among": "id IN (SELECT value FROM json_each(:ids))",
    },
}


class Stopwatch:
    """Seconds spent in each named step of one round."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        began = clock.monotonic()
        yield
        self.spent[step] = self.spent.get(step, 0.0) + clock.monotonic() - began


def _house(folder: Path, url: str, rows: int) -> Installation:
    """An installation with an approved edition, a draft campaign and ``rows`` readers."""
    house = installation.create(load(home=folder / "home", key_file=folder / "key", database_url=url))
    with house.database.write() as session:
        topic = organisation.found(session)
        edition = save(session, topic.newsletter, read(SAMPLE), organisation.AUTHOR)
        approve(session, edition, organisation.APPROVER)
        create(session, edition, topic, organisation.AUTHOR)
    for _ in enrol(house.database, house.keys, topic, "bench", people(rows)):
        pass
    return house


def _ours(house: Installation) -> dict[str, float]:
    watch, write = Stopwatch(), house.database.write
    with write() as session:
        session.execute(delete(Count))
        session.execute(delete(Delivery))
        session.execute(update(Campaign).values(state=CampaignState.DRAFT, started_at=None))
    with watch("expand"), write() as session:
        start(session, find(session, 1), "bench")
    with house.database.read() as session:
        lanes = sorted(ours.lanes(session))
    for provider, campaign in lanes:
        number = 0
        while True:
            number += 1
            token = f"{provider}-{number}"
            with watch("claim"), write() as session:
                rows = ours.claim(session, campaign, provider, BATCH, token, 300.0)
            if not rows:
                break
            outcomes = [(row, Outcome(Fate.SENT, 250)) for row in rows]
            with watch("record"), write() as session:
                record(session, outcomes, token, house.settings.lifetime)
    return watch.spent


def _bare(house: Installation) -> dict[str, float]:
    kind, watch, write = house.database.kind, Stopwatch(), house.database.write
    words = _DIALECT[kind]
    with write() as session:
        BARE.drop(session.connection(), checkfirst=True)
        BARE.create(session.connection())
    with watch("expand"), write() as session:
        fill(session, 1, 1)
    # Told what it holds, so that the reference is a good plan: ours must do without.
    with write() as session:
        session.execute(text("ANALYZE"))
    with house.database.read() as session:
        providers = sorted(session.execute(text("SELECT DISTINCT provider FROM bare")).scalars())
    claim, fields, mark = (text(statement.format(**words)) for statement in (_CLAIM, _FIELDS, _MARK))
    pack: Callable[[list[int]], object] = list if kind == "postgresql" else json.dumps
    for provider in providers:
        while True:
            with watch("claim"), write() as session:
                ids = list(session.execute(claim, {"claim": "c", "provider": provider, "n": BATCH}).scalars())
                session.execute(fields, {"ids": pack(ids)}).all()
            if not ids:
                break
            with watch("record"), write() as session:
                session.execute(mark, {"ids": pack(ids), "claim": "c"})
    return watch.spent


def _measure(house: Installation, rows: int) -> dict[str, object]:
    rounds = [(_ours(house), _bare(house)) for _ in range(ROUNDS)]
    us = {
        name: {step: median(r[side][step] for r in rounds) * 1e6 / rows for step in rounds[0][side]}
        for side, name in enumerate(("ours", "bare"))
    }
    mine, bare = us["ours"], us["bare"]
    return {
        "database": house.database.kind,
        "us_per_row": {name: {step: round(n, 1) for step, n in steps.items()} for name, steps in us.items()},
        "expand_ratio": round(mine["expand"] / bare["expand"], 2),
        "claim_ratio": round(mine["claim"] / bare["claim"], 2),
        "record_ratio": round(mine["record"] / bare["record"], 2),
        "ratio": round((mine["claim"] + mine["record"]) / (bare["claim"] + bare["record"]), 2),
    }


def main() -> None:
    """Measure both databases and print what came out."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    results = []
    with tempfile.TemporaryDirectory() as folder, Postgres(durable=True) as server:
        for name, url in (("sqlite", ""), ("postgresql", server.url())):
            house = _house(Path(folder) / name, url, rows)
            results.append(_measure(house, rows))
            house.database.dispose()
            print(json.dumps(results[-1], indent=1))
    print(json.dumps({"rows": rows, "batch": BATCH, "cases": results}))


if __name__ == "__main__":
    main()
