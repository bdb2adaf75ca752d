"""What a file is: its table, its format, its columns; the same content reads alike in every format."""

import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import quoteattr

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collage.errors import MapError, SourceError
from tests.core.reading.through import Read

ReadFiles = Callable[..., Read]

EMIT = """
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{_file}.{_row}"
identifier = "user:1"
occurred_at = "2024-05-01"
kind = "message.received"
"""
TEXT = EMIT + 'text = "{a}|{b}"\n'


def parquet(table: pa.Table, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


# ---- the same content in every format

SAME = """
name = "x"
zone = "Europe/Berlin"
[[rows]]
drop = { text = "out" }
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{_row|02}"
identifier = "user:{who}"
occurred_at = "{at}"
kind = "{kind}"
wait_s = { number = "{wait}" }
text = "{text}"
issue_id = "{case:id}"
"""
CONTENT: list[dict[str, str | None]] = [
    {"case:id": "c1", "who": "1", "at": "2024-05-01T10:00:00", "kind": "a.b", "wait": "1.5", "text": 'say "hi", you'},
    {"case:id": "c1", "who": "2", "at": "2024-05-01T10:00:00+05:30", "kind": "a", "wait": None, "text": "two\nlines"},
    {"case:id": "c2", "who": "ü", "at": "2024-10-27T02:30:00", "kind": "a", "wait": "60", "text": "  <äöü> & € 😀 "},
    {"case:id": "c2", "who": "3", "at": "2024-05-01", "kind": "a", "wait": "x", "text": "bad"},
    {"case:id": "c3", "who": "4", "at": "2024-05-01", "kind": "a", "wait": "1", "text": "out"},
    {"case:id": "c3", "who": "5", "at": "2024-05-02", "kind": "a", "wait": "", "text": ""},
]


def as_csv() -> bytes:
    names = list(CONTENT[0])
    lines = [",".join(names)]
    lines += [",".join('"' + (row[name] or "").replace('"', '""') + '"' for name in names) for row in CONTENT]
    return "\r\n".join(lines).encode()


def as_jsonl() -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in CONTENT).encode()


def as_xes() -> bytes:
    out = ['<?xml version="1.0" encoding="UTF-8"?>', '<xes:log xmlns:xes="http://www.xes-standard.org/">']
    out.append('<xes:string key="case:id" value="of the log, not of a trace"/>')
    for case in ("c1", "c2", "c3"):
        out.append(f'<xes:trace><xes:string key="id" value="{case}"/>')
        for row in (row for row in CONTENT if row["case:id"] == case):
            told = {name: value for name, value in row.items() if name != "case:id" and value is not None}
            spelt = {name: quoteattr(value).replace("\n", "&#10;") for name, value in told.items()}
            cells = "".join(f'<xes:string key="{name}" value={value}/>' for name, value in spelt.items())
            out.append(f"<xes:event>{cells}</xes:event>")
        out.append("</xes:trace>")
    return "\n".join([*out, "</xes:log>"]).encode()


def as_parquet() -> bytes:
    return parquet(pa.Table.from_pylist(CONTENT), row_group_size=2)


WRITTEN: dict[str, Callable[[], bytes]] = {
    "csv": as_csv,
    "csv.gz": lambda: gzip.compress(as_csv()),
    "jsonl": as_jsonl,
    "jsonl.gz": lambda: gzip.compress(as_jsonl()),
    "xes": as_xes,
    "xes.gz": lambda: gzip.compress(as_xes()),
    "parquet": as_parquet,
}


@pytest.mark.parametrize("ending", WRITTEN)
def test_the_same_content_gives_the_same_touchpoints_in_every_format(read_files: ReadFiles, ending: str) -> None:
    found = read_files(SAME, {f"same.{ending}": WRITTEN[ending]()})
    at = datetime(2024, 4, 30, 22, tzinfo=UTC)
    common = {"source": "x", "kind": "a"}
    assert found.rows() == [
        {
            "touchpoint_id": "x:01",
            "identifier": "user:1",
            "occurred_at": datetime(2024, 5, 1, 8, tzinfo=UTC),
            **common,
            "kind": "a.b",
            "wait_s": 1.5,
            "text": 'say "hi", you',
            "issue_id": "c1",
        },
        {
            "touchpoint_id": "x:02",
            "identifier": "user:2",
            "occurred_at": datetime(2024, 5, 1, 4, 30, tzinfo=UTC),
            **common,
            "text": "two\nlines",
            "issue_id": "c1",
        },
        {
            "touchpoint_id": "x:03",
            "identifier": "user:ü",
            "occurred_at": datetime(2024, 10, 27, 0, 30, tzinfo=UTC),
            **common,
            "wait_s": 60.0,
            "text": "<äöü> & € 😀",
            "issue_id": "c2",
        },
        {
            "touchpoint_id": "x:06",
            "identifier": "user:5",
            "occurred_at": at + timedelta(days=1),
            **common,
            "issue_id": "c3",
        },
    ]
    assert found.faults() == [(4, "wait_s", "is not a number", "x")]
    assert found.reading.note()["files"] == {f"same.{ending}": {"rows": 6, "used": 4, "filtered": 1, "quarantined": 1}}
    assert found.reading.note()["times"] == {"ambiguous": 1, "skipped": 0}


# ---- which file is which

TABLES = """
name = "x"
nulls = ["-"]
[tables.plain]
files = ["one.csv", "two.*"]
[tables.other]
files = "odd*"
format = "csv"
delimiter = "|"
quote = "'"
encoding = "cp1252"
header = ["a", "b"]
nulls = ["", "N/A"]
[tables.bare]
files = "*.tab"
format = "csv"
delimiter = "\\t"
quote = ""
[tables.wide]
files = "wide.csv"
encoding = "utf-16"
[[rows]]
of = "plain"
"""


def test_a_table_takes_its_files_by_name_and_reads_them_in_its_own_way(read_files: ReadFiles) -> None:
    sections = f'{TEXT}[[rows]]\nof = "other"\n{TEXT}[[rows]]\nof = "bare"\n{TEXT}[[rows]]\nof = "wide"\n{TEXT}'
    found = read_files(
        TABLES + sections,
        {
            "two.csv.gz": gzip.compress(b"b,c,a\n,9, - \ny,9,x\n"),
            "one.csv": "a,b\n1,\n-,2\n",
            "odd.data": "'€|1'|it's\nN/A|x\n|y\n-|''''\n".encode("cp1252"),
            "quotes.tab": 'a\tb\n"5\t6"\n',
            "wide.csv": "a,b\nä,ö\n".encode("utf-16"),
            "left.pdf": b"%PDF",
            ".hidden.csv": b"",
        },
    )
    assert {row["touchpoint_id"][2:]: row.get("text") for row in found.rows()} == {
        "odd.data.1": "€|1|it's",
        "odd.data.2": None,
        "odd.data.3": None,
        "odd.data.4": "-|'",
        "one.csv.1": "1|",
        "one.csv.2": None,
        "quotes.tab.1": '"5|6"',
        "two.csv.gz.1": None,
        "two.csv.gz.2": "x|y",
        "wide.csv.1": "ä|ö",
    }
    assert found.reading.left_alone == ("left.pdf",)


def test_blank_lines_are_no_records_and_a_name_like_a_pattern_is_a_name(read_files: ReadFiles) -> None:
    files = {"a[1].csv": "\n\na,b\n1,2\n\n\n3,4\n", "a1.csv": "a,b\nx,y\n"}
    found = read_files(f'name = "x"\n[tables.rows]\nfiles = "a[[]*"\n[[rows]]\n{TEXT}', files)
    assert found.column("text") == ["1|2", "3|4"]


def test_every_source_is_taken_by_one_table_and_every_table_gets_a_file(read_files: ReadFiles) -> None:
    one = {"a.csv": "a,b\n1,2\n"}
    plain = f'name = "x"\n[[rows]]\n{TEXT}'

    def two(files: str) -> str:
        tables = f'name = "x"\n[tables.one]\nfiles = "a*"\n[tables.two]\nfiles = "{files}"\n'
        return f'{tables}[[rows]]\nof = "one"\n{TEXT}[[rows]]\nof = "two"\n{TEXT}'

    with pytest.raises(MapError, match="more than one table takes it: one, two"):
        read_files(two("*.csv"), one)
    with pytest.raises(SourceError, match="find the files of the table two\n  found: none fits b"):
        read_files(two("b*"), one)
    with pytest.raises(MapError, match=r"column 'b', which the map names, in b\.csv\n  found: the columns a, c"):
        read_files(plain, {**one, "b.csv": "a,c\n1,2\n"})
    with pytest.raises(SourceError, match="an ending that says nothing of the format"):
        read_files(plain, {**one, "a.dat": "a,b\n1,2\n"})


# ---- what the columns of a format are called

NESTED = """
name = "x"
[[rows]]
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{_row}"
identifier = "user:1"
occurred_at = { first = ["{at}", "2024-05-01"] }
kind = "message.received"
"""


def properties(read_files: ReadFiles, file: str, content: str | bytes, *columns: str) -> list[dict[str, Any]]:
    emit = "".join(f'properties.p{i} = "{{{column}}}"\n' for i, column in enumerate(columns))
    found = read_files(NESTED + emit, {file: content})
    assert found.faults() == []
    return found.properties()


def test_keys_of_nested_json_are_columns_with_a_dot_and_values_are_texts_as_they_were_written(
    read_files: ReadFiles,
) -> None:
    lines = [
        {
            "user": {"id": 1, "deep": {"er": "x"}},
            "list": [1, "zwei"],
            "n": 0.1,
            "yes": True,
            "a.b": "plain",
            "a": {"b": "n"},
        },
        {"user": None, "n": None, "list": [], "at": "2024-05-02"},
        {"user": {"id": "00012345678901234567890"}, "yes": False, "a": {"b": " n "}},
    ]
    text = "\n\n".join(json.dumps(line) for line in lines).replace("0.1", "0.10000000000000000001")
    names = ("user.id", "user.deep.er", "list", "n", "yes", "a.b")
    assert properties(read_files, "x.jsonl", text, *names) == [
        {"p0": "1", "p1": "x", "p2": '[1, "zwei"]', "p3": "0.10000000000000000001", "p4": "true", "p5": "plain"},
        {"p2": "[]"},
        {"p0": "00012345678901234567890", "p4": "false", "p5": "n"},
    ]


def test_parquet_gives_structs_as_columns_with_a_dot_and_keeps_its_times(read_files: ReadFiles) -> None:
    at = datetime(2024, 5, 1, 10, 0, 0, 123456)  # noqa: DTZ001  # without a zone is what is tested
    table = pa.table(
        {
            "at": pa.array([at.replace(tzinfo=UTC), None], pa.timestamp("ns", "America/New_York")),
            "naive": pa.array([at, None], pa.timestamp("ms")),
            "day": pa.array([date(2024, 2, 29), None]),
            "who": pa.array([{"id": 7, "name": {"last": "Ü"}}, None]),
            "cat": pa.array(["x", None]).dictionary_encode(),
            "price": pa.array([Decimal("1.50"), None], pa.decimal128(5, 2)),
            "half": pa.array([0.5, None]),
            "list": pa.array([[1, 2], None]),
            "yes": pa.array([True, None]),
            "bytes": pa.array([b"abc", None]),
        }
    )
    names = ("naive", "day", "who.id", "who.name.last", "cat", "price", "half", "list", "yes", "bytes", "at")
    first, second = properties(read_files, "x.parquet", parquet(table), *names)
    assert second == {}
    assert first == {
        "p0": "2024-05-01 10:00:00.123",
        "p1": "2024-02-29 00:00:00",
        "p2": "7",
        "p3": "Ü",
        "p4": "x",
        "p5": "1.50",
        "p6": "0.5",
        "p7": "[1,2]",
        "p8": "true",
        "p9": "abc",
        "p10": "2024-05-01 10:00:00.123456+00",
    }


def test_a_time_of_parquet_without_a_zone_is_of_the_maps_zone(read_files: ReadFiles) -> None:
    at = datetime(2024, 10, 27, 2, 30)  # noqa: DTZ001  # as above
    table = pa.table({"at": pa.array([at]), "clock": pa.array([time(23, 30)]), "day": pa.array([at.date()])})
    emit = NESTED.replace("[[rows]]", 'zone = "Europe/Berlin"\n[[rows]]', 1)
    emit += 'wait_s = { seconds_from = "{day}", to = "{at}" }\nlate_s = { seconds_from = "23:00", to = "{clock}" }\n'
    found = read_files(emit, {"x.parquet": parquet(table)})
    assert found.faults() == []
    assert found.column("occurred_at") == [datetime(2024, 10, 27, 0, 30, tzinfo=UTC)]
    assert found.column("wait_s") == [2.5 * 3600]
    assert found.column("late_s") == [1800.0]
    assert found.reading.note()["times"] == {"ambiguous": 1, "skipped": 0}


XES = """<?xml version="1.0" encoding="ISO-8859-1"?>
<log xes.version="2.0" xmlns="http://www.xes-standard.org/">
 <extension name="Concept" prefix="concept" uri="x"/>
 <global scope="event"><string key="concept:name" value="default"/></global>
 <classifier name="a" keys="b"/>
 <string key="at" value="not of an event"/>
 <trace><string key="concept:name" value="case ü">
   <int key="part" value="3"><string key="inner" value="deep"/></int></string>
  <list key="tags"><values><string key="tag" value="a"/><string key="tag" value="b"/></values></list>
  <event><string key="concept:name" value="begin"/><date key="at" value="2024-05-01T12:00:00.000+02:00"/>
   <boolean key="yes" value="true"/><float key="cost" value="1.50"/>
   <container key="box"><id key="id" value="i"/></container></event>
  <event><string key="concept:name" value=""/></event>
 </trace>
 <event><string key="concept:name" value="alone"/></event>
</log>
"""


def test_xes_gives_attributes_of_event_and_trace_nested_ones_with_a_dot(read_files: ReadFiles) -> None:
    names = ("concept:name", "case:concept:name", "case:concept:name.part.inner", "yes", "cost", "box.id", "at")
    common = {"p1": "case ü", "p2": "deep"}
    at = "2024-05-01T12:00:00.000+02:00"
    expected = [
        {"p0": "begin", **common, "p3": "true", "p4": "1.50", "p5": "i", "p6": at},
        common,
        {"p0": "alone"},
    ]
    assert properties(read_files, "x.xes", XES.encode("latin-1"), *names) == expected
    wide = XES.replace("ISO-8859-1", "UTF-16").encode("utf-16")
    assert properties(read_files, "x.xes", wide, *names) == expected
