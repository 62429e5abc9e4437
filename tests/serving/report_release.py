"""A release made by hand, of any size: the published tables by their contracts, in seconds.

Journeys of four steps; some steps cost something, every fourth journey has a promise, and scores
are those of the product's own models.
"""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import yaml

from serving.publish import Release
from serving.score_at import COLUMNS, PROJECT, SEEDS_FOLDER, scores_at

AS_OF = datetime(2026, 6, 30, 12)
PLACES = (
    ("web.page", "web"),
    ("phone.service", "phone"),
    ("store.counter", "store"),
    ("email.support", "email"),
    ("web.checkout", "web"),
)
NASTY = "</script><script>window.pwned = 1</script><img src=x onerror='window.pwned=1'>\"&{b|x}"


def make(
    folder: Path,
    journeys: int = 200,
    customers: int = 12,
    places: tuple[tuple[str, str], ...] = PLACES,
    steps: int = 4,
) -> Path:
    """Write a release with that many journeys into `folder` and return it; 0 gives empty tables.

    `places` are the touchpoints, each with its channel; `steps` those of a journey.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "journeys.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("set timezone = 'UTC'")
        for name, columns in contracts().items():
            connection.execute(f"create table {name} ({columns})")
        if journeys:
            connection.execute("set variable as_of = cast(? as timestamp)", [AS_OF])
            numbers = {"journeys": journeys, "customers": customers, "steps": steps}
            numbers["apart"] = min(300, 100_000 // steps)  # minutes between steps
            for name, value in numbers.items():
                connection.execute(f"set variable {name} = {value}")
            connection.execute("create temp table places (n int, touchpoint text, channel text)")
            connection.executemany(
                "insert into places values (?, ?, ?)",
                [[n, *place] for n, place in enumerate(places)],
            )
            for statement in HISTORY.split(";"):
                connection.execute(statement)
    if journeys:
        frame = pd.DataFrame(scores_at(path, AS_OF), columns=list(COLUMNS))
        with duckdb.connect(path) as connection:
            connection.register("scores", frame)
            for statement in REPORTS.split(";"):
                connection.execute(statement)
    release = Release(
        release_id="20260701T000000Z-00000000",
        published_at="2026-07-01 00:00:00",
        as_of=str(AS_OF),
        known_at="2026-07-01 00:00:00",
        log_position="p",
        rule_version="1.0.0",
        fingerprint="f",
        row_counts={},
        checks_passed=3,
    )
    (folder / "release.json").write_text(json.dumps(asdict(release)))
    return folder


def contracts() -> dict[str, str]:
    """The columns of each published table, as its contract states them."""
    found = {}
    for path in sorted((PROJECT / "models" / "5_marts").glob("*.yml")):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            found[model["name"]] = ", ".join(
                f'"{column["name"]}" {column["data_type"]}' for column in model["columns"]
            )
    return found


HISTORY = f"""
create temp table weights as
select k, weight from read_csv('{SEEDS_FOLDER}/decay_weights.csv') where half_life_hours = 336;

create temp table steps as
select
    i, s, md5('journey' || i) as journey_id, md5('customer' || (i % getvariable('customers'))) as
    customer_id, md5('step' || i || '/' || s) as interaction_id, touchpoint, channel,
    opened_at + to_minutes(getvariable('apart') * s) as occurred_at,
    case
        when s % 4 = 1 and i % 3 = 0 then 'contact.chase'
        when s % 4 = 2 and i % 5 = 0 then 'web.rage_click'
        when s % 4 = 3 and i % 7 = 0 then 'recovery.no_return'
    end as signal
from (
    select i, getvariable('as_of')
        - to_minutes(getvariable('steps') * getvariable('apart') + (i * 7919) % (100 * 1440))
        as opened_at
    from range(getvariable('journeys')) as r (i)
)
cross join range(getvariable('steps')) as t (s)
join places on places.n = (i + s * (1 + i % 3)) % (select count(*) from places);

create temp table promises as
select
    i, md5('promise' || i) as promise_id, journey_id, customer_id, touchpoint,
    occurred_at as made_at, occurred_at + to_days(2) as due_at, i % 8 <> 0 as is_kept,
    occurred_at + to_days(2) > getvariable('as_of') as is_open
from steps where s = 0 and i % 4 = 0;

create temp table signals as
select
    i, journey_id, customer_id, interaction_id, touchpoint, channel, occurred_at, signal,
    interaction_id as source_key, null as promise_id,
    case signal when 'contact.chase' then 3000000 when 'web.rage_click' then 1000000 else 0 end
        as friction_micro,
    case signal when 'recovery.no_return' then 1000000 else 0 end as credit_micro
from steps where signal is not null
union all by name
select
    i, journey_id, customer_id, touchpoint, due_at + to_days(d) as occurred_at,
    case d when 0 then 'promise.breach' else 'promise.silence' end as signal,
    promise_id || ':' || d as source_key, promise_id,
    case d when 0 then 4000000 else 1000000 end as friction_micro, 0 as credit_micro
from promises cross join (values (0), (1), (2), (4)) as v (d)
where not is_kept and due_at + to_days(d) <= getvariable('as_of');

create temp table scored as
select
    signals.*, epoch(occurred_at)::bigint // 3600 as hour, weight,
    row_number() over (partition by customer_id order by occurred_at, source_key) as signal_number,
    sum(friction_micro / 1e6 * power(2, epoch(occurred_at - timestamp '2025-12-01') / 1209600))
        over (partition by customer_id order by occurred_at, source_key) as grown,
    sum(credit_micro / 1e6 * power(2, epoch(occurred_at - timestamp '2025-12-01') / 1209600))
        over (partition by customer_id order by occurred_at, source_key) as grown_credit,
    power(2, epoch(occurred_at - timestamp '2025-12-01') / 1209600) as growth
from signals join weights on k = (epoch(occurred_at)::bigint // 3600) % (336 * 32);

insert into fct_scores by name
select
    customer_id, signal_number, occurred_at, 'by hand' as source, source_key, 0 as signal_position,
    signal, grown / growth as friction, grown_credit / growth as credit_balance,
    least(grown_credit, 0.75 * grown) / growth as credit_applied,
    (grown - least(grown_credit, 0.75 * grown)) / growth as score, 1 as level, friction_micro,
    credit_micro, 'base' as half_life, hour // (336 * 32) as decay_epoch, weight as decay_weight,
    '1.0.0' as rule_version
from scored;

insert into fct_friction by name
select
    md5(source_key) as friction_id, customer_id, journey_id, interaction_id, 'by hand' as source,
    source_key, 0 as signal_position, occurred_at, signal, promise_id, touchpoint, channel,
    case when credit_micro > 0 then 'credit' else 'base' end as part,
    friction_micro + credit_micro as points_micro, (friction_micro + credit_micro) / 1e6 as points,
    (friction_micro + credit_micro) / 1e6
    * power(2, -epoch(getvariable('as_of') - occurred_at) / 1209600) as points_now,
    'The customer met ' || signal || ' (' || touchpoint || ')' as explanation
from scored;

insert into fct_interactions by name
select
    steps.interaction_id, steps.journey_id, steps.customer_id, s + 1 as step_number,
    steps.touchpoint, steps.channel, steps.occurred_at,
    lag(steps.touchpoint) over (partition by i order by s) as previous_touchpoint,
    'inbound' as direction, steps.signal is not null as is_human_contact,
    i % 10 = 0 as is_anonymous, coalesce(points, 0) as points
from steps
left join (
    select interaction_id, sum(points) as points from fct_friction
    where part = 'base' and interaction_id is not null group by 1
) using (interaction_id);

insert into fct_journeys by name
select
    journey_id, any_value(customer_id) as customer_id, 'order' as subject_type, i::varchar as
    subject_key, 'open' as status, min(occurred_at) as opened_at,
    string_agg(channel, ' > ' order by s) as channel_path, coalesce(any_value(cost), 0) as points
from steps
left join (
    select journey_id, sum(points) as cost from fct_friction where part = 'base' group by 1
) using (journey_id)
group by i, journey_id;

insert into fct_promises by name
select
    promise_id, customer_id, 'order:' || i as issue_id, 'delivery' as promise_kind, made_at, due_at,
    touchpoint, not is_open and not is_kept as is_broken,
    case when is_open then 'open' when is_kept then 'kept_on_time' else 'broken_open' end as state,
    case when is_kept then due_at end as kept_for_customer_at,
    case when is_open or is_kept then 0 else date_diff('day', due_at, getvariable('as_of')) end as
    silent_days, 0 as informed_days, case when i % 16 = 0 then 2 else 0 end as knowing_days,
    case when is_kept then 0 else 1 end as chase_count
from promises
"""

REPORTS = """
insert into dim_customers by name
select
    customer_id, bool_and(is_anonymous) as is_anonymous, coalesce(any_value(score), 0) as score,
    coalesce(any_value(level), 0) as level, count(*) as interaction_count,
    count(distinct journey_id) as journey_count,
    count(distinct channel) / (select count(distinct channel) from fct_interactions) as coverage
from fct_interactions left join scores using (customer_id) group by customer_id;

insert into rpt_touchpoint_channel by name
select touchpoint, coalesce(channel, 'none') as channel, sum(points) as points,
    sum(points_now) as points_now
from fct_friction where part = 'base' group by all;

insert into rpt_top_fixes by name
select
    md5(touchpoint || signal) as fix_id, 'everywhere' as scope, touchpoint, signal,
    sum(points_now) as points_now_gone, sum(points_now) * 1.5 as points_now_gone_with_follow_ups,
    sum(points_now) * 1.2 as points_now_gone_with_follow_ups_low,
    sum(points_now) * 1.8 as points_now_gone_with_follow_ups_high,
    0.1 as share_of_friction_now, 1 as leaving_level_2_count_with_follow_ups,
    count(distinct customer_id) as customer_count, true as is_candidate,
    row_number() over (order by sum(points_now) desc, touchpoint, signal) as place
from fct_friction where part = 'base' group by touchpoint, signal;

insert into rpt_hidden_friction by name
select journey_id, customer_id, points, 2 as worst_touch_points, 5 as touch_count, channel_path
from fct_journeys where points > 2;

insert into rpt_interventions by name
select
    promise_id as intervention_id, customer_id, 'open_breach' as kind, level, due_at as since,
    'due' as state, 'A promise is overdue at ' || touchpoint as reason, 'keep it' as
    recommended_step, score as score_now
from fct_promises join dim_customers using (customer_id) where state = 'broken_open';

insert into rpt_contacts_per_order by name
select 'all' as month, 0.5 as contacts_per_order, 0.25 as avoidable_contacts_per_order;

insert into rpt_data_quality by name
select 'q' as quality_id, 'records set aside' as topic, 'by hand' as source, max(touchpoint)
    as subject, 'a reason' as reason, 7 as row_count, 0.01 as share from fct_interactions
"""
