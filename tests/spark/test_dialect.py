"""What DuckDB answers to each of these, Spark answers too, once it is said in Spark's words."""

# ruff: noqa: E501 - a query stands on one line

import json
import subprocess
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from serving.spark import build

ASK = """
import json, sys
from serving.spark import session
from sqlglot import exp
from serving.spark.dialect import ALIKE, parsed, spark_sql
spark = session.start("local[1]", {})
answers, asked = [], set()
for query in json.load(sys.stdin):
    asked |= {type(node) for node in parsed(query)[0].walk()}
    try:
        rows = [list(row) for row in spark.sql(spark_sql(parsed(query)[0])).collect()]
    except Exception as error:
        rows = f"{type(error).__name__}: {error}"[:600]
    answers.append(rows)
never = sorted(kind.__name__ for kind in ALIKE - asked if issubclass(kind, exp.Func))
print("ANSWERS" + json.dumps([answers, never], default=str))
"""

# Every letter that has another case, apart from its neighbours.
CASED = " ".join(
    letter
    for letter in map(chr, range(0x20, 0x110000))
    if not 0xD800 <= ord(letter) < 0xE000 and letter.lower() + letter.upper() != 2 * letter
)
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
    "greatest": "select greatest(1, null, 3), least(null, 2), coalesce(null, 1), nullif('', '')",
    "a null in a list": "select list_contains([1, null], 2), list_contains([1, null], 1), not list_contains(['a', null], 'b'), list_has_any([1, null], [2]), list_has_any([1, null], [1]), list_sum([1, null]), list_sum([null::bigint])",
    "no list": f"select list_contains(l, 1), list_has_any(l, [1]), list_has_any([1], l), list_sum(l::bigint[]), list_min(l) from {LISTS} order by name",
    "a list within a list": "select list_filter(l, lambda x: not list_contains(m, x)) from (values ([1, 2, null], [2, null])) as t(l, m)",
    "the second list longer": f"select unnest([1]) as one, unnest(l) as other, name from {LISTS} order by name, other",
    "letters": f"select lower('{CASED}'), upper('{CASED}')",
    "words": "select lower('ΟΔΟΣ Straße'), upper('straße ﬁne'), lower(null), upper('')",
    "fractions made whole": "select cast(x as bigint), cast(x as integer), cast(cast(x as decimal(18, 3)) as bigint), try_cast(x * 2 as bigint), cast(sum(x) as bigint) from (values (2.5::double), (3.5), (-0.7), (null)) as t(x) group by x order by x",
    "texts made whole": "select cast(x as bigint), try_cast(x as integer), cast(cast(x as bigint) as varchar) from (values ('12'), ('-3'), (null)) as t(x) order by x",
    "texts of values": "select cast(n as varchar), cast(cast(n as decimal(18, 2)) as varchar), cast(n > 1 as varchar), cast(cast('2026-03-01 10:00:00.5' as timestamp) as varchar), cast(word as varchar) from "
    + ROWS
    + " order by n",
    "texts made times": "select try_cast(x as timestamptz), try_cast(x as date) from (values ('2026-03-01T10:00:00Z'), ('2026-03-01 10:00:00.123456+02'), ('10:00'), ('2026'), ('x'), (null)) as t(x) order by x",
    "divided": "select 7 / 2, cast(1 as decimal(18, 2)) / 3, 6 // 4, 7 % 4, sqrt(2), power(2, 0.5), floor(-2.5), round(2.5), -(3)",
    "patterns": "select 'abc' like 'a%', 'abc' like 'a_', 'A' like 'a'",
    "parts of texts": "select substring('abcd', 2, 2), substring('abcd', 3), split_part('a@b', '@', -1), replace('aXa', 'a', 'b'), length('Zoë'), chr(31), lpad('', 2, '0')",
    "spaces": r"select regexp_matches(chr(11), '\S'), regexp_extract('a b', '\S+')",
    "beside groups": f"select word, grouping(word), count(distinct n), every_n from (select *, bool_and(n > 0) over () as every_n from {ROWS}) group by grouping sets ((word, every_n), (every_n)) order by word, grouping(word)",
    "neighbours": f"select n, lag(n) over w, lead(word, 2) over w, first_value(word) over w, rank() over (order by word), dense_rank() over (order by word), lag(word ignore nulls) over w from {ROWS} window w as (order by n) order by n",
    "a middle": f"select percentile_disc(0.5) within group (order by n), bool_and(n > 1), min(n), max(word) from {ROWS}",
    "rows chosen by others": f"select n from {ROWS} where n in (select x from (values (1), (null)) as s(x)) or (n > 3 and n not in (select x from (values (2)) as s(x))) or n not in (select x from (values (2), (null)) as s(x)) order by n",
    "asked for, or a null": f"select n, coalesce(n in (select x from (values (1), (null)) as s(x)) and n < 9, false) from {ROWS} where not coalesce((n in (select x from (values (2), (null)) as s(x))), false) order by n",
    "there is one": f"select n from {ROWS} where exists (select 1 from (values ('a')) as s(x) where s.x = word) order by n",
    "json parts": f"select {PAYLOAD} -> '$.in.parts', {PAYLOAD} ->> '$.in.parts'",
    "distinctness": "select null is distinct from 1, null is not distinct from null",
}

# What Spark would answer in another way, or might: it is refused.
REFUSED = {
    "a null among those asked for, shown": "select 2 in (select x from (values (1), (null)) as s(x))",
    "a null among those asked for, read": "select 1 where coalesce(2 in (select x from (values (1), (null)) as s(x)), true)",
    "a null among those asked for, denied": "select 1 where not (1 = 1 and 2 in (select x from (values (1), (null)) as s(x)))",
    "a null among those not asked for, or else": "select coalesce(2 not in (select x from (values (1), (null)) as s(x)), false)",
    "length of a list": f"select length(l) from {LISTS}",
    "a function that nobody looked at": "select log(100)",
    "one by another name": "select list_position([1, 2], 2)",
    "days of the week": "select isodow(date '2026-03-01')",
    "times as texts": "select strftime(timestamp '2026-03-01 10:00:00', '%Y-%m-%dT%H')",
    "a letter beyond ASCII": "select chr(955)",
    "a backslash in a pattern": r"select 'a_b' like 'a\_b'",
    "a pattern that is none yet": f"select 'a' like word from {ROWS}",
    "a place before the first": "select substring('abc', 0, 2)",
    "a class by name": "select regexp_extract('ab1', '[[:alpha:]]+')",
    "greed turned around": "select regexp_replace('abc', '(?U)a.*', 'x')",
    "any white space in a class": r"select regexp_matches('a', '[\S]')",
    "the text of a fraction": "select cast(x as varchar) from (values (1e10::double)) as t(x)",
    "the text of a list": f"select cast(l as varchar) from {LISTS}",
    "a fraction divided": "select x // 2 from (values (7.5)) as t(x)",
    "a time with no day": "select cast(x as timestamp) from (values ('10:00')) as t(x)",
    "an offset where there is no zone": "select try_cast(x as timestamp) from (values ('2026-03-01T10:00:00+02:00')) as t(x)",
    "too much for its type": "select floor(1e30::double)",
    "division by nothing": "select x / 0 from (values (1)) as t(x)",
    "rows in no order": f"select list(n order by n desc) from {ROWS}",
}


@pytest.fixture(scope="module")
def told() -> tuple[list[Any], list[str]]:
    """What Spark answers to all queries, and the functions that none of them asks."""
    done = subprocess.run(
        [str(build.ENVIRONMENT / "bin" / "python"), "-c", ASK],
        input=json.dumps([*QUERIES.values(), *REFUSED.values()]),
        env={
            "PATH": "/usr/bin:/bin",
            "JAVA_HOME": str(build.java_home()),
            "TZ": "UTC",
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYTHONPATH": str(build.REPOSITORY),
        },
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers, never = json.loads(done.stdout.rpartition("ANSWERS")[2])
    return answers, never


@pytest.fixture(scope="module")
def answers(told: tuple[list[Any], list[str]]) -> dict[str, Any]:
    """What Spark answers to every query, asked in one session."""
    return dict(zip([*QUERIES, *REFUSED], told[0], strict=True))


@pytest.mark.parametrize("name", QUERIES)
def test_spark_answers_as_duckdb_does(name: str, answers: dict[str, Any]):
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        rows = connection.execute(QUERIES[name]).fetchall()
    assert plain(answers[name]) == plain(rows)


@pytest.mark.parametrize("name", REFUSED)
def test_what_spark_would_answer_in_another_way_is_an_error(name: str, answers: dict[str, Any]):
    assert isinstance(answers[name], str), answers[name]


def test_each_function_that_is_said_alike_is_asked(told: tuple[list[Any], list[str]]):
    assert told[1] == []


def plain(value: Any) -> Any:
    """A value without the differences between the two clients that read it."""
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None))
    if isinstance(value, date):
        return str(value)
    if isinstance(value, Decimal):
        return plain(str(value))
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.replace(".", "", 1).isdigit():
        return plain(float(value)) if "." in value else int(value)
    return value
