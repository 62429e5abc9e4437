"""Writes a made-up export at signal level, of any size, as Parquet files with their mapping.

The same sizes give the same rows. An issue has one to seven rows over some days, four on average;
three in ten issues hold a promise, which is kept in time, kept late, moved or forgotten; the rest
are waits, holds, transfers, problems, chases, web errors, latencies, credits and plain contacts in
five channels. Customers differ in how much they take part; issues begin over two years.
"""

import calendar
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

SOURCE = "signals"
ROWS_PER_FILE = 1_000_000
# Lengths of seven issues, one after another: 28 rows.
ROWS_OF_A_ROUND = 28
FIRST_SECOND = 1_704_067_200  # 2024-01-01
SPAN_SECONDS = 2 * 365 * 86_400
MAPPING = """\
files: "part-*.parquet"
format: parquet
time_zone: UTC
key: event_id
customer: customer
interactions:
  - {occurred_at: occurred_at, channel: channel, touchpoint: touchpoint, signal: signal,
     issue: issue, phase: phase, moment_of_truth: moment_of_truth,
     context_carried: context_carried, measure: measure, promise_id: promise_id, due_at: due_at,
     location: location}
"""
# Of a thousand rows with no part in a promise: how many, channel, touchpoint, signal, and the
# measure that is usual.
MIX = (
    (300, "web", "web.search", "interaction.ok", None),
    (60, "phone", "phone.service", "interaction.ok", None),
    (40, "email", "email.service", "interaction.ok", None),
    (90, "phone", "phone.service", "queue.wait", 140),
    (40, "phone", "phone.service", "call.hold", 70),
    (25, "phone", "phone.service", "call.transfer_cold", None),
    (15, "phone", "phone.service", "call.transfer_warm", None),
    (20, "phone", "phone.service", "queue.abandoned", None),
    (60, "phone", "phone.service", "contact.problem", None),
    (30, "email", "email.service", "contact.problem", None),
    (20, "chat", "chat.service", "contact.problem", None),
    (25, "phone", "phone.service", "contact.chase", None),
    (20, "phone", "phone.service", "contact.unresolved", None),
    (15, "phone", "phone.service", "info.repeat", None),
    (40, "email", "email.service", "reply.latency", 90_000),
    (30, "web", "web.checkout", "web.rage_click", None),
    (25, "web", "web.checkout", "web.task_error", None),
    (20, "web", "web.account", "web.login_failure", None),
    (30, "store", "store.counter", "store.wait", 700),
    (10, "store", "store.counter", "store.out_of_stock", None),
    (45, None, "delivery", "delivery.latency", 280_000),
    (15, None, "refund", "refund.latency", 400_000),
    (10, "email", "email.billing", "bill.error", None),
    (15, "phone", "phone.service", "proactive.helpful_call", None),
)


def write(folder: Path, interactions: int, customers: int) -> list[Path]:
    """Write `interactions` rows of `customers` customers, and their mapping, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mapping.yml").write_text(MAPPING)
    files = []
    with _drawing() as connection:
        for first in range(0, interactions, ROWS_PER_FILE):
            path = folder / f"part-{first // ROWS_PER_FILE:05}.parquet"
            rows = _rows(
                first, min(first + ROWS_PER_FILE, interactions), *_history(interactions, customers)
            )
            connection.execute(f"copy ({rows}) to '{path}' (format parquet, compression zstd)")
            files.append(path)
    return files


def write_day(folder: Path, rows: int, interactions: int, customers: int) -> Path:
    """Write `rows` rows more, all of the day after a history of so many interactions and customers.

    A tenth of its issues is of new customers, the others fall as in the history.
    """
    path = folder / f"part-day-{interactions}.parquet"
    with _drawing() as connection:
        (last,) = connection.execute(
            f"select max(occurred_at) from read_parquet('{folder}/part-*.parquet')"
        ).fetchone()
        day = calendar.timegm(last.date().timetuple()) + 86_400
        told = _rows(interactions, interactions + rows, *_day(day, customers))
        connection.execute(f"copy ({told}) to '{path}' (format parquet, compression zstd)")
    return path


@contextmanager
def _drawing() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(
            "create macro draw(n, salt, size) as cast(hash(n, salt) % size as bigint)"
        )
        connection.execute(
            "create table mix (draw int, channel text, touchpoint text, signal text, usual int)"
        )
        connection.executemany("insert into mix values (?, ?, ?, ?, ?)", list(_places()))
        yield connection


def _history(interactions: int, customers: int) -> tuple[str, str, str]:
    """Of an issue: its customer, when it was opened, and the seconds from row to row."""
    issues = interactions * 7 // ROWS_OF_A_ROUND + 1
    # Everybody has one issue; the rest fall more often to those who come first.
    return (
        f"case when issue < {customers} then issue else {_drawn_customer(customers)} end",
        f"{FIRST_SECOND} + cast((issue / {issues}) * {SPAN_SECONDS} as bigint)"
        " + draw(issue, 2, 864000)",
        "3600 + draw(issue, 6, 200000)",
    )


def _day(day: int, customers: int) -> tuple[str, str, str]:
    """The same of one day, which begins at this second."""
    return (
        f"case when draw(issue, 14, 10) = 0 then {customers} + issue "
        f"else {_drawn_customer(customers)} end",
        f"{day} + draw(issue, 2, 43200)",
        "600 + draw(issue, 6, 5000)",
    )


def _drawn_customer(customers: int) -> str:
    return f"cast(floor({customers} * power(draw(issue, 1, 1000000) / 1e6, 1.5)) as bigint)"


def _places():
    place = 0
    for count, *row in MIX:
        for _ in range(count):
            yield (place, *row)
            place += 1


def _rows(first: int, beyond: int, customer: str, opened: str, gap: str) -> str:
    return f"""
    with numbered as (
        select
            range as n,
            range % {ROWS_OF_A_ROUND} as place,
            -- issues of 1 to 7 rows lie behind one another
            cast(floor((sqrt(8 * (range % {ROWS_OF_A_ROUND}) + 1) - 1) / 2) as bigint) as turn,
            range // {ROWS_OF_A_ROUND} * 7 + turn as issue,
            place - turn * (turn + 1) // 2 as step,
            turn + 1 as steps
        from range({first}, {beyond})
    ),
    drawn as (
        select
            *,
            {customer} as customer,
            {opened} as opened,
            draw(issue, 3, 10) < 3 and steps > 1 as is_promised,
            draw(issue, 4, 10) as fate,
            86400 * (1 + draw(issue, 5, 5)) as promised_seconds,
            opened + step * ({gap})
            + case when step > 0 then draw(n, 7, 3000) else 0 end as second
        from numbered
    ),
    described as (
        select
            drawn.*,
            case
                when is_promised and step = 0 then 'promise.made'
                when is_promised and step = steps - 1 and fate < 6 then 'promise.kept'
                when is_promised and step = 1 and fate = 7 then 'promise.updated'
                else mix.signal
            end as said,
            mix.*
        from drawn
        inner join mix on draw(n, 8, 1000) = mix.draw
    )
    select
        'e' || lpad(n::text, 10, '0') as event_id,
        'customer-' || lpad(customer::text, 8, '0') as customer,
        make_timestamp(second * 1000000) as occurred_at,
        case when said = 'promise.made' then 'web' else channel end as channel,
        case when said like 'promise.%' then 'delivery' else touchpoint end as touchpoint,
        said as signal,
        case when draw(n, 9, 20) > 0 or said like 'promise.%' then 'issue-' || issue end as issue,
        case draw(issue, 10, 10) when 0 then 'before' when 1 then 'beginning' else 'during' end
            as phase,
        draw(n, 11, 50) = 0 as moment_of_truth,
        draw(n, 12, 5) = 0 as context_carried,
        case
            when said = signal
                then cast(usual * power(2, (draw(n, 13, 5000)) / 1000.0 - 2) as bigint)
        end as measure,
        case when said like 'promise.%' then 'promise-' || issue end as promise_id,
        case
            when said = 'promise.made'
                then make_timestamp((opened + promised_seconds) * 1000000)
        end as due_at,
        case when channel = 'store' then 'store-' || customer % 200 end as location
    from described
    order by occurred_at, event_id
    """
