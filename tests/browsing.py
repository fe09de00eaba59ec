"""One browser for all pages: the system's Chromium, without a window and without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: apt install chromium")
    with sync_playwright() as playwright:
        # A test in a container has no user namespaces to make a sandbox of; it opens pages of its own only.
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


class Visit:
    """A page that was opened, with all that it asked for and complained of; *home* is where it may ask."""

    def __init__(self, page: Page, home: str = "file:") -> None:
        self.page = page
        self.home = home
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda said: self.complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("dialog", self._refuse)

    def _refuse(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def open(self, path: Path) -> None:
        """Open a file."""
        self.page.goto(path.as_uri())

    @property
    def elsewhere(self) -> list[str]:
        """What was asked for beside the page's home and the data in it."""
        return [url for url in self.requests if not url.startswith((self.home, "data:"))]

    @property
    def overflow(self) -> int:
        """Pixels that the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def barriers(self) -> list[tuple[str, str]]:
        """What axe-core finds that keeps somebody from reading the page."""
        found = Axe().run(self.page).response["violations"]
        return [(one["id"], one["nodes"][0]["html"][:200]) for one in found]


@pytest.fixture(scope="session")
def visit(browser: Browser) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Visit(context.new_page())
    context.close()
