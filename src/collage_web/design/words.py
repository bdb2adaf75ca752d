"""Words of Django's templates for ``pybabel extract``, which knows Python and Jinja only."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from typing import IO, Any

from babel.messages.extract import extract_python
from django.utils.translation.template import templatize

__all__ = ["extract"]


def extract(
    file: IO[bytes],
    keywords: Mapping[str, Any],
    comment_tags: Collection[str],
    options: Mapping[str, Any],  # noqa: ARG001  # Babel's signature
) -> Iterator[tuple[int, str, Any, list[str]]]:
    """Yield the words of a template, as Babel's extractors do: line, function, words, comments.

    Parameters
    ----------
    file
        The template, in UTF-8.
    keywords, comment_tags, options
        As Babel gives them.
    """
    # Django turns a template into something that looks like Python, one line for one; where lines begin says nothing
    python = re.sub(r"^[ \t]+", "", templatize(file.read().decode()), flags=re.MULTILINE)
    code = BytesIO(python.encode())
    found = extract_python(code, keywords, comment_tags, {"encoding": "utf-8"})
    yield from found  # type: ignore[misc]  # Babel's own types have the four in another order
