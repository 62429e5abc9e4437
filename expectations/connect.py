"""What an Amazon Connect contact record must look like at the door into the log.

Values that AWS adds to an enumeration are set aside until this file knows them: a contact whose
direction is a guess must not reach a customer's score. Replay the quarantine after adding one.
"""

from great_expectations import expectations as gxe

INITIATION_METHODS = [
    "INBOUND",
    "OUTBOUND",
    "TRANSFER",
    "QUEUE_TRANSFER",
    "CALLBACK",
    "API",
    "DISCONNECT",
    "MONITOR",
    "EXTERNAL_OUTBOUND",
    "WEBRTC_API",
    "AGENT_REPLY",
    "FLOW",
]
CHANNELS = ["VOICE", "CHAT", "TASK", "EMAIL"]
TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$"
TIMES = (
    "LastUpdateTimestamp",
    "DisconnectTimestamp",
    "ScheduledTimestamp",
    "EnqueueTimestamp",
    "ConnectedToAgentTimestamp",
)
DURATIONS = ("QueueDuration", "AgentInteractionDuration", "CustomerHoldDuration")


def _present(column: str) -> gxe.ExpectColumnValuesToNotBeNull:
    return gxe.ExpectColumnValuesToNotBeNull(column=column, meta={"reason": f"{column} is missing"})


def _one_of(column: str, values: list[str]) -> gxe.ExpectColumnValuesToBeInSet:
    return gxe.ExpectColumnValuesToBeInSet(
        column=column,
        value_set=values,
        meta={"reason": f"{column} is not one of {', '.join(values)}"},
    )


def _time(column: str) -> gxe.ExpectColumnValuesToMatchRegex:
    return gxe.ExpectColumnValuesToMatchRegex(
        column=column,
        regex=TIME,
        meta={"reason": f"{column} is not an ISO 8601 time with Z or an offset"},
    )


def _duration(column: str) -> gxe.ExpectColumnValuesToMatchRegex:
    return gxe.ExpectColumnValuesToMatchRegex(
        column=column,
        regex=r"^\d{1,9}$",
        meta={"reason": f"{column} is not a whole number of seconds, 0 or more"},
    )


SUITES = {
    "contact": [
        _present("InitiationMethod"),
        _one_of("InitiationMethod", INITIATION_METHODS),
        _present("Channel"),
        _one_of("Channel", CHANNELS),
        _present("LastUpdateTimestamp"),
        *(_time(column) for column in TIMES),
        *(_duration(column) for column in DURATIONS),
        gxe.ExpectColumnValuesToBeNull(
            column="callback_due",
            meta={"reason": "ScheduledTimestamp is before InitiationTimestamp"},
        ),
    ]
}
