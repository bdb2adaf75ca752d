"""The command `collage`: on files, without a server. Data goes to stdout, talk to stderr.

Heavy imports stand inside the commands, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collage.errors import CatalogueError, CollageError, MapError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import RenderableType

    from collage.experience.catalogue import Catalogue
    from collage.reading import Reading
    from collage.store import Dataset, Engine

__all__ = ["main", "parser"]

_SHOWN = 20
_FAINT, _SOME = 0.2, 0.5
_DEMO = {"customers": 2000, "seed": 7, "end": "2025-12-31"}

_EXAMPLES = """examples:
  collage demo                                               see it work on a small company
  collage read calls.csv --suggest > calls.toml              begin a map for your own export
  collage read calls.csv --map calls.toml --dry-run          try it
  collage read calls.csv --map calls.toml --out company      make the dataset
  collage score company                                      an experience for every customer
  collage explain company user:4711                          why that number
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 1 refused, 2 wrong usage."""
    arguments = parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except UsageError as error:
        _say(f"collage: {error}")
        return 2
    except CollageError as error:
        _say(f"collage: could not {error}")
        return 1
    except BrokenPipeError:
        # whoever read our output has seen enough; Python must not complain again while closing
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        _say("collage: stopped; nothing was written")
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    whole = argparse.ArgumentParser(
        prog="collage",
        description="Customer experience from what a company already records: every touchpoint, how it adds up, and why.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"collage {_version()}")
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_read(commands)
    _add_check(commands)
    _add_score(commands)
    _add_explain(commands)
    return whole


def _version() -> str:
    from collage import __version__  # noqa: PLC0415  # kept beside its one use

    return __version__


def _add(commands: Any, name: str, run: Callable[[argparse.Namespace], None], tells: str) -> argparse.ArgumentParser:  # noqa: ANN401
    command: argparse.ArgumentParser = commands.add_parser(name, help=tells, description=tells[0].upper() + tells[1:] + ".")
    command.set_defaults(run=run)
    return command


def _add_demo(commands: Any) -> None:  # noqa: ANN401  # argparse keeps its type to itself
    command = _add(commands, "demo", _demo, "a small company's exports → dataset → scores → who lost most, and why")
    command.add_argument("--out", type=Path, default=Path("collage-demo"), metavar="FOLDER", help="where exports and dataset go (default: collage-demo)")


def _add_read(commands: Any) -> None:  # noqa: ANN401
    command = _add(commands, "read", _read, "turn raw exports into a checked dataset, every row accounted for")
    command.add_argument("sources", nargs="+", type=Path, metavar="SOURCE", help="files or folders: CSV, JSONL, Parquet, XES, also as .gz")
    command.add_argument("--map", type=Path, metavar="MAP.toml", help="says how rows become touchpoints")
    command.add_argument("--out", type=Path, metavar="DATASET", help="the folder to make")
    command.add_argument("--max-bad", type=float, default=0.05, metavar="SHARE", help="largest share of bad rows, 0 to 1 (default: 0.05)")
    command.add_argument("--dry-run", action="store_true", help=f"read everything, write nothing, show the first {_SHOWN} rows")
    command.add_argument("--suggest", action="store_true", help="print a first map for SOURCE")
    command.add_argument("--replace", action="store_true", help="write an existing dataset anew")
    command.add_argument("--catalogue", type=Path, metavar="FILE", help="a catalogue to travel with the dataset")
    command.add_argument("--now", type=_moment, metavar="TIME", help="what counts as the future begins here (default: the clock)")


def _add_check(commands: Any) -> None:  # noqa: ANN401
    command = _add(commands, "check", _check, "check that a dataset keeps its contracts, and count what is in it")
    command.add_argument("dataset", type=Path, metavar="DATASET")
    command.add_argument("--format", choices=("table", "json"), default="table", help="default: table")


def _add_score(commands: Any) -> None:  # noqa: ANN401
    command = _add(commands, "score", _score, "the cumulative experience of every customer")
    command.add_argument("dataset", type=Path, metavar="DATASET")
    _add_common(command)


def _add_explain(commands: Any) -> None:  # noqa: ANN401
    command = _add(commands, "explain", _explain, "what one customer's experience is made of")
    command.add_argument("dataset", type=Path, metavar="DATASET")
    command.add_argument("customer", metavar="CUSTOMER", help="a customer id or any identifier, such as user:4711")
    command.add_argument("--language", choices=("en", "de"), default="en", help="of the sentences (default: en)")
    _add_common(command)


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--at", type=_moment, metavar="TIME", help="moment of asking, ISO 8601 (default: the dataset's last touchpoint)")
    command.add_argument("--catalogue", type=Path, metavar="FILE", help="default: catalogue.toml of the dataset, else the shipped one")
    command.add_argument("--engine", choices=("duckdb", "spark"), default="duckdb", help="default: duckdb")
    command.add_argument("--format", choices=("table", "json", "csv", "parquet"), default="table", help="default: table")
    command.add_argument("--out", type=Path, metavar="FILE", help="write there instead of to stdout")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write it as 2025-12-31 or 2025-12-31T18:00:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _demo(arguments: argparse.Namespace) -> None:
    from datetime import date  # noqa: PLC0415  # heavy imports stand inside the commands, here and below

    from collage.simulate import write_exports  # noqa: PLC0415

    out: Path = arguments.out
    _may_use(out)
    with _at_work() as step:
        step("writing the exports of two departments and a shop")
        made = write_exports(out, customers=_DEMO["customers"], seed=_DEMO["seed"], end=date.fromisoformat(str(_DEMO["end"])))
    exports = (made.care_calls, made.parcels, made.shop)
    _say(f"Exports of a made-up company are in {out}/: {', '.join(export.path.name for export in exports)}; their map: {made.map.name}\n")
    dataset = out / "company"
    files = [str(export.path) for export in exports]
    now = f"{_DEMO['end']}T23:59:59Z"
    for line in (["read", *files, "--map", str(made.map), "--out", str(dataset), "--replace", "--now", now], ["score", str(dataset)]):
        _say(f"$ collage {' '.join(line)}")
        arguments = parser().parse_args(line)
        arguments.run(arguments)
        _say("")
    _lost_most(dataset)


def _may_use(out: Path) -> None:
    if out.exists() and any(out.iterdir()) and not (out / "company" / "dataset.json").is_file():
        do = "choose an empty place with --out; nothing was touched"
        raise CollageError(f"make the demo in {out}", "a folder with something else in it", do)


def _lost_most(folder: Path) -> None:
    from collage.experience.explain import contributions, lost_most, told  # noqa: PLC0415

    with _opened(folder, "duckdb") as dataset:
        catalogue = _catalogue(None, dataset)
        at = _last(dataset)
        marks, touchpoints, customers = _marked(dataset, catalogue)
        every = contributions(marks, customers, catalogue, at=at)
        worst = told(lost_most(every), touchpoints, catalogue).to_pylist()
    print(f"The ten customers who lost most by {at:%d %B %Y}, with their three heaviest strikes")
    for row in worst:
        if row["reason"] == 1:
            print(f"\n{row['place']:>2}. {row['customer_id']}  lost {-row['lost']:.2f} points of satisfaction")
        where = row["owner"] or row["channel"] or ""
        print(f"      {row['occurred_at']:%d %b %Y}  {row['contribution']:+.2f}  {row['says']}{f'  ({where})' if where else ''}")
    print(f"\nWhy exactly: collage explain {folder} {worst[0]['customer_id']}" if worst else "Nobody lost anything.")


def _read(arguments: argparse.Namespace) -> None:
    from collage import reading, store  # noqa: PLC0415

    if arguments.suggest:
        print(reading.suggest(arguments.sources), end="")
        return
    if arguments.map is None or (arguments.out is None and not arguments.dry_run):
        missing = "--map" if arguments.map is None else "--out (or --dry-run)"
        raise UsageError("collage read", f"no {missing}", "collage read SOURCE… --map MAP.toml --out DATASET; --suggest prints a first map")
    if not 0 <= arguments.max_bad <= 1:
        raise UsageError("collage read --max-bad", f"{arguments.max_bad}", "give a share from 0 to 1, such as 0.05")
    map_ = reading.parse_map(_text(arguments.map, MapError), file=str(arguments.map))
    files = _travelling(arguments)
    if not arguments.dry_run:
        store.in_the_way(arguments.out, replace=arguments.replace)
    engine = store.connect("duckdb")
    try:
        with _at_work() as step:
            now = arguments.now or datetime.now(UTC)
            found = reading.read(engine.backend, arguments.sources, map_, now=now, max_bad=arguments.max_bad, progress=step)
            if not arguments.dry_run:
                tables = {**found.tables, "quarantine": found.quarantine}
                notes = {"read.json": found.note()}
                store.write_dataset(arguments.out, tables, engine, notes=notes, files=files, replace=arguments.replace, progress=step)
        _tell_counts(found)
        if arguments.dry_run:
            _show_rows(found, engine)
        else:
            _say(f"Written to {arguments.out}.")
    finally:
        engine.close()


def _travelling(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the catalogue that is to travel with the dataset, once it has been checked."""
    from collage.experience import catalogue  # noqa: PLC0415

    if arguments.catalogue is None:
        return {}
    text = _text(arguments.catalogue, CatalogueError)
    catalogue.load(text, file=str(arguments.catalogue))
    return {"catalogue.toml": text}


def _tell_counts(found: Reading) -> None:
    for name, count in found.files.items():
        parts = f"{count.used:,} used + {count.filtered:,} filtered + {count.quarantined:,} quarantined"
        _say(f"{name}: {count.rows:,} rows = {parts}")
    for name, written in found.counts.items():
        more = f" ({written.emitted:,} emitted, {written.duplicates:,} of them duplicates)" if written.duplicates else ""
        _say(f"{name}: {written.written:,}{more}")
    if found.ambiguous_times or found.skipped_times:
        _say(f"local times: {found.ambiguous_times:,} ambiguous (the earlier taken), {found.skipped_times:,} skipped (moved forward)")
    for reason in found.reasons[:10]:
        place = f"{reason['file']} row {reason['first_row']}"
        what = f"{reason['column'] or 'the row'} {'' if reason['found'] is None else repr(reason['found'])[:80]} {reason['reason']}"
        _say(f"  quarantined {reason['rows']:,}: {' '.join(what.split())}, first in {place}")
    if found.left_alone:
        _say(f"left alone, no table of the map takes them: {', '.join(found.left_alone)}")


def _show_rows(found: Reading, engine: Engine) -> None:
    """Print what became of the first rows of each file."""
    for name, table in found.placed.items():
        first = table.filter(table["_row"] <= _SHOWN).order_by("_file", "_row", "_section", "_emit").limit(_SHOWN)
        rows = engine.backend.to_pyarrow(first.drop("_section", "_emit", "_fault", "_ambiguous", "_skipped")).to_pylist()
        print(f"\n{name}, from the first {_SHOWN} rows:")
        for row in rows:
            known = ", ".join(f"{key} = {_plain(value)}" for key, value in row.items() if value is not None and not key.startswith("_"))
            print(f"  {row['_file']} {row['_row']}: {known}")


def _check(arguments: argparse.Namespace) -> None:
    from dataclasses import asdict  # noqa: PLC0415
    from json import dumps  # noqa: PLC0415

    from collage import touchpoints  # noqa: PLC0415

    with _opened(arguments.dataset, "duckdb") as dataset:
        tables = {name: asdict(checked) for name, checked in dataset.checked.items()}
        found = touchpoints.summary(dataset.table("touchpoints")) if "touchpoints" in dataset.files else None
    if arguments.format == "json":
        whole = {"tables": tables, "touchpoints": asdict(found) if found else None}
        print(dumps(whole, indent=1, default=_plain, ensure_ascii=False))
        return
    for name, checked in tables.items():
        notes = ["as written by collage read" if checked["verified"] else "checked row by row"]
        notes += [f"{checked['duplicates']:,} duplicates dropped"] if checked["duplicates"] else []
        notes += [f"unknown columns, kept in properties: {', '.join(checked['unknown'])}"] if checked["unknown"] else []
        print(f"{name}: {checked['rows']:,} rows ({'; '.join(notes)})")
    if found is not None and found.touchpoints:
        print(f"touchpoints of {found.identifiers:,} identifiers and {found.issues:,} issues, {found.first_at:%d %b %Y} to {found.last_at:%d %b %Y}")
        _print_table(["kind", "touchpoints", "in the vocabulary"], [[k, f"{n:,}", _known(k)] for k, n in found.kinds.items()])
        if found.unknown_channels:
            print(f"channels that are not in the vocabulary: {', '.join(found.unknown_channels)}")


def _known(kind: str) -> str:
    from collage.touchpoints import KINDS, nearest  # noqa: PLC0415

    if kind in KINDS:
        return "yes"
    near = nearest(kind, KINDS)
    return f"no; {near}?" if near else "no"


def _score(arguments: argparse.Namespace) -> None:
    from collage.experience.score import score  # noqa: PLC0415

    with _opened(arguments.dataset, arguments.engine) as dataset:
        catalogue = _catalogue(arguments.catalogue, dataset)
        at = arguments.at or _last(dataset)
        with _at_work() as step:
            step("adding up")
            scores = score(*_marked(dataset, catalogue), catalogue, at=at).to_pyarrow().sort_by("customer_id")
    if arguments.format != "table" or arguments.out is not None:
        _hand_out(scores, arguments)
        return
    worst = scores.sort_by([("experience", "ascending"), ("customer_id", "ascending")]).slice(0, _SHOWN).to_pylist()
    names = ["customer", "index", "experience", "90 % interval", "evidence", "trend", "strikes 90 d", "marks", "last touchpoint"]
    _print_table(names, [_score_row(row) for row in worst])
    rest = scores.num_rows - len(worst)
    _say(f"{scores.num_rows:,} customers at {at:%Y-%m-%d %H:%M} UTC, worst first{f'; {rest:,} more: --format csv' if rest > 0 else ''}.")


def _score_row(row: dict[str, Any]) -> list[str]:
    interval = f"{row['low']:+.2f} … {row['high']:+.2f}"
    strength = f"{row['evidence']:.2f} {_strength(row['evidence'])}"
    figures = [f"{row['index']:.0f}", f"{row['experience']:+.2f}", interval, strength, f"{row['trend']:+.2f}"]
    return [row["customer_id"], *figures, str(row["strikes_90d"]), str(row["n_marks"]), f"{row['last_touchpoint_at']:%Y-%m-%d}"]


def _strength(evidence: float) -> str:
    return "faint" if evidence < _FAINT else "some" if evidence < _SOME else "strong"


def _explain(arguments: argparse.Namespace) -> None:
    from collage.experience.explain import explain  # noqa: PLC0415

    with _opened(arguments.dataset, arguments.engine) as dataset:
        catalogue = _catalogue(arguments.catalogue, dataset)
        at = arguments.at or _last(dataset)
        with _at_work() as step:
            step("explaining")
            tables = _marked(dataset, catalogue)
            rows = explain(*tables, catalogue, at=at, customer=arguments.customer, language=arguments.language)
    if arguments.format != "table" or arguments.out is not None:
        _hand_out(rows, arguments)
        return
    listed = rows.to_pylist()
    names = ["when", "what", "whose", "channel", "points", "without it"]
    _print_table(names, [_explain_row(row) for row in listed])
    total = sum(row["contribution"] for row in listed)
    points = sum(row["points"] for row in listed)
    _say(f"{arguments.customer} at {at:%Y-%m-%d %H:%M} UTC: index {50 + points:.1f} = 50 {points:+.1f}, experience {total:+.3f}; {len(listed)} marks.")


def _explain_row(row: dict[str, Any]) -> list[str]:
    where = [row["owner"] or "", row["channel"] or ""]
    return [f"{row['occurred_at']:%Y-%m-%d %H:%M}", row["says"], *where, f"{row['points']:+.2f}", f"experience {row['without']:+.3f}"]


@contextmanager
def _opened(folder: Path, engine_name: str) -> Iterator[Dataset]:
    from collage import store  # noqa: PLC0415

    with _at_work() as step:
        step(f"opening {folder}")
        engine = store.connect(engine_name)
    try:
        with _at_work() as step:
            dataset = store.open_dataset(folder, engine, progress=lambda name: step(f"checking {name}"))
        yield dataset
    finally:
        engine.close()


def _marked(dataset: Dataset, catalogue: Catalogue) -> tuple[Any, Any, Any]:
    """Return marks, touchpoints and customers of a dataset."""
    from collage.customers.identity import customers  # noqa: PLC0415
    from collage.experience.marks import marks  # noqa: PLC0415

    touchpoints = dataset.table("touchpoints")
    claims = dataset.table("claims") if dataset.has("claims") else None
    who = customers(touchpoints, claims)
    return marks(touchpoints, who, catalogue), touchpoints, who


def _catalogue(file: Path | None, dataset: Dataset) -> Catalogue:
    from collage.experience import catalogue  # noqa: PLC0415

    if file is not None:
        return catalogue.load(_text(file, CatalogueError), file=str(file))
    own = dataset.text("catalogue.toml")
    return catalogue.default() if own is None else catalogue.load(own, file=str(dataset.folder / "catalogue.toml"))


def _last(dataset: Dataset) -> datetime:
    last = dataset.table("touchpoints").occurred_at.max().to_pyarrow().as_py()
    if last is None:
        raise CollageError(f"find the last touchpoint of {dataset.folder}", "a dataset without touchpoints", "read some, or give --at")
    return last.astimezone(UTC) if isinstance(last, datetime) else datetime.now(UTC)


def _text(file: Path, error: Callable[[str, str, str], CollageError]) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as why:
        raise error(f"read {file}", str(why), "check the path; the file is UTF-8 text") from None


def _hand_out(table: pa.Table, arguments: argparse.Namespace) -> None:
    from collage import store  # noqa: PLC0415

    format_ = "csv" if arguments.format == "table" else arguments.format
    if arguments.out is not None:
        store.write_result(table, arguments.out, format_)
        _say(f"{table.num_rows:,} rows written to {arguments.out}.")
        return
    sys.stdout.buffer.write(store.render(table, format_))
    sys.stdout.buffer.flush()


def _print_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table  # noqa: PLC0415

    numbers = {"index", "experience", "trend", "marks", "strikes 90 d", "points", "touchpoints"}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, justify="right" if name in numbers else "left", no_wrap=name not in {"what", "customer"}, overflow="fold")
    for row in rows:
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    _print_rich(table)


def _print_rich(what: RenderableType) -> None:
    from rich.console import Console  # noqa: PLC0415

    console = Console(highlight=False)
    # a pipe has no width: give it lines that nothing is cut from
    (console if console.is_terminal else Console(width=200, highlight=False)).print(what)


@contextmanager
def _at_work() -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is being done and for how long; elsewhere stay silent."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    bar = Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True)
    with bar:
        task = bar.add_task("", total=None)
        yield lambda words: bar.update(task, description=words)


def _plain(value: object) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _say(words: str) -> None:
    print(words, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
