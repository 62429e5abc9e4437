"""What each published table must look like before readers may see it.

The dbt tests guard keys and accepted values inside the warehouse; these guard the door out:
sizes that cannot be, sums that must agree, and in no text column what looks like a person's data.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import great_expectations.expectations as gxe

HASH = "^[0-9a-f]{32}$"
CUSTOMER = "^(anon-)?[0-9a-f]{32}$"
# What no published text may hold: a mail address, or a number one could dial. The character asked
# for first spares nearly every row the regular expression.
PERSONAL = {
    "@": r"[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\.[a-zA-Z]{2,}",
    "+": r"(^|[^0-9A-Za-z])\+[1-9][0-9]{7,14}($|[^0-9])",
}
PHASES = ["before", "beginning", "during", "after"]


def _between(column: str, low: float, high: float | None, reason: str) -> Any:
    return gxe.ExpectColumnValuesToBeBetween(
        column=column, min_value=low, max_value=high, meta={"reason": reason}
    )


def _like(column: str, regex: str, reason: str) -> Any:
    # GX's own regex expectations do not know DuckDB.
    return _never(f"not regexp_matches({column}, '{regex}')", f"{column}: {reason}")


def impersonal(columns: Sequence[str]) -> Any:
    """No mail address and no phone number in the text columns, which are read once together.

    Its `meta` names the columns, so that each may be asked alone where one of them fails.
    """
    personal = " or ".join(
        f"(contains({column}, '{mark}') and regexp_matches({column}, '{pattern}'))"
        for column in columns
        for mark, pattern in PERSONAL.items()
    )
    reason = f"{', '.join(columns)}: no mail address and no phone number"
    return _never(personal, reason, columns=list(columns))


def _never(condition: str, reason: str, **meta: Any) -> Any:
    """No row for which the SQL `condition` is true."""
    literal = condition.replace("{", "{{").replace("}", "}}")
    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query="select * from {batch} where " + literal,
        meta={"reason": reason, **meta},
    )


def _finite(*columns: str) -> Any:
    wrong = " or ".join(f"not isfinite({column})" for column in columns)
    return _never(wrong, f"{', '.join(columns)}: a number, not infinite")


SUITES: dict[str, Sequence[Any]] = {
    "fct_interactions": [
        _like("customer_id", CUSTOMER, "a customer is a keyed hash, or anonymous"),
        _like("channel", "^[a-z][a-z0-9_-]*$", "a channel is a lower-case word, or none"),
        gxe.ExpectColumnValuesToBeInSet(
            column="phase", value_set=PHASES, meta={"reason": "a phase is one of the four"}
        ),
        _between("points", 0, 100, "friction is never negative, nor beyond one signal's limit"),
        _between("credit_points", 0, 100, "credit is never negative"),
        _never("cumulative_points < points", "what has added up holds what was just added"),
        _never("recorded_at < timestamp '2000-01-01'", "the log's own times are recent"),
    ],
    "fct_journeys": [
        _like("customer_id", CUSTOMER, "a customer is a keyed hash, or anonymous"),
        _between("step_count", 1, None, "a journey has a step"),
        _between("points", 0, None, "friction is never negative"),
        _never("last_step_at < opened_at", "a journey ends after it opens"),
        _never("contact_count > step_count", "a contact is a step"),
        _never("inbound_contact_count > contact_count", "an inbound contact is a contact"),
        _between("reopen_count", 0, None, "a count is never negative"),
        _between("reassignment_count", 0, None, "a count is never negative"),
    ],
    "fct_web_sessions": [
        _like("customer_id", CUSTOMER, "a customer is a keyed hash, or anonymous"),
        _between("step_count", 1, None, "a session has a step"),
        _between("duration_seconds", 0, None, "a session ends after it starts"),
        _between("points", 0, None, "friction is never negative"),
    ],
    "fct_friction": [
        _like("customer_id", CUSTOMER, "a customer is a keyed hash, or anonymous"),
        _between("points_micro", 1, None, "a line of the ledger has points"),
        _between("points_now", 0, None, "what is felt now is never negative"),
        _never("points_now > points + 0.0001", "friction fades, it does not grow"),
    ],
    "fct_scores": [
        _finite("friction", "peak", "credit_balance", "score", "rfs"),
        _between("score", 0, None, "a score is never negative"),
        _never("credit_applied > 0.75 * friction + 1e-9", "credit pays off three quarters at most"),
        _never("peak > friction + 1e-9", "the worst single thing is part of the sum"),
    ],
    "fct_promises": [
        _never(
            "overdue_days <> silent_days + informed_days",
            "an overdue day is either silent or informed",
        ),
        _between("silent_days", 0, None, "days are never negative"),
        _between("chase_count", 0, None, "chases are never negative"),
        _never("is_broken and state in ('kept_early', 'kept_on_time')", "kept in time is unbroken"),
        _never("state = 'unknown' and is_broken", "unknown is neither kept nor broken"),
    ],
    "dim_customers": [
        _like("customer_id", CUSTOMER, "a customer is a keyed hash, or anonymous"),
        _finite("score", "friction", "peak"),
        _between("score", 0, None, "a score is never negative"),
        _between("coverage", 0, 1, "a share"),
        _between("percentile", 0, 100, "a percentile"),
        _between("interaction_count", 1, None, "a customer has an interaction"),
        _never("last_seen_at < first_seen_at", "last is after first"),
    ],
    "dim_internal_customers": [
        _like("customer_id", CUSTOMER, "a customer is a keyed hash, or anonymous"),
        _finite("score", "friction", "peak"),
        _between("percentile", 0, 100, "a percentile"),
    ],
    "fct_internal_friction": [
        _like("customer_id", CUSTOMER, "a customer is a keyed hash, or anonymous"),
        _between("points", 0, None, "friction is never negative"),
        _never("points = 0 and credit = 0", "a line of the ledger has points or credit"),
    ],
    "fct_internal_interactions": [
        _like("customer_id", CUSTOMER, "a customer is a keyed hash, or anonymous"),
        gxe.ExpectColumnValuesToBeInSet(
            column="phase", value_set=PHASES, meta={"reason": "a phase is one of the four"}
        ),
        _between("points", 0, None, "friction is never negative"),
    ],
    "fct_internal_promises": [
        _like("customer_id", CUSTOMER, "a customer is a keyed hash, or anonymous"),
        _never(
            "overdue_days <> silent_days + informed_days",
            "an overdue day is either silent or informed",
        ),
        _never("state = 'unknown' and is_broken", "unknown is neither kept nor broken"),
    ],
    "dim_days": [
        _between("weekday", 1, 7, "a weekday"),
    ],
    "customer_stream": [
        # what it says of customers and points is checked where it comes from
        _never("activity_repeated_at < ts", "what is repeated comes later"),
    ],
    "customer_id_map": [
        _like("identifier_hash", HASH, "identifiers leave as keyed hashes only"),
        _like("customer_id", CUSTOMER, "a customer is a keyed hash"),
        _never("valid_to <= valid_from", "a period has a length"),
    ],
    "rpt_demoted_links": [
        _like("identifier_a", HASH, "identifiers leave as keyed hashes only"),
        _like("identifier_b", HASH, "identifiers leave as keyed hashes only"),
        _never("identifier_a = identifier_b", "a link is between two"),
    ],
    "rpt_identity": [
        _between("anonymous_share", 0, 1, "a share"),
        _between("people_after", 0, None, "a count is never negative"),
    ],
    "rpt_identity_decisions": [
        _like("identifier_a", HASH, "identifiers leave as keyed hashes only"),
        _like("decided_by", "^[a-z][a-z0-9_]*$", "a role, not a person"),
        _never("holds_until <= holds_from", "a period has a length"),
    ],
    "rpt_data_quality": [
        _between("row_count", 0, None, "a count is never negative"),
    ],
    "rpt_contacts_per_order": [
        _never("avoidable_contact_count > contact_count", "an avoidable contact is a contact"),
        _between("contacts_per_order", 0, None, "a ratio is never negative"),
    ],
    "rpt_expectations": [
        _between("expected", 0, None, "an expectation is never negative"),
        _between("actual", 0, None, "a measure is never negative"),
    ],
    "rpt_hidden_friction": [
        _never("worst_touch_points > points", "the worst touch is part of the sum"),
    ],
    "rpt_interventions": [
        _between("level", 0, 4, "a level"),
        _like("customer_id", CUSTOMER, "a customer is a keyed hash, or anonymous"),
    ],
    "rpt_signals_due": [
        _between("friction_micro", 0, None, "friction is never negative"),
    ],
    "rpt_top_fixes": [
        _between("points_gone", 0, None, "mending something never adds friction"),
        _never(
            "points_gone_with_follow_ups < points_gone - 0.000001",
            "with its follow-ups a fix removes no less",
        ),
        _between("share_of_friction_now", 0, 1, "a share"),
    ],
    "rpt_touchpoint_channel": [
        _between("share_of_friction", 0, 1, "a share"),
        _never("contact_count > interaction_count", "a contact is an interaction"),
    ],
    "rpt_transitions": [
        _between("transition_count", 1, None, "a transition happened"),
        _between("share_of_leaving", 0, 1, "a share"),
    ],
}


def suites(text_columns: Mapping[str, Sequence[str]]) -> dict[str, Sequence[Any]]:
    """The suites by table, and nothing that looks personal in any of its `text_columns`."""
    return {
        table: [*suite, *([impersonal(columns)] if (columns := text_columns.get(table)) else [])]
        for table, suite in SUITES.items()
    }
