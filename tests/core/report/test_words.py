"""Whatever the report says is gathered, translated and compiled."""

from __future__ import annotations

import gettext
import io
from importlib import resources
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOM = Path(str(resources.files("collage.report")))
LOCALES = sorted(each.name for each in (ROOM / "locale").iterdir())


def said() -> set[object]:
    """Return all that the report says, from its code and its template."""
    method = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    keywords = {"_": None, "n_": (1, 2)}
    return {message for _, _, message, _, _ in extract_from_dir(str(ROOM), method, keywords=keywords)}


def read(language: str) -> Catalog:
    with (ROOM / "locale" / language / "LC_MESSAGES" / "collage.po").open("rb") as file:
        return read_po(file, locale=language, domain="collage")


def test_there_is_german() -> None:
    assert LOCALES == ["de"]
    assert len(said()) > 100


@pytest.mark.parametrize("language", LOCALES)
def test_everything_is_translated_and_nothing_else(language: str) -> None:
    entries = {entry.id: entry for entry in read(language) if entry.id}
    assert {entry if isinstance(entry, str) else tuple(entry) for entry in entries} == said()
    for entry in entries.values():
        assert entry.string, entry.id
        assert isinstance(entry.string, str) or all(entry.string), entry.id
        assert not entry.fuzzy
        assert not list(entry.check()), entry.id


@pytest.mark.parametrize("language", LOCALES)
def test_what_is_compiled_is_what_is_translated(language: str) -> None:
    fresh = io.BytesIO()
    write_mo(fresh, read(language))
    fresh.seek(0)
    with (ROOM / "locale" / language / "LC_MESSAGES" / "collage.mo").open("rb") as file:
        stored, made = gettext.GNUTranslations(file), gettext.GNUTranslations(fresh)
    # gettext shows its words no other way; under the empty one stands when they were written
    one, other = ({**each._catalog, "": ""} for each in (stored, made))  # type: ignore[attr-defined]  # noqa: SLF001  # as said
    assert one == other
