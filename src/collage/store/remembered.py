"""Queries that are the same each time, kept as text from one run to the next.

Ibis takes about a second to build and compile a query of ours, DuckDB a quarter of one to run it on a small dataset. So
the text is kept in the user's cache folder, under a name that changes with whatever could change the text.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa

from collage.store.engine import Engine

__all__ = ["remembered"]

_KEPT = 50  # queries, of about a hundred kilobytes each
_READ_BY = ("duckdb", "ibis-framework", "sqlglot", "pyarrow")


def remembered(engine: Engine, key: Sequence[str], build: Callable[[], ir.Table]) -> pa.Table:
    """Return the rows of a query, built and compiled only when it is not remembered.

    Parameters
    ----------
    engine
        DuckDB; on Spark nothing is remembered.
    key
        Everything that the query depends on, beside the libraries and Collage itself, which are added here. What it
        reads must go by names that are the same in every run: `Engine.kept` and `Engine.known` give tables such names.
    build
        Gives the query.

    Returns
    -------
    pyarrow.Table
        Its rows.
    """
    if engine.name != "duckdb":
        return build().to_pyarrow()
    file = _file(key)
    found = _read(file)
    if found is None:
        found = _compiled(build())
        _write(file, found)
    rows = pa.ipc.open_stream(base64.b64decode(found["columns"])).schema
    connection = engine.backend.con
    for name, table in found["tables"].items():
        connection.register(name, pa.ipc.open_stream(base64.b64decode(table)).read_all())
    # into a table first: a query that is fetched as Arrow is planned twice, which takes longer than running it
    answer = ibis.util.gen_name("answer")
    connection.execute(f"CREATE TEMP TABLE {answer} AS {found['text']}")
    try:
        return connection.sql(f"FROM {answer}").to_arrow_table().cast(rows)
    finally:
        connection.execute(f"DROP TABLE {answer}")


def _compiled(table: ir.Table) -> dict[str, Any]:
    """Return a query as text, with the small tables in memory that it reads and the columns it gives."""
    text = str(ibis.to_sql(table, dialect="duckdb", pretty=False))
    held = {each.name: _packed(each.data.to_pyarrow(each.schema)) for each in table.op().find(ops.InMemoryTable)}
    return {"text": text, "tables": held, "columns": _packed(table.schema().to_pyarrow().empty_table())}


def _packed(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return base64.b64encode(sink.getvalue()).decode("ascii")


def _file(key: Sequence[str]) -> Path:
    parts = [*key, *(f"{name} {version(name)}" for name in _READ_BY), _own_source()]
    name = sha256("\0".join(parts).encode()).hexdigest()
    home = os.environ.get("COLLAGE_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        return Path(home).expanduser() / "collage" / f"{name}.json"
    except RuntimeError:  # nobody's home: nothing will be found there, and nothing kept
        return Path(os.devnull) / name


@cache
def _own_source() -> str:
    """Return a digest of all that Collage is made of: whoever changes a rule or a line gets another query."""
    root = Path(__file__).parents[1]
    digest = sha256()
    for file in sorted((*root.rglob("*.py"), *root.rglob("*.toml"))):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _read(file: Path) -> dict[str, Any] | None:
    """Return what is remembered; None where there is nothing, or nothing that can be used."""
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
        return found if {"text", "tables", "columns"} == found.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


def _write(file: Path, found: dict[str, Any]) -> None:
    """Remember a query, and forget the oldest of many. A cache that cannot be written is no reason to stop."""
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = file.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(found), encoding="utf-8")
        beside.replace(file)
        newest_first = sorted(file.parent.glob("*.json"), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in newest_first[_KEPT:]:
            old.unlink(missing_ok=True)
