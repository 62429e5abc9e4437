"""What was set aside at the door, and why: records, and whole files, kept for a replay."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.store import Place, Store, Stored, at

SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("batch_id", pa.string()),
        ("file", pa.string()),
        ("file_sha256", pa.string()),
        ("is_whole_file", pa.bool_()),
        ("record_number", pa.int64()),
        ("record_type", pa.string()),
        ("record_key", pa.string()),
        ("expectation", pa.string()),
        ("reason", pa.string()),
        ("payload", pa.string()),
        ("set_aside_at", pa.timestamp("us")),
    ]
)


@dataclass(frozen=True)
class Quarantine:
    """The quarantine in one place: one Parquet file a batch that had something to set aside."""

    place: Place

    @cached_property
    def store(self) -> Store:
        """Where its files are kept."""
        return at(self.place)

    def keep(self, source: str, batch_id: str, rows: pa.Table) -> None:
        """Keep `rows` (of SCHEMA) as the set-aside part of a batch. Keeping twice keeps once."""
        if not rows.num_rows:
            return
        key = f"source={source}/{batch_id}.parquet"
        fresh = self.store.scratch(key)
        pq.write_table(rows.cast(SCHEMA), fresh, compression="zstd")
        self.store.put(key, fresh)

    def replace(self, source: str, rows: pa.Table, batches: set[str] | None = None) -> None:
        """Let `rows` be all that is set aside of `source`; write the files of `batches` alone."""
        kept = pc.unique(rows["batch_id"]).to_pylist()
        for batch in kept:
            if batches is None or batch in batches:
                self.keep(source, batch, rows.filter(pc.equal(rows["batch_id"], batch)))
        for file in self.files(source):
            if file.stem not in kept:
                self.store.delete(file.key)

    def rows(self, source: str | None = None) -> pa.Table:
        """All that is set aside, of one source or of all, in order of source, file and record."""
        files = self.files(source)
        if not files:
            return SCHEMA.empty_table()
        with duckdb.connect() as connection:
            self.store.readable(connection)
            rows = connection.sql(
                "from read_parquet($paths, hive_partitioning = false) "
                "order by source, file, is_whole_file, record_number, batch_id",
                params={"paths": [file.address for file in files]},
            )
            return rows.to_arrow_table().cast(SCHEMA)

    def counts(self) -> dict[tuple[str, str, str], int]:
        """How many rows are set aside, by (source, expectation, reason), in that order."""
        rows = self.rows()
        columns = (rows[name].to_pylist() for name in ("source", "expectation", "reason"))
        return dict(sorted(Counter(zip(*columns, strict=True)).items()))

    def whole_files(self, source: str) -> set[str]:
        """The sha256 of the files of `source` that were refused whole: not to be tried again."""
        rows = self.rows(source)
        return {
            sha
            for sha, is_whole in zip(
                rows["file_sha256"].to_pylist(), rows["is_whole_file"].to_pylist(), strict=True
            )
            if is_whole
        }

    def sources(self) -> list[str]:
        """The sources that have something set aside, by name."""
        return sorted({file.folder.removeprefix("source=") for file in self.files()})

    def forget_files(self, source: str) -> None:
        """Have the files of `source` that were refused whole tried again."""
        rows = self.rows(source)
        is_file = pc.fill_null(rows["is_whole_file"], False)
        concerned = set(rows.filter(is_file)["batch_id"].to_pylist())
        if concerned:
            self.replace(source, rows.filter(pc.invert(is_file)), concerned)

    def files(self, source: str | None = None) -> list[Stored]:
        """The files of the quarantine, by name."""
        return self.store.files(f"source={source or '*'}/*.parquet")


def whole_file(
    source: str, batch_id: str, file: str, sha256: str, reason: str, at: datetime
) -> pa.Table:
    """The quarantine's row for a file that was set aside whole (it stays where it landed)."""
    return pa.Table.from_pylist(
        [
            {
                "source": source,
                "batch_id": batch_id,
                "file": file,
                "file_sha256": sha256,
                "is_whole_file": True,
                "expectation": "file_is_readable",
                "reason": reason,
                "set_aside_at": at,
            }
        ],
        schema=SCHEMA,
    )
