"""Appointments: the CSV of an appointment book, one row a status of an appointment.

Columns: appointment_id, customer_email, customer_phone, location_id, created_at, created_by,
start_at, end_at, status (booked, confirmed, rescheduled, cancelled_by_customer,
cancelled_by_company, served, no_show), status_at, reschedule_of, requested_by (customer,
company). The version is status_at.
"""

from ingestion.settings import Settings
from ingestion.source import Identifier, RecordType, Source
from ingestion.sources.store.declared_zone import csv_with_zone, declared, zone_flags

TIMES = ("created_at", "start_at", "end_at", "status_at")


def appointments(settings: Settings) -> Source:
    """The source. Times without an offset are in the zone of the stores; with none, refused."""
    zone = settings.store_zone
    created, start, end, status = (declared(f"r.{time}", zone) for time in TIMES)
    return Source(
        name="appointments",
        channel="store",
        read=csv_with_zone(zone),
        pattern=("**/*.csv", "**/*.csv.gz"),
        records=(
            RecordType(
                name="appointment",
                fields=(
                    "appointment_id",
                    "customer_email",
                    "customer_phone",
                    *TIMES,
                    "status",
                    "requested_by",
                ),
                key="r.appointment_id",
                occurred_at=status,
                version=f"strftime({status}, '%Y-%m-%dT%H:%M:%S.%fZ')",
                identifiers=(
                    Identifier("email", "r.customer_email"),
                    Identifier("phone", "r.customer_phone"),
                ),
                checks={
                    "status": "r.status",
                    "requested_by": "r.requested_by",
                    "start_readable": f"case when {start} is null then 'no' else 'yes' end",
                    "created_readable": f"case when {created} is null then 'no' else 'yes' end",
                    "in_order": (
                        f"case when coalesce({start} >= {created}, true)"
                        f" and coalesce({end} >= {start}, true)"
                        f" and coalesce({status} >= {created}, true) then 'yes' else 'no' end"
                    ),
                },
                flags=zone_flags((f"r.{time}" for time in TIMES), zone),
            ),
        ),
    )


APPOINTMENTS = appointments
