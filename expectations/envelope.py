"""What every record must have to become an event, whatever its source."""

import great_expectations.expectations as gxe

LONGEST_KEY = 512

SUITE = [
    gxe.ExpectColumnValuesToNotBeNull(
        column="key_length", meta={"reason": "the record has no key"}
    ),
    gxe.ExpectColumnValuesToBeBetween(
        column="key_length",
        min_value=1,
        max_value=LONGEST_KEY,
        meta={"reason": f"the key is empty or longer than {LONGEST_KEY} characters"},
    ),
    gxe.ExpectColumnValuesToNotBeNull(
        column="occurred_day",
        meta={"reason": "the time is missing, unreadable, or without a time zone"},
    ),
    gxe.ExpectColumnValuesToBeBetween(
        column="occurred_day",
        min_value=7305,
        meta={"reason": "the time is before 1990"},
    ),
    gxe.ExpectColumnValuesToBeBetween(
        column="hours_ahead",
        max_value=24,
        meta={"reason": "the time is more than 24 hours in the future"},
    ),
    gxe.ExpectColumnValuesToBeInSet(
        column="has_comparable_version",
        value_set=[True],
        meta={"reason": "the version cannot be compared: not of its declared type"},
    ),
]
