"""Broken JSON Lines."""

import json

from tests.core.reading.broken.cases import LONGEST, MEGABYTES, Bad, Refused, SetAside, gzipped


def call(row: int | str, **values: object) -> str:
    """Return a call as a line of JSON, good but for the values given."""
    good = {"id": row, "who": "anna", "at": "2024-05-01T10:00:00", "kind": "contact.answered", "wait": 5}
    return json.dumps({**good, **values}) + "\n"


def spelt(row: int, **texts: str) -> str:
    """Return a call with values spelt as they are given, JSON or not."""
    marks = {name: f"@{name}@" for name in texts}
    text = call(row, **marks)
    for name, mark in marks.items():
        text = text.replace(json.dumps(mark), texts[name])
    return text


DEEP = "is nested too deeply to be read"
PRETTY = json.dumps([json.loads(call(1)), json.loads(call(2))], indent=1)

REFUSED = [
    Refused("an empty JSONL file", {"calls.jsonl": ""}, ("read calls.jsonl", "an empty file", "export it again")),
    Refused(
        "one JSON list on one line",
        {"calls.jsonl": json.dumps([json.loads(call(1))])},
        ("read calls.jsonl", "not one JSON object with a key in its one line", "one JSON object a line"),
    ),
    Refused(
        "JSON over many lines",
        {"calls.jsonl": PRETTY},
        ("read calls.jsonl", "not one JSON object", "one JSON object a line"),
    ),
    Refused(
        "JSON objects without a key the map names",
        {"calls.jsonl": call(1).replace("who", "whom")},
        ("find the column 'who'", "calls.jsonl", "did you mean whom?"),
    ),
    Refused(
        "JSONL in UTF-16 without saying so",
        {"calls.jsonl": call(1).encode("utf-16")},
        ("read calls.jsonl", "UTF-16 text", 'encoding = "utf-16"'),
    ),
    Refused(
        "gzipped JSONL that breaks off",
        {"calls.jsonl.gz": gzipped(call(1) * 100)[:-9]},
        ("read calls.jsonl.gz", "breaks off", "copy or export it again"),
    ),
]

LINES: list[tuple[str, Bad | None]] = [
    (call("g1"), None),
    ("[1, 2]\n", Bad(0, None, "is no JSON object")),
    ("5\n", Bad(0, None, "is no JSON object")),
    ("null\n", Bad(0, None, "is no JSON object")),
    ("{\n", Bad(0, None, "is no JSON: Expecting property name enclosed in double quotes at character 3")),
    ("nonsense\n", Bad(0, None, "is no JSON: Expecting value at character 1")),
    (call(7).strip() + " and more\n", Bad(0, None, "is no JSON: Extra data at character 94")),
    ("[" * 100_000 + "\n", Bad(0, None, DEEP)),
    ('{"a":' * 100_000 + "\n", Bad(0, None, DEEP)),
    (spelt(10, wait="NaN"), Bad(0, "wait_s", "is not a number", "NaN")),
    (spelt(11, wait="-Infinity"), Bad(0, "wait_s", "is not a number", "-Infinity")),
    (spelt(12, wait="1e400"), Bad(0, "wait_s", "is not a number", "1e400")),
    (spelt(13, wait="9" * 5000), Bad(0, "wait_s", "is not a number", "9" * 5000)),
    (call(14, wait={"seconds": 5}), Bad(0, "wait_s", "is not a number", '{"seconds": 5}')),
    (call(15, wait=True), Bad(0, "wait_s", "is not a number", "true")),
    (spelt(16, who=r'"\ud800"'), Bad(0, "who", "holds half a character (a lone surrogate)", r"\ud800")),
    (call(17, who="a\0b"), Bad(0, "identifier", "holds a NUL character", "user:a␀b")),
    (call(18, at=1714557600), Bad(0, "occurred_at", "is not a time (ISO 8601)", "1714557600")),
    (spelt(19, who='"anna", "who": "ben"'), Bad(0, None, "is no JSON: the key 'who' twice")),
    ('{"other": 1}\n', Bad(0, "touchpoint_id", "is null but must be known")),
    (f'{{"id": "{"x" * MEGABYTES}"}}\n', Bad(0, None, LONGEST)),
    ("\0\0\0\n", Bad(0, None, "is no JSON: Expecting value at character 1")),
    (call("g2", un="used \ud800 and unseen"), None),
    (call("g3").strip() + "\r\n", None),
]

MIXED = SetAside(
    "lines that are no call",
    {"calls.jsonl": "\n  \n".join(text for text, _ in LINES)},
    tuple(Bad(row, bad.column, bad.reason, bad.found) for row, (_, bad) in enumerate(LINES, 1) if bad is not None),
    ("calls:g1", "calls:g2", "calls:g3"),
)

BYTES = SetAside(
    "a line in another encoding",
    {"calls.jsonl": (call("g1") + call(2, who="Mxller")).encode().replace(b"Mx", b"M\xfc")},
    (Bad(2, None, "holds bytes that are no text in utf-8 (the map's table can name another encoding)"),),
    ("calls:g1",),
)

SET_ASIDE = [MIXED, BYTES]
