"""Every row is accounted for: generated exports against a count in plain Python."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collage import reading, store
from collage.errors import TooManyBadRows
from collage.store import Engine
from tests.core.reading.through import NOW, Read, read

MAP = """
name = "x"
[[rows]]
drop = { kind = "drop" }
[rows.common]
identifier = "user:{who}"
[[rows.emit]]
into = "touchpoints"
when = { kind = "!= rating" }
touchpoint_id = "{id}"
occurred_at = "{at}"
kind = "{kind}"
wait_s = "{wait}"
[[rows.emit]]
into = "touchpoints"
when = { wait = "is not null", kind = "twice" }
touchpoint_id = "{id}"
occurred_at = "{at}"
kind = "{kind}"
wait_s = "{wait}"
[[rows.emit]]
into = "ratings"
when = { kind = ["rating", "both"] }
rating_id = "{id}"
rated_at = "{at}"
score = "{wait}"
scale_low = 0
scale_high = 10
"""
HEADER = "id,who,at,kind,wait"
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
Line = tuple[str, str, str, str, str]


def some_lines(dice: Random, n: int) -> list[Line]:
    """Return lines of an export: few ids, so that they clash; few contents, so that some are the same."""
    lines = []
    for _ in range(n):
        at = (BEGIN + timedelta(hours=dice.randint(0, 2))).isoformat()
        bad = dice.random()
        lines.append(
            (
                str(dice.randint(1, n)),
                "" if bad < 0.05 else str(dice.randint(1, 2)),
                "soon" if 0.05 < bad < 0.1 else "2099-01-01" if 0.1 < bad < 0.12 else at,
                dice.choice(["a", "a", "drop", "rating", "both", "twice", "Bad Kind" if bad > 0.95 else "a"]),
                dice.choice(["", "1", "-1" if dice.random() < 0.2 else "2", "x" if dice.random() < 0.1 else "3"]),
            )
        )
    return lines


@dataclass
class Count:
    """What plain Python makes of the lines of some files."""

    files: dict[str, list[int]] = field(default_factory=dict)
    tables: dict[str, list[int]] = field(default_factory=dict)
    rows: dict[str, set[tuple[Any, ...]]] = field(default_factory=dict)


def number(text: str) -> float | None:
    return float(text) if text not in {"", "x"} else None


def fault(line: Line) -> bool:
    """Return whether a line that is not dropped breaks a contract."""
    _, who, at, kind, wait = line
    if who == "" or at in {"soon", "2099-01-01"} or kind == "Bad Kind" or wait == "x":
        return True
    score_missing = kind in {"rating", "both"} and wait == ""
    return score_missing or (wait == "-1")


def emits(line: Line) -> list[tuple[str, tuple[Any, ...]]]:
    identity, who, at, kind, wait = line
    row = (f"x:{identity}", f"user:{who}", at, kind, number(wait))
    rating = (f"x:{identity}", f"user:{who}", at, number(wait))
    made: list[tuple[str, tuple[Any, ...]]] = [("touchpoints", row)] if kind != "rating" else []
    made += [("touchpoints", row)] if kind == "twice" and wait else []
    return made + ([("ratings", rating)] if kind in {"rating", "both"} else [])


def settled(placed: list[tuple[str, int, Line]]) -> list[tuple[str, int, Line]]:
    """Return the lines that stay: each id is the earliest line's, and no line goes for one that goes itself."""
    while True:
        first: dict[tuple[str, str], tuple[tuple[Any, ...], tuple[str, int]]] = {}
        clashes: list[tuple[tuple[str, int], tuple[str, int]]] = []
        for name, n, line in sorted(placed, key=lambda place: (place[2][2], place[0], place[1])):
            for table, row in emits(line):
                content, place = first.setdefault((table, row[0]), (row, (name, n)))
                clashes += [((name, n), place)] if content != row else []
        clashing = {here for here, _ in clashes}
        surely = {here for here, there in clashes if there not in clashing}
        if not clashes:
            return placed
        placed = [(name, n, line) for name, n, line in placed if (name, n) not in (surely or clashing)]


def counted(files: dict[str, list[Line]]) -> Count:
    """Count in plain Python what reading must say."""
    count = Count()
    placed = [(name, n, line) for name in sorted(files) for n, line in enumerate(files[name], 1)]
    sound = [(name, n, line) for name, n, line in placed if line[3] != "drop" and not fault(line)]
    good = settled(sound)
    for name, lines in files.items():
        used = sum(1 for file, *_ in good if file == name)
        dropped = sum(1 for line in lines if line[3] == "drop")
        count.files[name] = [len(lines), used, dropped, len(lines) - used - dropped]
    made = [emit for *_, line in good for emit in emits(line)]
    for table in ("touchpoints", "ratings"):
        count.rows[table] = {row for into, row in made if into == table}
        n = sum(1 for into, _ in made if into == table)
        count.tables[table] = [n, len(count.rows[table]), n - len(count.rows[table])]
    return count


def as_files(files: dict[str, list[Line]]) -> dict[str, str]:
    return {name: "\n".join([HEADER, *(",".join(line) for line in lines)]) for name, lines in files.items()}


def kept(found: Read, table: str) -> set[tuple[Any, ...]]:
    columns = {
        "touchpoints": ("touchpoint_id", "identifier", "occurred_at", "kind", "wait_s"),
        "ratings": ("rating_id", "identifier", "rated_at", "score"),
    }[table]
    rows = [tuple(row.get(name) for name in columns) for row in found.rows(table)]
    assert len(set(rows)) == len(rows)
    return {tuple(v.isoformat() if isinstance(v, datetime) else v for v in row) for row in rows}


@given(seed=st.integers(0, 2**32))
@settings(max_examples=settings().max_examples // 6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_are_used_filtered_or_quarantined_and_what_is_emitted_is_written_or_a_duplicate(
    engine: Engine, tmp_path: Path, seed: int
) -> None:
    dice = Random(seed)
    lines = some_lines(dice, 1000)
    files = {"one.csv": lines[:600], "two.csv": lines[600:]}
    found = read(engine, tmp_path / f"{seed}", MAP, as_files(files))
    note, expected = found.reading.note(), counted(files)
    assert {name: list(count.values()) for name, count in note["files"].items()} == expected.files
    assert {name: list(count.values()) for name, count in note["tables"].items()} == expected.tables
    assert {name: kept(found, name) for name in expected.rows} == expected.rows
    aside = Counter((row, column) for row, column, *_ in found.faults())
    assert sum(aside.values()) == sum(quarantined for *_, quarantined in expected.files.values())
    assert sum(reason["rows"] for reason in note["quarantine"]) == sum(aside.values())


@given(seed=st.integers(0, 2**32))
@settings(max_examples=settings().max_examples // 20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_rows_changes_nothing_where_ids_and_times_decide(
    engine: Engine, tmp_path: Path, seed: int
) -> None:
    dice = Random(seed)
    unlike = {(line[0], line[2]): line for line in some_lines(dice, 1000)}
    lines = [*unlike.values(), *dice.sample(list(unlike.values()), 100)]
    mixed = dice.sample(lines, len(lines))
    one = read(engine, tmp_path / f"{seed}a", MAP, as_files({"one.csv": lines}))
    other = read(engine, tmp_path / f"{seed}b", MAP, as_files({"one.csv": mixed}))
    assert [kept(one, name) for name in ("touchpoints", "ratings")] == [
        kept(other, name) for name in ("touchpoints", "ratings")
    ]
    assert [one.reading.note()[key] for key in ("files", "tables")] == [
        other.reading.note()[key] for key in ("files", "tables")
    ]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    files = as_files({"one.csv": some_lines(Random(3), 3000), "two.csv": some_lines(Random(4), 3000)})
    written: list[dict[str, bytes]] = []
    for name in ("first", "second"):
        engine = store.connect()
        found = read(engine, tmp_path / name, MAP, files).reading
        tables = {**found.tables, "quarantine": found.quarantine}
        store.write_dataset(tmp_path / f"{name}.out", tables, engine, notes={"read.json": found.note()})
        engine.close()
        written.append({file.name: file.read_bytes() for file in (tmp_path / f"{name}.out").iterdir()})
    assert written[0].keys() == {
        "touchpoints.parquet",
        "ratings.parquet",
        "quarantine.parquet",
        "read.json",
        "dataset.json",
    }
    assert [name for name in written[0] if written[0][name] != written[1][name]] == []


def test_more_bad_rows_than_allowed_refuse_everything_with_the_worst_of_them(engine: Engine, tmp_path: Path) -> None:
    lines = [HEADER, *(f"{n},1,2024-01-01,a,1" for n in range(19)), "20,1,soon,a,1"]
    map_ = reading.parse_map(MAP, file="map.toml")
    (tmp_path / "a.csv").write_text("\n".join(lines))
    assert reading.read(engine.backend, [tmp_path], map_, now=NOW, max_bad=0.05).files["a.csv"].quarantined == 1
    with pytest.raises(TooManyBadRows) as refused:
        reading.read(engine.backend, [tmp_path], map_, now=NOW, max_bad=0.049)
    assert refused.value.found == "1 of 20 (5.0%): a.csv row 20: occurred_at 'soon' is not a time (ISO 8601)"


CHAIN = """
name = "x"
[[rows]]
[rows.common]
identifier = "user:1"
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{touchpoint}"
occurred_at = "2024-01-01"
kind = "a"
text = "{n}"
[[rows.emit]]
into = "ratings"
rating_id = "{rating}"
rated_at = "2024-01-01"
score = "{n}"
scale_low = 0
scale_high = 100
"""


def test_a_row_that_goes_takes_no_other_with_it_and_chains_of_clashes_end(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collage.reading.settling._TURNS", 2)
    lines = ["n,touchpoint,rating", *(f"{n},{(n + 1) // 2},{n // 2}" for n in range(1, 11))]
    found = read(engine, tmp_path, CHAIN, {"a.csv": "\n".join(lines)})
    # 2 goes for 1 and 4 for 3 in two turns; by then 6 clashes with 5, 7 with 6 …, and nobody waits for them
    assert found.column("text") == ["1", "3", "5"]
    assert [row for row, *_ in found.faults()] == [2, 4, 6, 7, 8, 9, 10]
