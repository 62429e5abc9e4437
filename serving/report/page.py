"""Writes the page of a release: one HTML file that needs no server and no network.

Text from data is escaped on its way into HTML; charts get theirs as JSON that no browser runs, and
put it on the page as text. A content security policy lets only the two scripts of this file run.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ingestion.settings import Settings
from ingestion.shortage import told
from ingestion.store import at
from serving.publish import MARK, PAGE, Release, cache, read_release
from serving.report import figures, sections
from serving.report.facts import Facts
from serving.report.figures import Figure
from serving.report.markup import row, section
from serving.report.queries import read
from serving.report.words import day

HERE = Path(__file__).parent
SCRIPTS = ("echarts/echarts.min.js", "charts.js")


def write(settings: Settings, release_id: str) -> Path:
    """Write `report.html` into the release `release_id` and return its path."""
    store = at(settings.published)
    folder = store.near_folder(release_id, cache(settings), only=(MARK, "journeys.duckdb"))
    release = read_release(folder)
    facts = read(
        folder / "journeys.duckdb", datetime.fromisoformat(release.as_of), release.rule_version
    )
    key = f"{release_id}/{PAGE}"
    with told(settings):
        fresh = store.scratch(key)
        fresh.write_text(page(release, facts))
        fresh.chmod(0o444)
        store.put(key, fresh)
    return store.near_folder(release_id, cache(settings), only=(PAGE,)) / PAGE


def page(release: Release, facts: Facts) -> str:
    """The whole page."""
    trend = figures.trend(facts)
    heat, flow, journeys = figures.heat(facts), figures.flow(facts), figures.journeys(facts)
    states, days = figures.promise_states(facts), figures.promise_days(facts)
    fixes, hidden = figures.fixes(facts), figures.hidden(facts)
    drawn = [*trend, heat, flow, *journeys, states, days, fixes, hidden]
    body = [
        sections.header(release, facts),
        "<main>",
        section("month", "The month in short", sections.in_short(facts) + row(trend)),
        section("worst", "How friction builds up", sections.worst(facts, journeys)),
        section("where", "Where it hurts", sections.where(facts, heat)),
        section("promises", "Promises", sections.promises(facts, states, days)),
        section("fixes", "What to mend first", sections.mend(facts, fixes)),
        section("hidden", "Hidden friction", sections.small_things(facts, hidden)),
        section("due", "Whom to turn to now", sections.due(facts)),
        section("flow", "Where journeys go", sections.ways(facts, flow)),
        section("data", "The data behind this", sections.data(facts)),
        section("unknown", "What this report does not know", sections.unknown(facts)),
        "</main>",
        sections.footer(release),
    ]
    scripts = [(HERE / name).read_text() for name in SCRIPTS]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy(scripts)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>Customer journeys, {day(facts.as_of)}</title>",
            f"<style>\n{(HERE / 'style.css').read_text()}</style>",
            "<body>",
            *body,
            f'<script type="application/json" id="figures">{as_json(drawn)}</script>',
            *(f"<script>{script}</script>" for script in scripts),
            "</body>",
            "</html>\n",
        ]
    )


def policy(scripts: Sequence[str]) -> str:
    """What the page may do: run these scripts, style itself, and nothing else."""
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts]
    allowed = " ".join(f"'sha256-{base64.b64encode(each).decode()}'" for each in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def as_json(drawn: Sequence[Figure]) -> str:
    """The charts' data, with nothing in it that could end the script element or begin another."""
    kept = [{"key": each.key, "data": each.data} for each in drawn]
    written = json.dumps(kept, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return written
