"""Read again what was set aside, after a rule or a mapping was mended."""

from datetime import datetime, timedelta

from airflow.sdk import Param, dag, task

from dags.assets import EVENT_LOG

DOC = """
### What was set aside, through the gate of today

Records that pass now are recorded and leave the quarantine; files that were refused whole are
read again by the next run of their source. Runs when it is asked to: `make quarantine-replay`.
**If it fails** or is killed, it can be run again; one source's mistake costs the others nothing.
"""


@dag(
    dag_id="quarantine_replay",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 1, "retry_delay": timedelta(minutes=1)},
    dagrun_timeout=timedelta(hours=12),
    params={
        "source": Param(
            "",
            type="string",
            pattern="^([a-z][a-z0-9_]*)?$",
            maxLength=63,
            description="one source; empty: all",
        )
    },
    doc_md=DOC,
    tags=["replay"],
)
def quarantine_replay():
    @task(outlets=[EVENT_LOG], execution_timeout=timedelta(hours=4))
    def replay_what_was_set_aside(params=None):
        from dags.keeping import replay_what_was_set_aside

        return replay_what_was_set_aside(params["source"])

    replay_what_was_set_aside()


quarantine_replay()
