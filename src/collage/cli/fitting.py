"""The command `fit`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from collage.cli.opening import check_rated, last_of_all, marked, opened
from collage.cli.printing import at_work, print_table, say, show
from collage.cli.writing import check_place, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from collage.cli.opening import Marked
    from collage.experience import Catalogue, Model
    from collage.experience.model import HalfLife, Weight
    from collage.report import Bridge
    from collage.store import Dataset

__all__ = ["fit"]

Tables: TypeAlias = tuple[Any, Any, Any]

_SEED = 1  # of the permutations: the same ratings give the same model


def fit(arguments: argparse.Namespace) -> None:
    """Fit what marks weigh and how they fade to a dataset's own ratings, and write the model."""
    from collage.experience import model_json

    with opened(arguments.dataset, arguments.engine) as dataset, at_work() as step:
        check_rated(dataset, f"fit {arguments.dataset}")
        check_place(arguments.out)
        at = arguments.at or last_of_all(dataset)
        step("marks")
        found = marked(dataset, arguments.catalogue)
        whole = _count(dataset.table("ratings"))
        model, bridge = _fitted(dataset, found, at, arguments, step)
    write_text(arguments.out, model_json.dumps(model))
    _tell(model, bridge)
    say(f"{model.n_ratings:,} of {whole:,} ratings could be used.")
    say(f"{arguments.out}: the model; use it with --model {arguments.out} on score, explain and report.")


def _fitted(
    dataset: Dataset, found: Marked, at: datetime, arguments: Any, step: Callable[[str], None]
) -> tuple[Model, Bridge | None]:
    """Return the model, and how the company's index moves by it."""
    import numpy as np

    from collage.experience import learning

    marks = dataset.engine.kept(found.marks)
    step("usable ratings")
    usable = learning.usable(dataset.table("ratings"), marks, found.touchpoints, found.customers, at=at)
    ratings, asked = learning.as_ratings(_rows(usable))
    kinds = learning.kinds_of(found.catalogue)
    _warn(arguments.depth, ratings.n)

    def remembering(multipliers: Sequence[float], *, light: bool = False) -> learning.Remembered:
        rows = _rows(learning.features(asked, marks, found.customers, kinds, multipliers))
        return learning.remembered(rows, ratings.n, kinds, multipliers, light=light)

    model = learning.fit(
        ratings,
        learning.histories(asked, marks, found.customers, kinds),
        remembering,
        found.catalogue,
        now=datetime.now(UTC),
        rng=np.random.default_rng(_SEED),
        depth=arguments.depth,
        progress=step,
    )
    step("the company by both measures")
    tables: Tables = (marks, found.touchpoints, found.customers)
    return _published(model, tables, found.catalogue, at=at, kept=dataset.engine.kept)


def _warn(depth: str | None, n: int) -> None:
    """Say that more was asked for than so many ratings carry."""
    from collage.experience import learning

    usual = learning.depth_of(n)
    order = ("none", "weights", "half-lives", "full")
    if depth is not None and order.index(depth) > order.index(usual):
        carried = "nothing" if usual == "none" else usual
        beyond = "what is fitted beyond that is mostly assumption"
        say(f"Note: {n:,} usable ratings carry {carried}, not {depth}; {beyond}.")


def _published(
    model: Model, tables: Tables, catalogue: Catalogue, *, at: datetime, kept: Callable[[Any], Any]
) -> tuple[Model, Bridge | None]:
    """Return the model with the width of its index, frozen at its publication, and the bridge to it."""
    from collage import experience, report
    from collage.experience import learning

    if not model.fitted:
        return model, None
    if model.validation.accepted:  # what has not passed its test moves no scale
        scores = experience.score(*tables, catalogue.by(model), at=at)
        model = replace(model, index_sd=learning.index_sd(scores, model.index_sd))
    return model, report.bridge(tables, plain=catalogue, by_model=catalogue.by(model), at=at, kept=kept)


def _count(table: Any) -> int:
    return int(table.count().to_pyarrow().as_py())


def _rows(table: Any) -> pa.Table:
    """Return the rows of a table; Spark forgets the columns of one without rows."""
    fetched = table.to_pyarrow()
    return fetched if fetched.num_rows else table.schema().to_pyarrow().empty_table()


def _tell(model: Model, bridge: Bridge | None) -> None:
    """Show what was found: the verdict, the weights, how later ratings were foretold, and what it does to the index."""
    from collage.report import trials_in_words, verdict

    taught = verdict(model, language="en")
    show(f"{taught.title}\n{taught.standing}")
    if not model.fitted:
        return
    rows = [_weight_row(name, each) for name, each in sorted(model.marks.items(), key=_by_size) if each.ratings]
    print_table(["mark", "catalogue", "fitted", "95 % interval", "ratings", "known by"], rows)
    lasting = [_lasting_row(name, sign, each) for name, both in model.classes.items() for sign, each in both.items()]
    print_table(["class", "sign", "half-life in days", "95 % interval"], lasting)
    tried = [[name, f"{lead:+.4f} ± {reach:.4f}"] for name, lead, reach in trials_in_words(model, language="en")]
    if tried:
        print_table(["compared with", "the model's lead: log-loss per later rating"], tried)
    if bridge is not None and bridge.months:
        now = bridge.months[-1]
        both = f"{now.catalogue:.1f} by the catalogue, {now.model:.1f} by the model"
        say(f"The company's index at {now.at:%Y-%m-%d}: {both}.")


def _by_size(item: tuple[str, Weight]) -> tuple[float, str]:
    return item[1].weight, item[0]


def _weight_row(name: str, each: Weight) -> list[str]:
    known = "mostly the catalogue" if each.prior_driven else "the ratings"
    figures = [f"{each.default:+.2f}", f"{each.weight:+.3f}", f"{each.low:+.3f} … {each.high:+.3f}"]
    return [name, *figures, f"{each.ratings:,}", known]


def _lasting_row(name: str, sign: str, each: HalfLife) -> list[str]:
    word = "credits" if sign == "positive" else "strikes"
    low, high = ("open" if bound is None else f"{bound:.0f}" for bound in (each.low, each.high))
    interval = "as the catalogue has it" if each.low is None and each.high is None else f"{low} … {high}"
    return [name, word, f"{each.half_life_days:.0f}", interval]
