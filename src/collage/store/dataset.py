"""A dataset folder: which file is which table, and each table as an Ibis table that keeps its contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from collage.errors import DatasetError
from collage.store import door
from collage.store.engine import Engine
from collage.tables import CONTRACTS, contract_hash

__all__ = ["Checked", "Dataset", "open_dataset"]

_ENDINGS = (".parquet", ".csv", ".csv.gz", ".jsonl")


@dataclass(frozen=True, slots=True)
class Checked:
    """What the door found of one table: rows as stored, identical rows dropped, unknown columns."""

    rows: int
    duplicates: int
    unknown: tuple[str, ...]
    verified: bool


@dataclass(slots=True)
class Dataset:
    """An open dataset whose tables have passed the door.

    `files` maps the name of a table to its files; `checked` to what the door found.
    """

    folder: Path
    engine: Engine
    files: dict[str, list[Path]]
    checked: dict[str, Checked] = field(default_factory=dict)

    def table(self, name: str) -> ir.Table:
        """Return a table in contract order and types, each row once.

        Parameters
        ----------
        name
            Name of the table.

        Returns
        -------
        Table
            Not read yet: an expression on the files.

        Raises
        ------
        DatasetError
            When the dataset has no table of this name.
        """
        if name not in self.files:
            have = ", ".join(sorted(self.files)) or "none"
            do = "make it with collage read, or check the folder's name"
            raise DatasetError(f"read {name} of {self.folder}", f"no such table (there are: {have})", do)
        table = door.conformed(self.engine, name, self.files[name])
        return table.distinct() if self.checked[name].duplicates else table

    def has(self, name: str) -> bool:
        """Return whether the dataset holds a table with at least one row.

        Parameters
        ----------
        name
            Name of the table.

        Returns
        -------
        bool
            False also where there is no such table.
        """
        return name in self.files and self.checked[name].rows > 0

    def text(self, name: str) -> str | None:
        """Return the text of a file beside the tables.

        Parameters
        ----------
        name
            Name of the file, such as ``catalogue.toml``.

        Returns
        -------
        str or None
            None when there is no such file.
        """
        file = self.folder / name
        if not file.is_file():
            return None
        try:
            return file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            do = "save it as UTF-8 text, or take it out of the dataset"
            raise DatasetError(f"read {file}", str(error), do) from None


def open_dataset(
    folder: Path, engine: Engine, *, trust: bool = True, progress: Callable[[str], None] = lambda _: None
) -> Dataset:
    """Open a dataset and check every table at the door, once.

    Where ``dataset.json`` matches the contracts and the files, the door is skipped.

    Parameters
    ----------
    folder
        Holds ``NAME.parquet`` or a folder ``NAME/`` of Parquet files, or ``.csv``, ``.csv.gz``, ``.jsonl``.
    engine
        DuckDB or Spark. The door itself always runs on DuckDB.
    trust
        Whether a ``dataset.json`` that matches is believed.
    progress
        Called with the name of each table before it is checked.

    Returns
    -------
    Dataset
        Every table of it has passed the door.

    Raises
    ------
    DatasetError, ContractError
        When the folder is no dataset, or a table breaks its contract.
    """
    files = _files(folder)
    dataset = Dataset(folder, engine, files)
    described = _described(folder, files) if trust else None
    if described is not None:
        dataset.checked = {name: Checked(rows, 0, (), verified=True) for name, rows in described.items()}
        return dataset
    for name, paths in files.items():
        progress(name)
        rows, duplicates, unknown = door.check(engine, name, paths)
        dataset.checked[name] = Checked(rows, duplicates, unknown, verified=False)
    return dataset


def _files(folder: Path) -> dict[str, list[Path]]:
    if not folder.is_dir():
        raise DatasetError(
            f"open the dataset {folder}",
            "no such folder",
            "make one: collage read SOURCE… --map MAP.toml --out DATASET",
        )
    found: dict[str, list[Path]] = {}
    for name in (name for name, contract in CONTRACTS.items() if not contract.derived):
        places = [folder / f"{name}{ending}" for ending in _ENDINGS if (folder / f"{name}{ending}").exists()]
        if (folder / name).is_dir():
            places.append(folder / name)
        if len(places) > 1:
            both = " and ".join(place.name + ("/" if place.is_dir() else "") for place in places)
            raise DatasetError(f"read {name} of {folder}", f"both {both}", "keep one of them")
        if places:
            found[name] = _parts(places[0])
    if not found:
        do = "a dataset holds at least touchpoints.parquet; make one with collage read"
        raise DatasetError(f"open the dataset {folder}", "none of our tables in it", do)
    return found


def _parts(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    parts = sorted(place.glob("*.parquet"))
    if not parts:
        raise DatasetError(
            f"read {place}/", "a folder without Parquet files", "put Parquet files into it, or remove it"
        )
    return parts


def _described(folder: Path, files: dict[str, list[Path]]) -> dict[str, int] | None:
    """Return the rows of each table when ``dataset.json`` still tells the truth about the folder."""
    try:
        note: Any = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        tables = note["tables"]
        sizes = {name: {str(p): int(s) for p, s in tables[name]["files"].items()} for name in tables}
        rows = {name: int(tables[name]["rows"]) for name in tables}
        contract = note["contract"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    real = {name: {p.relative_to(folder).as_posix(): p.stat().st_size for p in paths} for name, paths in files.items()}
    if contract != contract_hash() or sizes != real:
        return None
    return rows if rows == {name: _stored_rows(paths) for name, paths in files.items()} else None


def _stored_rows(files: Sequence[Path]) -> int | None:
    """Return the rows that Parquet files say they hold; None where one of them says nothing."""
    try:
        return sum(int(pq.read_metadata(file).num_rows) for file in files)
    except (OSError, pa.ArrowException):
        return None
