"""The report in a browser: nothing goes wrong, everybody can read it, and the story is at first sight."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from collage.experience import model_json
from tests.browser.looked import SIGHTS, looked_at, printed, under_its_own_policy
from tests.core.report.taught import model
from tests.core.test_cli import collage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.xdist_group("browser")  # one Chromium, and the company is made once


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the report on a simulated company in both languages, by a model, and where there is nothing to say."""
    folder = tmp_path_factory.mktemp("reports")
    assert collage("simulate", folder / "company", "--customers", 400, "--seed", 5).code == 0
    (folder / "quiet").mkdir()
    (folder / "quiet" / "touchpoints.csv").write_text(
        "touchpoint_id,identifier,occurred_at,kind\ns:1,user:1,2025-01-01,page.viewed\n"
    )
    made = {name: folder / f"{name}.html" for name in ("en", "de", "quiet", "taught", "gelehrt", "unfitted")}
    found = {"taught": model(), "gelehrt": model(unbounded=True), "unfitted": model("too_few", fitted=False)}
    for name, each in found.items():
        (folder / f"{name}.json").write_text(model_json.dumps(each), encoding="utf-8")
    for name, file in made.items():
        words: list[object] = ["--language", "de"] if name in {"de", "gelehrt"} else []
        words += ["--model", folder / f"{name}.json"] if name in found else []
        source = folder / ("quiet" if name == "quiet" else "company")
        assert collage("report", source, "--out", file, *words).code == 0
    return made


@pytest.mark.parametrize("name", ["en", "de", "quiet", "taught", "gelehrt", "unfitted"])
@pytest.mark.parametrize(("theme", "width"), SIGHTS)
def test_nothing_goes_wrong_and_nobody_is_kept_out(
    browser: Browser, axe: str, reports: dict[str, Path], name: str, theme: str, width: int
) -> None:
    seen = looked_at(browser, reports[name], axe, theme, width)
    assert seen.errors == []
    assert seen.violations == []
    assert seen.scroll_width <= width


@pytest.mark.parametrize("width", [320, 1280])
def test_the_slow_refund_is_at_first_sight(browser: Browser, axe: str, reports: dict[str, Path], width: int) -> None:
    story = '[data-finding="rise"]:has-text("a refund came late")'
    assert looked_at(browser, reports["en"], axe, "light", width, for_=story).at_first_sight
    assert looked_at(browser, reports["en"], axe, "light", width, for_='h1:has-text("Billing")').at_first_sight


def test_its_own_policy_forbids_nothing_that_it_does(browser: Browser, reports: dict[str, Path]) -> None:
    for name in ("en", "taught"):
        assert under_its_own_policy(browser, reports[name]) == []


def test_it_prints_on_a4_without_a_cut_picture(browser: Browser, reports: dict[str, Path]) -> None:
    found = printed(browser, reports["en"])
    assert found.cut == []
    assert 3 <= found.sheets <= 15
    taught = printed(browser, reports["taught"])
    assert taught.cut == []
    assert found.sheets < taught.sheets <= 21


def test_the_verdict_is_a_link_away_and_every_figure_has_its_definition(
    browser: Browser, reports: dict[str, Path]
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(reports["taught"].as_uri())
    page.locator(".taught a").focus()
    page.keyboard.press("Enter")
    box = page.locator(".lessons .verdict").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 800
    links = page.locator("a.means").evaluate_all("all => all.map(each => each.getAttribute('href'))")
    assert {"#means-inherited", "#means-weight", "#means-fading", "#means-trial", "#means-bridge"} <= set(links)
    assert all(page.locator(each).count() == 1 for each in set(links))
    page.close()


def test_who_earned_the_ratings_is_a_link_away_and_its_instances_another(
    browser: Browser, reports: dict[str, Path]
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(reports["en"].as_uri())
    page.locator(".earners a").focus()
    page.keyboard.press("Enter")
    box = page.locator(".earned .verdict").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 800
    links = page.locator(".earned a[href]").evaluate_all("all => all.map(each => each.getAttribute('href'))")
    assert {"#means-credit", "#means-added", "#means-reliability", "#means-taken", "#before-1"} <= set(links)
    assert {"#means-adjusted", "#means-bounds", "#means-tipping", "#means-response"} <= set(links)
    assert all(page.locator(each).count() == 1 for each in set(links))
    page.close()


def test_what_is_to_be_scrolled_is_reached_by_keyboard(browser: Browser, reports: dict[str, Path]) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.goto(reports["taught"].as_uri())
    details = page.locator(".lessons details, .earned details")
    for each in range(details.count()):
        details.nth(each).locator("summary").focus()
        page.keyboard.press("Enter")
        assert details.nth(each).locator(".scroll").is_visible()
        assert details.nth(each).locator(".scroll").get_attribute("tabindex") == "0"
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.close()


def test_the_reader_may_choose_the_theme_and_skip_to_the_report_by_keyboard(
    browser: Browser, reports: dict[str, Path]
) -> None:
    page = browser.new_page(color_scheme="light")
    page.goto(reports["en"].as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate(ground) != before
    page.close()


def test_it_is_all_there_without_script(browser: Browser, reports: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(reports["en"].as_uri())
    assert page.locator("section:not(.earned) .picture .wide svg").count() == 4
    assert page.locator(".earned .picture .wide svg").count() >= 5
    assert page.locator("#theme").is_hidden()
    page.locator("summary").first.click()
    assert page.locator("details table").first.is_visible()
    context.close()
