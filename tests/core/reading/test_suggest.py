"""The first map for an unknown file: it parses, reads that file without a bad row, and finds what is plain to see."""

import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collage import reading
from collage.errors import MapError, SourceError, UsageError
from collage.store import Engine
from tests.core.reading.through import NOW

BEGIN = datetime(2024, 5, 27, 9, 30, tzinfo=UTC)
NOTES = ["fine", 'said "no"; twice', "Größe, Maß", "line\nbreak", "?"]
CALLS: list[dict[str, Any]] = [
    {
        "Call ID": f"C{n:05}",
        "Customer": f"{n % 40:04}" if n % 7 else "",
        "Date": BEGIN + timedelta(hours=7 * n),
        "Outcome": ["Agent", "Hang up", "Übergabe"][n % 3],
        "Team": ["North", "South"][n % 2],
        "Wait": n * 1.5,
        "Remark": NOTES[n % 5],
    }
    for n in range(120)
]


def delimited(mark: str, encoding: str, form: str) -> bytes:
    def cell(value: Any) -> str:
        text = value.strftime(form) if isinstance(value, datetime) else str(value)
        return '"' + text.replace('"', '""') + '"' if any(m in text for m in (mark, '"', "\n")) else text

    lines = [mark.join(CALLS[0]), *(mark.join(map(cell, row.values())) for row in CALLS)]
    return ("\r\n".join(lines) + "\r\n").encode(encoding)


def nested() -> bytes:
    told = [{"call": {"id": row["Call ID"], "at": row["Date"].isoformat()}, **row, "Date": None} for row in CALLS]
    return "\n".join(json.dumps({k: v for k, v in row.items() if v is not None}) for row in told).encode()


def parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(CALLS), buffer)
    return buffer.getvalue()


def log() -> bytes:
    events = "".join(
        f'<event><string key="concept:name" value="{row["Outcome"]}"/>'
        f'<string key="customer" value="{row["Customer"]}"/>'
        f'<date key="time:timestamp" value="{row["Date"].isoformat()}"/></event>'
        for row in CALLS
    )
    return f'<log><trace><string key="concept:name" value="Case 1"/>{events}</trace></log>'.encode()


FILES: dict[str, Callable[[], bytes]] = {
    "comma.csv": lambda: delimited(",", "utf-8", "%Y-%m-%d %H:%M:%S"),
    "semicolon.csv": lambda: delimited(";", "utf-8", "%d.%m.%Y %H:%M"),
    "tab.tsv": lambda: delimited("\t", "utf-8", "%m/%d/%Y %I:%M %p"),
    "windows.csv": lambda: delimited(";", "cp1252", "%d-%b-%Y %H:%M:%S"),
    "bar.txt.gz": lambda: gzip.compress(delimited("|", "utf-8", "%Y/%m/%d %H:%M")),
    "nested.jsonl": nested,
    "same.parquet": parquet,
    "log.xes": log,
    "2 odd names!.xes.gz": lambda: gzip.compress(log()),
}


@pytest.mark.parametrize("name", FILES)
def test_the_suggested_map_parses_and_reads_its_own_file_without_a_bad_row(
    engine: Engine, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    file.write_bytes(FILES[name]())
    map_ = reading.parse_map(reading.suggest([file]), file="map.toml")
    found = reading.read(engine.backend, [file], map_, now=NOW, max_bad=0)
    assert (found.files[name].rows, found.files[name].used) == (len(CALLS), len(CALLS))
    rows = found.tables["touchpoints"].order_by("occurred_at").to_pyarrow().to_pylist()
    assert [row["occurred_at"] for row in rows] == [row["Date"] for row in CALLS]
    known = {row["identifier"] for row in rows if row["identifier"].startswith("user:")}
    assert known == {f"user:{row['Customer']}" for row in CALLS if row["Customer"]}
    assert len({row["kind"] for row in rows}) == 3
    if not name.endswith(("xes", "xes.gz")):
        assert [row["department"] for row in rows] == [row["Team"] for row in CALLS]
        assert [row["wait_s"] for row in rows] == [row["Wait"] for row in CALLS]
        assert rows[2]["text"] == "Größe, Maß"
        assert rows[4]["text"] is None


def test_a_suggestion_marks_its_guesses_and_shows_what_it_did_not_use(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("id,when,colour,{odd}\n1,2024-01-01,red,x\n2,2024-01-02,blue,y\n")
    text = reading.suggest([file])
    assert text.startswith("# A first map for x.csv, guessed from its first 2 rows.")
    assert 'touchpoint_id = "{id}"  # ?' in text
    assert 'identifier = "anon:{_file}.{_row|08}"  # ? no column looks like a customer' in text
    assert 'occurred_at = "{when}"  # ?' in text
    assert "#   {colour}  red" in text


def test_a_row_without_a_kind_and_a_name_with_odd_characters_do_no_harm(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text('id,"state""\\",at\n1,New,2024-01-01\n2,,2024-01-02\n3,a\x7f"\\,2024-01-03\n', encoding="utf-8")
    map_ = reading.parse_map(reading.suggest([file]), file="map.toml")
    found = reading.read(engine.backend, [file], map_, now=NOW, max_bad=0)
    rows = found.tables["touchpoints"].order_by("touchpoint_id").to_pyarrow().to_pylist()
    assert [row["kind"] for row in rows] == ["state.new", "other", "state.a"]


@pytest.mark.parametrize("times", ["2024-05-01,soon", "", "x"])
def test_where_no_column_looks_like_a_time_the_map_is_refused_until_one_is_named(
    engine: Engine, tmp_path: Path, times: str
) -> None:
    file = tmp_path / "x.csv"
    file.write_text("\n".join(["a,b", *(f"{n},{at}" for n, at in enumerate(times.split(",")))]))
    map_ = reading.parse_map(reading.suggest([file]), file="map.toml")
    with pytest.raises(MapError, match="find the column 'the column with the time'"):
        reading.read(engine.backend, [file], map_, now=NOW, max_bad=0)


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("x.csv", b"", "an empty file"),
        ("x.csv", b"a,b\n", "not a single row in it"),
        ("x.jsonl", b"nothing\n", "not a single row in it"),
        ("x.parquet", b"PAR1", "Parquet"),
        ("x.xes", b"<log></log>", "not a single row in it"),
        ("x.doc", b"abc", "an ending that says nothing of the format"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(tmp_path: Path, name: str, content: bytes, found: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=f"(?s){name}.*{found}"):
        reading.suggest([tmp_path / name])
    with pytest.raises(UsageError, match="name a file, not a folder"):
        reading.suggest([tmp_path])
