"""The report as people meet it: drawn, at any width, in both schemes, by keyboard, on paper."""

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.browser.conftest import Opened, report_of
from tests.serving.report_release import PLACES, make

CHARTS = (
    *("trouble", "added", "kept", "journey", "heat", "promises", "days", "fixes", "hidden"),
    "flow",
)
Open = Callable[..., Opened]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_chart_is_drawn_and_nothing_is_complained_of(
    opened: Open, release: Path, width: int, scheme: str
):
    shown = opened(release / "report.html", width, scheme=scheme)
    drawn = shown.page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(".canvas")].map((canvas) => [
            canvas.dataset.chart,
            [canvas.querySelectorAll("svg path, svg rect").length,
             canvas.querySelector("svg").getBoundingClientRect().width <= canvas.clientWidth + 1],
        ]))"""
    )
    assert set(drawn) == set(CHARTS)
    for chart, (shapes, fits) in drawn.items():
        assert shapes >= 3 and fits, chart
    assert shown.complaints == []


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_moves_sideways_on_a_phone(opened: Open, release: Path, width: int):
    shown = opened(release / "report.html", width)
    for _ in range(2):
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
        shown.page.evaluate(
            "document.querySelectorAll('details').forEach((each) => each.open = true)"
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(opened: Open, release: Path, scheme: str):
    shown = opened(release / "report.html", scheme=scheme)
    colours = shown.page.evaluate(
        """() => ["h1", ".lead", "a", "figcaption", "td", "th", "summary"].map((name) => [
            getComputedStyle(document.querySelector(name)).color,
            getComputedStyle(document.body).backgroundColor])"""
    )
    for ink, ground in colours:
        assert contrast(ink, ground) >= 4.5, (ink, ground)
    is_dark = luminance(colours[0][1]) < 0.2
    assert is_dark == (scheme == "dark")


def luminance(colour: str) -> float:
    """The relative luminance of an rgb() colour, as WCAG 2 defines it."""
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, as WCAG 2 defines it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_what_is_drawn_are_the_tables_numbers(opened: Open, release: Path):
    shown = opened(release / "report.html")
    with duckdb.connect(release / "journeys.duckdb", read_only=True) as tables:

        def one(query: str) -> float:
            row = tables.execute(query).fetchone()
            assert row is not None
            return float(row[0])

        felt = one("select sum(points_now) from rpt_touchpoint_channel")
        troubled = one("select count(*) from dim_customers where level >= 2")
        costly = one("select count(*) from fct_journeys where points >= 5")
        silent = one("select sum(silent_days) from fct_promises")
        best = one("select max(points_now_gone_with_follow_ups) from rpt_top_fixes")
        broken = one("select 100 * avg(is_broken::int) from fct_promises")
        worst = one(
            "select max(points) from (select sum(points_now) as points from fct_friction "
            "where part <> 'credit' group by journey_id)"
        )
    heat = shown.series("heat")[0]["data"]
    cells = [each["value"][2] for each in heat if each["itemStyle"]["color"] != "transparent"]
    assert sum(cells) == pytest.approx(felt, abs=0.01)
    assert sum(level["data"][-1]["value"] for level in shown.series("trouble")) == troubled > 0
    firsts = [each["value"] for each in shown.series("flow")[0]["data"] if each["depth"] == 0]
    assert sum(firsts) == costly > 0
    assert sum(each["value"] for each in shown.series("days")[0]["data"]) == silent
    assert shown.series("fixes")[-1]["data"][0]["value"][0] == pytest.approx(best, abs=1e-3)
    states = {each["name"]: each["data"][0]["value"] for each in shown.series("promises")}
    assert states["broken"] == pytest.approx(broken)
    assert sum(states.values()) == pytest.approx(100)
    assert f"{worst:.1f} points felt" in (shown.page.text_content("#pick option") or "")


def test_a_journey_is_picked_and_its_points_are_told_by_keyboard(opened: Open, release: Path):
    shown = opened(release / "report.html")
    page = shown.page
    first = shown.series("journey")
    page.focus("#pick")
    page.keyboard.press("ArrowDown")
    assert page.input_value("#pick") == "1"
    second = shown.series("journey")
    assert first[0]["data"] != second[0]["data"]
    signals = sum(len(each["data"]) for each in second if each["type"] == "scatter")
    assert len(second[0]["data"]) == 2 * signals + 2  # before and after each, and both ends
    assert page.locator('[data-journey="1"]:visible').count() == 2
    assert page.locator('[data-journey="0"]:visible').count() == 0
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.chart") == "journey"
    told = page.locator('[data-chart="journey"] + .told')
    marks = sum(len(each["data"]) for each in second if each["type"] in ("scatter", "custom"))
    said = []
    for _ in range(marks):
        page.keyboard.press("ArrowRight")
        said.append(told.inner_text())
    assert said[0].startswith(f"1 of {marks}. Promise (delivery) made 2026-") and said[
        -1
    ].startswith(f"{marks} of ")
    assert len(set(said)) == marks
    page.keyboard.press("Home")
    assert told.inner_text() == said[0]
    page.keyboard.press("Tab")
    assert told.inner_text() == ""


def test_the_tab_key_reaches_every_chart_and_every_table(opened: Open, release: Path):
    page = opened(release / "report.html").page
    reached, opened_tables = [], 0
    for _ in range(150):
        page.keyboard.press("Tab")
        at = page.evaluate("[document.activeElement.dataset.chart, document.activeElement.tagName]")
        if at[0]:
            reached.append(at[0])
            page.keyboard.press("ArrowRight")
            assert page.locator(f'[data-chart="{at[0]}"] + .told').inner_text(), at[0]
        if at[1] == "SUMMARY":
            page.keyboard.press("Enter")
            opened_tables += 1
        if at[1] == "BODY":
            break
    assert sorted(reached) == sorted(CHARTS)
    assert page.locator("details table:visible").count() == opened_tables >= len(CHARTS)


def test_every_point_of_a_journey_is_explained_under_the_mouse(opened: Open, release: Path):
    page = opened(release / "report.html").page
    canvas = page.locator('[data-chart="journey"]')
    canvas.scroll_into_view_if_needed()
    points = page.evaluate(
        """() => {
            const canvas = document.querySelector('[data-chart="journey"]');
            const chart = echarts.getInstanceByDom(canvas);
            const box = canvas.getBoundingClientRect();
            return chart.getOption().series.flatMap((series, seriesIndex) =>
                series.type !== "scatter" ? [] : series.data.map((datum) => {
                    const [x, y] = chart.convertToPixel({ seriesIndex }, datum.value);
                    return [box.x + x, box.y + y, datum.tell];
                }));
        }"""
    )
    assert len(points) >= 3
    for x, y, tell in points:
        page.mouse.move(0, 0)
        page.mouse.move(x, y)
        page.wait_for_timeout(250)
        assert tell[1] in canvas.inner_text()


def test_no_script_of_the_data_runs(opened: Open, release: Path):
    shown = opened(release / "report.html")
    page = shown.page
    for chart in CHARTS:  # every tooltip that a mouse on its way meets
        canvas = page.locator(f'[data-chart="{chart}"]')
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box is not None
        for share in range(1, 12):
            page.mouse.move(
                box["x"] + box["width"] * share / 12, box["y"] + box["height"] * share / 12
            )
    page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    page.wait_for_timeout(200)
    assert page.evaluate("window.pwned") is None
    assert page.locator("img").count() == 0
    assert "window.pwned = 1" in page.inner_text("#where")  # as text it is there
    assert shown.complaints == []
    # And if markup had come through, the policy would not let it run.
    page.evaluate(
        "() => { const made = document.createElement('div'); "
        "made.innerHTML = '<img src=x onerror=\"window.pwned = 1\">'; document.body.append(made); "
        "const script = document.createElement('script'); script.textContent = 'window.pwned = 1'; "
        "document.body.append(script) }"
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.pwned") is None
    assert any("Content Security Policy" in said for said in shown.complaints)


def test_on_paper_it_is_light_whole_and_as_wide_as_the_page(opened: Open, release: Path):
    shown = opened(release / "report.html", scheme="dark")
    page = shown.page
    page.evaluate(
        """addEventListener("beforeprint", () => {
            window.onPaper = [...document.querySelectorAll(".canvas")].map((canvas) => [
                canvas.querySelector("svg").getBoundingClientRect().right,
                document.body.getBoundingClientRect().right,
                getComputedStyle(document.documentElement).colorScheme]);
        })"""
    )
    written = page.pdf(prefer_css_page_size=True, print_background=True)
    assert written.startswith(b"%PDF") and 3 <= len(re.findall(rb"/Type\s*/Page\b", written)) <= 20
    drawn = page.evaluate("window.onPaper")
    assert len(drawn) == len(CHARTS)
    for right, edge, scheme in drawn:
        assert right <= edge + 1 and scheme == "light"
    assert page.evaluate("document.documentElement.className") == ""
    assert shown.complaints == []


def test_the_scheme_may_change_while_it_is_open(opened: Open, release: Path):
    page = opened(release / "report.html").page

    def ink() -> str:
        found: str = page.evaluate(
            "document.querySelector('[data-chart=\"heat\"] svg text').getAttribute('fill')"
        )
        return found

    before = ink()
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(300)
    assert ink() != before


@pytest.mark.parametrize("journeys", [0, 1])
def test_of_an_empty_log_or_a_lone_journey_it_is_drawn_too(
    opened: Open, tmp_path: Path, journeys: int
):
    shown = opened(report_of(make(tmp_path, journeys, customers=1, places=PLACES[1:2])))
    assert shown.page.locator(".canvas svg").count() == shown.page.locator(".canvas").count() >= 3
    assert shown.complaints == []


@pytest.mark.parametrize(
    ("journeys", "steps"), [(100_000, 4), (1, 50_000)], ids=["100,000 journeys", "50,000 steps"]
)
def test_a_large_release_is_a_small_page_drawn_at_once(
    opened: Open, tmp_path: Path, journeys: int, steps: int
):
    path = report_of(make(tmp_path, journeys, customers=max(1, journeys // 8), steps=steps))
    assert path.stat().st_size < 5_000_000
    took = []
    for _ in range(3):  # the best of three: others may be at work on the machine
        shown = opened(path)
        took.append(int(shown.page.evaluate("document.documentElement.dataset.drawnIn")))
        assert shown.complaints == []
    print(f"{path.stat().st_size:,} bytes, drawn in {took} ms")
    assert min(took) < 3000
