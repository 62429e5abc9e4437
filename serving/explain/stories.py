"""Opens the current release and has the story told that was asked for."""

import duckdb

from ingestion.settings import Settings
from serving import publish
from serving.explain import customer, journey, promise
from serving.explain.parts import Release
from serving.marts import quoted

# By table: the rows of customers of the company itself; `{own}` is the release's schema.
INTERNAL = {
    "fct_promises": "select * from {own}.fct_internal_promises",
    "fct_interactions": "select * from {own}.fct_internal_interactions",
    "fct_friction": """
        select *, 'base' as part from {own}.fct_internal_friction where points > 0
        union all by name
        select * exclude (points), credit as points, 'credit' as part
        from {own}.fct_internal_friction where credit > 0
    """,
    "dim_customers": """
        select *, friction - score as credit_applied, 'customers of the company itself' as segment
        from {own}.dim_internal_customers
        left join (
            select customer_id, sum(points) as cumulative_points
            from {own}.fct_internal_friction group by customer_id
        ) using (customer_id)
        left join (
            select customer_id, count(distinct journey_id) as journey_count
            from {own}.fct_internal_interactions group by customer_id
        ) using (customer_id)
    """,
    "fct_journeys": """
        with steps as (
            select
                *, channel is distinct from lag(channel) over (
                    partition by journey_id order by step_number
                ) as is_new_channel
            from {own}.fct_internal_interactions
        ),
        points as (
            select
                journey_id, sum(points) as points, sum(credit) as credit_points,
                max(points) as worst_points
            from {own}.fct_internal_friction group by journey_id
        )
        select
            journey_id, customer_id, subject_type, subject_key, 'internal' as status,
            min(occurred_at) as opened_at, max(occurred_at) as last_step_at,
            count(*) as step_count, count_if(is_human_contact) as contact_count,
            count_if(is_human_contact and direction = 'inbound') as inbound_contact_count,
            count(distinct employee_id) as handler_count,
            string_agg(channel, ' > ' order by step_number) filter (is_new_channel) as channel_path,
            coalesce(any_value(points.points), 0) as points,
            coalesce(any_value(points.credit_points), 0) as credit_points,
            coalesce(any_value(points.worst_points), 0) as worst_points
        from steps left join points using (journey_id)
        group by journey_id, customer_id, subject_type, subject_key
    """,
}
STORIES = {"customer": customer.story, "journey": journey.story, "promise": promise.story}


def explain(settings: Settings, kind: str, asked: str) -> list[str]:
    """The story of a customer, a journey or a promise as lines of text.

    `kind` is a key of STORIES; `asked` an id, for a customer also `<type>:<value>`. Raises
    NotFound, with a hint, where the release knows nothing by that name; the value of an
    identifier is not repeated.
    """
    folder = publish.current(settings)
    with duckdb.connect(folder / "journeys.duckdb", read_only=True) as connection:
        with_internal_customers(connection)
        return STORIES[kind](
            Release(connection, settings, publish.read_release(folder).as_of), asked
        )


def with_internal_customers(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a story find customers of the company itself by the names of everybody's tables.

    They stand in tables of their own, which tell less: what those do not tell is null.
    """
    row = connection.execute("select current_database()").fetchone()
    assert row is not None
    own = f"{quoted(row[0])}.main"  # `main` alone is that of the temporary views, too
    for name, theirs in INTERNAL.items():
        connection.execute(
            f"create temp view {name} as select * from {own}.{name} "
            f"union all by name ({theirs.format(own=own)})"
        )
