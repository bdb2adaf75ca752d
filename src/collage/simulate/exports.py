"""What the departments of a small company would export: two CSVs, a JSONL, and the map that reads all three.

The telephone department writes semicolons, day-first dates and clock times without a date, so that a call may
be answered past midnight; the parcel department writes one row a parcel; the shop writes nested JSON with
offsets and cents. Like real exports they hold rows that are wrong, rows that came twice and rows of tests.
What happened in the company, and why, stands in :mod:`collage.simulate.year`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from operator import itemgetter
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from collage.errors import UsageError
from collage.simulate.year import (
    DAY_S,
    DEPOTS,
    HOUR_S,
    LINES,
    NEVER,
    REFUSED,
    Calls,
    Flags,
    Orders,
    Parcels,
    Searches,
    Whole,
    Year,
    year,
)

__all__ = ["Export", "Exports", "write_exports"]

FEWEST: Final = 10
AGENTS: Final = (9, 3)  # on the day line and on the evening line
TOPICS: Final = ("returns", "invoices", "sizes", "delivery times", "vouchers")
UNKNOWN_CALLER_SHARE: Final = 0.04

BAD_SHARE: Final = 0.003
TEST_SHARE: Final = 0.003
REPEATED_SHARE: Final = 0.004

Row = dict[str, object]

CALL_FAULTS: Final[tuple[Row, ...]] = ({"date": "00.00.0000"}, {"queued": "24:71:05"}, {"on_hold_s": "-45"})
PARCEL_FAULTS: Final[tuple[Row, ...]] = (
    {"delivered": "0000-00-00 00:00"},
    {"shipped": "2025-13-01 15:20"},
    {"customer": "-"},
)
SHOP_FAULTS: Final[tuple[Row, ...]] = (
    {"at": None},
    {"event": "legacy_ping"},
    {"at": "1970-01-00T00:00:00+00:00"},
)


@dataclass(frozen=True)
class Export:
    """One file and what is in it.

    Of its ``rows``, ``bad`` cannot be read, ``tests`` are no customer's, and ``repeated`` are copies of
    the row before them.
    """

    path: Path
    rows: int
    bad: int
    tests: int
    repeated: int


@dataclass(frozen=True)
class Exports:
    """The three exports and the map that reads them."""

    care_calls: Export
    parcels: Export
    shop: Export
    map: Path


def write_exports(folder: Path, *, customers: int, seed: int, end: date) -> Exports:
    """Write the exports of one year.

    Parameters
    ----------
    folder
        Where ``care_calls.csv``, ``parcels.csv``, ``shop.jsonl`` and ``exports.toml`` go; made when missing.
    customers
        How many customers the company has, at least 10.
    seed
        The same seed gives the same bytes.
    end
        The first day after the year.

    Returns
    -------
    Exports
        Where the files are, and how many of their rows are bad, tests or repeated.

    Raises
    ------
    UsageError
        If there are fewer than 10 customers.
    """
    if customers < FEWEST:
        raise UsageError("exports of a company", f"{customers} customers", f"ask for at least {FEWEST}")
    rng = np.random.default_rng(seed)
    midnight = int(np.datetime64(end, "s").astype(np.int64))
    what = year(rng, customers=customers, end=midnight)
    folder.mkdir(parents=True, exist_ok=True)
    the_map = folder / "exports.toml"
    the_map.write_bytes(resources.files("collage.simulate").joinpath("exports.toml").read_bytes())
    return Exports(
        care_calls=_call_file(rng, folder / "care_calls.csv", what),
        parcels=_parcel_file(rng, folder / "parcels.csv", what),
        shop=_shop_file(rng, folder / "shop.jsonl", what),
        map=the_map,
    )


def _call_file(rng: np.random.Generator, path: Path, what: Year) -> Export:
    rows, counts = _soiled(
        rng,
        _call_rows(rng, what.calls),
        faults=CALL_FAULTS,
        test={"outcome": "test", "customer": "-", "order": "-"},
    )
    _write(path, [";".join(rows[0]), *(";".join(map(str, row.values())) for row in rows)])
    return Export(path, len(rows), *counts)


def _parcel_file(rng: np.random.Generator, path: Path, what: Year) -> Export:
    rows, counts = _soiled(
        rng, _parcel_rows(what.parcels, what.orders), faults=PARCEL_FAULTS, test={"customer": "INTERNAL"}
    )
    _write(path, [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)])
    return Export(path, len(rows), *counts)


def _shop_file(rng: np.random.Generator, path: Path, what: Year) -> Export:
    rows, counts = _soiled(rng, _shop_rows(what.orders, what.searches), faults=SHOP_FAULTS, test={"test": True})
    _write(path, (json.dumps(row) for row in rows))
    return Export(path, len(rows), *counts)


def _call_rows(rng: np.random.Generator, calls: Calls) -> list[Row]:
    n = calls.queued.size
    answered = calls.queued + calls.waited_s
    ended = answered + calls.talked_s + calls.held_s
    agent = rng.integers(0, np.take(AGENTS, calls.line)) + 10 * calls.line
    unknown = rng.random(n) < UNKNOWN_CALLER_SHARE
    columns = {
        "call": _numbered("C", 400_000 + np.arange(n)),
        "date": [f"{day[8:]}.{day[5:7]}.{day[:4]}" for day in _text(calls.queued, 10)],
        "queued": _text(calls.queued, 19, 11),
        "answered": _where(~calls.abandoned, _text(answered, 19, 11)),
        "ended": _text(ended, 19, 11),
        "line": [LINES[line] for line in calls.line],
        "agent": _where(~calls.abandoned, _numbered("agent-", 10 + agent)),
        "outcome": ["abandoned" if gone else "answered" for gone in calls.abandoned],
        "on_hold_s": _where(calls.held_s > 0, [str(held) for held in calls.held_s]),
        "transferred_to": _where(calls.transferred, ["back office"] * n),
        "solved": _where(~calls.abandoned, ["yes" if solved else "no" for solved in calls.solved]),
        "customer": _where(~unknown, _numbered("K", 10_000 + calls.customer)),
        "order": _where(~unknown & (calls.order != NEVER), _numbered("A", 200_000 + calls.order)),
        "score": _where(calls.score > 0, [str(score) for score in calls.score]),
    }
    return _rows(columns)


def _parcel_rows(parcels: Parcels, orders: Orders) -> list[Row]:
    columns = {
        "parcel": _numbered("P", 300_000 + np.arange(parcels.order.size)),
        "order": _numbered("A", 200_000 + parcels.order),
        "customer": _numbered("K", 10_000 + orders.customer[parcels.order]),
        "depot": [DEPOTS[depot] for depot in parcels.depot],
        "shipped": _minutes(parcels.shipped),
        "promised": _minutes(parcels.promised),
        "first_try_failed": _minutes(parcels.missed),
        "delivered": _minutes(parcels.delivered),
    }
    return _rows(columns)


def _shop_rows(orders: Orders, searches: Searches) -> list[Row]:
    """Bring what the shop saw around orders, and the searches on its help pages, into one order of time."""
    refused, taken = orders.coupon == REFUSED, orders.coupon == 1
    seen = [
        *_around_orders(orders, taken, -60, event="coupon_taken", coupon="HELLO"),
        *_around_orders(orders, refused, -60, event="coupon_refused", coupon="SPRING"),
        *_around_orders(orders, orders.declined, -20, event="card_declined", detail="refused by the bank"),
        *_around_orders(orders, orders.lost, 0, event="checkout_failed"),
        *_around_orders(orders, ~orders.lost, 0, event="checkout_done"),
        *_searches(searches),
    ]
    seen.sort(key=itemgetter(0))
    times = _with_offset(np.array([at for at, _ in seen], dtype=np.int64))
    return [
        {"id": f"E{500_000 + n}", "at": at, **row} for n, (at, (_, row)) in enumerate(zip(times, seen, strict=True))
    ]


def _around_orders(orders: Orders, among: Flags, after_s: int, **what: object) -> list[tuple[int, Row]]:
    which = np.flatnonzero(among)
    columns = (which, orders.at[which] + after_s, orders.customer[which], orders.cents[which])
    return [
        (
            at,
            _shop_row(customer, order={"no": f"A{200_000 + order}", "cents": cents, "currency": "EUR"}, **what),
        )
        for order, at, customer, cents in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _searches(searches: Searches) -> list[tuple[int, Row]]:
    columns = (searches.at, searches.customer, searches.topic, searches.found)
    return [
        (at, _shop_row(customer, event="help_search", topic=TOPICS[topic], found=found))
        for at, customer, topic, found in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _shop_row(customer: int, **what: object) -> Row:
    """Return a row with all keys of the shop's export, null where they do not apply."""
    row: Row = {"event": None, "customer": {"no": f"K{10_000 + customer}"}, "order": None, "coupon": None}
    return {**row, "detail": None, "topic": None, "found": None, "test": False, **what}


def _soiled(
    rng: np.random.Generator, rows: list[Row], *, faults: Sequence[Row], test: Row
) -> tuple[list[Row], tuple[int, int, int]]:
    """Spoil some rows, make tests of some others, and repeat some of the rest; how many of each."""
    shares = np.array([BAD_SHARE, TEST_SHARE, REPEATED_SHARE])
    bad, tests, repeated = np.maximum(1, np.rint(shares * len(rows))).astype(int).tolist()
    chosen = rng.permutation(len(rows))[: bad + tests + repeated].tolist()
    for n, at in enumerate(chosen[:bad]):
        rows[at] = {**rows[at], **faults[n % len(faults)]}
    for at in chosen[bad : bad + tests]:
        rows[at] = {**rows[at], **test}
    twice = set(chosen[bad + tests :])
    soiled = [row for at, row in enumerate(rows) for _ in range(1 + (at in twice))]
    return soiled, (bad, tests, repeated)


def _rows(columns: Mapping[str, Iterable[str]]) -> list[Row]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _numbered(prefix: str, numbers: Whole) -> list[str]:
    return [f"{prefix}{number}" for number in numbers.tolist()]


def _where(known: Flags, texts: Sequence[str]) -> list[str]:
    return [text if knows else "-" for knows, text in zip(known.tolist(), texts, strict=True)]


def _text(at: Whole, end: int, start: int = 0) -> list[str]:
    """ISO 8601 of seconds of the wall clock, cut to some of its 19 characters."""
    return [text[start:end] for text in np.datetime_as_string(at.astype("datetime64[s]")).tolist()]


def _minutes(at: Whole) -> list[str]:
    texts = [text.replace("T", " ") for text in _text(np.where(at == NEVER, 0, at), 16)]
    return _where(at != NEVER, texts)


def _with_offset(at: Whole) -> list[str]:
    """ISO 8601 with the offset of Central Europe: summer from the last Sunday of March to October's."""
    years = at.astype("datetime64[s]").astype("datetime64[Y]")
    begins = _last_sunday(years, 3) + 2 * HOUR_S
    ends = _last_sunday(years, 10) + 3 * HOUR_S
    summer = (at >= begins) & (at < ends)
    return [f"{text}+0{1 + warm}:00" for text, warm in zip(_text(at, 19), summer.tolist(), strict=True)]


def _last_sunday(years: npt.NDArray[np.datetime64], month: int) -> Whole:
    """Midnight of the last Sunday of a month of 31 days."""
    last = (years.astype("datetime64[M]") + (month - 1)).astype("datetime64[D]").astype(np.int64) + 30
    # Day 0 of the calendar was a Thursday, day 3 a Sunday.
    return (last - (last - 3) % 7) * DAY_S
