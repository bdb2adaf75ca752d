"""Broken datasets, for `collage check`."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from collage.tables import contract_hash
from tests.core.reading.broken.cases import Content, Refused, gzipped
from tests.core.reading.broken.parquet_files import FURTHEST, written

TOUCHPOINTS = {
    "touchpoint_id": pa.array(["desk:1", "desk:2"]),
    "identifier": pa.array(["user:anna", "user:ben"]),
    "occurred_at": pa.array([0, 1], pa.timestamp("us", "UTC")),
    "kind": pa.array(["contact.answered"] * 2),
}
HEADER = "touchpoint_id,identifier,occurred_at,kind\n"
SOUND = HEADER + "desk:1,user:anna,2024-05-01,contact.answered\n"
OBJECT = {"touchpoint_id": "desk:1", "identifier": "user:anna", "occurred_at": "2024-05-01", "kind": "contact.answered"}
NEGATIVE = pa.array([-1.0, 2.0])


def parquet(**columns: Any) -> Content:
    """Return a table of touchpoints, sound but for the columns given; those given as None are left out."""
    kept = {name: column for name, column in {**TOUCHPOINTS, **columns}.items() if column is not None}
    return written(pa.table(kept))


def refused(name: str, files: Mapping[str, Content], *words: str) -> Refused:
    return Refused(name, files, words)


def lie(rows: object = 2, size: object = 1, contract: str = "") -> str:
    files = {"touchpoints.parquet": size}
    tables = {"touchpoints": {"rows": rows, "files": files}}
    return json.dumps({"contract": contract or contract_hash(), "tables": tables})


def one(content: Content, name: str = "touchpoints.parquet") -> dict[str, Content]:
    return {name: content}


LIES = {
    "another size": lie(),
    "a size that is infinite": lie(size=float("inf")),
    "rows that are infinite": lie(rows=float("inf")),
    "no description at all": "[" * 100_000,
    "another contract": lie(contract="0" * 16),
}

REFUSED = [
    refused("an empty dataset", {}, "open the dataset", "none of our tables", "collage read"),
    refused(
        "a table as a file and as a folder",
        {"touchpoints.parquet": parquet(), "touchpoints/a.parquet": parquet()},
        "both touchpoints.parquet and touchpoints/",
        "keep one of them",
    ),
    refused(
        "a table in two formats",
        {"touchpoints.parquet": parquet(), "touchpoints.csv": SOUND},
        "both touchpoints.parquet and touchpoints.csv",
        "keep one of them",
    ),
    refused("a table that is an empty folder", {"touchpoints/": ""}, "touchpoints/", "a folder without Parquet files"),
    refused("Parquet that is none", one("no Parquet at all"), "touchpoints.parquet", "no whole Parquet file"),
    refused(
        "Parquet with its end cut off",
        one(written(pa.table(TOUCHPOINTS), keep=slice(-9))),
        "touchpoints.parquet",
        "no whole Parquet file",
    ),
    refused(
        "nanoseconds in a dataset",
        one(parquet(occurred_at=pa.array([1, 2], pa.timestamp("ns", "UTC")))),
        "touchpoints.parquet, column occurred_at",
        "nanosecond times",
        "collage read, which rounds them down",
    ),
    refused("numbers for kinds", one(parquet(kind=pa.array([1, 2]))), "column kind", "int64", "as string"),
    refused("a required column that is not there", one(parquet(kind=None)), "no column kind", "collage read"),
    refused("an unknown identifier", one(parquet(identifier=pa.array(["user:anna", None]))), "row 2", "null"),
    refused(
        "an identifier without a namespace",
        one(parquet(identifier=pa.array(["user:anna", "ben"]))),
        "column identifier, row 2",
        "'ben'",
        "namespace:value",
    ),
    refused("a negative wait", one(parquet(wait_s=NEGATIVE)), "column wait_s, row 1", "'-1.0'", "below 0"),
    refused("a wait that is no number", one(parquet(wait_s=pa.array([1.0, float("nan")]))), "row 2", "finite number"),
    refused(
        "a time at the end of all times",
        one(parquet(occurred_at=pa.array([0, -FURTHEST], pa.timestamp("us", "UTC")))),
        "column occurred_at, row 2",
        "between the years 1900 and 2200",
    ),
    refused(
        "an id for two rows",
        one(parquet(touchpoint_id=pa.array(["desk:1", "desk:1"]))),
        "column touchpoint_id",
        "'desk:1' stands for 2 different rows",
        "sets the later ones aside",
    ),
    refused("a column of our own in a dataset", one(parquet(_row=pa.array([1, 2]))), "'_row', a name of our own"),
    refused("a CSV without a header", one("", "touchpoints.csv"), "touchpoints.csv", "no header line"),
    refused(
        "a CSV with a column twice",
        one(SOUND.replace("kind", "kind,KIND"), "touchpoints.csv"),
        "touchpoints.csv",
        "the column 'kind' twice",
    ),
    refused("a CSV with a cell too many", one(SOUND + "a,b,c,d,e\n", "touchpoints.csv"), "a,b,c,d,e", "Columns: 4"),
    refused("a CSV with a cell too few", one(SOUND + "a,b,c\n", "touchpoints.csv"), "a,b,c", "Columns: 4"),
    refused("a CSV with an open quote", one(SOUND + 'a,b,c,"d\n', "touchpoints.csv"), 'a,b,c,"d', "quote"),
    refused(
        "a CSV with another delimiter",
        one(SOUND.replace(",", ";"), "touchpoints.csv"),
        "no column touchpoint_id, identifier, occurred_at, kind",
    ),
    refused(
        "a CSV in another encoding",
        one(SOUND.replace("anna", "änne").encode("cp1252"), "touchpoints.csv"),
        "touchpoints.csv",
        "can't decode byte 0xe4",
    ),
    refused(
        "a CSV with a time that cannot be",
        one(SOUND.replace("05-01", "02-30"), "touchpoints.csv"),
        "column occurred_at, row 1",
        "'2024-02-30'",
        "ISO 8601",
    ),
    refused(
        "a gzipped CSV cut off", one(gzipped(SOUND)[:-5], "touchpoints.csv.gz"), "touchpoints.csv.gz", "ended before"
    ),
    refused(
        "a gzipped CSV with another checksum",
        one(gzipped(SOUND)[:-8] + bytes(8), "touchpoints.csv.gz"),
        "touchpoints.csv.gz",
        "CRC check failed",
    ),
    refused(
        "a line that is no JSON",
        one(json.dumps(OBJECT) + "\nnonsense\n", "touchpoints.jsonl"),
        "touchpoints.jsonl",
        "Malformed JSON",
    ),
    refused("a list where lines should be", one(json.dumps([OBJECT]), "touchpoints.jsonl"), "no column touchpoint_id"),
    *(
        refused(
            f"a description that lies: {name}",
            {"touchpoints.parquet": parquet(wait_s=NEGATIVE), "dataset.json": text},
            "column wait_s, row 1",
            "below 0",
        )
        for name, text in LIES.items()
    ),
]
