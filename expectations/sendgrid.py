"""What SendGrid's delivery events must look like."""

import great_expectations.expectations as gxe

SUITES = {
    "delivery_event": [
        gxe.ExpectColumnValuesToNotBeNull(
            column="event", meta={"reason": "the delivery event has no kind"}
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="event",
            value_set=[
                "processed",
                "deferred",
                "delivered",
                "bounce",
                "blocked",
                "dropped",
                "open",
                "click",
                "spamreport",
                "unsubscribe",
                "group_unsubscribe",
                "group_resubscribe",
            ],
            meta={"reason": "the delivery event's kind is none that SendGrid knows"},
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="email", meta={"reason": "the delivery event has no recipient"}
        ),
        # Milliseconds here would be read as a year far ahead.
        gxe.ExpectColumnValuesToMatchRegex(
            column="timestamp",
            regex=r"^\d{9,10}(\.\d+)?$",
            meta={"reason": "timestamp is not in whole seconds since 1970"},
        ),
    ],
}
