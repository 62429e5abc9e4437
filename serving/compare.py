"""What changed because the log learned more: every changed figure, and the event that changed it.

    make compare KNOWN_AT=2026-03-31T12:00:00Z

builds the world as the log knew it then, up to the as_of of the current release, holds the release
against it, and prints as CSV what differs: ledger lines, promises, journeys, scores. `event_id` is
the event recorded later that the change is owed to: the line's own, else one on the same promise,
issue or journey, else one of the customer; `because` says which.
"""

import argparse
import csv
import os
import sys
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion.errors import IngestionError
from ingestion.event_log import EventLog
from ingestion.settings import Settings
from ingestion.store import Place
from serving import publish
from serving.erase import hashed
from serving.errors import ServingError, TimeError
from serving.replay import built_beside, customer_of
from serving.times import utc


@dataclass(frozen=True)
class Restated:
    """One figure that differs. `was` and `now` are text; None: there was, or is, no such row."""

    table: str
    key: str
    customer_id: str
    field: str
    was: str | None
    now: str | None
    event_id: str | None
    recorded_at: datetime | None
    because: str


# What is compared: the key by which a row is known in both, and the figures. A ledger line is known
# by its source record, not by its customer, who may have come to be another.
COMPARED = {
    "fct_friction": (
        "concat_ws(' ', source, source_key, signal_position, signal, part)",
        ("customer_id", "points_micro"),
    ),
    "fct_promises": ("promise_id", ("customer_id", "state", "due_at", "silent_days")),
    "fct_journeys": (
        "journey_id",
        ("status", "step_count", "reopen_count", "reassignment_count", "points"),
    ),
    "dim_customers": ("customer_id", ("score", "level")),
}
PLACES = {  # where a row stands, for finding the event
    "fct_friction": ("event_id", "promise_id", "issue_id", "journey_id"),
    "fct_promises": ("null", "promise_id", "issue_id", "null"),
    "fct_journeys": ("null", "null", "null", "journey_id"),
    "dim_customers": ("null", "null", "null", "null"),
}


def restated(was: Path, now: Path, log: Place, known_at: str, customer: str = "") -> list[Restated]:
    """What differs between two DuckDB files with the published tables, by table and key.

    `was` is of what the log in the place `log` knew at `known_at` (UTC), `now` of what it knows.
    """
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for name, path in (("was", was), ("now", now)):
            connection.execute(f"attach {publish.text(path)} as {name} (read_only)")
        paths = EventLog(log).addresses(connection)
        connection.execute(LATER.format(known_at=publish.text(known_at)), {"paths": paths})
        return [
            Restated(*row)
            for table in COMPARED
            for row in connection.execute(query(table), {"customer": customer}).fetchall()
        ]


# The events recorded later: what of, whose, and how many identifiers each ties together.
LATER = """
create table later as
with events as (
    select event_id, recorded_at, identifiers
    from read_parquet($paths, hive_partitioning = false)
    where recorded_at > timestamp {known_at} and record_type not in ('batch', 'erased')
),
named as (
    select event_id, x.hash as identifier_hash, len(identifiers) > 1 as is_link
    from (select event_id, identifiers, unnest(identifiers) as x from events)
    where x.hash is not null
),
owners as (
    select named.event_id, map.customer_id, named.is_link
    from named
    join now.customer_id_map as map
        on named.identifier_hash = map.identifier_hash and map.valid_to is null
    where map.customer_id is not null
),
placed as (
    select event_id, customer_id, journey_id, issue_id, false as is_link
    from now.fct_interactions
    union all
    select event_id, customer_id, null, null, is_link from owners
)
select events.event_id, events.recorded_at, placed.customer_id, placed.journey_id,
    placed.issue_id, placed.is_link
from events
join placed using (event_id)
"""


def query(table: str) -> str:
    """SQL for the changed figures of a table, each with the event recorded later."""
    key, figures = COMPARED[table]
    event, promise, issue, journey = PLACES[table]
    unpivoted = " union all ".join(
        f"select *, '{figure}' as field, was.{figure}::varchar as was_said, "
        f"now.{figure}::varchar as now_said, {number} as place from joined "
        f"where was.{figure} is distinct from now.{figure}"
        for number, figure in enumerate(figures)
    )
    columns = ", ".join(
        f"{expression} as {name}"
        for name, expression in (
            ("key", key),
            ("line_event", event),
            ("promise", promise),
            ("issue", issue),
            ("journey", journey),
        )
    )
    return f"""
    with was as (select {columns}, * from was.{table}),
    now as (select {columns}, * from now.{table}),
    joined as (
        select was, now, coalesce(now.key, was.key) as key
        from was full join now on was.key = now.key
    ),
    changed as ({unpivoted}),
    told as (
        select
            key, field, place, was_said, now_said,
            coalesce(now.customer_id, was.customer_id) as customer_id,
            was.customer_id as customer_was,
            coalesce(now.line_event, was.line_event) as line_event,
            coalesce(now.promise, was.promise) as promise,
            coalesce(now.issue, was.issue) as issue,
            coalesce(now.journey, was.journey) as journey
        from changed
    ),
    -- Whom an earlier name means today.
    renamed as (
        select identifier_hash, min(customer_id) as customer_id from now.customer_id_map
        where valid_to is null group by all
    ),
    owned as (
        select told.* replace (coalesce(renamed.customer_id, told.customer_id) as customer_id)
        from told left join renamed on told.customer_id = renamed.identifier_hash
    ),
    caused as (
        select
            owned.*, later.event_id as later_id, later.recorded_at,
            case
                when later.event_id = owned.line_event then 1
                when owned.customer_was != owned.customer_id and later.is_link then 2
                when later.issue_id = owned.issue then 3
                when later.journey_id = owned.journey then 4
                when later.event_id is not null then 5
                else 6
            end as nearness
        from owned
        left join later on owned.customer_id = later.customer_id
    )
    select
        '{table}', key, customer_id, field, was_said, now_said, later_id, recorded_at,
        ['the event itself was recorded later', 'it tied identifiers to one customer',
         'it is on the same issue', 'it is on the same journey', 'it is of the same customer',
         'no event of this customer was recorded later'][nearness]
    from caused
    where $customer = '' or customer_id = $customer
    qualify row_number() over (
        partition by key, field order by nearness, recorded_at, later_id
    ) = 1
    order by key, place
    """


def compare(settings: Settings, known_at: str, customer: str) -> Iterator[Restated]:
    """What the current release says otherwise than the log did at `known_at`.

    `customer`: all where it is empty, else a customer id or `<type>:<value>`. Raises NotFound where
    the release knows nobody by it.
    """
    folder = publish.current(settings)
    release = publish.read_release(folder)
    if customer:
        with duckdb.connect() as connection:
            file = publish.text(folder / "journeys.duckdb")
            connection.execute(f"attach {file} as release (read_only)")
            known = hashed(settings, customer) if ":" in customer else customer
            customer = customer_of(connection, known)
    with built_beside(settings, release.as_of, known_at) as beside:
        yield from restated(
            beside.warehouse, folder / "journeys.duckdb", settings.log, known_at, customer
        )


def main() -> int:
    """Command line: `python -m serving.compare --known-at TIME [--customer WHO] [--name NAME]`."""
    parser = argparse.ArgumentParser(prog="make compare", description=__doc__)
    parser.add_argument("--known-at", default="")
    parser.add_argument(
        "--customer", default="", help="one: an id, or <type>:<value>; default: all"
    )
    parser.add_argument("--name", default="sample")
    asked = parser.parse_args()
    try:
        known_at = utc(asked.known_at, "KNOWN_AT")
        if not known_at:
            raise TimeError("KNOWN_AT is missing: make compare KNOWN_AT=2026-03-31T12:00:00Z")
        # All of it before the first line: who asks for nobody gets no header of a table.
        found = list(compare(Settings.read(asked.name), known_at, asked.customer))
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([each.name for each in fields(Restated)])
        writer.writerows(astuple(each) for each in found)
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader (`| head`) has seen enough; what is left to flush at exit goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (IngestionError, ServingError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
