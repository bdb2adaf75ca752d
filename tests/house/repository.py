"""What the tests of the house look at: the files of the repository, as text and as syntax."""

import ast
import io
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "collage"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def written() -> tuple[Path, ...]:
    """Return every file of the repository that is, or is about to be, checked in."""
    said = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607  # the git on the path is meant
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode == 0:
        listed = (ROOT / name for name in said.stdout.split("\0") if name)
    else:  # an unpacked archive: there is no git to ask
        hidden = {".venv", ".git", "_build"}
        listed = (file for file in ROOT.rglob("*") if not hidden & set(file.relative_to(ROOT).parts))
    return tuple(sorted(file for file in listed if file.is_file()))


def python(*, only: Path = ROOT) -> list[Path]:
    return [file for file in written() if file.suffix == ".py" and file.is_relative_to(only)]


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def functions(file: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree(file)) if isinstance(node, Function))


def comments(file: Path) -> list[tuple[int, str]]:
    text = file.read_text(encoding="utf-8")
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def is_public(file: Path) -> bool:
    return not any(part.startswith("_") and part != "__init__.py" for part in file.relative_to(PACKAGE).parts)


def imports(file: Path) -> set[str]:
    """Return the first names of all modules that a file imports."""
    names = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def listed(file: Path) -> list[str] | None:
    """Return a module's ``__all__``, None when there is none."""
    for node in tree(file).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if ast.unparse(target) == "__all__":
                return list(ast.literal_eval(node.value))
    return None
