"""The log that benchmarks are made of: the same every time, and nothing in it is set aside."""

import duckdb

from tests.benchmarks import signal_log

ROWS = 4_000
CUSTOMERS = 200


def test_the_same_size_gives_the_same_rows_of_so_many_customers(tmp_path):
    digests = []
    for name in ("one", "two"):
        files = signal_log.write(tmp_path / name, ROWS, CUSTOMERS)
        with duckdb.connect() as connection:
            digests += connection.execute(
                "select count(*), count(distinct customer), sum(cast(hash(export) as hugeint)) "
                "from read_parquet(?) as export",
                [[str(file) for file in files]],
            ).fetchall()

    assert digests[0] == digests[1]
    assert digests[0][:2] == (ROWS, CUSTOMERS)


def test_the_gate_accepts_every_row(recorded, settings):
    signal_log.write(settings.landing / signal_log.SOURCE, ROWS, CUSTOMERS)

    found = recorded(signal_log.SOURCE, {})

    assert found.report.events == ROWS
    assert found.report.set_aside == 0
