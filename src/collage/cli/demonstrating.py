"""The command `demo`."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from collage.cli.printing import at_work, say
from collage.errors import CollageError

__all__ = ["demo"]

_CUSTOMERS, _DAYS, _SEED = 5_000, 365, 1
_EXPORTED, _EXPORT_SEED, _EXPORT_END = 2_000, 7, date(2025, 12, 31)
_OURS = Path("company", "truth", "causes.json")  # where a demo was made before


def demo(arguments: argparse.Namespace) -> None:
    """Simulate a company's year, score it and write the report on it, by the commands that anybody would type."""
    out: Path = arguments.out
    _refuse_foreign(out)
    company, report, exports = out / "company", out / "report.html", out / "exports"
    size = ["--customers", f"{_CUSTOMERS}", "--days", f"{_DAYS}", "--seed", f"{_SEED}"]
    for line in (
        ["simulate", str(company), *size, *(["--replace"] if company.exists() else [])],
        ["score", str(company), "--by", "owner"],
        ["report", str(company), "--out", str(report)],
    ):
        _run_as_typed(line, arguments)
    with at_work() as step:
        step("writing exports to try reading with")
        _write_exports(exports)
    say(f"The page: {report.resolve().as_uri()}")
    say(f"The causes of everything in it: {company / 'truth'}")
    say(
        f"Next, your own records in three commands; {exports} holds what a small shop would export, to try them with:\n"
        f"  collage read {exports} --map {exports / 'exports.toml'} --out {out / 'shop'}\n"
        f"  collage score {out / 'shop'}\n"
        f"  collage report {out / 'shop'} --out {out / 'shop.html'}"
    )


def _write_exports(folder: Path) -> None:
    from collage.simulate import write_exports

    write_exports(folder, customers=_EXPORTED, seed=_EXPORT_SEED, end=_EXPORT_END)


def _run_as_typed(line: list[str], arguments: argparse.Namespace) -> None:
    say(f"$ collage {' '.join(line)}")
    asked = arguments.parse(line)
    asked.run(asked)
    say("")


def _refuse_foreign(out: Path) -> None:
    """Refuse to make the demo among somebody's other things."""
    do = "choose an empty place with --out; nothing was touched"
    if out.exists() and not out.is_dir():
        raise CollageError(f"make the demo in {out}", "a file of this name", do)
    if out.exists() and any(out.iterdir()) and not (out / _OURS).is_file():
        raise CollageError(f"make the demo in {out}", "a folder with something else in it", do)
