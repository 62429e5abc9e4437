"""The metrics equal plain SQL on the same release; the documentation is one page by itself."""

import csv
import io
import json
import re
import subprocess
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import Make

# By month, each as plain SQL that gives (month, value).
BY_MONTH = {
    "friction_per_customer": """
        select month, points / customers from (
            select month, sum(points) as points from (
                select date_trunc('month', occurred_at) as month, points
                from fct_friction where part != 'credit'
            ) group by month
        ) inner join (
            select
                date_trunc('month', occurred_at) as month,
                count(distinct customer_id) as customers
            from fct_interactions group by all
        ) using (month)
    """,
    "promise_keep_rate": """
        select date_trunc('month', due_at) as month, avg(if(is_broken, 0, 1))
        from fct_promises where is_broken or state in ('kept_early', 'kept_on_time') group by month
    """,
    "silent_days": """
        select date_trunc('month', due_at) as month, sum(silent_days)
        from fct_promises group by month
    """,
    "time_to_first_reply": """
        select date_trunc('month', due_at) as month,
            median(date_diff('second', made_at, kept_for_customer_at) / 3600)
        from fct_promises where promise_kind = 'reply' and kept_for_customer_at is not null
        group by month
    """,
    "contacts_per_order": """
        select cast(month || '-01' as timestamp), contact_count / order_count
        from rpt_contacts_per_order where month != 'all'
    """,
    "avoidable_share": """
        select cast(month || '-01' as timestamp), avoidable_contact_count / contact_count
        from rpt_contacts_per_order where month != 'all' and contact_count > 0
    """,
    "repeat_contact_rate": """
        select date_trunc('month', occurred_at) as month, 1 - count(distinct issue_id)
            / count(distinct coalesce(conversation_id, interaction_id))
        from fct_interactions where kind = 'contacted' group by month
    """,
    "level_1_share": """
        select date_trunc('month', last_seen_at) as month, avg(if(level >= 1, 1, 0))
        from dim_customers group by month
    """,
}


@pytest.fixture(scope="module")
def release(first_run: subprocess.CompletedProcess[str], root: Path) -> duckdb.DuckDBPyConnection:
    assert first_run.returncode == 0, first_run.stdout + first_run.stderr
    path = (root / "published" / "current").resolve() / "journeys.duckdb"
    return duckdb.connect(path, read_only=True)


def test_every_metric_equals_plain_sql_month_by_month(release, make: Make):
    done = make("metric", METRIC=",".join(BY_MONTH), BY="metric_time__month", FORMAT="csv")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    months = [row["metric_time__month"] for row in rows]
    assert len(months) >= 6 and months == sorted(months)
    for metric, query in BY_MONTH.items():
        wanted = {
            str(month): float(value)
            for month, value in release.execute(query).fetchall()
            if value is not None
        }
        found = {row["metric_time__month"]: float(row[metric]) for row in rows if row[metric]}
        assert found == pytest.approx(wanted), metric


def test_an_unknown_metric_is_refused_with_those_that_there_are(release, make: Make):
    done = make("metric", METRIC="happiness")
    assert done.returncode != 0
    assert "there is no metric happiness" in done.stderr and "silent_days" in done.stderr


def test_the_documentation_is_one_page_that_needs_no_network_and_names_nobody(
    release, make: Make, root: Path
):
    done = make("docs")
    assert done.returncode == 0, done.stdout + done.stderr
    page = (root / "docs" / "index.html").read_text()
    assert str(root / "docs" / "index.html") in done.stdout
    assert not re.search(r'(src|href)="https?://(?!\[::1\])', page)
    assert '"send_anonymous_usage_stats": false' in page
    for table, column in release.execute(
        "select table_name, column_name from duckdb_columns() where not internal"
    ).fetchall():
        if table != "_published":
            assert f'"model.journeys.{table}"' in page and f'"{column}"' in page
    assert '"exposure.journeys.report"' in page and '"metric.journeys.promise_keep_rate"' in page
    truth = json.loads((root / "truth.json").read_text())
    for customer in truth["customers"]:
        for kind in ("email", "phone"):
            for value in customer["identifiers"].get(kind, []):
                assert value not in page
