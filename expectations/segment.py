"""What a Segment or RudderStack call must look like at the door into the log.

Kept to three expectations: web events come in millions, and each costs a pass over them.
"""

from great_expectations import expectations as gxe

CALLS = ["track", "page", "screen", "identify", "group", "alias"]
MILLISECONDS = r"^\d{1,12}(?:\.\d+)?$"
DATE_OR_INSTANT = (
    r"^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2}))?$"
)

SUITES = {
    "event": [
        gxe.ExpectColumnValuesToBeInSet(
            column="call",
            value_set=CALLS,
            meta={"reason": f"type is not one of {', '.join(CALLS)}, or a track names no event"},
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="load_ms",
            regex=MILLISECONDS,
            meta={"reason": "properties.load_ms is not a number of milliseconds, 0 or more"},
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="estimated_delivery",
            regex=DATE_OR_INSTANT,
            meta={
                "reason": "properties.estimated_delivery is neither a date nor a time with offset"
            },
        ),
    ]
}
