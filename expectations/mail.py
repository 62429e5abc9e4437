"""What a mail message must look like."""

import great_expectations.expectations as gxe

SUITES = {
    "message": [
        gxe.ExpectColumnValuesToNotBeNull(
            column="sender", meta={"reason": "the message has no readable sender"}
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="has_own_party",
            value_set=["yes"],
            meta={
                "reason": "neither the sender nor a recipient is of the company's own domains:"
                " set JOURNEYS_OWN_DOMAINS"
            },
        ),
    ],
}
