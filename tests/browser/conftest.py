"""A headless Chromium, and reports of releases made by hand to open in it."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from serving.publish import read_release
from serving.report import page as report_page
from serving.report import queries
from tests.serving.report_release import AS_OF, NASTY, PLACES, make


@dataclass
class Opened:
    """A report in a browser, and what the browser complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def series(self, chart: str) -> list[dict]:
        """The series that a chart has drawn."""
        drawn: list[dict] = self.page.evaluate(
            "chart => JSON.parse(JSON.stringify(echarts.getInstanceByDom(document.querySelector("
            '`[data-chart="${chart}"]`)).getOption().series))',
            chart,
        )
        return drawn


def report_of(folder: Path) -> Path:
    """Write the report of a release made by hand, and return it."""
    path = folder / "report.html"
    facts = queries.read(folder / "journeys.duckdb", AS_OF, "1.0.0")
    path.write_text(report_page.page(read_release(folder), facts))
    return path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium. Where there is none, the tests that need it say that they did not run."""
    path = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if not path:
        pytest.skip("NOT RUN: no Chromium here; install it, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        # As root, in a container, Chromium has no sandbox to be had.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with markup in the name of a touchpoint and of a channel, and its report."""
    folder = make(tmp_path_factory.mktemp("release"), places=(*PLACES, (NASTY, NASTY)))
    report_of(folder)
    return folder


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Open a report: opened(path, width=1280, height=800, scheme='light')."""
    contexts = []

    def open_(path: Path, width: int = 1280, height: int = 800, scheme: str = "light") -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        contexts.append(context)
        shown = Opened(context.new_page())
        shown.page.on(
            "console",
            lambda said: shown.complaints.append(said.text) if said.type != "log" else None,
        )
        shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
        shown.page.on("request", lambda asked: check_local(asked.url, shown))
        shown.page.goto(path.as_uri())
        shown.page.wait_for_selector("html[data-drawn-in]", state="attached")
        return shown

    yield open_
    for context in contexts:
        context.close()


def check_local(url: str, shown: Opened) -> None:
    """The page asks for itself and nothing else."""
    if not url.endswith("report.html"):
        shown.complaints.append(f"asked for {url}")
