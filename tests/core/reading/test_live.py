"""Records that arrive live: the same map gives the same rows and faults as a file; what cannot be had is said."""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collage import reading
from collage.errors import MapError
from collage.reading import Live, Map, live, parse_map, ready
from collage.store import Engine, Prepared, prepare
from collage.tables import CONTRACTS
from tests.core.reading.through import EMIT, NOW, TOP, Row

Record = Mapping[str, Any]


class Running:
    """A map's queries, prepared as whoever serves records does it."""

    def __init__(self, map_: Map) -> None:
        self.map = map_
        self.queries: Live = live(map_)
        self.prepared: Prepared = prepare(self.queries)

    def tables(self, records: Sequence[Record], *, now: datetime = NOW) -> dict[str, pa.Table]:
        """Return what each query gives."""
        self.prepared.fill("rows", self.queries.rows(records))
        self.prepared.fill("asked", pa.table({"at": [now]}, schema=self.queries.inputs["asked"]))
        return {name: self.prepared.run(name) for name in self.queries.statements}

    def rows(self, records: Sequence[Record], table: str = "touchpoints") -> list[Row]:
        """Return the rows of a table by record, without what is null."""
        found = sorted(self.tables(records)[table].to_pylist(), key=lambda row: (row["_row"], row["_emit"]))
        return [{name: value for name, value in row.items() if value is not None} for row in found]


# ---- the same as a file

# forms that the ready maps have no use for, local times, and every table
MADE = """
name = "made"
zone = "Europe/Berlin"
times = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S%z"]
nulls = ["", "?"]
[[rows]]
keep = { keep = "!= no" }
[rows.derive.clock]
time = "{at}"
formats = ["%H:%M %d.%m.%Y", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S%z"]
zone = "America/New_York"
plus_s = "{plus}"
[rows.common]
identifier = "user:{who}"
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{id|04}"
occurred_at = "{at}"
received_at = "{clock}"
kind = { kind_of = "{kind}" }
late_s = { seconds_from = "{at}", to = "{clock}" }
severity = { number = "{plus}", decimal = ",", times = 0.001 }
text = { mean_of = "{list.of}" }
properties = { id = "{id}", "on" = true, word = { value = "{kind}", map = { a = "b" }, other = "keep" }, it = "{list}" }
[[rows.emit]]
into = "ratings"
when = [{ plus = "> 0", kind = "contains A" }, { "list.of" = "is null" }]
rating_id = "{id}"
rated_at = "{at}"
score = "{plus}"
scale_low = 1
scale_high = 5
weight = 2.5
[[rows]]
[[rows.emit]]
into = "promises"
when = { id = "is not null" }
promise_id = "{id}"
identifier = { first = ["user:{who}", "anon:{id}"] }
kind = "callback"
made_at = "{at}"
due_at = { time = "{at}", plus_s = 60 }
[[rows.emit]]
into = "invitations"
when = { who = "is not null" }
invitation_id = "{id}"
identifier = "user:{who}"
invited_at = "{at}"
suppressed = { value = "{kind}", map = { a = "cap", b = "quiet" }, other = "null" }
"""
MAPS = {"made": MADE, "segment": ready("segment"), "native": ready("native")}
GOOD: dict[str, list[Any]] = {
    "at": ["2024-10-27 02:30", "2024-03-31 02:30", "2024-05-01 10:00", "2024-05-01T10:00:00+0200", "2030-01-01 00:00"],
    "plus": [3, 4, 2, 1, "1,5", -60, 4.5, "1e3"],
    "kind": ["a", "b", "a", "contact.answered", "Signed Up"],
    "list": [{"of": "1,2"}, {"of": 7}, None],
    "who": ["ann", 4711, None],
    "type": ["track", "track", "page", "screen", "identify", "alias", "group"],
    "event": ["Order Completed", "Signed Up", "Products Searched", "message.received", "登録"],
    "timestamp": ["2024-05-01T10:00:00.123Z", "2024-05-01T10:00:00.123456+02:00", "2026-01-01T00:05:01Z"],
    "receivedAt": ["2024-05-01T10:00:00Z"],
    "occurred_at": ["2024-05-01T10:00:00Z", "2024-05-01"],
    "received_at": ["2024-05-01T10:00:00Z", None],
    "identifier": ["user:4711", "email:ann@example.org"],
    "properties.currency": ["EUR", "jpy", "KWD", "XXX", None],
    "properties.revenue": [12, 0.005, "3.50", None],
    "properties.results": [0, [], 3],
    "traits.email": ["Ann@Example.org", "nobody"],
    "traits.email_verified": [True, False, "true"],
    "context.userAgent": ["Mozilla/5.0 (Linux; CUBOT X19) Chrome/1", "Googlebot/2.1", None],
    "context.library.name": ["analytics.js", "analytics-ios", "analytics-python"],
    "amount": [100, None],
    "currency": ["EUR"],
    "severity": [0, 1.5, "3", None],
    "wait_s": [0, 90.5, "1e2"],
    "duration_s": [60],
    "late_s": [-60, 0.25],
    "properties": [{}, {"a": 1}, None],
}
NUMBERS: list[Any] = [0, -0.0, 1.5, 1e22, 1e300, float("nan"), float("inf"), 2**53, -(10**30)]
NESTED: list[Any] = [[], {}, [1, {"a": float("nan"), "ü": None}], {"a": {"b": [-float("inf")]}}, ["NaN", 1e-7, True]]
TEXTS: list[Any] = [
    "",
    "  x ",
    " ",
    "?",
    "ü€😀",
    "2024-02-30",
    "a\0b",
    "> 5",
    "'; --",
    "\u00a0",
    '{"a": 1}',
    "{}",
    "no",
]
ODD: list[Any] = [None, True, False, *NUMBERS, *NESTED, *TEXTS]
IDS = ("id", "messageId", "touchpoint_id")


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, Running]]:
    found = {name: Running(parse_map(text, file=name)) for name, text in MAPS.items()}
    yield found
    for each in found.values():
        each.prepared.close()


def record(dice: Random, columns: Sequence[str], number: int, odd: float) -> dict[str, Any]:
    """Return a record with most of the columns, some within one another and some of them odd."""
    made: dict[str, Any] = {}
    for column in sorted(columns):
        value = dice.choice(ODD) if dice.random() < odd else dice.choice(GOOD.get(column, ["x", 1, None]))
        value = number if column in IDS else deepcopy(value)
        if dice.random() < 0.2 and column not in IDS:
            continue
        here, keys = made, column.split(".")
        if dice.random() < 0.1:
            keys = [column]  # a key that holds dots
        for key in keys[:-1]:
            inside = here.setdefault(key, {})
            here = inside if isinstance(inside, dict) else here
        here[keys[-1]] = value
    return made


def of_file(engine: Engine, folder: Path, map_: Map, records: Sequence[Record]) -> reading.Reading:
    file = folder / "records.jsonl"
    file.write_text("\n".join(json.dumps(each) for each in records), encoding="utf-8")
    return reading.read(engine.backend, [file], map_, now=NOW, max_bad=1.0)


def settled(tables: Mapping[str, pa.Table]) -> tuple[dict[str, set[str]], dict[int, tuple[Any, ...]], set[int]]:
    """Return good rows by table, each once, the fault of each bad record, and the records that any emit took."""
    rows = [(name, row) for name, table in tables.items() for row in table.to_pylist()]
    faults: dict[int, tuple[Any, ...]] = {}
    for _, row in sorted(rows, key=lambda each: (each[1]["_row"], each[1]["_emit"])):
        if row["_fault"] is not None:
            found = row["_fault"]["found"]
            told = (row["_fault"]["column"], row["_fault"]["reason"], found and found.replace("\0", "␀"))
            faults.setdefault(row["_row"], told)
    good = {
        name: {_spelt(row, name) for at, row in rows if at == name and row["_row"] not in faults} for name in tables
    }
    return good, faults, {row["_row"] for _, row in rows}


def _spelt(row: Row, table: str) -> str:
    return repr(
        [str(value) if isinstance(value, datetime) else value for value in (row[n] for n in CONTRACTS[table].names)]
    )


@pytest.mark.parametrize("name", MAPS)
@given(seed=st.integers(0, 2**32))
@settings(  # a smaller seed is no simpler case, and each takes seconds
    max_examples=settings().max_examples // 10,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_map_gives_the_same_rows_and_faults_live_as_from_a_file(
    engine: Engine, running: dict[str, Running], tmp_path: Path, name: str, seed: int
) -> None:
    dice, one = Random(seed), running[name]
    records: list[Record] = [dict.fromkeys(one.queries.columns)]  # a file must know every column
    records += [record(dice, one.queries.columns, n, dice.choice([0, 0.03, 0.3])) for n in range(300)]
    whole = of_file(engine, tmp_path, one.map, records)
    good, faults, taken = settled(one.tables(records))
    expected = {
        table: {_spelt(row, table) for row in rows.to_pyarrow().to_pylist()} for table, rows in whole.tables.items()
    }
    assert good == expected
    aside = whole.quarantine.to_pyarrow().to_pylist()
    assert faults == {row["row"]: (row["column"], row["reason"], row["found"]) for row in aside}
    assert len(records) - len(taken) == whole.files["records.jsonl"].filtered
    assert len(faults) > 20
    assert all(good.values())


# ---- what a query gives


def test_a_query_gives_the_contracts_columns_and_types_then_the_record_the_emit_and_the_fault(
    running: dict[str, Running],
) -> None:
    for one in running.values():
        for name, table in one.tables([{}]).items():
            contract = CONTRACTS[name].schema().to_pyarrow()
            assert table.schema.names == [*contract.names, "_row", "_emit", "_fault"]
            for column in contract:
                assert table.schema.field(column.name).type == column.type


def test_the_moment_of_asking_is_asked_each_time(running: dict[str, Running]) -> None:
    one, at = running["native"], datetime(2024, 5, 1, tzinfo=UTC)
    mine = {"touchpoint_id": "1", "identifier": "user:1", "kind": "a", "occurred_at": "2024-05-01T00:05:00Z"}
    for now, reasons in ((at, [None]), (at - timedelta(microseconds=1), ["lies in the future"])):
        rows = one.tables([mine], now=now)["touchpoints"].to_pylist()
        assert [row["_fault"] and row["_fault"]["reason"] for row in rows] == reasons


def test_a_column_that_no_record_has_is_null_and_nothing_is_left_of_the_batch_before(
    running: dict[str, Running],
) -> None:
    one = running["native"]
    mine = {"touchpoint_id": 7, "identifier": "user:1", "kind": "a", "occurred_at": "2024-05-01"}
    row: Row = {"touchpoint_id": "native:7", "identifier": "user:1", "kind": "a", "source": "native"}
    row |= {"occurred_at": datetime(2024, 5, 1, tzinfo=UTC), "_row": 1, "_emit": 0}
    assert one.rows([mine]) == [row]
    assert one.rows([]) == []
    assert one.rows([mine]) == [row]


def test_a_map_under_another_name_is_the_map_of_another_source() -> None:
    one = Running(parse_map(ready("segment"), file="segment").named("shop-2"))
    mine = {"type": "page", "messageId": "m", "userId": "u", "anonymousId": "a", "timestamp": "2024-05-01"}
    tables = one.tables([mine])
    one.prepared.close()
    assert tables["touchpoints"].column("touchpoint_id").to_pylist() == ["shop-2:m"]
    assert tables["touchpoints"].column("source").to_pylist() == ["shop-2"]
    assert tables["claims"].column("claim_id").to_pylist() == ["shop-2:user:u=anon:a"]
    with pytest.raises(MapError, match="'Shop:2'\n  to do: name the source in lower-case letters"):
        one.map.named("Shop:2")


# ---- what cannot be had

JOINED = f"""
name = "x"
[tables.a]
files = "a*"
[tables.b]
files = "b*"
[[rows]]
of = "a"
join = [{{ table = "b", on = "id" }}]
{EMIT}"""
REFUSED = {
    "a join": (JOINED, "2 tables of files: a, b\n  to do: make a map of one table"),
    "a key": (f'{TOP}key = ["id"]\n{EMIT}', "rows 1: key and order, which put several records together"),
    "an order": (f'{TOP}order = ["id"]\n{EMIT}', "rows 1: key and order"),
    "the row before": (f'{TOP}key = ["id"]\nderive.p = {{ previous = "{{id}}" }}\n{EMIT}', "rows 1: key and order"),
    "a number of the row": (TOP + EMIT, "rows 1: {_row}, which begins anew with each batch\n  to do: make ids of what"),
    "the name of a file": (
        f'{TOP}drop = {{ _file = "a" }}\n{EMIT.replace("_row", "id")}',
        "rows 1: {_file}, which begins anew",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_map_that_needs_more_than_one_record_is_refused_for(what: str) -> None:
    text, said = REFUSED[what]
    with pytest.raises(MapError) as refused:
        live(parse_map(text, file="map.toml"))
    assert str(refused.value).startswith(f"use the map for records that arrive live\n  found: {said}")
