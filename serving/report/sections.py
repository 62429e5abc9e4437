"""What the page says, part by part: facts in plain words, around the figures."""

from collections.abc import Sequence

from serving.publish import Release
from serving.report import figures
from serving.report.facts import Facts, Week, WorstJourney
from serving.report.figures import Figure, Table
from serving.report.markup import chart, figure_html, row, table, text
from serving.report.queries import DUE_INTERVENTIONS, HIDDEN_TOUCHES, MONTH_WEEKS, WORST_JOURNEYS
from serving.report.words import change, counted, day, number, percent, shortened


def header(release: Release, facts: Facts) -> str:
    """The headline: how many customers need a person, and how that compares."""
    totals, weeks = facts.totals, facts.weeks
    who = number(totals.in_trouble) if totals.in_trouble else "None"
    verb = "needs" if totals.in_trouble < 2 else "need"
    why = "They are at level 2 or above: what has added up for them has not faded."
    if not totals.in_trouble:
        why = "Nobody is at level 2 or above, where what has added up takes a person to mend."
    span = "the week" if len(weeks) == 1 else f"{min(len(weeks), MONTH_WEEKS)} weeks"
    then = ""
    if len(weeks) > MONTH_WEEKS:
        before = figures.needing(weeks[-1 - MONTH_WEEKS])
        then = f" Four weeks ago it was {number(before)}."
    links = "".join(
        f'<a href="#{name}">{title}</a>'
        for name, title in (
            ("month", "In short"),
            ("worst", "Build-up"),
            ("where", "Where it hurts"),
            ("promises", "Promises"),
            ("fixes", "What to mend"),
            ("hidden", "Hidden friction"),
            ("due", "Whom to turn to"),
            ("flow", "Journeys"),
            ("data", "Data"),
            ("unknown", "Not known"),
        )
    )
    return (
        "<header>"
        f'<p class="eyebrow">Customer journeys · {span} to {day(facts.as_of)}</p>'
        f"<h1>{who} of {counted(totals.customers, 'customer')} {verb} a person’s attention</h1>"
        f'<p class="lead">{why}{then}</p>'
        f"{ladder(facts)}"
        f'<nav aria-label="Sections">{links}</nav>'
        "</header>"
    )


def ladder(facts: Facts) -> str:
    """The levels: where each begins, how many customers are there, and what is done."""
    at_level = dict(zip((1, 2, 3, 4), facts.weeks[-1].levels, strict=True))
    items = "".join(
        f'<li class="level{level}"><b>{number(at_level[level])}</b>'
        f"<span>level {level} · from {facts.thresholds[level]} points</span>"
        f"<span>{text(facts.steps[level])}</span></li>"
        for level in (4, 3, 2, 1)
    )
    return f'<ul class="ladder">{items}</ul>'


def in_short(facts: Facts) -> str:
    """The month in a few sentences."""
    sentences = [
        *added(facts),
        *hurting(facts),
        *promised(facts),
        *mending(facts),
        *overlooked(facts),
    ]
    if not sentences:
        return "<p>Nothing happened that could cause friction.</p>"
    return '<ul class="short">' + "".join(f"<li>{each}</li>" for each in sentences) + "</ul>"


def month(facts: Facts) -> tuple[Sequence[Week], Sequence[Week]]:
    """The last four weeks and the four before; the latter are empty where the log is younger."""
    weeks = facts.weeks
    before = weeks[-2 * MONTH_WEEKS : -MONTH_WEEKS]
    return weeks[-MONTH_WEEKS:], before if len(before) == MONTH_WEEKS else ()


def added(facts: Facts) -> list[str]:
    """What came to it, and how often customers had to get in touch."""
    now, before = month(facts)
    points, contacts = sum(each.points for each in now), sum(each.contacts for each in now)
    if not facts.totals.interactions:
        return []
    compared = contacts_compared = ""
    if before:
        compared = change(points, sum(each.points for each in before))
        compared = f" ({compared} than in the four weeks before)"
        contacts_compared = f" ({change(contacts, sum(each.contacts for each in before))})"
    said = (
        f"<b>{number(points)} points</b> of friction were added{compared}; customers got in touch "
        f"<b>{number(contacts)} times</b>{contacts_compared}."
    )
    if facts.contacts_per_order:
        per_order, avoidable = facts.contacts_per_order
        said += (
            f" Over all months an order causes {number(per_order, 2)} contacts, "
            f"{number(avoidable, 2)} of them avoidable."
        )
    return [said]


def hurting(facts: Facts) -> list[str]:
    """Where most of it is felt."""
    if not facts.heat:
        return []
    sums: dict[str, float] = {}
    for each in facts.heat:
        if each.touchpoint is not None:
            sums[each.touchpoint] = sums.get(each.touchpoint, 0.0) + each.points
    first = sorted(sums, key=lambda name: (-sums[name], name))[:2]
    share = percent(sum(sums[name] for name in first), sum(each.points for each in facts.heat))
    names = " and ".join(f"<b>{text(shortened(name, 40))}</b>" for name in first)
    return [f'{names} hold {share} of what is <a href="#where">felt now</a>.']


def promised(facts: Facts) -> list[str]:
    """How promises went."""
    now, before = month(facts)
    kept, broken = (
        sum(each.promises_kept for each in now),
        sum(each.promises_broken for each in now),
    )
    if not kept + broken and not facts.totals.overdue_promises:
        return []
    said = ""
    if kept + broken:
        said = (
            f'Of {number(kept + broken)} <a href="#promises">promises</a> that fell due, '
            f"<b>{percent(kept, kept + broken)}</b> were kept"
        )
        earlier = sum(each.promises_kept + each.promises_broken for each in before)
        if earlier:
            said += f" (before: {percent(sum(each.promises_kept for each in before), earlier)})"
        said += ". "
    return [
        said + f"<b>{number(facts.totals.overdue_promises)}</b> of all are broken and still open."
    ]


def mending(facts: Facts) -> list[str]:
    """The first fix."""
    if not facts.fixes:
        return []
    first = facts.fixes[0]
    felt = facts.totals.points_now
    return [
        f'To <a href="#fixes">mend first</a>: <b>{text(shortened(first.touchpoint, 40))}</b>, '
        f"where customers {text(figures.phrase(facts, first.signal))}. Without that and what "
        f"it led to, about <b>{percent(first.gone_with_follow_ups, felt)}</b> of what is felt "
        f"would be gone ({percent(first.low, felt)} to {percent(first.high, felt)})."
    ]


def overlooked(facts: Facts) -> list[str]:
    """What no touchpoint's own figures show."""
    if not facts.hidden_count:
        return []
    return [
        f"<b>{counted(facts.hidden_count, 'journey')}</b> with hidden friction: every touch was "
        'small, and together they <a href="#hidden">were not</a>.'
    ]


def worst(facts: Facts, drawn: Sequence[Figure]) -> str:
    """One journey at a time, of those of which most is still felt."""
    if not drawn:
        return "<p>No journey has cost anything that is still felt.</p>"
    options = "".join(
        f'<option value="{place}">{place + 1} · {text(figures.journey_name(each))} · customer '
        f"{text(shortened(each.customer_id, 9))} · {number(each.points_now, 1)} points felt"
        "</option>"
        for place, each in enumerate(facts.worst)
    )
    stories = "".join(
        of_journey(place, f"<p>{journey_in_short(each)}</p>")
        for place, each in enumerate(facts.worst)
    )
    tables = "".join(of_journey(place, table(each.table)) for place, each in enumerate(drawn))
    return (
        "<p>Nobody is fed up with one call; it is what adds up. The line is the customer’s score: "
        f"it jumps when something happens and fades with time. {sizes(facts)}</p>"
        '<p class="pick"><label for="pick">Journey</label> '
        f'<select id="pick">{options}</select></p>{stories}'
        + figure_html(
            "journey",
            "",
            "How the customer’s score built up in the journey picked above, and what was promised",
            '<span class="key chase">customer had to chase</span>'
            '<span class="key broken">promise broken or put off</span>'
            '<span class="key silence">silence</span>'
            '<span class="key other">other friction</span>'
            '<span class="key good">something good</span> Hollow: on another journey of the same '
            "customer. Bars: promises, grey until due, red while overdue, dark where it was done "
            "and nobody said so.",
            tables,
        )
    )


def of_journey(place: int, content: str) -> str:
    """What is shown while the journey at this place is picked."""
    return f'<div class="story" data-journey="{place}"{" hidden" if place else ""}>{content}</div>'


def sizes(facts: Facts) -> str:
    """How much a point is, by examples, and how fast it fades."""
    said = [
        f"{number(facts.weights[signal], 1).removesuffix('.0')} points for whoever "
        f"{text(facts.phrases[signal])}"
        for signal in ("contact.problem", "promise.breach")
        if signal in facts.weights
    ]
    short, long = min(facts.half_lives), max(facts.half_lives)
    examples = f"It takes {', '.join(said)}. " if said else ""
    return f"{examples}Half of it is gone after {number(short)} to {number(long)} days."


def journey_in_short(each: WorstJourney) -> str:
    """A journey in a sentence or two."""
    silent = sum(promise.silent_days for promise in each.promises)
    chases = sum(signal.signal == "contact.chase" for signal in each.signals)
    broken = sum(promise.is_broken for promise in each.promises)
    said = (
        f"<b>{text(figures.journey_name(each))}</b> of customer <code>{text(each.customer_id)}"
        f"</code>, {text(each.status)}, opened {day(each.opened_at)}: {number(each.points, 1)} "
        f"points in all, {number(each.points_now, 1)} still felt; the customer’s score is "
        f"{number(each.score, 1)} (level {each.level}). Broken promises: {number(broken)}, with "
        f"{counted(silent, 'day')} of silence; chases: {number(chases)}."
    )
    left_out = [
        f"{number(count)} {what}"
        for count, what in (
            (each.signals_left_out, "lesser signals"),
            (each.promises_left_out, "promises"),
        )
        if count
    ]
    return said + (f" Left out here: {' and '.join(left_out)}." if left_out else "")


def where(facts: Facts, heat: Figure) -> str:
    """Friction by touchpoint and channel."""
    if not facts.heat:
        return "<p>No friction is felt now.</p>"
    return (
        f"<p>{number(facts.totals.points_now)} points are felt now, by the touchpoint where they "
        "came about.</p>"
        + chart(
            heat,
            f"“{figures.NO_CHANNEL}” is what happened while nobody was in touch: a promise broke, "
            "a silence went on, the wrong thing arrived.",
        )
    )


def promises(facts: Facts, states: Figure, days: Figure) -> str:
    """Promises kept, broken and unknown, and the silence around them."""
    if not facts.promises:
        return "<p>No promise was found.</p>"
    left_out = facts.promise_kinds - len(facts.promises)
    more = f" {number(left_out)} rarer kinds are left out." if left_out > 0 else ""
    silent = sum(each.silent_days for each in facts.promises)
    knowing = sum(each.knowing_days for each in facts.promises)
    return (
        f"<p>Customers waited <b>{number(silent)} days</b> on overdue promises without a word"
        + (f", and <b>{number(knowing)} days</b> for news that the company had" if knowing else "")
        + ". Over the whole log.</p>"
        + row(
            [states, days],
            (
                "Kept: kept for the customer, in time. Moved: a new date was told in time, or the "
                "customer called it off. Unknown: the feed that would tell is behind, so neither."
                + more,
                "Silent: overdue, and no message about it from a person. Known: it was done, and "
                "nobody had told the customer.",
            ),
        )
    )


def mend(facts: Facts, fixes: Figure) -> str:
    """Fixes with their intervals."""
    if not facts.fixes:
        return "<p>There is no friction to remove.</p>"
    return (
        "<p>What the ledger would hold without one thing, the rules counted again, the "
        "customer’s later contacts about the same issue gone too.</p>"
        + chart(
            fixes,
            "Dot: points gone; line: 95 % interval; bar: without follow-ups. Full dots are the "
            "three candidates to try. Fixes overlap, so they do not add up, and this is an account "
            "of what was recorded, no proof: try one in one place first.",
        )
    )


def small_things(facts: Facts, hidden: Figure) -> str:
    """Journeys that no touchpoint's own figures show."""
    if not facts.hidden:
        return "<p>No journey adds up to much out of small things.</p>"
    shown = len(facts.hidden)
    most = f" The {number(shown)} with most:" if shown < facts.hidden_count else ""
    return (
        f"<p>In {counted(facts.hidden_count, 'journey')} no single touch was bad, and all together "
        f"were. Whoever looks at one touchpoint at a time sees nothing.{most}</p>"
        + chart(
            hidden,
            "Each block is one touch, as wide as the points that it cost"
            + (
                f"; of a journey the first {HIDDEN_TOUCHES} are drawn."
                if any(each.touches > HIDDEN_TOUCHES for each in facts.hidden)
                else "."
            ),
        )
    )


def due(facts: Facts) -> str:
    """The queue of interventions."""
    if not facts.interventions:
        return "<p>Nobody is waiting for a step of yours.</p>"
    all_due = sum(facts.interventions_by_level.values())
    counts = ", ".join(
        f"{number(count)} at level {level}" for level, count in facts.interventions_by_level.items()
    )
    first = f" The first {DUE_INTERVENTIONS}:" if all_due > DUE_INTERVENTIONS else ""
    return (
        f"<p>Due now: <b>{counted(all_due, 'step')}</b> for "
        f"<b>{counted(facts.customers_due, 'customer')}</b> ({counts}). Each broken promise that "
        "is still open is a step of its own. A score may only trigger help, and from level 3 on a "
        f"person decides.{first}</p>"
        + table(
            Table(
                "Steps due, by customer, who is worst off first",
                ["customer", "level", "since", "why", "what to do"],
                [
                    [
                        each.customer_id,
                        str(each.level),
                        day(each.since),
                        each.reason,
                        each.step,
                    ]
                    for each in facts.interventions
                ],
                numbers=(1,),
                codes=(0,),
                is_cards=True,
            ),
            is_open=True,
        )
    )


def ways(facts: Facts, flow: Figure) -> str:
    """The flow of costly journeys between touchpoints."""
    if not facts.stops:
        return f"<p>No journey cost {facts.thresholds[1]} points or more.</p>"
    if not facts.passages:
        return (
            f"<p>{counted(facts.costly_journeys, 'journey')} cost {facts.thresholds[1]} points or "
            "more, and none went on from one touchpoint to another.</p>"
        )
    return (
        f"<p>The first stops of {counted(facts.costly_journeys, 'journey')} (of "
        f"{number(facts.totals.journeys)}) that cost {facts.thresholds[1]} points or more: as much "
        "as takes a customer to level 1.</p>"
        + chart(
            flow,
            "Read from left to right: first stop, second, and so on; several steps at one "
            "touchpoint in a row are one stop. The warmer a stop, the more friction was met there, "
            "a journey. What does not flow on, ended there.",
        )
    )


def data(facts: Facts) -> str:
    """What a reader should know about the data."""
    totals = facts.totals
    anonymous = totals.customers - totals.known_customers
    left_out = facts.quality_count - len(facts.quality)
    more = f" {number(left_out)} lesser rows are left out." if left_out > 0 else ""
    return (
        f"<p>{counted(totals.interactions, 'interaction')} in "
        f"{counted(totals.journeys, 'journey')} of {counted(totals.customers, 'customer')}. "
        f"<b>{percent(anonymous, totals.customers)}</b> of the customers are anonymous: one visit, "
        "order or conversation each, "
        f"{percent(totals.anonymous_interactions, totals.interactions)} of the interactions. A "
        f"known customer was seen in <b>{percent(totals.coverage, 1)}</b> of the "
        f"{number(totals.channels)} channels on average.</p>"
        + table(
            Table(
                "Channels",
                ["channel", "interactions", "of nobody known", "customers seen", "of all known"],
                [
                    [
                        figures.channel_name(each.channel),
                        number(each.interactions),
                        percent(each.anonymous_interactions, each.interactions),
                        number(each.known_customers),
                        percent(each.known_customers, totals.known_customers),
                    ]
                    for each in facts.channels
                ],
                numbers=(1, 2, 3, 4),
            ),
            is_open=True,
        )
        + (
            table(
                Table(
                    f"Data quality: what was set aside, blocked, undone or behind.{more}",
                    ["about", "source", "what", "how many", "share"],
                    [
                        [
                            each.topic,
                            each.source,
                            each.what,
                            number(each.rows),
                            "" if each.share is None else f"{100 * each.share:.1f} %",
                        ]
                        for each in facts.quality
                    ],
                    numbers=(3, 4),
                ),
                title="Data quality, line by line",
            )
            if facts.quality
            else ""
        )
        + '<p>What Great Expectations checked at both doors: <a href="data_docs/index.html">data '
        "docs</a>.</p>"
    )


def unknown(facts: Facts) -> str:
    """The limits of what is said here, with the numbers where there are any."""
    totals = facts.totals
    unclear = sum(each.unknown for each in facts.promises)
    aside = sum(each.rows for each in facts.quality if each.topic == "records set aside")
    said = [
        "<b>Who left without a word.</b> No signal is not the absence of friction: whoever does "
        "not call, click or complain leaves no trace here.",
        f"<b>Who it was.</b> Of {counted(totals.anonymous_interactions, 'interaction')} nobody "
        "knows whose; what they cost cannot add up with anything else.",
        f"<b>How {counted(unclear, 'promise')} ended.</b> The feed that would tell is behind: "
        "neither kept nor broken."
        if unclear
        else "<b>What is promised by word of mouth</b>, and in no system.",
        f"<b>What is in {counted(aside, 'record')}</b> set aside with a reason."
        if aside
        else "<b>What no source exports.</b> Nothing was set aside, but only exports count.",
        "<b>How a customer feels.</b> Points are a rule’s weights (version by version in the "
        "ledger), part evidence and part judgement: trust the order more than the distance.",
        "<b>Whether a fix works.</b> “Gone” is arithmetic on what was recorded; only a pilot shows "
        "an effect.",
        f"<b>What is not on this page.</b> It shows the {number(len(facts.worst))} worst journeys "
        f"(at most {WORST_JOURNEYS}), and the first rows of long lists; the tables of the release "
        "hold all.",
    ]
    return '<ul class="short">' + "".join(f"<li>{each}</li>" for each in said) + "</ul>"


def footer(release: Release) -> str:
    """What this was made from."""
    return (
        f"<footer><p>As of {text(release.as_of[:16])} UTC, as known at "
        f"{text(release.known_at[:16])} UTC. Friction rules version {text(release.rule_version)}; "
        f"release {text(release.release_id)}; {release.checks_passed} checks passed "
        '(<a href="data_docs/index.html">data docs</a>). Customers and journeys are keyed hashes. '
        "Charts: Apache ECharts, Apache License 2.0.</p></footer>"
    )
