"""What the stories are made of: how the customer stands, promises, what happened, what helps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import duckdb

from ingestion.settings import Settings
from serving.table import printable, table

# Steps in a row on one channel that cost nothing are told in one line from so many on.
FOLDED = 4
# A table has to be read: of more lines than so many only the last are shown.
SHOWN_LINES = 200
# A pause within a story is a line of its own from so many days on.
PAUSE_DAYS = 3


@dataclass(frozen=True)
class Release:
    """The open release that is asked, and its time (UTC, as text)."""

    connection: duckdb.DuckDBPyConnection
    settings: Settings
    as_of: str

    def rows(self, query: str, **values: object) -> list[dict[str, Any]]:
        """All rows of a query, by column name; of the values those that it names."""
        named = {name: value for name, value in values.items() if f"${name}" in query}
        found = self.connection.execute(query, named or None)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@dataclass(frozen=True)
class Line:
    """One thing that happened, or several until `until`.

    `reasons` say why it cost or earned points; what `is_told` is never folded away.
    """

    at: datetime
    channel: str
    touchpoint: str
    what: str
    points: float = 0
    score: float | None = None
    reasons: tuple[str, ...] = ()
    is_told: bool = False
    until: datetime | None = None


def standing(release: Release, customer_id: str) -> str:
    """How a customer stands, in one line."""
    (row,) = release.rows(
        "select score, level from dim_customers where customer_id = $id", id=customer_id
    )
    return (
        f"Customer {customer_id} is at level {row['level']} of 4 with a score of "
        f"{row['score']:.1f} points."
    )


def causes(release: Release, where: str, **values: object) -> list[dict[str, Any]]:
    """What cost most in the ledger lines of a condition: signal, touchpoint, points, points now."""
    return release.rows(
        f"""
        select signal, coalesce(touchpoint, 'none') as touchpoint, sum(points) as points,
            sum(points_now) as points_now
        from fct_friction where part != 'credit' and {where}
        group by all order by points desc, signal, touchpoint limit 3
        """,
        **values,
    )


def mostly(found: Sequence[dict[str, Any]]) -> list[str]:
    """What cost most, as a sentence; nothing where nothing did."""
    if not found:
        return []
    told = (f"{row['signal']} at {row['touchpoint']} ({row['points']:.1f})" for row in found)
    return [f"  Most of it: {printable(', '.join(told))}."]


def helps(
    release: Release, customer_id: str, promise_ids: Sequence[str], found: Sequence[dict[str, Any]]
) -> list[str]:
    """What would help: what is due for this customer, and the worst cause mended for everybody."""
    due = release.rows(
        """
        select recommended_step, reason from rpt_interventions
        where customer_id = $id and state = 'due'
            and (kind = 'level' or list_contains($promises, promise_id))
        order by kind != 'level', since, intervention_id
        """,
        id=customer_id,
        promises=list(promise_ids),
    )
    told = [f"  {printable(row['recommended_step'])}. {printable(row['reason'])}" for row in due]
    if not told and release.rows(
        "select 1 from dim_internal_customers where customer_id = $id", id=customer_id
    ):
        told = ["  No steps are queued for customers of the company itself."]
    if not told:
        told = ["  For this customer nothing is due: no level was crossed that still counts, and "]
        told[0] += "no promise told of here is overdue."
    for row in found[:1]:
        for fix in release.rows(
            """
            select points_now_gone, points_now_gone_low, points_now_gone_high, customer_count
            from rpt_top_fixes
            where scope = 'everywhere' and touchpoint = $touchpoint and signal = $signal
            """,
            touchpoint=row["touchpoint"],
            signal=row["signal"],
        ):
            told.append(
                f"  For everybody: without {row['signal']} at {printable(row['touchpoint'])}, "
                f"{fix['points_now_gone']:.0f} points felt now by {fix['customer_count']:,} "
                f"customers would be gone (95 %: {fix['points_now_gone_low']:.0f} to "
                f"{fix['points_now_gone_high']:.0f})."
            )
    return ["What would help", *told]


def about(journey: dict[str, Any]) -> str:
    """What a journey is about."""
    if not journey["subject_type"]:
        return "no subject"
    return printable(f"{journey['subject_type']} {journey['subject_key']}")


def promises_table(promises: Sequence[dict[str, Any]]) -> list[str]:
    """Promises, one a row."""
    if not promises:
        return ["No promises."]
    heads = "kind about made due state kept silent informed knowing chases promise".split()
    return [
        "Promises (days silent: nobody said a word; informed: somebody did; knowing: it was done)",
        *table(
            ["  " + heads[0], *heads[1:]],
            [
                [
                    f"  {row['promise_kind'] or '-'}",
                    row["issue_id"] or "-",
                    minute(row["made_at"]),
                    minute(row["due_at"]),
                    row["state"].replace("_", " "),
                    minute(row["kept_for_customer_at"]),
                    *(
                        number(row[name])
                        for name in ("silent_days", "informed_days", "knowing_days", "chase_count")
                    ),
                    row["promise_id"],
                ]
                for row in promises
            ],
            right=(6, 7, 8, 9),
        ),
    ]


def timeline(
    release: Release,
    customer_id: str,
    promises: Sequence[dict[str, Any]],
    steps_where: str,
    clocks_where: str,
    **values: object,
) -> list[Line]:
    """What happened to a customer in order: steps, the clocks of promises, and what was promised.

    The conditions say which `steps` (fct_interactions) and which `words` (fct_friction) belong to
    the story; `values` are what they name.
    """
    lines = [
        Line(
            at=row["occurred_at"],
            channel=row["channel"] or "-",
            touchpoint=row["touchpoint"] or "-",
            what=" ".join(word for word in (row["direction"], row["kind"]) if word),
            points=row["points"] or 0,
            score=row["score_after"],
            reasons=tuple(row["reasons"] or ()),
        )
        for row in release.rows(
            f"""
            with reasons as (
                select
                    interaction_id,
                    list(explanation order by signal_position, part = 'credit', part) as reasons,
                    sum(case when part = 'credit' then -points else points end) as points
                from fct_friction where customer_id = $customer and interaction_id is not null
                group by all
            )

            select
                steps.occurred_at, steps.channel, steps.touchpoint, steps.direction, steps.kind,
                reasons.points, steps.score_after, reasons.reasons
            from fct_interactions as steps
            left join reasons on steps.interaction_id = reasons.interaction_id
            where steps.customer_id = $customer and {steps_where}
            order by steps.occurred_at, steps.step_number, steps.interaction_id
            """,
            customer=customer_id,
            **values,
        )
    ]
    lines += [
        Line(
            at=row["occurred_at"],
            channel="(clock)",
            touchpoint=row["touchpoint"] or "-",
            what=row["signal"],
            points=row["points"],
            score=row["score"],
            reasons=tuple(row["reasons"]),
        )
        for row in release.rows(
            f"""
            select
                words.occurred_at, words.signal, min(words.touchpoint) as touchpoint,
                sum(if(words.part = 'credit', -words.points, words.points)) as points,
                min(scores.score) as score,
                list(words.explanation order by words.part = 'credit', words.part) as reasons
            from fct_friction as words
            left join fct_scores as scores
                on
                    words.customer_id = scores.customer_id
                    and words.source = scores.source
                    and words.source_key = scores.source_key
                    and words.signal_position = scores.signal_position
            where
                words.customer_id = $customer and words.interaction_id is null and {clocks_where}
            group by
                words.occurred_at, words.source, words.source_key, words.signal_position,
                words.signal
            order by words.occurred_at, words.source_key
            """,
            customer=customer_id,
            **values,
        )
    ]
    lines += [line for row in promises for line in milestones(row)]
    # a promise is made and kept by the steps of its instant: it is told after them
    return sorted(lines, key=lambda line: (line.at, line.is_told))


def milestones(promise: dict[str, Any]) -> Iterator[Line]:
    """What was promised when, and what became of it."""
    kind = promise["promise_kind"] or "something"
    told = {
        "made_at": f"promised: {kind} by {minute(promise['due_at'])}",
        "revised_at": f"a new date for the {kind}",
        "cancelled_at": f"called off: {kind}",
        "kept_for_customer_at": f"kept for the customer: {kind}",
    }
    if promise["kept_internally_at"] != promise["kept_for_customer_at"]:
        told["kept_internally_at"] = f"done, the customer not told: {kind}"
    for name, what in told.items():
        if promise[name]:
            yield Line(promise[name], "(promise)", promise["touchpoint"] or "-", what, is_told=True)


def timeline_table(lines: Sequence[Line]) -> list[str]:
    """What happened as text: quiet runs of steps folded, each pause and each reason on a line."""
    cells: list[list[str]] = []
    before: datetime | None = None
    together = list(folded(lines))
    left = len(together) - SHOWN_LINES
    if left > 0:
        until = minute(together[left - 1].at)
        cells.append(["", "", "", f"… {left:,} lines until {until} not shown", "", "", ""])
    for line in together[max(left, 0) :]:
        paused = (line.at - before).days if before else 0
        if paused >= PAUSE_DAYS:
            cells.append(["", "", "", f"… {paused} days of nothing", "", "", ""])
        before = line.until or line.at
        first, *more = line.reasons or ("",)
        cells.append(
            [
                f"  {minute(line.at)}",
                line.channel,
                line.touchpoint,
                line.what,
                f"{line.points:+.2f}" if line.points else "",
                f"{line.score:.1f}" if line.score is not None else "",
                first,
            ]
        )
        cells += [[""] * 6 + [reason] for reason in more]
    heads = ["  when (UTC)", "channel", "touchpoint", "what", "points", "score", "why"]
    return table(heads, cells, right=(4, 5))


def folded(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines, runs of steps on one channel without points as one."""

    def run(line: Line) -> tuple[bool, str]:
        return bool(line.points or line.is_told), line.channel

    for (is_told, channel), grouped in groupby(lines, key=run):
        together = list(grouped)
        if is_told or len(together) < FOLDED:
            yield from together
            continue
        last = together[-1]
        yield Line(
            at=together[0].at,
            channel=channel,
            touchpoint="",
            what=f"… {len(together):,} steps without friction until {minute(last.at)}",
            score=last.score,
            until=last.at,
        )


def minute(instant: datetime | None) -> str:
    """A UTC time to the minute."""
    return f"{instant:%Y-%m-%d %H:%M}" if instant else "-"


def number(value: int | None) -> str:
    """A count; a dash where the source does not tell."""
    return "-" if value is None else f"{value:,}"


def counted(value: int, thing: str) -> str:
    """A count with its noun: `1 day`, `2 days`."""
    return f"{value:,} {thing}{'' if value == 1 else 's'}"
