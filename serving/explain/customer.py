"""A customer's story: how they stand, what they were promised, and journey by journey."""

import re

from ingestion.identifiers import Identifiers
from serving.errors import NotFound
from serving.explain.parts import (
    Release,
    about,
    causes,
    counted,
    helps,
    mostly,
    promises_table,
    timeline,
    timeline_table,
)

ID = re.compile(r"(anon-)?[0-9a-f]{32}")
# A story has to be read: of more journeys with friction only those with the most are told.
TOLD = 20


def story(release: Release, asked: str) -> list[str]:
    """The story of the customer given by id or as `<type>:<value>`."""
    customer_id = find(release, asked)
    promises = release.rows(
        "select * from fct_promises where customer_id = $id order by made_at, promise_id",
        id=customer_id,
    )
    worst = causes(release, "customer_id = $id", id=customer_id)
    return [
        *headline(release, customer_id),
        *mostly(worst),
        "",
        *helps(release, customer_id, [row["promise_id"] for row in promises], worst),
        "",
        *promises_table(promises),
        "",
        *journeys(release, customer_id),
    ]


def find(release: Release, asked: str) -> str:
    """The customer id behind what was asked for. Raises NotFound with a hint."""
    if ID.fullmatch(asked):
        for query in (
            "select customer_id from dim_customers where customer_id = $id",
            "select customer_id from customer_id_map where identifier_hash = $id "
            "and valid_to is null and customer_id is not null",
        ):
            for row in release.rows(query, id=asked):
                return str(row["customer_id"])
        raise NotFound(
            f"the release knows no customer {asked}; it lists them by score: "
            "make sql QUERY='select customer_id, score from dim_customers order by score desc "
            "limit 10'"
        )
    kind, colon, value = asked.partition(":")
    types = [
        row["identifier_type"]
        for row in release.rows(
            "select distinct identifier_type from customer_id_map order by identifier_type"
        )
    ]
    if not colon or kind not in types:
        raise NotFound(
            "CUSTOMER= takes a customer id, or <type>:<value> with one of the types "
            f"{', '.join(types)}"
        )
    identifiers = Identifiers(release.settings.secret(), release.settings.default_region)
    ((hashed, problem),) = identifiers.read([kind], [value])
    if hashed is None:
        raise NotFound(f"the {kind} given cannot be used: {problem}")
    found = release.rows(
        "select customer_id, rule from customer_id_map where identifier_hash = $id "
        "and identifier_type = $kind and valid_to is null",
        id=hashed,
        kind=kind,
    )
    if not found:
        raise NotFound(
            f"nobody in the release is known by that {kind}: was it written as the sources write "
            "it, and with this state's secret?"
        )
    if found[0]["customer_id"] is None:
        raise NotFound(f"that {kind} names nobody: {found[0]['rule']}")
    return str(found[0]["customer_id"])


def headline(release: Release, customer_id: str) -> list[str]:
    """Who it is, and how they stand."""
    (row,) = release.rows("select * from dim_customers where customer_id = $id", id=customer_id)
    among, are_open = "", ""
    if row["open_journey_count"] is not None:
        are_open = f" ({row['open_journey_count']:,} open)"
    if row["percentile"] is not None:
        among = f", above {row['percentile']:.0f} % of “{row['segment']}”"
    return [
        f"Customer {customer_id} as of {release.as_of[:16]} UTC",
        f"  level {row['level']} of 4, score {row['score']:.1f}{among}",
        f"  {row['friction']:.1f} points of friction felt now, less {row['credit_applied']:.1f} of "
        f"credit; {row['cumulative_points'] or 0:.1f} ever",
        f"  {counted(row['interaction_count'], 'interaction')} in "
        f"{counted(row['journey_count'], 'journey')}{are_open}, "
        f"{row['first_seen_at']:%Y-%m-%d} to {row['last_seen_at']:%Y-%m-%d}",
    ]


def journeys(release: Release, customer_id: str) -> list[str]:
    """The journeys with friction or credit, step by step; how many there are besides."""
    told = release.rows(
        """
        select * from (
            select * from fct_journeys
            where customer_id = $id and (points > 0 or credit_points > 0)
            order by points desc, journey_id limit $most
        )
        order by opened_at, journey_id
        """,
        id=customer_id,
        most=TOLD,
    )
    lines = []
    for row in told:
        lines += [
            f"Journey {row['journey_id']}: {about(row)}, {row['status']}, "
            f"{row['opened_at']:%Y-%m-%d} to {row['last_step_at']:%Y-%m-%d}, "
            f"{row['points']:.2f} points",
            *timeline_table(
                timeline(
                    release,
                    customer_id,
                    [],
                    "steps.journey_id = $journey",
                    "words.journey_id = $journey",
                    journey=row["journey_id"],
                )
            ),
            "",
        ]
    (left,) = release.rows(
        "select count(*) - $told as journeys, coalesce(sum(points), 0) - $points as points "
        "from fct_journeys where customer_id = $id",
        id=customer_id,
        told=len(told),
        points=sum(row["points"] for row in told),
    )
    if left["journeys"]:
        lines.append(
            f"{counted(left['journeys'], 'more journey')} with {left['points']:.2f} points in all; "
            f'they are listed by: make sql QUERY="select journey_id, points from fct_journeys '
            f"where customer_id = '{customer_id}'\""
        )
    return lines
