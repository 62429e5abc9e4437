"""The Spark session of a build: on this machine, or on a cluster."""

import threading
from collections.abc import Mapping

from pyspark.sql import SparkSession

LOCK = threading.Lock()

# What makes Spark say what DuckDB says, or fail; and what a build of two thousand statements needs.
SETTINGS = {
    "spark.app.name": "journeys",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # A number in JSON that is read as text: as DuckDB writes it.
    "spark.sql.json.enableExactStringParsing": "false",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.driver.memory": "4g",
    "spark.ui.enabled": "false",
    # What the pages would show is kept in memory all the same.
    "spark.sql.ui.retainedExecutions": "1",
    "spark.ui.retainedJobs": "10",
    "spark.ui.retainedStages": "10",
    "spark.ui.retainedTasks": "100",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.maxPlanStringLength": "2000",
    # Most of what a driver does is code that runs once: half-compiled is soon enough.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseParallelGC -Xss8m",
}
# What is quick where there is little. A cluster goes by Spark's own defaults.
ON_THIS_MACHINE = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
}


def start(master: str, settings: Mapping[str, str]) -> SparkSession:
    """The one session of this process, on `master`; `settings` are Spark's own, over ours."""
    ours = {**SETTINGS, **(ON_THIS_MACHINE if master.startswith("local") else {})}
    builder = SparkSession.builder.master(master)
    for name, value in {**ours, **settings}.items():
        builder = builder.config(name, value)
    found = builder.getOrCreate()
    found.sparkContext.setLogLevel("ERROR")
    return found
