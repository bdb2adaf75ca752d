"""Companies of a few rated contacts, for tests of who earned the ratings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

__all__ = ["company", "scored"]

_TOUCHPOINTS = "touchpoint_id,identifier,occurred_at,kind,channel,department,issue_id,wait_s,agent,contact_id\n"
_RATINGS = "rating_id,identifier,rated_at,contact_id,department,agent,instrument,score,scale_low,scale_high\n"


def scored(seed: int) -> Callable[[int], int]:
    """Return scores from 1 to 5 by chance."""
    chance = Random(seed)
    return lambda _: chance.randint(1, 5)


def company(
    folder: Path,
    customers: int,
    *,
    department: Callable[[int], str] = lambda _: "Care",
    agent: Callable[[int], str] = lambda n: f"agent {n % 3}",
    score: Callable[[int], int] | None = None,
    handed: Callable[[int], bool] = lambda _: True,
) -> Path:
    """Write a dataset: each customer waited for an answer and rated it; some were `handed` over with a lost parcel."""
    chance, score = Random(1), score or scored(2)
    touchpoints, ratings = _TOUCHPOINTS, _RATINGS
    for n in range(customers):
        day, served = f"{1 + n % 27:02d}", f'"{department(n)}"'
        if handed(n):
            touchpoints += f"p:{n},user:{n},2025-02-{day}T10:00:00Z,delivery.failed,post,Parcels,order {n},,,\n"
        touchpoints += f"c:{n},user:{n},2025-03-{day}T10:00:00Z,contact.answered,phone,{served},issue {n},"
        touchpoints += f'{chance.randrange(600)},"{agent(n)}",contact {n}\n'
        ratings += f'r:{n},user:{n},2025-03-{day}T11:00:00Z,contact {n},{served},"{agent(n)}",csat,{score(n)},1,5\n'
    touchpoints += "z:1,user:0,2025-04-30T00:00:00Z,page.viewed,web,Shop,,,,\n"
    folder.mkdir(parents=True)
    (folder / "touchpoints.csv").write_text(touchpoints, encoding="utf-8")
    (folder / "ratings.csv").write_text(ratings, encoding="utf-8")
    return folder
