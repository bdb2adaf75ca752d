"""What is to be seen of a page: in both themes, narrow and wide, and on paper."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIGHTS = [(theme, width) for theme in ("light", "dark") for width in (320, 1280)]
# rules that nothing breaks are not brought over: of a long page they are megabytes
_VIOLATIONS = """async rules => {
    const asked = {runOnly: rules, resultTypes: ["violations"], selectors: false, preload: false};
    const found = await axe.run(document, asked);
    return found.violations.map(each => `${each.id}: ${each.nodes[0].html.slice(0, 120)}`);
}"""
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(frozen=True)
class Seen:
    """What a page shows: what its console said, how wide it is, what axe found, whether something is at first sight."""

    errors: list[str]
    scroll_width: int
    violations: list[str]
    at_first_sight: bool


def axed(page: Page, axe: str) -> list[str]:
    """Return what axe finds; it is put into the page past the policy.

    Style sheets are not loaded for axe once more: no rule that is asked looks into them.
    """
    page.evaluate(axe)
    found: list[str] = page.evaluate(_VIOLATIONS, _RULES)
    return found


def looked_at(browser: Browser, file: Path, axe: str, theme: str, width: int, *, for_: str = "h1") -> Seen:
    """Open a page from disk and look."""
    # axe is put into the page, which its own policy forbids everybody
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=theme, bypass_csp=True  # type: ignore[arg-type]  # a literal
    )  # fmt: skip
    try:
        page = context.new_page()
        errors: list[str] = []
        page.on("console", lambda said: errors.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith("file:") else errors.append(asked.url))
        page.goto(file.as_uri())
        box = page.locator(for_).first.bounding_box()
        told = axed(page, axe)
        wide = int(page.evaluate("document.documentElement.scrollWidth"))
        return Seen(errors, wide, told, box is not None and box["y"] + box["height"] <= 800)
    finally:
        context.close()


def under_its_own_policy(browser: Browser, file: Path) -> list[str]:
    """Return what the console says when the page's own policy holds."""
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda each: said.append(each.text) if each.type in {"error", "warning"} else None)
    page.goto(file.as_uri())
    page.click("#theme")
    page.close()
    return said


@dataclass(frozen=True)
class Printed:
    """A page on paper: how many sheets, and what is cut between two of them or at the side."""

    sheets: int
    cut: list[str]


def printed(browser: Browser, file: Path) -> Printed:
    """Print a page on A4 and look what is wider than the sheet or higher than one."""
    page = browser.new_page(viewport={"width": 688, "height": 1017})  # A4 less 14 mm, at 96 pixels an inch
    try:
        page.goto(file.as_uri())
        page.emulate_media(media="print")
        cut = page.evaluate(
            """() => [...document.querySelectorAll(".picture, tr, li")]
                .filter(each => each.getBoundingClientRect().height > 1017
                    || each.getBoundingClientRect().right > document.documentElement.clientWidth + 1
                    || (each.matches(".picture") && getComputedStyle(each).breakInside !== "avoid"))
                .map(each => each.outerHTML.slice(0, 80))"""
        )
        paper = page.pdf(prefer_css_page_size=True, print_background=True)
        return Printed(len(re.findall(rb"/Type\s*/Page\b", paper)), cut)
    finally:
        page.close()
