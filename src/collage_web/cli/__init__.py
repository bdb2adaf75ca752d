"""The commands of the web, which the command `collage` takes in. Nothing heavy is imported before one runs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["commands"]

_Run = Callable[[argparse.Namespace], None]


def commands(under: Any) -> None:
    """Add the commands.

    Parameters
    ----------
    under
        The subparsers of `collage`.
    """
    init = _add(under, "init", "setting_up.init", "make the folder, the database and the first administrator")
    init.add_argument("--email", help="of the administrator (default: asked for)")
    init.add_argument("--name", default="", help="of the administrator")
    init.add_argument("--password-file", type=Path, metavar="FILE", help="its first line; default: asked for")
    serve = _add(under, "serve", "serving.serve", "run the server, with the worker beside it")
    serve.add_argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT", help="(default: %(default)s)")
    serve.add_argument("--threads", type=int, default=16, help="of each process (default: %(default)s)")
    serve.add_argument("--processes", type=int, default=0, help="default: one on SQLite (always), else one a core")
    serve.add_argument("--no-worker", action="store_true", help="the worker runs elsewhere: collage worker")
    worker = _add(under, "worker", "serving.worker", "digest what arrives, until stopped")
    worker.add_argument("--once", action="store_true", help="end when nothing is left to do")
    worker.add_argument("--beside", type=int, help=argparse.SUPPRESS)  # the server's process: both end together
    _add(under, "doctor", "checking.doctor", "look after the installation, and say what is not as it should be")
    rebuild = _add(under, "rebuild", "checking.rebuild", "derive all marks and scores anew from what happened")
    rebuild.add_argument("--verify", action="store_true", help="change nothing; say what differs (exit 1)")
    import_ = _add(under, "import", "moving.import_", "take a dataset folder into the database")
    import_.add_argument("dataset", type=Path, metavar="DATASET")
    export = _add(under, "export", "moving.export", "write the database as a dataset folder")
    export.add_argument("out", type=Path, metavar="OUT")
    export.add_argument("--replace", action="store_true", help="replace a dataset that is there")
    adopt = _add(
        under, "adopt", "moving.adopt", "put a catalogue of your own in force, and derive all marks anew by it"
    )
    adopt.add_argument("catalogue", type=Path, metavar="CATALOGUE.toml")
    figures = _add(under, "figures", "figuring.figures", "work the company's figures out, which the board shows")
    figures.add_argument("--if-due", action="store_true", help="only when it is time; gives way to all else")
    _source(under)
    _demo(under)


def _demo(under: Any) -> None:
    """Let the demo that is there already open in a browser as well."""
    command = under.choices["demo"]
    on_files, served = command.get_default("run"), _later("demonstrating.demo")
    command.add_argument(
        "--serve", action="store_true", help="open it in a browser, with touchpoints that go on arriving"
    )
    words = "of the company that is served (default: %(default)s)"
    command.add_argument("--customers", type=int, default=2_000, metavar="N", help=words)
    words = "where it is served (default: %(default)s)"
    command.add_argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT", help=words)
    command.set_defaults(run=lambda arguments: (served if arguments.serve else on_files)(arguments))


def _source(under: Any) -> None:
    source = _add(under, "source", "sourcing.source", "make a source of touchpoints, or list them")
    source.add_argument("name", nargs="?", help="of the source to make; default: list those there are")
    source.add_argument(
        "--kind", choices=("segment", "native", "files"), default="segment", help="(default: %(default)s)"
    )
    source.add_argument("--rate", type=int, help="requests a second that it may send (default: 200)")
    source.add_argument("--new-key", action="store_true", help="give a source that is there another key")
    source.add_argument("--map", type=Path, metavar="MAP.toml", help="how what it sends becomes touchpoints")


def _add(under: Any, name: str, run: str, tells: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = under.add_parser(name, help=tells, description=f"{tells[0].upper()}{tells[1:]}.")
    command.set_defaults(run=_later(run))
    return command


def _later(run: str) -> _Run:
    module, _, function = run.partition(".")

    def called(arguments: argparse.Namespace) -> None:
        from importlib import import_module

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "collage_web.settings")
        getattr(import_module(f"collage_web.cli.{module}"), function)(arguments)

    return called
