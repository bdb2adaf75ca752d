"""Stories of the desk in a browser, by keyboard alone: who is calling, one or two persons, strikes, promises."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import URLPattern

from collage_web.actions import figuring
from collage_web.actions.catching_up import waits
from collage_web.actions.identifying import touched
from collage_web.records.models import Claim, Promise, Role, Touchpoint
from collage_web.urls import urlpatterns
from tests.browser.desk import (
    HERS,
    HIS,
    KNOWN,
    OTHER,
    Desk,
    key_of,
    peopled,
    refunded,
    somebody,
    strike_of,
    working,
)
from tests.browser.test_board import Board, board, now, tab_to
from tests.browser.test_login import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["board"]  # a fixture

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def desk(board: Board) -> Desk:
    made = Desk(board)
    peopled(made)
    return made


def said(page: Page, words: str) -> None:
    """Wait until a page says that something was done."""
    page.wait_for_selector(f"main .notice:has-text('{words}')")


def shown_index(page: Page) -> float:
    """Return the index at the end of its explanation, to one place."""
    return float(page.locator("#why li.end .points").last.inner_text())


def beside(page: Page, key: str) -> None:
    """Press a key that opens something beside the page."""
    page.keyboard.press(key)
    page.wait_for_selector("#panel[open] #panel-body h1")


def sent(page: Page, text: str) -> None:
    """Write where one is, and send it."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def step_to(page: Page, words: str, *, most: int = 40) -> None:
    """Go on with `j` to the row that says something."""
    for _ in range(most):
        page.keyboard.press("j")
        if words in page.evaluate("document.activeElement.closest('[data-row]')?.textContent ?? ''"):
            return
    pytest.fail(f"no row says {words}")


# ---- who is calling


def test_an_agent_answers_a_known_number_and_begins_an_unknown_one_in_one_key(desk: Desk, browser: Browser) -> None:
    with working(desk, browser, somebody(Role.AGENT, "Ada", agent="ada")) as page:
        page.goto(f"{desk.live}/desk/who#phone=+49 (30) 12 34 56")  # as a telephone opens it
        page.wait_for_url(f"{desk.live}{desk.path(KNOWN)}")
        assert page.locator("h1").inner_text() == HERS
        assert "14 min" in page.locator(".brief").inner_text()

        page.goto(f"{desk.live}/desk/who#phone=089765432")
        page.wait_for_selector("h1:has-text('Nobody is known as this')")
        assert page.url == f"{desk.live}/desk/who"
        page.keyboard.press("n")
        page.wait_for_url(f"{desk.live}/desk/c/*")
        assert page.locator("h1").inner_text() == "+4989765432"

        beside(page, "r")
        tab_to(page, "[name=text]")
        page.keyboard.type("asks where the parcel is")
        tab_to(page, "#panel [type=submit].btn")
        page.keyboard.press("Enter")
        said(page, "Recorded.")
        assert "asks where the parcel is" in page.locator("#line").inner_text()
    made = Touchpoint.objects.get(source="desk")
    assert (made.identifier, made.agent) == ("phone:+4989765432", "ada")


def test_a_customer_is_found_from_any_page_while_one_types(desk: Desk, browser: Browser) -> None:
    with working(desk, browser, somebody(Role.AGENT, "Ada")) as page:
        page.goto(f"{desk.live}/settings/own")
        page.keyboard.press("/")
        page.keyboard.type("Muster")
        page.wait_for_selector("#finds .hit >> nth=1")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        name = page.evaluate("document.activeElement.querySelector('.who').textContent")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{desk.live}/desk/c/*")
        assert page.locator("h1").inner_text() == name
        assert name in {HERS, HIS}


# ---- one person or two


def test_a_wrong_merge_is_seen_before_made_and_undone_and_the_scores_are_as_before(
    desk: Desk, browser: Browser
) -> None:
    at = now()
    before = {each: (desk.customer(each), desk.index(each, at=at)) for each in (KNOWN, OTHER)}
    with working(desk, browser, somebody(Role.AGENT, "Ada")) as page:
        page.goto(desk.live + desk.path(KNOWN))
        shown = shown_index(page)
        beside(page, "s")
        sent(page, "030 / 999 888")
        page.wait_for_selector("h2:has-text('Afterwards')")
        assert Claim.objects.count() == 0
        foretold = float(page.locator(".change .card").last.locator("td.number").last.inner_text())
        sent(page, "she says so")
        said(page, "They are one customer now.")
        assert desk.customer(OTHER) == desk.customer(KNOWN)
        assert desk.index(KNOWN, at=at) < before[KNOWN][1] - 0.1
        assert shown_index(page) == pytest.approx(foretold, abs=0.11)
        assert desk.index(KNOWN, at=at) == pytest.approx(foretold, abs=0.11)

        tab_to(page, "main .notice a")
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('Are they not the same person?')")
        sent(page, "it was her neighbour")
        said(page, "Withdrawn")
        assert shown_index(page) == pytest.approx(shown, abs=0.11)  # seconds later
    for each, (customer, index) in before.items():
        assert desk.customer(each) == customer
        assert desk.index(each, at=at) == pytest.approx(index, abs=1e-9)


# ---- a strike


def the_one_it_names_cannot_decide(desk: Desk, browser: Browser) -> None:
    which = f"{desk.path(KNOWN)}/decide?i={key_of('parcel')}&mark={strike_of('parcel').mark}"
    with working(desk, browser, somebody(Role.LEAD, "Joe", "Logistics", agent="joe")) as page:
        page.goto(f"{desk.live}/desk/contested")
        assert "it came in time" not in page.content()
        page.goto(desk.live + which)
        assert "about yourself" in page.locator("main [role=alert]:visible").inner_text()
        assert page.locator("main form").count() == 0


def test_a_strike_is_contested_upheld_by_the_lead_whom_it_does_not_name_and_healed(
    desk: Desk, browser: Browser
) -> None:
    # Long because it is one story, told from its beginning to its end
    at = now() + timedelta(minutes=5)
    before = desk.index(KNOWN, at=at)
    row = "li.instance.takes:has-text('3 days late')"
    with working(desk, browser, somebody(Role.AGENT, "Ada")) as page:
        page.goto(desk.live + desk.path(KNOWN))
        shown = shown_index(page)
        step_to(page, "3 days late")
        page.keyboard.press("Enter")
        page.wait_for_selector("#panel[open] summary:has-text('Contest it')")
        tab_to(page, "#panel summary")
        page.keyboard.press("Enter")
        tab_to(page, "#panel [name=reason]")
        sent(page, "it came in time")
        said(page, "Contested. It counts until it is decided.")
        assert "contested" in page.locator(row).inner_text()
        assert shown_index(page) == pytest.approx(shown, abs=0.11)
    assert desk.index(KNOWN, at=at) == pytest.approx(before, abs=1e-9)

    the_one_it_names_cannot_decide(desk, browser)
    with working(desk, browser, somebody(Role.LEAD, "Lea", "Logistics", agent="lea")) as page:
        page.goto(f"{desk.live}/desk/contested")
        step_to(page, "it came in time")
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('Decide on a strike')")
        page.keyboard.type("it was as")  # the words of the choice
        tab_to(page, "[name=reason]")
        sent(page, "the driver's list says so")
        said(page, "Decided: the strike stays.")
        tag = page.locator(row)
        assert "contested" not in tag.inner_text()
        assert "struck out" not in tag.inner_text()
    assert desk.index(KNOWN, at=at) == pytest.approx(before, abs=1e-9)

    with working(desk, browser, somebody(Role.AGENT, "Ada")) as page:
        page.goto(desk.live + desk.path(KNOWN))
        step_to(page, "3 days late")
        page.keyboard.press("Enter")
        page.wait_for_selector("#panel[open] .note-tag:has-text('upheld')")
        assert page.locator("#panel summary:has-text('Contest it')").count() == 0  # it is decided
        tab_to(page, "#panel a[href*='/heal']")
        page.keyboard.press("Enter")
        page.wait_for_selector("#panel p:has-text('The index goes from')")
        words = page.locator("#panel p:has-text('The index goes from')").inner_text()
        _from, after = map(float, re.findall(r"\d+\.\d", words))
        assert page.evaluate("document.activeElement.name") == "reason"
        sent(page, "sent another, she is content")
        said(page, "Healed")
        assert "healed" in page.locator(row).inner_text()
        assert shown_index(page) == pytest.approx(after, abs=0.11)
    assert desk.index(KNOWN, at=at) > before + 0.5


# ---- a promise


def test_a_promise_made_at_the_desk_breaks_when_it_is_due_without_anybody_doing_anything(
    desk: Desk, browser: Browser
) -> None:
    with working(desk, browser, somebody(Role.AGENT, "Ada", agent="ada")) as page:
        page.goto(desk.live + desk.path(KNOWN))
        beside(page, "p")
        tab_to(page, "#panel [type=submit].btn")
        page.keyboard.press("Enter")
        said(page, "Promised.")
        assert "to call back" in page.locator(".owed").inner_text()
        # a form knows minutes, and a test would wait for one: it is due in seconds instead
        began = now()
        page.reload()
        due = now() + 3 * (now() - began) + timedelta(seconds=2)
        Promise.objects.update(due_at=due)
        touched([KNOWN])
        page.reload()
        before = shown_index(page)
        assert now() < due, "too slow a machine for this test"
        assert page.locator(".owed .strike").count() == 0
        assert not waits([KNOWN])  # nothing is left to do for anybody
        time.sleep(max(0.0, (due - now()).total_seconds()) + 0.1)
        page.reload()
        assert shown_index(page) < before - 0.5
        assert page.locator(".owed .strike").count() == 1
        step_to(page, "to call back")
    assert Promise.objects.get().settled_at is None
    assert {each.mark for each in desk.of(KNOWN, at=now()).reasons} >= {"promise_broken"}


# ---- the board


def test_a_manager_finds_the_slow_refunds_from_the_board_in_three_clicks(
    desk: Desk, browser: Browser, settings: Any, tmp_path: Path
) -> None:
    settings.VAR = tmp_path
    refunded(desk)
    figuring.figure(now)
    worst = desk.customer("user:111")
    with working(desk, browser, somebody(Role.MANAGER, "Max", "")) as page:
        clicks = 0

        def click(what: str) -> None:
            nonlocal clicks
            clicks += 1
            page.locator(what).first.click()

        page.goto(desk.live)
        assert page.url == f"{desk.live}/board/"
        first = page.locator("#strikes tbody tr").first
        assert "refund" in first.inner_text().lower()
        assert "Billing" in first.inner_text()
        click("#strikes tbody a")
        page.wait_for_url("**/board/strikes/refund_late")
        click("main a[href^='/desk/c/']")
        page.wait_for_url(f"**/desk/c/{worst}")
        click("li.instance:has-text('13 days') a.open")
        page.wait_for_selector("#panel[open] h1:has-text('13 days')")
        assert clicks == 3

        page.goto(desk.live)  # and by keyboard
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/board/strikes/refund_late")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/desk/c/{worst}")
        step_to(page, "13 days")
        page.keyboard.press("Enter")
        page.wait_for_selector("#panel[open] h1:has-text('13 days')")


# ---- an outsider

ROOMS = ("collage_web.desk", "collage_web.board")


def addresses(given: dict[str, str]) -> dict[str, str]:
    """Return every address of the desk and the board by its name."""
    found = {}
    for each in urlpatterns:
        if isinstance(each, URLPattern) and each.callback.__module__.startswith(ROOMS):
            address = re.sub(r"<\w+:(\w+)>", lambda part: given[part[1]], str(each.pattern))
            found[str(each.name)] = f"/{address}"
    return found


def test_an_outsider_sees_nothing_and_an_analyst_no_customer(desk: Desk, browser: Browser) -> None:
    strike, customer = strike_of("parcel"), desk.customer(KNOWN)
    promise = Promise.objects.create(
        promise_id="p1", identifier=KNOWN, kind="callback", made_at=now(), due_at=now() + timedelta(days=1)
    )
    given = {
        "customer": customer, "key": key_of("parcel"), "number": str(promise.pk), "mark": strike.mark,
        "figure": "weeks", "name": "till",
    }  # fmt: skip
    every = addresses(given)
    assert len(every) > 50
    assert f"/desk/c/{customer}/heal" in every.values()
    hers = {HERS, "Muster", "123456", "till:parcel", "late", "wrong invoice", "order-1", "call back"}
    query = f"?i={given['key']}&mark={given['mark']}&phone=030123456&other={customer}"
    with opened(browser, []) as page:
        for name, address in every.items():
            asked = f"{desk.live}{address}{'' if name == 'home' else query}"
            if page.request.get(asked).status == 405:  # only forms go there
                assert page.request.post(asked).status == 403, name
                continue
            answer = page.goto(asked)
            assert answer is not None
            assert "/accounts/login/" in page.url or answer.status in {403, 404}, name
            text = page.locator("body").inner_text()
            assert [each for each in hers if each.lower() in text.lower()] == [], name
            assert customer not in text
        page.context.add_cookies(desk.board.cookie(somebody(Role.ANALYST, "Ann")))
        for name, address in every.items():
            if not address.startswith("/desk/"):
                continue
            answer = page.goto(f"{desk.live}{address}{query}")
            assert answer is not None
            assert answer.status in {403, 404} or page.url == f"{desk.live}/desk/who", name
            text = page.locator("body").inner_text()
            assert [each for each in hers if each.lower() in text.lower()] == [], name
