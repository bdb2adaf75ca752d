"""The rules of the house that a machine can check (CONTRIBUTING.md says them in words)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.repository import (
    PACKAGE,
    ROOT,
    Function,
    comments,
    functions,
    imports,
    is_public,
    listed,
    named,
    python,
    tree,
)

LONGEST_MODULE = 500
LONGEST_FUNCTION = 50
ATTICS = {
    "base",
    "common",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "service",
    "services",
    "util",
    "utils",
}


PUBLIC = [file for file in python(only=PACKAGE) if is_public(file)]


# ---- size and names


def test_no_module_is_longer_than_the_ceiling() -> None:
    # a migration is as long as Django writes it
    files = [file for file in python() if file.parent.name != "migrations"]
    lengths = {named(file): len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def lines_without_docstring(function: Function) -> int:
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def gives_a_reason(function: Function, file: Path) -> bool:
    """Return whether the function has a comment ``# Long because …`` somewhere inside."""
    last = function.end_lineno or function.lineno
    return any(
        function.lineno <= line <= last and re.match(r"# Long because \w+", comment) for line, comment in comments(file)
    )


def test_a_long_function_says_why_it_is_long() -> None:
    silent = [
        f"{named(file)}:{function.lineno} {function.name} has no '# Long because …'"
        for file in python()
        for function in functions(file)
        if lines_without_docstring(function) > LONGEST_FUNCTION and not gives_a_reason(function, file)
    ]
    assert silent == []


def test_no_module_is_an_attic() -> None:
    attics = [named(file) for file in python() if ATTICS & {*file.relative_to(ROOT).parent.parts, file.stem}]
    assert attics == []


# ---- the public surface


def order(name: str) -> tuple[int, str]:
    """Sort as ruff's RUF022 does: constants, then classes, then the rest."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name


def defined(file: Path) -> set[str]:
    """Return what a module defines at its top: functions, classes, assigned names."""
    names: set[str] = set()
    for node in tree(file).body:
        if isinstance(node, Function | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
        elif isinstance(node, ast.TypeAlias if hasattr(ast, "TypeAlias") else ()):
            names.add(ast.unparse(node.name))
    return names


def brought(file: Path) -> Iterator[tuple[str, str]]:
    """Yield what a module takes from the package by ``from … import``: from which module, and the name."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "collage":
            for alias in node.names:
                yield node.module or "", alias.name


def found(module: str) -> Path | None:
    """Return the file of a module of the package, None when there is no such module."""
    place = PACKAGE.parent.joinpath(*module.split("."))
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def dotted(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("file", PUBLIC, ids=named)
def test_the_public_surface_is_a_list_that_is_sorted_and_true(file: Path) -> None:
    names = listed(file)
    assert names is not None, "a public module lists its public names in __all__"
    assert names == sorted(names, key=order)
    assert len(names) == len(set(names))
    there = defined(file) | {name for _, name in brought(file)}
    assert {name for name in names if name not in there and found(f"{dotted(file)}.{name}") is None} == set()
    unlisted = {node.name for node in tree(file).body if isinstance(node, Function | ast.ClassDef)} - set(names)
    assert {name for name in unlisted if not name.startswith("_")} == set(), "list it, or begin it with _"


def test_nobody_takes_from_a_module_what_it_does_not_list() -> None:
    taken = [
        f"{named(file)} takes {name} from {module}"
        for file in python()
        for module, name in brought(file)
        if (source := found(module)) is not None
        and found(f"{module}.{name}") is None
        and name not in (listed(source) or [])
    ]
    assert taken == []


# ---- docstrings


def section(docstring: str, title: str) -> str | None:
    """Return the text of a numpydoc section, None when there is none."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", docstring, re.MULTILINE | re.DOTALL)
    return found[1] if found else None


def parameters(function: Function) -> list[str]:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    return [one.arg for one in every if one.arg not in {"self", "cls"}]


def gives_something(function: Function) -> bool:
    returns = function.returns
    nothing = returns is None or ast.unparse(returns) in {"None", "NoReturn", "Never"}
    return not nothing and not any(ast.unparse(mark).endswith("property") for mark in function.decorator_list)


def undocumented(function: Function) -> Iterator[str]:
    """Yield what a public function's docstring does not say."""
    docstring = ast.get_docstring(function) or ""
    described = section(docstring, "Parameters") or ""
    for name in parameters(function):
        if not re.search(rf"^(.*, )?\*{{0,2}}{name}\b", described, re.MULTILINE):
            yield f"parameter {name}"
    if gives_something(function) and not (section(docstring, "Returns") or section(docstring, "Yields")):
        yield "Returns"


def described(file: Path, name: str) -> Iterator[tuple[str, Function]]:
    """Yield a listed function, or the public methods of a listed class, wherever it is defined."""
    for node in tree(file).body:
        if isinstance(node, Function) and node.name == name:
            yield f"{dotted(file)}.{name}", node
        if isinstance(node, ast.ClassDef) and node.name == name:
            for method in node.body:
                if isinstance(method, Function) and not method.name.startswith("_"):
                    yield f"{dotted(file)}.{name}.{method.name}", method


def door(file: Path) -> Iterator[tuple[str, Function]]:
    """Yield all that a room shows: what its file lists, its own or brought in from its inner modules."""
    origin = {name: module for module, name in brought(file)}
    for name in listed(file) or []:
        if origin.get(name, dotted(file)) == dotted(file):  # its own, or an inner module
            inner = found(f"{dotted(file)}.{name}")
            yield from door(inner) if inner is not None else described(file, name)
        elif (source := found(origin[name])) is not None:
            yield from described(source, name)


DOORS = [
    file for file in PUBLIC if file.parent == PACKAGE or (file.name == "__init__.py" and file.parent.parent == PACKAGE)
]


@pytest.mark.parametrize("file", DOORS, ids=named)
def test_what_a_room_shows_says_what_it_takes_and_returns(file: Path) -> None:
    silent = {name: list(undocumented(function)) for name, function in door(file)}
    assert {name: missing for name, missing in silent.items() if missing} == {}


# ---- exceptions, with reasons


@pytest.mark.parametrize("heading", ["ignore = [", '" = [', "filterwarnings = ["])
def test_every_exception_in_pyproject_stands_beside_its_reason(heading: str) -> None:
    silent, inside = [], False
    for line in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines():
        if inside and line.startswith("]"):
            inside = False
        elif inside and line.strip() and not re.search(r",\s+# \w.{10,}", line) and line.strip() != '"error",':
            silent.append(line)
        elif line.endswith(heading):
            inside = True
    assert silent == []


def test_every_silenced_finding_stands_beside_its_reason() -> None:
    pattern = re.compile(r"#\s*(?:noqa: [A-Z0-9, ]+|type: ignore\[[\w, -]+\]|pragma: no cover)(.*)")
    silent = [
        f"{named(file)}:{line} {comment}"
        for file in python()
        for line, comment in comments(file)
        if re.match(r"#\s*(noqa|type: ignore|pragma)", comment)
        and not ((found := pattern.match(comment)) and re.search(r"\w{3,}", found[1]))
    ]
    assert silent == []


# ---- clock and chance are arguments

CLOCK = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "ibis.now",
    "ibis.today",
}
CHANCE = {"random", "secrets", "uuid"}


def test_only_the_command_reads_the_clock() -> None:
    read = [
        f"{named(file)}:{node.lineno} {ast.unparse(node.func)}"
        for file in python(only=PACKAGE)
        if not file.is_relative_to(PACKAGE / "cli") and file != PACKAGE / "cli.py"
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Call) and any(ast.unparse(node.func).endswith(clock) for clock in CLOCK)
    ]
    assert read == []


def test_chance_is_handed_in_with_its_seed() -> None:
    thrown = [f"{named(file)} {name}" for file in python(only=PACKAGE) for name in imports(file) if name in CHANCE]
    unseeded = [
        f"{named(file)}:{node.lineno}"
        for file in python(only=PACKAGE)
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("default_rng")
        and not (node.args or node.keywords)
    ]
    assert thrown + unseeded == []
