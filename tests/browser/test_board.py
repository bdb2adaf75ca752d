"""The board in a browser: all of its pages for everybody, its main tasks by keyboard, and a page that moves on."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from collage_web.actions import receiving, sourcing, uploading, welcoming
from collage_web.actions.counting import hour_of
from collage_web.ingest import sources as known_sources
from collage_web.records import gates
from collage_web.records.keys import digest
from collage_web.records.models import Arrival, AuditEntry, Colleague, Role, Source, SourceHour, Touchpoint, Upload
from tests.browser.looked import SIGHTS, axed
from tests.browser.test_login import opened
from tests.web.board.test_pages import CALLS, MAP
from tests.web.conftest import House
from tests.web.design.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # as in test_login: Playwright keeps an event loop in this thread

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]
LONG = "a-message-whose-id-somebody-made-of-" + "0123456789abcdef" * 4


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Board:
    """A house with a board, and a page of whoever is logged in there."""

    house: House
    live: str

    def cookie(self, who: Colleague, language: str = "en") -> list[Any]:
        client = Client()
        client.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
        cookies = {"session": client.cookies["session"].value, "django_language": language}
        return [{"name": name, "value": value, "url": self.live} for name, value in cookies.items()]


def colleague(role: Role) -> Colleague:
    name = {"admin": "Ada Lovelace-Byron", "agent": "Bo"}.get(role, role)
    return welcoming.admit(f"{role}@example.com", name, role, PASSWORD, department="Care", by=None, now=now())


@pytest.fixture
def board(live_server: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    """Return a house with one source, which has sent nothing yet."""

    class Here:
        def store(self, batch: receiving.Batch) -> receiving.Outcome:
            return receiving.stored([receiving.prepared(batch)])[0]

    settings.COLLAGE_SECOND_FACTOR_ROLES = frozenset()
    settings.VAR = tmp_path
    monkeypatch.setattr(receiving, "_writer", Here)
    cache.clear()
    known_sources.forget()
    source, key = sourcing.create("till", "native", by=None, now=now(), new_key=lambda: f"clg_live_{'0' * 48}")
    yield Board(House(Client(), source, key, now()), live_server.url)
    _forget_the_log()


def _forget_the_log() -> None:
    """Empty the audit log, which refuses it: what ends a test could not empty the database else."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'audit_delete'")
        (trigger,) = cursor.fetchone()
        cursor.execute("DROP TRIGGER audit_delete")
        AuditEntry.objects.all().delete()
        cursor.execute(trigger)


def told(number: int | str, **more: Any) -> dict[str, Any]:
    at = (now() - timedelta(days=1)).isoformat()
    return {"touchpoint_id": str(number), "identifier": "user:1", "kind": "contact.answered", "occurred_at": at, **more}


def made(name: str, kind: str = "native", map_: str = "", **more: Any) -> Source:
    """Make a source without having its map compiled, which takes a while."""
    return Source.objects.create(name=name, kind=kind, map=map_, created_at=now() - timedelta(hours=5), **more)


def kept(who: Colleague, source: Source, name: str = "calls.csv", text: str = CALLS) -> Upload:
    return uploading.keep(source, name, [text.encode()], by=who, now=now())


def sent_for_two_days(source: Source, chance: random.Random) -> None:
    """Count for each of 48 hours, as if all of it had arrived."""
    this = hour_of(now())
    for ago in range(1, 48):
        busy = 40 + int(30 * chance.random()) if (this - timedelta(hours=ago)).hour in range(7, 20) else 4
        wrong = {"quarantined": 6, "refused": 9} if ago in {5, 6, 7} else {"quarantined": 0, "refused": 0}
        SourceHour.objects.create(
            source=source, hour=this - timedelta(hours=ago), last_at=now(), accepted=busy, duplicate=busy // 9, **wrong
        )


def arrived(source: Source, name: str, body: str, **more: Any) -> Arrival:
    times = {"received_at": now(), "occurred_at": now(), "clock": "known"}
    return Arrival.objects.create(source=source, message_id=name, type="touchpoint", body=body, **times, **more)


def filled(board: Board, admin: Colleague) -> dict[str, str]:
    """Let much have happened, and return the address of every page by what is to be seen there."""
    till = board.house.source
    sent_for_two_days(till, random.Random(7))
    arrived(till, "kept", "{}", digested_at=now(), became="kept")
    arrived(till, "waits", "{}")
    wrong = {"column": "wait_s", "reason": "is below 0", "found": "-5.0", "quarantined_at": now()}
    aside = arrived(till, LONG, '{"wait_s": -5, "text": "<b>third wrong invoice</b>"}', **wrong)
    arrived(till, "x2", "{", **wrong)
    made("app", "segment")
    quiet = made("telephone-system-of-the-second-floor_12", quiet_after_s=60)
    sourcing.revoke(made("old-shop", "segment"), by=admin, now=now(), reason="the shop is sold")
    pbx = made("pbx", "files", MAP)
    found = {
        "done": kept(admin, pbx),
        "failed": kept(admin, pbx, "an-export-with-a-name-that-does-not-end-2026-11-29.csv", "a;b\n1;2\n"),
    }
    for each in found.values():
        uploading.begin(each, try_only=False, by=admin, now=now())
    while uploading.take_next(clock=now):
        pass
    found |= {"seen": kept(admin, pbx), "at work": kept(admin, pbx)}
    uploading.begin(found["at work"], try_only=False, by=admin, now=now())
    return {
        "sources": "/sources/", "source": "/sources/till", "source silent": f"/sources/{quiet.name}",
        "source new": "/sources/new",
        "quarantine": "/quarantine/", "arrival": f"/arrivals/{aside.pk}",
        "uploads": "/uploads/", "upload new": "/uploads/new",
        **{f"upload {name}": f"/uploads/{each.pk}" for name, each in found.items()},
        "colleagues": "/colleagues/", "colleague new": "/colleagues/new", "colleague": f"/colleagues/{admin.pk}",
        "audit log": "/audit/",
    }  # fmt: skip


def looked_at(page: Page, axe: str, name: str) -> list[str]:
    """Return what is wrong with a page, in both themes, narrow and wide, without loading it anew."""
    wrong = []
    page.evaluate(axe)
    for theme, width in SIGHTS:
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # a literal
        page.set_viewport_size({"width": width, "height": 800})
        if pictures := os.environ.get("COLLAGE_TEST_PICTURES"):
            page.screenshot(path=f"{pictures}/{name} {theme} {width}.png", full_page=True)
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            wrong.append(f"{name} {theme} {width}: {wide} pixels wide")
        wrong += [f"{name} {theme} {width}: {each}" for each in axed(page, "0")]
    return wrong


@pytest.mark.slow
def test_every_page_of_a_full_board_is_for_everybodys_eyes_and_keeps_to_its_policy(
    board: Board, browser: Browser, axe: str
) -> None:
    admin = colleague(Role.ADMIN)
    addresses = filled(board, admin)
    wrong: list[str] = []
    with opened(browser, wrong) as page:
        page.context.add_cookies(board.cookie(admin))
        for name, address in addresses.items():
            page.goto(board.live + address)
            wrong += looked_at(page, axe, name)
        page.goto(f"{board.live}/sources/new")
        page.fill("[name=name]", "shop")
        page.click("main button[type=submit]")
        wrong += looked_at(page, axe, "key")
    assert wrong == []


@pytest.mark.slow
def test_every_page_of_an_empty_board_is_for_everybodys_eyes_and_keeps_to_its_policy(
    board: Board, browser: Browser, axe: str
) -> None:
    Source.objects.all().delete()
    wrong: list[str] = []
    with opened(browser, wrong) as page:
        page.context.add_cookies(board.cookie(colleague(Role.ADMIN)))
        for name in ("sources", "quarantine", "uploads"):
            page.goto(f"{board.live}/{name}/")
            wrong += looked_at(page, axe, f"{name} empty")
        page.goto(f"{board.live}/uploads/new")
        wrong += looked_at(page, axe, "upload new empty")
        page.context.add_cookies(board.cookie(colleague(Role.AGENT)))
        page.goto(board.live)
        wrong += looked_at(page, axe, "home of an agent")
    assert wrong == []


# ---- by keyboard alone


def tab_to(page: Page, what: str) -> None:
    """Go on with the Tab key until what is meant has the focus."""
    for _ in range(80):
        if page.evaluate("what => document.activeElement.matches(what)", what):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"no way by keyboard to {what}")


@contextmanager
def at_work(board: Board, browser: Browser, role: Role = Role.ADMIN) -> Iterator[Page]:
    """Open a page for somebody who has but the keyboard, and let its console say nothing."""
    said: list[str] = []
    with opened(browser, said, viewport={"width": 1280, "height": 800}) as page:
        page.context.add_cookies(board.cookie(colleague(role)))
        yield page
    assert said == []


def test_a_source_is_made_and_its_key_selected_by_keyboard_alone(board: Board, browser: Browser) -> None:
    with at_work(board, browser) as page:
        page.goto(f"{board.live}/sources/")
        page.keyboard.press("n")
        page.wait_for_url("**/sources/new")
        page.keyboard.type("shop")
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('The key of shop')")
        tab_to(page, "#key")
        page.keyboard.press("Control+a")
        key = page.evaluate("(box => box.value.slice(box.selectionStart, box.selectionEnd))(document.activeElement)")
        assert gates.source_of_key(digest(key)) == Source.objects.get(name="shop")


def test_a_mistake_in_a_map_is_told_at_the_field_and_typing_goes_on_there(board: Board, browser: Browser) -> None:
    with at_work(board, browser) as page:
        page.goto(f"{board.live}/sources/till")
        tab_to(page, "#id_map")
        page.keyboard.type("name = 'till'\n[[rows]]\n")
        tab_to(page, "form[action$=change] [type=submit]")
        page.keyboard.press("Enter")
        wrong = page.wait_for_selector("#id_map_error")
        assert wrong is not None
        assert "write at least one [[rows.emit]]" in wrong.inner_text()
        assert page.evaluate("document.activeElement.id") == "id_map"
        assert page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"
        assert "id_map_error" in page.evaluate("document.activeElement.getAttribute('aria-describedby')")
        within = "each => each.getBoundingClientRect().top > 0 && each.getBoundingClientRect().bottom < innerHeight"
        page.wait_for_function(within, arg=wrong)
        page.keyboard.press("Control+a")
        page.keyboard.press("Delete")
        tab_to(page, "form[action$=change] [type=submit]")
        page.keyboard.press("Enter")
        page.wait_for_selector(".notice.good:has-text('Changed.')")


def test_what_is_in_quarantine_is_found_opened_and_digested_again_by_keyboard_alone(
    board: Board, browser: Browser
) -> None:
    board.house.send(told(1, wait_s=-5), told(2, wait_s=-6))
    board.house.digest()
    with at_work(board, browser, Role.MANAGER) as page:
        page.goto(f"{board.live}/quarantine/")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        page.wait_for_url("**/arrivals/*")
        assert '"wait_s": -6' in page.locator("pre").inner_text()
        tab_to(page, "main [type=submit]")
        page.keyboard.press("Enter")
        page.wait_for_selector(".notice.good:has-text('It is digested again.')")
    assert Arrival.objects.filter(quarantined_at=None).count() == 1


def test_a_file_is_taken_in_by_keyboard_alone_and_the_page_moves_on_without_taking_the_focus(
    board: Board, browser: Browser, tmp_path: Path
) -> None:
    made("pbx", "files", MAP)
    (tmp_path / "calls.csv").write_text(CALLS)
    with at_work(board, browser, Role.MANAGER) as page:
        page.on("filechooser", lambda _: None)  # from now on: else a quick key can come before the browser knows
        page.goto(f"{board.live}/uploads/")
        tab_to(page, "main .btn")
        page.keyboard.press("Enter")
        page.wait_for_url("**/uploads/new")
        page.keyboard.type("pbx")
        tab_to(page, "[type=file]")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files(tmp_path / "calls.csv")
        tab_to(page, "main [type=submit]")
        page.keyboard.press("Enter")
        page.wait_for_selector("td:has-text('pbx:1')")
        tab_to(page, "[value=take]")
        page.keyboard.press("Enter")
        page.wait_for_selector("#state:has-text('Waiting')")
        tab_to(page, ".ways a[href='/board/']")
        page.evaluate("window.sameAsBefore = true")
        with page.expect_response(lambda each: each.status == 204):
            pass  # nothing has changed: nothing is swapped
        assert uploading.take_next(clock=now)
        page.wait_for_selector("#state h2:has-text('Done')")
        assert page.locator("[action$=undo]").is_visible()
        assert page.evaluate("document.activeElement.getAttribute('href')") == "/board/"
        assert page.evaluate("window.sameAsBefore")
    assert set(Touchpoint.objects.values_list("touchpoint_id", flat=True)) == {"pbx:1", "pbx:2"}
