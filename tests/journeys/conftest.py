"""Journeys: a person's way through the screens in a browser (design.md §6).

What a journey gets: `page_as(Role.X) -> Page` at 1440 × 900 or 390 × 844, logged in; `axe(page)` after loading and
after each htmx swap; `picture(page, name)`, kept where XINFU_PICTURES names a folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests import make
from xinfu.core.access import Role

HERE = Path(__file__).parent
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--lang=zh-CN",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in Path(str(item.path)).parents:
            item.add_marker("journey")
            item.add_marker(pytest.mark.django_db(transaction=True))
            item.add_marker(pytest.mark.xdist_group("journeys"))


@pytest.fixture(scope="session", autouse=True)
def _database_from_another_thread() -> None:
    """The browser's library runs an event loop in this thread; Django is told that this is meant."""
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium of this machine; the journey is skipped where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium on this machine (CHROMIUM)")
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def county(transactional_db: None) -> Any:
    """The small county of tests/make.py."""
    return make.office()


@pytest.fixture
def page_as(county: Any, browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Return `page_as(role, unit=None, size=DESK, scripts=True, cookies=None) -> Page`, logged in.

    A page that logs an error in its console fails the journey.
    """
    opened: list[BrowserContext] = []
    said: list[str] = []

    def open_page(
        role: Role | None,
        unit: Any = None,
        size: dict[str, int] | None = None,
        *,
        scripts: bool = True,
        cookies: dict[str, str] | None = None,
    ) -> Page:
        context = browser.new_context(
            viewport=size or DESK,  # type: ignore[arg-type]
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            base_url=live_server.url,
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        opened.append(context)
        jar = dict(cookies or {})
        if role is not None:
            client = make.client_of(county, role, unit)
            jar["sessionid"] = client.cookies["sessionid"].value
        context.add_cookies([{"name": k, "value": v, "url": live_server.url} for k, v in jar.items()])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on(
            "console",
            lambda m: said.append(m.text) if m.type == "error" and "status of" not in m.text else None,
        )
        page.on("pageerror", lambda e: said.append(str(e)))
        return page

    yield open_page
    for context in opened:
        context.close()
    assert not said, said


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Return `axe(page)`: no fault of WCAG 2.2 AA or of good practice; call it again after each swap."""

    def check(page: Page) -> None:
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
        faults = [
            f"{v['id']} ({v['impact']}): {v['help']}: {[n['html'][:160] for n in v['nodes'][:4]]}"
            for v in found.response["violations"]
        ]
        assert not faults, "\n".join(faults)

    return check


@pytest.fixture
def picture() -> Callable[..., None]:
    """Return `picture(page, name, full=False)`: a PNG in the folder XINFU_PICTURES, nothing without it."""

    def take(page: Page, name: str, *, full: bool = False) -> None:
        folder = os.environ.get("XINFU_PICTURES")
        if folder:
            page.wait_for_load_state("networkidle")
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=full)

    return take


def overflows(page: Page) -> int:
    """Return by how many pixels the page is wider than its window (§d: none at 320 px)."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
