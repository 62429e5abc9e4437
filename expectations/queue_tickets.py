"""What a queue ticket must look like to become an event: known outcome, times that run forward."""

import great_expectations.expectations as gxe

SUITES = {
    "ticket": [
        gxe.ExpectColumnValuesToBeInSet(
            column="outcome",
            value_set=["served", "left", "no_show"],
            meta={"reason": "outcome is none of served, left, no_show"},
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="times_readable",
            value_set=["yes"],
            meta={
                "reason": "a time is unreadable, or has no offset while "
                "JOURNEYS_STORE_ZONE is not set"
            },
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="in_order",
            value_set=["yes"],
            meta={"reason": "the times run backwards: taken, called, served, ended is their order"},
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="served_when_served",
            value_set=["yes"],
            meta={"reason": "outcome is served and served_at is empty"},
        ),
    ]
}
