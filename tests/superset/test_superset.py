"""The dashboard shows what the release holds, the newest at each look, and calls nobody else."""

import re
import socket
import subprocess
import urllib.request
from pathlib import Path

import duckdb
import pytest

from serving import publish
from serving.superset.local import REPOSITORY, state
from tests.superset.conftest import CHARTS, Opened, Served

HEADLINES = {
    "customers at level 2 or above": "select count(*) from dim_customers where level >= 2",
    "fp felt now": "select sum(points_now) from rpt_touchpoint_channel",
    "broken promises": "select count(*) from fct_promises where is_broken",
    "silent days": "select sum(silent_days) from fct_promises",
}


def ask(release: Path, query: str) -> list[tuple]:
    with duckdb.connect(release / "journeys.duckdb", read_only=True) as connection:
        return connection.execute(query).fetchall()


def headline(opened: Opened, measure: str) -> float:
    """What a big number was given."""
    (found,) = (
        answer["data"][0][measure]
        for answer in opened.answers
        if answer["data"] and list(answer["data"][0]) == [measure]
    )
    return float(found)


def assert_shows(opened: Opened, release: Path) -> None:
    """Every chart was given the rows of this release, and its figures stand on the page."""
    assert len(opened.answers) == CHARTS
    shown = opened.page.locator("body").inner_text()
    for measure, query in HEADLINES.items():
        ((wanted,),) = ask(release, query)
        assert headline(opened, measure) == pytest.approx(float(wanted), rel=1e-9)
        figure = f"{float(wanted):,.1f}" if measure == "fp felt now" else f"{int(wanted):,}"
        assert figure in shown, measure
    for answer in opened.answers:
        assert answer["rowcount"] > 0, answer["query"]
        assert answer["rowcount"] == len(ask(release, answer["query"])), answer["query"]
    for title in re.findall(
        r"^slice_name: (.+)$",
        "\n".join(
            path.read_text()
            for path in (REPOSITORY / "serving" / "superset" / "charts").glob("*.yaml")
        ),
        re.MULTILINE,
    ):
        assert title in shown
    # Words of exports are text, not markup.
    assert "signal's <b>№1</b>" in shown
    assert release.name in shown  # the chart of the release itself
    assert "Error" not in shown and "No results" not in shown


def test_every_chart_is_drawn_with_the_figures_of_the_release(served: Served, dashboard: Opened):
    assert_shows(dashboard, publish.current(served.settings))
    canvases = dashboard.page.locator(".chart-container canvas")
    assert canvases.count() >= 3
    for number in range(canvases.count()):
        drawn = canvases.nth(number).evaluate(
            "canvas => new Set(canvas.getContext('2d').getImageData("
            "0, 0, canvas.width, canvas.height).data).size"
        )
        assert drawn > 10, "a blank chart"
    dashboard.page.screenshot(path=str(state(served.settings) / "dashboard.png"), full_page=True)


def test_the_heat_map_holds_the_table(served: Served, dashboard: Opened):
    (cells,) = (
        answer["data"]
        for answer in dashboard.answers
        if answer["data"] and {"touchpoint", "channel"} <= set(answer["data"][0])
    )
    wanted = ask(
        publish.current(served.settings),
        "select channel, touchpoint, sum(points_now) from rpt_touchpoint_channel group by all",
    )
    assert {(cell["channel"], cell["touchpoint"]): cell["fp felt now"] for cell in cells} == {
        (channel, touchpoint): pytest.approx(float(points))
        for channel, touchpoint, points in wanted
    }


def test_the_dashboard_shows_a_new_release_at_the_next_look(served: Served, request):
    first = publish.current(served.settings)
    second = served.publish(2)
    assert first != second
    assert_shows(request.getfixturevalue("dashboard"), second)


def test_nothing_is_asked_of_another_machine(dashboard: Opened):
    assert dashboard.hosts == {"127.0.0.1"}


def test_it_listens_on_this_machine_only_and_lets_nobody_in_without_the_password(served: Served):
    port = int(served.address.rpartition(":")[2])
    own = socket.gethostbyname(socket.gethostname())
    if not own.startswith("127."):
        with pytest.raises(OSError):
            socket.create_connection((own, port), timeout=5)
    page = urllib.request.urlopen(f"{served.address}/superset/dashboard/journeys/", timeout=60)
    assert "/login" in page.url


def test_its_secrets_are_its_users_alone_and_not_in_the_repository(served: Served):
    folder = state(served.settings)
    for name in ("secret_key", "admin_password"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
        secret = (folder / name).read_text()
        assert len(secret) > 40
        for said in (folder / "prepare.log", folder.parent / "superset.out"):
            assert secret not in said.read_text()
        found = subprocess.run(["git", "grep", "-q", secret], cwd=REPOSITORY)
        assert found.returncode == 1
