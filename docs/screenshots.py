"""The pictures of README and docs, taken of the demo as it is: `make screenshots`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Page, ViewportSize, sync_playwright

_ROOT: Final = Path(__file__).resolve().parents[1]
_PICTURES: Final = _ROOT / "docs" / "pictures"
_CHROMIUM: Final = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
_BIND: Final = "127.0.0.1:8091"
_SIZE: Final[ViewportSize] = {"width": 1280, "height": 860}
_THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
_MOST_BYTES: Final = 200_000
_SETTLED_MS: Final = 8_000
_READY: Final = "As the manager, the company: "


@dataclass(frozen=True, slots=True)
class _Demo:
    """A demo that is served: where its customer with much behind them is, and how a manager comes in."""

    url: str
    customer: str
    password: str


def main() -> None:
    """Take each picture in light and in dark."""
    _PICTURES.mkdir(exist_ok=True)
    chromium = next((path for path in _CHROMIUM if Path(path).exists()), None)
    with _demo() as demo, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for theme in _THEMES:
            context = browser.new_context(
                viewport=_SIZE,
                color_scheme=theme,
                reduced_motion="reduce",
                locale="en-GB",
            )
            _take(context.new_page(), demo, theme)
            context.close()
        browser.close()


def _take(page: Page, demo: _Demo, theme: str) -> None:
    page.goto(f"{demo.url}/accounts/login/")
    page.fill("[name=login]", "manager@example.org")
    page.fill("[name=password]", demo.password)
    page.press("[name=password]", "Enter")
    page.wait_for_load_state()
    for name, path in (("company", f"{demo.url}/board/"), ("search", f"{demo.url}/desk/"), ("customer", demo.customer)):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        if name == "search":
            page.keyboard.type("customer.101")
            page.wait_for_selector("#finds a")
        elif name == "customer":  # begun just now, the server has much to take in
            page.wait_for_timeout(_SETTLED_MS)
            page.reload()
        file = _PICTURES / f"{name}-{theme}.png"
        page.screenshot(path=file)
        size = file.stat().st_size
        print(f"{file.relative_to(_ROOT)}: {size:,} bytes")  # noqa: T201  # a command says what it did
        if size > _MOST_BYTES:
            sys.exit(f"{file.name} is larger than {_MOST_BYTES:,} bytes")


@contextmanager
def _demo() -> Iterator[_Demo]:
    words = [sys.executable, "-m", "collage.cli", "demo", "--serve", "--bind", _BIND]
    plain = {
        name: value for name, value in os.environ.items() if name not in {"DEMO_EXIT", "DISPLAY", "WAYLAND_DISPLAY"}
    }
    with subprocess.Popen(words, cwd=_ROOT, stdout=subprocess.PIPE, text=True, env=plain) as process:  # noqa: S603  # our own command
        try:
            yield _told(process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _told(process: subprocess.Popen[str]) -> _Demo:
    """Return what the demo says when it is there."""
    said = ""
    for line in process.stdout or ():
        said += line
        if line.startswith(_READY):
            break
    password = re.search(r"^manager +\S+ +(\S+)", said, re.MULTILINE)
    customer = re.search(r"http\S+/desk/c/\w+", said)
    if password is None or customer is None:
        sys.exit("the demo did not begin")
    return _Demo(f"http://{_BIND}", customer[0], password[1])


if __name__ == "__main__":
    main()
