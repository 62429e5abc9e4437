"""The tables of a Spark build, as its threads share them."""

import subprocess

from serving.spark import build

# A sweep of Python's memory lets the other threads go on in the midst of a list: here each adds a
# table.
LOOK = """
import gc
from serving.spark.dialect import parsed
from serving.spark.relations import Files, Name
from serving.spark.tables import Tables
tables = Tables(None, "/nowhere", {f"main.t{number}": "" for number in range(2000)})
more = iter(range(10**9))
gc.callbacks.append(lambda *_: tables.keep(Name("other", f"t{next(more)}"), Files("", None)))
gc.set_threshold(1)
for look in range(20):
    assert tables.scans(parsed("select * from main__t1")[0], {}) == 1
"""


def test_a_table_may_be_added_while_another_thread_looks_at_all() -> None:
    done = subprocess.run(
        [str(build.ENVIRONMENT / "bin" / "python"), "-c", LOOK],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(build.REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
