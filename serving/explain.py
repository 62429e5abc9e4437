"""Tells one customer's story in a terminal: steps, promises, signals and points."""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import duckdb

from ingestion.errors import IngestionError
from ingestion.identifiers import Identifiers
from ingestion.settings import Settings
from serving import publish
from serving.errors import NotFound, ServingError
from serving.table import printable, table

ID = re.compile(r"(anon-)?[0-9a-f]{32}")


def main() -> int:
    """Print the story of the customer that was asked for."""
    parser = argparse.ArgumentParser(prog="make explain", description=__doc__)
    parser.add_argument("--name", default="sample")
    parser.add_argument("--customer", required=True, help="a customer id, or <type>:<value>")
    asked = parser.parse_args()
    try:
        settings = Settings.read(asked.name)
        print("\n".join(explain(settings, asked.customer)))
    except (IngestionError, ServingError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


def explain(settings: Settings, asked: str) -> list[str]:
    """The story of a customer, given by id or as `<type>:<value>`, from the current release.

    Raises NotFound where the release knows nobody by that name; the value itself is not repeated.
    """
    folder = publish.current(settings)
    with duckdb.connect(folder / "journeys.duckdb", read_only=True) as connection:
        customer_id = find(connection, settings, asked.strip())
        release = publish.read_release(folder)
        return [
            *headline(connection, customer_id, release.as_of),
            "",
            *promises(connection, customer_id),
            "",
            *journeys(connection, customer_id),
        ]


def find(connection: duckdb.DuckDBPyConnection, settings: Settings, asked: str) -> str:
    """The customer id behind what was asked for."""
    if ID.fullmatch(asked):
        found = rows(
            connection, "select customer_id from dim_customers where customer_id = $id", id=asked
        )
        if found:
            return str(found[0][0])
        found = rows(
            connection,
            "select customer_id from customer_id_map where identifier_hash = $id "
            "and valid_to is null and customer_id is not null",
            id=asked,
        )
        if found:
            return str(found[0][0])
        raise NotFound(f"the release knows no customer {asked}")
    kind, colon, value = asked.partition(":")
    types = [
        row[0]
        for row in rows(
            connection, "select distinct identifier_type from customer_id_map order by 1"
        )
    ]
    if not colon or kind not in types:
        raise NotFound(
            "CUSTOMER= takes a customer id, or <type>:<value> with one of the types "
            f"{', '.join(types)}"
        )
    identifiers = Identifiers(settings.secret(), settings.default_region)
    ((hashed, problem),) = identifiers.read([kind], [value])
    if hashed is None:
        raise NotFound(f"the {kind} given cannot be used: {problem}")
    found = rows(
        connection,
        "select customer_id, rule from customer_id_map where identifier_hash = $id "
        "and identifier_type = $kind and valid_to is null",
        id=hashed,
        kind=kind,
    )
    if not found:
        raise NotFound(f"nobody in the release is known by that {kind}")
    customer_id, rule = found[0]
    if customer_id is None:
        raise NotFound(f"that {kind} names nobody: {rule}")
    return str(customer_id)


def headline(connection: duckdb.DuckDBPyConnection, customer_id: str, as_of: str) -> list[str]:
    """Who it is, and how they stand."""
    row = rows(
        connection,
        "select score, level, friction, credit_applied, cumulative_points, percentile, segment, "
        "interaction_count, journey_count, open_journey_count, first_seen_at, last_seen_at "
        "from dim_customers where customer_id = $id",
        id=customer_id,
    )[0]
    (score, level, friction, credit, ever, percentile, segment) = row[:7]
    (interactions, journey_count, open_count, first, last) = row[7:]
    among = f", above {percentile:.0f} % of “{segment}”" if percentile is not None else ""
    return [
        f"Customer {customer_id} as of {as_of[:16]} UTC",
        f"  level {level}, score {score:.1f}{among}",
        f"  {friction:.1f} points of friction felt now, less {credit:.1f} of credit; "
        f"{ever:.1f} ever",
        f"  {interactions:,} interactions in {journey_count:,} journeys ({open_count:,} open), "
        f"{first:%Y-%m-%d} to {last:%Y-%m-%d}",
    ]


def promises(connection: duckdb.DuckDBPyConnection, customer_id: str) -> list[str]:
    """The promises made to the customer, in order."""
    found = rows(
        connection,
        """
        select
            coalesce(promise_kind, '-'), coalesce(issue_id, '-'), made_at, due_at, state,
            kept_for_customer_at, silent_days, informed_days, knowing_days, chase_count
        from fct_promises where customer_id = $id order by made_at, promise_id
        """,
        id=customer_id,
    )
    if not found:
        return ["No promises."]
    return [
        "Promises",
        *table(
            [
                "kind",
                "about",
                "made",
                "due",
                "state",
                "kept",
                "silent d",
                "informed d",
                "knowing d",
                "chases",
            ],
            [
                [
                    kind,
                    about,
                    minute(made),
                    minute(due),
                    state.replace("_", " "),
                    minute(kept),
                    *(number(each) for each in counts),
                ]
                for kind, about, made, due, state, kept, *counts in found
            ],
            right=(6, 7, 8, 9),
        ),
    ]


def journeys(connection: duckdb.DuckDBPyConnection, customer_id: str) -> list[str]:
    """Every journey with its steps, and what promises' clocks added between them."""
    heads = rows(
        connection,
        """
        select journey_id, subject_type, subject_key, status, opened_at, last_step_at, points
        from fct_journeys where customer_id = $id order by opened_at, journey_id
        """,
        id=customer_id,
    )
    lines: dict[str | None, list[tuple]] = defaultdict(list)
    for journey_id, *rest in steps(connection, customer_id):
        lines[journey_id].append(tuple(rest))
    told = []
    for journey_id, subject, key, status, opened, last, points in heads:
        about = f"{subject} {printable(key or '')}" if subject else "no subject"
        told += [
            f"Journey {journey_id}: {about}, {status}, {opened:%Y-%m-%d} to {last:%Y-%m-%d}, "
            f"{points:.2f} points",
            *steps_table(lines.pop(journey_id, [])),
            "",
        ]
    for left in lines.values():
        told += ["On no journey", *steps_table(left), ""]
    return told


def steps(connection: duckdb.DuckDBPyConnection, customer_id: str) -> list[tuple]:
    """Steps and clock signals: journey, time, place, what, points, score after, why; in order."""
    return rows(
        connection,
        """
        with words as (
            select
                source, source_key, signal_position, interaction_id,
                any_value(journey_id) as journey_id,
                any_value(touchpoint) as touchpoint,
                any_value(signal) as signal,
                any_value(occurred_at) as occurred_at,
                sum(case when part = 'credit' then -points else points end) as points,
                string_agg(explanation, '; ' order by part = 'credit', part) as explanation
            from fct_friction where customer_id = $id
            group by all
        ),

        clocks as (
            select words.*, scores.score
            from words
            left join fct_scores as scores
                on
                    scores.customer_id = $id
                    and words.source = scores.source
                    and words.source_key = scores.source_key
                    and words.signal_position = scores.signal_position
            where words.interaction_id is null
        ),

        reasons as (
            select
                interaction_id,
                sum(points) as points,
                string_agg(explanation, '; ' order by signal_position) as explanation
            from words where interaction_id is not null
            group by all
        )

        select
            steps.journey_id, steps.occurred_at, coalesce(steps.channel, '-'), steps.touchpoint,
            concat_ws(' ', steps.direction, steps.kind), reasons.points, steps.score_after,
            reasons.explanation
        from fct_interactions as steps
        left join reasons on steps.interaction_id = reasons.interaction_id
        where steps.customer_id = $id
        union all
        select
            journey_id, occurred_at, '(clock)', touchpoint, signal, points, score, explanation
        from clocks
        order by 2, 3, 5
        """,
        id=customer_id,
    )


def steps_table(found: Sequence[tuple]) -> list[str]:
    """Steps as text."""
    return table(
        ["  when (UTC)", "channel", "touchpoint", "what", "points", "score", "why"],
        [
            [
                f"  {minute(when)}",
                channel,
                touchpoint or "-",
                what,
                f"{points:+.2f}" if points else "",
                f"{score:.1f}" if score is not None else "",
                why or "",
            ]
            for when, channel, touchpoint, what, points, score, why in found
        ],
        right=(4, 5),
    )


def minute(instant: Any) -> str:
    """A UTC time to the minute."""
    return f"{instant:%Y-%m-%d %H:%M}" if instant else "-"


def number(value: int | None) -> str:
    """A count; a dash where the source does not tell."""
    return "-" if value is None else f"{value:,}"


def rows(connection: duckdb.DuckDBPyConnection, query: str, **values: str) -> list[tuple]:
    """All rows of a query with named values."""
    return connection.execute(query, values or None).fetchall()


if __name__ == "__main__":
    sys.exit(main())
