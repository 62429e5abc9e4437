"""Draws the page of a release from its figures. All text from data is escaped."""

import html
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion.settings import Settings
from serving.publish import Release, read_release
from serving.report.figures import HEAT_ROWS, Figures, Moment, Promises, read
from serving.warehouse import write_whole

STYLE = Path(__file__).with_name("style.css")
LEVELS = {0: 0.0, 1: 5.0, 2: 10.0, 3: 20.0, 4: 40.0}  # where the catalogue's levels begin


def write(settings: Settings, release_id: str) -> Path:
    """Write `report.html` into the release `release_id` and return its path."""
    folder = settings.published / release_id
    with duckdb.connect(folder / "journeys.duckdb", read_only=True) as connection:
        figures = read(connection)
    path = folder / "report.html"
    write_whole(path, page(read_release(folder), figures))
    path.chmod(0o444)
    return path


def page(release: Release, figures: Figures) -> str:
    """The whole page."""
    in_trouble = sum(count for level, count in figures.levels.items() if level >= 2)
    title = (
        f"{in_trouble:,} of {figures.customers:,} customers need a person's attention"
        if in_trouble
        else f"None of {figures.customers:,} customers needs a person's attention"
    )
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="soft">As of {text(release.as_of[:16])} UTC, as known at '
        f"{text(release.known_at[:16])} UTC. Friction rules version {text(release.rule_version)}. "
        f"Release {text(release.release_id)}; {release.checks_passed} checks passed "
        f'(<a href="audit.html">audit</a>).</p>',
        facts(figures),
        section("Customers in most trouble", troubles(figures)),
        section("Whom to turn to now", interventions(figures)),
        section("How it added up", curves(figures)),
        section("Where it hurts", heat(figures)),
        section("What to mend first", fixes(figures)),
        section("Hidden friction", hidden(figures)),
        section("Where steps hurt on the way", flow(figures)),
        section("Promises", promises(figures.promises)),
        section("What the data does not say", quality(figures)),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Customer journeys as of {text(release.as_of[:10])}</title>\n"
        f"<style>\n{STYLE.read_text()}</style>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def facts(figures: Figures) -> str:
    """The headline numbers."""
    due = sum(each.kept + each.broken for each in figures.promises)
    kept = sum(each.kept for each in figures.promises)
    shown = [
        (f"{figures.customers:,}", "customers"),
        (f"{figures.interactions:,}", "interactions"),
        (f"{figures.journeys:,}", "journeys"),
        (f"{figures.score_sum:,.0f}", "points of friction felt now"),
        (f"{kept / due:.0%}" if due else "–", "of promises that fell due were kept"),
        (f"{sum(each.silent_days for each in figures.promises):,}", "days of silence when overdue"),
        (f"{figures.interventions_due:,}", "interventions due"),
    ]
    if figures.contacts_per_order:
        per_order, avoidable = figures.contacts_per_order
        shown.append((f"{per_order:.2f}", f"contacts per order, {avoidable:.2f} avoidable"))
    items = "".join(f"<li><b>{number}</b>{label}</li>" for number, label in shown)
    return f'<ul class="facts">{items}</ul>'


def troubles(figures: Figures) -> str:
    """The table of customers."""
    if not figures.troubles:
        return "<p>No customer has reached level 1.</p>"
    return (
        "<p>The score is what has added up and not yet faded. Level 1 is mended in the channel, "
        "2 is reviewed by an owner within a day, 3 is a call the same day, 4 is a rescue.</p>"
        + table(
            ["customer", "score", "level", "last seen", "most of it from"],
            [
                [
                    f"<code>{text(each.customer_id)}</code>",
                    f"{each.score:.1f}",
                    str(each.level),
                    date(each.last_seen_at),
                    f"{text(each.cause)} ({each.share:.0%})",
                ]
                for each in figures.troubles
            ],
            numbers=(1, 2),
        )
    )


def curves(figures: Figures) -> str:
    """One drawing a customer: the score over time, each signal a point with its reason."""
    if not figures.moments:
        return "<p>Nobody to draw.</p>"
    drawn = [
        f"<figure><h3>Customer <code>{text(customer)}</code></h3>"
        f"{curve(customer, from_first_friction(moments))}"
        "<figcaption>Score after each signal; dashed: where levels 1 to 4 begin. "
        "Point at a dot to read why.</figcaption></figure>"
        for customer, moments in figures.moments.items()
    ]
    return "\n".join(drawn)


def from_first_friction(moments: Sequence[Moment]) -> Sequence[Moment]:
    """The moments from the first with friction on: nothing is to be seen before."""
    first = next((number for number, each in enumerate(moments) if each.points), 0)
    return moments[first:]


def curve(customer: str, moments: Sequence[Moment]) -> str:
    """The score over time as SVG."""
    width, height, left, bottom = 900, 220, 40, 24
    first, last = moments[0].occurred_at, moments[-1].occurred_at
    span = max((last - first).total_seconds(), 1.0)
    top = max(max(each.score for each in moments) * 1.1, 6.0)

    def across(each: Moment) -> float:
        return left + (each.occurred_at - first).total_seconds() / span * (width - left - 20)

    def up(score: float) -> float:
        return (height - bottom) - score / top * (height - bottom - 10)

    limits = "".join(
        f'<line class="limit" x1="{left}" x2="{width}" y1="{up(at):.1f}" y2="{up(at):.1f}"/>'
        f'<text x="4" y="{up(at) + 4:.1f}">{at:.0f}</text>'
        for level, at in LEVELS.items()
        if level and at < top
    )
    path = " ".join(f"{across(each):.1f},{up(each.score):.1f}" for each in moments)
    dots = "".join(
        f'<circle class="{"credit" if each.credit and not each.points else "mark"}" '
        f'cx="{across(each):.1f}" cy="{up(each.score):.1f}" r="4">'
        f"<title>{each.occurred_at:%Y-%m-%d %H:%M} {text(each.signal)}: "
        f"{text(each.explanation) or 'no points'} (score {each.score:.1f})</title></circle>"
        for each in moments
        if each.points or each.credit
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Score of customer '
        f"{text(customer)} from {first:%Y-%m-%d} to {last:%Y-%m-%d}, last "
        f'{moments[-1].score:.1f}">{limits}<polyline class="curve" points="{path}"/>{dots}'
        f'<text x="{left}" y="{height - 6}">{first:%Y-%m-%d}</text>'
        f'<text x="{width - 20}" y="{height - 6}" text-anchor="end">{last:%Y-%m-%d}</text></svg>'
    )


def heat(figures: Figures) -> str:
    """Friction felt now by touchpoint and channel."""
    if not figures.heat:
        return "<p>No friction is felt now.</p>"
    sums: dict[str, float] = defaultdict(float)
    for touchpoint, _, points in figures.heat:
        sums[touchpoint] += points
    touchpoints = sorted(sums, key=lambda each: (-sums[each], each))[:HEAT_ROWS]
    channels = sorted({channel for _, channel, _ in figures.heat})
    cells = {(touchpoint, channel): points for touchpoint, channel, points in figures.heat}
    most = max(cells.values())
    body = "".join(
        f'<tr><th scope="row">{text(touchpoint)}</th>'
        + "".join(heat_cell(cells.get((touchpoint, channel)), most) for channel in channels)
        + f'<td class="n">{sums[touchpoint]:,.1f}</td></tr>'
        for touchpoint in touchpoints
    )
    heads = "".join(f'<th scope="col" class="n">{text(channel)}</th>' for channel in channels)
    left_out = len(sums) - len(touchpoints)
    more = f" {left_out} touchpoints with less are left out." if left_out else ""
    return (
        f'<div class="wide"><table class="heat"><caption>Points of friction felt now, by '
        f"touchpoint and channel. “none” is what a promise's clock did: a breach, a "
        f"silence.{more}</caption><thead><tr><th></th>{heads}<th "
        f'class="n">all</th></tr></thead><tbody>{body}</tbody></table></div>'
    )


def heat_cell(points: float | None, most: float) -> str:
    """One cell, the warmer the more."""
    if not points:
        return '<td class="n"></td>'
    share = round(8 + 62 * points / most)
    return (
        f'<td class="n" style="background:color-mix(in srgb, var(--hot) {share}%, transparent)">'
        f"{points:,.1f}</td>"
    )


def fixes(figures: Figures) -> str:
    """The fixes that would remove most."""
    if not figures.fixes:
        return "<p>There is no friction to remove.</p>"
    return (
        "<p>What the ledger would hold without one thing, its rules counted again, with 95&nbsp;% "
        "intervals. This is an account of recorded friction, not proof of an effect: the marked "
        "ones (●) are worth a pilot in one place first.</p>"
        + table(
            [
                "",
                "touchpoint",
                "signal",
                "felt now",
                "from",
                "to",
                "with follow-ups",
                "leave level 2+",
                "customers",
            ],
            [
                [
                    "●" if each.is_candidate else "",
                    text(each.touchpoint),
                    text(each.signal),
                    f"{each.gone:,.1f}",
                    f"{each.low:,.1f}",
                    f"{each.high:,.1f}",
                    f"{each.gone_with_follow_ups:,.1f}",
                    f"{each.leaving_level_2:,}",
                    f"{each.customers:,}",
                ]
                for each in figures.fixes
            ],
            numbers=(3, 4, 5, 6, 7, 8),
        )
    )


def interventions(figures: Figures) -> str:
    """The queue."""
    if not figures.interventions:
        return "<p>Nothing is due.</p>"
    return (
        f"<p>{figures.interventions_due:,} reasons to turn to a customer are due; these come "
        "first. A score may only trigger help, and from level 3 on a person decides.</p>"
        + table(
            ["customer", "level", "since", "why", "what to do"],
            [
                [
                    f"<code>{text(each.customer_id)}</code>",
                    str(each.level),
                    date(each.since),
                    text(each.reason),
                    text(each.step),
                ]
                for each in figures.interventions
            ],
            numbers=(1,),
        )
    )


def hidden(figures: Figures) -> str:
    """Journeys that no touchpoint's own figures show."""
    if not figures.hidden:
        return "<p>No journey adds up to much out of small things.</p>"
    return (
        f"<p>{figures.hidden_count:,} journeys in which no single touch was bad, and all together "
        "were: what looking at one touchpoint at a time does not show.</p>"
        + table(
            ["journey", "customer", "points", "worst touch", "touches", "channels"],
            [
                [
                    f"<code>{text(each.journey_id)}</code>",
                    f"<code>{text(each.customer_id)}</code>",
                    f"{each.points:.1f}",
                    f"{each.worst:.1f}",
                    str(each.touches),
                    text(each.channel_path),
                ]
                for each in figures.hidden
            ],
            numbers=(2, 3, 4),
        )
    )


def flow(figures: Figures) -> str:
    """The costliest transitions."""
    if not figures.flow:
        return "<p>No step on the way cost anything.</p>"
    return (
        "<p>Steps of journeys by the friction that the customer met on arriving. Share: of all "
        "steps on from there.</p>"
        + table(
            ["from", "to", "", "times", "share", "points there"],
            [
                [
                    text(each.origin),
                    text(each.target),
                    "other channel" if each.is_channel_switch else "",
                    f"{each.count:,}",
                    f"{each.share:.0%}",
                    f"{each.points:,.1f}",
                ]
                for each in figures.flow
            ],
            numbers=(3, 4, 5),
        )
    )


def promises(kinds: Sequence[Promises]) -> str:
    """Promises by kind, with a bar of their states."""
    if not kinds:
        return "<p>No promise was found.</p>"
    return (
        "<p>Kept means kept for the customer, in time. Unknown means that the feed which would "
        "tell is behind: neither kept nor broken.</p>"
        + table(
            [
                "kind",
                "",
                "kept",
                "broken",
                "open",
                "unknown",
                "silent days",
                "knowing days",
                "chases",
            ],
            [
                [
                    text(each.kind),
                    bar(each),
                    *(
                        f"{number:,}"
                        for number in (
                            each.kept,
                            each.broken,
                            each.still_open,
                            each.unknown,
                            each.silent_days,
                            each.knowing_days,
                            each.chases,
                        )
                    ),
                ]
                for each in kinds
            ],
            numbers=(2, 3, 4, 5, 6, 7, 8),
        )
    )


def bar(kind: Promises) -> str:
    """The states of one kind as a bar."""
    states = (
        ("kept", kind.kept),
        ("broken", kind.broken),
        ("still", kind.still_open),
        ("unknown", kind.unknown),
    )
    parts = "".join(
        f'<i class="{name}" style="flex:{number}"></i>' for name, number in states if number
    )
    return f'<div class="bar" aria-hidden="true">{parts}</div>'


def quality(figures: Figures) -> str:
    """What a reader should know about the data."""
    known = figures.known_customers
    share = known / figures.customers if figures.customers else 0.0
    said = (
        f"<p>{known:,} of {figures.customers:,} customers ({share:.0%}) are known by an "
        "identifier; the others are one visit, order or conversation each. No signal in a channel "
        "is not the absence of friction there.</p>"
    )
    if not figures.quality:
        return said
    return said + table(
        ["about", "source", "what", "how many"],
        [
            [text(topic), text(source), text(what), f"{number:,}"]
            for topic, source, what, number in figures.quality
        ],
        numbers=(3,),
    )


def section(title: str, body: str) -> str:
    """A titled part of the page."""
    return f"<section><h2>{title}</h2>\n{body}\n</section>"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of cells that are HTML already; columns in `numbers` are flush right."""

    def cell(tag: str, number: int, content: str) -> str:
        kind = ' class="n"' if number in numbers else ""
        return f"<{tag}{kind}>{content}</{tag}>"

    head = "".join(cell("th", number, each) for number, each in enumerate(heads))
    body = "\n".join(
        "<tr>" + "".join(cell("td", number, each) for number, each in enumerate(row)) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def date(instant: datetime) -> str:
    """A day, in one piece."""
    return f'<span class="d">{instant:%Y-%m-%d}</span>'


def text(value: str) -> str:
    """A value as text of the page, whatever it holds."""
    return html.escape(value, quote=True)
