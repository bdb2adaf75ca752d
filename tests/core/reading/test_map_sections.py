"""The sections of a map as docs/reference/map.md has them: rows of a key, joins, filters, several emits and tables."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from collage.errors import ReadingError
from tests.core.reading.through import EMIT, TOP, Read, as_properties

ReadFiles = Callable[..., Read]

# ---- rows of one key

SNAPSHOTS = """\
ticket,seen,group,place
B,2024-01-02,x,2
A,2024-01-03,,3
A,2024-01-01,x,1
A,2024-01-03,y,4
,2024-01-01,q,1
A,2024-01-02,x,2
B,2024-01-01,,1
A,2024-01-04,y,5
A,2024-01-05,,6
,2024-01-02,q,2
"""
WINDOWS = """
key = ["ticket"]
order = [{ time = "{seen}" }]
drop = { n = 4 }
[rows.derive]
moved = { changed = "{group}" }
before = { previous = "{group}" }
begun = { first_of_key = true }
n = { row_number = true }
again = { previous = "{n}" }
"""


def test_rows_of_a_key_are_seen_in_order_before_any_is_dropped_and_ties_by_their_place(read_files: ReadFiles) -> None:
    columns = ("ticket", "place", "moved", "before", "begun", "n", "again")
    emit = as_properties({name: f'"{{{name}}}"' for name in columns})
    found = read_files(TOP + WINDOWS + EMIT + emit, {"snapshots.csv": SNAPSHOTS}).properties()
    first = {"moved": False, "begun": True, "n": 1}
    assert sorted(found, key=lambda row: (row.get("ticket", "-"), row["place"])) == [
        {"place": "1", **first},
        {"place": "2", **first},
        {"ticket": "A", "place": "1", **first},
        {"ticket": "A", "place": "2", "moved": False, "before": "x", "begun": False, "n": 2, "again": 1},
        {"ticket": "A", "place": "3", "moved": True, "before": "x", "begun": False, "n": 3, "again": 2},
        {"ticket": "A", "place": "5", "moved": False, "before": "y", "begun": False, "n": 5, "again": 4},
        {"ticket": "A", "place": "6", "moved": True, "before": "y", "begun": False, "n": 6, "again": 5},
        {"ticket": "B", "place": "1", **first},
        {"ticket": "B", "place": "2", "moved": True, "begun": False, "n": 2, "again": 1},
    ]


# ---- joins

SHOP = {
    "orders.csv": "order,customer,shop\n1,a,n\n2,b,n\n3,,n\n4,a,s\n5,z,n\n",
    "items.csv": "order,no,thing,price\n1,10,last,1.5\n1,2,first,2\n2,1,only,-1\n,1,lost,5\n4,1,bad,x\n6,1,none,7\n",
    "people.csv": "id,city,shop\na,Bonn,n\na,Ulm,s\nb,Köln,n\n,Nowhere,n\n",
    "cities.csv": "name;land\nBonn;NRW\nUlm;BW\n",
}
JOINS = """
name = "shop"
[tables.orders]
files = "orders.csv"
[tables.items]
files = "items.*"
[tables.people]
files = ["people.csv", "none.csv"]
[tables.cities]
files = "cit*"
delimiter = ";"
[[rows]]
of = "orders"
join = [
  { table = "items", on = "order", first_by = [{ number = "{no}" }], sum = ["price"], count = "n" },
  { table = "people", on = { customer = "id", shop = "shop" } },
  { table = "cities", on = { "people.city" = "name" } },
]
[rows.derive]
some = { when = { "items.n" = "> 1" }, then = "several" }
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{order}"
identifier = { first = ["user:{customer}", "anon:{order}"] }
occurred_at = "2024-05-01"
kind = "order.placed"
"""
JOINED = ("items.thing", "items.price", "items.n", "people.city", "cities.land", "some")


def test_tables_are_joined_one_after_the_other_and_null_joins_nothing(read_files: ReadFiles) -> None:
    emit = as_properties({name.replace(".", "_"): f'"{{{name}}}"' for name in JOINED})
    found = read_files(JOINS + emit, SHOP)
    assert [row["touchpoint_id"] for row in found.rows()] == ["shop:1", "shop:2", "shop:3", "shop:5"]
    several = {"items_thing": "first", "items_price": 3.5, "items_n": 2, "some": "several"}
    assert found.properties() == [
        {**several, "people_city": "Bonn", "cities_land": "NRW"},
        {"items_thing": "only", "items_price": -1.0, "items_n": 1, "people_city": "Köln"},
        {},
        {},
    ]
    assert found.faults() == [(4, "items.price", "is not a number", "x")]


def test_a_row_that_is_only_joined_is_used_where_a_used_row_joins_it_else_filtered(read_files: ReadFiles) -> None:
    found = read_files(JOINS + as_properties({"land": '"{cities.land}"'}), SHOP)
    # order 4 is bad (its item has no price), so what only it joins is not used: an item, a person, a city
    assert [row for row, *_ in found.faults()] == [4]
    assert {name: tuple(count.values()) for name, count in found.reading.note()["files"].items()} == {
        "orders.csv": (5, 4, 0, 1),
        "items.csv": (6, 3, 3, 0),
        "people.csv": (4, 2, 2, 0),
        "cities.csv": (2, 1, 1, 0),
    }


def test_a_joined_key_that_stands_twice_is_refused_unless_the_map_says_which_row_counts(read_files: ReadFiles) -> None:
    plain = JOINS.replace(', first_by = [{ number = "{no}" }], sum = ["price"], count = "n"', "")
    with pytest.raises(
        ReadingError, match=r"join the table items\n  found: 2 rows with the key 1\n  to do: .*first_by"
    ):
        read_files(plain.replace('some = { when = { "items.n" = "> 1" }, then = "several" }', ""), SHOP)


def test_first_by_takes_a_time_or_a_column_as_text(read_files: ReadFiles) -> None:
    items = "order,no,at,price\n1,10,09.01.2024,1\n1,9,10.01.2023,1\n1,8,11.01.2024,1\n"
    top = JOINS[: JOINS.index("[tables.people]")].replace('name = "shop"', 'name = "shop"\ntimes = ["%d.%m.%Y"]')
    emit = JOINS[JOINS.index("[[rows.emit]]") :].replace("2024-05-01", "01.05.2024")
    orders = "order,customer\n1,a\n"

    def first(order: str) -> Any:
        section = f'[[rows]]\nof = "orders"\njoin = [{{ table = "items", on = ["order"], first_by = [{order}] }}]\n'
        found = read_files(top + section + emit + 'text = "{items.no}"\n', {"orders.csv": orders, "items.csv": items})
        return found.column("text")

    assert first('{ time = "{at}" }') == ["9"]
    assert first('"no"') == ["10"]


# ---- what a row becomes

SEVERAL = """
name = "care"
[[rows]]
keep = { kind = ["call", "mail"] }
drop = [{ note = "test" }, { who = "is null", kind = "mail" }]
[rows.common]
identifier = "user:{who}"
channel = { value = "{kind}", map = { call = "phone", mail = "email" } }
issue_id = "{issue}"
score = "{stars}"
[[rows.emit]]
into = "touchpoints"
when = { wait = "> 0" }
touchpoint_id = "{id}.1"
occurred_at = "{at}"
kind = "contact.queued"
wait_s = "{wait}"
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{id}.2"
occurred_at = { time = "{at}", plus_s = { first = ["{wait}", 0] } }
kind = "contact.answered"
channel = "chat"
source = "switch"
properties = { note = "{note}", n = { number = "{stars}" }, same = true }
[[rows.emit]]
into = "ratings"
when = { stars = "is not null" }
rating_id = "{id}"
rated_at = "{at}"
scale_low = 1
scale_high = 5
item = "contact"
[[rows]]
drop = { due = "is null" }
[[rows.emit]]
into = "promises"
promise_id = "{id}"
identifier = "user:{who}"
kind = "callback"
made_at = "{at}"
due_at = "{due}"
[[rows]]
keep = { kind = "merge" }
[[rows.emit]]
into = "claims"
claim_id = "{id}"
one = "email:{who}"
other = "email:{note}"
source = "person"
[[rows.emit]]
into = "invitations"
invitation_id = "{id}"
identifier = "user:{who}"
suppressed = "quiet"
"""
CARE = """\
id,who,at,kind,wait,stars,note,issue,due
1,a,2024-01-01T10:00:00Z,call,90,5,"said ""hi"" twice",i1,2024-01-02
2,a,2024-01-01T11:00:00Z,mail,,,,i1,
3,b,2024-01-01T12:00:00Z,call,0,,test,,
4,,2024-01-01T12:00:00Z,mail,5,,,,
5,X@y.Z,2024-01-01T13:00:00Z,merge,,,W@y.Z,,
6,c,2024-01-01T14:00:00Z,call,-1,7,,,2024-01-03
7,c,2024-01-01T15:00:00Z,call,3,4,,,2023-12-31
"""


def test_a_row_feeds_several_tables_and_a_fault_in_one_takes_all_of_it_out(read_files: ReadFiles) -> None:
    found = read_files(SEVERAL, {"care.csv": CARE})
    at = datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert [(r["touchpoint_id"], r["source"], r["channel"], r["identifier"]) for r in found.rows()] == [
        ("care:1.1", "care", "phone", "user:a"),
        ("care:1.2", "switch", "chat", "user:a"),
        ("care:2.2", "switch", "chat", "user:a"),
    ]
    assert found.column("occurred_at") == [at, at.replace(minute=1, second=30), at.replace(hour=11)]
    assert found.column("wait_s") == [90.0, None, None]
    assert found.properties() == [{}, {"note": 'said "hi" twice', "n": 5.0, "same": True}, {"same": True}]
    assert found.rows("ratings") == [
        {
            "rating_id": "care:1",
            "identifier": "user:a",
            "rated_at": at,
            "issue_id": "i1",
            "item": "contact",
            "channel": "phone",
            "score": 5.0,
            "scale_low": 1.0,
            "scale_high": 5.0,
        }
    ]
    assert found.column("promise_id", "promises") == ["care:1"]
    assert [(row["one"], row["other"], row["source"]) for row in found.rows("claims")] == [
        ("email:x@y.z", "email:w@y.z", "person")
    ]
    assert found.column("suppressed", "invitations") == ["quiet"]
    assert found.faults() == [
        (6, "score", "is above scale_high", "7.0"),
        (7, "due_at", "is before made_at", "2023-12-31 00:00:00+00"),
    ]
    assert tuple(found.reading.note()["files"]["care.csv"].values()) == (7, 3, 2, 2)


HIDING = """
name = "x"
[tables.rows]
files = ["b.csv", "a.csv"]
[[rows]]
key = "who"
keep = { state = ["a", "none"], n = "< 3" }
[rows.derive]
state = { first = ["{state}", "none"] }
n = { row_number = true }
"""


def test_files_are_read_by_name_and_a_derived_column_hides_the_files_own(read_files: ReadFiles) -> None:
    files = {"b.csv": "who,state\n1,a\n1,a\n", "a.csv": "who,state\n1,a\n1,b\n2,\n"}
    emit = EMIT.replace("{_row|04}", "{_file}.{_row}") + as_properties({"state": '"{state}"', "n": '"{n}"'})
    found = read_files(HIDING + emit, files)
    assert found.column("touchpoint_id") == ["x:a.csv.1", "x:a.csv.3"]
    assert found.properties() == [{"state": "a", "n": 1}, {"state": "none", "n": 1}]
