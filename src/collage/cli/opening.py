"""What commands open: an engine, a dataset, a catalogue, and what a dataset's touchpoints have left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collage.cli.printing import at_work, say
from collage.errors import CatalogueError, CollageError

if TYPE_CHECKING:
    from collage.experience import Catalogue
    from collage.store import Dataset, Engine

__all__ = ["Marked", "catalogue_of", "last", "marked", "opened", "running", "text_of"]


@dataclass(frozen=True, slots=True)
class Marked:
    """A dataset's touchpoints (with those that promises have become), its customers, and the marks left on them."""

    touchpoints: Any
    customers: Any
    marks: Any
    catalogue: Catalogue


@contextmanager
def running(name: str) -> Iterator[Engine]:
    """Open an engine for a command, and close it."""
    from collage import store

    opened_ = store.connect(name)
    try:
        with store.answered():
            yield opened_
    finally:
        opened_.close()


@contextmanager
def opened(folder: Path, engine_name: str, *, trust: bool = True) -> Iterator[Dataset]:
    """Open a dataset for a command, checked at the door."""
    from collage import store

    with running(engine_name) as own:
        with at_work() as step:
            dataset = store.open_dataset(folder, own, trust=trust, progress=lambda name: step(f"checking {name}"))
        yield dataset


def catalogue_of(file: Path | None, dataset: Dataset) -> Catalogue:
    """Return the catalogue that was asked for, else the dataset's own, else the shipped one."""
    from collage import experience

    if file is not None:
        return experience.load(text_of(file, CatalogueError), file=str(file))
    own = dataset.text("catalogue.toml")
    place = str(dataset.folder / "catalogue.toml")
    return experience.default() if own is None else experience.load(own, file=place)


def marked(dataset: Dataset, file: Path | None, *, of: str | None = None) -> Marked:
    """Return what a dataset's touchpoints have left behind.

    Parameters
    ----------
    dataset
        Open; with claims, promises and corrections where it has them.
    file
        The catalogue asked for; None: the dataset's own or the shipped one.
    of
        A customer id or any identifier: of this customer alone; None: of all.
    """
    from collage import customers, experience, promises

    catalogue = catalogue_of(file, dataset)
    dataset.engine.unordered()
    touchpoints = dataset.table("touchpoints")
    if dataset.has("promises"):
        touchpoints = touchpoints.union(promises.touchpoints(dataset.table("promises")))
    claims = dataset.table("claims") if dataset.has("claims") else None
    if claims is not None and (doubtful := customers.doubtful(claims)):
        say(f"Note: {doubtful:,} claims give no confidence and are not followed; give them one, from 0 to 1.")
    who = dataset.engine.kept(customers.customers(touchpoints, claims))
    if of is not None:
        who = who.filter(who.customer_id == customers.customer_of(who, of))
        # a list of literals reaches the scan of a file, a join does not on every engine
        names = [str(row["identifier"]) for row in who.select("identifier").to_pyarrow().to_pylist()]
        touchpoints = touchpoints.filter(touchpoints.identifier.isin(names))
    corrections = dataset.table("corrections") if dataset.has("corrections") else None
    kinds = touchpoints.select("kind").distinct().to_pyarrow()["kind"].to_pylist()
    spark = dataset.engine.name == "spark"
    kept = dataset.engine.kept if spark else lambda table: table
    left = kept(experience.marks(touchpoints, who, catalogue.on(kinds), corrections, kept=kept))
    return Marked(touchpoints, who, left, catalogue)


def last(dataset: Dataset) -> datetime:
    """Return the moment of a dataset's last touchpoint."""
    found = dataset.table("touchpoints").occurred_at.max().to_pyarrow().as_py()
    if not isinstance(found, datetime):
        asked, do = f"find the last touchpoint of {dataset.folder}", "read some, or give --at"
        raise CollageError(asked, "a dataset without touchpoints", do)
    return found.astimezone(UTC)


def text_of(file: Path, error: Callable[[str, str, str], CollageError]) -> str:
    """Return the text of a file, or raise the error that says why not."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as why:
        raise error(f"read {file}", str(why), "check the path; the file is UTF-8 text") from None
