"""Reports on real records: nothing goes wrong in a browser, and what cannot be said is not said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.looked import SIGHTS, looked_at, printed
from tests.core.test_cli import collage
from tests.real.records import Read

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("browser")]

SAYS = {
    # the last of the records lie long after all others
    "incidents": "Hardly anything is recorded in the 90 days before 15 February 2017",
    "bankcalls": "The records do not reach back far enough to say how things have changed.",
    "olist": "Hardly anything is recorded in the 90 days before 14 June 2018",
}


@pytest.mark.parametrize("name", SAYS)
def test_a_report_on_real_records_is_sound_in_both_themes_narrow_wide_and_on_paper(
    read_set: Callable[[str], Read], browser: Browser, axe: str, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "report.html"
    said = collage("report", read_set(name).folder, "--out", file)
    assert said.code == 0, said.talk
    assert said.text.startswith(SAYS[name])
    assert file.stat().st_size <= 3_000_000
    for theme, width in SIGHTS:
        seen = looked_at(browser, file, axe, theme, width)
        assert (seen.errors, seen.violations) == ([], [])
        assert seen.scroll_width <= width
    assert printed(browser, file).cut == []
