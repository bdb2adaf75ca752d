"""The forms of a value in a map, one by one as docs/reference/map.md gives them, and what can't be turned."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from collage.store import Engine
from tests.core.reading.through import EMIT, TOP, Read, as_properties, read

ReadFiles = Callable[..., Read]

# ---- the forms of a value, all in one reading of four rows

CALLS = """\
call,a,b,n,state,price,at,clock,from,to,scores,plus
7,ann,,42,New,"1.234,50",05.03.2024,10:30,23:59:50,00:00:10,4;5;3,90
,?,bea,1234567,Odd,"-0,005",31.12.2023,00:00,10:00,09:00:00.5,2,-0.5
?,?,?,?,?,?,?,?,?,?,?,?
 8 ,cyd,{x},-1.5,Done,12,29.02.2024,23:59,2024-01-01T10:00:00Z,2024-01-01T12:00:30+02:00,1; 2,1e3
"""
FORMS: dict[str, tuple[str, list[Any]]] = {
    "a text without a column is a constant": ('"phone"', ["phone"] * 4),
    "a number is a constant": ("2.5", [2.5] * 4),
    "true is a constant": ("true", [True] * 4),
    "a template is null where one of its columns is": (
        '"call {call} of {a}"',
        ["call 7 of ann", None, None, "call 8 of cyd"],
    ),
    "blanks around a value are cut": ('"<{call}>"', ["<7>", None, None, "<8>"]),
    "a template pads with zeros and never cuts": ('"{n|04}"', ["0042", "1234567", None, "-1.5"]),
    "a doubled brace stands for itself": ('"{{{call}}}"', ["{7}", None, None, "{8}"]),
    "braces in a value are no template": ('"{b}!"', [None, "bea!", None, "{x}!"]),
    "the number of the record and the name of the file are columns": (
        '"{_file}:{_row}"',
        [f"calls.csv:{n}" for n in (1, 2, 3, 4)],
    ),
    "first gives the first that is not null": (
        '{ first = ["a:{a}", "b:{b}", "none"] }',
        ["a:ann", "b:bea", "none", "a:cyd"],
    ),
    "first may end in null": ('{ first = ["{a}", "{b}"] }', ["ann", "bea", None, "cyd"]),
    "first takes any form": ('{ first = [{ number = "{n}" }, 0] }', [42.0, 1234567.0, 0.0, -1.5]),
    "map gives the mapped text, other = keep the text itself": (
        '{ value = "{state}", map = { New = "open", Done = "closed" }, other = "keep" }',
        ["open", "Odd", None, "closed"],
    ),
    "other = null gives null": (
        '{ value = "{state}", map = { New = "open" }, other = "null" }',
        ["open", None, None, None],
    ),
    "other may be any form": (
        '{ value = "{state}", map = { New = "open" }, other = { is = "state {state}" } }',
        ["open", "state Odd", None, "state Done"],
    ),
    "when gives one or the other": (
        '{ when = { state = "New" }, then = "yes", else = { number = "{n}" } }',
        ["yes", "1234567", None, "-1.5"],
    ),
    "when without else gives null": (
        '{ when = { state = ["New", "Done"] }, then = "{a}" }',
        ["ann", None, None, "cyd"],
    ),
    "when takes alternatives": (
        '{ when = [{ a = "ann" }, { b = "is not null", n = "> 100" }], then = "x" }',
        ["x", "x", None, None],
    ),
    "a time is read in formats of its own": (
        '{ time = "{at} {clock}", formats = ["%Y", "%d.%m.%Y %H:%M"] }',
        ["2024-03-05 10:30:00+00", "2023-12-31 00:00:00+00", None, "2024-02-29 23:59:00+00"],
    ),
    "a time is read in a zone of its own": (
        '{ time = "{at} {clock}", formats = ["%d.%m.%Y %H:%M"], zone = "America/New_York" }',
        ["2024-03-05 15:30:00+00", "2023-12-31 05:00:00+00", None, "2024-03-01 04:59:00+00"],
    ),
    "plus_s moves a time, and null by null is null": (
        '{ time = "{at}", formats = ["%d.%m.%Y"], plus_s = "{plus}" }',
        ["2024-03-05 00:01:30+00", "2023-12-30 23:59:59.5+00", None, "2024-02-29 00:16:40+00"],
    ),
    "plus_s may be a form": (
        '{ time = "{at}", formats = ["%d.%m.%Y"], plus_s = { number = "{call}", times = 3600 } }',
        ["2024-03-05 07:00:00+00", None, None, "2024-02-29 08:00:00+00"],
    ),
    "a number has a decimal comma and groups of thousands": (
        '{ number = "{price}", decimal = "," }',
        [1234.5, -0.005, None, 12.0],
    ),
    "a number is number times + plus": ('{ number = "{n}", times = 2, plus = -1 }', [83.0, 2469133.0, None, -4.0]),
    "a number is rounded half away from zero": (
        '{ number = "{price}", decimal = ",", times = 100, round = true }',
        [123450.0, -1.0, None, 1200.0],
    ),
    "a half below zero is rounded down": ('{ number = "{n}", round = true }', [42.0, 1234567.0, None, -2.0]),
    "seconds lie between two clock times of one day": (
        '{ seconds_from = "{from}", to = "{to}" }',
        [-86380.0, -3599.5, None, 30.0],
    ),
    "past midnight the second clock time is of the next day": (
        '{ seconds_from = "{from}", to = "{to}", past_midnight = true }',
        [20.0, 82800.5, None, 30.0],
    ),
    "seconds lie between two times in a format": (
        '{ seconds_from = "{at}", to = "{at} {clock}", formats = ["%d.%m.%Y %H:%M", "%d.%m.%Y"] }',
        [37800.0, 0.0, None, 86340.0],
    ),
    "a text is put in capitals": ('{ upper = "{state}: {a}" }', ["NEW: ANN", None, None, "DONE: CYD"]),
    "a text is put in small letters": ('{ lower = "{state}" }', ["new", "odd", None, "done"]),
    "a kind is made of any name": (
        '{ kind_of = "{state} – {price}" }',
        ["new_1_234_50", "odd_0_005", None, "done_12"],
    ),
    "a mean is of the numbers in a text": ('{ mean_of = "{scores}", split = ";" }', [4.0, 2.0, None, 1.5]),
}


@pytest.fixture(scope="module")
def forms(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    written = as_properties({f"f{i}": form for i, (form, _) in enumerate(FORMS.values())})
    found = read(engine, tmp_path_factory.mktemp("forms"), TOP + EMIT + written, {"calls.csv": CALLS})
    assert found.faults() == []
    return found.properties()


@pytest.mark.xdist_group("forms")  # read once, not once a worker
@pytest.mark.parametrize("sentence", FORMS)
def test_a_form_gives(forms: list[dict[str, Any]], sentence: str) -> None:
    name, expected = f"f{list(FORMS).index(sentence)}", FORMS[sentence][1]
    assert [row.get(name) for row in forms] == expected


# ---- what can't be turned is a fault of its row, and of no other

FAULTS: dict[str, tuple[str, str, str, str]] = {
    "a text that the value map does not know": (
        '{ value = "{x}", map = { A = "a" } }',
        "B",
        "is a text which the map's value map does not know",
        "B",
    ),
    "a text that is no number": ('{ number = "{x}" }', "1_000", "is not a number", "1_000"),
    "infinity": ('{ number = "{x}" }', "inf", "is not a number", "inf"),
    "a dot that groups no thousands": ('{ number = "{x}", decimal = "," }', "12.5", "is not a number", "12.5"),
    "a list with a gap in it": ('{ mean_of = "{x}" }', "1,,2", "holds something that is no number between ','", "1,,2"),
    "a day that is not in the calendar": (
        '{ time = "{x}", formats = ["%d.%m.%Y", "%Y"] }',
        "30.02.2024",
        "is not a time as %d.%m.%Y or %Y",
        "30.02.2024",
    ),
    "a time that is none": ('{ time = "{x}" }', "yesterday", "is not a time (ISO 8601)", "yesterday"),
    "a time moved by no number": ('{ time = "2024-01-01", plus_s = "{x}" }', "soon", "is not a number", "soon"),
    "a time moved out of reach": ('{ time = "2024-01-01", plus_s = "{x}" }', "1e300", "moves a time too far", "1e+300"),
    "a clock time beside a full time": (
        '{ seconds_from = "10:00", to = "{x}" }',
        "2024-01-01",
        "is a clock time beside a full time",
        "2024-01-01",
    ),
    "seconds from a text that is no time": ('{ seconds_from = "{x}", to = "" }', "x", "is not a time (ISO 8601)", "x"),
}


@pytest.fixture(scope="module")
def faults(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Read:
    forms = {f"f{i}": f"{{ when = {{ case = {i} }}, then = {form} }}" for i, (form, *_) in enumerate(FAULTS.values())}
    bad = [f"{i},{x}" for i, (_, x, _, _) in enumerate(FAULTS.values())]
    rows = "\n".join(
        ["case,x", *(f'"{line.split(",", 1)[0]}","{line.split(",", 1)[1]}"' for line in bad), "99,good", ""]
    )
    return read(engine, tmp_path_factory.mktemp("faults"), TOP + EMIT + as_properties(forms), {"cases.csv": rows})


@pytest.mark.xdist_group("forms")
@pytest.mark.parametrize("sentence", FAULTS)
def test_a_fault_is(faults: Read, sentence: str) -> None:
    at = list(FAULTS).index(sentence)
    assert faults.faults()[at] == (at + 1, "properties", *FAULTS[sentence][2:])
    assert faults.column("touchpoint_id") == [f"desk:{len(FAULTS) + 1:04}"]


NAMES = {
    "contact.answered": "contact.answered",
    "Contact.Answered": "contact.answered",
    "v1.2 “Beta” Left!": "v1_2_beta_left",
    "Café Ångström": "cafe_angstrom",
    "_a__b": "_a__b",
    "a..b": "a_b",
    "…": "_",
    "🎉": "_",
    "Заказ 1": "1_",
    "Заказ 2": "2_",
    "登録": "_",
    "購入": "_",
}


def test_a_kind_keeps_to_the_contract_and_two_names_of_another_script_are_two_kinds(read_files: ReadFiles) -> None:
    emit = EMIT.replace('kind = "message.received"', 'kind = { kind_of = "{name}" }')
    lines = "\n".join(json.dumps({"name": name}) for name in NAMES)
    found = read_files(TOP + emit, {"names.jsonl": lines})
    assert found.faults() == []
    kinds = dict(zip(NAMES, found.column("kind"), strict=True))
    other = {name for name in NAMES if name[:1] in "З登購"}
    assert {name: kind for name, kind in kinds.items() if name not in other} == {
        name: kind for name, kind in NAMES.items() if name not in other
    }
    assert [re.sub("[0-9a-f]{8}$", "", kinds[name]) for name in sorted(other)] == [
        NAMES[name] for name in sorted(other)
    ]
    assert len({kinds[name] for name in other}) == len(other)


COLUMNS = """
[[rows]]
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{_row|04}"
identifier = "{who}"
occurred_at = "{at}"
received_at = "{received}"
kind = "message.received"
severity = "{severity}"
amount = "{amount}"
currency = "EUR"
late_s = { when = { late = "is not null" }, then = { number = "{late}", times = 60 }, else = "{late}" }
text = { number = "{amount}" }
"""


def test_a_value_is_turned_into_the_type_of_its_column(read_files: ReadFiles) -> None:
    # Long because the rows and what becomes of each stand side by side.
    top = 'name = "desk"\nzone = "Asia/Kolkata"\ntimes = ["%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z"]\n'
    lines = [
        "who,at,received,severity,amount,late",
        "email:Ann@Example.ORG,01.05.2024 10:00,,1,100,5",
        "user:Ann,2024-05-01T10:00:00+0200,02.05.2024 00:00,,7.0,",
        "user:a,01.05.2024 10:00,,3.5,1,",
        "user:a,01.05.2024 10:00,,x,1,",
        "user:a,01.05.2024 10:00,,,1.5,",
        "nobody,01.05.2024 10:00,,,1,",
        ",01.05.2024 10:00,,,1,",
        "user:a,01.05.1899 10:00,,,1,",
        "user:a,01.05.2026 10:00,,,1,",
        "user:a,2024-05-01,,,1,",
    ]
    found = read_files(top + COLUMNS, {"rows.csv": "\n".join(lines)})
    assert found.rows() == [
        {
            "touchpoint_id": "desk:0001",
            "identifier": "email:ann@example.org",
            "occurred_at": datetime(2024, 5, 1, 4, 30, tzinfo=UTC),
            "source": "desk",
            "kind": "message.received",
            "severity": 1.0,
            "amount": 100,
            "currency": "EUR",
            "late_s": 300.0,
            "text": "100",
        },
        {
            "touchpoint_id": "desk:0002",
            "identifier": "user:Ann",
            "occurred_at": datetime(2024, 5, 1, 8, tzinfo=UTC),
            "received_at": datetime(2024, 5, 1, 18, 30, tzinfo=UTC),
            "source": "desk",
            "kind": "message.received",
            "amount": 7,
            "currency": "EUR",
            "text": "7",
        },
    ]
    assert found.faults() == [
        (3, "severity", "is above 3", "3.5"),
        (4, "severity", "is not a number", "x"),
        (5, "amount", "is not a whole number", "1.5"),
        (6, "identifier", "is not namespace:value, such as user:4711 or email:someone@example.org", "nobody"),
        (7, "identifier", "is null but must be known", None),
        (8, "occurred_at", "is not a time between the years 1900 and 2200", "1899-05-01 04:38:50+00"),
        (9, "occurred_at", "lies in the future", "2026-05-01 04:30:00+00"),
        (10, "occurred_at", "is not a time as %d.%m.%Y %H:%M or %Y-%m-%dT%H:%M:%S%z", "2024-05-01"),
    ]
