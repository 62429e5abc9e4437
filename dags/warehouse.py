"""Rebuild, check and publish the warehouse whenever the event log has grown, and once a day."""

from datetime import datetime, timedelta

from airflow.sdk import AssetOrTimeSchedule, CronDataIntervalTimetable, Param, dag, task

from dags.assets import EVENT_LOG, RELEASE, WAREHOUSE_QUEUE

DOC = """
### From the event log to a published release

**build** brings the warehouse file up to the log (dbt: models and their tests) · **audit** holds
it against the expectations of the published tables · **publish** swaps in a whole release, or
none · **report** writes the page of the release · **postgres** brings the release to a server,
where one is named.

- **Runs** when the log has grown, and daily, because promises fall due on quiet days. One run at
  a time: the warehouse file has one writer, and a hand-started run waits for its turn.
- **Is skipped** when nothing that goes into a build has changed.
- **If it fails**, readers keep the last good release. The failing task says which model, test or
  expectation it was; `quality/` holds the audit as a page.
- **Parameters**: `as_of` and `known_at` (UTC, e.g. `2026-03-31T12:00:00Z`) fix the two times.
"""


@dag(
    dag_id="warehouse",
    schedule=AssetOrTimeSchedule(
        timetable=CronDataIntervalTimetable("@daily", timezone="UTC"), assets=EVENT_LOG
    ),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"queue": WAREHOUSE_QUEUE, "retries": 1, "retry_delay": timedelta(minutes=1)},
    dagrun_timeout=timedelta(hours=24),
    params={
        "as_of": Param("", type="string", description="what occurred by then; empty: all covered"),
        "known_at": Param("", type="string", description="what was recorded by then; empty: all"),
    },
    doc_md=DOC,
    tags=["warehouse"],
)
def warehouse():
    @task(execution_timeout=timedelta(hours=12))
    def build(params=None):
        from dags.releasing import build_if_changed

        return build_if_changed(params["as_of"], params["known_at"])

    @task(execution_timeout=timedelta(hours=2))
    def audit(build_id):
        from dags.releasing import audit_build

        return audit_build(build_id)

    @task(outlets=[RELEASE], execution_timeout=timedelta(hours=2))
    def publish(checks):
        from dags.releasing import publish_build

        return publish_build(checks)

    @task(execution_timeout=timedelta(hours=1))
    def report(release_id):
        from dags.releasing import write_report

        write_report(release_id)

    @task(trigger_rule="none_failed", execution_timeout=timedelta(hours=2))
    def postgres():
        from dags.releasing import release_to_postgres

        release_to_postgres()

    published = publish(audit(build()))
    report(published)
    # Also when nothing was new: the server may have been down, or named since.
    published >> postgres()


warehouse()
