"""CSV exports of a store, whose times may lack an offset: the zone is declared, never guessed.

`JOURNEYS_STORE_ZONE` names the IANA zone of the stores. It is written into each record as
`__zone`, so that what the warehouse reads is in the log and not in the environment of a machine.
A time with an offset of its own keeps it.
"""

from collections.abc import Iterable, Sequence

import duckdb

from ingestion import readers
from ingestion.source import File, Reader
from ingestion.times import ambiguous_local, instant, literal, local, missing_local


def csv_with_zone(zone: str | None) -> Reader:
    """A CSV reader that adds the declared zone to each record as `__zone`."""

    def read(connection: duckdb.DuckDBPyConnection, files: Sequence[File]) -> None:
        readers.csv(connection, files)
        if zone:
            connection.execute(
                "update lines set payload = left(payload, length(payload) - 1) || "
                f"""',"__zone":' || to_json({literal(zone)}) || '}}' where payload is not null"""
            )

    return read


def declared(value: str, zone: str | None) -> str:
    """SQL: the instant that `value` names, by its own offset or in `zone`; NULL if neither."""
    return local(value, literal(zone)) if zone else instant(value)


def zone_flags(values: Iterable[str], zone: str | None) -> dict[str, str]:
    """Flags of local hours that the clocks repeated (autumn) or skipped (spring)."""
    if not zone:
        return {}
    columns, name = tuple(values), literal(zone)
    return {
        "ambiguous_local_time": " or ".join(ambiguous_local(value, name) for value in columns),
        "missing_local_time": " or ".join(missing_local(value, name) for value in columns),
    }
