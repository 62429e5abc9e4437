"""What Zendesk's records must look like."""

import great_expectations.expectations as gxe

NUMBER = r"^\d{1,20}$"


def _has_ticket() -> list:
    return [
        gxe.ExpectColumnValuesToMatchRegex(
            column="ticket_id",
            regex=NUMBER,
            meta={"reason": "ticket_id is not a number"},
        )
    ]


SUITES = {
    "ticket": [
        gxe.ExpectColumnValuesToMatchRegex(
            column="id",
            regex=NUMBER,
            meta={"reason": "the ticket's id is not a number"},
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="status", meta={"reason": "the ticket has no status"}
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="status",
            value_set=["new", "open", "pending", "hold", "solved", "closed", "deleted"],
            meta={"reason": "the ticket's status is none that Zendesk knows"},
        ),
    ],
    "ticket_audit": [
        *_has_ticket(),
        gxe.ExpectColumnValuesToBeInSet(
            column="events_type",
            value_set=["ARRAY"],
            meta={"reason": "the audit's events are not a list"},
        ),
    ],
    "ticket_metric_event": [
        *_has_ticket(),
        gxe.ExpectColumnValuesToNotBeNull(
            column="type", meta={"reason": "the metric event has no type"}
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="type",
            value_set=[
                "activate",
                "pause",
                "fulfill",
                "apply_sla",
                "apply_group_sla",
                "breach",
                "update_status",
                "measure",
            ],
            meta={"reason": "the metric event's type is none that Zendesk knows"},
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="instance_id",
            regex=NUMBER,
            meta={"reason": "the metric event's instance_id is not a number"},
        ),
    ],
    "user": [
        gxe.ExpectColumnValuesToBeInSet(
            column="role",
            value_set=["end-user", "agent", "admin"],
            meta={"reason": "the user's role is none that Zendesk knows"},
        ),
    ],
    "satisfaction_rating": [
        *_has_ticket(),
        gxe.ExpectColumnValuesToBeInSet(
            column="score",
            value_set=[
                "offered",
                "unoffered",
                "received",
                "received_with_comment",
                "received_without_comment",
                "good",
                "good_with_comment",
                "good_without_comment",
                "bad",
                "bad_with_comment",
                "bad_without_comment",
            ],
            meta={"reason": "the rating's score is none that Zendesk knows"},
        ),
    ],
}
