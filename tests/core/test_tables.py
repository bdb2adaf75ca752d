"""The contracts: every way to break every column, made from the contracts themselves; and texts as values."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import ibis
import pyarrow as pa
import pytest

from collage import tables
from collage.store import Engine, connect
from collage.tables import CONTRACTS, Column, Contract, contract_hash, faults, from_text, json_object

AT = datetime(2024, 5, 1, 10, tzinfo=UTC)
# One sound text and some broken ones for every pattern that a contract has.
PATTERNS: dict[str, tuple[str, list[str]]] = {
    "source:id": ("desk:1", ["desk1", ":1", "desk:"]),
    "namespace:value": (
        "user:1",
        ["user", "user:", ":1", "User:1", "user: 1", "user:1 ", "1user:1", " user:1", "user:\n"],
    ),
    "lower-case words": ("contact.answered", ["Contact.answered", "contact.", ".answered", "a b", "a..b", "", "ä"]),
    "an ISO 4217 code": ("EUR", ["eur", "EURO", "€", "EU", " EUR"]),
}


def of_pattern(column: Column) -> tuple[str, list[str]]:
    return next(both for words, both in PATTERNS.items() if column.expected.startswith(words))


def sound(column: Column) -> Any:
    """Return a value which the column may hold."""
    if column.pattern is not None:
        return of_pattern(column)[0]
    if column.values:
        return column.values[0]
    if column.json:
        return {"object": ' {"a": [1]}', "array": '[{"a": null}]'}[column.json]
    kinds: dict[str, Any] = {"string": " any text ", "timestamp": AT, "double": 1.0, "int64": 7, "bool": False}
    return kinds[column.type]


def broken(column: Column) -> Iterator[tuple[Any, str]]:
    """Yield values which the column may not hold, each with the reason to be given."""
    if column.required:
        yield None, "is null but must be known"
    if column.type == "string":
        yield "a\0b", "holds a NUL character"
    if column.type == "timestamp":
        reason = "is not a time between the years 1900 and 2200"
        yield datetime(1899, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), reason
        yield datetime(2200, 1, 1, tzinfo=UTC), reason
    if column.type == "double":
        yield from ((float(word), "is not a finite number") for word in ("nan", "inf", "-inf"))
    if column.pattern is not None:
        yield from ((text, f"is not {column.expected}") for text in of_pattern(column)[1])
    if column.values:
        yield from ((text, f"is none of {', '.join(column.values)}") for text in (column.values[0].upper(), ""))
    if column.json:
        wrong = {"object": "[]", "array": "{}"}[column.json]
        yield from ((text, f"is not {column.expected}") for text in (wrong, "{", "", "7", "x"))
    if column.low is not None:
        yield column.low - 0.001, f"is below {column.low:g}"
    if column.high is not None:
        yield column.high + 0.001, f"is above {column.high:g}"


def edges(column: Column) -> Iterator[Any]:
    """Yield values which the column may just hold."""
    if not column.required:
        yield None
    if column.type == "timestamp":
        yield from (datetime(1900, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
    yield from column.values
    yield from (edge for edge in (column.low, column.high) if edge is not None)
    if column.type == "double" and column.low is None:
        yield -1.0


# What two columns say together must be sound too.
TOGETHER: dict[str, dict[str, Any]] = {
    "claims": {"other": "user:2"},
    "ratings": {"score": 3.0, "scale_low": 1.0, "scale_high": 5.0},
    "promises": {"due_at": AT + timedelta(1), "settled_at": AT + timedelta(1)},
}
APART: dict[str, set[str]] = {
    "touchpoints": {"currency"},
    "ratings": {"score", "scale_low", "scale_high"},
    "promises": {"made_at", "due_at", "settled_at"},
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    opened = connect()
    yield opened
    opened.close()


def first_faults(engine: Engine, contract: Contract, rows: list[dict[str, Any]]) -> list[tuple[str, str, Any] | None]:
    """Return column, reason and found text of the first fault of each row."""
    types = contract.schema().to_pyarrow()
    table = ibis.memtable(
        pa.Table.from_pylist([{**row, "_n": n} for n, row in enumerate(rows)], types.append(pa.field("_n", pa.int64())))
    )
    known = faults(table, contract)
    asked = table.select(
        "_n", **{f"w{i}": f.when for i, f in enumerate(known)}, **{f"f{i}": f.found for i, f in enumerate(known)}
    )
    found = engine.backend.to_pyarrow(asked.order_by("_n")).to_pylist()
    first = [next((i for i in range(len(known)) if row[f"w{i}"]), None) for row in found]
    assert {row[f"w{i}"] for row in found for i in range(len(known))} <= {True, False}
    return [
        None if i is None else (known[i].column, known[i].reason, row[f"f{i}"])
        for row, i in zip(found, first, strict=True)
    ]


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_way_to_break_every_column_is_found_and_told_and_no_other(engine: Engine, name: str) -> None:
    contract = CONTRACTS[name]
    good = {**{column.name: sound(column) for column in contract.columns}, **TOGETHER.get(name, {})}
    bad = [(column, value, reason) for column in contract.columns for value, reason in broken(column)]
    just = [(c, v) for c in contract.columns if c.name not in APART.get(name, set()) for v in edges(c)]
    rows = [good, *({**good, column.name: value} for column, value, _ in bad)]
    rows += [{**good, column.name: value} for column, value in just]
    found = first_faults(engine, contract, rows)
    assert found[0] is None
    told = [fault[:2] if fault else None for fault in found[1 : len(bad) + 1]]
    assert told == [(column.name, reason) for column, _, reason in bad]
    assert [(c.name, v, fault) for (c, v), fault in zip(just, found[len(bad) + 1 :], strict=True) if fault] == []


PAIRS: list[tuple[str, dict[str, Any], tuple[str, str, Any]]] = [
    ("ratings", {"score": 0.9}, ("score", "is below scale_low", "0.9")),
    ("ratings", {"score": 5.1}, ("score", "is above scale_high", "5.1")),
    ("ratings", {"scale_high": 0.5}, ("scale_high", "is below scale_low", "0.5")),
    ("promises", {"due_at": AT - timedelta(1)}, ("due_at", "is before made_at", "2024-04-30 10:00:00+00")),
    ("promises", {"settled_at": AT - timedelta(1)}, ("settled_at", "is before made_at", "2024-04-30 10:00:00+00")),
    ("promises", {"settled_at": None}, ("settled_at", "is null beside an outcome", "kept")),
    ("touchpoints", {"currency": None}, ("currency", "is null beside an amount", "7")),
    ("claims", {"other": "user:1"}, ("other", "is the same identifier as one", "user:1")),
]


@pytest.mark.parametrize(("name", "changed", "expected"), PAIRS, ids=lambda one: str(one)[:60])
def test_what_two_columns_say_together_is_asked_too(
    engine: Engine, name: str, changed: dict[str, Any], expected: tuple[str, str, Any]
) -> None:
    good = {**{column.name: sound(column) for column in CONTRACTS[name].columns}, **TOGETHER.get(name, {})}
    assert first_faults(engine, CONTRACTS[name], [{**good, **changed}, good]) == [expected, None]


def test_a_required_column_that_is_not_there_is_a_fault_of_every_row() -> None:
    table = ibis.memtable({"touchpoint_id": ["a:1"], "kind": ["a"]})
    missing = [fault.column for fault in faults(table, CONTRACTS["touchpoints"]) if fault.reason == "is missing"]
    assert missing == ["identifier", "occurred_at"]


# ---- texts as values

TIMES: dict[str, datetime | None] = {
    "2024-05-01": datetime(2024, 5, 1, tzinfo=UTC),
    "2024-5-1 9:07": datetime(2024, 5, 1, 9, 7, tzinfo=UTC),
    "2024-05-01T10:00:00": AT,
    "2024-05-01 10:00:00.25": AT + timedelta(milliseconds=250),
    "2024-05-01 10:00:00,25": AT + timedelta(milliseconds=250),
    "2024-05-01T10:00:00.1234567": AT + timedelta(microseconds=123_456),
    "2024-05-01T10:00:00Z": AT,
    "2024-05-01 10:00:00 Z": AT,
    "2024-05-01T10:00:00+02:00": datetime(2024, 5, 1, 10, tzinfo=timezone(timedelta(hours=2))),
    "2024-05-01T10:00:00 +0530": datetime(2024, 5, 1, 10, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    "2024-05-01T10:00-03": datetime(2024, 5, 1, 10, tzinfo=timezone(timedelta(hours=-3))),
    "2024-02-29": datetime(2024, 2, 29, tzinfo=UTC),
    **dict.fromkeys(
        ["2023-02-29", "2024-13-01", "2024-05-01T25:00", "2024-05-01T10:60", "01.05.2024", "now", "infinity", "epoch"]
    ),
    **dict.fromkeys(["2024-05", "2024", "20240501", "2024-05-01T10", "10:00", "2024-05-01T10:00:00+2", "", "24-05-01"]),
}
NUMBERS: dict[str, float | None] = {
    "7": 7.0,
    "-0.5": -0.5,
    "+1.": 1.0,
    ".5": 0.5,
    "1e3": 1000.0,
    "0.1": 0.1,
    "1E-2": 0.01,
    **dict.fromkeys(
        ["", "nan", "inf", "-Infinity", "1_000", "1,5", "1 000", "0x10", "1e999", "e5", ".", "--1", "1.2.3", "½"]
    ),
}
WHOLE: dict[str, int | None] = {
    "7": 7,
    "-7.0": -7,
    "1e3": 1000,
    "9007199254740991": 2**53 - 1,
    **dict.fromkeys(["7.5", "1e300", "-1e300", "9007199254740993", "x", ""]),
}
TRUTHS: dict[str, bool | None] = {
    **dict.fromkeys(["true", "True", "T", "yes", "1"], True),
    **dict.fromkeys(["false", "FALSE", "f", "No", "0"], False),
    **dict.fromkeys(["", "ja", "2", "tru"]),
}


@pytest.mark.parametrize(
    ("type_", "values"), [("timestamp", TIMES), ("double", NUMBERS), ("int64", WHOLE), ("bool", TRUTHS)]
)
def test_a_text_is_turned_into_a_type_or_null(engine: Engine, type_: str, values: dict[str, Any]) -> None:
    table = ibis.memtable({"text": [*values, None]}, schema={"text": "string"})
    asked = table.select("text", value=from_text(table.text, type_))
    found = {row["text"]: row["value"] for row in engine.backend.to_pyarrow(asked).to_pylist()}
    assert found.pop(None) is None
    assert found == values


def test_values_become_a_json_object_without_nulls_put_over_another(engine: Engine) -> None:
    rows = [
        {"n": 0, "a": "x", "b": None, "old": None},
        {"n": 1, "a": None, "b": 2.5, "old": '{"a": "old", "c": [1, null]}'},
        {"n": 2, "a": 'quo"te\n', "b": None, "old": '{"a": "old"}'},
        {"n": 3, "a": None, "b": None, "old": None},
    ]
    table = ibis.memtable(rows, schema={"n": "int64", "a": "string", "b": "float64", "old": "string"})
    values = {"a": table.a, "b": table.b}
    asked = table.select("n", new=json_object(values), over=json_object(values, over=table.old)).order_by("n")
    assert [(row["new"], row["over"]) for row in engine.backend.to_pyarrow(asked).to_pylist()] == [
        ('{"a":"x"}', '{"a":"x"}'),
        ('{"b":2.5}', '{"a":"old","c":[1,null],"b":2.5}'),
        ('{"a":"quo\\"te\\n"}', '{"a":"quo\\"te\\n"}'),
        (None, None),
    ]


# ---- the contracts themselves


def test_the_contracts_name_each_column_once_and_say_what_it_means() -> None:
    for contract in CONTRACTS.values():
        assert len(set(contract.names)) == len(contract.names)
        assert not contract.key or contract[contract.key].required
        assert [column.name for column in contract.columns if len(column.means) < 3] == []
    with pytest.raises(KeyError):
        CONTRACTS["touchpoints"]["wait"]


def test_the_hash_of_the_contracts_changes_with_any_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    before = contract_hash()
    assert before == contract_hash()
    first = CONTRACTS["scores"].columns[0]
    changed = replace(CONTRACTS["scores"], columns=(replace(first, high=1), *CONTRACTS["scores"].columns[1:]))
    monkeypatch.setitem(tables.CONTRACTS, "scores", changed)
    assert contract_hash() != before
