"""The door in a browser: everybody can open it, by keyboard too, and the policy forbids nothing that a page does."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from collage_web.records.models import Colleague, Role
from collage_web.urls import urlpatterns as every_address
from tests.browser.looked import SIGHTS, axed
from tests.web.design.conftest import PASSWORD, code_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

# Playwright keeps an event loop in the tests' thread, in which Django would refuse to ask its database
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


def forbidden(_request: HttpRequest) -> HttpResponse:
    """Refuse, whoever asks."""
    raise PermissionDenied


def rows(request: HttpRequest) -> HttpResponse:
    """Show a list with a search, figures and an empty state, as a room would, and a part that cannot be had."""
    page = Path(__file__).with_name("room.html").read_text(encoding="utf-8")
    return HttpResponse(engines["django"].from_string(page).render({}, request))


urlpatterns = [
    path("forbidden", forbidden),
    path("", rows),
    *(path(f"{name}/", rows, name=name) for name in ("sources", "quarantine", "uploads", "colleagues", "audit")),
    *every_address,
]
pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]


@pytest.fixture(autouse=True)
def cast() -> Iterator[Colleague]:
    """Return an administrator, who has no second factor yet."""
    cache.clear()
    made = Colleague(email="ada@example.com", name="Ada Lovelace-Byron", role=Role.ADMIN, department="Care")
    made.set_password(PASSWORD)
    made.save()
    yield made
    cache.clear()


@contextmanager
def opened(browser: Browser, said: list[str], **how: Any) -> Iterator[Page]:
    """Open a page whose every complaint is written down: scripts, policy, what is not found, whom else it asks."""
    context: BrowserContext = browser.new_context(**how)
    try:
        page = context.new_page()
        page.on("console", lambda each: said.append(each.text) if each.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page
    finally:
        context.close()


def log_in(page: Page, live: str) -> None:
    page.goto(f"{live}/accounts/login/")
    page.fill("[name=login]", "ada@example.com")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{live}/accounts/2fa/")


def confirm(page: Page) -> None:
    if "reauthenticate" in page.url:
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")


def locked(page: Page, live: str) -> None:
    page.goto(f"{live}/accounts/login/")
    for _ in range(5):
        page.fill("[name=login]", "ada@example.com")
        page.fill("[name=password]", "wrong")
        page.click("main button[type=submit]")
    page.wait_for_selector("h1:has-text('locked')")


def inside(address: str) -> Callable[[Page, str], None]:
    def go(page: Page, live: str) -> None:
        log_in(page, live)
        page.goto(f"{live}{address}")
        confirm(page)

    return go


def with_app(page: Page, live: str) -> str:
    """Set up the app as somebody does who has but the keyboard; return its secret."""
    inside("/accounts/2fa/totp/activate/")(page, live)
    secret = page.locator("#authenticator_secret").inner_text()
    page.locator("[name=code]").focus()
    page.keyboard.type(code_of(secret))
    page.keyboard.press("Enter")
    page.wait_for_selector("#recovery_codes")
    return secret


def asked_for_code(page: Page, live: str) -> None:
    with_app(page, live)
    page.context.clear_cookies()
    page.goto(f"{live}/accounts/login/")
    page.fill("[name=login]", "ada@example.com")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_selector("[name=code]")


def wrong_password(page: Page, live: str) -> None:
    page.goto(f"{live}/accounts/login/")
    page.fill("[name=login]", "ada@example.com")
    page.fill("[name=password]", "wrong")
    page.click("main button[type=submit]")
    page.wait_for_selector("[role=alert]:visible")


def with_menu(page: Page, live: str) -> None:
    inside("/accounts/2fa/")(page, live)
    page.click(".end details.menu summary")


def with_keys(page: Page, live: str) -> None:
    inside("/accounts/2fa/")(page, live)
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")


def at(address: str) -> Callable[[Page, str], object]:
    return lambda page, live: page.goto(f"{live}{address}")


def asked_to_confirm(page: Page, live: str) -> None:
    log_in(page, live)
    page.goto(f"{live}/accounts/2fa/totp/activate/")


SEEN: dict[str, Callable[[Page, str], object]] = {
    "log-in": at("/accounts/login/"),
    "wrong password": wrong_password,
    "locked": locked,
    "nothing here": at("/nowhere"),
    "not yours": at("/forbidden"),
    "second factor": inside("/accounts/2fa/"),
    "app": inside("/accounts/2fa/totp/activate/"),
    "codes": with_app,
    "code": asked_for_code,
    "confirm": asked_to_confirm,
    "add key": inside("/accounts/2fa/webauthn/add/"),
    "keys of security": inside("/accounts/2fa/webauthn/"),
    "password": inside("/accounts/password/change/"),
    "log out": inside("/accounts/logout/"),
    "menu": with_menu,
    "keys": with_keys,
    "room": at("/"),
}


@pytest.mark.parametrize("name", SEEN)
def test_nothing_goes_wrong_and_nobody_is_kept_out(browser: Browser, axe: str, live_server: Any, name: str) -> None:
    said: list[str] = []
    with opened(browser, said) as page:
        SEEN[name](page, live_server.url)
    # an answer that is an error is an error for the console too: some of these pages are about that
    assert [each for each in said if not re.search(r"status of (403|404|429)", each)] == []
    with opened(browser, [], bypass_csp=True) as page:  # axe is put into the page, which its policy forbids everybody
        cache.clear()
        AccessAttempt.objects.all().delete()
        Authenticator.objects.all().delete()
        SEEN[name](page, live_server.url)
        for theme, width in SIGHTS:
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # a literal
            page.set_viewport_size({"width": width, "height": 800})
            if pictures := os.environ.get("COLLAGE_TEST_PICTURES"):
                page.screenshot(path=f"{pictures}/{name} {theme} {width}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (theme, width)
            assert axed(page, axe) == [], (theme, width)


def ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_light_or_dark_follows_the_system_until_somebody_chooses_and_the_choice_stays(
    browser: Browser, live_server: Any
) -> None:
    with opened(browser, [], color_scheme="light") as page:
        page.goto(f"{live_server.url}/accounts/login/")
        light = ground(page)
        page.emulate_media(color_scheme="dark")
        page.wait_for_selector(":root[data-bs-theme=dark]")
        assert ground(page) != light
        page.click("#theme")
        assert ground(page) == light
        page.reload()
        assert ground(page) == light
        page.click("#theme")  # as the system: it is followed again
        assert ground(page) != light
        page.emulate_media(color_scheme="light")
        page.wait_for_selector(":root[data-bs-theme=light]")
        assert ground(page) == light


def test_without_script_all_is_there_in_the_colours_of_the_system(browser: Browser, live_server: Any) -> None:
    with opened(browser, [], color_scheme="dark", java_script_enabled=False) as page:
        log_in(page, live_server.url)
        assert page.locator("#theme").is_hidden()
        assert page.locator("#show-keys").is_hidden()
        page.click(".end details.menu summary")
        page.click("text=Log out")
        page.wait_for_url(f"{live_server.url}/")
        page.goto(f"{live_server.url}/accounts/login/")
        assert page.locator("h1").inner_text() == "Log in"
        assert ground(page) == "rgb(18, 22, 29)"


def test_by_keyboard_alone_one_comes_in_and_goes(browser: Browser, live_server: Any) -> None:
    said: list[str] = []
    with opened(browser, said) as page:
        page.goto(f"{live_server.url}/accounts/login/")
        assert page.evaluate("document.activeElement.name") == "login"
        page.keyboard.type("ada@example.com")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{live_server.url}/accounts/2fa/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.locator(".end details.menu summary").focus()
        page.keyboard.press("Enter")
        assert page.locator("text=Log out").is_visible()
        page.keyboard.press("Escape")
        assert page.locator("text=Log out").is_hidden()
        page.keyboard.press("Enter")
        for _ in range(5):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{live_server.url}/")
        page.goto(f"{live_server.url}/accounts/2fa/")
        assert "/accounts/login/" in page.url
    assert said == []


def test_keys_do_what_they_say_and_can_be_switched_off(browser: Browser, live_server: Any, settings: Any) -> None:
    settings.COLLAGE_SECOND_FACTOR_ROLES = frozenset()
    active = "document.activeElement.textContent || document.activeElement.name"
    with opened(browser, []) as page:
        page.goto(live_server.url)
        page.keyboard.press("j")
        page.keyboard.press("j")
        assert page.evaluate(active) == "row b"
        page.keyboard.press("k")
        assert page.evaluate(active) == "row a"
        page.keyboard.press("Enter")
        page.wait_for_url("**#a")
        page.keyboard.press("n")
        page.wait_for_url("**#new")
        page.keyboard.press("/")
        assert page.evaluate(active) == "q"
        page.keyboard.type("j/?n")
        assert page.input_value("[data-search]") == "j/?n"
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        assert page.locator("dialog").is_visible()
        page.uncheck("#letters")
        page.keyboard.press("Escape")
        assert page.locator("dialog").is_hidden()
        page.reload()
        page.keyboard.press("?")
        assert page.locator("dialog").is_hidden()
        page.click("#show-keys")
        assert page.locator("dialog").is_visible()
        assert not page.is_checked("#letters")


def test_a_part_that_cannot_be_had_says_so_and_changes_nothing(browser: Browser, live_server: Any) -> None:
    with opened(browser, []) as page:
        page.goto(live_server.url)
        assert page.locator("#trouble").is_hidden()
        page.click("#part")
        page.wait_for_selector("#trouble:visible")
        assert page.locator("#place").inner_text() == ""


def test_a_security_key_is_added_and_opens_the_door(browser: Browser, live_server: Any) -> None:
    said: list[str] = []
    with opened(browser, said) as page:
        tools = page.context.new_cdp_session(page)
        tools.send("WebAuthn.enable")
        key = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True}
        tools.send("WebAuthn.addVirtualAuthenticator", {"options": {**key, "automaticPresenceSimulation": True}})
        inside("/accounts/2fa/webauthn/add/")(page, live_server.url)
        page.fill("[name=name]", "The blue one")
        page.click("#mfa_webauthn_add")
        page.wait_for_selector("#recovery_codes")
        page.goto(f"{live_server.url}/accounts/2fa/webauthn/")
        assert page.locator("th:has-text('The blue one')").is_visible()
        page.goto(f"{live_server.url}/accounts/logout/")
        page.click("main button[type=submit]")
        page.goto(f"{live_server.url}/accounts/login/")
        page.fill("[name=login]", "ada@example.com")
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.click("#mfa_webauthn_authenticate")
        page.wait_for_url(f"{live_server.url}/")
        assert page.locator("text=Ada Lovelace-Byron").is_visible()
    assert said == []
