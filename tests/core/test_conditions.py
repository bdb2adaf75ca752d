"""The language of conditions: every entry it has, null under each, and what it refuses."""

import tomllib
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pytest

from collage.conditions import parse
from collage.errors import ConditionError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROWS: list[dict[str, Any]] = [
    {"id": 0, "word": "A", "text": "12", "number": 12.0, "whole": 12, "flag": True, "other": "x"},
    {"id": 1, "word": "B", "text": "> 5", "number": -0.5, "whole": 0, "flag": False, "other": None},
    {"id": 2, "word": "true", "text": " 7.5", "number": 90.0, "whole": 90, "flag": True, "other": "x"},
    {"id": 3, "word": None, "text": None, "number": None, "whole": None, "flag": None, "other": None},
    {"id": 4, "word": "= a", "text": "nan", "number": 90.5, "whole": 91, "flag": False, "other": "y"},
]
KINDS = {"id": "int64", "word": "string", "text": "string", "number": "float64", "whole": "int64"}
SCHEMA = {**KINDS, "flag": "boolean", "other": "string"}

# the condition as it stands in a TOML file → the rows in which it holds
HOLDS: dict[str, list[int]] = {
    '{ word = "A" }': [0],
    '{ word = "  A " }': [0],
    '{ word = ["A", "B"] }': [0, 1],
    '{ word = ["A", true] }': [0, 2],
    '{ word = "!= A" }': [1, 2, 4],
    '{ word = "is null" }': [3],
    '{ word = "is not null" }': [0, 1, 2, 4],
    '{ word = "= = a" }': [4],
    '{ text = "= > 5" }': [1],
    '{ word = "contains RU" }': [2],
    '{ word = "contains  = A " }': [4],
    '{ word = "= contains a" }': [],
    '{ word = "contains" }': [],
    '{ text = "contains 2" }': [0],
    '{ text = "contains %" }': [],
    '{ whole = "contains 9" }': [2, 4],
    '{ flag = "contains AL" }': [1, 4],
    "{ text = 12 }": [0],
    '{ text = "12" }': [0],
    '{ text = "> 7" }': [0, 2],
    '{ text = "<= 12.0" }': [0, 2],
    '{ number = "> 90" }': [4],
    '{ number = ">= 90" }': [2, 4],
    '{ number = "< 12" }': [1],
    '{ number = "<=12" }': [0, 1],
    '{ number = "> -1e0" }': [0, 1, 2, 4],
    "{ number = 90 }": [2],
    "{ number = [12, 90.5] }": [0, 4],
    '{ number = "!= 90.0" }': [0, 1, 4],
    "{ whole = 90 }": [2],
    '{ whole = "90" }': [2],
    '{ whole = ["0", 91] }': [1, 4],
    "{ flag = true }": [0, 2],
    "{ flag = false }": [1, 4],
    '{ flag = "true" }': [0, 2],
    "{ word = true }": [2],
    '{ other = "x", whole = "> 50" }': [2],
    '[{ other = "x", whole = "> 50" }, { word = "B" }, { other = "is null", flag = "is null" }]': [1, 2, 3],
    "{}": [0, 1, 2, 3, 4],
}


def condition(spelt: str) -> Any:
    return parse(tomllib.loads(f"it = {spelt}")["it"], where="mark x, when")


def asked() -> ir.Table:
    rows = ibis.memtable(ROWS, schema=SCHEMA)
    return rows.select("id", **{f"c{i}": condition(spelt).holds(rows) for i, spelt in enumerate(HOLDS)}).order_by("id")


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked().to_pyarrow().to_pylist()
    return found


@pytest.mark.xdist_group("conditions")  # asked once, not once a worker
@pytest.mark.parametrize("spelt", HOLDS)
def test_a_condition_holds_in_just_these_rows_and_is_never_null(answers: list[dict[str, Any]], spelt: str) -> None:
    name = f"c{list(HOLDS).index(spelt)}"
    assert [row[name] for row in answers] == [row["id"] in HOLDS[spelt] for row in answers]


@pytest.mark.spark
def test_spark_answers_alike(spark: "SparkSession", answers: list[dict[str, Any]]) -> None:
    assert ibis.pyspark.connect(spark).to_pyarrow(asked()).to_pylist() == answers


def test_a_condition_knows_the_columns_it_asks_about() -> None:
    assert condition('[{ b = "1", a = "> 2" }, { a = "is null", "c.d" = true }]').columns == ("b", "a", "c.d")


@pytest.mark.parametrize(
    ("spelt", "place", "advice"),
    [
        ("[]", "mark x, when\n", "give at least one table of entries"),
        ('"A"', "mark x, when\n", r'write a table such as \{ outcome = "AGENT" \}'),
        ("{ wait_s = [] }", r"mark x, when\.wait_s\n", "a list holds texts, numbers or true/false"),
        ("{ wait_s = [[1]] }", r"mark x, when\.wait_s\n", "a list holds texts"),
        ('{ wait_s = "> ninety" }', r"mark x, when\.wait_s\n", r'or write "= > ninety" for this very text'),
        ('{ wait_s = "> nan" }', r"mark x, when\.wait_s\n", "compare with a number"),
        ("{ wait_s = 2024-01-01 }", r"mark x, when\.wait_s\n", "write a text, a number"),
        (
            "{ help.found = false }",
            r"mark x, when\.help\n",
            r'a column whose name has a dot is quoted: "help\.found" = ',
        ),
    ],
)
def test_what_is_no_condition_is_refused_with_the_key_and_the_way_out(spelt: str, place: str, advice: str) -> None:
    with pytest.raises(ConditionError, match=f"^{place}  found: .*\n  to do: .*{advice}"):
        condition(spelt)
