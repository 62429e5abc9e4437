"""What a decision about identifiers must look like: a known word, about two, by a role."""

import great_expectations.expectations as gxe

DECISIONS = ["link", "unlink", "block", "withdraw", "propose"]

SUITES = {
    "decision": [
        gxe.ExpectColumnValuesToNotBeNull(
            column="decision", meta={"reason": "the row has no decision"}
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="decision",
            value_set=DECISIONS,
            meta={"reason": f"decision is none of {', '.join(DECISIONS)}"},
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="number_of_identifiers",
            value_set=["as decided"],
            meta={
                "reason": "link, unlink and propose are about two identifiers, block is about one"
            },
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="types_known",
            value_set=["yes"],
            meta={
                "reason": "an identifier type is not known: those of the seed identifier_types, "
                "and those that a mapping names"
            },
        ),
        *(
            gxe.ExpectColumnValuesToBeNull(
                column=f"problem_{side}",
                meta={
                    "reason": f"value_{side} is no identifier of its type: empty, too long, "
                    "a sentence for a mail address, letters for a phone number"
                },
            )
            for side in ("a", "b")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="is_about_itself",
            value_set=["no"],
            meta={"reason": "both identifiers are the same one"},
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="has_probability",
            value_set=["yes"],
            meta={"reason": "a proposal has no probability above 0 and up to 1"},
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="decided_by", meta={"reason": "decided_by is empty: the role of who decided"}
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="decided_by",
            regex=r"^[a-z][a-z0-9_]{0,39}$",
            meta={"reason": "decided_by is not a role: a lower-case word such as support_lead"},
        ),
    ]
}
