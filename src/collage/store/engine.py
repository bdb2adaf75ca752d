"""The two engines, set alike: zone UTC, memory limited, spilling to disk."""

from __future__ import annotations

import math
import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage.errors import EngineError

__all__ = ["MACROS", "Engine", "answered", "connect", "said"]

_SAID = 400
# Functions that Spark has and DuckDB calls otherwise: an expression can then name one for both.
MACROS = ("CREATE MACRO unix_micros(moment) AS epoch_us(moment)",)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT])(i?)B", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Engine:
    """An open connection: `name` is duckdb or spark, `backend` the Ibis backend behind it.

    `memory` is what DuckDB may take before it goes to disk, in bytes; Spark has it in its own settings.
    """

    name: Literal["duckdb", "spark"]
    backend: Any
    spill: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)
    memory: float = math.inf

    def view(self, query: str) -> ir.Table:
        """Return what a DuckDB query gives (Ibis 12's own `sql` does not know DuckDB 2).

        Parameters
        ----------
        query
            SQL without anything from outside that is not quoted.

        Returns
        -------
        Table
            A view; the query runs when it is asked.
        """
        name = ibis.util.gen_name("view")
        self.backend.raw_sql(f"CREATE TEMP VIEW {name} AS {query}").fetchall()
        return self.backend.table(name)

    def known(self, table: ir.Table, name: str) -> ir.Table:
        """Return a table under a name of its own, not worked out yet: what is remembered of a query reads it by that.

        Parameters
        ----------
        table
            Any, of this engine.
        name
            Not used before.

        Returns
        -------
        Table
            The same rows.
        """
        # a Spark session outlives the engine, and may know the name from a command before
        return self.backend.create_view(name, table, overwrite=self.name == "spark")

    def kept(self, table: ir.Table, name: str = "") -> ir.Table:
        """Return a table worked out once and kept until the engine is closed, for what is asked several times.

        Parameters
        ----------
        table
            Any, of this engine or in memory.
        name
            Not used before; none: one of its own.

        Returns
        -------
        Table
            The same rows, not worked out again.
        """
        if self.name == "spark":
            view = self.backend.create_view(ibis.util.gen_name("kept"), table).get_name()
            # a checkpoint and no cache: what is asked of the rows is then planned without all that led to them
            rows = self.backend._session.table(view).localCheckpoint()  # noqa: SLF001  # Ibis shows its session no other way
            name = name or ibis.util.gen_name("kept")
            rows.createOrReplaceTempView(name)  # as above
            return self.backend.table(name).cast(table.schema())  # Spark forgets that times are in UTC
        return self.backend.create_table(name or ibis.util.gen_name("kept"), obj=table, temp=True)

    def parts(self, table: ir.Table, size: int) -> Iterator[pa.Table]:
        """Yield a table in parts, so that it need not fit in memory (DuckDB; Ibis 12's own way does not know DuckDB 2).

        Parameters
        ----------
        table
            Any, of this engine.
        size
            Rows of a part, about.

        Returns
        -------
        iterator of pyarrow.Table
            All rows of the table, in its order.
        """
        kept = self.kept(table)  # while somebody holds it: Ibis drops what nobody does
        reader = self.backend.con.sql(f"FROM {kept.get_name()}").to_arrow_reader(size)  # a name of our own
        yield from (pa.Table.from_batches([batch]) for batch in reader)

    def unordered(self) -> None:
        """Let rows come in any order from here on: adding up is quicker for it. The door needs their order."""
        if self.name == "duckdb":
            self.backend.raw_sql("SET preserve_insertion_order = false").fetchall()

    def close(self) -> None:
        """Close the connection and remove what it spilled. A Spark session is left to its owner."""
        if self.name == "duckdb":
            self.backend.disconnect()
        if self.spill is not None:
            self.spill.cleanup()


def connect(name: str = "duckdb", *, memory: str | None = None, spill: Path | None = None) -> Engine:
    """Open an engine with its session zone set to UTC, and check that it is.

    Parameters
    ----------
    name
        ``duckdb`` (in memory) or ``spark`` (needs the extra ``spark`` and Java 17 or later).
    memory
        Limit of DuckDB's memory, such as ``4GB``; default: ``COLLAGE_MEMORY``, else 60 % of the machine's.
    spill
        Folder under which DuckDB puts what does not fit in memory; default: ``COLLAGE_SPILL``, else the system's
        temporary folder.

    Returns
    -------
    Engine
        To be closed by whoever opened it.

    Raises
    ------
    EngineError
        When the engine is unknown, not installed, or refuses a setting.
    """
    # fusing selects takes more than half of the time in which Ibis compiles a query of ours; the engines do it as well
    ibis.options.sql.fuse_selects = False
    if name == "duckdb":
        return _duckdb(memory or os.environ.get("COLLAGE_MEMORY"), spill or _path(os.environ.get("COLLAGE_SPILL")))
    if name == "spark":
        return Engine("spark", _spark())
    raise EngineError(f"open the engine {name}", "no engine of this name", "choose duckdb or spark")


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _duckdb(memory: str | None, spill: Path | None) -> Engine:
    limit = memory or f"{int(_machine_memory() * 0.6) // 2**20}MiB"
    if not _SIZE.fullmatch(limit):
        raise EngineError("limit DuckDB's memory", f"{limit!r}", "give a size such as COLLAGE_MEMORY=4GB")
    try:
        folder = tempfile.TemporaryDirectory(prefix="collage-spill-", dir=spill)
    except OSError as error:
        raise EngineError(
            f"make a folder to spill to under {spill}",
            str(error),
            "set COLLAGE_SPILL to a folder that can be written",
        ) from None
    backend = ibis.duckdb.connect(":memory:", memory_limit=limit, temp_directory=folder.name)
    # DuckDB draws its own progress bar on some terminals; ours goes to stderr
    quiet = ("enable_progress_bar = false", "autoinstall_known_extensions = false")  # nothing is fetched, ever
    for setting in ("TimeZone = 'UTC'", "preserve_insertion_order = true", *quiet):
        backend.raw_sql(f"SET {setting}").fetchall()
    for macro in MACROS:
        backend.raw_sql(macro).fetchall()
    zone = backend.raw_sql("SELECT current_setting('TimeZone')").fetchall()[0][0]
    _check_zone(str(zone))
    return Engine("duckdb", backend, folder, _bytes(limit))


def _bytes(size: str) -> float:
    found = _SIZE.fullmatch(size)
    assert found is not None  # noqa: S101  # asked just before
    number, prefix, binary = found.groups()
    return float(number) * float((1024 if binary else 1000) ** ("KMGT".index(prefix.upper()) + 1))


def _spark() -> Any:  # Ibis publishes no types
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415  # an extra, and slow to import
    except ImportError:
        do = "install the extra: pip install 'collage[spark]' (and Java 17 or later)"
        raise EngineError("open the engine spark", "PySpark is not installed", do) from None
    builder = SparkSession.builder.appName("collage").config("spark.sql.session.timeZone", "UTC")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PySpark warns about the machine's host name and about pandas
            # stdout and stderr are ours: no progress bar, no warnings about host names
            quiet = builder.config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
            session = quiet.getOrCreate()
            session.sparkContext.setLogLevel("ERROR")
            session.conf.set("spark.sql.session.timeZone", "UTC")
            backend = ibis.pyspark.connect(session)
    except Exception as error:
        do = "check that Java 17 or later is installed (java -version)"
        raise EngineError("open the engine spark", str(error).strip().splitlines()[0], do) from error
    _check_zone(str(session.conf.get("spark.sql.session.timeZone")))
    return backend


def _check_zone(zone: str) -> None:
    if zone != "UTC":
        raise EngineError("set the session's zone to UTC", f"it is {zone}", "remove the setting that overrides it")


def _machine_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@contextmanager
def answered() -> Iterator[None]:
    """Turn what an engine gives up on into a refusal: a damaged file behind the door, no memory or disk left.

    Returns
    -------
    context manager
        Around whatever asks an engine.

    Raises
    ------
    EngineError
        With what the engine said. All that is ours, and all that is a slip of ours, passes through as it is.
    """
    try:
        yield
    except Exception as error:
        if type(error).__module__.split(".")[0] not in {"duckdb", "_duckdb", "ibis", "pyspark", "py4j"}:
            raise
        do = (
            "collage check tells whether the dataset is whole; for memory and disk set COLLAGE_MEMORY and COLLAGE_SPILL"
        )
        raise EngineError("get an answer from the engine", said(error), do) from error


def said(error: Exception) -> str:
    """Return what an engine says, without its name of the error, its query, and settings that are not ours to give."""
    text = " ".join(str(error).split())
    inner = re.search(r'"exception_message":"((?:[^"\\]|\\.)*)"', text)
    plain = re.sub(r"^(\w+ )+Error: ", "", text if inner is None else inner[1].replace("\\", ""))
    return re.split(r" LINE \d+: | Possible [Ss]olution| Possible fixes", plain)[0][:_SAID]
