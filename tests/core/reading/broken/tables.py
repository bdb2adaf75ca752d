"""Rows that break a contract, in all the tables that can be read, and joins that cannot be made."""

import pyarrow as pa

from tests.core.reading.broken.cases import Bad, Content, Refused, SetAside
from tests.core.reading.broken.parquet_files import written

ALL = """
name = "desk"

[[rows]]

[rows.common]
identifier = "{who}"

[[rows.emit]]
into = "ratings"
rating_id = "{id}"
rated_at = "2024-05-01"
score = "{score}"
scale_low = "{low}"
scale_high = 5
weight = "{weight}"
item = "{item}"
participants = "{served}"

[[rows.emit]]
when = { due = "is not null" }
into = "promises"
promise_id = "{id}"
kind = "callback"
made_at = "2024-05-01"
due_at = "{due}"
settled_at = "{settled}"
outcome = "{outcome}"
quoted_share = "{share}"

[[rows.emit]]
when = { other = "is not null" }
into = "claims"
claim_id = "{id}"
one = "{who}"
other = "{other}"
confidence = "{share}"

[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{id}"
occurred_at = "2024-05-01"
kind = "contact.answered"
severity = "{severity}"
amount = "{amount}"
currency = "{currency}"
properties = "{more}"
"""
COLUMNS = "id who score low weight item served due settled outcome share other severity amount currency more"
GOOD = {**dict.fromkeys(COLUMNS.split(), ""), "id": "g1", "who": "user:anna", "score": "3", "low": "1"}
NO_WHO = "is not namespace:value, such as user:4711 or email:someone@example.org"
NO_OBJECT = "is not a JSON object"
NO_WHOLE = "is not a whole number"

ROWS: list[tuple[dict[str, str], str, str, str | None]] = [
    ({"score": "6"}, "score", "is above scale_high", "6.0"),
    ({"score": "0"}, "score", "is below scale_low", "0.0"),
    ({"score": ""}, "score", "is null but must be known", None),
    ({"score": "good"}, "score", "is not a number", "good"),
    ({"low": "7", "score": "8"}, "scale_high", "is below scale_low", "5.0"),
    ({"weight": "-1"}, "weight", "is below 0", "-1.0"),
    ({"item": "thing"}, "item", "is none of contact, company", "thing"),
    ({"served": "{}"}, "participants", 'is not ["department", …] as a JSON list', "{}"),
    ({"due": "2024-04-30"}, "due_at", "is before made_at", "2024-04-30 00:00:00+00"),
    ({"due": "2024-05-02", "settled": "2024-04-30"}, "settled_at", "is before made_at", "2024-04-30 00:00:00+00"),
    ({"due": "2024-05-02", "outcome": "late"}, "outcome", "is none of kept, exceeded, withdrawn", "late"),
    ({"due": "2024-05-02", "outcome": "kept"}, "settled_at", "is null beside an outcome", "kept"),
    ({"due": "2024-05-02", "share": "1.1"}, "quoted_share", "is above 1", "1.1"),
    ({"due": "soon"}, "due_at", "is not a time (ISO 8601)", "soon"),
    ({"other": "user:anna"}, "other", "is the same identifier as one", "user:anna"),
    ({"other": "anna"}, "other", NO_WHO, "anna"),
    ({"other": "user:ben", "share": "-0.1"}, "confidence", "is below 0", "-0.1"),
    ({"severity": "3.5"}, "severity", "is above 3", "3.5"),
    ({"severity": "-0.5"}, "severity", "is below 0", "-0.5"),
    ({"amount": "5"}, "currency", "is null beside an amount", "5"),
    ({"amount": "5", "currency": "eur"}, "currency", "is not an ISO 4217 code such as EUR", "eur"),
    ({"amount": "5.5", "currency": "EUR"}, "amount", NO_WHOLE, "5.5"),
    ({"amount": "9" * 20, "currency": "EUR"}, "amount", NO_WHOLE, "9" * 20),
    ({"more": "[1]"}, "properties", NO_OBJECT, "[1]"),
    ({"more": '{"a": '}, "properties", NO_OBJECT, '{"a":'),
    ({"more": '{"a": NaN}'}, "properties", NO_OBJECT, '{"a": NaN}'),
    ({"more": '{"a": 1,}'}, "properties", NO_OBJECT, '{"a": 1,}'),
    ({"who": "anna"}, "identifier", NO_WHO, "anna"),
    ({"who": "User:anna"}, "identifier", NO_WHO, "User:anna"),
    ({"who": "user:"}, "identifier", NO_WHO, "user:"),
    ({"who": ":anna"}, "identifier", NO_WHO, ":anna"),
    ({"who": "user: "}, "identifier", NO_WHO, "user:"),
]


def csv(*rows: dict[str, str]) -> str:
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in {**GOOD, **row}.values()) for row in rows]
    return "\n".join([",".join(GOOD), *lines, ""])


CONTRACTS = SetAside(
    "rows that break the contract of a table",
    {"desk.csv": csv({}, *({**row, "id": str(n)} for n, (row, *_) in enumerate(ROWS, 2)), {"id": "g2", "more": "{}"})},
    tuple(Bad(n, column, reason, found) for n, (_, column, reason, found) in enumerate(ROWS, 2)),
    ("desk:g1", "desk:g2"),
    map=ALL,
)

JOIN = """
name = "shop"

[tables.orders]
files = "orders*"

[tables.people]
files = "people*"

[[rows]]
of = "orders"
join = [{ table = "people", on = "who" }]

[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{id}"
identifier = "user:{people.name}"
occurred_at = "2024-05-01"
kind = "order.placed"
"""
ORDERS = "id,who\ng1,a\n2,\n3,nobody\n4\ng2,b\n"
PEOPLE = "who,name\na,anna\nb,ben\n"

JOINED = SetAside(
    "rows that join nothing, and a row that cannot be joined",
    {"orders.csv": ORDERS, "people.csv": PEOPLE + "c\n,erna\n"},
    (
        Bad(2, "identifier", "is null but must be known", file="orders.csv"),
        Bad(3, "identifier", "is null but must be known", file="orders.csv"),
        Bad(4, None, "has 1 cell, the header has 2", file="orders.csv"),
        Bad(3, None, "has 1 cell, the header has 2", file="people.csv"),
    ),
    ("shop:g1", "shop:g2"),
    map=JOIN,
)


def refused(name: str, files: dict[str, Content], *words: str, map_: str = JOIN) -> Refused:
    return Refused(name, files, words, map=map_)


REFUSED = [
    refused(
        "a join with a key twice",
        {"orders.csv": ORDERS, "people.csv": PEOPLE + "a,alma\n"},
        "join the table people",
        "2 rows with the key a",
        "first_by",
    ),
    refused(
        "a join without its file", {"orders.csv": ORDERS}, "the table people", "none fits people*", "give the file"
    ),
    refused(
        "a join by a column that is not there",
        {"orders.csv": ORDERS, "people.csv": "whom,name\na,anna\n"},
        "find the column 'who'",
        "people.csv",
        "did you mean whom?",
    ),
    refused(
        "a joined column that is not there",
        {"orders.csv": ORDERS, "people.csv": PEOPLE},
        "find the column 'nme'",
        "people.csv",
        "did you mean name?",
        map_=JOIN.replace("people.name", "people.nme"),
    ),
    refused(
        "a join of a text and a time",
        {
            "orders.csv": ORDERS,
            "people.parquet": written(pa.table({"who": pa.array([0], pa.timestamp("us")), "name": ["a"]})),
        },
        "join the table people by who",
        "a string, and there a timestamp(6)",
        "export both as texts",
    ),
    refused(
        "a table joined twice",
        {"orders.csv": ORDERS, "people.csv": PEOPLE},
        "rows 1.join",
        "the table people twice",
        map_=JOIN.replace("join = [", 'join = [{ table = "people", on = "who" }, '),
    ),
    refused(
        "a join by a column that is derived later",
        {"orders.csv": ORDERS, "people.csv": PEOPLE},
        "find the column 'whom'",
        "orders.csv",
        map_=JOIN.replace('on = "who"', 'on = { whom = "who" }').replace(
            "[[rows.emit]]", '[rows.derive]\nwhom = "{who}"\n\n[[rows.emit]]'
        ),
    ),
    refused(
        "a file no table takes",
        {"orders.csv": ORDERS, "people.csv": PEOPLE, "items.csv": "a\n1\n"},
        "read items.csv",
        "no table of the map takes",
        "orders*, people*",
    ),
    refused(
        "a file two tables take",
        {"orders.csv": ORDERS, "people.csv": PEOPLE},
        "read people.csv",
        "orders, people",
        "narrower",
        map_=JOIN.replace('"orders*"', '"*"'),
    ),
]

SET_ASIDE = [CONTRACTS, JOINED]
