"""Erase one person from everything that is kept; the warehouse is then built without them."""

from datetime import datetime, timedelta

from airflow.sdk import Param, dag, task

from dags.assets import EVENT_LOG, WAREHOUSE_QUEUE

DOC = """
### One person, erased

Registers the keyed hashes of the person's identifiers and records, takes them out of landing
files, log, quarantine and every kept release, and deletes the warehouse, which is then built and
published anew. What the same exports bring again does not come through the gate.

- **Runs** when it is asked to: `make erase PERSON=email:ann@example.org` hashes the identifier
  first, so that no name reaches Airflow. By hand, give a customer id, or an identifier's hash.
- **If it fails or is killed**, run it again: it ends complete. Recording waits meanwhile.
- **The task returns** counts, and nothing of whom.
"""


@dag(
    dag_id="erase",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"queue": WAREHOUSE_QUEUE, "retries": 1, "retry_delay": timedelta(minutes=1)},
    dagrun_timeout=timedelta(hours=24),
    params={
        "person": Param(
            type="string",
            pattern="^[0-9a-f]{32}$",
            description="customer id, or keyed hash of an identifier; never a name",
        )
    },
    doc_md=DOC,
    tags=["privacy"],
)
def erase():
    @task(outlets=[EVENT_LOG], execution_timeout=timedelta(hours=12))
    def erase_person(params=None):
        from dags.keeping import erase_person

        return erase_person(params["person"])

    erase_person()


erase()
