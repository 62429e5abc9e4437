"""A Superset of the tests' own over a small release, and a browser that has logged in."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pytest
from playwright.sync_api import Page, Request, Response, sync_playwright

from ingestion.event_log import EventLog
from ingestion.settings import Settings
from serving import publish
from serving.superset.local import BIN, REPOSITORY, state
from tests.serving.contract_tables import build_contract_tables

PATIENCE = 1200  # seconds; making Superset's own database takes a minute of computing alone


@dataclass
class Served:
    """A running Superset: its address, its state, and how to publish another release under it."""

    address: str
    settings: Settings
    publish: Callable[[int], Path]


@dataclass
class Opened:
    """The dashboard in a browser, what its charts were given, and where it asked for anything."""

    page: Page
    answers: list[dict] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Superset, started as `make superset` starts it."""
    if not (BIN / "gunicorn").exists():
        pytest.fail("Superset is not installed, so nothing was tested: make test-superset")
    root = tmp_path_factory.mktemp("superset") / "var"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOURNEYS_ROOT", str(root))
        settings = Settings.read("test")
    EventLog(settings.log).open()

    def fresh(version: int) -> Path:
        build_id = build_contract_tables(settings, version, rows=40 + version)
        with duckdb.connect(settings.warehouse) as connection:
            connection.execute("update rpt_interventions set state = 'due'")
            connection.execute("update rpt_top_fixes set scope = 'everywhere'")
        publish.publish(settings, build_id, checks_passed=version)
        return publish.current(settings)

    fresh(1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open(root / "superset.out", "w") as said:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "serving.superset.local"),
                *("--name", "test", "--port", str(port)),
            ],
            cwd=REPOSITORY,
            env={**os.environ, "JOURNEYS_ROOT": str(root), "PYTHONPATH": str(REPOSITORY)},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/health", server, root / "superset.out")
        yield Served(address, settings, fresh)
    finally:
        server.terminate()
        server.wait(timeout=60)


def wait_for(address: str, server: subprocess.Popen, said: Path) -> None:
    """Return when the address answers; fail when the server has ended, or after PATIENCE."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    pytest.fail(f"Superset does not answer: {said.read_text()[-2000:]}")


@pytest.fixture
def dashboard(served: Served) -> Iterator[Opened]:
    """The dashboard, with all its charts drawn."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox"],
        )
        page = browser.new_page(viewport={"width": 1500, "height": 2200})
        page.set_default_timeout(PATIENCE * 1000)
        opened = Opened(page)

        def note(request: Request) -> None:
            # What the page's own policy forbids ("csp") never leaves the browser.
            if request.failure != "csp" and request.url.startswith("http"):
                opened.hosts.add(urlsplit(request.url).hostname or "")

        def keep(response: Response) -> None:
            if "/chart/data" in response.url:
                assert response.status == 200, response.text()[:500]
                opened.answers.extend(response.json()["result"])

        page.on("response", keep)
        page.on("requestfinished", note)
        page.on("requestfailed", note)
        page.goto(f"{served.address}/login/")
        page.locator("input:visible").first.fill("admin")
        password = (state(served.settings) / "admin_password").read_text()
        page.locator("input[type=password]").fill(password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "login" not in url)
        page.goto(f"{served.address}/superset/dashboard/journeys/")
        until = time.monotonic() + PATIENCE
        while len(opened.answers) < CHARTS and time.monotonic() < until:
            page.wait_for_timeout(500)
        page.wait_for_selector(".chart-container canvas")
        page.wait_for_timeout(3000)  # the last chart is drawn after its answer
        yield opened
        browser.close()


CHARTS = len(list((REPOSITORY / "serving" / "superset" / "charts").glob("*.yaml")))
