"""What commands open: an engine, a dataset, a catalogue, and what a dataset's touchpoints have left behind."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collage.cli.printing import at_work, say
from collage.errors import CatalogueError, CollageError, ModelError

if TYPE_CHECKING:
    import pyarrow as pa

    from collage.experience import Catalogue, Model
    from collage.store import Dataset, Engine

__all__ = [
    "Marked",
    "catalogue_of",
    "check_rated",
    "last",
    "last_of_all",
    "marked",
    "marked_in_parts",
    "model_of",
    "opened",
    "running",
    "text_of",
]

_EACH = 500.0  # bytes of memory that a touchpoint takes on its way to a score
_OF_MEMORY = 0.8  # that marks may take
_REASONS = {  # as the report says them
    "too_few": "there are too few ratings for a trial",
    "no_better_than_default": "it foretells later ratings no better than the catalogue's own numbers",
    "no_better_than_intercept": "it foretells later ratings no better than one forecast for everyone",
    "weights_at_their_bound": "too many weights are nothing, because the ratings pull them to the other side of what "
    "was assumed",
}


@dataclass(frozen=True)
class Marked:
    """A dataset's touchpoints (with those that promises have become), its customers, and the marks left on them.

    `kinds` are all kinds of its touchpoints, `part` says which customers these are, where they are not all. Where a
    `model` was asked for, `catalogue` weighs by it.
    """

    engine: Engine
    touchpoints: Any
    customers: Any
    corrections: Any
    catalogue: Catalogue
    kinds: Sequence[str]
    part: str = ""
    model: Model | None = None

    @cached_property
    def marks(self) -> Any:
        """Return the marks of these customers."""
        from collage import experience

        kept = self.engine.kept if self.engine.name == "spark" else _as_it_is
        rules = self.catalogue.on(self.kinds)
        return kept(experience.marks(self.touchpoints, self.customers, rules, self.corrections, kept=kept, whose=True))

    def of(self, customers: Any) -> Marked:
        """Return the same of some of the customers."""
        return replace(self, customers=customers)

    def answer(self, question: str, build: Callable[[], Any]) -> pa.Table:
        """Return the rows of what `build` makes of these tables, which `question` and they alone decide."""
        from collage import store

        rules = repr(self.catalogue.on(self.kinds))
        there = "as they are" if self.corrections is None else "corrected"
        return store.remembered(self.engine, (question, repr(self.catalogue), rules, there, self.part), build)


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


def catalogue_of(file: Path | None, dataset: Dataset, *, model: Model | None = None) -> Catalogue:
    """Return the catalogue that was asked for, else the dataset's own, else the shipped one; weighing by a model."""
    from collage import experience

    own = None if file is not None else dataset.text("catalogue.toml")
    if file is not None:
        found = experience.load(text_of(file, CatalogueError), file=str(file))
    elif own is not None:
        found = experience.load(own, file=str(dataset.folder / "catalogue.toml"))
    else:
        found = experience.default()
    if model is None:
        return found
    weighed = found.by(model)
    _tell_model(model, found)
    return weighed


def model_of(file: Path) -> Model:
    """Return the model that a file holds."""
    from collage.experience import model_json

    return model_json.loads(text_of(file, ModelError), file=str(file))


def _tell_model(model: Model, catalogue: Catalogue) -> None:
    """Say what whoever reads the numbers of a model should know about it."""
    name = f"the model {model.version}"
    if model.catalogue_hash != catalogue.digest:
        new = sum(mark.name not in model.marks for mark in catalogue.weighing)
        same = "another state of it" if model.catalogue == catalogue.version else f"catalogue {model.catalogue}"
        unknown = f"; {new:,} marks that it does not know weigh as the catalogue says, times {model.multiplier:g}"
        words = f"marks are left by catalogue {catalogue.version}, and {name} was fitted by {same}"
        say(f"Note: {words}{unknown if new else ''}.")
    if not model.fitted:
        say(f"Note: {name} has only {model.n_ratings:,} ratings, too few for a fit: its numbers are the catalogue's.")
    elif not model.validation.accepted:
        why = "; ".join(_REASONS.get(code, code) for code in model.validation.reasons) or "no reason is given"
        say(f"Note: {name} has not passed its test ({why}); its numbers are used all the same.")


def marked(dataset: Dataset, file: Path | None, *, of: str | None = None, model: Path | None = None) -> Marked:
    """Return what a dataset's touchpoints have left behind.

    Parameters
    ----------
    dataset
        Open; with claims, promises and corrections where it has them.
    file
        The catalogue asked for; None: the dataset's own or the shipped one.
    of
        A customer id or any identifier: of this customer alone; None: of all.
    model
        The file of the model asked for; None: none, the catalogue's own numbers count.
    """
    from collage import customers

    found = _found(dataset, file, model)
    if of is None:
        return found
    who = found.customers.filter(found.customers.customer_id == customers.customer_of(found.customers, of))
    # a list of literals reaches the scan of a file, a join does not on every engine
    names = [str(row["identifier"]) for row in who.select("identifier").to_pyarrow().to_pylist()]
    theirs = found.touchpoints.filter(found.touchpoints.identifier.isin(names))
    return replace(found, touchpoints=theirs, customers=who, part=of)


def marked_in_parts(dataset: Dataset, file: Path | None, *, model: Path | None = None) -> Iterator[Marked]:
    """Yield what a dataset's touchpoints have left behind, by parts of its customers: one at a time fits in memory.

    Scores of a part are the scores of its customers, whoever else there is, and sums of parts add up. Every part reads
    all touchpoints, so there are only as many as memory asks for.

    Parameters
    ----------
    dataset, file, model
        As `marked` has them.
    """
    found = _found(dataset, file, model)
    needed = found.touchpoints.count().to_pyarrow().as_py() * _EACH
    parts = math.ceil(needed / (_OF_MEMORY * dataset.engine.memory))
    if parts <= 1:
        yield found
        return
    for part in range(parts):
        theirs = found.customers.filter(found.customers.number % parts == part)
        yield replace(found, customers=theirs, part=f"{part} of {parts}")


def _found(dataset: Dataset, file: Path | None, model_file: Path | None) -> Marked:
    from collage import customers, promises

    model = None if model_file is None else model_of(model_file)
    catalogue = catalogue_of(file, dataset, model=model)
    engine = dataset.engine
    engine.unordered()
    touchpoints = dataset.table("touchpoints")
    if dataset.has("promises"):
        touchpoints = touchpoints.union(promises.touchpoints(dataset.table("promises")))
    touchpoints = engine.known(touchpoints, "all_touchpoints")
    claims = dataset.table("claims") if dataset.has("claims") else None
    if claims is not None and (doubtful := customers.doubtful(claims)):
        say(f"Note: {doubtful:,} claims give no confidence and are not followed; give them one, from 0 to 1.")
    who = customers.customers(touchpoints, claims, kept=engine.kept)
    # Spark would bring all rows to one place to number them
    who = engine.kept(who if engine.name == "spark" else customers.numbered(who), "all_customers")
    corrections = engine.known(dataset.table("corrections"), "all_corrections") if dataset.has("corrections") else None
    kinds = sorted(touchpoints.select("kind").distinct().to_pyarrow()["kind"].to_pylist())
    return Marked(engine, touchpoints, who, corrections, catalogue, kinds, model=model)


def _as_it_is(table: Any) -> Any:
    return table


def last(dataset: Dataset) -> datetime:
    """Return the moment of a dataset's last touchpoint."""
    found = dataset.table("touchpoints").occurred_at.max().to_pyarrow().as_py()
    if not isinstance(found, datetime):
        asked, do = f"find the last touchpoint of {dataset.folder}", "read some, or give --at"
        raise CollageError(asked, "a dataset without touchpoints", do)
    return found.astimezone(UTC)


def check_rated(dataset: Dataset, asked: str) -> None:
    """Raise an error where a dataset has no ratings, which `asked` needs."""
    if not dataset.has("ratings"):
        do = 'read some: a map with [[emit]] table = "ratings" (docs: reference/map)'
        raise CollageError(asked, "a dataset without ratings", do)


def last_of_all(dataset: Dataset) -> datetime:
    """Return the moment of the last touchpoint or rating: what customers say of it often comes after it.

    Parameters
    ----------
    dataset
        With ratings.
    """
    rated = dataset.table("ratings").rated_at.max().to_pyarrow().as_py()
    return max(last(dataset), rated.astimezone(UTC)) if isinstance(rated, datetime) else last(dataset)


def text_of(file: Path, error: Callable[[str, str, str], CollageError]) -> str:
    """Return the text of a file, or raise the error that says why not."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as why:
        raise error(f"read {file}", str(why), "check the path; the file is UTF-8 text") from None
