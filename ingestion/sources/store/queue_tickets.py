"""Queue tickets: the CSV of a ticket machine, one row a ticket, exported again while it is open.

Columns: ticket_no, location_id, service, taken_at, called_at, served_at, ended_at, outcome
(served, left, no_show; empty while the customer waits), phone, loyalty_id. A ticket number
starts again every day, so the key is location, number and the local day on which it was taken.
The version is the latest of its four times.
"""

from ingestion.settings import Settings
from ingestion.source import Identifier, RecordType, Source
from ingestion.sources.store.declared_zone import csv_with_zone, declared, zone_flags

TIMES = ("taken_at", "called_at", "served_at", "ended_at")


def queue_tickets(settings: Settings) -> Source:
    """The source. Times without an offset are in the zone of the stores; with none, refused."""
    zone = settings.store_zone
    times = [declared(f"r.{time}", zone) for time in TIMES]
    taken, called, served, ended = times
    changed = f"greatest({taken}, {called}, {served}, {ended})"
    return Source(
        name="queue_tickets",
        channel="store",
        read=csv_with_zone(zone),
        pattern=("**/*.csv", "**/*.csv.gz"),
        records=(
            RecordType(
                name="ticket",
                fields=("ticket_no", "location_id", *TIMES, "outcome", "phone", "loyalty_id"),
                key="r.location_id || '/' || r.ticket_no || '/' || left(trim(r.taken_at), 10)",
                occurred_at=f"case when {taken} is not null then {changed} end",
                version=f"strftime({changed}, '%Y-%m-%dT%H:%M:%S.%fZ')",
                identifiers=(
                    Identifier("phone", "r.phone"),
                    Identifier("loyalty_id", "r.loyalty_id"),
                ),
                checks={
                    "outcome": "r.outcome",
                    "times_readable": _yes(
                        *(
                            f"r.{name} is null or {time} is not null"
                            for name, time in zip(TIMES, times, strict=True)
                        )
                    ),
                    "in_order": _yes(
                        f"{called} >= {taken}", f"{served} >= {taken}", f"{served} >= {called}",
                        f"{ended} >= {taken}", f"{ended} >= {called}", f"{ended} >= {served}",
                    ),
                    "served_when_served": _yes("r.outcome <> 'served' or r.served_at is not null"),
                },
                flags=zone_flags((f"r.{time}" for time in TIMES), zone),
            ),
        ),
    )  # fmt: skip


def _yes(*conditions: str) -> str:
    all_hold = " and ".join(f"coalesce({condition}, true)" for condition in conditions)
    return f"case when {all_hold} then 'yes' else 'no' end"


QUEUE_TICKETS = queue_tickets
