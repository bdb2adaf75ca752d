"""Every page of the desk, of the company and of what is set up, in each of its states, for everybody's eyes.

The pages come from the addresses: one that is added and not listed here fails.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from collage_web.actions import contesting, figuring, hooking, keying
from collage_web.board.figure import DEFINITIONS
from collage_web.records.models import Delivery, Hook, Role, Touchpoint
from tests.browser.desk import KNOWN, OTHER, Desk, key_of, owed, peopled, refunded, somebody, within, working
from tests.browser.test_board import Board, board, looked_at, now, tab_to
from tests.browser.test_desk import addresses
from tests.browser.test_login import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["board"]  # a fixture

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.timeout(900),  # a hundred pages, each seen four times
]

Way = str | Callable[["Page", str], object]
# looked at in test_board
BEFORE = {
    "sources", "source", "source_new", "quarantine", "arrival", "uploads", "upload_new", "upload", "colleagues",
    "colleague_new", "colleague", "audit",
}  # fmt: skip
# they lead elsewhere, take what a page sends, or are a file
NO_PAGES = {
    "home", "board_ask", "board_csv", "board_strike_csv", "hook_revoke", "hook_again", "read_key_revoke",
    "source_change", "source_key", "source_revoke", "source_replay", "arrival_replay", "upload_begin",
    "upload_discard", "upload_undo", "upload_quarantine",
}  # fmt: skip
PARTS = {"board_age"}  # of a page that is looked at


def sent(query: str = "", /, **fields: str) -> Callable[[Page, str], object]:
    """Return how to fill in a form, and send it whatever the browser thinks of it."""

    def go(page: Page, address: str) -> None:
        page.goto(address + query)
        form = page.locator("main form[method=post]").last
        for name, value in fields.items():
            form.locator(f"[name={name}]").fill(value)
        with page.expect_navigation():
            form.evaluate("form => { form.noValidate = true; form.requestSubmit(); }")

    return go


def looked_for(what: str) -> Callable[[Page, str], object]:
    def go(page: Page, address: str) -> None:
        page.goto(address.replace("/desk/find", "/desk/contested"))
        page.fill("[data-search]", what)
        with page.expect_navigation():
            page.locator("[data-search]").evaluate("box => box.form.submit()")

    return go


def asked(hash_: str) -> Callable[[Page, str], object]:
    def go(page: Page, address: str) -> None:
        page.goto(f"{address}{hash_}")
        page.wait_for_selector("details.more")
        page.click("details.more > summary")

    return go


def beside(what: str) -> Callable[[Page, str], object]:
    def go(page: Page, address: str) -> None:
        page.goto(address)
        page.locator(what).first.click()
        page.wait_for_selector("#panel[open] #panel-body h1")

    return go


def listed(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("[data-search]").press_sequentially("Muster")
    page.wait_for_selector("#finds .hit")


def unfolded(page: Page, address: str) -> None:
    """Open all that can be unfolded but the menus, which lie over the page."""
    page.goto(address)
    page.evaluate("for (const each of document.querySelectorAll('main details:not(.menu)')) each.open = true")


def with_menu(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("nav.choose details.menu summary").first.click()


def keys_of_the_page(page: Page, address: str) -> None:
    page.goto(address)
    page.keyboard.press("?")
    page.wait_for_selector("dialog#keys[open]")


def told_that_it_was_done(page: Page, address: str) -> None:
    sent(text="she rang")(page, address)
    page.wait_for_selector(".notice.good")


def of_the_desk(desk: Desk, given: dict[str, str]) -> dict[str, list[tuple[str, Role, Way]]]:
    """Return each page by the name of its address: what is seen, who looks, how they come there."""
    # Long because it is a table: every page of the desk, and how one comes there
    agent, lead, manager = Role.AGENT, Role.LEAD, Role.MANAGER
    parcel = f"?i={key_of('parcel')}&mark={given['contested']}"
    wait = f"?i={key_of('wait')}&mark={given['free']}"
    noted = Touchpoint.objects.get(source="desk", kind="note.made")

    def promise(name: str, which: str) -> str:
        return reverse(name, args=[given["customer"], given[which]])

    def page_of(identifier: str) -> str:
        return desk.path(identifier)

    return {
        "desk": [("full", agent, ""), ("empty", Role.ADMIN, "")],
        "find": [("several", agent, looked_for("Muster")), ("nobody", agent, looked_for("089 1"))],
        "who": [
            ("asks", agent, ""), ("nobody", agent, asked("#phone=089765432")),
            ("several", agent, asked("#name=Muster")),
        ],
        "customer_new": [("", agent, ""), ("wrong", agent, sent(identifier="?"))],
        "customer": [
            ("full", agent, unfolded), ("to the lead", lead, ""), ("bare", agent, page_of("user:8")),
            ("objects", agent, page_of("user:9")), ("strike", agent, beside("li.takes a.open")),
            ("decides", manager, beside("li.instance:has-text('3 days') a.open")),
            ("verb", agent, beside("[data-key=r]")),
            ("listed", agent, listed), ("menu", agent, with_menu), ("keys", agent, keys_of_the_page),
            ("chosen", agent, "?mark=long_wait"), ("nothing of it", agent, "?days=1&show=promises"),
        ],
        "customer_instances": [("", agent, "")],
        "customer_instance": [
            ("contested", lead, reverse("customer_instance", args=[given["customer"], key_of("parcel")])),
            ("strike", agent, unfolded),
            ("promise", agent, reverse("customer_instance", args=[given["customer"], f"p{given['p20']}.broken"])),
        ],
        "record": [
            ("", agent, ""), ("wrong", agent, sent(occurred_at="2999-01-01T10:00")),
            ("done", agent, told_that_it_was_done),
        ],
        "take_back": [("", agent, f"?i=t{noted.pk}")],
        "customer_about": [
            ("", agent, ""), ("removes", agent, f"?remove={given['mine']}"), ("wrong", agent, sent(value="12")),
            ("another's", agent, sent(value="030 999 888", reason="told me")),
        ],
        "customer_consent": [("", agent, ""), ("wrong", agent, sent())],
        "promise_make": [("", agent, ""), ("wrong", agent, sent(due_at="2001-01-01T10:00"))],
        "promise_settle": [(which, agent, promise("promise_settle", which)) for which in ("p0", "p20", "settled")],
        "promise_withdraw": [(which, agent, promise("promise_withdraw", which)) for which in ("p0", "p20")],
        "contest": [("", agent, wait), ("one's own", agent, parcel), ("wrong", agent, sent(wait))],
        "decide": [
            ("", manager, parcel), ("not theirs", lead, parcel), ("nothing to decide", manager, wait),
            ("decided", manager, f"?i={key_of('other')}&mark={given['upheld']}"),
        ],
        "heal": [("", agent, wait)],
        "same_person": [
            ("", agent, ""), ("nobody", agent, sent(other="089 1")), ("several", agent, sent(other="Muster")),
            ("before", agent, f"?other={desk.customer(OTHER)}"),
        ],
        "apart": [
            ("", agent, ""), ("before", agent, f"?claim={given['claim']}"),
            ("nothing", agent, page_of(OTHER) + "/apart"),
        ],
        "contested": [("full", manager, ""), ("empty", lead, "")],
    }  # fmt: skip


# an address of its own, where what is seen is of another customer or instance
OF_ITS_OWN = {"decided": OTHER}


def prepared(desk: Desk) -> dict[str, str]:
    """Let much have happened; return what stands in addresses."""
    ada = somebody(Role.AGENT, "Agent", agent="ada")
    customer = desk.customer(KNOWN)
    desk.board.house.client.force_login(ada, backend="allauth.account.auth_backends.AuthenticationBackend")
    given = owed(desk, ada)
    kept = desk.board.house.client.post(f"/desk/c/{customer}/record", {"what": "note", "text": "likes <b>tea</b>"})
    assert kept.status_code == 302
    other = next(each for each in desk.of(OTHER, at=now()).reasons if each.contribution < 0)
    boss = somebody(Role.MANAGER, "Boss", "")
    whose = desk.customer(OTHER)
    contesting.contest(other.touchpoint_id, other.mark, whose, by=ada, now=now(), reason="it was not so")
    contesting.decide(other.touchpoint_id, other.mark, whose, "upheld", by=boss, now=now(), reason="it was")
    desk.send()
    return {**given, "customer": customer, "upheld": other.mark, "number": given["p0"], "key": key_of("wait")}


def looked_at_all(
    desk: Desk, browser: Browser, axe: str, pages: dict[str, list[tuple[str, Role, Way]]], given: dict[str, str]
) -> list[str]:
    """Look at pages, each as whoever may; return what is wrong."""
    every = addresses({"figure": "weeks", "mark": "long_wait", "name": "till", **given})
    wrong: list[str] = []
    said: list[str] = []
    with opened(browser, said, viewport={"width": 1280, "height": 800}) as page:
        for name, sights in pages.items():
            for what, role, way in sights:
                page.context.add_cookies(desk.board.cookie(somebody(role, role.capitalize(), agent="ada")))
                page.set_viewport_size({"width": 1280, "height": 800})
                own = every[name]
                if what in OF_ITS_OWN:
                    own = own.replace(given["customer"], desk.customer(OF_ITS_OWN[what]))
                if isinstance(way, str):
                    page.goto(desk.live + (way if way.startswith("/") else own + way))
                else:
                    way(page, desk.live + own)
                wrong += looked_at(page, axe, f"{name} {what}".strip().replace("/", " "))
                wrong += [f"{name} {what}: {each}" for each in within(said)]
                said.clear()
    return wrong


def of_the_company() -> dict[str, list[tuple[str, Role, Way]]]:
    """Return each page of the company and of what is set up, as `of_the_desk` does."""
    admin, manager = Role.ADMIN, Role.MANAGER
    hook, revoked = Hook.objects.order_by("id")
    return {
        "board": [("full", manager, unfolded), ("to an analyst", Role.ANALYST, ""), ("short", manager, "?weeks=13")],
        "board_own": [("", Role.AGENT, "")],
        "board_figure": [(each, manager, reverse("board_figure", args=[each])) for each in DEFINITIONS],
        "board_strike": [
            (each, role, reverse("board_strike", args=[each]))
            for each, role in (("refund_late", manager), ("long_wait", Role.ANALYST), ("resolved", manager))
        ],
        "company_settings": [("", admin, ""), ("wrong", admin, sent(opens_0="25"))],
        "my_settings": [("", Role.AGENT, "")],
        "hooks": [("full", admin, "")],
        "hook": [("", admin, reverse("hook", args=[hook.pk])), ("revoked", admin, reverse("hook", args=[revoked.pk]))],
        "hook_new": [("", admin, ""), ("wrong", admin, sent(url="ftp://x"))],
        "read_keys": [("full", admin, unfolded)],
        "read_key_new": [("", admin, ""), ("wrong", admin, sent(name="?")), ("made", admin, sent(name="switchboard"))],
    }  # fmt: skip


EMPTY: dict[str, list[tuple[str, Role, Way]]] = {
    "desk": [("of nobody", Role.AGENT, "")],
    "board": [("of nothing", Role.ADMIN, "")],
    "board_figure": [("of nothing", Role.MANAGER, "")],
    "board_own": [("of nothing", Role.AGENT, "")],
    "hooks": [("none", Role.ADMIN, "")],
    "read_keys": [("none", Role.ADMIN, "")],
    "contested": [("nothing", Role.LEAD, "")],
}


def told_of() -> None:
    """Make webhooks that were told something, and keys that read."""
    admin = somebody(Role.ADMIN, "Admin")
    told: list[dict[str, Any]] = [
        {"done_at": now()},
        {"next_at": now(), "tries": 2, "problem": "500"},
        {"tries": 9, "problem": "silent"},
        {"next_at": now()},
    ]
    for address in (f"https://crm.example.org/{'of-somebody-who-likes-long-names/' * 3}", "https://old.example.org/"):
        made = hooking.create(
            address, ["strike.recorded", "promise.broken"], private=False, by=admin, now=now(), chance=os.urandom
        )
        for number, more in enumerate(told):
            Delivery.objects.create(
                hook=made, message_id=f"msg_{made.pk}_{number}", event="strike.recorded", body="{}", created_at=now(),
                **more,
            )  # fmt: skip
    hooking.revoke(Hook.objects.latest("id"), by=admin, now=now(), reason="sold")
    for name in ("pbx", "old"):
        keying.create(name, by=admin, now=now(), new_key=partial("{}{:0>40}".format, "clg_read_", name))


@pytest.fixture
def desk(board: Board) -> Desk:
    made = Desk(board)
    peopled(made)
    return made


def test_every_page_of_the_desk_is_for_everybodys_eyes_and_keeps_to_its_policy(
    desk: Desk, browser: Browser, axe: str
) -> None:
    given = prepared(desk)
    pages = of_the_desk(desk, given)
    there = addresses({"figure": "weeks", "mark": "long_wait", "name": "till", **given})
    assert set(pages) == {name for name, address in there.items() if address.startswith("/desk/")}
    assert looked_at_all(desk, browser, axe, pages, given) == []


def test_every_page_of_the_company_is_for_everybodys_eyes_and_keeps_to_its_policy(
    desk: Desk, browser: Browser, axe: str, settings: Any, tmp_path: Path
) -> None:
    settings.VAR = tmp_path
    refunded(desk)
    figuring.figure(now)
    told_of()
    given = {"customer": desk.customer(KNOWN), "number": "1", "key": "t1"}
    pages = of_the_company()
    there = addresses({"figure": "weeks", "mark": "long_wait", "name": "till", **given})
    others = {name for name, address in there.items() if not address.startswith("/desk/")}
    assert set(pages) | BEFORE | NO_PAGES | PARTS == others
    assert looked_at_all(desk, browser, axe, pages, given) == []


def test_every_page_on_which_nothing_is_yet_is_for_everybodys_eyes(board: Board, browser: Browser, axe: str) -> None:
    given = {"customer": "0" * 20, "number": "1", "key": "t1"}
    assert looked_at_all(Desk(board), browser, axe, EMPTY, given) == []


def test_a_secret_is_shown_once_and_taken_by_keyboard(board: Board, browser: Browser, axe: str) -> None:
    desk = Desk(board)
    with working(desk, browser, somebody(Role.ADMIN, "Admin")) as page:
        page.goto(f"{desk.live}/hooks/new")
        page.keyboard.type("https://crm.example.org/hook")
        tab_to(page, "[type=checkbox][name=events]")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        page.wait_for_selector("#secret")
        assert looked_at(page, axe, "secret of a webhook") == []
        page.goto(f"{desk.live}/read-keys/")
        tab_to(page, "main .nothing-yet .btn")
        page.keyboard.press("Enter")
        page.wait_for_url("**/read-keys/new")
        page.keyboard.type("pbx")
        page.keyboard.press("Enter")
        page.wait_for_selector("#key")
        assert looked_at(page, axe, "secret of a key") == []
