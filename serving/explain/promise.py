"""A promise's story: what was said, what was done, who was told, and what the silence cost."""

from typing import Any

from serving.errors import NotFound
from serving.explain.parts import (
    Release,
    causes,
    counted,
    helps,
    minute,
    standing,
    timeline,
    timeline_table,
)
from serving.table import printable

STATES = {
    "open": "It is open.",
    "due_soon": "It is open and falls due soon.",
    "kept_early": "It was kept early.",
    "kept_on_time": "It was kept on time.",
    "kept_late": "It was broken, and kept late.",
    "broken_open": "It is broken, and still open.",
    "cancelled_by_customer": "The customer called it off.",
    "cancelled_by_company": "The company called it off, which breaks it.",
    "superseded": "A new date took its place in time.",
    "unknown": "Nobody can say whether it was kept: the feed that would tell does not reach its "
    "due. It is neither kept nor broken, and costs nothing.",
}


def story(release: Release, asked: str) -> list[str]:
    """The story of the promise of that id, for each customer to whom one was made under it."""
    found = release.rows(
        "select * from fct_promises where promise_id = $id order by customer_id", id=asked
    )
    if not found:
        raise NotFound(
            "the release knows no promise of that id; those that are overdue: make sql QUERY="
            "\"select promise_id, due_at from fct_promises where state = 'broken_open' "
            'order by due_at limit 10"'
        )
    return [line for row in found for line in told(release, row)]


def told(release: Release, row: dict[str, Any]) -> list[str]:
    """One promise to one customer."""
    customer_id = row["customer_id"]
    where = "promise_id = $promise and customer_id = $customer"
    values = {"promise": row["promise_id"], "customer": customer_id}
    worst = causes(release, where, **values)
    ((cost, felt),) = [
        (each["points"] or 0, each["points_now"])
        for each in release.rows(
            "select sum(points) as points, sum(points_now) as points_now "
            f"from fct_friction where part != 'credit' and {where}",
            **values,
        )
    ]
    return [
        f"Promise {printable(row['promise_id'])}, as of {release.as_of[:16]} UTC",
        *(f"  {printable(sentence)}" for sentence in sentences(release, row)),
        f"  Its clock cost {cost:.2f} points"
        + ("." if felt is None else f", {felt:.2f} of them still felt."),
        f"  {standing(release, customer_id)}",
        "",
        *helps(release, customer_id, [row["promise_id"]], worst),
        "",
        "What happened on the issue while it was open",
        *timeline_table(
            timeline(
                release,
                customer_id,
                [row],
                "steps.issue_id = $issue and steps.occurred_at >= $made "
                "and ($ended is null or steps.occurred_at <= $ended)",
                "words.promise_id = $promise",
                issue=row["issue_id"],
                made=row["made_at"],
                ended=row["kept_for_customer_at"] or row["cancelled_at"],
                promise=row["promise_id"],
            )
        ),
        "",
    ]


def sentences(release: Release, row: dict[str, Any]) -> list[str]:
    """What was promised, what was done, and who was told."""
    kind = (row["promise_kind"] or "something").capitalize()
    at = f" at {row['location_id']}" if row["location_id"] else ""
    said = [
        f"{kind} for {row['issue_id'] or 'no known issue'}{at}: made on {minute(row['made_at'])}, "
        f"due on {minute(row['due_at'])} UTC ({row['confidence'] or 'as its source states it'}).",
        STATES[row["state"]],
    ]
    if row["kept_internally_at"] and row["needs_notice"]:
        told = f"on {minute(row['told_at'])}" if row["told_at"] else "never so far"
        said.append(
            f"It was done on {minute(row['kept_internally_at'])}; the customer was told {told}"
            + (
                f": for {counted(row['knowing_days'], 'day')} the company knew and said nothing."
                if row["knowing_days"]
                else "."
            )
        )
    elif row["kept_for_customer_at"]:
        said.append(f"The customer had it on {minute(row['kept_for_customer_at'])}.")
    if row["overdue_days"]:
        said.append(
            f"{counted(row['overdue_days'], 'day')} overdue"
            + (
                f": {row['silent_days']:,} without a word, {row['informed_days']:,} with one."
                if row["silent_days"] is not None
                else "; its source does not tell who was told."
            )
        )
    asked = [
        f"{'once' if times == 1 else f'{times:,} times'} {when} the due"
        for times, when in ((row["check_in_count"], "before"), (row["chase_count"], "after"))
        if times
    ]
    if asked:
        said.append(
            f"The customer asked {' and '.join(asked)}"
            + (
                f"; {counted(row['excuse_count'], 'answer')} had neither a fix nor a date."
                if row["excuse_count"]
                else "."
            )
        )
    if row["is_orphan"]:
        said.append("Nobody owns it.")
    said += [f"{words} {other}." for words, other in relatives(release, row)]
    return said


def relatives(release: Release, row: dict[str, Any]) -> list[tuple[str, str]]:
    """The promises that it replaced, came from, was replaced by or led to."""
    near = [
        ("It replaced the date of", row["previous_promise_id"]),
        ("It was made while asked about", row["parent_promise_id"]),
    ]
    for words, column in (
        ("Its next date is", "previous_promise_id"),
        ("It led to 'we will come back to you'", "parent_promise_id"),
    ):
        near += [
            (words, each["promise_id"])
            for each in release.rows(
                f"select promise_id from fct_promises where {column} = $promise "
                "and customer_id = $customer order by made_at, promise_id",
                promise=row["promise_id"],
                customer=row["customer_id"],
            )
        ]
    return [(words, other) for words, other in near if other]
