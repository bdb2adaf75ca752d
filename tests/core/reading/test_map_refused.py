"""A map that is wrong is refused before any file is opened, with the place in the map and what to do about it."""

import re
import tomllib

import pytest

from collage.errors import MapError
from collage.reading import parse_map

PLAIN = """
name = "x"
[[rows]]
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{id}"
identifier = "user:1"
occurred_at = "{at}"
kind = "a"
"""
TWO = '[tables.a]\nfiles = "a*"\n[tables.b]\nfiles = "b*"\n[[rows]]\nof = "a"\n'


def top(line: str) -> str:
    return f"{line}\n{PLAIN}"


def table(line: str) -> str:
    return PLAIN.replace("[[rows]]", f"[tables.t]\n{line}\n[[rows]]", 1)


def section(lines: str) -> str:
    return PLAIN.replace("[[rows]]", f"[[rows]]\n{lines}", 1)


def join(spec: str) -> str:
    return PLAIN.replace("[[rows]]\n", f"{TWO}join = [{spec}]\n", 1)


def text(form: str) -> str:
    return f"{PLAIN}text = {form}\n"


# the map, the place that is named, and the way out
REFUSED: dict[str, tuple[str, str, str]] = {
    "no TOML": ("name = ", "", "correct the line named"),
    "no name": (PLAIN.replace('name = "x"', ""), ": name", "name the source"),
    "a name in capitals": (PLAIN.replace('"x"', '"Desk"'), ": name", "lower-case letters"),
    "a typing error at the top": (top('zones = "UTC"'), ": the top", "did you mean zone?"),
    "a region that is none": (top('region = "UK"'), ": region", "the United Kingdom is GB"),
    "a region that is no text": (top('region = ["DE"]'), ": region", 'region = "DE"'),
    "nulls that are no texts": (top("nulls = 3"), ": nulls", 'a list of texts: ["a", "b"]'),
    "no section": ('name = "x"', ": rows", "write at least one [[rows]]"),
    "a section without an emit": ('name = "x"\n[[rows]]\n', ": rows 1", "write at least one [[rows.emit]]"),
    "tables that are none": (top("tables = 3"), ": tables", "write [tables.NAME]"),
    "a table's name with a blank": (
        PLAIN.replace("[[rows]]", '[tables."a b"]\n[[rows]]', 1),
        ": tables.a b",
        "use lower",
    ),
    "a typing error in a table": (table('file = "a"'), ": tables.t", "did you mean files?"),
    "an unknown format": (table('format = "xml"'), ": tables.t.format", "csv, jsonl, parquet, xes"),
    "a delimiter of two characters": (table('delimiter = "::"'), ": tables.t.delimiter", "one plain character"),
    "a quote that is a line end": (table('quote = "\\n"'), ": tables.t.quote", "one plain character"),
    "an unknown encoding": (table('encoding = "klingon"'), ": tables.t.encoding", "utf-8, cp1252, utf-16"),
    "a header without a name": (table("header = []"), ": tables.t.header", "a list of texts"),
    "a table that nothing reads": (PLAIN.replace("[[rows]]\n", TWO, 1), ": tables", "use it or leave it out"),
    "a section of no table": (section('of = "y"'), ": rows 1.of", "name one of: rows"),
    "a section of one of two tables": (
        PLAIN.replace("[[rows]]", TWO.replace('of = "a"\n', ""), 1),
        ": rows 1.of",
        "a, b",
    ),
    "a typing error in a section": (section('keys = "a"'), ": rows 1", "did you mean key?"),
    "a join of itself": (join('{ table = "a", on = "id" }'), ": rows 1.join.table", "name one of: b"),
    "a join on nothing": (join('{ table = "b" }'), ": rows 1.join.on", "a list of texts"),
    "a join on an empty table": (join('{ table = "b", on = {} }'), ": rows 1.join.on", "a list of texts"),
    "a typing error in a join": (
        join('{ table = "b", on = "i", first = ["x"] }'),
        ": rows 1.join",
        "did you mean first_by?",
    ),
    "a table joined twice": (
        join('{ table = "b", on = "i" }, { table = "b", on = "j" }'),
        ": rows 1.join",
        "join it once",
    ),
    "a count without a name": (join('{ table = "b", on = "i", count = true }'), ": rows 1.join.count", 'count = "n"'),
    "an order by a form that has none": (
        section('key = "k"\norder = [{ first = ["{a}"] }]'),
        ": rows 1.order",
        "order by",
    ),
    "an order that is no list": (section('key = "k"\norder = "t"'), ": rows 1.order", "order = [ … ]"),
    "a row before without a key": (
        section('[rows.derive]\na = { changed = "{x}" }'),
        ": rows 1.derive.a",
        'key = ["number"]',
    ),
    "a derived column with a dot": (
        section('[rows.derive]\n"a.b" = "x"'),
        ": rows 1.derive.a.b",
        "choose another name",
    ),
    "a derived column of our own": (
        section('[rows.derive]\n_row = "x"'),
        ": rows 1.derive._row",
        "choose another name",
    ),
    "a condition that is none": (section("keep = 3"), ": rows 1.keep", 'a table such as { outcome = "AGENT" }'),
    "a comparison with a word": (section('drop = { a = "> x" }'), ": rows 1.drop.a", 'write "= > x"'),
    "a common column of no table": (
        section('[rows.common]\nkinds = "a"'),
        ": rows 1.common",
        "no emit's table has such",
    ),
    "an emit into no table": (
        PLAIN.replace("touchpoints", "touchpoint"),
        ": rows 1, emit 1.into",
        "did you mean touchpoints?",
    ),
    "an emit into a derived table": (
        PLAIN.replace("touchpoints", "scores"),
        ": rows 1, emit 1.into",
        "name one of: touchpoints",
    ),
    "a typing error in an emit": (f'{PLAIN}chanel = "x"', ": rows 1, emit 1", "did you mean channel?"),
    "a required column that is not filled": (
        PLAIN.replace('kind = "a"', ""),
        ": rows 1, emit 1",
        "every row of touchpoints",
    ),
    "a value that is a date": (
        text("2024-01-01"),
        ": rows 1, emit 1.text",
        "write a text, a number, true/false, or a form",
    ),
    "a number without an end": (text("inf"), ": rows 1, emit 1.text", "give a number"),
    "a lone brace": (text('"{a"'), ": rows 1, emit 1.text", "a brace of its own is doubled: {{"),
    "a width without its zero": (text('"{a|6}"'), ": rows 1, emit 1.text", "write {column} or {column|06}"),
    "an unknown form": (text("{ foo = 1 }"), ": rows 1, emit 1.text", "the forms are: first, map, when, time, number"),
    "a form of derived columns elsewhere": (
        text('{ changed = "{a}" }'),
        ": rows 1, emit 1.text",
        "the forms are: first",
    ),
    "a form with a key too many": (
        text('{ time = "{a}", plus = 3 }'),
        ": rows 1, emit 1.text",
        "time takes time, formats, zone",
    ),
    "a form with a key too few": (
        text('{ seconds_from = "{a}" }'),
        ": rows 1, emit 1.text",
        "seconds_from takes seconds_from, to",
    ),
    "first of no list": (text('{ first = "{a}" }'), ": rows 1, emit 1.text", 'a list: ["user:{a}"'),
    "a value map to numbers": (text('{ value = "{a}", map = { A = 1 } }'), ": rows 1, emit 1.text.map", 'New = "open"'),
    "an other that is none": (
        text('{ value = "{a}", map = { A = "b" }, other = "drop" }'),
        ": rows 1, emit 1.text.other",
        'other is "keep", "null" or { is = … }',
    ),
    "a zone that nobody knows": (text('{ time = "{a}", zone = "Mars" }'), ": rows 1, emit 1.text.zone", "an IANA name"),
    "a format that is none": (
        text('{ time = "{a}", formats = ["%Q"] }'),
        ": rows 1, emit 1.text.formats",
        "use %Y %m %d",
    ),
    "a decimal mark that is none": (
        text('{ number = "{a}", decimal = ";" }'),
        ": rows 1, emit 1.text.decimal",
        '"." or ","',
    ),
    "times what is no number": (
        text('{ number = "{a}", times = "2" }'),
        ": rows 1, emit 1.text.times",
        "give a number",
    ),
    "round what is not true": (text('{ number = "{a}", round = "no" }'), ": rows 1, emit 1.text.round", "round = true"),
    "a mean split by nothing": (
        text('{ mean_of = "{a}", split = "" }'),
        ": rows 1, emit 1.text.split",
        "between the numbers",
    ),
    "forms without an end": (text("{ first = [" * 400 + "1" + "] }" * 400), "", "write it flatter"),
    "a key of properties that is none": (
        f"{PLAIN}properties = {{ a = {{}} }}",
        ": rows 1, emit 1.properties.a",
        "write a text",
    ),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_map_is_refused_for(sentence: str) -> None:
    spelt, place, advice = REFUSED[sentence]
    with pytest.raises(MapError, match=rf"^read the map map\.toml{re.escape(place)}\n  found: .") as refused:
        parse_map(spelt, file="map.toml")
    assert advice in refused.value.do


def test_the_map_that_all_these_are_made_of_is_taken() -> None:
    map_ = parse_map(PLAIN, file="map.toml")
    assert (map_.name, map_.zone, map_.wanted("rows")) == ("x", "UTC", ("id", "at"))
    broken = {"no TOML", "forms without an end"}
    assert all(tomllib.loads(spelt) for sentence, (spelt, *_) in REFUSED.items() if sentence not in broken)
