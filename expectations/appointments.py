"""What an appointment must look like to become an event: known status, a slot, times in order."""

import great_expectations.expectations as gxe

STATUSES = [
    "booked",
    "confirmed",
    "rescheduled",
    "cancelled_by_customer",
    "cancelled_by_company",
    "served",
    "no_show",
]

SUITES = {
    "appointment": [
        gxe.ExpectColumnValuesToNotBeNull(
            column="status", meta={"reason": "the appointment has no status"}
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="status",
            value_set=STATUSES,
            meta={"reason": f"status is none of {', '.join(STATUSES)}"},
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="requested_by",
            value_set=["customer", "company"],
            meta={"reason": "requested_by is neither customer nor company"},
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="start_readable",
            value_set=["yes"],
            meta={
                "reason": "start_at is missing, unreadable, or has no offset while "
                "JOURNEYS_STORE_ZONE is not set"
            },
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="created_readable",
            value_set=["yes"],
            meta={
                "reason": "created_at is missing, unreadable, or has no offset while "
                "JOURNEYS_STORE_ZONE is not set"
            },
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="in_order",
            value_set=["yes"],
            meta={
                "reason": "the slot ends before it starts, or starts or changes before it was made"
            },
        ),
    ]
}
