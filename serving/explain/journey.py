"""A journey's story: from its first step to its last, with its promises and pauses."""

import re

from serving.errors import NotFound
from serving.explain.parts import (
    Release,
    about,
    causes,
    counted,
    helps,
    mostly,
    promises_table,
    standing,
    timeline,
    timeline_table,
)

ID = re.compile(r"[0-9a-f]{32}")


def story(release: Release, asked: str) -> list[str]:
    """The story of the journey of that id."""
    found = release.rows("select * from fct_journeys where journey_id = $id", id=asked)
    if not found:
        raise NotFound(hint(release, asked))
    row = found[0]
    customer_id = row["customer_id"]
    promises = release.rows(
        """
        select * from fct_promises
        where
            customer_id = $customer
            and (
                issue_id in (select issue_id from fct_interactions where journey_id = $journey)
                or promise_id in (select promise_id from fct_friction where journey_id = $journey)
            )
        order by made_at, promise_id
        """,
        customer=customer_id,
        journey=asked,
    )
    worst = causes(release, "journey_id = $id", id=asked)
    return [
        f"Journey {asked}: {about(row)}, {row['status']}, as of {release.as_of[:16]} UTC",
        f"  It ran from {row['opened_at']:%Y-%m-%d} to {row['last_step_at']:%Y-%m-%d}: "
        f"{counted(row['step_count'], 'step')} ({row['channel_path'] or 'no channel'}), "
        f"{counted(row['contact_count'], 'contact')} from person to person, "
        f"{row['inbound_contact_count']:,} of them by the customer, with "
        f"{counted(row['handler_count'], 'employee')}.",
        f"  It cost {row['points']:.2f} points of friction and earned "
        f"{row['credit_points']:.2f} of credit; the worst single thing cost "
        f"{row['worst_points']:.2f}.",
        *mostly(worst),
        f"  {what_was_promised(promises)}",
        f"  {standing(release, customer_id)}",
        "",
        *helps(release, customer_id, [each["promise_id"] for each in promises], worst),
        "",
        *promises_table(promises),
        "",
        "What happened",
        *timeline_table(
            timeline(
                release,
                customer_id,
                promises,
                "steps.journey_id = $journey",
                "words.journey_id = $journey",
                journey=asked,
            )
        ),
    ]


def what_was_promised(promises: list[dict]) -> str:
    """What became of the promises, in a sentence."""
    if not promises:
        return "Nothing was promised."
    broken = sum(bool(row["is_broken"]) for row in promises)
    silent = sum(row["silent_days"] or 0 for row in promises)
    return (
        f"{counted(len(promises), 'promise')}: {broken:,} broken, "
        f"{counted(silent, 'day')} of silence after a due."
    )


def hint(release: Release, asked: str) -> str:
    """What to try instead of an id that no journey has."""
    if not ID.fullmatch(asked):
        return "JOURNEY= takes a journey_id of fct_journeys: 32 characters of 0-9 and a-f"
    for table, column, help in (
        ("dim_customers", "customer_id", "a customer: make explain CUSTOMER={}"),
        ("fct_interactions", "interaction_id", "an interaction of make explain JOURNEY={}"),
    ):
        own = "customer_id" if table == "dim_customers" else "journey_id"
        for row in release.rows(
            f"select {own} as id from {table} where {column} = $id limit 1", id=asked
        ):
            return f"{asked} is no journey, but {help.format(row['id'])}"
    return (
        f"the release knows no journey {asked}; it lists them by friction: make sql "
        "QUERY='select journey_id, points from fct_journeys order by points desc limit 10'"
    )
