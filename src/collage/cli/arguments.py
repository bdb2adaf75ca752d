"""What can be asked on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from collage import __version__
from collage.cli import (
    attributing,
    catalogue_commands,
    commands,
    demonstrating,
    fitting,
    reporting,
    scoring,
    simulating,
)
from collage.cli.printing import SHOWN

__all__ = ["parser"]

_FIRST_YEAR, _LAST_YEAR = 1900, 2200  # as in the contracts of the tables
_EXAMPLES = """examples:
  collage demo                                            see it at work
  collage read calls.csv --suggest > calls.toml           begin a map of your own
  collage read calls.csv --map calls.toml --dry-run       try it
  collage read calls.csv --map calls.toml --out company   make the dataset
  collage score company                                   everybody's experience
  collage explain company user:4711                       why that number
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command.

    Returns
    -------
    argparse.ArgumentParser
        What it parses has `run`, the function that does it.
    """
    whole = argparse.ArgumentParser(
        prog="collage",
        description="Customer experience from what a company already records:\n"
        "what happened to each customer, how it adds up, and why.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"collage {__version__}")
    under = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (
        _add_demo,
        _add_simulate,
        _add_read,
        _add_check,
        _add_score,
        _add_explain,
        _add_fit,
        _add_attribute,
        _add_report,
        _add_catalogue,
    ):
        add(under)
    # what else is installed with Collage and has commands of its own: the web, for one
    for more in entry_points(group="collage.commands"):
        more.load()(under)
    return whole


def _add(under: Any, name: str, run: Callable[[argparse.Namespace], None], tells: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = under.add_parser(name, help=tells, description=f"{tells[0].upper()}{tells[1:]}.")
    command.set_defaults(run=run)
    return command


def _add_demo(under: Any) -> None:
    tells = "a made-up company's year: simulate it, score it, write the report on it"
    command = _add(under, "demo", demonstrating.demo, tells)
    # the demo runs other commands as a person would type them
    command.set_defaults(parse=lambda words: parser().parse_args(words))
    words = "where dataset, report and exports go (default: collage-demo)"
    command.add_argument("--out", type=Path, default=Path("collage-demo"), metavar="FOLDER", help=words)


def _add_simulate(under: Any) -> None:
    tells = "write a made-up company as a dataset, with the causes of everything beside it"
    command = _add(under, "simulate", simulating.simulate, tells)
    command.add_argument("out", type=Path, metavar="OUT", help="the folder to make")
    words = "customers (default: 5000)"
    command.add_argument("--customers", type=int, default=5000, metavar="N", help=words)
    command.add_argument("--days", type=int, default=365, metavar="D", help="days (default: 365)")
    words = "of all chance: the same gives the same company (default: 1)"
    command.add_argument("--seed", type=int, default=1, metavar="S", help=words)
    words = f"the first day that is not part of it, such as 2026-01-01 (default: {simulating.END})"
    command.add_argument("--end", type=_day, default=simulating.END, metavar="DATE", help=words)
    command.add_argument("--replace", action="store_true", help="write an existing dataset anew")


def _add_read(under: Any) -> None:
    tells = "turn raw exports into a checked dataset, every row accounted for"
    command = _add(under, "read", commands.read, tells)
    words = "files or folders: CSV, JSONL, Parquet, XES, also as .gz"
    command.add_argument("sources", nargs="+", type=Path, metavar="SOURCE", help=words)
    words = "says how rows become touchpoints"
    command.add_argument("--map", type=Path, metavar="MAP.toml", help=words)
    command.add_argument("--out", type=Path, metavar="DATASET", help="the folder to make")
    words = "largest share of bad rows, 0 to 1 (default: 0.05)"
    command.add_argument("--max-bad", type=float, default=0.05, metavar="SHARE", help=words)
    words = f"read everything, write nothing, show the first {SHOWN} rows through the map"
    command.add_argument("--dry-run", action="store_true", help=words)
    command.add_argument("--suggest", action="store_true", help="print a first map for SOURCE")
    command.add_argument("--replace", action="store_true", help="write an existing dataset anew")
    words = "a catalogue to travel with the dataset"
    command.add_argument("--catalogue", type=Path, metavar="FILE", help=words)
    words = "what happened later than this is quarantined (default: the clock)"
    command.add_argument("--now", type=_moment, metavar="TIME", help=words)


def _add_check(under: Any) -> None:
    tells = "check that a dataset keeps its contracts, and count what is in it"
    command = _add(under, "check", commands.check, tells)
    command.add_argument("dataset", type=Path, metavar="DATASET")
    command.add_argument("--format", choices=("table", "json"), default="table", help="default: table")


def _add_score(under: Any) -> None:
    command = _add(under, "score", scoring.score, "the cumulative experience of every customer")
    command.add_argument("dataset", type=Path, metavar="DATASET")
    words = "each customer's, what owners or channels put into it, or the company's (default: customer)"
    command.add_argument("--by", choices=("customer", "owner", "channel", "company"), default="customer", help=words)
    words = "also at earlier moments: every week or month back from --at"
    command.add_argument("--every", choices=("week", "month"), help=words)
    _add_common(command)


def _add_report(under: Any) -> None:
    tells = "one page on how the company is doing, what hurts and who is falling"
    command = _add(under, "report", reporting.report, tells)
    command.add_argument("dataset", type=Path, metavar="DATASET")
    words = "the page (default: report.html)"
    command.add_argument("--out", type=Path, default=Path("report.html"), metavar="FILE", help=words)
    command.add_argument("--language", choices=("en", "de"), default="en", help="of the page (default: en)")
    _add_asked(command)
    _add_model(command)


def _add_explain(under: Any) -> None:
    command = _add(under, "explain", scoring.explain, "what one customer's experience is made of")
    command.add_argument("dataset", type=Path, metavar="DATASET")
    words = "a customer id or any identifier, such as user:4711"
    command.add_argument("customer", metavar="CUSTOMER", help=words)
    words = "of the sentences (default: en)"
    command.add_argument("--language", choices=("en", "de"), default="en", help=words)
    _add_common(command)


def _add_fit(under: Any) -> None:
    tells = "what marks weigh and how fast they fade, learned from the dataset's own ratings"
    command = _add(under, "fit", fitting.fit, tells)
    command.add_argument("dataset", type=Path, metavar="DATASET")
    words = "the model (default: MODEL.json)"
    command.add_argument("--out", type=Path, default=Path("MODEL.json"), metavar="MODEL.json", help=words)
    words = "what is fitted (default: as much as the number of ratings allows)"
    command.add_argument("--depth", choices=("weights", "half-lives", "full"), help=words)
    _add_asked(command, "the dataset's last touchpoint or rating")


def _add_attribute(under: Any) -> None:
    tells = "who brought a rating about: what was inherited, the contact, its process, its agent; who adds what"
    command = _add(under, "attribute", attributing.attribute, tells)
    command.add_argument("dataset", type=Path, metavar="DATASET")
    words = "every rating shared out, or departments or agents compared (default: department)"
    command.add_argument("--by", choices=("rating", "department", "agent"), default="department", help=words)
    _add_asked(command, "the dataset's last touchpoint or rating")
    _add_model(command)
    _add_formats(command)


def _add_catalogue(under: Any) -> None:
    tells = "what leaves which mark: show a catalogue, check one, compare two"
    whole = under.add_parser("catalogue", help=tells, description=f"{tells[0].upper()}{tells[1:]}.")
    below = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    file, shipped = "a TOML file, or a dataset with one", "default: the shipped one"
    command = _add(below, "show", catalogue_commands.show_catalogue, "every mark in plain words, its fading drawn")
    command.add_argument("file", nargs="?", type=Path, metavar="FILE", help=f"{file} ({shipped})")
    command.add_argument("--mark", metavar="NAME", help="this one at length")
    words = "of the sentences (default: en); rules are told in English"
    command.add_argument("--language", choices=("en", "de"), default="en", help=words)
    command.add_argument("--catalogue", type=Path, metavar="FILE", help="another way to name FILE")
    command.add_argument("--format", choices=("table", "json"), default="table", help="default: table")
    command = _add(below, "check", catalogue_commands.check_catalogue, "check that a file is a catalogue")
    command.add_argument("file", type=Path, metavar="FILE", help=file)
    words = "say also which kinds of this dataset no rule asks for, and which marks it can never leave"
    command.add_argument("--dataset", type=Path, metavar="DATASET", help=words)
    tells = "what a catalogue changes, mark by mark"
    command = _add(below, "diff", catalogue_commands.show_differences, tells)
    command.add_argument("file", type=Path, metavar="FILE", help=file)
    command.add_argument("other", nargs="?", type=Path, metavar="OTHER", help=f"what it is compared with ({shipped})")
    command.add_argument("--format", choices=("table", "json"), default="table", help="default: table")


def _add_asked(command: argparse.ArgumentParser, last: str = "the dataset's last touchpoint") -> None:
    words = f"moment of asking, ISO 8601 (default: {last})"
    command.add_argument("--at", type=_moment, metavar="TIME", help=words)
    words = "default: catalogue.toml of the dataset, else the shipped one"
    command.add_argument("--catalogue", type=Path, metavar="FILE", help=words)
    command.add_argument("--engine", choices=("duckdb", "spark"), default="duckdb", help="default: duckdb")


def _add_model(command: argparse.ArgumentParser) -> None:
    words = "weigh by what collage fit has written there (default: by the catalogue's own numbers)"
    command.add_argument("--model", type=Path, metavar="MODEL.json", help=words)


def _add_common(command: argparse.ArgumentParser) -> None:
    _add_asked(command)
    _add_model(command)
    _add_formats(command)


def _add_formats(command: argparse.ArgumentParser) -> None:
    formats = ("table", "json", "csv", "parquet")
    command.add_argument("--format", choices=formats, default="table", help="default: table")
    command.add_argument("--out", type=Path, metavar="FILE", help="write there instead of to stdout")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        words = f"{text!r} is no time that there is; write it as 2025-12-31 or 2025-12-31T18:00:00Z"
        raise argparse.ArgumentTypeError(words) from None
    if not _FIRST_YEAR <= moment.year < _LAST_YEAR:
        words = f"{text!r} is not between the years {_FIRST_YEAR} and {_LAST_YEAR}"
        raise argparse.ArgumentTypeError(words)
    return moment


def _day(text: str) -> date:
    moment = _moment(text)
    if moment.timetz() != time(tzinfo=UTC):
        raise argparse.ArgumentTypeError(f"{text!r} is a time; write a day, such as 2025-12-31")
    return moment.date()
