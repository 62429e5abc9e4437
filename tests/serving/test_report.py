"""The page: it needs nothing else, shows no markup from data, and its numbers are the tables'."""

from datetime import datetime, timedelta
from html.parser import HTMLParser

from serving.publish import Release
from serving.report.figures import (
    Figures,
    Fix,
    Hidden,
    Intervention,
    Moment,
    Promises,
    Step,
    Trouble,
)
from serving.report.page import page

RELEASE = Release(
    release_id="20260701T000000Z-00000000",
    published_at="2026-07-01 00:00:00",
    as_of="2026-06-30 12:00:00",
    known_at="2026-07-01 00:00:00",
    log_position="p",
    rule_version="1.0.0",
    fingerprint="f",
    row_counts={},
    checks_passed=3,
)
NASTY = "<script>alert('x')</script>\"&"
WHEN = datetime(2026, 6, 1, 9)

NOTHING = Figures(
    customers=0,
    known_customers=0,
    interactions=0,
    journeys=0,
    levels={},
    score_sum=0.0,
    promises=[],
    troubles=[],
    moments={},
    heat=[],
    fixes=[],
    interventions=[],
    interventions_due=0,
    hidden=[],
    hidden_count=0,
    flow=[],
    contacts_per_order=None,
    quality=[],
)
EVERYTHING = Figures(
    customers=1200,
    known_customers=900,
    interactions=34567,
    journeys=2345,
    levels={0: 1100, 1: 60, 2: 30, 3: 9, 4: 1},
    score_sum=4321.0,
    promises=[Promises(NASTY, 6, 3, 2, 1, 40, 5, 7)],
    troubles=[Trouble(NASTY, 41.5, 4, WHEN, NASTY, 0.5)],
    moments={
        NASTY: [
            Moment(WHEN, NASTY, 4.0, 4.0, 0.0, NASTY),
            Moment(WHEN + timedelta(days=3), "b", 41.5, 40.0, 0.0, "again"),
        ],
        "one": [Moment(WHEN, "a", 0.0, 0.0, 0.0, "")],
    },
    heat=[(NASTY, NASTY, 12.3), ("web.page", "web", 1.0)],
    fixes=[Fix(NASTY, NASTY, True, 10.0, 8.0, 12.0, 15.0, 3, 20)],
    interventions=[Intervention(NASTY, 3, WHEN, NASTY, NASTY)],
    interventions_due=17,
    hidden=[Hidden(NASTY, NASTY, 9.0, 1.8, 5, "web > phone")],
    hidden_count=4,
    flow=[Step(NASTY, NASTY, True, 12, 0.3, 8.0)],
    contacts_per_order=(0.1, 0.07),
    quality=[(NASTY, NASTY, NASTY, 11)],
)


class Tags(HTMLParser):
    """Collects what the page is made of, and checks that what is opened is closed."""

    void = ("meta", "link")

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.links += [value for name, value in attrs if name in ("src", "href") and value]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.names.add(tag)  # <line/> and the like, in drawings


def read(figures: Figures) -> Tags:
    tags = Tags()
    tags.feed(page(RELEASE, figures))
    assert tags.open == []
    return tags


def test_the_page_needs_no_script_and_no_network():
    tags = read(EVERYTHING)
    assert "script" not in tags.names
    assert tags.links == ["audit.html"]
    assert "@import" not in page(RELEASE, EVERYTHING)


def test_markup_in_the_data_is_shown_as_text():
    shown = page(RELEASE, EVERYTHING)
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") > 10


def test_the_headline_counts_who_needs_a_person():
    shown = page(RELEASE, EVERYTHING)
    assert "40 of 1,200 customers need a person" in shown
    for number in ("34,567", "2,345", "4,321", "67%", "0.10"):
        assert number in shown, number


def test_every_drawing_has_a_text_alternative():
    shown = page(RELEASE, EVERYTHING)
    assert shown.count("<svg") == shown.count('role="img" aria-label="Score of customer') == 2


def test_an_empty_log_gives_a_page_that_says_so():
    read(NOTHING)
    shown = page(RELEASE, NOTHING)
    for words in ("None of 0 customers", "No promise was found", "Nothing is due"):
        assert words in shown
