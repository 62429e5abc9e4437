"""Read again: everything from the log, one source from its landing files, or one customer."""

from datetime import datetime, timedelta

from airflow.sdk import Param, dag, task

from dags.assets import EVENT_LOG, WAREHOUSE_QUEUE

DOC = """
### What is there, read again

- **everything** (no parameter): the warehouse is deleted, and built from the log alone.
- **source**: its landing files are read again through the gate of today, also those that the log
  has seen and those that were refused; what is new is recorded, what is there stays once.
- **customer** (a customer id, or an identifier's keyed hash): their rows are computed from the log
  alone, beside the warehouse, and held against the current release. Differences fail the task.

Runs when it is asked to: `make replay [SOURCE=] [CUSTOMER=]`. **If it fails**, the task says why;
nothing is lost or there twice, and it can be run again.
"""


@dag(
    dag_id="replay",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"queue": WAREHOUSE_QUEUE, "retries": 0},
    dagrun_timeout=timedelta(hours=24),
    params={
        "source": Param("", type="string", pattern="^([a-z][a-z0-9_]*)?$", maxLength=63),
        "customer": Param("", type="string", pattern="^((anon-)?[0-9a-f]{32})?$"),
    },
    doc_md=DOC,
    tags=["replay"],
)
def replay():
    @task(outlets=[EVENT_LOG], execution_timeout=timedelta(hours=12))
    def replay_asked(params=None):
        from dags.keeping import replay_asked

        return replay_asked(params["source"], params["customer"])

    replay_asked()


replay()
