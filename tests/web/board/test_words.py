"""The board in German: nothing is left in English, and its pages say it."""

from __future__ import annotations

import re
from datetime import timedelta
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from django.test import Client
from django.utils.translation import override

import collage_web
from collage_web.actions import welcoming
from collage_web.board.heard import heard
from collage_web.records.models import Role
from tests.web.conftest import NOW, House, touchpoint

HERE = Path(collage_web.__file__).parent
GERMAN = HERE / "design" / "locale" / "de" / "LC_MESSAGES" / "django.mo"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}


def words(room: str) -> set[tuple[str, str | None]]:
    """Return the words of a room, each with its context."""
    found = extract_from_dir(
        HERE / room,
        [("**.py", "python"), ("**/templates/**.html", "collage_web.design.words:extract")],
        keywords=KEYWORDS,
    )
    return {(each[2][0] if isinstance(each[2], tuple) else each[2], each[4]) for each in found}


@pytest.mark.parametrize(("room", "least"), [("board", 120), ("records", 25)])
def test_every_word_of_the_board_and_of_what_it_shows_is_in_german(room: str, least: int) -> None:
    with GERMAN.open("rb") as file:
        compiled = GNUTranslations(file)
    known = {each.split("\x04")[-1] for each in (key if isinstance(key, str) else key[0] for key in compiled._catalog)}  # type: ignore[attr-defined]  # noqa: SLF001  # there is no other way to ask what it knows
    every = words(room)
    assert len(every) > least
    assert {word for word, _ in every if word not in known} == set()


def test_a_page_of_the_board_is_in_german_for_whoever_reads_german(house: House, settings: Any) -> None:
    settings.COLLAGE_SECOND_FACTOR_ROLES = frozenset()
    house.send(touchpoint(1, "user:1"))
    who = welcoming.admit("m@example.org", "M", Role.ADMIN, "correct horse battery staple", by=None, now=NOW)
    client = Client(headers={"Accept-Language": "de"})
    client.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get("/sources/till").content.decode()
    for german in ("Die letzten 48 Stunden", "angenommen", "Wie sie gelesen wird", "eigene Schnittstelle von Collage"):
        assert german in page
    assert re.search(r"<time datetime=[^>]+>\d+\. \w+\.? \d{4}, \d\d:\d\d:\d\d</time>", page)
    for english in ("accepted", "Heard last", "Web pages", "Everything", "touchpoint at most"):
        assert english not in re.sub(r"<[^>]*>", " ", page)


@pytest.mark.parametrize(
    ("ago", "english", "german"),
    [
        (timedelta(seconds=-2), "heard just now", "gerade eben gehört"),
        (timedelta(seconds=59), "heard just now", "gerade eben gehört"),
        (timedelta(minutes=1), "last heard 1 minute ago", "zuletzt vor 1 Minute gehört"),
        (timedelta(hours=2, minutes=59), "last heard 2 hours ago", "zuletzt vor 2 Stunden gehört"),
        (timedelta(days=3), "last heard 3 days ago", "zuletzt vor 3 Tagen gehört"),
    ],
)
def test_when_something_was_heard_last_is_told_in_the_largest_unit(ago: timedelta, english: str, german: str) -> None:
    with override("en"):
        assert heard(NOW - ago, now=NOW) == english
    with override("de"):
        assert heard(NOW - ago, now=NOW) == german
        assert heard(None, now=NOW) == "nie gehört"
