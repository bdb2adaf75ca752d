"""Strikes of the shipped weights that fill the room of an issue to the last point: decimals that no double is."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import ibis
import pytest

from collage.experience import load, marks, score
from tests.core.experience.generated import AT, COLUMNS, as_customers, as_table, as_toml

HUNDREDTHS, ROOM = (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 120), 180
SAYS = {"en": "something happened"}
CATALOGUE: dict[str, Any] = {
    "version": "1",
    "kappa": 8.0,
    "index_sd": 0.6,
    "least": 0.2,
    "classes": {"all": 21.0},
    "owners": {},
    "mark": [
        {"name": f"of_{n}", "class": "all", "weight": -n / 100, "when": {"kind": f"costs.{n}"}, "says": SAYS}
        for n in HUNDREDTHS
    ],
}


def costs(random: Random) -> tuple[list[int], int]:
    """Return the costs of strikes in hundredths of a point, two too many; and how many of them fill the room."""
    found: list[int] = []
    while (room := ROOM - sum(found)) > 0:
        found.append(random.choice([cost for cost in HUNDREDTHS if cost <= room]))
    return [*found, *random.choices(HUNDREDTHS, k=2)], len(found)


def test_a_room_filled_to_the_last_point_leaves_nothing_to_the_strikes_after(duckdb: Any) -> None:
    random = Random(18)
    rows, whole = [], {}
    for n in range(600):
        one, fits = costs(random)
        whole[f"user:{n}"] = fits
        for i, cost in enumerate(one):
            named = {"touchpoint_id": f"made:{n}/{i:02}", "identifier": f"user:{n}", "kind": f"costs.{cost}"}
            at = AT - timedelta(days=60 - i)
            rows.append({**dict.fromkeys(COLUMNS), **named, "issue_id": "order 1", "occurred_at": at})
    touchpoints, who = as_table(rows), as_customers({name: name for name in whole})
    catalogue = load(as_toml(CATALOGUE), file="cap.toml")
    left = duckdb.to_pyarrow(marks(touchpoints, who, catalogue))
    for mark in left.to_pylist():
        i = int(mark["touchpoint_id"].rsplit("/")[-1])
        assert mark["severity"] == pytest.approx(1.0 if i < whole[mark["identifier"]] else 0.0, abs=1e-9)
    scored = duckdb.to_pyarrow(score(ibis.memtable(left), touchpoints, who, catalogue, at=AT)).to_pylist()
    # a strike without room is no strike, whatever the sum of the doubles says
    counted = {row["customer_id"]: row["strikes_90d"] for row in scored}
    assert {name: n for name, n in counted.items() if n != whole[name]} == {}
