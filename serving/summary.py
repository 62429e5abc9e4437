"""What a person sees at the end of a run: what there is, who is in trouble, where to look."""

from collections import defaultdict

import duckdb

from ingestion.event_log import EventLog
from ingestion.quarantine import Quarantine
from ingestion.settings import Settings
from serving import postgres, publish
from serving.table import table

WORST = 10


def summary(settings: Settings, is_built: bool) -> list[str]:
    """The last lines of a run. `is_built` says whether it made a new release."""
    folder = publish.shown(settings)
    release = publish.read_release(publish.current(settings))
    if not is_built:
        return [
            "",
            "Nothing new: the log, the two times, the rules and the code are those of the current "
            "release.",
            f"release     {folder}",
            f"report      {folder / 'report.html'}",
        ]
    events: dict[str, int] = defaultdict(int)
    for header in EventLog(settings.log).headers():
        events[header.source] += header.events
    aside = Quarantine(settings.quarantine).rows().num_rows
    with duckdb.connect(
        publish.current(settings) / "journeys.duckdb", read_only=True
    ) as connection:
        channels = connection.execute(
            "select coalesce(channel, '(none)'), count(*), count(distinct customer_id) "
            "from fct_interactions group by all order by 2 desc, 1"
        ).fetchall()
        worst = connection.execute(
            f"""
            with causes as (
                select customer_id, touchpoint, signal, sum(points_now) as points_now
                from fct_friction
                where part <> 'credit'
                group by all
            ),

            top_causes as (
                select * from causes
                qualify row_number() over (
                    partition by customer_id order by points_now desc, signal, touchpoint
                ) = 1
            )

            select
                dim_customers.customer_id, score, level, top_causes.signal, top_causes.touchpoint
            from dim_customers
            left join top_causes on dim_customers.customer_id = top_causes.customer_id
            where level > 0
            order by score desc, dim_customers.customer_id
            limit {WORST}
            """
        ).fetchall()
    rows = release.row_counts
    lines = [
        "",
        f"As of {release.as_of[:19]} UTC: {sum(events.values()):,} events in the log, "
        f"{rows['dim_customers']:,} customers, {rows['fct_journeys']:,} journeys, "
        f"{rows['fct_promises']:,} promises.",
        "",
        *table(
            ["channel", "interactions", "customers"],
            [[channel, f"{n:,}", f"{people:,}"] for channel, n, people in channels],
            right=(1, 2),
        ),
        "",
        f"{aside:,} records and files are set aside, with reasons: make status"
        if aside
        else "Nothing was set aside.",
        "",
    ]
    if worst:
        lines += [
            "Customers in most trouble:",
            *table(
                ["customer", "score", "level", "most of it from"],
                [
                    [who, f"{score:.1f}", str(level), f"{signal or '-'} at {touchpoint or '-'}"]
                    for who, score, level, signal, touchpoint in worst
                ],
                right=(1, 2),
            ),
            "",
            f"Why:        make explain NAME={settings.name} CUSTOMER={worst[0][0]}",
        ]
    else:
        lines.append("No customer is in trouble (level 1 or more).")
    return [
        *lines,
        f"report      {folder / 'report.html'}",
        f"tables      {folder / 'journeys.duckdb'}  (and as Parquet beside it)",
        f"checks      {folder / publish.DATA_DOCS / 'index.html'}",
        *([f"PostgreSQL  {postgres.shown(url)}"] if (url := postgres.target()) else []),
    ]
