"""One truth: the database, the command on an export of it, and the oracle say the same of every customer."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collage import cli
from collage.tables import CONTRACTS
from collage_web.actions import rebuilding
from collage_web.actions.claiming import merge, unmerge
from collage_web.actions.importing import take_in
from collage_web.bridge import snapshot
from collage_web.records.models import Claim, Identifier, Score
from tests.core.customers import oracle as who_is_who
from tests.core.experience import oracle, oracle_fold
from tests.web.conftest import NOW, House

CUSTOMERS = 1_000
KINDS = (
    "contact.answered", "contact.abandoned", "issue.resolved", "issue.reopened", "order.placed", "order.failed",
    "delivery.arrived", "delivery.failed", "repeat.asked", "handover.transferred", "recovery.confirmed",
    "invoice.corrected", "coupon.refused", "conduct.reported", "feedback.heeded",
)  # fmt: skip


def touchpoints(chance: random.Random) -> Iterator[dict[str, Any]]:
    number = 0
    for customer in range(CUSTOMERS):
        for _ in range(chance.randint(1, 12)):
            number += 1
            yield {
                "touchpoint_id": f"{number:06d}",
                "identifier": f"{chance.choice(('user', 'email', 'anon'))}:{customer}@example.org",
                "kind": chance.choice(KINDS),
                "occurred_at": (NOW - timedelta(minutes=chance.randint(1, 500_000))).isoformat(),
                "department": chance.choice(("Care", "Parcels", None)),
                "issue_id": chance.choice((f"issue {customer}", None)),
                "contact_id": chance.choice((f"contact {number}", f"contact {customer}", None)),
                "severity": chance.choice((None, 0.5, 2.0)),
                "wait_s": chance.choice((None, 30.0, 700.0)),
                "late_s": chance.choice((None, -3600.0, 200_000.0)),
            }


def dataset(folder: Path, chance: random.Random) -> Path:
    """Write a dataset of promises, and of claims by a machine."""
    folder.mkdir()
    made = NOW - timedelta(days=30)
    promises = [
        {"promise_id": f"p{each}", "identifier": f"user:{each}@example.org", "kind": "callback", "made_at": made,
         "due_at": made + timedelta(days=chance.randint(1, 60)),
         "settled_at": chance.choice((None, made + timedelta(days=5)))}
        for each in chance.sample(range(CUSTOMERS), 200)
    ]  # fmt: skip
    claims = [
        {"claim_id": f"crm:{each}", "one": f"email:{each}@example.org", "other": f"{kind}:{each}@example.org",
         "source": "crm", "confidence": 1.0}
        for kind in ("user", "anon")
        for each in chance.sample(range(CUSTOMERS), 400)
    ]  # fmt: skip
    for name, rows in (
        ("promises", promises),
        ("claims", [dict(claim, claim_id=str(n)) for n, claim in enumerate(claims)]),
    ):
        schema = CONTRACTS[name].schema().to_pyarrow()
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / f"{name}.parquet")
    return folder


def lived(house: House, tmp_path: Path) -> None:
    """Let a year pass: what happens arrives late and twice, customers are brought together and told apart."""
    chance = random.Random(41)
    every = list(touchpoints(chance))
    take_in(dataset(tmp_path / "crm", chance), by=None, now=NOW)
    chance.shuffle(every)
    for first in range(0, len(every), 700):
        some = every[first : first + 700]
        house.send(*some, *chance.sample(every[: first + 700], 50))
        house.digest()
        names = list(Identifier.objects.values_list("value", flat=True))
        for _ in range(15):
            one, other = chance.sample(names, 2)
            merge(one, other, by=None, now=NOW, reason="said so")
        standing = list(Claim.objects.filter(withdrawn_at=None).order_by("id"))
        for claim in chance.sample(standing, 20):
            unmerge(claim, by=None, now=NOW, reason="another after all")
    house.digest()


@pytest.mark.slow
def test_the_database_the_command_and_the_oracle_agree(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lived(house, tmp_path)
    assert rebuilding.differing(at=NOW).n == 0
    homes = {each.customer: each for each in Score.objects.all()}
    whose = dict(Identifier.objects.values_list("value", "customer"))
    assert len(homes) > 800

    snapshot.write(tmp_path / "export", replace=False)
    capsys.readouterr()
    words = ["score", str(tmp_path / "export"), "--at", NOW.isoformat(), "--format", "json"]
    assert cli.main(words) == 0
    by_command = {whose[row["customer_id"]]: row for row in json.loads(capsys.readouterr().out)}
    by_oracle = asked_of_the_oracle()

    assert set(by_command) == set(homes) == set(by_oracle)
    for customer, score in homes.items():
        for name in ("experience", "index", "evidence", "low", "high", "trend"):
            kept = getattr(score, name)
            assert by_command[customer][name] == pytest.approx(kept, abs=1e-9)
            assert by_oracle[customer][name] == pytest.approx(kept, abs=1e-9)
        assert by_command[customer]["n_marks"] == score.n_marks == by_oracle[customer]["n_marks"]


def asked_of_the_oracle() -> dict[str, dict[str, Any]]:
    """Return what plain Python makes of what is in the database, by the customers' ids there."""
    from collage import customers
    from collage.promises import touchpoints as promised

    text = (resources.files("collage.experience") / "default.toml").read_text(encoding="utf-8")
    catalogue = tomllib.loads(text)
    import ibis

    rows = snapshot.table("touchpoints").to_pylist()
    rows += promised(ibis.memtable(snapshot.table("promises"))).to_pyarrow().to_pylist()
    claims = snapshot.table("claims").to_pylist()
    found = who_is_who.customers([row["identifier"] for row in rows], claims, customers.normalised)
    who = {identifier: customer for customer, identifier, _ in found}
    at: datetime = NOW
    scores = oracle_fold.scores(oracle.marks(rows, who, catalogue), rows, who, catalogue, at)
    whose = dict(Identifier.objects.values_list("value", "customer"))
    return {whose[customer]: score for customer, score in scores.items()}
