"""What a row of a mapped source must look like, for each interaction that it gives."""

from great_expectations import expectations as gxe

from expectations.catalogue import CALENDARS, SIGNALS

BOOLEANS = ["true", "t", "yes", "y", "1", "1.0", "false", "f", "no", "n", "0", "0.0"]
PROMISE_EVENTS = [
    "made", "revised", "kept_internally", "kept", "notified",
    "cancelled_by_customer", "cancelled_by_company",
]  # fmt: skip
PHASES = ["before", "beginning", "during", "after"]
DIRECTIONS = ["inbound", "outbound", "internal"]
PROMISE_KINDS = [
    "delivery", "pickup", "callback", "appointment", "reply", "resolution", "task", "refund",
    "handover", "other",
]  # fmt: skip

PARTIES = ["external", "internal"]

VALUE_SETS = {
    "time": (["ok"], "the time is missing, unreadable, or without a time zone"),
    "signal": (sorted(SIGNALS), "the signal is missing, or not in the friction catalogue"),
    "phase": (PHASES, f"the phase is not one of {', '.join(PHASES)}"),
    "direction": (DIRECTIONS, f"the direction is not one of {', '.join(DIRECTIONS)}"),
    "promise": (PROMISE_EVENTS, f"the promise event is not one of {', '.join(PROMISE_EVENTS)}"),
    "promise_kind": (PROMISE_KINDS, f"the promise kind is not one of {', '.join(PROMISE_KINDS)}"),
    "calendar": (sorted(CALENDARS), "the calendar is not one of the seed calendars.csv"),
    "party": (PARTIES, f"the party is not one of {', '.join(PARTIES)}"),
    "measure": (["ok"], "the measure is missing, negative, or not a number"),
    "due": (["ok"], "the due time is missing, unreadable, or before the promise was made"),
    "promise_id": (["ok"], "what happened to a promise has no promise_id"),
}
CHANNEL = r"^[a-z][a-z0-9_]*$"


def SUITES(source) -> dict[str, list]:
    """The expectations of each record of the mapped `source`, by the checks that it has."""
    return {
        record.name: [_expectation(name) for name in record.checks] for record in source.records
    }


def _expectation(check: str):
    number, rule = check[1:].split("_", 1)
    where = f"interaction {int(number) + 1}: "
    if rule == "channel":
        return gxe.ExpectColumnValuesToMatchRegex(
            column=check,
            regex=CHANNEL,
            meta={"reason": where + "the channel is not a lower-case word"},
        )
    values, reason = VALUE_SETS.get(rule, (BOOLEANS, f"{rule} is neither true nor false"))
    return gxe.ExpectColumnValuesToBeInSet(
        column=check, value_set=values, meta={"reason": where + reason}
    )
