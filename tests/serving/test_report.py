"""The report: it needs nothing else, runs nothing from data, and its numbers are the tables'."""

import base64
import hashlib
import json
import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from serving.publish import read_release
from serving.report import page, queries
from serving.report.words import change, number, percent
from tests.serving.report_release import AS_OF, NASTY, PLACES, make

ECHARTS = Path(page.__file__).parent / "echarts" / "echarts.min.js"


class Read(HTMLParser):
    """The page as a browser's parser sees it: tags, links, scripts and tables."""

    void = ("meta", "link")

    def __init__(self, shown: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.scripts: list[tuple[dict, str]] = []
        self.policy = ""
        self.charts: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.open: list[str] = []
        self._rows: list[list[str]] = []
        self._caption = ""
        self.feed(shown)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        found = dict(attrs)
        self.links += [value for name, value in attrs if name in ("src", "href") and value]
        assert not [name for name in found if name.startswith("on")]
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]
        if tag == "script":
            self.scripts.append((found, ""))
        if "data-chart" in found:
            self.charts.append(found["data-chart"])
        if tag == "table":
            self._rows, self._caption = [], ""
        if tag == "tr":
            self._rows.append([])
        if tag in ("td", "th"):
            self._rows[-1].append("")
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "table":
            assert self._caption not in self.tables, self._caption
            self.tables[self._caption] = self._rows

    def handle_data(self, data):
        inside = self.open[-1] if self.open else ""
        if inside == "script":
            attributes, before = self.scripts[-1]
            self.scripts[-1] = (attributes, before + data)
        elif inside == "caption":
            self._caption += data
        elif "td" in self.open or "th" in self.open:
            self._rows[-1][-1] += data

    def figures(self) -> dict:
        """What the charts draw, by key; of the journeys the last."""
        (written,) = [
            text for attributes, text in self.scripts if attributes.get("id") == "figures"
        ]
        return {each["key"]: each["data"] for each in json.loads(written)}


def written(folder: Path) -> str:
    """The page of a release."""
    facts = queries.read(folder / "journeys.duckdb", AS_OF, "1.0.0")
    return page.page(read_release(folder), facts)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with markup in a touchpoint and a channel."""
    return make(tmp_path_factory.mktemp("release"), places=(*PLACES, (NASTY, NASTY)))


@pytest.fixture(scope="module")
def shown(release: Path) -> str:
    return written(release)


@pytest.fixture
def tables(release: Path):
    with duckdb.connect(release / "journeys.duckdb", read_only=True) as connection:
        yield connection


def test_the_page_needs_no_network_and_runs_its_own_two_scripts_only(shown: str):
    read = Read(shown)
    assert [link for link in read.links if not link.startswith("#")] == ["data_docs/index.html"] * 2
    assert "@import" not in shown and "url(" not in shown[: shown.index("<script>")]
    assert "default-src 'none'" in read.policy and "unsafe-eval" not in read.policy
    ran = [text for attributes, text in read.scripts if attributes.get("type") is None]
    assert len(ran) == 2
    for script in ran:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in read.policy


def test_markup_in_the_data_stays_text(shown: str):
    read = Read(shown)
    assert "img" not in read.names
    assert len(read.scripts) == 3  # the data, the chart library, and what draws
    assert "window.pwned" not in "".join(
        text for attributes, text in read.scripts if attributes.get("type") is None
    )
    assert NASTY in read.figures()["heat"]["touchpoints"]  # and nothing is lost of it
    assert any(NASTY in row for row in read.tables["Points of friction felt now"])


def test_the_headline_and_the_sentences_say_the_tables_numbers(shown: str, tables):
    (customers, troubled, felt, interactions, overdue, hidden, due, people) = tables.execute(
        """
        select
            (select count(*) from dim_customers),
            (select count(*) from dim_customers where level >= 2),
            (select sum(points_now) from fct_friction where part <> 'credit'),
            (select count(*) from fct_interactions),
            (select count(*) from fct_promises where state = 'broken_open'),
            (select count(*) from rpt_hidden_friction),
            (select count(*) from rpt_interventions where state = 'due'),
            (select count(distinct customer_id) from rpt_interventions where state = 'due')
        """
    ).fetchone()
    assert troubled > 1 and overdue > 1 and hidden > 10
    assert f"<h1>{troubled} of {customers} customers need" in shown
    assert f"<p>{number(felt)} points are felt now" in shown
    assert f"<p>{number(interactions)} interactions in" in shown
    assert f"<b>{overdue}</b> of all are broken and still open" in shown
    assert f"In {hidden} journeys no single touch was bad" in shown
    assert f"<b>{due} steps</b> for <b>{people} customers</b>" in shown and people < due


def test_the_trend_ends_where_the_tables_stand(shown: str, tables):
    read = Read(shown)
    levels = dict(
        tables.execute("select level, count(*) from dim_customers group by level").fetchall()
    )
    last = read.tables["Customers by level at the end of each week"][-1]
    assert last == [
        "30\u00a0Jun\u00a02026",
        *(str(levels.get(level, 0)) for level in (2, 3, 4)),
        str(sum(levels.get(level, 0) for level in (2, 3, 4))),
    ]
    points = tables.execute(
        "select sum(points) from fct_friction where part <> 'credit' and occurred_at > "
        "timestamp '2026-06-30 12:00:00' - interval '91 days'"
    ).fetchone()
    assert sum(read.figures()["added"]["points"]) == pytest.approx(float(points[0]))


def test_chart_and_table_of_each_figure_hold_the_tables_numbers(shown: str, tables):
    read = Read(shown)
    figures = read.figures()
    heat = figures["heat"]
    cells = {
        (heat["touchpoints"][row], heat["channels"][column]): points
        for column, row, points in heat["cells"]
    }
    for touchpoint, channel, points in tables.execute(
        "select touchpoint, channel, points_now from rpt_touchpoint_channel where points_now > 0"
    ).fetchall():
        name = "no channel" if channel == "none" else channel
        assert cells[touchpoint, name] == pytest.approx(float(points), abs=1e-4)
    costly = tables.execute("select count(*) from fct_journeys where points >= 5").fetchone()[0]
    firsts = [node for node in figures["flow"]["nodes"] if node["stop"] == 1]
    assert sum(node["journeys"] for node in firsts) == costly > 0
    for row, fix in zip(
        tables.execute(
            "select touchpoint, points_now_gone_with_follow_ups_low from rpt_top_fixes "
            "order by place limit 10"
        ).fetchall(),
        figures["fixes"],
        strict=True,
    ):
        assert (fix["touchpoint"], fix["low"]) == (row[0], pytest.approx(row[1], abs=1e-4))
    (kind,) = tables.execute(
        """
        select
            promise_kind, count(*), count(*) filter (where not is_broken and state <> 'open'),
            count(*) filter (where is_broken), count(*) filter (where state = 'open')
        from fct_promises group by promise_kind
        """
    ).fetchall()
    table = read.tables["Promises by kind and by what became of them"]
    assert table[1][:5] == [kind[0], *(str(each) for each in kind[1:])]
    days = tables.execute("select sum(silent_days), sum(knowing_days) from fct_promises").fetchone()
    assert [sum(figures["days"]["silent"]), sum(figures["days"]["knowing"])] == list(days)


def test_more_touchpoints_than_a_reader_can_take_in_are_summed_up_and_none_is_lost(tmp_path: Path):
    places = tuple((f"place.{n:02d}", f"channel{n:02d}") for n in range(40))
    folder = make(tmp_path, journeys=400, places=places)
    read = Read(written(folder))
    heat = read.figures()["heat"]
    assert heat["touchpoints"][-1] == "all others" and len(heat["touchpoints"]) == 13
    assert heat["channels"][-1] == "other channels" and len(heat["channels"]) == 9
    with duckdb.connect(folder / "journeys.duckdb", read_only=True) as connection:
        felt = connection.execute("select sum(points_now) from rpt_touchpoint_channel").fetchone()
    assert felt is not None
    assert sum(heat["sums"]) == pytest.approx(float(felt[0]), abs=0.01)
    stops = [node["stop"] for node in read.figures()["flow"]["nodes"]]
    assert max(stops) == 4 and max(stops.count(stop) for stop in stops) == 7


def test_the_line_of_a_journey_jumps_by_what_a_signal_cost(shown: str, tables):
    drawn = Read(shown).figures()["journey"]
    rising = [each for each in drawn["signals"] if each["kind"] != "good"]
    assert rising
    for each in rising:
        assert each["after"] > each["before"] >= 0
    for earlier, later in zip(drawn["signals"], drawn["signals"][1:], strict=False):
        assert later["before"] <= earlier["after"] + 1e-6  # it only fades in between
    assert drawn["signals"][-1]["after"] >= drawn["score"] > 0


def test_every_chart_has_a_name_a_place_for_what_is_said_and_a_table(shown: str):
    canvases = re.findall(
        r'class="canvas" data-chart="(\w+)" tabindex="0" role="group" '
        r'aria-roledescription="chart" aria-label="[^"]{20,}"></div><p class="told" role="status">'
        r".*?<summary>The numbers</summary>",
        shown,
    )
    assert canvases == [
        *("trouble", "added", "kept", "journey", "heat", "promises", "days", "fixes", "hidden"),
        "flow",
    ]
    assert Read(shown).charts == canvases


def test_an_empty_log_gives_a_page_that_says_so(tmp_path: Path):
    shown = written(make(tmp_path, journeys=0))
    read = Read(shown)
    assert "None of 0 customers" in shown and "Nobody is at level 2" in shown
    assert "the week to 30\u00a0Jun\u00a02026" in shown
    for words in ("Nothing happened", "No promise was found", "Nobody is waiting", "No journey"):
        assert words in shown
    assert read.charts == ["trouble", "added", "kept"]
    assert read.figures()["added"]["points"] == [0.0]


def test_one_customer_in_one_channel_is_a_page_too(tmp_path: Path):
    shown = written(make(tmp_path, journeys=4, customers=1, places=(("phone.service", "phone"),)))
    heat = Read(shown).figures()["heat"]
    assert heat["touchpoints"] == ["phone.service"]
    assert set(heat["channels"]) <= {"phone", "no channel"}
    assert " of 1 customer " in shown


def test_a_customer_with_fifty_thousand_interactions_is_cut_and_the_page_says_so(tmp_path: Path):
    folder = make(tmp_path, journeys=1, customers=1, steps=50_000)
    shown = written(folder)
    with duckdb.connect(folder / "journeys.duckdb", read_only=True) as connection:
        scored = connection.execute(
            "select count(*) from fct_scores where friction_micro > 0 or credit_micro > 0"
        ).fetchone()
    assert scored is not None and scored[0] > 10_000
    drawn = Read(shown).figures()["journey"]
    assert len(drawn["signals"]) == queries.JOURNEY_SIGNALS
    assert f"Left out here: {number(scored[0] - queries.JOURNEY_SIGNALS)} lesser signals" in shown
    assert len(shown) < 1_500_000


def test_the_report_reads_the_tables_of_customers_only():
    read = set(re.findall(r"\b(?:dim|fct|rpt)_[a-z_]+", Path(queries.__file__).read_text()))
    assert {"dim_customers", "fct_friction", "fct_promises"} <= read
    assert not {name for name in read if "internal" in name or "employee" in name}


def test_the_chart_library_is_the_one_that_was_published():
    digest = hashlib.sha256(ECHARTS.read_bytes()).hexdigest()
    assert digest == "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0"
    for name in ("LICENSE", "NOTICE", "LICENSE-d3"):
        assert (ECHARTS.parent / name).stat().st_size > 100


def test_numbers_are_said_as_people_read_them():
    assert (number(1234.56, 1), number(-3), percent(1, 3), percent(0, 0)) == (
        "1,234.6",
        "−3",
        "33 %",
        "–",
    )
    said = [change(*each) for each in ((89, 100), (103, 100), (1001, 1000), (0, 0), (5, 0))]
    assert said == ["11 % less", "3 % more", "as many", "none", "after none"]


def test_the_page_is_written_once_into_its_release_and_only_to_be_read(settings):
    folder = make(settings.published / "20260701T000000Z-00000000", journeys=8, customers=2)
    path = page.write(settings, folder.name)
    assert path == folder / "report.html" and path.stat().st_mode & 0o777 == 0o444
    assert datetime.fromisoformat(read_release(folder).as_of) == AS_OF
    assert path.read_text().startswith("<!doctype html>")
