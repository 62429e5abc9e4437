"""What DuckDB answers to each of these, Spark answers too, once it is said in Spark's words."""

# ruff: noqa: E501 - a query stands on one line

import json
import subprocess
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from serving.spark import build

ASK = """
import json, sys
from serving.spark import session
from serving.spark.dialect import parsed, spark_sql
spark = session.start("local[1]", {})
answers = []
for query in json.load(sys.stdin):
    try:
        rows = [list(row) for row in spark.sql(spark_sql(parsed(query)[0])).collect()]
    except Exception as error:
        rows = f"{type(error).__name__}: {error}"[:600]
    answers.append(rows)
print("ANSWERS" + json.dumps(answers, default=str))
"""

LISTS = "(values ([3, 1, 2], 'a'), ([4], 'b'), (null, 'c')) as t(l, name)"
ROWS = "(values (1, 'b', 2.5), (2, null, 1.5), (3, 'a', null), (4, 'a', 9.5)) as t(n, word, amount)"
PAYLOAD = """'{"id": 7, "Name": "Zoë", "share": 1.10, "yes": true, "tags": ["a", null], "at": "2026-03-01T10:00:00+02:00",
"in": {"x": "5", "parts": [{"k": 1.5}, {"k": "no"}]}, "none": null, "big": 1e5}'"""

QUERIES = {
    "numbers in a text in their order": r"select regexp_replace(regexp_replace(k, '(\d+)', '00000000000000000000\1', 'g'), '\d*(\d{20})', '\1', 'g') from (values ('INC0000396/9'), ('INC0000396/10'), ('a12b3'), (''), (null)) as t(k) order by k",
    "null order": f"select word, row_number() over (order by word, n) as place from {ROWS} order by word, n",
    "null order backwards": f"select n from {ROWS} order by word desc, n",
    "lists from one": f"select l[1], l[2], l[9], list_extract(l, 1), len(l) from {LISTS} order by name",
    "lambdas": f"select list_transform(list_filter(l, lambda x: x > 1), lambda x: x * 10) from {LISTS} order by name",
    "unnested beside": f"select name, unnest(l) as one from {LISTS} order by name, one",
    "unnested within": f"select name || '/' || cast(unnest(l) as varchar) as one from {LISTS} order by one",
    "unnested together": f"select unnest(range(len(l))) as place, unnest(l) as one from {LISTS} order by name, place",
    "ranges": "select range(3), range(0), range(2, 5), range(5, 2)",
    "joined lists": "select list_concat([1], null), [1] || [2], list_has_any([1, 2], [2]), list_contains([1], 2), list_sum([1, 2])",
    "distinct lists": "select list_sort(list_distinct([2, 1, 2, null])), array_to_string(['a', 'b'], ','), string_split('a.b', '.')",
    "reduced": "select list_reduce([[1], [2], [3]], lambda kept, next: case when next[1] > 2 then kept else kept || next end)",
    "ordered lists": f"select list(n order by word, n), string_agg(word, '>' order by n) from {ROWS} where word is not null",
    "json": f"select r.id, r.name, r.share, r.yes, r.tags[1], r.at, r.in.x, r.in.parts[2].k, r.none, r.big from (select from_json({PAYLOAD}, "
    """'{"id": "BIGINT", "Name": "VARCHAR", "share": "DOUBLE", "yes": "BOOLEAN", "tags": ["VARCHAR"], "at": "TIMESTAMPTZ", "in": {"x": "BIGINT", "parts": [{"k": "DOUBLE"}]}, "none": "VARCHAR", "big": "VARCHAR"}') as r)""",
    "json paths": f"select {PAYLOAD} ->> '$.in.x', {PAYLOAD} ->> '$.share', {PAYLOAD} ->> '$.none', {PAYLOAD} ->> '$.tags'",
    "first match alone": r"select regexp_replace('a1b22', '[0-9]+', '#'), regexp_replace('a1b22', '([0-9])', '<\1>', 'g'), regexp_replace('ab', '(b)', '[\1]')",
    "matches": r"select regexp_matches('Order #1', '(?i)\border\b'), regexp_extract('x-12', '([a-z])-([0-9]+)', 2), regexp_extract('x', '[0-9]+'), regexp_extract_all('a1b2', '[0-9]'), regexp_full_match('ab', 'a')",
    "ends of texts": r"select regexp_matches('a' || chr(10), 'a$'), regexp_matches('é', '\bé'), regexp_extract('a[b]', '[^[]+\[([^]]+)', 1)",
    "lines": "select regexp_replace('> a' || chr(10) || 'b', '(?m)^>.*$', '', 'g')",
    "texts": "select concat('a', null, 1), concat_ws('-', 'a', null, 'b'), trim('<a>', '<>'), ltrim('##a', '#'), split_part('a:b', ':', 2), lpad('7', 3, '0'), left('abc', 2), strpos('abc', 'c'), starts_with('abc', 'ab'), contains('abc', 'd')",
    "hashes": "select md5('ü'), sha256('ü'), hex(cast(255 as bigint))",
    "whole division": "select 7 // 2, -7 // 2, -7 % 3, 7 / 2, cast(floor(-0.5) as integer)",
    "wide numbers": "select cast('85070591730234615865843651857942052863' as hugeint) - 1, cast(3000000000 as hugeint) * 3000000000",
    "aggregates": f"select count(*) filter (where word = 'a'), min_by(n, amount), max_by(word, n), min_by(word, -n), max_by(amount, n) filter (where n < 4), any_value(word), bool_or(n > 3), count_if(n > 1), sum(amount) from {ROWS}",
    "days crossed": "select date_diff('day', timestamp '2026-01-01 23:00:00', timestamp '2026-01-02 01:00:00'), date_diff('second', timestamp '2026-01-01 00:00:00.9', timestamp '2026-01-01 00:00:02.1')",
    "clocks that show a time twice": "select timezone(zone, cast(wall as timestamp))::timestamp from (values ('Europe/Berlin', '2026-10-25 02:30:00'), ('Europe/Berlin', '2026-10-25 01:30:00'), ('Europe/Berlin', '2026-03-29 02:30:00'), ('Australia/Lord_Howe', '2026-04-05 01:45:00'), ('UTC', '2026-01-01 00:00:00')) as t(zone, wall)",
    "formats of times": "select try_strptime('3.2.2026 4:05', '%d.%m.%Y %H:%M'), try_strptime('20260203', '%Y%m%d'), try_strptime('x', '%Y'), try_strptime('02/03/26 4:05 PM', '%m/%d/%y %I:%M %p'), try_strptime('990228 7:05', '%y%m%d %H:%M'), try_strptime('681231', '%y%m%d'), try_strptime('690101', '%y%m%d'), try_strptime('960229', '%y%m%d'), try_strptime('2026-02-03T04:05:06', '%Y-%m-%dT%H:%M:%S'), right('abc', 1)",
    "intervals": "select timestamp '2026-03-01 00:00:00' - interval '36 hours', timestamp '2026-03-02 00:00:00' - timestamp '2026-03-01 00:00:00' > interval '23 hours'",
    "instants": "select epoch_us(timestamp '1969-12-31 23:59:59.5'), make_timestamp(1500000), cast('2026-03-01T10:00:00Z' as timestamptz)",
    "frames": f"select n, sum(n) over (order by n rows between unbounded preceding and 1 preceding), last_value(word ignore nulls) over (order by n rows between unbounded preceding and 1 preceding) from {ROWS} order by n",
    "qualify": f"select word from {ROWS} qualify row_number() over (partition by word order by n) = 1 order by word",
    "structs": "select struct_pack(a := 1, b := 'x').b, min_by(x, struct_pack(a := y, b := x)) from (values (1, 2), (2, 1), (3, 1)) as t(x, y)",
    "not in": "select 2 in (select x from (values (2), (null)) as t(x)), 2 not in (select x from (values (2)) as t(x))",
    "greatest": "select greatest(1, null, 3), least(null, 2), coalesce(null, 1), nullif('', '')",
    "distinctness": "select null is distinct from 1, null is not distinct from null",
}


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """What Spark answers to every query, asked in one session."""
    done = subprocess.run(
        [str(build.ENVIRONMENT / "bin" / "python"), "-c", ASK],
        input=json.dumps(list(QUERIES.values())),
        env={
            "PATH": "/usr/bin:/bin",
            "JAVA_HOME": str(build.java_home()),
            "TZ": "UTC",
            "PYTHONPATH": str(build.REPOSITORY),
        },
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.rpartition("ANSWERS")[2])
    return dict(zip(QUERIES, said, strict=True))


@pytest.mark.parametrize("name", QUERIES)
def test_spark_answers_as_duckdb_does(name: str, answers: dict[str, Any]):
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        rows = connection.execute(QUERIES[name]).fetchall()
    assert plain(answers[name]) == plain(rows)


def plain(value: Any) -> Any:
    """A value without the differences between the two clients that read it."""
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None))
    if isinstance(value, Decimal):
        return plain(str(value))
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.replace(".", "", 1).isdigit():
        return plain(float(value)) if "." in value else int(value)
    return value
